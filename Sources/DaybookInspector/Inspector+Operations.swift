import DaybookFormat
import DaybookJournal
package import DaybookModel

extension Inspector {
    /// The operations of an execution in the order of their first entries: those that count, or
    /// all that were ever recorded.
    ///
    /// They are a fold of the replay that a handler gets which runs again: what is shown as its
    /// outcome is what it is answered.
    /// - Parameter undone: also those that a later attempt has undone.
    /// - Throws: ``JournalError/Code/integrity`` when there is no such execution, or an entry of it
    ///   cannot be read.
    public func operations(of number: UInt64, undone: Bool = false) throws -> [OperationRecord] {
        try OperationFold.records(
            in: JournalHistory(store: store, execution: number),
            of: number,
            undone: undone
        )
    }

    /// Runs `body` on all entries that count for an execution, in order, until it returns false: before a fork's
    /// own those that it has from its origin.
    /// - Throws: as of ``operations(of:undone:)``.
    package func inheritedHistory(
        of number: UInt64,
        _ body: (JournalEntry) throws -> Bool
    ) throws {
        let history = JournalHistory(store: store, execution: number)
        try history.scan(from: try history.beginning(of: number)) { view, payloads in
            try body(try JournalEntry(view, payloads()))
        }
    }

    /// The state of everything that is open: the newest snapshot, and the entries after it.
    package func state() throws -> State {
        let journal = try Journal.open(store)
        let snapshots = StateSnapshots(of: journal, in: folder.snapshots) { file, error in
            if let error { damagedSnapshot(file.name, "\(error)") }
        }
        var state = try snapshots.newest()
        try journal.scan(from: state.next) { entry, reader in
            try state.apply(committed: entry, reader)
            return true
        }
        return state
    }
}
