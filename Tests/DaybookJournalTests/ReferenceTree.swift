@testable import DaybookJournal

/// The Merkle tree of RFC 6962 as its section 2.1 defines it, to compare with.
struct ReferenceTree {
    /// `levels[h][i]`: the root of the perfect subtree of 2^h leaves that begins at i * 2^h.
    private var levels: [[TreeHash]]

    init(_ leaves: [TreeHash]) {
        levels = [leaves]
        while let below = levels.last, below.count > 1 {
            levels.append((0..<below.count / 2).map { .node(below[2 * $0], below[2 * $0 + 1]) })
        }
    }

    /// MTH(D[0:size]), with the roots of perfect subtrees looked up.
    func root(_ size: Int) -> TreeHash {
        size == 0 ? .empty : root(from: 0, size)
    }

    private func root(from start: Int, _ count: Int) -> TreeHash {
        let split = Self.split(count)
        if split * 2 == count || count == 1 {
            let height = count.trailingZeroBitCount
            return levels[height][start >> height]
        }
        return .node(root(from: start, split), root(from: start + split, count - split))
    }

    /// MTH of a range of leaves by nothing but the definition.
    func naiveRoot(_ range: Range<Int>) -> TreeHash {
        switch range.count {
        case 0: return .empty
        case 1: return levels[0][range.lowerBound]
        default:
            let middle = range.lowerBound + Self.split(range.count)
            return .node(
                naiveRoot(range.lowerBound..<middle),
                naiveRoot(middle..<range.upperBound)
            )
        }
    }

    /// The largest power of two less than `count`; 1 for 1.
    private static func split(_ count: Int) -> Int {
        var split = 1
        while split * 2 < count { split *= 2 }
        return split
    }
}

/// Leaf hashes that are all different.
func leafHashes(_ count: Int) -> [TreeHash] {
    (0..<count).map { index in withUnsafeBytes(of: UInt32(index)) { TreeHash.leaf($0) } }
}
