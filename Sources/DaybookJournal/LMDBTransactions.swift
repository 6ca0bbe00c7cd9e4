import DaybookFormat
import LMDB

/// The write transaction of an ``LMDBStore``.
final class LMDBWriter: StoreWriter {
    let reader: any StoreReader
    private var transaction: WriteTransaction
    private let databases: LMDBStore.Databases
    // One thread uses a writer, and none of its methods calls another: the check at run time would
    // find nothing, and costs as much as a put.
    @exclusivity(unchecked) private var entries: AppendCursor
    @exclusivity(unchecked) private var payloads: AppendCursor
    @exclusivity(unchecked) private var histories: AppendCursor

    /// The last entry that was appended: only its payloads are the last record.
    private var newest: UInt64?

    /// Whether there is something to commit.
    private(set) var hasWritten = false
    /// Whether it says that the journal goes on in another file.
    private(set) var hasMarked = false

    init(
        _ transaction: borrowing WriteTransaction,
        _ databases: LMDBStore.Databases
    ) throws(LMDBError) {
        reader = LMDBReader(transaction, databases)
        var shared = WriteTransaction(sharing: transaction)
        entries = try shared.appender(to: databases.entries)
        payloads = try shared.appender(to: databases.payloads)
        histories = try shared.appender(to: databases.histories)
        self.transaction = shared
        self.databases = databases
    }

    func append(entry: UnsafeRawBufferPointer, at sequence: UInt64) throws {
        try entries.append(entry, for: sequence)
        newest = sequence
    }

    func put(payloads: UnsafeRawBufferPointer, of sequence: UInt64) throws {
        if sequence == newest {
            try self.payloads.append(payloads, for: sequence)
        } else {
            // Those of an entry that is erased.
            try transaction.put(payloads, in: databases.payloads, for: sequence)
        }
    }

    func append(toHistoryOf stream: UInt64, _ sequence: UInt64) throws {
        try histories.append(member: sequence, of: stream)
    }

    func put(executionRow: UnsafeRawBufferPointer, for id: String) throws {
        var id = id
        try id.withUTF8 {
            try transaction.put(
                executionRow,
                in: databases.executions,
                for: UnsafeRawBufferPointer($0)
            )
        }
    }

    func put(_ number: UInt64, onList list: [UInt8]) throws {
        try list.withUnsafeBytes {
            try transaction.put(member: number, in: databases.lists, for: $0)
        }
    }

    func remove(_ number: UInt64, fromList list: [UInt8]) throws {
        try list.withUnsafeBytes { key in
            _ = try transaction.remove(member: number, from: databases.lists, for: key)
        }
    }

    func put(position: UInt64, of name: String) throws {
        var name = name
        try name.withUTF8 { name in
            try withUnsafeBytes(of: position.littleEndian) {
                try transaction.put($0, in: databases.positions, for: UnsafeRawBufferPointer(name))
            }
        }
    }

    func removePosition(_ name: String) throws {
        var name = name
        try name.withUTF8 { name in
            _ = try transaction.remove(UnsafeRawBufferPointer(name), from: databases.positions)
        }
    }

    func put(tile: UnsafeRawBufferPointer, level: UInt8, index: UInt64) throws {
        try tileKey(level, index).withUnsafeBytes {
            try transaction.put(tile, in: databases.tiles, for: $0)
        }
    }

    func put(meta: UnsafeRawBufferPointer, for key: String) throws {
        // Every batch ends with it.
        hasWritten = true
        if key == SupersededMark.key { hasMarked = true }
        var key = key
        try key.withUTF8 {
            try transaction.put(meta, in: databases.meta, for: UnsafeRawBufferPointer($0))
        }
    }

    func append(tombstones: [UInt8], for key: UInt64) throws {
        guard let pruned = databases.pruned else {
            throw JournalError(.readOnly, "this file has no place for what is pruned")
        }
        try tombstones.withUnsafeBytes {
            try transaction.put($0, in: pruned, for: key, .append)
        }
    }
}

/// Lookups in a transaction of either kind.
struct LMDBReader: StoreReader, Transaction {
    let handle: OpaquePointer
    let environment: Environment
    let databases: LMDBStore.Databases

    init(_ transaction: borrowing some Transaction & ~Copyable, _ databases: LMDBStore.Databases) {
        handle = transaction.handle
        environment = transaction.environment
        self.databases = databases
    }

    func commitNumber() -> UInt64? { commitNumber }

    func entryCount() throws -> UInt64 {
        try withCursor(in: databases.entries) { cursor in
            guard try cursor.move(.last) else { return 0 }
            let last = try integer(cursor.key, "entries")
            guard last < .max else {
                throw JournalError.integrity(last, "no journal has so many entries")
            }
            return last + 1
        }
    }

    func withEntry<Result>(
        _ sequence: UInt64,
        _ body: (UnsafeRawBufferPointer) throws -> Result
    ) throws -> Result? {
        try with(sequence, in: databases.entries, body)
    }

    func withPayloads<Result>(
        of sequence: UInt64,
        _ body: (UnsafeRawBufferPointer) throws -> Result
    ) throws -> Result? {
        try with(sequence, in: databases.payloads, body)
    }

    private func with<Result>(
        _ sequence: UInt64,
        in database: Database,
        _ body: (UnsafeRawBufferPointer) throws -> Result
    ) throws -> Result? {
        guard let span = try value(in: database, for: sequence) else { return nil }
        return try span.withUnsafeBytes(body)
    }

    func scanEntries(
        from sequence: UInt64,
        _ body: (UInt64, UnsafeRawBufferPointer) throws -> Bool
    ) throws {
        try withCursor(in: databases.entries) { cursor in
            var next = sequence
            var more = try cursor.move(toKeyFrom: sequence)
            while more {
                let key = try integer(cursor.key, "entries")
                guard key >= next, key < .max else {
                    throw damaged("the key \(key) of `entries` is out of order")
                }
                next = key + 1
                guard try cursor.value.withUnsafeBytes({ try body(key, $0) }) else { return }
                more = try cursor.move(.next)
            }
        }
    }

    func scanPayloads(from sequence: UInt64, _ body: (UInt64) throws -> Bool) throws {
        try withCursor(in: databases.payloads) { cursor in
            var more = try cursor.move(toKeyFrom: sequence)
            while more {
                guard try body(integer(cursor.key, "payloads")) else { return }
                more = try cursor.move(.next)
            }
        }
    }

    func scanHistory(
        of stream: UInt64,
        from sequence: UInt64,
        _ body: (UInt64) throws -> Bool
    ) throws {
        try withCursor(in: databases.histories) { cursor in
            var more = try cursor.move(toMemberFrom: sequence, of: stream)
            while more, try integer(cursor.key, "histories") == stream {
                guard try body(integer(cursor.value, "histories")) else { return }
                more = try cursor.move(.next)
            }
        }
    }

    func scanHistories(
        from stream: UInt64,
        _ body: (UInt64, UInt64) throws -> Bool
    ) throws {
        try withCursor(in: databases.histories) { cursor in
            var more = try cursor.move(toKeyFrom: stream)
            while more {
                let key = try integer(cursor.key, "histories")
                guard try body(key, integer(cursor.value, "histories")) else { return }
                more = try cursor.move(.next)
            }
        }
    }

    func stream(from number: UInt64) throws -> UInt64? {
        try withCursor(in: databases.histories) { cursor in
            guard try cursor.move(toKeyFrom: number) else { return nil }
            return try integer(cursor.key, "histories")
        }
    }

    func stream(before number: UInt64) throws -> UInt64? {
        try withCursor(in: databases.histories) { cursor in
            let isInside = try cursor.move(toKeyFrom: number)
            guard try cursor.move(isInside ? .previous : .last) else { return nil }
            let found = try integer(cursor.key, "histories")
            guard found < number else {
                throw damaged("the key \(found) of `histories` is out of order")
            }
            return found
        }
    }

    func historyEnd(of stream: UInt64) throws -> HistoryEnd? {
        try withCursor(in: databases.histories) { cursor in
            guard try cursor.move(toKey: stream) else { return nil }
            let count = try cursor.memberCount()
            guard try cursor.move(.lastMember) else { return nil }
            return HistoryEnd(count: UInt64(count), last: try integer(cursor.value, "histories"))
        }
    }

    func withExecutionRow<Result>(
        _ id: String,
        _ body: (UnsafeRawBufferPointer) throws -> Result
    ) throws -> Result? {
        var key = id
        let result: Result? = try key.withUTF8 { key in
            let key = UnsafeRawBufferPointer(key)
            guard let row = try value(in: databases.executions, for: key) else { return nil }
            return try row.withUnsafeBytes(body)
        }
        if result == nil { try checkMiss(of: id) }
        return result
    }

    /// Makes sure that an id that is not found is not there.
    ///
    /// A key whose bytes have changed lies where it lay: a look for what it was ends beside it. So
    /// the two rows beside the place tell of it, at the same cost however many there are.
    private func checkMiss(of id: String) throws {
        var key = id
        try key.withUTF8 { wanted in
            let wanted = UnsafeRawBufferPointer(wanted)
            try withCursor(in: databases.executions) { cursor in
                let isInside = try cursor.move(toKeyFrom: wanted)
                if isInside { try check(cursor, id) { wanted.lexicographicallyPrecedes($0) } }
                guard try cursor.move(isInside ? .previous : .last) else { return }
                try check(cursor, id) { $0.lexicographicallyPrecedes(wanted) }
            }
        }
    }

    /// Checks the row at a cursor, and that its key lies where it has to beside an id's.
    private func check(
        _ cursor: borrowing Cursor,
        _ id: String,
        _ isInOrder: (UnsafeRawBufferPointer) -> Bool
    ) throws {
        try cursor.key.withUnsafeBytes { key in
            try cursor.value.withUnsafeBytes { row in
                guard isInOrder(key), ExecutionRowCheck.holds(for: row, of: key) else {
                    throw damaged(
                        "the row of \(String(decoding: key, as: UTF8.self)) in `executions` is not the one that was written, beside that of \(id)"
                    )
                }
            }
        }
    }

    func executionRow(before id: String) throws -> (id: String, row: [UInt8])? {
        try withCursor(in: databases.executions) { cursor in
            var id = id
            let isInside = try id.withUTF8 {
                try cursor.move(toKeyFrom: UnsafeRawBufferPointer($0))
            }
            guard try cursor.move(isInside ? .previous : .last) else { return nil }
            return (cursor.key.text, cursor.value.withUnsafeBytes { Array($0) })
        }
    }

    func meta(_ key: String) throws -> [UInt8]? {
        try bytes(in: databases.meta, key)
    }

    func tileCount() throws -> Int {
        try statistics(of: databases.tiles).entries
    }

    private func bytes(in database: Database, _ key: String) throws -> [UInt8]? {
        var key = key
        return try key.withUTF8 { bytes in
            guard let span = try value(in: database, for: UnsafeRawBufferPointer(bytes)) else {
                return nil
            }
            return span.withUnsafeBytes { Array($0) }
        }
    }

    func scanExecutions(
        after id: String?,
        _ body: (String, UnsafeRawBufferPointer) throws -> Bool
    ) throws {
        try withCursor(in: databases.executions) { cursor in
            var more: Bool
            if var id {
                more = try id.withUTF8 { try cursor.move(toKeyFrom: UnsafeRawBufferPointer($0)) }
                if more, cursor.key.text.utf8.elementsEqual(id.utf8) {
                    more = try cursor.move(.next)
                }
            } else {
                more = try cursor.move(.first)
            }
            while more {
                let found = cursor.key.text
                guard try cursor.value.withUnsafeBytes({ try body(found, $0) }) else { return }
                more = try cursor.move(.next)
            }
        }
    }

    func listed(_ list: [UInt8], atMost number: UInt64) throws -> UInt64? {
        try withCursor(in: databases.lists) { cursor in
            try list.withUnsafeBytes { key in
                if try cursor.move(toMemberFrom: number, of: key) {
                    let found = try integer(cursor.value, "lists")
                    if found == number { return found }
                    guard try cursor.move(.previousMember) else { return nil }
                } else {
                    guard try cursor.move(toKey: key), try cursor.move(.lastMember) else {
                        return nil
                    }
                }
                let found = try integer(cursor.value, "lists")
                guard found < number else {
                    throw damaged("the number \(found) of `lists` is out of order")
                }
                return found
            }
        }
    }

    func listed(_ list: [UInt8], atLeast number: UInt64) throws -> UInt64? {
        try withCursor(in: databases.lists) { cursor in
            try list.withUnsafeBytes { key in
                guard try cursor.move(toMemberFrom: number, of: key) else { return nil }
                let found = try integer(cursor.value, "lists")
                guard found >= number else {
                    throw damaged("the number \(found) of `lists` is out of order")
                }
                return found
            }
        }
    }

    func scanLists(_ body: (UnsafeRawBufferPointer, UInt64) throws -> Bool) throws {
        try withCursor(in: databases.lists) { cursor in
            var more = try cursor.move(.first)
            while more {
                let number = try integer(cursor.value, "lists")
                guard try cursor.key.withUnsafeBytes({ try body($0, number) }) else { return }
                more = try cursor.move(.next)
            }
        }
    }

    func position(_ name: String) throws -> UInt64? {
        var name = name
        return try name.withUTF8 { bytes in
            let key = UnsafeRawBufferPointer(bytes)
            guard let span = try value(in: databases.positions, for: key) else { return nil }
            return try integer(span, "positions")
        }
    }

    func scanPositions(_ body: (String, UInt64) throws -> Bool) throws {
        try withCursor(in: databases.positions) { cursor in
            var more = try cursor.move(.first)
            while more {
                guard try body(cursor.key.text, integer(cursor.value, "positions")) else { return }
                more = try cursor.move(.next)
            }
        }
    }

    func tombstone(of id: String) throws -> UInt64? {
        guard let pruned = databases.pruned else { return nil }
        let key = Tombstone(of: id, archive: 0).key
        let found = try with(key, in: pruned) { Tombstone.archive(of: id, in: $0) }
        return found ?? nil
    }

    func scanTombstones(_ body: (UInt64, [UInt8]) throws -> Bool) throws {
        guard let pruned = databases.pruned else { return }
        try withCursor(in: pruned) { cursor in
            var more = try cursor.move(.first)
            while more {
                let key = try integer(cursor.key, "pruned")
                guard try body(key, cursor.value.withUnsafeBytes { Array($0) }) else { return }
                more = try cursor.move(.next)
            }
        }
    }

    func tile(level: UInt8, index: UInt64) throws -> [TreeHash]? {
        try tileKey(level, index).withUnsafeBytes { key in
            guard let span = try value(in: databases.tiles, for: key) else { return nil }
            return span.withUnsafeBytes { TreeHash.all($0) }
        }
    }
}

extension LMDBReader {
    /// A number in a key or a set. A damaged page may hold anything else there.
    private func integer(
        _ span: borrowing RawSpan,
        _ database: String
    ) throws(JournalError) -> UInt64 {
        guard span.byteCount == 8 else {
            throw damaged("a number of `\(database)` has \(span.byteCount) bytes instead of 8")
        }
        return span.unsafeLoadUnaligned(as: UInt64.self)
    }

    private func damaged(_ what: String) -> JournalError {
        JournalError(
            .integrity,
            "\(what): a page of \(environment.path) is damaged; run `daybook verify`, and restore it from a backup"
        )
    }
}

extension RawSpan {
    fileprivate var text: String {
        withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
    }
}
