import DaybookFormat
import DaybookJournal

/// Where the history of one execution is read from.
protocol HistorySource: Sendable {
    /// Runs `body` on the execution's entries in order, from `sequence` on, until it returns false.
    /// - Parameter body: is given the entry, and a function that reads its payloads and checks them
    ///   against what the entry commits to.
    func scan(
        from sequence: UInt64,
        _ body: (EntryView, () throws -> [StoredPayload]) throws -> Bool
    ) throws

    /// The payloads of an entry, checked against what it commits to.
    /// - Throws: ``JournalError/Code/integrity`` for an entry that is not there, or other payloads.
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
                let goesOn = try reader.withView(of: sequence) { entry in
                    try body(entry) { try reader.payloads(of: entry) }
                }
                guard let goesOn else {
                    throw JournalError(
                        .integrity,
                        "entry \(sequence): the history of execution \(execution) names it, and it is missing; run `daybook verify`",
                        sequence: sequence
                    )
                }
                return goesOn
            }
        }
    }

    func payloads(of sequence: UInt64) throws -> [StoredPayload] {
        try ExecutionReader.payloads(of: sequence, journal)
    }
}
