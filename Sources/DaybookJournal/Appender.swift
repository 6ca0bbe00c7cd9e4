import DaybookFormat

/// What must be known of a journal to append to it: where it ends, and the edge of its tree.
struct Appender: Sendable {
    /// The most that an entry may have.
    static let entryLimit = 65_535
    /// `meta` keys.
    static let edgeKey = "edge"
    static let formatKey = "format"

    /// Where a journal ends: a few words, to go back to when a batch was not written.
    struct Edge: Sendable {
        /// The sequence that the next entry gets.
        fileprivate(set) var next: UInt64 = 0
        /// The time of the last entry.
        fileprivate(set) var lastTime = Timestamp(rawValue: 0)
        fileprivate(set) var tree = TreeBuilder()
        /// The hash of the last leaf: tells whether a batch is on the disk.
        fileprivate(set) var lastLeaf = TreeHash.empty
    }

    private(set) var edge = Edge()
    /// Where recently used histories end: a cache of what the store knows.
    private var ends: [UInt64: HistoryEnd] = [:]
    /// Beyond this the cache starts over.
    private static let endsLimit = 65_536
    /// What large payloads can share.
    var chunks = ChunkIndex()
    /// From which entry on no payload of a stream has bytes of other entries: a cache, for streams that are
    /// erased in many steps, from their ends.
    var erasedTails: [UInt64: UInt64] = [:]
    /// The tile of the last entry that was written, and not left out.
    private var lastKeptTile: UInt64?

    /// The sequence that the next entry gets.
    var next: UInt64 { edge.next }
    /// The time of the last entry.
    var lastTime: Timestamp { edge.lastTime }
    var tree: TreeBuilder { edge.tree }

    /// A journal without entries.
    init() {}

    /// Stands for the one that a batch has meanwhile; made once.
    static let none = Appender()

    /// Looks up where the journal in `reader` ends.
    init(_ reader: any StoreReader) throws {
        let count = try reader.entryCount()
        guard count > 0 else { return }
        edge.next = count
        edge.lastTime = try Self.entry(count - 1, reader) { $0.header.time }
        edge.tree = try TreeBuilder(size: count, reader)
    }

    private static func entry<Result>(
        _ sequence: UInt64,
        _ reader: any StoreReader,
        _ body: (EntryView) throws -> Result
    ) throws -> Result {
        let result = try reader.withEntry(sequence) { bytes in
            try body(decoding(sequence, bytes))
        }
        guard let result else { throw JournalError.integrity(sequence, "it is missing") }
        return result
    }

    static func decoding(
        _ sequence: UInt64,
        _ bytes: UnsafeRawBufferPointer
    ) throws(JournalError) -> EntryView {
        let view: EntryView
        do throws(WireError) {
            view = try EntryView(bytes)
        } catch {
            throw .integrity(sequence, "it cannot be read (\(error.reason))")
        }
        guard view.header.sequence == sequence else {
            throw .integrity(sequence, "it says of itself that it is \(view.header.sequence)")
        }
        return view
    }

    // MARK: Following

    /// Takes in the entries that others have appended, up to `limit` of them.
    /// - Parameter restart: takes in everything anew, where entries that were to be taken in are pruned meanwhile.
    /// - Returns: whether all were taken in.
    mutating func catchUp(
        _ reader: any StoreReader,
        limit: Int = .max,
        _ body: (EntryView, any StoreReader) throws -> Void,
        restart: (any StoreReader) throws -> Void
    ) throws -> Bool {
        var count = 0
        var isPruned = false
        try reader.scanEntries(from: next) { key, bytes in
            guard count < limit else { return false }
            guard key == next else {
                guard try key <= reader.horizon() else {
                    throw JournalError.integrity(next, "it is missing")
                }
                isPruned = true
                return false
            }
            let view = try Self.decoding(key, bytes)
            guard view.header.ordinal < .max else {
                throw JournalError.integrity(key, "no stream has so many entries")
            }
            try body(view, reader)
            edge.next += 1
            edge.lastTime = view.header.time
            edge.lastLeaf = .leaf(bytes)
            edge.tree.append(edge.lastLeaf) { _ in }
            note(HistoryEnd(count: view.header.ordinal + 1, last: key), view.header.stream)
            try chunks.forget(view)
            count += 1
            return true
        }
        guard isPruned else { return count < limit }
        // What was open when this process last looked may have ended in what is gone.
        try restart(reader)
        reset(to: try Appender(reader).edge)
        return true
    }

    // MARK: Appending

    /// Writes an entry.
    /// - Parameters:
    ///   - buffer: holds the entry as it was written until it is changed.
    /// - Throws: ``JournalError/Code/entryTooLarge``, and then nothing was written; what the store
    ///   throws, after which the batch must end.
    mutating func append(
        _ draft: EntryDraft,
        at time: Timestamp,
        to writer: any StoreWriter,
        _ buffer: inout WireWriter
    ) throws {
        buffer.removeAll()
        var header = EntryHeader()
        header.sequence = edge.next
        header.time = time
        header.stream = draft.stream
        header.schema = draft.schema
        header.session = draft.session
        header.correlation = draft.correlation
        header.causation = draft.causation
        let end = try end(of: draft.stream, writer.reader)
        if let end {
            header.ordinal = end.count
            header.previous = end.last
        }
        draft.event.withUnsafeBytes {
            buffer.entry(header, draft.payloads, event: $0)
        }
        try Self.checkSize(buffer.count)
        try put(draft, after: end, buffer.bytes, writer)
        note(HistoryEnd(count: header.ordinal + 1, last: edge.next), draft.stream)
        try appendLeaf(of: buffer.bytes, to: writer)
        edge.lastTime = time
    }

    /// Writes an entry as it stands in another journal, with its payloads.
    /// - Throws: ``JournalError/Code/integrity`` when it is not the next one here; what the store throws.
    ///   The batch must end then.
    mutating func append(
        copied bytes: UnsafeRawBufferPointer,
        _ payloads: UnsafeRawBufferPointer?,
        to writer: any StoreWriter
    ) throws {
        let view = try Self.decoding(next, bytes)
        let header = view.header
        let end = try end(of: header.stream, writer.reader)
        guard header.time >= lastTime, header.ordinal == end?.count ?? 0,
            header.previous == end?.last ?? 0
        else {
            throw JournalError.integrity(next, "it does not follow from the entries before it")
        }
        try writer.append(entry: bytes, at: next)
        if let payloads { try writer.put(payloads: payloads, of: next) }
        try writer.append(toHistoryOf: header.stream.rawValue, next)
        note(HistoryEnd(count: header.ordinal + 1, last: next), header.stream)
        edge.lastTime = header.time
        try appendLeaf(of: bytes, to: writer)
    }

    /// Puts what stands in the tree in the place of entries that are left out: a tile is not kept that has none.
    mutating func append(pruned: PrunedHash, to writer: any StoreWriter) throws {
        func put(_ tile: TreeBuilder.Tile) throws {
            guard tile.level > 0 || lastKeptTile == tile.index else { return }
            try tile.hashes.withUnsafeBytes {
                try writer.put(tile: $0, level: tile.level, index: tile.index)
            }
        }
        switch pruned {
        case .leaf(let leaf): try edge.tree.append(leaf, put)
        case .tile(let root): try edge.tree.append(tile: root, put)
        }
        edge.next += pruned.count
    }

    /// Puts the tiles that are begun, of the levels of which hashes may be asked for that nothing else has.
    func putUnfinishedTiles(_ writer: any StoreWriter) throws {
        for tile in tree.unfinishedTiles where tile.level < 2 {
            try tile.hashes.withUnsafeBytes {
                try writer.put(tile: $0, level: tile.level, index: tile.index)
            }
        }
    }

    private mutating func appendLeaf(
        of bytes: UnsafeRawBufferPointer,
        to writer: any StoreWriter
    ) throws {
        edge.lastLeaf = .leaf(bytes)
        lastKeptTile = edge.next >> 8
        try edge.tree.append(edge.lastLeaf) { tile throws(any Error) in
            try tile.hashes.withUnsafeBytes {
                try writer.put(tile: $0, level: tile.level, index: tile.index)
            }
        }
        edge.next += 1
    }

    private static func checkSize(_ size: Int) throws(JournalError) {
        guard size <= entryLimit else {
            throw JournalError(
                .entryTooLarge,
                "an entry of \(size) bytes was asked for, and an entry has at most \(entryLimit); shorten the names in it, or move text into a payload"
            )
        }
    }

    private mutating func put(
        _ draft: EntryDraft,
        after end: HistoryEnd?,
        _ bytes: UnsafeRawBufferPointer,
        _ writer: any StoreWriter
    ) throws {
        try writer.append(entry: bytes, at: edge.next)
        if let payloads = draft.payloads {
            // What says that a stream is erased has nothing in common with what is.
            let isWhole =
                try payloads.byteCount >= chunks.leastSize
                && EntryView(bytes).event == EventKind.payloadsErased.rawValue
            let sliced =
                isWhole
                ? nil
                : try chunks.record(
                    of: payloads,
                    at: edge.next,
                    in: draft.stream.rawValue,
                    after: end,
                    writer.reader
                )
            try (sliced ?? payloads.record).withUnsafeBytes {
                try writer.put(payloads: $0, of: edge.next)
            }
        }
        try writer.append(toHistoryOf: draft.stream.rawValue, edge.next)
    }

    private func end(of stream: StreamID, _ reader: any StoreReader) throws -> HistoryEnd? {
        if let end = ends[stream.rawValue] { return end }
        // A stream begins with the entry whose sequence is its number.
        if stream.rawValue == edge.next { return nil }
        return try reader.historyEnd(of: stream.rawValue)
    }

    private mutating func note(_ end: HistoryEnd, _ stream: StreamID) {
        if ends.count >= Self.endsLimit { ends.removeAll(keepingCapacity: true) }
        ends[stream.rawValue] = end
    }

    /// Goes to where the journal is known to end, whatever a batch has left here.
    mutating func reset(to edge: Edge) {
        self.edge = edge
        ends.removeAll(keepingCapacity: true)
        chunks.removeAll()
        erasedTails = [:]
    }

    /// Writes the tree's edge, once for a batch.
    func finish(_ writer: any StoreWriter, buffer: inout WireWriter) throws {
        buffer.removeAll()
        buffer.varint(next, Wire.TreeEdge.size)
        tree.root.withBytes { buffer.bytes($0, Wire.TreeEdge.root) }
        let leaves = tree.lastLeaves
        withUnsafeTemporaryAllocation(byteCount: 4 * leaves.count, alignment: 4) { prefixes in
            for (index, leaf) in leaves.enumerated() {
                leaf.withBytes {
                    prefixes.storeBytes(
                        of: $0.loadUnaligned(as: UInt32.self),
                        toByteOffset: 4 * index,
                        as: UInt32.self
                    )
                }
            }
            buffer.bytes(UnsafeRawBufferPointer(prefixes), Wire.TreeEdge.leaves)
        }
        if let commit = writer.reader.commitNumber() { buffer.varint(commit, Wire.TreeEdge.commit) }
        try writer.put(meta: buffer.bytes, for: Self.edgeKey)
    }
}
