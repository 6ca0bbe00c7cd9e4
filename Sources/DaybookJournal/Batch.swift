import DaybookFormat

/// The right to append, inside ``Journal/write(follow:restart:_:)``. Not to be kept.
package final class Batch {
    /// The time of the entries of this batch: never before the last entry.
    package let now: Timestamp
    @exclusivity(unchecked) private(set) var appender: Appender
    private let first: UInt64
    /// Something was written that is no entry.
    private var hasChanged = false
    let writer: any StoreWriter
    /// Lookups that see what the batch has written so far.
    package var reader: any StoreReader { writer.reader }
    @exclusivity(unchecked) private var buffer = WireWriter(capacity: 1 << 12)
    /// What the store refused. Once it has, nothing more can be appended and the batch must end.
    package private(set) var failure: (any Error)?

    init(_ appender: Appender, _ writer: any StoreWriter, _ time: Timestamp) {
        self.appender = appender
        first = appender.next
        self.writer = writer
        now = max(time, appender.lastTime)
    }

    /// The sequence that the next entry gets.
    package var nextSequence: UInt64 { appender.next }

    /// Appends an entry.
    /// - Parameter body: sees the entry as it was written.
    /// - Returns: its sequence.
    /// - Throws: ``JournalError/Code/entryTooLarge``: nothing was written, and the batch may go on.
    ///   What the store or `body` throws: then ``failure`` is set.
    @discardableResult
    package func append(
        _ draft: EntryDraft,
        _ body: (EntryView) throws -> Void
    ) throws -> UInt64 {
        if let failure { throw failure }
        let sequence = appender.next
        do {
            try appender.append(draft, at: now, to: writer, &buffer)
            let entry = try EntryView(buffer.bytes)
            if entry.event == EventKind.payloadsErased.rawValue {
                try appender.erase(entry, writer)
            }
            try body(entry)
            return sequence
        } catch let error as JournalError where error.code == .entryTooLarge {
            throw error
        } catch {
            failure = error
            throw error
        }
    }

    /// Appends an entry as it stands in another journal, with its payloads.
    /// - Throws: ``JournalError/Code/integrity`` when it is not the next one here; what the store throws.
    ///   Then ``failure`` is set.
    package func append(
        copied bytes: UnsafeRawBufferPointer,
        payloads: UnsafeRawBufferPointer?
    ) throws {
        if let failure { throw failure }
        do {
            try appender.append(copied: bytes, payloads, to: writer)
            let entry = try EntryView(bytes)
            if entry.event == EventKind.payloadsErased.rawValue {
                try appender.erase(entry, writer)
            }
        } catch {
            failure = error
            throw error
        }
    }

    /// Appends nothing, and what the tree has in the place of entries that are left out.
    /// - Throws: what the store throws: then ``failure`` is set.
    package func append(pruned: PrunedHash) throws {
        try change { try appender.append(pruned: pruned, to: writer) }
    }

    /// Puts a record of tombstones; its key is greater than all before.
    /// - Throws: what the store throws: then ``failure`` is set.
    package func append(tombstones: [UInt8], for key: UInt64) throws {
        try change { try writer.append(tombstones: tombstones, for: key) }
    }

    /// Says what the file lacks of the entries, with what the tree needs in their place.
    /// - Throws: what the store throws: then ``failure`` is set.
    package func put(_ pruning: ProtoPruning) throws {
        try change {
            try appender.putUnfinishedTiles(writer)
            try pruning.encoded().withUnsafeBytes {
                try writer.put(meta: $0, for: Journal.pruningKey)
            }
        }
    }

    /// The size and root of the tree as the batch leaves it.
    package var head: TreeState { TreeState(size: appender.next, root: appender.tree.root) }

    /// Writes the row of an execution's id, and moves the id from list to list.
    /// - Throws: what the store throws: then ``failure`` is set.
    package func put(_ row: ExecutionIndexRow) throws {
        if let failure { throw failure }
        do {
            try row.row.withUnsafeBytes { try writer.put(executionRow: $0, for: row.id) }
            if let list = row.leaves { try writer.remove(row.listed, fromList: list) }
            for list in row.joins { try writer.put(row.listed, onList: list) }
        } catch {
            failure = error
            throw error
        }
    }

    /// Keeps how far the reader of a name has come.
    /// - Throws: what the store throws: then ``failure`` is set.
    package func put(position: UInt64, of name: String) throws {
        try change { try writer.put(position: position, of: name) }
    }

    /// Forgets the reader of a name.
    /// - Throws: what the store throws: then ``failure`` is set.
    package func removePosition(_ name: String) throws {
        try change { try writer.removePosition(name) }
    }

    private func change(_ body: () throws -> Void) throws {
        if let failure { throw failure }
        hasChanged = true
        do {
            try body()
        } catch {
            failure = error
            throw error
        }
    }

    func finish() throws {
        if let failure { throw failure }
        // What every commit writes says which one it is, also where it adds no entry.
        if appender.next > first || hasChanged { try appender.finish(writer, buffer: &buffer) }
    }
}
