#if CLI
import Daybook
import DaybookInspector
import DaybookJournal
import DaybookSystem

extension Inspector {
    /// Watches the journal's file for what others append.
    func follow() throws -> FollowedJournal { try FollowedJournal(folder) }
}

/// The journal's file, and whether it is still the one that was opened.
final class FollowedJournal: Sendable {
    let watch: FileWatch
    private let folder: JournalFolder
    private let file: Locked<FileStatus>
    /// That the folder is moved away is told of the folder alone.
    private let folderWatch: FileWatch
    private let folderWatcher: SystemThread

    init(_ folder: JournalFolder) throws {
        self.folder = folder
        guard let status = try FileStatus.of(folder.dataFile) else { throw Self.gone(folder) }
        file = Locked(status)
        let watch = try FileWatch(folder.dataFile)
        let folderWatch = try FileWatch(folder.path, .place)
        self.watch = watch
        self.folderWatch = folderWatch
        folderWatcher = try SystemThread.start {
            do {
                while try folderWatch.wait() { watch.touch() }
            } catch {
                // What failed is told of the file too.
                watch.touch()
            }
        }
    }

    deinit {
        folderWatch.stop()
        folderWatcher.join()
    }

    /// Makes sure that the path still leads to the journal that is followed: to the same file, or to the one in which
    /// it goes on.
    /// - Throws: ``JournalError/Code/notFound``.
    func check(_ inspector: Inspector) throws {
        let status = try FileStatus.of(folder.dataFile)
        let known = file.withLock { $0 }
        if let status, status.inode == known.inode, status.device == known.device { return }
        guard let status, try inspector.database.isInPlace() else { throw Self.gone(folder) }
        try watch.renew()
        file.withLock { $0 = status }
    }

    private static func gone(_ folder: JournalFolder) -> JournalError {
        JournalError(
            .notFound,
            "the journal \(folder.path) was removed, moved or replaced while it was followed; look where it is now, then follow that"
        )
    }
}

/// Looks again whenever something is appended.
enum Following {
    /// How it ended.
    enum End<Value: Sendable>: Sendable {
        case found(Value)
        /// By Ctrl-C.
        case interrupted
        /// The time was over.
        case late
    }

    /// Runs `look` now, and again after each change, until it gives a value, the time is over, or
    /// Ctrl-C.
    /// - Parameter patience: nil: it waits for ever.
    static func run<Value: Sendable>(
        _ journal: FollowedJournal,
        _ inspector: Inspector,
        patience: Duration? = nil,
        _ look: @escaping @Sendable () throws -> Value?
    ) async throws -> End<Value> {
        let interrupts = try Interrupts()
        let watch = journal.watch
        let isLate = Locked(false)
        let stopper = Task { if await interrupts.wait() { watch.stop() } }
        let alarm = patience.map { patience in
            Task {
                // The time itself is waited for.
                try await Task.sleep(for: patience)  // tidy: allowed
                isLate.withLock { $0 = true }
                watch.stop()
            }
        }
        defer {
            stopper.cancel()
            alarm?.cancel()
        }
        let value = try await value(journal, inspector, look)
        return value.map { .found($0) } ?? (isLate.withLock { $0 } ? .late : .interrupted)
    }

    private static func value<Value: Sendable>(
        _ journal: FollowedJournal,
        _ inspector: Inspector,
        _ look: @escaping @Sendable () throws -> Value?
    ) async throws -> Value? {
        let watch = journal.watch
        return try await withCheckedThrowingContinuation {
            (done: CheckedContinuation<Value?, any Error>) in
            do {
                _ = try SystemThread.start {
                    done.resume(
                        with: Result {
                            if let value = try look() { return value }
                            while true {
                                while try watch.wait(
                                    whileBehind: inspector.store.hasUnpublishedCommit
                                ) {
                                    try journal.check(inspector)
                                    if let value = try look() { return value }
                                }
                                if watch.isStopped { return nil }
                                // The file that was watched is gone: the journal may go on in another one.
                                try journal.check(inspector)
                                try watch.renew()
                                if let value = try look() { return value }
                            }
                        }
                    )
                }
            } catch {
                done.resume(throwing: error)
            }
        }
    }
}
#endif
