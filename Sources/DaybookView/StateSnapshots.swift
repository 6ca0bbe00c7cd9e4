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
    /// - Throws: `SystemError`, when the folder cannot be read.
    package func newest() throws -> State {
        for file in try folder.files(of: State.projection) {
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
        guard let entry = try record(of: file), entry.schema == State.snapshotSchema else {
            return nil
        }
        let bytes = try folder.read(
            file,
            digest: Array(entry.digest),
            root: try journal.head(at: file.size).root
        )
        return try bytes.withUnsafeBytes { try State(snapshot: $0) }
    }

    /// The entry that vouches for a file.
    package func record(of file: SnapshotFolder.File) throws -> ProtoSnapshotTaken? {
        var found: ProtoSnapshotTaken?
        try journal.scan(from: file.size) { entry in
            guard entry.event == EventKind.snapshotTaken.rawValue else { return true }
            let event = try ProtoSnapshotTaken(decoding: entry)
            guard event.projection == file.projection, event.size == file.size else { return true }
            found = event
            return false
        }
        return found
    }
}
