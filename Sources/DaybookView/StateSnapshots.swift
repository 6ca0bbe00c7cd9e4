package import DaybookFormat
package import DaybookJournal
package import DaybookModel

/// Snapshots of the state: recovery begins with the newest and folds what came after it.
///
/// Whoever only looks begins with one too.
package struct StateSnapshots: Sendable {
    package let journal: Journal
    package let folder: SnapshotFolder
    private let leaveAside: @Sendable (SnapshotFolder.File, (any Error)?) -> Void

    /// The snapshots of a journal.
    /// - Parameter leaveAside: told of files that are not fit for use, and why; nil: they are not
    ///   recorded, or another version's.
    package init(
        of journal: Journal,
        in folder: SnapshotFolder,
        leaveAside: @escaping @Sendable (SnapshotFolder.File, (any Error)?) -> Void = { _, _ in }
    ) {
        self.journal = journal
        self.folder = folder
        self.leaveAside = leaveAside
    }

    /// The state of the newest snapshot that is fit for use, or that of a journal without entries.
    /// What is not fit is told of and left aside.
    /// - Throws: `SystemError`, when the folder cannot be read; ``JournalError``.
    package func newest() throws -> State {
        let horizon = try journal.store.read { try $0.horizon() }
        // What was open in an older one may have ended in what is pruned.
        for file in try folder.files(of: State.projection) where file.size >= horizon {
            do {
                if let state = try state(of: file) { return state }
                leaveAside(file, nil)
            } catch {
                leaveAside(file, error)
            }
        }
        return State()
    }

    /// - Returns: nil for one that is not recorded, or of another version's.
    private func state(of file: SnapshotFolder.File) throws -> State? {
        guard let record = try record(of: file), record.event.schema == State.snapshotSchema else {
            return nil
        }
        return try check(file, record).withUnsafeBytes { try State(snapshot: $0) }
    }

    /// An entry that vouches for a file.
    package struct Record: Sendable {
        /// What it says.
        package let event: ProtoSnapshotTaken
        /// Its sequence.
        package let sequence: UInt64
        /// When it was written.
        package let time: Timestamp
    }

    /// The entry that vouches for a file; nil: none does.
    ///
    /// Looked for in the journal's own history: what others have appended before it is not gone through.
    package func record(of file: SnapshotFolder.File) throws -> Record? {
        var found: Record?
        try journal.store.read { reader in
            try reader.scanHistory(of: 0, from: file.size) { sequence in
                let read: Void? = try reader.withEntry(sequence) { bytes in
                    let entry = try EntryView(bytes)
                    guard entry.event == EventKind.snapshotTaken.rawValue else { return }
                    let event = try ProtoSnapshotTaken(decoding: entry)
                    guard event.projection == file.projection, event.size == file.size else {
                        return
                    }
                    found = Record(event: event, sequence: sequence, time: entry.header.time)
                }
                guard read != nil else { throw JournalError.missing(sequence, ofHistory: 0) }
                return found == nil
            }
        }
        return found
    }

    /// Compares a file with the entry that vouches for it.
    /// - Returns: its bytes.
    /// - Throws: ``JournalError/Code/integrity``; `WireError`; `SystemError`.
    @discardableResult
    package func check(_ file: SnapshotFolder.File, _ record: Record) throws -> [UInt8] {
        try folder.read(
            file,
            digest: Array(record.event.digest),
            root: try journal.head(at: file.size).root
        )
    }
}
