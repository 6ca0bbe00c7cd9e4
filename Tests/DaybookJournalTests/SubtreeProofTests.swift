import DaybookTestKit
import SeededRandom
import Testing

@testable import DaybookJournal

/// Many leaves at once, proven by the subtrees that have none of them.
@Suite struct SubtreeProofTests {
    private func leaves(
        _ places: [UInt64],
        of tree: LeafTree
    ) -> [(place: UInt64, hash: TreeHash)] {
        places.map { ($0, tree.leaf($0)) }
    }

    @Test func everyChoiceOfLeavesOfSmallTreesHasTheRoot() throws {
        let tree = LeafTree(count: 10)
        for size in 1...UInt64(10) {
            let root = try tree.root(size: size)
            for choice in 0..<UInt64(1) << size {
                let places = (0..<size).filter { choice >> $0 & 1 == 1 }
                let rest = try tree.rest(of: places, size: size)
                let found = SubtreeProof.root(of: leaves(places, of: tree), size: size, rest: rest)
                #expect(found == root, "\(places) of \(size)")
            }
        }
    }

    @Test func someOfManyHaveTheRootAndNoOthersDo() throws {
        let tree = LeafTree(count: 5_000)
        var random = SeededGenerator(seed: 31)
        for _ in 0..<200 {
            let size = UInt64(random.next(below: 5_000)) + 1
            let root = try tree.root(size: size)
            let count = random.next(below: 40) + 1
            let places = Set((0..<count).map { _ in UInt64(random.next(below: Int(size))) })
                .sorted()
            let rest = try tree.rest(of: places, size: size)
            var chosen = leaves(places, of: tree)
            #expect(SubtreeProof.root(of: chosen, size: size, rest: rest) == root)
            // One hash less, one more, another order, another leaf. The size is what a head says with its root.
            if !rest.isEmpty {
                #expect(
                    SubtreeProof.root(of: chosen, size: size, rest: rest.dropLast()) == nil
                )
            }
            if rest.count > 1 {
                let swapped = [rest[1], rest[0]] + rest[2...]
                #expect(SubtreeProof.root(of: chosen, size: size, rest: swapped) != root)
            }
            #expect(SubtreeProof.root(of: chosen, size: size, rest: rest + [root]) == nil)
            chosen[random.next(below: chosen.count)].hash = .empty
            #expect(SubtreeProof.root(of: chosen, size: size, rest: rest) != root)
        }
    }

    @Test func whatIsOutOfOrderOrOutsideIsRefused() throws {
        let tree = LeafTree(count: 8)
        let rest = try tree.rest(of: [1, 4], size: 8)
        let turned = leaves([4, 1], of: tree)
        #expect(SubtreeProof.root(of: turned, size: 8, rest: rest) == nil)
        #expect(SubtreeProof.root(of: leaves([1, 1], of: tree), size: 8, rest: rest) == nil)
        #expect(SubtreeProof.root(of: leaves([4], of: tree), size: 4, rest: []) == nil)
        #expect(SubtreeProof.root(of: [], size: 0, rest: []) == nil)
        #expect(SubtreeProof.root(of: [], size: 8, rest: [.empty]) == .empty)
    }
}
