import Daybook
import DaybookFormat
import FoundationEssentials
import Testing

/// Programs that nobody has thought of come to the same in every mode.
///
/// More of them: `DAYBOOK_PROGRAMS=2000`. One again: `DAYBOOK_SEED=...`.
@Suite struct RandomProgramTests {
    private static let seeds: [UInt64] = {
        let environment = ProcessInfo.processInfo.environment
        if let seed = environment["DAYBOOK_SEED"].flatMap({ UInt64($0) }) { return [seed] }
        let count = environment["DAYBOOK_PROGRAMS"].flatMap { UInt64($0) } ?? 16
        return Array(0..<count)
    }()

    @Test(.timeLimit(.minutes(20)), arguments: seeds)
    func aProgramComesToTheSameInEveryMode(_ seed: UInt64) async throws {
        let parts = RandomProgram(seed: seed).parts
        let program = ConformanceCase("seed \(seed)", "") { context, bodies in
            try await RandomProgram.run(parts, context, bodies)
        }
        var first: ConformanceRun?
        for mode in ConformanceMode.allCases {
            let run = try await ConformanceRun.of(program, mode)
            let label: Comment = "DAYBOOK_SEED=\(seed), \(mode.rawValue): \(run.history)"
            for finding in run.disagreements + (try await run.replayed(program)) {
                Issue.record("\(finding); \(label)")
            }
            #expect(run.outcome.hasPrefix("= "), label)
            guard let first else {
                first = run
                continue
            }
            #expect(run.outcome == first.outcome, label)
            #expect(run.runs.sorted() == first.runs.sorted(), label)
            #expect(run.logs.sorted() == first.logs.sorted(), label)
            #expect(run.history.sorted() == first.history.sorted(), label)
        }
    }
}
