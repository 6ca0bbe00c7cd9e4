import DaybookSystem
public import LMDB

#if canImport(Glibc)
import Glibc
#endif

/// The folder that a journal lives in.
///
/// `NAME.daybook/`, mode 0700: `journal.mdb` and LMDB's lock file, `open.lock`, `sessions/`,
/// `workspaces/`, `snapshots/`.
public struct JournalFolder: Sendable {
    /// The folder's path.
    public let path: String

    /// Names a folder; nothing is looked at yet.
    public init(_ path: String) { self.path = path }

    /// LMDB's data file.
    public var dataFile: String { path + "/journal.mdb" }
    /// Lock files and process groups of live engine processes.
    public var sessions: String { path + "/sessions" }
    /// Files that open executions keep between their operations.
    public var workspaces: String { path + "/workspaces" }
    /// Files from which recovery begins.
    public var snapshots: SnapshotFolder { SnapshotFolder(path + "/snapshots") }
    private var openLock: String { path + "/open.lock" }

    /// Makes the folder and, in it, an empty journal.
    /// - Parameter event: given the data file's status, the `JournalCreated` event.
    /// - Throws: ``JournalError/Code/exists`` when the folder is there and not empty.
    public func create(
        _ options: EnvironmentOptions = EnvironmentOptions(),
        clock: any WallClock = SystemClock(),
        event: (_ device: UInt64, _ inode: UInt64) throws -> [UInt8]
    ) throws {
        do {
            if let status = try FileStatus.of(path) {
                guard status.isFolder, try Folder.names(in: path).isEmpty else {
                    throw JournalError(
                        .exists,
                        "\(path) exists and is not empty; open it, or name another folder"
                    )
                }
            }
            try Folder.create(path)
        } catch {
            throw JournalError.wrapping(error, path)
        }
        do {
            try checkFileSystem()
            try Folder.create(sessions)
            _ = try File.open(openLock, .readWrite)
            let store = try LMDBStore.open(path, options)
            defer { store.close() }
            guard let status = try FileStatus.of(dataFile) else {
                throw SystemError(number: ENOENT, operation: "stat", path: dataFile)
            }
            _ = try Journal.create(
                in: store,
                event: event(status.device, status.inode),
                clock: clock
            )
            try Folder.synchronize(path)
        } catch {
            // Half a journal would stand in the way of the next try.
            for file in [dataFile, dataFile + "-lock", openLock] { try Folder.removeFile(file) }
            throw JournalError.wrapping(error, path)
        }
    }

    /// Opens the store in the folder, holding `open.lock` shared for as long as it is open.
    /// - Throws: ``JournalError/Code/notFound``, ``JournalError/Code/notAJournal``,
    ///   ``JournalError/Code/locked``, and those of ``LMDBStore/open(_:_:)``.
    public func open(
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
            guard let data, !options.isReadOnly || data.size > 0 else {
                throw JournalError(
                    .notAJournal,
                    "\(path) is not a journal: it has no journal.mdb, or an empty one; name another folder"
                )
            }
            try checkFileSystem()
            let lock = try lockShared(isReadOnly: options.isReadOnly)
            return OpenFolder(store: try LMDBStore.open(path, options), lock: lock)
        } catch {
            throw JournalError.wrapping(error, path)
        }
    }

    private func lockShared(isReadOnly: Bool) throws -> HeldLock? {
        let file: File
        do throws(SystemError) {
            file = try File.open(openLock, isReadOnly ? .read : .readWrite)
        } catch {
            // A file system mounted for reading only, or an export without the lock file: nobody
            // can swap the data file there either.
            if isReadOnly, error.isReadOnly || error.isNotFound { return nil }
            throw error
        }
        guard try file.tryLock(.shared) else {
            throw JournalError(
                .locked,
                "the file of \(path) is being replaced by another process; try again when it has finished"
            )
        }
        return HeldLock(file)
    }

    /// Locks and the shared map work only between processes of one machine.
    private func checkFileSystem() throws {
        guard let type = try MountedFileSystem.type(of: path), type.isNetwork else { return }
        throw JournalError(
            .system,
            "\(path) is on \(type.name), a network file system, where locks and shared memory do not hold; move the journal to a local disk"
        )
    }
}

/// A lock that is held until the last reference is gone.
public final class HeldLock: Sendable {
    private let file: File

    init(_ file: consuming File) { self.file = file }
}

/// A store, and the lock that keeps its file from being replaced.
public struct OpenFolder: Sendable {
    /// The store.
    public let store: LMDBStore
    private let lock: HeldLock?

    init(store: LMDBStore, lock: HeldLock?) {
        self.store = store
        self.lock = lock
    }

    /// Closes the store and lets go of the lock with the last copy of this value.
    public func close() { store.close() }
}
