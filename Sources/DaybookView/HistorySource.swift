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

    /// Who has ended by an entry of another history.
    /// - Throws: ``JournalError/Code/integrity`` for an entry that is not there.
    func child(endedBy sequence: UInt64) throws -> EndedChildName
}

extension HistorySource {
    /// It has no others.
    package func child(endedBy sequence: UInt64) throws -> EndedChildName {
        throw JournalError.missing(sequence, ofHistory: sequence)
    }
}

/// A history in a journal. It is read in steps, each on the newest state, so that no read
/// transaction stays open for long.
package struct JournalHistory: HistorySource {
    private let store: any JournalStore
    private let execution: UInt64

    /// Entries of a step.
    private static let step = 4_096

    /// The history of an execution, as far as the journal has it when it is read.
    package init(store: any JournalStore, execution: UInt64) {
        self.store = store
        self.execution = execution
    }

    /// The history of an execution, as far as the journal has it when it is read.
    package init(journal: Journal, execution: UInt64) {
        self.init(store: journal.store, execution: execution)
    }

    package func scan(
        from sequence: UInt64,
        _ body: (EntryView, () throws -> [StoredPayload]) throws -> Bool
    ) throws {
        var next: UInt64? = sequence
        while let first = next {
            next = try store.read { try step(from: first, $0, body) }
        }
    }

    /// - Returns: where to go on; nil: that was all, or `body` wants no more.
    private func step(
        from first: UInt64,
        _ reader: any StoreReader,
        _ body: (EntryView, () throws -> [StoredPayload]) throws -> Bool
    ) throws -> UInt64? {
        var next: UInt64?
        var count = 0
        try reader.scanHistory(of: execution, from: first) { sequence in
            guard count < Self.step else {
                next = sequence
                return false
            }
            count += 1
            let goesOn = try reader.withView(of: sequence) { entry in
                try body(entry) { try reader.payloads(of: entry) }
            }
            guard let goesOn else { throw JournalError.missing(sequence, ofHistory: execution) }
            return goesOn
        }
        return next
    }

    package func payloads(of sequence: UInt64) throws -> [StoredPayload] {
        try store.read { try $0.payloads(of: sequence) }
    }

    package func child(endedBy sequence: UInt64) throws -> EndedChildName {
        try store.read { try EndedChildName(endedBy: sequence, $0) }
    }
}
