/// What anybody can check who has the roots, and not the tree.
package enum MerkleCheck {
    /// Whether a leaf is in the tree (RFC 9162, 2.1.3.2).
    /// - Throws: ``ProofError/Code/outOfRange``; ``ProofError/Code/badProof``.
    package static func inclusion(
        of leaf: TreeHash,
        at index: UInt64,
        in head: (size: UInt64, root: TreeHash),
        by path: [TreeHash]
    ) throws(ProofError) {
        guard index < head.size else {
            throw ProofError(
                .outOfRange,
                "the proof is for entry \(index), and the tree has \(head.size) entries"
            )
        }
        guard root(over: leaf, at: index, size: head.size, by: path) == head.root else {
            throw badInclusion(index, head.size)
        }
    }

    /// The root that hashes lead to from a leaf.
    /// - Returns: nil: there are too few or too many for the place in a tree of this size.
    static func root(
        over leaf: TreeHash,
        at index: UInt64,
        size: UInt64,
        by path: [TreeHash]
    ) -> TreeHash? {
        guard index < size else { return nil }
        var (place, last) = (index, size - 1)
        var root = leaf
        for hash in path {
            guard last > 0 else { return nil }
            if place & 1 == 1 || place == last {
                root = .node(hash, root)
                while place & 1 == 0, place > 0 {
                    place >>= 1
                    last >>= 1
                }
            } else {
                root = .node(root, hash)
            }
            place >>= 1
            last >>= 1
        }
        return last == 0 ? root : nil
    }

    /// Whether one tree begins with another (RFC 9162, 2.1.4.2).
    /// - Throws: ``ProofError/Code/outOfRange``; ``ProofError/Code/inconsistent``.
    package static func consistency(
        from old: (size: UInt64, root: TreeHash),
        to new: (size: UInt64, root: TreeHash),
        by path: [TreeHash]
    ) throws(ProofError) {
        guard old.size <= new.size else {
            throw ProofError(
                .outOfRange,
                "the tree of \(new.size) entries was to go on from one of \(old.size), which is larger"
            )
        }
        if old.size == 0 || old.size == new.size {
            let isSame = old.size == 0 ? old.root == .empty : old.root == new.root
            guard path.isEmpty, isSame else { throw inconsistent(old.size, new.size) }
            return
        }
        guard root(of: new.size, goingOnFrom: old, by: path) == new.root else {
            throw inconsistent(old.size, new.size)
        }
    }

    /// The root that hashes lead to from that of a smaller tree, which is not empty.
    /// - Returns: nil: they do not begin with the smaller tree, or do not lead to one of this size.
    static func root(
        of size: UInt64,
        goingOnFrom old: (size: UInt64, root: TreeHash),
        by path: [TreeHash]
    ) -> TreeHash? {
        guard old.size > 0, old.size < size else { return nil }
        var (place, last) = (old.size - 1, size - 1)
        while place & 1 == 1 {
            place >>= 1
            last >>= 1
        }
        // The root of an old tree that is a subtree of the new one is not repeated.
        var hashes = path[...]
        var start = old.root
        if old.size & (old.size - 1) != 0 {
            guard let first = hashes.popFirst() else { return nil }
            start = first
        }
        guard !path.isEmpty else { return nil }
        var (oldRoot, newRoot) = (start, start)
        for hash in hashes {
            guard last > 0 else { return nil }
            if place & 1 == 1 || place == last {
                oldRoot = .node(hash, oldRoot)
                newRoot = .node(hash, newRoot)
                while place & 1 == 0, place > 0 {
                    place >>= 1
                    last >>= 1
                }
            } else {
                newRoot = .node(newRoot, hash)
            }
            place >>= 1
            last >>= 1
        }
        return last == 0 && oldRoot == old.root ? newRoot : nil
    }

    private static func badInclusion(_ index: UInt64, _ size: UInt64) -> ProofError {
        ProofError(
            .badProof,
            "the proof does not lead from entry \(index) to the root of the tree of \(size) entries; the entry, the proof or the head is another one"
        )
    }

    private static func inconsistent(_ old: UInt64, _ new: UInt64) -> ProofError {
        ProofError(
            .inconsistent,
            "the tree of \(new) entries does not begin with the one of \(old); what was recorded has been changed, or they are of different journals"
        )
    }
}
