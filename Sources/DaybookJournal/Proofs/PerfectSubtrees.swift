/// A Merkle tree (RFC 6962, 2.1), known by the roots of its perfect subtrees: of those that have a power
/// of two leaves, and begin at a multiple of it.
package protocol PerfectSubtrees {
    /// The root over the leaves from `index << height` on, `1 << height` of them.
    func root(height: Int, index: UInt64) throws -> TreeHash
}

extension PerfectSubtrees {
    /// The root of the tree of the first `size` leaves.
    package func root(size: UInt64) throws -> TreeHash {
        size == 0 ? .empty : try root(of: 0..<size)
    }

    /// The hashes that lead from a leaf to the root of the tree of the first `size` leaves, the lowest
    /// first: PATH of RFC 6962, 2.1.1.
    /// - Parameter index: less than `size`.
    package func inclusionProof(of index: UInt64, size: UInt64) throws -> [TreeHash] {
        precondition(index < size, "the leaf is in the tree")
        var path: [TreeHash] = []
        var range = 0..<size
        // From the root down; the proof is from the leaf up.
        while range.count > 1 {
            let middle = Self.middle(of: range)
            let (left, right) = (range.lowerBound..<middle, middle..<range.upperBound)
            path.append(try root(of: index < middle ? right : left))
            range = index < middle ? left : right
        }
        return path.reversed()
    }

    /// The hashes that show that the tree of the first `size` leaves begins with the tree of the first
    /// `old`: PROOF of RFC 6962, 2.1.2. Empty where the two are one, or the old one is empty.
    /// - Parameter old: at most `size`.
    package func consistencyProof(from old: UInt64, to size: UInt64) throws -> [TreeHash] {
        precondition(old <= size, "the old tree is not the larger one")
        guard old > 0, old < size else { return [] }
        var path: [TreeHash] = []
        var range = 0..<size
        while range.upperBound != old {
            let middle = Self.middle(of: range)
            if old <= middle {
                path.append(try root(of: middle..<range.upperBound))
                range = range.lowerBound..<middle
            } else {
                path.append(try root(of: range.lowerBound..<middle))
                range = middle..<range.upperBound
            }
        }
        // Who checks the proof has the root of the old tree: where that is a subtree it is not repeated.
        if range.lowerBound > 0 { path.append(try root(of: range)) }
        return path.reversed()
    }

    /// The hashes of the largest subtrees of the tree of the first `size` leaves that have none of some
    /// leaves, from left to right: with them the root follows from those leaves (``SubtreeProof``).
    /// - Parameter leaves: ascending, and less than `size`.
    package func rest(of leaves: [UInt64], size: UInt64) throws -> [TreeHash] {
        var rest: [TreeHash] = []
        // The last one is the next, from left to right.
        var left: [(range: Range<UInt64>, leaves: ArraySlice<UInt64>)] = []
        if size > 0 { left.append((0..<size, leaves[...])) }
        while let (range, leaves) = left.popLast() {
            if leaves.isEmpty {
                rest.append(try root(of: range))
            } else if range.upperBound - range.lowerBound > 1 {
                let middle = Self.middle(of: range)
                let split = leaves.partitioningIndex { $0 >= middle }
                left.append((middle..<range.upperBound, leaves[split...]))
                left.append((range.lowerBound..<middle, leaves[..<split]))
            }
        }
        return rest
    }

    /// - Parameter range: not empty; begins where the larger half of a tree ends.
    private func root(of range: Range<UInt64>) throws -> TreeHash {
        let count = range.upperBound - range.lowerBound
        guard count & (count - 1) != 0 else {
            let height = count.trailingZeroBitCount
            return try root(height: height, index: range.lowerBound >> UInt64(height))
        }
        let middle = Self.middle(of: range)
        return .node(
            try root(of: range.lowerBound..<middle),
            try root(of: middle..<range.upperBound)
        )
    }

    /// Where the larger half ends: the largest power of two below the number of leaves.
    private static func middle(of range: Range<UInt64>) -> UInt64 { SubtreeProof.middle(of: range) }
}

/// Proves of leaves of a tree, however many, that they are in it: what
/// ``PerfectSubtrees/rest(of:size:)`` gives.
package enum SubtreeProof {
    /// The root that follows from leaves and the rest of the tree.
    /// - Parameters:
    ///   - leaves: places and hashes, ascending by place.
    ///   - size: of the tree.
    ///   - rest: the hashes of the largest subtrees that have none of the leaves.
    /// - Returns: nil when they do not make up a tree of that size.
    package static func root(
        of leaves: [(place: UInt64, hash: TreeHash)],
        size: UInt64,
        rest: [TreeHash]
    ) -> TreeHash? {
        guard size > 0, zip(leaves, leaves.dropFirst()).allSatisfy({ $0.place < $1.place }),
            leaves.last.map({ $0.place < size }) ?? true
        else { return nil }
        var rest = rest[...]
        let root = root(of: 0..<size, leaves[...], &rest)
        return rest.isEmpty ? root : nil
    }

    /// No deeper than the tree is high.
    private static func root(
        of range: Range<UInt64>,
        _ leaves: ArraySlice<(place: UInt64, hash: TreeHash)>,
        _ rest: inout ArraySlice<TreeHash>
    ) -> TreeHash? {
        if leaves.isEmpty { return rest.popFirst() }
        guard range.upperBound - range.lowerBound > 1 else { return leaves.first?.hash }
        let middle = middle(of: range)
        let split = leaves.partitioningIndex { $0.place >= middle }
        guard let left = root(of: range.lowerBound..<middle, leaves[..<split], &rest),
            let right = root(of: middle..<range.upperBound, leaves[split...], &rest)
        else { return nil }
        return .node(left, right)
    }

    /// Where the larger half ends: the largest power of two below the number of leaves.
    static func middle(of range: Range<UInt64>) -> UInt64 {
        let count = range.upperBound - range.lowerBound
        return range.lowerBound + 1 << UInt64(63 - (count - 1).leadingZeroBitCount)
    }
}

extension ArraySlice {
    /// Where the elements begin for which something holds: behind all for which it does not.
    fileprivate func partitioningIndex(where holds: (Element) -> Bool) -> Int {
        var range = startIndex..<endIndex
        while let low = range.first {
            let middle = low + range.count / 2
            range = holds(self[middle]) ? low..<middle : middle + 1..<range.upperBound
        }
        return range.lowerBound
    }
}

/// The tree of a journal's entries, read from its tiles; at the right edge, where no tile is full, from
/// its entries.
package struct JournalTree: PerfectSubtrees {
    private let reader: any StoreReader
    private let pruned: (_ tile: UInt64) throws -> [TreeHash]?

    /// Reads in the transaction of `reader`.
    /// - Parameter pruned: gives the leaf hashes of a tile that is pruned; nil: it does not know them.
    package init(
        _ reader: any StoreReader,
        pruned: @escaping (_ tile: UInt64) throws -> [TreeHash]? = { _ in nil }
    ) {
        self.reader = reader
        self.pruned = pruned
    }

    /// - Throws: ``JournalError/Code/integrity`` where an entry is missing, ``JournalError/Code/pruned`` where its hash is
    ///   pruned; errors of the store.
    package func root(height: Int, index: UInt64) throws -> TreeHash {
        let (level, rest) = (height / 8, height % 8)
        let first = index << UInt64(rest)
        if let tile = try reader.tile(level: UInt8(level), index: first >> 8) {
            let offset = Int(first & 255)
            let end = offset + 1 << rest
            if end <= tile.count { return Self.root(of: tile[offset..<end]) }
            // One that is not full is of a file that was pruned, and as it was then.
            guard try tile.count < 256 && reader.horizon() > 0 else {
                throw JournalError.integrity(nil, "tile \(level)/\(first >> 8) is too short")
            }
        } else if level == 0, try first | 255 < reader.horizon(),
            let leaves = try pruned(first >> 8)
        {
            let offset = Int(first & 255)
            return Self.root(of: leaves[offset..<offset + 1 << rest])
        }
        guard height > 0 else {
            return try reader.withEntry(index) { TreeHash.leaf($0) }
                ?? { throw try reader.missing(index) }()
        }
        return .node(
            try root(height: height - 1, index: 2 * index),
            try root(height: height - 1, index: 2 * index + 1)
        )
    }

    /// The root over hashes.
    /// - Parameter hashes: a power of two of them.
    package static func root(of hashes: [TreeHash]) -> TreeHash { root(of: hashes[...]) }

    /// - Parameter hashes: a power of two of them.
    private static func root(of hashes: ArraySlice<TreeHash>) -> TreeHash {
        guard hashes.count > 1 else { return hashes[hashes.startIndex] }
        let middle = hashes.startIndex + hashes.count / 2
        return .node(root(of: hashes[..<middle]), root(of: hashes[middle...]))
    }
}
