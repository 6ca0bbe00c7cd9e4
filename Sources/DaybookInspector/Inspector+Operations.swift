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
