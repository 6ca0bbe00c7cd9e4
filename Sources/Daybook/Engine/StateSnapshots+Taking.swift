import DaybookFormat
import DaybookJournal
import DaybookModel
import DaybookSystem
import Logging

/// Snapshots are taken by a fold of their own, from the newest one on, beside the writer: the state
/// in memory is neither copied nor held up.
extension StateSnapshots {
    init(of journal: Journal, in folder: SnapshotFolder, _ options: EngineOptions) {
        let (logger, tell) = (options.logger, options.damagedSnapshot)
        self.init(of: journal, in: folder) { file, error in
            if let error { tell(file.name, "\(error)") }
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
            try state.apply(committed: entry, reader)
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

extension EngineCore {
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
    /// - Returns: how long it took, in nanoseconds.
    func takeDueSnapshot() async -> UInt64 {
        let begun = options.clock.elapsed()
        do {
            _ = try await takeSnapshot()
        } catch {
            options.logger.warning("no snapshot was taken", metadata: ["reason": "\(error)"])
        }
        return options.clock.elapsed() &- begun
    }
}
