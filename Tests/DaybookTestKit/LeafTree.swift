package import DaybookJournal

/// A tree in memory: the roots of its perfect subtrees, level by level.
package struct LeafTree: PerfectSubtrees {
    private var levels: [[TreeHash]]

    package init(_ leaves: [TreeHash]) {
        levels = [leaves]
        while levels[levels.count - 1].count > 1 {
            let below = levels[levels.count - 1]
            levels.append(
                (0..<below.count / 2).map { .node(below[2 * $0], below[2 * $0 + 1]) }
            )
        }
    }

    /// So many leaves: leaf i is the 8 bytes of i, little-endian.
    package init(count: Int) {
        self.init(
            (0..<count).map { number in
                Self.bytes(of: UInt64(number)).withUnsafeBytes { TreeHash.leaf($0) }
            }
        )
    }

    /// The bytes of a leaf of ``init(count:)``.
    package static func bytes(of index: UInt64) -> [UInt8] {
        withUnsafeBytes(of: index.littleEndian) { Array($0) }
    }

    package func root(height: Int, index: UInt64) -> TreeHash { levels[height][Int(index)] }

    package func leaf(_ index: UInt64) -> TreeHash { levels[0][Int(index)] }
}
