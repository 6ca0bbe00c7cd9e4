import DaybookFormat
import SwiftProtobuf
import Testing

/// The numbers and names of events stand in `daybook.proto` and, again, in ``EventKind``.
@Suite struct EventKindTests {
    /// The event of an entry that has nothing but an empty field of this number.
    private func event(_ number: UInt32) throws -> (ProtoEntry, [UInt8]) {
        var writer = WireWriter()
        writer.bytes(
            UnsafeRawBufferPointer(start: nil, count: 0),
            WireField(number, .lengthDelimited)
        )
        let bytes = Array(writer.bytes)
        return (try ProtoEntry(serializedBytes: bytes), bytes)
    }

    @Test(arguments: EventKind.allCases)
    func everyKindIsAnEventOfTheSameNumberAndName(_ kind: EventKind) throws {
        let (entry, bytes) = try event(kind.rawValue)
        let event = try #require(entry.event)
        #expect(event.encoded() == bytes)
        try withEntry(event.encoded()) { #expect($0.event == kind.rawValue) }
        var options = JSONEncodingOptions()
        options.preserveProtoFieldNames = true
        #expect(try entry.jsonString(options: options) == "{\"\(kind.name)\":{}}")
    }

    @Test func everyEventHasAKind() throws {
        var found: [UInt32] = []
        for number in UInt32(11)..<1_100 where try event(number).0.event != nil {
            found.append(number)
        }
        #expect(found == EventKind.allCases.map(\.rawValue).sorted())
    }

    @Test func eventsWithContentsAreTheirFieldInAnEntry() throws {
        var lost = ProtoLeaseLost()
        lost.epoch = 300
        // Field 38, length-delimited; three bytes; field 1, varint, 300.
        let bytes: [UInt8] = [0xB2, 0x02, 3, 0x08, 0xAC, 0x02]
        #expect(ProtoEntry.OneOf_Event.leaseLost(lost).encoded() == bytes)
        #expect(lost.encoded() == Array(bytes[3...]))
    }
}
