import DaybookFormat
import DaybookInspector
import DaybookModel
import DaybookView
import SwiftProtobuf
import Testing

/// What is shown of operations whose entries hold numbers that no engine writes.
@Suite struct OperationRecordTests {
    /// Entries of one execution, as they may lie on a disk.
    private struct Entries: HistorySource {
        private(set) var all: [[UInt8]] = []

        /// The execution's number.
        static var number: UInt64 { 1 }

        mutating func append(_ event: ProtoEntry.OneOf_Event) {
            var header = EntryHeader()
            header.sequence = Self.number + UInt64(all.count)
            header.stream = StreamID(Self.number)
            header.ordinal = UInt64(all.count)
            header.previous = all.isEmpty ? 0 : header.sequence - 1
            var writer = WireWriter()
            event.encoded().withUnsafeBytes { writer.entry(header, [Commitment](), event: $0) }
            all.append(Array(writer.bytes))
        }

        func scan(
            from sequence: UInt64,
            _ body: (EntryView, () throws -> [StoredPayload]) throws -> Bool
        ) throws {
            for bytes in all.dropFirst(Int(sequence - Self.number)) {
                let more = try bytes.withUnsafeBytes { try body(EntryView($0)) { [] } }
                guard more else { return }
            }
        }

        func payloads(of sequence: UInt64) throws -> [StoredPayload] { [] }
    }

    @Test func linesAreCountedAsFarAsTheCountGoes() throws {
        var entries = Entries()
        entries.append(
            .executionSubmitted(
                .with {
                    $0.id = "a"
                    $0.type = "copy"
                }
            )
        )
        entries.append(.executionReadied(.init()))
        entries.append(.executionClaimed(.with { $0.epoch = 1 }))
        let operation = ProtoOperation.with {
            $0.kind = .checkpoint
            $0.name = "step"
        }
        entries.append(
            .operationStarted(
                .with {
                    $0.operation = operation
                    $0.epoch = 1
                }
            )
        )
        for lines in [2, UInt32.max - 3, 1, 1, .max] {
            entries.append(
                .logRecorded(
                    .with {
                        $0.operation = operation
                        $0.epoch = 1
                        $0.lines = lines
                    }
                )
            )
        }
        let records = try OperationFold.records(in: entries, of: Entries.number)
        #expect(records.map(\.logLines) == [.max])
    }
}
