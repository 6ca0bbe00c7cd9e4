import DaybookFormat
import SeededRandom
import SwiftProtobuf
import Testing

/// Header, commitments and event are read and written by code of our own: it must agree with the
/// generated code on every byte.
@Suite struct EntryHeaderTests {
    @Test(arguments: [UInt64(1), 2, 3])
    func writesWhatTheGeneratedCodeWrites(_ seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var writer = WireWriter()
        for round in 0..<500 {
            let entry = RandomEntry(&generator)
            let expected: [UInt8] = try entry.proto.serializedBytes()
            #expect(entry.written(by: &writer) == expected, "seed \(seed), round \(round)")
        }
    }

    @Test(arguments: [UInt64(4), 5, 6])
    func readsWhatTheGeneratedCodeWrites(_ seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        for round in 0..<500 {
            let entry = RandomEntry(&generator)
            try withEntry(try entry.proto.serializedBytes()) { view throws in
                #expect(view.header == entry.header, "seed \(seed), round \(round)")
                #expect(try view.commitments() == entry.commitments, "seed \(seed), \(round)")
                let event = try #require(entry.proto.event).encoded()
                #expect(event.suffix(view.eventBytes.count) == Array(view.eventBytes)[...])
                #expect(try eventNumber(event) == view.event, "seed \(seed), round \(round)")
            }
        }
    }

    private func eventNumber(_ event: [UInt8]) throws -> UInt32? {
        try withReader(event) { try $0.field()?.number }
    }

    @Test func aHeaderOfZerosTakesNoBytes() throws {
        var writer = WireWriter()
        writer.entry(EntryHeader(), [], event: UnsafeRawBufferPointer(start: nil, count: 0))
        #expect(writer.bytes.isEmpty)
        try withEntry([]) { view throws in
            #expect(view.header == EntryHeader())
            #expect(view.event == 0)
            #expect(view.eventBytes.isEmpty)
            #expect(try view.commitments().isEmpty)
        }
    }

    @Test func anEmptyEventIsSeen() throws {
        let event = ProtoEntry.OneOf_Event.executionReadied(ProtoExecutionReadied())
        try withEntry(event.encoded()) { view throws in
            #expect(view.event == EventKind.executionReadied.rawValue)
            #expect(view.eventBytes.isEmpty)
        }
    }

    @Test func anEventOfALaterVersionIsSeenByItsNumber() throws {
        var writer = WireWriter()
        writer.varint(7, Wire.Entry.sequence)
        [1, 2, 3].withUnsafeBytes { writer.bytes($0, WireField(5_000, .lengthDelimited)) }
        try withEntry(Array(writer.bytes)) { view throws in
            #expect(view.event == 5_000)
            #expect(Array(view.eventBytes) == Array([1, 2, 3].withUnsafeBytes { Array($0) }))
            #expect(EventKind(rawValue: view.event) == nil)
        }
    }

    @Test func fieldsThatAreNotKnownArePassedOver() throws {
        var writer = WireWriter()
        writer.varint(3, Wire.Entry.sequence)
        writer.varint(1 << 40, WireField(11, .varint))
        writer.fixed64(1 << 50, WireField(12, .fixed64))
        writer.bytes(UnsafeRawBufferPointer(start: nil, count: 0), WireField(13, .lengthDelimited))
        writer.tag(WireField(14, .fixed32), .fixed32)
        for _ in 0..<4 { writer.byte(0xFF) }
        writer.varint(4, Wire.Entry.stream)
        try withEntry(Array(writer.bytes)) { view throws in
            var expected = EntryHeader()
            expected.sequence = 3
            expected.stream = StreamID(4)
            #expect(view.header == expected)
            #expect(view.event == 0)
        }
    }

    @Test func anEventIsDecodedInFull() throws {
        var submitted = ProtoExecutionSubmitted()
        submitted.id = "order-1"
        submitted.type = "order"
        let event = ProtoEntry.OneOf_Event.executionSubmitted(submitted)
        try withEntry(event.encoded()) { view throws in
            #expect(try ProtoExecutionSubmitted(decoding: view) == submitted)
        }
    }

    @Test func anEventOfAnotherKindIsAnError() throws {
        var writer = WireWriter()
        // A length that goes beyond the end, inside the event.
        [UInt8]([0x0A, 0x7F]).withUnsafeBytes {
            writer.bytes($0, EventKind.executionSubmitted.field)
        }
        try withEntry(Array(writer.bytes)) { view throws in
            let error = #expect(throws: WireError.self) {
                try ProtoExecutionSubmitted(decoding: view)
            }
            #expect(error?.reason.contains("ExecutionSubmitted") == true)
        }
    }
}
