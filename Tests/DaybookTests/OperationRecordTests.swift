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
                let more = try bytes.withUnsafeBytes { bytes in
                    let entry = try EntryView(bytes)
                    let hasValue = entry.event == EventKind.checkpointSucceeded.rawValue
                    return try body(entry) {
                        let commitment = Commitment(mac: [], size: 0, contentType: 0)
                        return hasValue
                            ? [try StoredPayload(salt: nil, data: [], commitment)] : []
                    }
                }
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

    private func step(_ position: UInt32, in scope: [UInt32] = []) -> ProtoOperation {
        .with {
            $0.kind = .checkpoint
            $0.name = "step"
            $0.scope = scope
            $0.position = position
        }
    }

    /// A history of many operations, the last of which fails again and again.
    /// - Parameter branches: each of these operations is in a branch of its own of the first one.
    private func manyAttempts(_ count: UInt32, branches: Bool) -> Entries {
        var entries = Entries()
        entries.append(
            .executionSubmitted(
                .with {
                    $0.id = "a"
                    $0.type = "copy"
                    $0.retry.maxAttempts = .max
                }
            )
        )
        entries.append(.executionReadied(.init()))
        entries.append(.executionClaimed(.with { $0.epoch = 1 }))
        if branches {
            entries.append(
                .branchesStarted(
                    .with {
                        $0.operation = step(0)
                        $0.operation.kind = .map
                        $0.branches = count
                    }
                )
            )
        }
        for index in 0..<count {
            entries.append(
                .checkpointSucceeded(
                    .with {
                        $0.operation = branches ? step(0, in: [0, index]) : step(index)
                        $0.epoch = 1
                    }
                )
            )
        }
        for attempt in 0..<count {
            let failed = branches ? step(1, in: [0, attempt]) : step(count)
            entries.append(
                .checkpointFailed(
                    .with {
                        $0.operation = failed
                        $0.error.code = "no"
                    }
                )
            )
            entries.append(
                .attemptFailed(
                    .with {
                        $0.epoch = UInt64(attempt) + 1
                        $0.error.code = "no"
                        $0.failedOperation.scope = failed.scope
                        $0.failedOperation.position = failed.position
                    }
                )
            )
            entries.append(.executionReadied(.init()))
            entries.append(.executionClaimed(.with { $0.epoch = UInt64(attempt) + 2 }))
        }
        return entries
    }

    @Test(arguments: [false, true])
    func attemptsThatFailLookOnlyAtWhatTheyTakeBack(_ branches: Bool) throws {
        let entries = manyAttempts(500, branches: branches)
        let fold = try OperationFold(entries, of: Entries.number)
        // Each attempt takes back its own failure, and looks at no more than one other operation.
        #expect(fold.steps <= 1_000)
    }
}
