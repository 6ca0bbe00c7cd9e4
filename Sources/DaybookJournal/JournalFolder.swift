import DaybookSystem
import LMDB

#if canImport(Glibc)
import Glibc
#endif

/// The folder that a journal lives in.
///
/// `NAME.daybook/`, mode 0700: `journal.mdb` and LMDB's lock file, `open.lock`, `keys`,
/// `sessions/`, `workspaces/`, `snapshots/`, `archive/`.
package struct JournalFolder: Sendable {
    /// The folder's path.
    package let path: String

    /// Names a folder; nothing is looked at yet.
    package init(_ path: String) { self.path = path }

    /// LMDB's data file.
    package var dataFile: String { path + "/journal.mdb" }
    /// Lock files and process groups of live engine processes.
    package var sessions: String { path + "/sessions" }
    /// Data keys of secrets.
    package var keys: String { path + "/keys" }
    /// Files that open executions keep between their operations.
    package var workspaces: String { path + "/workspaces" }
    /// Files from which recovery begins.
    package var snapshots: SnapshotFolder { SnapshotFolder(path + "/snapshots") }
    /// Files with what is recorded of executions that are closed.
    package var archives: ArchiveFolder { ArchiveFolder(path + "/archive") }
    /// Who has the journal open holds it.
    package var openLock: String { path + "/open.lock" }

    /// Makes the folder and, in it, an empty journal. Goes on with a creation that was interrupted.
    ///
    /// `open.lock` is held alone meanwhile, so that nobody opens half a journal, and of two
    /// creations at once one is refused. When it fails what it has made is removed, and nothing else.
    /// - Parameter event: given the data file's status, the `JournalCreated` event.
    /// - Throws: ``JournalError/Code/exists`` when there is a journal, or something else in the
    ///   folder; ``JournalError/Code/locked`` when another process is creating it.
    package func create(
        _ options: EnvironmentOptions = EnvironmentOptions(),
        clock: any WallClock = SystemClock(),
        event: (_ device: UInt64, _ inode: UInt64) throws -> [UInt8]
    ) throws {
        var made = JournalRemains()
        do {
            try made.makeFolder(path)
            try checkFileSystem()
            try checkNothingElse()
            let lock = try lockAlone(&made)
            // What it has made is removed before others are let in.
            try withExtendedLifetime(lock) {
                do {
                    try checkNothingElse()
                    try fill(options, clock, event, &made)
                    // Both the names in the folder and its own name.
                    try Folder.synchronize(path)
                    try Folder.synchronize(Folder.parent(of: path))
                } catch {
                    made.remove()
                    throw error
                }
            }
        } catch {
            made.remove()
            throw JournalError.wrapping(error, path)
        }
    }

    /// Makes sure that the folder has only what an interrupted creation could have left.
    private func checkNothingElse() throws {
        guard let status = try FileStatus.of(path), status.isFolder else { throw exists }
        let own = ["journal.mdb", "journal.mdb-lock", "open.lock", "sessions"]
        guard Set(try Folder.names(in: path)).isSubset(of: own) else { throw exists }
        if let status = try FileStatus.of(sessions) {
            guard status.isFolder, try Folder.names(in: sessions).isEmpty else { throw exists }
        }
        guard let data = try FileStatus.of(dataFile), data.size > 0 else { return }
        let isUnwritten: Bool
        do throws(LMDBError) {
            isUnwritten = try Environment.isUnwritten(dataFile)
        } catch {
            // Damaged, or somebody else's.
            isUnwritten = false
        }
        guard isUnwritten else { throw exists }
    }

    private var exists: JournalError {
        JournalError(.exists, "\(path) exists and is not empty; open it, or name another folder")
    }

    private func lockAlone(_ made: inout JournalRemains) throws -> HeldLock {
        while true {
            let file = try made.makeFile(openLock)
            guard try file.tryLock(.exclusive) else {
                // What is in use is not ours to remove.
                made.keep(openLock)
                throw JournalError(
                    .locked,
                    "\(path) is being created or used by another process; open it when that has finished, or name another folder"
                )
            }
            // Whoever failed to create it has removed the file under its lock.
            if try file.isStill(at: openLock) { return HeldLock(file) }
        }
    }

    private func fill(
        _ options: EnvironmentOptions,
        _ clock: any WallClock,
        _ event: (UInt64, UInt64) throws -> [UInt8],
        _ made: inout JournalRemains
    ) throws {
        try made.makeFolder(sessions)
        let status = try made.makeFile(dataFile).status()
        try made.note(dataFile + "-lock")
        let store = try LMDBStore.open(path, options, creating: true)
        defer { store.close() }
        _ = try Journal.create(
            in: store,
            event: event(status.device, status.inode),
            clock: clock
        )
    }

    /// Waits until nobody holds `open.lock` alone: whoever makes the journal has done so, has given it
    /// up, or is gone.
    /// - Throws: ``JournalError``.
    package func waitUntilShared() throws {
        do {
            let file: File
            do throws(SystemError) {
                file = try File.open(openLock, .read, followsLink: false)
            } catch  where error.isNotFound {
                // Whoever failed to make the journal has removed it.
                return
            }
            try file.lock(.shared)
            try file.unlock()
        } catch {
            throw JournalError.wrapping(error, path)
        }
    }

    /// Whether somebody was answered that something had been written here.
    private func hasHadCommits() throws(SystemError) -> Bool {
        guard try FileStatus.ofLink(openLock) != nil else { return false }
        return try CommitWitness(try File.open(openLock, .read, followsLink: false)).last().number
            > 0
    }

    /// Opens the store in the folder, holding `open.lock` shared for as long as it is open.
    /// - Throws: ``JournalError/Code/notFound``, ``JournalError/Code/notAJournal``,
    ///   ``JournalError/Code/locked``, and those of ``LMDBStore/open(_:_:)``.
    package func open(
        _ options: EnvironmentOptions = EnvironmentOptions()
    ) throws -> OpenFolder {
        do {
            guard let status = try FileStatus.of(path) else {
                throw JournalError(
                    .notFound,
                    "there is no journal at \(path); create one, or name another"
                )
            }
            let data = status.isFolder ? try FileStatus.of(dataFile) : nil
            guard let data, data.size > 0 else {
                if status.isFolder, try hasHadCommits() {
                    throw JournalError(
                        .integrity,
                        "the journal \(path) had commits, and its journal.mdb is \(data == nil ? "gone" : "empty"); restore it from a backup"
                    )
                }
                if status.isFolder, try isBeingMade() {
                    throw JournalError(
                        .locked,
                        "\(path) is being created by another process; open it when that has finished"
                    )
                }
                throw JournalError(
                    .notAJournal,
                    data == nil
                        ? "\(path) is not a journal: it has no journal.mdb; name another folder"
                        : "\(path) is not a journal: its journal.mdb is empty. When its creation was interrupted, `daybook init` goes on with it"
                )
            }
            try checkFileSystem()
            let lock = try lockShared(isReadOnly: options.isReadOnly)
            let store = try LMDBStore.open(path, options)
            do {
                // Empty when nobody works here, it is lost by many ways of copying.
                if !options.isReadOnly { try Folder.create(sessions) }
                try store.keepWitness(lock?.witness, isReadOnly: options.isReadOnly)
            } catch {
                store.close()
                throw error
            }
            return OpenFolder(store: store, lock: lock)
        } catch {
            throw JournalError.wrapping(error, path)
        }
    }

    /// Keeps the data file from being replaced for as long as what is returned lives: who looks at it more than
    /// once looks at one file then.
    /// - Returns: nil where nobody can replace it either.
    /// - Throws: ``JournalError/Code/locked`` while another process makes or replaces it.
    package func holdFile() throws -> HeldLock? {
        do {
            guard try FileStatus.of(openLock) != nil else { return nil }
            return try lockShared(isReadOnly: true)
        } catch {
            throw JournalError.wrapping(error, path)
        }
    }

    private func lockShared(isReadOnly: Bool) throws -> HeldLock? {
        while true {
            let file: File
            do throws(SystemError) {
                let mode: File.Mode = isReadOnly ? .read : .readWrite
                file = try File.open(openLock, mode, followsLink: false)
            } catch {
                // A file system mounted for reading only, or an export without the lock file:
                // nobody can swap the data file there either.
                if isReadOnly, error.isReadOnly || error.isNotFound { return nil }
                throw error
            }
            guard try file.tryLock(.shared) else {
                throw JournalError(
                    .locked,
                    "the file of \(path) is being made or replaced by another process; try again when it has finished"
                )
            }
            if try file.isStill(at: openLock) { return HeldLock(file) }
        }
    }

    /// Whether somebody holds the lock under which a journal is made.
    private func isBeingMade() throws -> Bool {
        let file: File
        do throws(SystemError) {
            file = try File.open(openLock, .read, followsLink: false)
        } catch {
            if error.isNotFound { return false }
            throw error
        }
        guard try file.tryLock(.shared) else { return true }
        try file.unlock()
        return false
    }

    /// Makes sure that the workspaces lie in this folder: what is removed there is the journal's own.
    /// - Throws: ``JournalError/Code/system``.
    package func checkWorkspaces() throws {
        do {
            guard let rarity = try FileStatus.ofLink(workspaces)?.rarity else { return }
            throw SystemError(
                number: EINVAL,
                operation: "open",
                path: workspaces,
                found: rarity
            )
        } catch {
            throw JournalError.wrapping(error, path)
        }
    }

    /// Locks and the shared map work only between processes of one machine.
    func checkFileSystem() throws {
        try Self.checkFileSystem(of: path, for: path)
    }

    /// - Parameters:
    ///   - folder: what is on the file system.
    ///   - path: the journal that is there, or is to be.
    static func checkFileSystem(of folder: String, for path: String) throws {
        guard let type = try MountedFileSystem.type(of: folder), type.isNetwork else { return }
        throw JournalError(
            .system,
            "\(path) is on \(type.name), a network file system, where locks and shared memory do not hold; move the journal to a local disk"
        )
    }
}

/// A lock that is held until the last reference is gone.
package final class HeldLock: Sendable {
    /// The number of the newest commit that was answered, which the locked file holds.
    let witness: CommitWitness

    init(_ file: consuming File) { witness = CommitWitness(file) }

    /// Gives it back before the last reference is gone.
    func release() {
        do {
            try witness.unlock()
        } catch {
            // The file is closed later, which gives the lock back as well.
        }
    }

    deinit { release() }
}

/// A store, and the lock that keeps its file from being replaced.
package struct OpenFolder: Sendable {
    /// The store.
    package let store: LMDBStore
    private let lock: HeldLock?

    init(store: LMDBStore, lock: HeldLock?) {
        self.store = store
        self.lock = lock
    }

    /// Closes the store and lets go of the lock, also where copies of this value live on.
    package func close() {
        store.close()
        lock?.release()
    }
}
