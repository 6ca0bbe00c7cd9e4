import DaybookFormat
import DaybookJournal
import DaybookModel

/// A batch of a copy as the model's transactions see it.
final class ReplicaLedger: Ledger {
    private let batch: Batch

    init(_ batch: Batch) { self.batch = batch }

    var now: Timestamp { batch.now }

    var nextSequence: UInt64 { batch.nextSequence }

    func append(_ draft: EntryDraft, _ apply: (EntryView) throws -> Void) throws {
        try batch.append(draft, apply)
    }

    func put(_ row: ExecutionIndexRow) throws { try batch.put(row) }

    func row(of id: Name) throws -> ProtoExecutionRow? {
        try FactLookup.row(of: id, batch.reader)
    }

    func input(of number: UInt64) throws -> RecordedInput? {
        try FactLookup.input(of: number, batch.reader)
    }

    func history(of number: UInt64, before sequence: UInt64) throws -> ExecutionState {
        try batch.reader.history(of: number, upTo: sequence - 1)
    }

    func erasable(
        of stream: UInt64,
        before sequence: UInt64,
        limit: Int
    ) throws -> ErasableRange? {
        try FactLookup.erasable(of: stream, before: sequence, limit: limit, batch.reader)
    }

    func forks(of number: UInt64) throws -> [UInt64] {
        try FactLookup.members(of: .forks(of: number), batch.reader)
    }

    func isDamage(_ error: any Error) -> Bool { Contradiction.isFound(by: error) }
}
