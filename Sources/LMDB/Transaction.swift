import CLMDB

/// What can be asked of any transaction. Spans point into the map: they are valid until the
/// transaction is changed or ends, and the compiler does not let them live longer.
package protocol Transaction: ~Copyable {
    /// LMDB's transaction.
    var handle: OpaquePointer { get }
    /// The environment that it belongs to.
    var environment: Environment { get }
}

/// A consistent view of an environment. It exists only inside ``Environment/read(_:)``.
package struct ReadTransaction: ~Copyable, Transaction {
    /// LMDB's transaction.
    package let handle: OpaquePointer
    /// The environment that it belongs to.
    package let environment: Environment

    init(_ handle: OpaquePointer, _ environment: Environment) {
        self.handle = handle
        self.environment = environment
    }

    /// Lets go of the view and takes a new one, so that a long scan does not keep pages from reuse.
    package mutating func renew() throws(LMDBError) {
        mdb_txn_reset(handle)
        try environment.check(mdb_txn_renew(handle), "mdb_txn_renew")
    }
}

/// The only writer. It exists only inside ``Environment/write(_:)``.
package struct WriteTransaction: ~Copyable, Transaction {
    /// LMDB's transaction.
    package let handle: OpaquePointer
    /// The environment that it belongs to.
    package let environment: Environment

    init(_ handle: OpaquePointer, _ environment: Environment) {
        self.handle = handle
        self.environment = environment
    }
}

extension Transaction where Self: ~Copyable {
    /// The number of the commit that the transaction sees, or, if it writes, is to become.
    /// - Returns: nil for a copy of an environment that was compacted and not written since: LMDB
    ///   counts from 1 again there.
    package var commitNumber: UInt64? { environment.commitNumber(handle) }

    /// The value under a 64 bit key, or nil.
    @_lifetime(borrow self)
    package func value(in database: Database, for key: UInt64) throws(LMDBError) -> RawSpan? {
        var key = key
        var found = MDB_val()
        let result = withUnsafeMutableBytes(of: &key) { bytes in
            var item = MDB_val(mv_size: bytes.count, mv_data: bytes.baseAddress)
            return mdb_get(handle, database.index, &item, &found)
        }
        if result == MDB_NOTFOUND { return nil }
        try environment.checkGet(result, database)
        try environment.checkFound(found, atMost: Environment.largestValue, "a value")
        return _overrideLifetime(
            RawSpan(_unsafeStart: found.mv_data, byteCount: found.mv_size),
            borrowing: self
        )
    }

    /// The value under a key of bytes, or nil. For sets, the least member.
    @_lifetime(borrow self)
    package func value(
        in database: Database,
        for key: UnsafeRawBufferPointer
    ) throws(LMDBError) -> RawSpan? {
        var item = MDB_val(
            mv_size: key.count,
            mv_data: UnsafeMutableRawPointer(mutating: key.baseAddress)
        )
        var found = MDB_val()
        let result = mdb_get(handle, database.index, &item, &found)
        if result == MDB_NOTFOUND { return nil }
        try environment.checkGet(result, database)
        try environment.checkFound(found, atMost: Environment.largestValue, "a value")
        return _overrideLifetime(
            RawSpan(_unsafeStart: found.mv_data, byteCount: found.mv_size),
            borrowing: self
        )
    }

    /// Figures of a database.
    package func statistics(of database: Database) throws(LMDBError) -> DatabaseStatistics {
        var stat = MDB_stat()
        try environment.check(mdb_stat(handle, database.index, &stat), "mdb_stat")
        return DatabaseStatistics(
            entries: Int(stat.ms_entries),
            depth: Int(stat.ms_depth),
            leafPages: Int(stat.ms_leaf_pages),
            branchPages: Int(stat.ms_branch_pages),
            overflowPages: Int(stat.ms_overflow_pages)
        )
    }

    /// Runs `body` with a cursor over the database.
    package func withCursor<Result>(
        in database: Database,
        _ body: (inout Cursor) throws -> Result
    ) throws -> Result {
        var handle: OpaquePointer?
        try environment.check(
            mdb_cursor_open(self.handle, database.index, &handle),
            "mdb_cursor_open"
        )
        var cursor = Cursor(handle: handle!, environment: environment)
        defer { mdb_cursor_close(cursor.handle) }
        return try body(&cursor)
    }
}

/// How a value is put.
package struct PutOptions: OptionSet, Sendable {
    /// LMDB's flags for `mdb_put`.
    package let rawValue: UInt32

    /// Wraps LMDB's flags.
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    /// The key is greater than all others (`MDB_APPEND`); else ``LMDBError/Code/keyExists``.
    package static let append = PutOptions(rawValue: UInt32(MDB_APPEND))
    /// The member is greater than all others of its set (`MDB_APPENDDUP`).
    package static let appendMember = PutOptions(rawValue: UInt32(MDB_APPENDDUP))
    /// The key must be new (`MDB_NOOVERWRITE`); else ``LMDBError/Code/keyExists``.
    package static let mustBeNew = PutOptions(rawValue: UInt32(MDB_NOOVERWRITE))
}

extension WriteTransaction {
    /// Puts a value under a 64 bit key.
    package mutating func put(
        _ value: UnsafeRawBufferPointer,
        in database: Database,
        for key: UInt64,
        _ options: PutOptions = []
    ) throws(LMDBError) {
        var key = key
        let result = withUnsafeMutableBytes(of: &key) { bytes in
            put(UnsafeRawBufferPointer(bytes), value, database, options)
        }
        try environment.check(result, "mdb_put in \(database.name)")
    }

    /// Puts a value under a key of 1 to 511 bytes.
    package mutating func put(
        _ value: UnsafeRawBufferPointer,
        in database: Database,
        for key: UnsafeRawBufferPointer,
        _ options: PutOptions = []
    ) throws(LMDBError) {
        try environment.check(
            put(key, value, database, options),
            "mdb_put in \(database.name)"
        )
    }

    /// Puts a member into the set under a 64 bit key.
    package mutating func put(
        member: UInt64,
        in database: Database,
        for key: UInt64,
        _ options: PutOptions = []
    ) throws(LMDBError) {
        var member = member
        let result = withUnsafeMutableBytes(of: &member) { bytes in
            var key = key
            return withUnsafeMutableBytes(of: &key) { keyBytes in
                put(
                    UnsafeRawBufferPointer(keyBytes),
                    UnsafeRawBufferPointer(bytes),
                    database,
                    options
                )
            }
        }
        try environment.check(result, "mdb_put in \(database.name)")
    }

    /// Puts a member into the set under a key of 1 to 511 bytes. It may be there already.
    package mutating func put(
        member: UInt64,
        in database: Database,
        for key: UnsafeRawBufferPointer
    ) throws(LMDBError) {
        let result = withUnsafeBytes(of: member) { put(key, $0, database, []) }
        try environment.check(result, "mdb_put in \(database.name)")
    }

    /// Removes a member from the set under a key of 1 to 511 bytes.
    /// - Returns: whether it was there.
    @discardableResult
    package mutating func remove(
        member: UInt64,
        from database: Database,
        for key: UnsafeRawBufferPointer
    ) throws(LMDBError) -> Bool {
        let result = withUnsafeBytes(of: member) { member in
            var key = MDB_val(
                mv_size: key.count,
                mv_data: UnsafeMutableRawPointer(mutating: key.baseAddress)
            )
            var value = MDB_val(
                mv_size: member.count,
                mv_data: UnsafeMutableRawPointer(mutating: member.baseAddress)
            )
            return mdb_del(handle, database.index, &key, &value)
        }
        if result == MDB_NOTFOUND { return false }
        try environment.check(result, "mdb_del in \(database.name)")
        return true
    }

    private func put(
        _ key: UnsafeRawBufferPointer,
        _ value: UnsafeRawBufferPointer,
        _ database: Database,
        _ options: PutOptions
    ) -> Int32 {
        var key = MDB_val(
            mv_size: key.count,
            mv_data: UnsafeMutableRawPointer(mutating: key.baseAddress)
        )
        var value = MDB_val(
            mv_size: value.count,
            mv_data: UnsafeMutableRawPointer(mutating: value.baseAddress)
        )
        return mdb_put(handle, database.index, &key, &value, options.rawValue)
    }

    /// Appends to a database for as long as this transaction lasts.
    package mutating func appender(to database: Database) throws(LMDBError) -> AppendCursor {
        var cursor: OpaquePointer?
        try environment.check(
            mdb_cursor_open(handle, database.index, &cursor),
            "mdb_cursor_open"
        )
        // LMDB closes the cursors of a write transaction at its end.
        return AppendCursor(handle: cursor!, environment: environment)
    }

    /// Removes a key of 1 to 511 bytes with all that is under it.
    /// - Returns: whether it was there.
    @discardableResult
    package mutating func remove(
        _ key: UnsafeRawBufferPointer,
        from database: Database
    ) throws(LMDBError) -> Bool {
        var item = MDB_val(
            mv_size: key.count,
            mv_data: UnsafeMutableRawPointer(mutating: key.baseAddress)
        )
        let result = mdb_del(handle, database.index, &item, nil)
        if result == MDB_NOTFOUND { return false }
        try environment.check(result, "mdb_del in \(database.name)")
        return true
    }

    /// Removes a 64 bit key with all that is under it.
    /// - Returns: whether it was there.
    @discardableResult
    package mutating func remove(_ key: UInt64, from database: Database) throws(LMDBError) -> Bool {
        var key = key
        let result = withUnsafeMutableBytes(of: &key) { bytes in
            var item = MDB_val(mv_size: bytes.count, mv_data: bytes.baseAddress)
            return mdb_del(handle, database.index, &item, nil)
        }
        if result == MDB_NOTFOUND { return false }
        try environment.check(result, "mdb_del in \(database.name)")
        return true
    }
}

extension WriteTransaction {
    /// A second value for the same transaction, for a wrapper that adds meaning to it. The caller
    /// sees to it that it does not outlive the closure of ``Environment/write(_:)``.
    package init(sharing other: borrowing WriteTransaction) {
        self.init(other.handle, other.environment)
    }
}

extension Environment {
    /// Like ``check(_:_:)``, for what is called often: a text that names the database, made when it
    /// is needed, takes memory also when it is not.
    func checkGet(_ result: Int32, _ database: borrowing Database) throws(LMDBError) {
        if result != 0 { throw failedGet(result, database.name) }
    }

    @inline(never)
    private func failedGet(_ result: Int32, _ name: String) -> LMDBError {
        LMDBError(.init(rawValue: result), "mdb_get in \(name)", path: path)
    }
}
