import CLMDB

/// A place in a database. It exists only inside ``Transaction/withCursor(in:_:)``.
@usableFromInline
package struct Cursor: ~Copyable {
    let handle: OpaquePointer
    let environment: Environment
    private var currentKey = MDB_val()
    private var currentValue = MDB_val()

    init(handle: OpaquePointer, environment: Environment) {
        self.handle = handle
        self.environment = environment
    }

    /// Where a cursor can go.
    package enum Move: Sendable {
        /// The first or the last item.
        case first, last
        /// The item after or before this one; from nowhere, the first or the last.
        case next, previous
        /// The first or the last member of the set under the key that it is at.
        case firstMember, lastMember
        /// The member after or before this one, under the same key.
        case nextMember, previousMember
        /// The first member of the next key.
        case nextKey

        var operation: MDB_cursor_op {
            switch self {
            case .first: MDB_FIRST
            case .last: MDB_LAST
            case .next: MDB_NEXT
            case .previous: MDB_PREV
            case .firstMember: MDB_FIRST_DUP
            case .lastMember: MDB_LAST_DUP
            case .nextMember: MDB_NEXT_DUP
            case .previousMember: MDB_PREV_DUP
            case .nextKey: MDB_NEXT_NODUP
            }
        }
    }

    /// Goes there.
    /// - Returns: false when there is nothing.
    package mutating func move(_ move: Move) throws(LMDBError) -> Bool {
        try get(move.operation)
    }

    /// Goes to the first key that is not less than a 64 bit one.
    package mutating func move(toKeyFrom key: UInt64) throws(LMDBError) -> Bool {
        try withKey(key, MDB_SET_RANGE)
    }

    /// Goes to exactly this 64 bit key, at its first member.
    package mutating func move(toKey key: UInt64) throws(LMDBError) -> Bool {
        try withKey(key, MDB_SET_KEY)
    }

    /// Goes to the first key that is not less than `key`.
    package mutating func move(toKeyFrom key: UnsafeRawBufferPointer) throws(LMDBError) -> Bool {
        currentKey = MDB_val(
            mv_size: key.count,
            mv_data: UnsafeMutableRawPointer(mutating: key.baseAddress)
        )
        return try get(MDB_SET_RANGE)
    }

    /// Goes to exactly this key, at its first member.
    package mutating func move(toKey key: UnsafeRawBufferPointer) throws(LMDBError) -> Bool {
        currentKey = MDB_val(
            mv_size: key.count,
            mv_data: UnsafeMutableRawPointer(mutating: key.baseAddress)
        )
        return try get(MDB_SET_KEY)
    }

    /// Goes to the first member, not less than `member`, of the set under `key`.
    package mutating func move(
        toMemberFrom member: UInt64,
        of key: UInt64
    ) throws(LMDBError) -> Bool {
        try withUnsafeBytes(of: key) { key throws(LMDBError) in
            try move(toMemberFrom: member, of: key)
        }
    }

    /// Goes to the first member, not less than `member`, of the set under a key of 1 to 511 bytes.
    package mutating func move(
        toMemberFrom member: UInt64,
        of key: UnsafeRawBufferPointer
    ) throws(LMDBError) -> Bool {
        var member = member
        let result = withUnsafeMutableBytes(of: &member) { memberBytes in
            currentKey = MDB_val(
                mv_size: key.count,
                mv_data: UnsafeMutableRawPointer(mutating: key.baseAddress)
            )
            currentValue = MDB_val(mv_size: memberBytes.count, mv_data: memberBytes.baseAddress)
            return mdb_cursor_get(handle, &currentKey, &currentValue, MDB_GET_BOTH_RANGE)
        }
        if result == MDB_NOTFOUND { return false }
        try environment.check(result, "mdb_cursor_get")
        // LMDB leaves the key as it was given, and that memory is gone by now.
        return try get(MDB_GET_CURRENT)
    }

    /// How many members the set under the key that it is at has.
    package func memberCount() throws(LMDBError) -> Int {
        var count = 0
        try environment.check(mdb_cursor_count(handle, &count), "mdb_cursor_count")
        return count
    }

    /// The key that the cursor is at.
    @usableFromInline
    package var key: RawSpan {
        @_lifetime(borrow self)
        get {
            _overrideLifetime(
                RawSpan(_unsafeStart: currentKey.mv_data, byteCount: currentKey.mv_size),
                borrowing: self
            )
        }
    }

    /// The value that the cursor is at.
    @usableFromInline
    package var value: RawSpan {
        @_lifetime(borrow self)
        get {
            _overrideLifetime(
                RawSpan(_unsafeStart: currentValue.mv_data, byteCount: currentValue.mv_size),
                borrowing: self
            )
        }
    }

    private mutating func withKey(
        _ key: UInt64,
        _ operation: MDB_cursor_op
    ) throws(LMDBError) -> Bool {
        var key = key
        let result = withUnsafeMutableBytes(of: &key) { bytes in
            currentKey = MDB_val(mv_size: bytes.count, mv_data: bytes.baseAddress)
            currentValue = MDB_val()
            return mdb_cursor_get(handle, &currentKey, &currentValue, operation)
        }
        return try check(result)
    }

    private mutating func get(_ operation: MDB_cursor_op) throws(LMDBError) -> Bool {
        // From a page of a damaged kind LMDB gives a key and no value.
        currentValue = MDB_val()
        return try check(mdb_cursor_get(handle, &currentKey, &currentValue, operation))
    }

    /// - Returns: whether something was found.
    private func check(_ result: Int32) throws(LMDBError) -> Bool {
        if result == MDB_NOTFOUND { return false }
        try environment.check(result, "mdb_cursor_get")
        try environment.checkFound(currentKey, atMost: PageWalk.longestKey, "a key")
        try environment.checkFound(currentValue, atMost: Environment.largestValue, "a value")
        return true
    }
}

/// Appends to a database through one cursor, which spares LMDB the setting up of one for each value.
///
/// It ends with its transaction, and must not be used after it.
package struct AppendCursor: ~Copyable {
    private let handle: OpaquePointer
    private let environment: Environment

    init(handle: OpaquePointer, environment: Environment) {
        self.handle = handle
        self.environment = environment
    }

    /// Puts a value under a 64 bit key that is greater than all others.
    /// - Throws: ``LMDBError/Code/keyExists`` for one that is not.
    package mutating func append(
        _ value: UnsafeRawBufferPointer,
        for key: UInt64
    ) throws(LMDBError) {
        try put(value, key, MDB_APPEND)
    }

    /// Puts a member into the set under a 64 bit key; it is greater than all others of the set.
    /// - Throws: ``LMDBError/Code/keyExists`` for one that is not.
    package mutating func append(member: UInt64, of key: UInt64) throws(LMDBError) {
        var member = member
        let result = withUnsafeMutableBytes(of: &member) { bytes in
            put(UnsafeRawBufferPointer(bytes), key: key, MDB_APPENDDUP)
        }
        try environment.check(result, "mdb_cursor_put")
    }

    private func put(
        _ value: UnsafeRawBufferPointer,
        _ key: UInt64,
        _ flags: Int32
    ) throws(LMDBError) {
        try environment.check(put(value, key: key, flags), "mdb_cursor_put")
    }

    private func put(_ value: UnsafeRawBufferPointer, key: UInt64, _ flags: Int32) -> Int32 {
        var key = key
        return withUnsafeMutableBytes(of: &key) { bytes in
            var key = MDB_val(mv_size: bytes.count, mv_data: bytes.baseAddress)
            var value = MDB_val(
                mv_size: value.count,
                mv_data: UnsafeMutableRawPointer(mutating: value.baseAddress)
            )
            return mdb_cursor_put(handle, &key, &value, UInt32(flags))
        }
    }
}
