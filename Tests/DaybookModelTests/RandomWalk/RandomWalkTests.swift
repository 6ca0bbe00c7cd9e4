import DaybookFormat
import Testing

@testable import DaybookModel

@Suite struct RandomWalkTests {
    /// The model, the fold of what is on the disk, the fold of each history and an auditor agree
    /// with a second, plain model about thousands of commands.
    @Test(arguments: SeededGenerator.seeds)
    func everyFoldAgreesWithThePlainModel(_ seed: UInt64) throws {
        var walk = try RandomWalk(seed: seed)
        try walk.walk(commands: 6_000)
        // It is of no use if it stays among refusals, or never sees one of the events.
        #expect(walk.rollBacks > 50, "seed \(seed)")
        #expect(walk.refusals > 300, "seed \(seed)")
        #expect(walk.refusals < 3_000, "seed \(seed)")
        for kind in EventKind.allCases
        where kind.rawValue <= 40 || (64...67).contains(kind.rawValue) {
            let least = kind == .journalCreated ? 1 : 4
            let count = walk.audit.counts[kind.name, default: 0]
            #expect(count >= least, "\(kind.name): \(count), seed \(seed)")
        }
    }

    @Test func theSameSeedWritesTheSameEntries() throws {
        var walks = [try RandomWalk(seed: 4), try RandomWalk(seed: 4)]
        for index in walks.indices { try walks[index].walk(commands: 600) }
        #expect(walks[0].harness.entries == walks[1].harness.entries)
    }
}
