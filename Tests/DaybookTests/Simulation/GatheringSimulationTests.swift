import DaybookTestKit
import Testing

@testable import Daybook

/// Rules in branches of a rule, in many orders.
@Suite struct GatheringSimulationTests {
    /// A branch that no longer counts, because another one has decided around it, is told so, and is
    /// not given outcomes that never were.
    @Test(arguments: 0..<60)
    func whatIsDecidedAroundGivesNoOutcomes(_ seed: UInt64) throws {
        let bare = CallLog()
        let simulation = try Simulation(seed: seed) { _, context in
            let outer = try await context.map(
                "outer",
                0..<3,
                until: Completion(minSuccesses: 1)
            ) { scope, number in
                let inner = try await scope.map(
                    "inner",
                    0..<3,
                    until: Completion(minSuccesses: 1 + number)
                ) { scope, element in
                    for step in 0..<2 {
                        try await scope.checkpoint("\(element) \(step)") { _ in await Task.yield() }
                    }
                    return element
                }
                if inner.values.isEmpty { bare.add("\(number): \(inner.failures)") }
                return number
            }
            return "\(outer.values.count)"
        }
        try simulation.run { simulation in
            try await simulation.start("a")
            let end = try await simulation.end("a")
            #expect(end.status == .completed)
        }
        #expect(bare.lines == [])
    }
}
