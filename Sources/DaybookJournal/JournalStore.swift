/// Where a journal's databases are kept: LMDB in the product, memory in tests and simulations.
///
/// A store knows keys and bytes. What they mean, their order and their integrity are the
/// journal's. One writer at a time, over all processes that share the store; readers see the state
/// between two writes.
package protocol JournalStore: Sendable {
    /// The folder or another name, for messages.
    var location: String { get }

    /// Runs `body` on a consistent view.
    func read<Result>(_ body: (any StoreReader) throws -> Result) throws -> Result

    /// Runs `body` as the only writer, then makes what it wrote durable, all or nothing.
    /// - Throws: what `body` throws, and then nothing is written; ``JournalError`` otherwise, of
    ///   which only ``JournalError/Code/outcomeUnknown`` leaves open whether it was written.
    func write<Result>(_ body: (any StoreWriter) throws -> Result) throws -> Result

    /// Opens the store again after a write whose outcome is unknown.
    func reopen() throws

    /// Whether the place that it is kept in is as good as full.
    func isOutOfRoom() throws -> Bool

    /// Whether another process has written something that readers cannot see yet: whoever follows
    /// the store asks before each look, and looks again later if so.
    func hasUnpublishedCommit() throws -> Bool

    /// Ends the use of the store.
    func close()
}

extension JournalStore {
    /// Never, for a store that does not know.
    package func isOutOfRoom() throws -> Bool { false }

    /// Never, for a store whose readers see at once what is written.
    package func hasUnpublishedCommit() throws -> Bool { false }
}

/// What can be looked up in a store. Valid only inside the closure that it is given to.
package protocol StoreReader {
    /// One more than the last entry's sequence.
    func entryCount() throws -> UInt64
    /// The number by which the store counts the commit that is looked at; inside a write, the one
    /// that it is to become. Nil: the store does not count, or has begun anew.
    func commitNumber() -> UInt64?
    /// Runs `body` on an entry's bytes.
    /// - Returns: nil when there is no such entry.
    func withEntry<Result>(
        _ sequence: UInt64,
        _ body: (UnsafeRawBufferPointer) throws -> Result
    ) throws -> Result?
    /// Runs `body` on entries in order, from `sequence` on, until it returns false.
    func scanEntries(
        from sequence: UInt64,
        _ body: (UInt64, UnsafeRawBufferPointer) throws -> Bool
    ) throws
    /// Runs `body` on the payload record of an entry.
    /// - Returns: nil when there is none.
    func withPayloads<Result>(
        of sequence: UInt64,
        _ body: (UnsafeRawBufferPointer) throws -> Result
    ) throws -> Result?
    /// Runs `body` on the sequences with payload records in order, from `sequence` on, until it
    /// returns false.
    func scanPayloads(from sequence: UInt64, _ body: (UInt64) throws -> Bool) throws
    /// Runs `body` on a stream's sequences in order, from `sequence` on, until it returns false.
    func scanHistory(
        of stream: UInt64,
        from sequence: UInt64,
        _ body: (UInt64) throws -> Bool
    ) throws
    /// Runs `body` on all pairs of stream and sequence, in order, from those of `stream` on,
    /// until it returns false.
    func scanHistories(from stream: UInt64, _ body: (UInt64, UInt64) throws -> Bool) throws
    /// The first stream whose number is not less than `number`.
    func stream(from number: UInt64) throws -> UInt64?
    /// The last stream whose number is less than `number`.
    func stream(before number: UInt64) throws -> UInt64?
    /// How many entries a stream has, and the last of them.
    func historyEnd(of stream: UInt64) throws -> HistoryEnd?
    /// Runs `body` on the row of an execution's id.
    /// - Returns: nil when there is none.
    /// - Throws: ``JournalError/Code/integrity``, also where the rows beside its place say that one may
    ///   have been there; what `body` throws.
    func withExecutionRow<Result>(
        _ id: String,
        _ body: (UnsafeRawBufferPointer) throws -> Result
    ) throws -> Result?
    /// The last id before another one, in order of their bytes, and its row.
    func executionRow(before id: String) throws -> (id: String, row: [UInt8])?
    /// Runs `body` on ids and rows in order of the ids' bytes, after `id`, until it returns false.
    func scanExecutions(
        after id: String?,
        _ body: (String, UnsafeRawBufferPointer) throws -> Bool
    ) throws
    /// The greatest number on a list that is not greater than `number`; nil: there is none.
    func listed(_ list: [UInt8], atMost number: UInt64) throws -> UInt64?
    /// The least number on a list that is not less than `number`; nil: there is none.
    func listed(_ list: [UInt8], atLeast number: UInt64) throws -> UInt64?
    /// Runs `body` on all lists and their numbers, in the order of the lists' keys, until it returns
    /// false.
    func scanLists(_ body: (UnsafeRawBufferPointer, UInt64) throws -> Bool) throws
    /// How far the reader of that name has come; nil: there is none.
    func position(_ name: String) throws -> UInt64?
    /// Runs `body` on all positions in the order of their names, until it returns false.
    func scanPositions(_ body: (String, UInt64) throws -> Bool) throws
    /// A full tile. In a file that is pruned also one with the hashes that there were then; and those of which all entries
    /// are gone are not there.
    func tile(level: UInt8, index: UInt64) throws -> [TreeHash]?
    /// How many tiles are stored.
    func tileCount() throws -> Int
    /// A value of the `meta` database.
    func meta(_ key: String) throws -> [UInt8]?
    /// The archive that the execution of an id lies in, when it is pruned; nil: it is not.
    func tombstone(of id: String) throws -> UInt64?
    /// Runs `body` on the records of tombstones in the order of their keys, until it returns false.
    func scanTombstones(_ body: (UInt64, [UInt8]) throws -> Bool) throws
}

extension StoreReader {
    /// None, for a store that is never pruned.
    package func tombstone(of id: String) throws -> UInt64? { nil }
    /// None.
    package func scanTombstones(_ body: (UInt64, [UInt8]) throws -> Bool) throws {}
}

extension StoreReader {
    /// The row of an execution's id. See ``withExecutionRow(_:_:)``.
    package func executionRow(_ id: String) throws -> [UInt8]? {
        try withExecutionRow(id) { Array($0) }
    }
}

extension StoreReader {
    /// None, for a store that does not count.
    package func commitNumber() -> UInt64? { nil }
}

/// What can be written into a store. Valid only inside the closure that it is given to.
package protocol StoreWriter {
    /// Lookups that see what has been written so far.
    var reader: any StoreReader { get }
    /// Appends an entry; `sequence` is greater than all before.
    func append(entry: UnsafeRawBufferPointer, at sequence: UInt64) throws
    /// Puts the payload record of an entry: that of the newest one, or in the place of that of an earlier
    /// one.
    func put(payloads: UnsafeRawBufferPointer, of sequence: UInt64) throws
    /// Appends to a stream's history.
    func append(toHistoryOf stream: UInt64, _ sequence: UInt64) throws
    /// Puts the row of an execution's id.
    func put(executionRow: UnsafeRawBufferPointer, for id: String) throws
    /// Puts a number on a list.
    func put(_ number: UInt64, onList list: [UInt8]) throws
    /// Takes a number off a list.
    func remove(_ number: UInt64, fromList list: [UInt8]) throws
    /// Puts how far the reader of that name has come.
    func put(position: UInt64, of name: String) throws
    /// Takes a reader's position away.
    func removePosition(_ name: String) throws
    /// Puts a full tile.
    func put(tile: UnsafeRawBufferPointer, level: UInt8, index: UInt64) throws
    /// Puts a value of the `meta` database.
    func put(meta: UnsafeRawBufferPointer, for key: String) throws
    /// Appends a record of tombstones; its key is greater than all before.
    func append(tombstones: [UInt8], for key: UInt64) throws
}

extension StoreWriter {
    /// Refused, by a store that is never pruned.
    package func append(tombstones: [UInt8], for key: UInt64) throws {
        throw JournalError(.readOnly, "this store has no place for what is pruned")
    }
}

/// Where an execution's history ends.
package struct HistoryEnd: Equatable, Sendable {
    /// How many entries it has.
    package var count: UInt64
    /// The last of them.
    package var last: UInt64

    /// A history that has an end has at least one entry.
    package init(count: UInt64, last: UInt64) {
        self.count = count
        self.last = last
    }
}

/// The key of a tile: level, then index with its most significant byte first.
func tileKey(_ level: UInt8, _ index: UInt64) -> [UInt8] {
    var key = [level]
    withUnsafeBytes(of: index.bigEndian) { key.append(contentsOf: $0) }
    return key
}
