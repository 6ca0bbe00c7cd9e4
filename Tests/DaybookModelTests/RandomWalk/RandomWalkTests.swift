import DaybookFormat
import FoundationEssentials
import SeededRandom
import Testing

@testable import DaybookModel

@Suite struct RandomWalkTests {
    /// How many walks: `DAYBOOK_WALKS` for more than CI has time for.
    private static let walks = number("DAYBOOK_WALKS") ?? 200
    /// How many commands each has.
    private static let commands = number("DAYBOOK_WALK_COMMANDS") ?? 300

    private static func number(_ variable: String) -> Int? {
        ProcessInfo.processInfo.environment[variable].flatMap { Int($0) }
    }

    /// The model, the fold of what is on the disk, the fold of each history and an auditor agree
    /// with a second, plain model about each of many commands; then everything comes to its end.
    @Test(arguments: 0..<4)
    func everyFoldAgreesWithThePlainModel(_ part: Int) throws {
        if let seed = SeededGenerator.chosenSeed {
            guard part == 0 else { return }
            var walk = try RandomWalk(seed: seed)
            return try walk.walk(commands: Self.commands)
        }
        var counts: [String: Int] = [:]
        var (rollBacks, refusals, steps) = (0, 0, 0)
        for seed in stride(from: part + 1, through: Self.walks, by: 4) {
            var walk = try RandomWalk(seed: UInt64(seed))
            try walk.walk(commands: Self.commands)
            counts.merge(walk.audit.counts) { $0 + $1 }
            rollBacks += walk.rollBacks
            refusals += walk.refusals
            steps += walk.step
        }
        // It is of no use if it stays among refusals, or never sees one of the events.
        #expect(rollBacks > steps / 100)
        #expect(refusals > steps / 20)
        #expect(refusals < steps / 2)
        for kind in EventKind.allCases {
            let count = counts[kind.name, default: 0]
            #expect(count > steps / 4_000, "\(kind.name): \(count)")
        }
    }

    @Test func theSameSeedWritesTheSameEntries() throws {
        var walks = [try RandomWalk(seed: 4), try RandomWalk(seed: 4)]
        for index in walks.indices { try walks[index].walk(commands: 600) }
        #expect(walks[0].harness.entries == walks[1].harness.entries)
    }
}
