import DaybookFormat
public import DaybookJournal
public import DaybookModel
import DaybookSystem
import Logging

/// Snapshots of the state: recovery begins with the newest and folds what came after it.
///
/// They are taken by a fold of their own, from the newest one on, beside the writer: the state in
/// memory is neither copied nor held up.
public struct StateSnapshots: Sendable {
    let journal: Journal
    let folder: SnapshotFolder
    private let leaveAside: @Sendable (SnapshotFolder.File, (any Error)?) -> Void

    /// The snapshots of a journal.
    /// - Parameter leaveAside: told of files that are not fit for use, and why; nil: they are not
    ///   recorded, or another version's.
    public init(
        of journal: Journal,
        in folder: SnapshotFolder,
        leaveAside: @escaping @Sendable (SnapshotFolder.File, (any Error)?) -> Void = { _, _ in }
    ) {
        self.journal = journal
        self.folder = folder
        self.leaveAside = leaveAside
    }

    init(of journal: Journal, in folder: SnapshotFolder, _ logger: Logger) {
        self.init(of: journal, in: folder) { file, error in
            let level: Logger.Level = error == nil ? .info : .warning
            let reason = error.map { "\($0)" } ?? "it is not recorded, or another version's"
            logger.log(
                level: level,
                "a snapshot is left aside",
                metadata: ["snapshot": "\(file.name)", "reason": "\(reason)"]
            )
        }
    }

    /// Files that stay when a new one is recorded, that one included: if it cannot be read, there
    /// is another.
    private static let kept = 2
    /// Entries between two looks whether to stop.
    private static let step: UInt64 = 4_096

    /// A snapshot on the disk that no entry vouches for yet.
    struct Taken: Sendable {
        let command: RecordSnapshot
        /// Nobody else takes one meanwhile.
        let lock: HeldLock
    }

    // MARK: Using

    /// The state of the newest snapshot that is fit for use, or that of a journal without entries.
    /// What is not fit is told of and left aside.
    /// - Throws: `SystemError`, when the folder cannot be read.
    public func newest() throws -> State {
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
    func record(of file: SnapshotFolder.File) throws -> ProtoSnapshotTaken? {
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

    // MARK: Taking

    /// Writes a snapshot of what is on the disk now.
    /// - Parameter isStopping: asked now and then.
    /// - Returns: what is to be recorded; nil when another process takes one, when there is nothing
    ///   new, or when it was stopped.
    func take(unless isStopping: () -> Bool) throws -> Taken? {
        guard let lock = try folder.lock() else { return nil }
        var state = try newest()
        let size = try journal.store.read { try $0.entryCount() }
        guard state.next < size else { return nil }
        try journal.scan(from: state.next) { entry, reader in
            let sequence = entry.header.sequence
            if sequence >= size || (sequence % Self.step == 0 && isStopping()) { return false }
            try state.apply(committed: entry) { number, before in
                try ExecutionReader.fold(number, upTo: before - 1, reader)
            }
            return true
        }
        guard state.next == size else { return nil }
        let written = try folder.write(
            .init(projection: State.projection, size: size),
            schema: State.snapshotSchema,
            root: try journal.head(at: size).root,
            holding: lock
        ) { try state.writeSnapshot(to: $0) }
        return Taken(
            command: RecordSnapshot(size: size, digest: written.digest, bytes: written.bytes),
            lock: lock
        )
    }

    /// Removes what a snapshot that is recorded now makes superfluous, and what was never recorded.
    func prune(after taken: Taken) throws {
        var kept = 0
        for file in try folder.files(of: State.projection) {
            if kept < Self.kept, try record(of: file) != nil {
                kept += 1
            } else {
                try folder.remove(file, holding: taken.lock)
            }
        }
    }
}

extension Engine {
    /// Takes a snapshot and records it.
    /// - Returns: how many entries it is the fold of; nil when another process takes one, when there
    ///   is nothing new, or when the engine stops.
    func takeSnapshot() async throws -> UInt64? {
        guard let snapshots = premises?.snapshots else { return nil }
        let taken = try await SystemThread.run { [self] in
            try snapshots.take { isStopped }
        }
        guard let taken else { return nil }
        _ = try await perform { taken.command }
        try await SystemThread.run { try snapshots.prune(after: taken) }
        observe(.snapshotTaken(size: taken.command.size))
        return taken.command.size
    }

    /// Takes one that is due. That it failed is logged, and no more: recovery takes longer then.
    func takeDueSnapshot() async {
        do {
            _ = try await takeSnapshot()
        } catch {
            options.logger.warning("no snapshot was taken", metadata: ["reason": "\(error)"])
        }
    }
}
