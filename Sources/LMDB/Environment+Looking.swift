import CLMDB
import DaybookSystem

/// The environment as a whole: whether its files are still there, and what LMDB knows of it.
extension Environment {
    /// Makes sure that the path still names the files that are open: what is written to others
    /// nobody will find, and with another lock file two processes would lock apart.
    /// - Throws: ``LMDBError/Code/replacedFile``.
    package func checkFiles() throws(LMDBError) {
        try refuse { () throws(SystemError) in try fileProblem() }
    }

    /// Makes sure that what was just committed is in a file that has a name: nobody has removed it or
    /// put another in its place meanwhile. That it was moved meanwhile is as if it had been moved
    /// afterwards: the commit is where the file is. Of an environment that is closed meanwhile nothing
    /// is said: what was committed stays so.
    /// - Throws: ``LMDBError/Code/replacedFile``.
    package func checkCommitted() throws(LMDBError) {
        gate.enter()
        defer { gate.leave() }
        guard !isClosed.withLock({ $0 }) else { return }
        var descriptor: mdb_filehandle_t = -1
        try check(mdb_env_get_fd(handle, &descriptor), "mdb_env_get_fd")
        try refuse { () throws(SystemError) in
            let seen = seenSize
            let status = try FileStatus.of(descriptor: descriptor, path)
            guard status.links > 0 else { return "\(path) is gone, or another file now" }
            return sizeProblem(status, seen: seen)
        }
    }

    /// The device of the data file, and its number there.
    package var fileNumbers: (device: UInt64, inode: UInt64) { (identity.device, identity.inode) }

    /// Whether the path names the data file that is open.
    package func isNamed() throws(SystemError) -> Bool {
        guard let status = try FileStatus.of(path) else { return false }
        return FileIdentity(status) == identity
    }

    private func refuse(
        _ problem: () throws(SystemError) -> String?
    ) throws(LMDBError) {
        let found: String?
        do throws(SystemError) {
            found = try problem()
        } catch {
            throw LMDBError(error, path: path)
        }
        guard let found else { return }
        throw LMDBError(.replacedFile, "stat", path: path, detail: found)
    }

    /// The largest size that the file was seen to have.
    var seenSize: Int { largestSize.withLock { $0 } }

    /// Whether the file has become shorter, which it never does.
    /// - Parameter seen: ``seenSize`` from before the look at the file. What other threads have seen
    ///   since says nothing: the file may have grown after that look.
    func sizeProblem(_ status: FileStatus, seen: Int) -> String? {
        largestSize.withLock { $0 = max($0, status.size) }
        guard status.size < seen else { return nil }
        return "\(path) had \(seen) bytes, and has \(status.size)"
    }

    private func fileProblem() throws(SystemError) -> String? {
        let seen = seenSize
        guard let status = try FileStatus.of(path) else { return "\(path) is gone" }
        guard FileIdentity(status) == identity else { return "\(path) is another file now" }
        if let problem = sizeProblem(status, seen: seen) { return problem }
        guard let lockIdentity else { return nil }
        guard try FileIdentity.of(lockPath) == lockIdentity else {
            return "\(lockPath) is gone, or another file now"
        }
        return nil
    }

    /// Clears the slots of readers whose process is gone: they would keep pages from reuse. Not to be
    /// called from inside a transaction.
    /// - Returns: how many there were.
    @discardableResult
    package func clearStaleReaders() throws(LMDBError) -> Int {
        gate.enter()
        defer { gate.leave() }
        try checkOpen("mdb_reader_check")
        var dead: Int32 = 0
        try check(mdb_reader_check(handle, &dead), "mdb_reader_check")
        return Int(dead)
    }

    /// What LMDB knows of the environment. Not to be called from inside a transaction.
    package func information() throws(LMDBError) -> EnvironmentInformation {
        gate.enter()
        defer { gate.leave() }
        try checkOpen("mdb_env_info")
        var info = MDB_envinfo()
        var stat = MDB_stat()
        try check(mdb_env_info(handle, &info), "mdb_env_info")
        try check(mdb_env_stat(handle, &stat), "mdb_env_stat")
        return EnvironmentInformation(
            pageSize: Int(stat.ms_psize),
            mapSize: Int(info.me_mapsize),
            lastPage: Int(info.me_last_pgno),
            readers: Int(info.me_numreaders),
            transaction: UInt64(truncatingIfNeeded: info.me_last_txnid)
        )
    }

    /// The page at the root of the tree that names the databases; nil: there is none.
    /// - Throws: ``LMDBError``.
    package func namesPage() throws(LMDBError) -> UInt64? {
        guard let root = try MetaPages.check(path)?.newest.mainRoot else { return nil }
        return root == MetaPage.noPage ? nil : root
    }

    /// Whether a commit has been written that readers cannot see yet.
    ///
    /// LMDB writes the meta page of a commit first, and then tells readers of it in the lock file.
    /// A writer that is held up between the two, or is killed there, leaves it to the next one.
    package func hasUnpublishedCommit() throws -> Bool {
        let visible = try read { mdb_txn_id($0.handle) }
        // This one is read from the meta pages.
        return try information().transaction > UInt64(visible)
    }
}
