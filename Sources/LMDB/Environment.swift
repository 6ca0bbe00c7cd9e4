import CLMDB
import CMapGuard
import DaybookSystem

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// How an environment is opened.
public struct EnvironmentOptions: Sendable {
    /// Bytes of address space to reserve: 64 GiB, so that one process can have hundreds of files open.
    /// When that much cannot be had it is halved until it can, down to 16 MiB; it costs nothing until
    /// it is used.
    public var mapSize = 1 << 36
    /// The map is doubled when a file needs more, and never grows beyond this many bytes.
    public var maximumMapSize = 1 << 40
    /// Readers at once, over all processes.
    public var maximumReaders: UInt32 = 1024
    /// Named databases.
    package var maximumDatabases: UInt32 = 16
    /// Nothing will be written. Works on a file system mounted for reading only.
    package var isReadOnly = false
    /// Whether a commit waits for the disk. Without it, a crash of the machine can lose or break
    /// everything: for scratch files only.
    public var synchronizes = true

    /// The options of a durable environment for reading and writing.
    public init() {}
}

/// An LMDB environment in one file (`MDB_NOSUBDIR`), with its lock file beside it.
///
/// Reading happens in ``read(_:)``, writing in ``write(_:)``: closures without suspension points,
/// which are given a transaction that cannot leave them. Readers are not bound to a thread
/// (`MDB_NOTLS`). An environment must not be opened twice in one process, because the second
/// closing would drop the locks of the first; a registry refuses it.
///
/// Sendable without the compiler's check: LMDB's environment may be used from any thread, and the
/// gate keeps a change of the map apart from transactions.
package final class Environment: @unchecked Sendable {
    /// The data file, without links.
    package let path: String
    let handle: OpaquePointer
    private let options: EnvironmentOptions
    let lockPath: String
    let identity: FileIdentity
    let gate = TransactionGate()
    private let mapSize: Locked<Int>
    /// Whether the file's transactions were counted from 1 again when it was opened.
    private let startsOver: Bool
    /// The lock file, for as long as LMDB has one; nil where nothing can be written.
    let lockIdentity: FileIdentity?
    /// The most bytes that the data file was seen to have: it never becomes shorter.
    let largestSize = Locked(0)
    /// The path, for a signal handler.
    private let guardedPath: UnsafeMutablePointer<CChar>

    private init(
        path: String,
        handle: OpaquePointer,
        options: EnvironmentOptions,
        identity: FileIdentity,
        mapSize: Int,
        startsOver: Bool,
        lockIdentity: FileIdentity?
    ) {
        self.path = path
        self.handle = handle
        self.options = options
        self.identity = identity
        lockPath = path + "-lock"
        self.mapSize = Locked(mapSize)
        self.startsOver = startsOver
        self.lockIdentity = lockIdentity
        guardedPath = strdup(path)
    }

    /// Opens the environment, after checking that its file can be mapped, and clears the slots of
    /// readers that have died.
    /// - Throws: ``LMDBError``; nothing stays open then.
    package static func open(
        _ path: String,
        _ options: EnvironmentOptions = EnvironmentOptions()
    ) throws(LMDBError) -> Environment {
        let identity = try FileIdentity.claim(path, creating: !options.isReadOnly)
        do {
            // LMDB names its lock file after the path that it is given: by another name of the
            // same file, two processes would lock apart.
            let path = try resolved(path)
            let pages = try MetaPages.check(path)
            try LockFile.allocate(for: path, readers: Int(options.maximumReaders))
            let (handle, mapSize) = try openHandle(path, options)
            let environment = Environment(
                path: path,
                handle: handle,
                options: options,
                identity: identity,
                mapSize: mapSize,
                startsOver: pages?.startsOver ?? true,
                lockIdentity: try lockIdentity(path, handle)
            )
            try environment.clearStaleReaders()
            return environment
        } catch {
            identity.release()
            throw error
        }
    }

    private static func lockIdentity(
        _ path: String,
        _ handle: OpaquePointer
    ) throws(LMDBError) -> FileIdentity? {
        do throws(SystemError) {
            return try FileIdentity.of(path + "-lock")
        } catch {
            mdb_env_close(handle)
            throw LMDBError(error, path: path)
        }
    }

    private static func resolved(_ path: String) throws(LMDBError) -> String {
        do throws(SystemError) {
            return try Folder.resolved(path)
        } catch {
            throw LMDBError(error, path: path)
        }
    }

    private static func openHandle(
        _ path: String,
        _ options: EnvironmentOptions
    ) throws(LMDBError) -> (OpaquePointer, Int) {
        var size = min(options.mapSize, options.maximumMapSize)
        while true {
            var created: OpaquePointer?
            var result = mdb_env_create(&created)
            guard result == 0, let handle = created else {
                throw LMDBError(.init(rawValue: result), "mdb_env_create", path: path)
            }
            mdb_env_set_maxdbs(handle, options.maximumDatabases)
            mdb_env_set_maxreaders(handle, options.maximumReaders)
            mdb_env_set_mapsize(handle, size)
            mdb_env_set_assert(handle) { _, _ in map_guard_fail() }
            var flags = UInt32(MDB_NOSUBDIR | MDB_NOTLS | MDB_NORDAHEAD)
            if options.isReadOnly { flags |= UInt32(MDB_RDONLY) }
            if !options.synchronizes { flags |= UInt32(MDB_NOSYNC) }
            result = mdb_env_open(handle, path, flags, 0o600)
            if result == 0 {
                try keepPrivate(path, handle)
                return (handle, size)
            }
            mdb_env_close(handle)
            // The address space is limited: ENOMEM under `ulimit -v`, EINVAL under valgrind.
            guard SystemErrorNumber.noAddressSpace.contains(result), size > 16 << 20 else {
                throw LMDBError(.init(rawValue: result), "mdb_env_open", path: path)
            }
            size /= 2
        }
    }

    /// LMDB 0.9.24 opens the data file for children too.
    private static func keepPrivate(
        _ path: String,
        _ handle: OpaquePointer
    ) throws(LMDBError) {
        #if os(Linux)
        do throws(SystemError) {
            try Descriptors.keepPrivate(openFor: path)
        } catch {
            mdb_env_close(handle)
            throw LMDBError(error, path: path)
        }
        #endif
    }

    deinit {
        close()
        free(guardedPath)
    }

    let isClosed = Locked(false)

    /// Closes the environment after its transactions have ended. Later use throws
    /// ``LMDBError/Code/closed``; closing again does nothing.
    package func close() {
        let first = isClosed.withLock { closed in
            defer { closed = true }
            return !closed
        }
        guard first else { return }
        gate.drain {
            mdb_env_close(handle)
        }
        identity.release()
    }

    /// Makes sure that it has not been closed.
    /// - Throws: ``LMDBError/Code/closed``.
    package func checkOpen(_ operation: String) throws(LMDBError) {
        if isClosed.withLock({ $0 }) { throw LMDBError(.closed, operation, path: path) }
    }

    /// Whether nothing was ever written to the file at `path` but the names of databases: its
    /// creation was interrupted, or it is a compacted copy.
    /// - Throws: ``LMDBError/Code/damagedFile`` for one that is not an environment's.
    package static func isUnwritten(_ path: String) throws(LMDBError) -> Bool {
        guard let pages = try MetaPages.check(path) else { return true }
        return pages.startsOver
    }

    /// The number that LMDB gives a transaction's snapshot, or, of a write transaction, that of the
    /// commit which it is to become.
    /// - Returns: nil for the first one of a compacted copy, which goes by another number than the
    ///   commit that it is a copy of.
    func commitNumber(_ transaction: OpaquePointer) -> UInt64? {
        let number = UInt64(truncatingIfNeeded: mdb_txn_id(transaction))
        return startsOver && number <= 1 ? nil : number
    }

    // MARK: Transactions

    /// Runs `body` on a consistent view of the data. Others may write meanwhile.
    ///
    /// A transaction that stays open keeps pages from being used again and lets the file grow:
    /// keep it short.
    package func read<Result: ~Copyable>(
        _ body: (borrowing ReadTransaction) throws -> Result
    ) throws -> Result {
        gate.enter()
        let before = map_guard_enter(guardedPath)
        defer {
            map_guard_leave(before)
            gate.leave()
        }
        try checkOpen("mdb_txn_begin")
        let transaction = ReadTransaction(try begin(UInt32(MDB_RDONLY)), self)
        defer { mdb_txn_abort(transaction.handle) }
        return try body(transaction)
    }

    /// Runs `body` as the only writer of all processes, and commits when it returns.
    ///
    /// When `body` throws, nothing of it is kept. When the commit fails because the map is full
    /// the map is made larger, as far as the options allow, for the next try.
    /// - Throws: what `body` throws, or ``LMDBError`` of the commit. After `MDB_PANIC`, or an I/O
    ///   error in `mdb_txn_commit`, the outcome is open until the environment is opened again.
    package func write<Result: ~Copyable>(
        _ body: (inout WriteTransaction) throws -> Result
    ) throws -> Result {
        do {
            gate.enter()
            let before = map_guard_enter(guardedPath)
            defer {
                map_guard_leave(before)
                gate.leave()
            }
            try checkOpen("mdb_txn_begin")
            var transaction = WriteTransaction(try begin(0), self)
            let result: Result
            do {
                result = try body(&transaction)
            } catch {
                mdb_txn_abort(transaction.handle)
                throw error
            }
            try check(mdb_txn_commit(transaction.handle), "mdb_txn_commit")
            return result
        } catch let error as LMDBError where error.code == .mapFull {
            try grow()
            throw error
        }
    }

    private func begin(_ flags: UInt32) throws(LMDBError) -> OpaquePointer {
        while true {
            // Also after a resizing, during which a closing may have come.
            try checkOpen("mdb_txn_begin")
            var handle: OpaquePointer?
            let result = mdb_txn_begin(self.handle, nil, flags, &handle)
            if result == MDB_MAP_RESIZED {
                // The map follows the file: another process has made it larger.
                gate.leave()
                defer { gate.enter() }
                try resize(to: 0)
                continue
            }
            try check(result, "mdb_txn_begin")
            return handle!
        }
    }

    /// Doubles the map, up to the options' maximum. Without effect when it is as large already.
    private func grow() throws(LMDBError) {
        // A file may have asked for a larger map than the options did.
        let current = max(mapSize.withLock { $0 }, try information().mapSize)
        let next = min(current * 2, options.maximumMapSize)
        if next > current { try resize(to: next) }
    }

    private func resize(to size: Int) throws(LMDBError) {
        var result: Int32 = 0
        // LMDB accepts a new size while a reader is open, and crashes later: so nobody is inside.
        gate.drain { result = mdb_env_set_mapsize(handle, size) }
        try check(result, "mdb_env_set_mapsize")
        if size > 0 { mapSize.withLock { $0 = size } }
    }

    // MARK: Databases

    /// Opens the named databases in one transaction, creating those that are missing unless the
    /// environment is for reading only.
    /// - Parameter creating: whether missing ones are made, where the environment may be written.
    /// - Throws: ``LMDBError/Code/notFound`` for a missing one that is not made.
    package func openDatabases(
        _ wanted: [(String, DatabaseOptions)],
        creating: Bool = true
    ) throws -> [Database] {
        if options.isReadOnly {
            // A handle that a reading transaction opened is kept only if that one commits.
            gate.enter()
            let before = map_guard_enter(guardedPath)
            defer {
                map_guard_leave(before)
                gate.leave()
            }
            try checkOpen("mdb_txn_begin")
            let transaction = try begin(UInt32(MDB_RDONLY))
            let opened: [Database]
            do {
                opened = try openDatabases(wanted, in: transaction, flags: 0)
            } catch {
                mdb_txn_abort(transaction)
                throw error
            }
            try check(mdb_txn_commit(transaction), "mdb_txn_commit")
            return opened
        }
        if !creating {
            // A transaction that creates nothing writes nothing.
            return try write { transaction in
                try openDatabases(wanted, in: transaction.handle, flags: 0)
            }
        }
        return try write { transaction in
            try openDatabases(wanted, in: transaction.handle, flags: UInt32(MDB_CREATE))
        }
    }

    private func openDatabases(
        _ wanted: [(String, DatabaseOptions)],
        in transaction: OpaquePointer,
        flags: UInt32
    ) throws(LMDBError) -> [Database] {
        var opened: [Database] = []
        for (name, databaseOptions) in wanted {
            var index: MDB_dbi = 0
            let result = mdb_dbi_open(
                transaction,
                name,
                databaseOptions.rawValue | flags,
                &index
            )
            try check(result, "mdb_dbi_open of \(name)")
            var found: UInt32 = 0
            try check(mdb_dbi_flags(transaction, index, &found), "mdb_dbi_flags of \(name)")
            guard found == databaseOptions.rawValue else {
                // It would be searched in another order than it was made in.
                throw LMDBError(
                    .incompatible,
                    "mdb_dbi_open of \(name)",
                    path: path,
                    detail:
                        "its flags are \(hex(found)) instead of \(hex(databaseOptions.rawValue))"
                )
            }
            opened.append(Database(index: index, name: name))
        }
        return opened
    }

    /// What LMDB can store: the length has 32 bits.
    static let largestValue = Int(UInt32.max)

    /// Makes sure that what LMDB has found in a page, which may be damaged, can be a span.
    func checkFound(
        _ found: MDB_val,
        atMost limit: Int,
        _ what: @autoclosure () -> String
    ) throws(LMDBError) {
        if found.mv_data != nil, found.mv_size >= 0, found.mv_size <= limit { return }
        throw LMDBError(
            .corrupted,
            "reading \(what())",
            path: path,
            detail: "it has \(found.mv_size) bytes"
        )
    }

    func check(_ result: Int32, _ operation: @autoclosure () -> String) throws(LMDBError) {
        if result != 0 {
            throw LMDBError(.init(rawValue: result), operation(), path: path)
        }
    }
}

/// Figures of an environment.
package struct EnvironmentInformation: Sendable {
    /// Bytes in a page.
    package let pageSize: Int
    /// Bytes of address space that the map takes.
    package let mapSize: Int
    /// The last page that is in use.
    package let lastPage: Int
    /// Slots of readers in use.
    package let readers: Int
    /// How many write transactions have been committed.
    package let transaction: UInt64
}

private enum SystemErrorNumber {
    static let noAddressSpace: [Int32] = [12, 22]
}
