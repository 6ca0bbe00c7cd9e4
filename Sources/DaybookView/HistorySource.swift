package import DaybookFormat
package import DaybookJournal

/// Where the history of one execution is read from.
package protocol HistorySource: Sendable {
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
package struct JournalHistory: HistorySource {
    private let journal: Journal
    private let execution: UInt64

    /// The history of an execution, as far as the journal has it when it is read.
    package init(journal: Journal, execution: UInt64) {
        self.journal = journal
        self.execution = execution
    }

    package func scan(
        from sequence: UInt64,
        _ body: (EntryView, () throws -> [StoredPayload]) throws -> Bool
    ) throws {
        try journal.store.read { reader in
            try reader.scanHistory(of: execution, from: sequence) { sequence in
                let goesOn = try reader.withView(of: sequence) { entry in
                    try body(entry) { try reader.payloads(of: entry) }
                }
                guard let goesOn else {
                    throw JournalError.missing(sequence, ofHistory: execution)
                }
                return goesOn
            }
        }
    }

    package func payloads(of sequence: UInt64) throws -> [StoredPayload] {
        try ExecutionReader.payloads(of: sequence, journal)
    }
}
