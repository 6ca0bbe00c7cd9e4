import DaybookFormat
import DaybookJournal

/// Where the history of one execution is read from.
protocol HistorySource: Sendable {
    /// Runs `body` on the execution's entries in order, from `sequence` on, until it returns false.
    /// - Parameter body: is given the entry, and a function that reads its payloads.
    func scan(
        from sequence: UInt64,
        _ body: (EntryView, () throws -> [StoredPayload]) throws -> Bool
    ) throws

    /// The payloads of an entry.
    func payloads(of sequence: UInt64) throws -> [StoredPayload]
}

/// A history in a journal.
struct JournalHistory: HistorySource {
    let journal: Journal
    let execution: UInt64

    func scan(
        from sequence: UInt64,
        _ body: (EntryView, () throws -> [StoredPayload]) throws -> Bool
    ) throws {
        try journal.store.read { reader in
            try reader.scanHistory(of: execution, from: sequence) { sequence in
                try reader.withEntry(sequence) { bytes in
                    try body(try EntryView(bytes)) {
                        try reader.withPayloads(of: sequence) { try StoredPayload.all($0) } ?? []
                    }
                } ?? false
            }
        }
    }

    func payloads(of sequence: UInt64) throws -> [StoredPayload] {
        try ExecutionReader.payloads(of: sequence, journal)
    }
}
