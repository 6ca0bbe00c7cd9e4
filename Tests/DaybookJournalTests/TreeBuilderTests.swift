import Testing

@testable import DaybookJournal

@Suite struct TreeBuilderTests {
    /// A tree that was grown leaf by leaf, with the tiles that it handed out.
    private struct Grown {
        var builder = TreeBuilder()
        var tiles: [[UInt64]: [TreeHash]] = [:]
        var order: [[UInt64]] = []

        mutating func append(_ leaf: TreeHash) {
            builder.append(leaf) { tile in
                let key = [UInt64(tile.level), tile.index]
                #expect(tiles[key] == nil, "tile \(key) is handed out twice")
                tiles[key] = tile.hashes
                order.append(key)
            }
        }

        /// The tree of the same size, rebuilt from tiles and leaves.
        func resumed(_ leaves: [TreeHash]) throws -> TreeBuilder {
            let firstLeaf = builder.size / 256 * 256
            return try TreeBuilder(size: builder.size) { level, index in
                try #require(tiles[[UInt64(level), index]])
            } leaf: { index in
                #expect(index >= firstLeaf && index < builder.size, "leaf \(index)")
                return leaves[Int(index)]
            }
        }
    }

    @Test func everySmallTreeIsThatOfTheDefinition() {
        let leaves = leafHashes(1_100)
        let reference = ReferenceTree(leaves)
        var grown = Grown()
        for size in 0...1_100 {
            #expect(grown.builder.size == UInt64(size))
            #expect(grown.builder.root == reference.root(size), "size \(size)")
            #expect(grown.builder.lastLeaves == Array(leaves[(size / 256 * 256)..<size]))
            // By nothing but the definition, at some sizes: it takes as many hashes as leaves.
            if size <= 70 || size % 97 == 0
                || [255, 256, 257, 511, 513, 1_023, 1_025].contains(size)
            {
                #expect(reference.root(size) == reference.naiveRoot(0..<size), "size \(size)")
            }
            if size < 1_100 { grown.append(leaves[size]) }
        }
    }

    @Test func everySmallTreeIsResumed() throws {
        let leaves = leafHashes(1_101)
        var grown = Grown()
        for size in 0...1_100 {
            var resumed = try grown.resumed(leaves)
            #expect(resumed.size == UInt64(size))
            #expect(resumed.root == grown.builder.root, "size \(size)")
            #expect(resumed.lastLeaves == grown.builder.lastLeaves, "size \(size)")
            let before = grown.order.count
            grown.append(leaves[size])
            var tiles = 0
            resumed.append(leaves[size]) { tile in
                tiles += 1
                #expect(grown.tiles[[UInt64(tile.level), tile.index]] == tile.hashes)
            }
            #expect(tiles == grown.order.count - before, "size \(size)")
            #expect(resumed.root == grown.builder.root, "size \(size) and one more")
        }
    }

    @Test func largeTreesAreThoseOfTheDefinitionAndAreResumed() throws {
        let sizes: Set = [65_279, 65_280, 65_535, 65_536, 65_537, 65_792, 69_999, 70_000]
        let leaves = leafHashes(70_300)
        let reference = ReferenceTree(leaves)
        var grown = Grown()
        var resumed: [TreeBuilder] = []
        for size in 0..<70_300 {
            if sizes.contains(size) {
                #expect(grown.builder.root == reference.root(size), "size \(size)")
                let again = try grown.resumed(leaves)
                #expect(again.root == grown.builder.root, "size \(size)")
                #expect(again.lastLeaves == grown.builder.lastLeaves, "size \(size)")
                if size == 65_535 || size == 70_000 { resumed.append(again) }
            }
            grown.append(leaves[size])
        }
        // A tree that was rebuilt goes on as if it had never been away.
        for var tree in resumed {
            for index in Int(tree.size)..<70_300 {
                tree.append(leaves[index]) { tile in
                    #expect(grown.tiles[[UInt64(tile.level), tile.index]] == tile.hashes)
                }
            }
            #expect(tree.root == grown.builder.root)
        }
    }

    @Test func tilesAreThoseOfTheSpecification() {
        // c2sp.org/tlog-tiles: at size 70,000 there are 273 full tiles at level 0, one at level 1.
        let leaves = leafHashes(70_000)
        let reference = ReferenceTree(leaves)
        var grown = Grown()
        for leaf in leaves { grown.append(leaf) }
        #expect(grown.order.count { $0[0] == 0 } == 273)
        #expect(grown.order.count { $0[0] == 1 } == 1)
        #expect(grown.order.count == 274)
        #expect(grown.builder.lastLeaves == Array(leaves[69_888...]))
        for index in 0..<273 {
            let hashes = leaves[(index * 256)..<(index * 256 + 256)]
            #expect(grown.tiles[[0, UInt64(index)]] == Array(hashes), "tile 0/\(index)")
        }
        let level1 = (0..<256).map { reference.naiveRoot(($0 * 256)..<($0 * 256 + 256)) }
        #expect(grown.tiles[[1, 0]] == level1)
        // A tile of level 1 comes right after the tile of level 0 that completes it.
        #expect(grown.order[254...256] == [[0, 254], [0, 255], [1, 0]])
    }

    @Test func anErrorForATileComesThrough() {
        struct Refused: Error {}
        var builder = TreeBuilder()
        for leaf in leafHashes(255) { builder.append(leaf) { _ in } }
        #expect(throws: Refused.self) {
            try builder.append(.empty) { _ throws(Refused) in throw Refused() }
        }
    }

    @Test func anErrorOfATileOrLeafEndsTheResuming() {
        struct Missing: Error, Equatable { let what: String }
        #expect(throws: Missing(what: "tile 0/1")) {
            try TreeBuilder(size: 600) { level, index in
                guard index == 0 else { throw Missing(what: "tile \(level)/\(index)") }
                return leafHashes(256)
            } leaf: { _ in
                .empty
            }
        }
        #expect(throws: Missing(what: "leaf 512")) {
            try TreeBuilder(size: 600) { _, _ in
                leafHashes(256)
            } leaf: { index in
                throw Missing(what: "leaf \(index)")
            }
        }
    }
}
