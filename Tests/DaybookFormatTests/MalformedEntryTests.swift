import DaybookFormat
import SeededRandom
import SwiftProtobuf
import Testing

/// Whatever bytes are given, reading ends in a value or in ``WireError``, and never in a crash or
/// beyond the end.
@Suite struct MalformedEntryTests {
    /// Reads all that can be read.
    /// - Returns: the header, or nil for a ``WireError``; other errors are thrown on.
    @discardableResult
    private func readAll(_ bytes: [UInt8]) throws -> EntryHeader? {
        // Memory of exactly this size, so that the address sanitizer sees a step beyond.
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
        defer { memory.deallocate() }
        memory.copyBytes(from: bytes)
        let buffer = UnsafeRawBufferPointer(memory)
        do {
            let view = try EntryView(buffer)
            if view.eventBytes.count > 0 {
                let start = try #require(view.eventBytes.baseAddress)
                let limits = try #require(buffer.baseAddress)..<limits(buffer)
                #expect(limits.contains(start))
                #expect(start + view.eventBytes.count <= limits.upperBound)
            }
            _ = try view.commitments()
            return view.header
        } catch is WireError {
            return nil
        }
    }

    private func limits(_ buffer: UnsafeRawBufferPointer) throws -> UnsafeRawPointer {
        try #require(buffer.baseAddress) + buffer.count
    }

    @Test(arguments: [UInt64(11), 12])
    func anEntryCutShortAnywhereIsNoEntryOrAShorterOne(_ seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        for round in 0..<10 {
            let entry = RandomEntry(&generator)
            let bytes: [UInt8] = try entry.proto.serializedBytes()
            for length in 0..<bytes.count {
                let cut = Array(bytes[..<length])
                let proto: ProtoEntry?
                do {
                    proto = try ProtoEntry(serializedBytes: cut)
                } catch {
                    proto = nil
                }
                // What is cut at the border of two fields is a message for both, else for neither.
                let header = try readAll(cut)
                #expect(
                    header?.sequence == proto?.sequence,
                    "seed \(seed), round \(round), length \(length)"
                )
            }
        }
    }

    @Test(arguments: [UInt64(21), 22])
    func anEntryWithChangedBytesIsReadAsTheGeneratedCodeReadsIt(_ seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var agreed = 0
        for round in 0..<2_000 {
            var bytes: [UInt8] = try RandomEntry(&generator).proto.serializedBytes()
            for _ in 0...generator.next() % 3 {
                let index = Int(generator.next() % UInt64(bytes.count))
                bytes[index] = UInt8(truncatingIfNeeded: generator.next())
            }
            let header = try readAll(bytes)
            let proto: ProtoEntry
            do {
                proto = try ProtoEntry(serializedBytes: bytes)
            } catch {
                continue
            }
            // The generated code knows groups, which are not used here.
            guard let header else { continue }
            agreed += 1
            #expect(header.sequence == proto.sequence, "seed \(seed), round \(round)")
            #expect(header.time.rawValue == proto.time, "seed \(seed), round \(round)")
            #expect(header.stream.rawValue == proto.stream, "seed \(seed), round \(round)")
            #expect(header.previous == proto.previous, "seed \(seed), round \(round)")
            #expect(header.schema == proto.schema, "seed \(seed), round \(round)")
            #expect(header.causation == proto.causation, "seed \(seed), round \(round)")
        }
        #expect(agreed > 500)
    }

    @Test(arguments: [UInt64(31), 32])
    func anyBytesAreReadOrRefused(_ seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var refused = 0
        for _ in 0..<3_000 {
            let bytes = generator.bytes(Int(generator.next() % 64))
            if try readAll(bytes) == nil { refused += 1 }
            _ = try bytes.withUnsafeBytes { buffer in
                do {
                    return try PayloadRecord(buffer).count
                } catch is WireError {
                    return 0
                }
            }
        }
        #expect(refused > 1_000)
    }

    @Test(arguments: [
        // A field number of 0, and a tag beyond 32 bits.
        "00", "0001", "ffffffff7f00", "80808080f80100",
        // Groups and wire types that do not exist.
        "0b", "0c", "0e", "0f", "8301", "8401",
        // Numbers that end too early, have 11 bytes, or more than 64 bits.
        "08", "0880", "08ffffffffffffffffff", "08ffffffffffffffffff02",
        "0880808080808080808080" + "00", "08ffffffffffffffffffff01",
        // Eight and four bytes that are not all there.
        "11", "1101020304050607", "75010203",
        // Lengths beyond the end, up to the largest.
        "820101", "82010161" + "62", "8201ff", "8201ffffffff0f", "8201ffffffffffffffffff01",
        // The same inside a field that is passed over.
        "5a0561", "5affffffffffffffffff01",
    ])
    func whatIsNotTheWireFormatIsAnError(_ hex: String) throws {
        let bytes = [UInt8](hex: hex)
        // "82010161" + "62" is an event of one byte and a field 12 of wire type 2 without length.
        #expect(throws: WireError.self) { try withEntry(bytes) { $0.header } }
    }

    @Test(arguments: ["52020a", "52020aff", "520308ff", "5203080b0b", "52041affffff"])
    func aCommitmentThatIsNoneIsAnError(_ hex: String) throws {
        let bytes = [UInt8](hex: hex)
        #expect(throws: WireError.self) { try withEntry(bytes) { try $0.commitments() } }
    }
}
