import DaybookFormat
import DaybookJournal

/// Order and hashes of the entries.
struct EntryAudit {
    private(set) var tree: TreeRecorder? = TreeRecorder()
    private var lastTime = Timestamp(rawValue: 0)
    private var ends: [StreamID: HistoryEnd] = [:]
    private var isDense = true

    typealias Note = (UInt64?, String) -> Void

    /// Adds a leaf, and compares it with what was recorded of it.
    mutating func append(
        _ sequence: UInt64,
        _ bytes: UnsafeRawBufferPointer,
        _ edge: TreeEdge?,
        _ reader: any StoreReader,
        tiles: inout Int,
        _ notes: ProblemNotes
    ) throws {
        guard tree?.size == sequence else {
            // An entry is missing: no hash after it can be right.
            tree = nil
            return
        }
        let leaf = TreeHash.leaf(bytes)
        if let edge, let prefix = edge.prefix(of: sequence), prefix != Array(leaf.bytes.prefix(4)) {
            notes.entries(sequence, "its bytes are not those that were written (its hash differs)")
        }
        var full: [Tile] = []
        tree?.append(leaf) { full.append(($0, $1, $2)) }
        try compare(full, reader, tiles: &tiles, notes)
    }

    /// Adds what stands in the place of entries that are pruned.
    mutating func append(
        _ pruned: PrunedHash,
        at sequence: UInt64,
        _ reader: any StoreReader,
        tiles: inout Int,
        _ notes: ProblemNotes
    ) throws {
        guard tree?.size == sequence else {
            tree = nil
            return
        }
        var full: [Tile] = []
        tree?.append(pruned) { full.append(($0, $1, $2)) }
        try compare(full, reader, tiles: &tiles, notes)
    }

    private typealias Tile = (level: UInt8, index: UInt64, hashes: [TreeHash])

    private func compare(
        _ full: [Tile],
        _ reader: any StoreReader,
        tiles: inout Int,
        _ notes: ProblemNotes
    ) throws {
        for tile in full {
            tiles += 1
            guard let stored = try reader.tile(level: tile.level, index: tile.index) else {
                notes.tiles(nil, "the tile \(tile.level)/\(tile.index) is missing")
                continue
            }
            compare(stored, tile, notes)
        }
    }

    private func compare(
        _ stored: [TreeHash],
        _ tile: (level: UInt8, index: UInt64, hashes: [TreeHash]),
        _ notes: ProblemNotes
    ) {
        guard stored != tile.hashes else { return }
        guard stored.count == tile.hashes.count, tile.level == 0 else {
            notes.tiles(nil, "the tile \(tile.level)/\(tile.index) is not that of the entries")
            return
        }
        for (place, (left, right)) in zip(stored, tile.hashes).enumerated() where left != right {
            notes.leaves(
                tile.index * 256 + UInt64(place),
                "its bytes are not those that were written (its hash differs from the tile's)"
            )
        }
    }

    /// Compares the root with the record of the last commit.
    /// - Returns: whether the entries are those that were written, every one.
    func check(_ edge: TreeEdge, _ count: UInt64, _ note: Note) -> Bool {
        guard edge.size == count, let tree else { return false }
        if tree.root.bytes == edge.root { return true }
        note(nil, "the root of the tree is not the one that was recorded")
        return false
    }

    /// Checks number, time and chain.
    mutating func checkHeader(_ view: EntryView, at sequence: UInt64, _ note: Note) {
        let header = view.header
        if header.sequence != sequence {
            note(sequence, "it says of itself that it is \(header.sequence)")
        }
        if header.time < lastTime { note(sequence, "its time is before that of the entry before") }
        lastTime = max(lastTime, header.time)
        let stream = header.stream
        let end = ends[stream] ?? HistoryEnd(count: 0, last: 0)
        if header.ordinal != end.count || header.previous != end.last {
            note(
                sequence,
                "it is not where it says in stream \(stream): an entry was left out, added or moved"
            )
        }
        ends[stream] = HistoryEnd(count: header.ordinal &+ 1, last: sequence)
    }
}
