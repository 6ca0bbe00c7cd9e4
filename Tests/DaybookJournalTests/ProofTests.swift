import DaybookTestKit
import SeededRandom
import Testing

@testable import DaybookJournal

/// Inclusion and consistency, from the tree to whoever has a root only.
@Suite struct MerkleProofTests {
    @Test func everyLeafOfEveryTreeHasAProof() throws {
        let tree = LeafTree(count: 300)
        for size in 1...UInt64(300) {
            let head = (size, try tree.root(size: size))
            for index in 0..<size {
                let path = try tree.inclusionProof(of: index, size: size)
                try MerkleCheck.inclusion(of: tree.leaf(index), at: index, in: head, by: path)
            }
        }
    }

    @Test func everyTreeBeginsWithEverySmallerOne() throws {
        let tree = LeafTree(count: 300)
        let heads = try (0...UInt64(300)).map { ($0, try tree.root(size: $0)) }
        for new in heads {
            for old in heads[...Int(new.0)] {
                let path = try tree.consistencyProof(from: old.0, to: new.0)
                try MerkleCheck.consistency(from: old, to: new, by: path)
            }
        }
    }

    /// By another builder, which grows the tree leaf by leaf.
    @Test func theRootIsThatOfTheTreeThatGrows() throws {
        let tree = LeafTree(count: 1_000)
        var grown = TreeRecorder()
        #expect(try tree.root(size: 0) == grown.root)
        for index in 0..<UInt64(1_000) {
            grown.append(tree.leaf(index)) { _, _, _ in }
            #expect(try tree.root(size: index + 1) == grown.root)
        }
    }

    @Test func aMillionLeaves() throws {
        let tree = LeafTree(count: 1_000_000)
        var random = SeededGenerator(seed: 10)
        for _ in 0..<10_000 {
            let new = UInt64(random.next(below: 1_000_000)) + 1
            let old = UInt64(random.next(below: Int(new))) + 1
            let heads = ((old, try tree.root(size: old)), (new, try tree.root(size: new)))
            let path = try tree.consistencyProof(from: old, to: new)
            #expect(path.count <= 21)
            try MerkleCheck.consistency(from: heads.0, to: heads.1, by: path)
            try MerkleCheck.inclusion(
                of: tree.leaf(old - 1),
                at: old - 1,
                in: heads.1,
                by: try tree.inclusionProof(of: old - 1, size: new)
            )
        }
    }

    /// What is for another leaf, another tree, cut, longer or in another order.
    @Test func whatIsNoProofIsRefused() throws {
        let tree = LeafTree(count: 70)
        for size in [2, 3, 7, 8, 64, 65, 70] as [UInt64] {
            let head = (size, try tree.root(size: size))
            for index in 0..<size {
                let path = try tree.inclusionProof(of: index, size: size)
                func refuses(
                    _ leaf: TreeHash,
                    _ place: UInt64,
                    _ head: (UInt64, TreeHash),
                    _ path: [TreeHash]
                ) -> Bool {
                    proofError {
                        try MerkleCheck.inclusion(of: leaf, at: place, in: head, by: path)
                    } != nil
                }
                let leaf = tree.leaf(index)
                #expect(refuses(tree.leaf((index + 1) % size), index, head, path))
                #expect(refuses(leaf, (index + 1) % size, head, path))
                #expect(refuses(leaf, size, head, path))
                #expect(refuses(leaf, index, (size, try tree.root(size: size - 1)), path))
                #expect(refuses(leaf, index, head, Array(path.dropLast())))
                #expect(refuses(leaf, index, head, path + [leaf]))
                if path.count > 1 {
                    var swapped = path
                    swapped.swapAt(0, 1)
                    #expect(refuses(leaf, index, head, swapped))
                }
            }
        }
    }

    @Test func whatDoesNotGoOnIsRefused() throws {
        let tree = LeafTree(count: 70)
        var other = (0..<70).map { tree.leaf(UInt64($0)) }
        other[1] = other[0]
        let changed = LeafTree(other)
        for old in 2...UInt64(69) {
            for new in old...70 {
                let heads = ((old, try tree.root(size: old)), (new, try tree.root(size: new)))
                let path = try tree.consistencyProof(from: old, to: new)
                let wrong = (old, try changed.root(size: old))
                func refuses(
                    _ old: (UInt64, TreeHash),
                    _ new: (UInt64, TreeHash),
                    _ path: [TreeHash]
                ) -> Bool {
                    proofError {
                        try MerkleCheck.consistency(from: old, to: new, by: path)
                    } != nil
                }
                #expect(refuses(wrong, heads.1, path))
                // Also with the proof that the other tree has.
                let others = try changed.consistencyProof(from: old, to: new)
                #expect(refuses(heads.0, (new, try changed.root(size: new)), others))
                #expect(refuses(heads.0, heads.1, path + [tree.leaf(0)]))
                #expect(refuses(heads.1, heads.0, path) || old == new)
                if !path.isEmpty {
                    #expect(refuses(heads.0, heads.1, Array(path.dropLast())))
                    #expect(refuses(heads.0, heads.1, Array(path.dropFirst())))
                }
            }
        }
    }

    /// From tiles where they are full, and from entries where not.
    @Test func theTreeOfAJournalIsReadFromItsTiles() throws {
        let journal = try Journal.create(in: MemoryStore(), event: Drafts.created)
        var grown = TreeRecorder()
        var roots: [UInt64: TreeHash] = [:]
        for batch in 0..<260 {
            let count = batch == 0 ? 255 : 256
            try journal.append((0..<count).map { Drafts.entry(1, text: "\($0)") })
        }
        let size = journal.head.size
        #expect(size == 66_560)
        let tree = try journal.store.read { reader in
            for index in 0..<size {
                _ = try reader.withEntry(index) { grown.append(TreeHash.leaf($0)) { _, _, _ in } }
                if index % 4_111 == 0 || index + 1 == size { roots[index + 1] = grown.root }
            }
            let tree = JournalTree(reader)
            for (size, root) in roots { #expect(try tree.root(size: size) == root) }
            for old in roots.keys {
                try MerkleCheck.consistency(
                    from: (old, try #require(roots[old])),
                    to: (size, grown.root),
                    by: try tree.consistencyProof(from: old, to: size)
                )
                try MerkleCheck.inclusion(
                    of: try #require(try reader.withEntry(old - 1) { TreeHash.leaf($0) }),
                    at: old - 1,
                    in: (size, grown.root),
                    by: try tree.inclusionProof(of: old - 1, size: size)
                )
            }
            return size
        }
        #expect(tree == size)
        #expect(journal.head.root == grown.root)
    }
}
