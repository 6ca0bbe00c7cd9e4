/// The right edge of the Merkle tree (RFC 6962), to which leaves are appended.
///
/// It holds the roots of the perfect subtrees that the size is made of, and, for each level of
/// tiles (c2sp.org/tlog-tiles), the hashes of the tile that is not yet full. Entry k of a tile of
/// level L is the root of a perfect subtree of 256^L leaves.
struct TreeBuilder: Sendable {
    /// Hashes in a full tile.
    static let tileWidth = 256

    /// A full tile.
    struct Tile: Sendable {
        let level: UInt8
        let index: UInt64
        let hashes: [TreeHash]
    }

    /// How many leaves the tree has.
    private(set) var size: UInt64 = 0
    /// Roots of the perfect subtrees, the largest first.
    private var subtrees: [TreeHash] = []
    /// The leaf hashes after the last full tile. Apart from the levels above, which change once in 256
    /// leaves: a copy of the edge that is kept for a batch then shares those.
    private(set) var lastLeaves: [TreeHash] = []
    /// The unfinished tile of each level from 1 on.
    private var edges: [[TreeHash]] = []

    /// Appends a leaf and hands over each tile that becomes full by it, from the lowest level.
    mutating func append<Failure: Error>(
        _ leaf: TreeHash,
        _ full: (Tile) throws(Failure) -> Void
    ) throws(Failure) {
        var root = leaf
        var height = 0
        try add(root, toTileOfLevel: 0, full)
        // Each low bit of the size is a subtree as high as the one that was just completed.
        while size >> UInt64(height) & 1 == 1 {
            root = .node(subtrees.removeLast(), root)
            height += 1
            if height % 8 == 0 { try add(root, toTileOfLevel: height / 8, full) }
        }
        subtrees.append(root)
        size += 1
    }

    /// Appends 256 leaves of which only the root is known, after full tiles, and hands over each tile above that becomes
    /// full by them.
    mutating func append<Failure: Error>(
        tile hash: TreeHash,
        _ full: (Tile) throws(Failure) -> Void
    ) throws(Failure) {
        precondition(lastLeaves.isEmpty, "a tile follows a full one")
        var root = hash
        var height = 8
        try add(root, toTileOfLevel: 1, full)
        while size >> UInt64(height) & 1 == 1 {
            root = .node(subtrees.removeLast(), root)
            height += 1
            if height % 8 == 0 { try add(root, toTileOfLevel: height / 8, full) }
        }
        subtrees.append(root)
        size += 256
    }

    private mutating func add<Failure: Error>(
        _ hash: TreeHash,
        toTileOfLevel level: Int,
        _ full: (Tile) throws(Failure) -> Void
    ) throws(Failure) {
        if level == 0 {
            try Self.add(hash, to: &lastLeaves, 0, size, full)
        } else {
            if level > edges.count { edges.append([]) }
            try Self.add(hash, to: &edges[level - 1], level, size, full)
        }
    }

    private static func add<Failure: Error>(
        _ hash: TreeHash,
        to tile: inout [TreeHash],
        _ level: Int,
        _ size: UInt64,
        _ full: (Tile) throws(Failure) -> Void
    ) throws(Failure) {
        tile.append(hash)
        guard tile.count == tileWidth else { return }
        let index = size >> UInt64(8 * (level + 1))
        try full(Tile(level: UInt8(level), index: index, hashes: tile))
        tile.removeAll(keepingCapacity: true)
    }

    /// The root of the tree.
    var root: TreeHash {
        guard var root = subtrees.last else { return .empty }
        for subtree in subtrees.dropLast().reversed() { root = .node(subtree, root) }
        return root
    }

    /// The tile of each level that is begun and not full.
    var unfinishedTiles: [Tile] {
        ([lastLeaves] + edges).enumerated().compactMap { level, hashes in
            hashes.isEmpty
                ? nil
                : Tile(
                    level: UInt8(level),
                    index: size >> UInt64(8 * (level + 1)),
                    hashes: hashes
                )
        }
    }

    /// Rebuilds the right edge of a tree of `size` leaves.
    /// - Parameters:
    ///   - known: another size of the same tree, whose hashes need not be computed again.
    ///   - tile: gives a full tile by level and index.
    ///   - leaf: gives a leaf hash; asked only for those after the last full tile.
    ///   - root: gives the root of a tile of level 0 that is not there by its index; nil: it is there.
    init(
        size: UInt64,
        known: TreeBuilder? = nil,
        tile: (UInt8, UInt64) throws -> [TreeHash],
        leaf: (UInt64) throws -> TreeHash,
        root pruned: (UInt64) throws -> TreeHash? = { _ in nil }
    ) throws {
        self.init()
        // Whole tiles of the highest level first: their roots are hashes one level up.
        var level = 0
        while level < 7, size >> UInt64(8 * (level + 1)) > 0 { level += 1 }
        edges = Array(repeating: [], count: level)
        var covered: UInt64 = 0
        for level in stride(from: level, through: 0, by: -1) {
            let span = UInt64(1) << UInt64(8 * level)
            while size - covered >= span {
                let index = covered >> UInt64(8 * level)
                let root =
                    if let root = known?.edgeHash(level: level, index: index) {
                        root
                    } else if level == 0 {
                        try leaf(index)
                    } else if level == 1, let root = try pruned(index) {
                        root
                    } else {
                        Self.root(of: try tile(UInt8(level - 1), index))
                    }
                appendSubtree(root, level: level)
                covered += span
            }
        }
        self.size = size
    }

    /// Rebuilds the right edge of the tree of the first `size` entries of a journal.
    /// - Throws: ``JournalError/Code/integrity``; errors of the store.
    init(size: UInt64, known: TreeBuilder? = nil, _ reader: any StoreReader) throws {
        let horizon = try reader.horizon()
        try self.init(size: size, known: known) { level, index in
            guard let tile = try reader.tile(level: level, index: index),
                tile.count == Self.tileWidth
            else {
                throw JournalError.integrity(nil, "tile \(level)/\(index) is missing or too short")
            }
            return tile
        } leaf: { sequence in
            try reader.withEntry(sequence) { TreeHash.leaf($0) }
                ?? (sequence < horizon ? reader.prunedLeaf(sequence) : nil)
                ?? { throw try reader.missing(sequence) }()
        } root: { index in
            guard (index + 1) << 8 <= horizon, try reader.tile(level: 0, index: index) == nil else {
                return nil
            }
            return try reader.prunedRoot(ofTile: index)
        }
    }

    /// An empty tree.
    init() {}

    private mutating func appendSubtree(_ hash: TreeHash, level: Int) {
        var root = hash
        var count: UInt64
        if level == 0 {
            count = UInt64(lastLeaves.count)
            lastLeaves.append(hash)
        } else {
            count = UInt64(edges[level - 1].count)
            edges[level - 1].append(hash)
        }
        while count & 1 == 1 {
            root = .node(subtrees.removeLast(), root)
            count >>= 1
        }
        subtrees.append(root)
    }

    /// A hash of the unfinished tile of a level.
    private func edgeHash(level: Int, index: UInt64) -> TreeHash? {
        guard level <= edges.count else { return nil }
        let tile = level == 0 ? lastLeaves : edges[level - 1]
        let first = (size >> UInt64(8 * (level + 1))) << 8
        guard index >= first, index - first < UInt64(tile.count) else { return nil }
        return tile[Int(index - first)]
    }

    /// The root over a number of hashes that is a power of two.
    private static func root(of hashes: [TreeHash]) -> TreeHash {
        var hashes = hashes
        var count = hashes.count
        while count > 1 {
            count /= 2
            for index in 0..<count {
                hashes[index] = .node(hashes[2 * index], hashes[2 * index + 1])
            }
        }
        return hashes[0]
    }
}

/// A Merkle tree that is grown leaf by leaf to be compared with another.
package struct TreeRecorder: Sendable {
    private var tree = TreeBuilder()

    /// The empty tree.
    package init() {}

    /// How many leaves it has.
    package var size: UInt64 { tree.size }
    /// Its root (RFC 6962).
    package var root: TreeHash { tree.root }
    /// The tile of each level that is begun and not full: level, index, hashes.
    package var unfinishedTiles: [(UInt8, UInt64, [TreeHash])] {
        tree.unfinishedTiles.map { ($0.level, $0.index, $0.hashes) }
    }

    /// Appends what stands in the place of entries that are pruned.
    package mutating func append(
        _ pruned: PrunedHash,
        _ full: (UInt8, UInt64, [TreeHash]) -> Void
    ) {
        switch pruned {
        case .leaf(let leaf): append(leaf, full)
        case .tile(let root): tree.append(tile: root) { full($0.level, $0.index, $0.hashes) }
        }
    }

    /// Appends a leaf hash and hands over each tile that becomes full by it: level, index, hashes.
    package mutating func append(
        _ leaf: TreeHash,
        _ full: (UInt8, UInt64, [TreeHash]) -> Void
    ) {
        tree.append(leaf) { full($0.level, $0.index, $0.hashes) }
    }
}
