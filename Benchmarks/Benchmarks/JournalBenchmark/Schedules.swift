import Daybook
import DaybookTesting

/// A test of 20 operations, with its process ended everywhere and in many orders.
enum Schedules {
    private struct TestedWorkflow: Workflow {
        static let name = "tested"

        func run(_ input: Int, _ context: WorkflowContext) async throws -> Int {
            for step in 0..<10 {
                try await context.checkpoint("step \(step)") { _ in }
            }
            let parts = try await context.map("all", [1, 2, 3]) { scope, number in
                for step in 0..<3 {
                    try await scope.checkpoint("part \(step)") { _ in await Task.yield() }
                }
                return number
            }
            return parts.reduce(input, +)
        }
    }

    static func measure(_ settings: Settings, _ report: inout Report) async throws {
        let count = settings.isShort ? 200 : 1_000
        let start = ContinuousClock.now
        let result = await crashEverywhere(schedules: count) {
            let test = try TestEngine(workflows: [TestedWorkflow()])
            let output = try await test.run { engine in
                try await engine.run(TestedWorkflow.self, id: "it", input: 1)
            }
            guard output == 7 else { throw BenchmarkFailed(what: "its output is \(output)") }
        }
        let taken = seconds(since: start)
        guard result.failure == nil else { throw BenchmarkFailed(what: "\(result)") }
        report.set("schedules.us_per_run", taken * 1e6 / Double(result.runs))
        say(
            "\nTests of 20 operations, ended everywhere and in \(count) orders: \(result.runs) runs in"
                + " \(text(taken, 2)) s"
        )
    }
}
