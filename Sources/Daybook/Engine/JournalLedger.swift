import DaybookFormat
import DaybookJournal
import DaybookModel
import DaybookView

/// A batch of the journal as the model's transactions see it.
final class JournalLedger: Ledger {
    let batch: Batch
    /// What the entries of the batch have changed that somebody may wait for.
    private(set) var news = News()
    /// The data keys that the entries of the batch say are destroyed.
    private(set) var wipedKeys: [KeyName] = []
    /// The last execution that was folded as it once was.
    private var past: (number: UInt64, end: UInt64, state: ExecutionState)?

    init(_ batch: Batch) { self.batch = batch }

    var now: Timestamp { batch.now }

    var nextSequence: UInt64 { batch.nextSequence }

    func append(_ draft: EntryDraft, _ apply: (EntryView) throws -> Void) throws {
        try batch.append(draft) { entry in
            try apply(entry)
            news.note(entry, isOwn: true)
            if entry.event == EventKind.secretsWiped.rawValue { try noteWiped(entry) }
        }
    }

    private func noteWiped(_ entry: EntryView) throws {
        wipedKeys += try ProtoSecretsWiped(decoding: entry).secrets.map {
            KeyName(slot: $0.slot, id: Array($0.key))
        }
    }

    func put(_ row: ExecutionIndexRow) throws { try batch.put(row) }

    func row(of id: Name) throws -> ProtoExecutionRow? {
        try FactLookup.row(of: id, batch.reader)
    }

    func input(of number: UInt64) throws -> RecordedInput? {
        try FactLookup.input(of: number, batch.reader)
    }

    func history(of number: UInt64, before sequence: UInt64) throws -> ExecutionState {
        if let past, past.number == number, past.end == sequence { return past.state }
        let state: ExecutionState
        do {
            state = try batch.reader.history(of: number, upTo: sequence - 1)
        } catch let error as WireError where error.unknown == nil {
            // It would be laid at the door of the entry that is being written.
            throw JournalError(
                .integrity,
                "what is recorded of the execution that began with entry \(number) is damaged (\(error)); the journal must not be relied on: restore it from a backup",
                sequence: number,
                underlying: error
            )
        }
        // What is before an entry stays so. Whoever decides about what is closed asks first, and the entry
        // that is appended then asks again.
        past = (number, sequence, state)
        return state
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
