import Daybook

/// Checkpoints one after the other, through the engine.
struct Checkpoints: Workflow {
    static let name = "checkpoints"

    func run(_ count: Int, _ context: WorkflowContext) async throws -> Int {
        var sum = 0
        for index in 0..<count {
            sum += try await context.checkpoint("step") { _ in index }
        }
        return sum
    }

    /// - Returns: microseconds for a checkpoint.
    static func measure(_ daybook: Daybook, count: Int) async throws -> Double {
        let began = ContinuousClock.now
        let sum = try await daybook.run(Checkpoints.self, input: count)
        let time = began.duration(to: .now)
        guard sum == count * (count - 1) / 2 else { throw BenchmarkFailed(what: "sum \(sum)") }
        let microseconds =
            Double(time.components.seconds) * 1e6 + Double(time.components.attoseconds) / 1e12
        return microseconds / Double(count)
    }
}
