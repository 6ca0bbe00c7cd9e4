import Daybook
import DaybookSystem

/// Checkpoints one after the other, each of which is timed.
struct TimedCheckpoints: Workflow {
    static let name = "timed-checkpoints"
    let times: CheckpointTimes

    func run(_ count: Int, _ context: WorkflowContext) async throws -> Int {
        var sum = 0
        for index in 0..<count {
            let start = ContinuousClock.now
            sum += try await context.checkpoint("step") { _ in index }
            times.note(start.duration(to: .now).inMicroseconds)
        }
        return sum
    }
}

/// How many microseconds each checkpoint took.
final class CheckpointTimes: Sendable {
    private let times = Locked<[Double]>([])

    func note(_ time: Double) { times.withLock { $0.append(time) } }

    /// Forgets all, and has room for so many.
    func begin(_ count: Int) {
        times.withLock { times in
            times.removeAll(keepingCapacity: true)
            times.reserveCapacity(count)
        }
    }

    var all: [Double] { times.withLock { $0 } }
}

/// One checkpoint after the other in a long workflow, beside C's commits of one entry.
enum Checkpoints {
    static func measure(_ settings: Settings, _ report: inout Report) async throws {
        for (medium, folder) in settings.media {
            say("\nOne checkpoint after the other, and C's commits of one, \(medium), p50 in turn:")
            let times = CheckpointTimes()
            let path = folder + "/checkpoints.daybook"
            try Engine.create(at: path)
            let daybook = try await Engine.open(
                at: path,
                workflows: [TimedCheckpoints(times: times)]
            )
            var c = try CContestant(folder: folder, plain: false)
            try await race(medium, daybook, times, &c, settings, &report)
            if folder == settings.quietFolder {
                try await count(daybook, times, settings, &report)
            }
            c.close()
            try await daybook.close()
        }
    }

    private static func run(
        _ count: Int,
        _ daybook: Engine,
        _ times: CheckpointTimes
    ) async throws {
        times.begin(count)
        let sum = try await daybook.run(TimedCheckpoints.self, input: count)
        guard sum == count * (count - 1) / 2 else { throw BenchmarkFailed(what: "sum \(sum)") }
    }

    /// Rounds of C, checkpoints, C, checkpoints; the ratio is that of a round.
    private static func race(
        _ medium: String,
        _ daybook: Engine,
        _ times: CheckpointTimes,
        _ c: inout CContestant,
        _ settings: Settings,
        _ report: inout Report
    ) async throws {
        let count = settings.isShort ? 100 : 500
        var own: [Double] = []
        var theirs: [Double] = []
        for round in 0...(settings.isShort ? 8 : 24) {
            let commit = median(try c.commits(count))
            try await run(count, daybook, times)
            // The first round only warms up.
            guard round > 0 else { continue }
            theirs.append(commit)
            own.append(median(times.all))
        }
        let ratio = median(zip(own, theirs).map { $0 / $1 })
        report.set("checkpoint.\(medium).p50_us", median(own))
        report.set("checkpoint.\(medium).c_p50_us", median(theirs))
        report.set("checkpoint.\(medium).c_commit_ratio", ratio)
        if medium == "disk" { report.set("checkpoint.c_commit_ratio", ratio) }
        say(
            "checkpoint \(text(median(own), 1)) us, C's commit \(text(median(theirs), 1)) us,"
                + " ratio \(text(ratio))"
        )
    }

    /// What one costs besides time.
    private static func count(
        _ daybook: Engine,
        _ times: CheckpointTimes,
        _ settings: Settings,
        _ report: inout Report
    ) async throws {
        let count = settings.isShort ? 2_000 : 20_000
        let each = Double(count)
        try await run(count, daybook, times)
        let before = Usage.now
        try await run(count, daybook, times)
        let used = Usage.now - before
        let calls = try await Calls.counting { try await run(count, daybook, times) }
        report.set("checkpoint.cpu_us", used.processor / 1e3 / each)
        report.set("checkpoint.context_switches", used.waits / each)
        report.set("checkpoint.preemptions", used.preemptions / each)
        report.set("checkpoint.mallocs", calls.allocations / each)
        report.set("checkpoint.futex", calls.futex.map { $0 / each })
        say(
            "each: \(text(used.processor / 1e3 / each, 1)) us of processor,"
                + " \(text(used.waits / each)) waits,"
                + " \(calls.futex.map { text($0 / each) } ?? "?") futex,"
                + " \(text(calls.allocations / each, 1)) allocations"
        )
    }
}
