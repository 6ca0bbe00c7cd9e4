import Daybook
import DaybookSystem

/// Five trivial checkpoints.
struct FiveSteps: Workflow {
    static let name = "five-steps"
    /// Its entries: submitted, readied, claimed, completed, and the checkpoints.
    static let entries = 9

    func run(_ number: Int, _ context: WorkflowContext) async throws -> Int {
        var sum = number
        for step in 0..<5 {
            sum += try await context.checkpoint("step") { _ in step }
        }
        return sum
    }

    /// Runs `count` of them, `inFlight` at a time.
    /// - Parameter series: part of their ids; a series is run once.
    static func run(
        _ count: Int,
        _ inFlight: Int,
        series: String,
        _ daybook: Engine
    ) async throws {
        let next = Locked(0)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<min(inFlight, count) {
                group.addTask {
                    while let number = take(next, count) {
                        let sum = try await daybook.run(
                            FiveSteps.self,
                            id: "\(series)-\(number)",
                            input: number
                        )
                        guard sum == number + 10 else {
                            throw BenchmarkFailed(what: "workflow \(number) came to \(sum)")
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    private static func take(_ next: Locked<Int>, _ count: Int) -> Int? {
        next.withLock { next in
            guard next < count else { return nil }
            next += 1
            return next - 1
        }
    }
}

/// How many workflows of five steps a second, and what one costs.
enum Workflows {
    static let levels = [1, 64, 1_024, 16_384]

    static func measure(_ settings: Settings, _ report: inout Report) async throws {
        for (medium, folder) in settings.media {
            say("\nWorkflows of five checkpoints, \(medium), so many in flight:")
            let path = folder + "/workflows.daybook"
            try Engine.create(at: path)
            var options = EngineOptions()
            // None is taken while something is measured.
            options.snapshotInterval = nil
            let daybook = try await Engine.open(at: path, options, workflows: [FiveSteps()])
            try await FiveSteps.run(settings.isShort ? 500 : 5_000, 64, series: "warm", daybook)
            for level in levels where settings.inFlight ?? level == level {
                let cost = try await cost(at: level, daybook, path, settings)
                cost.note(under: "workflow.\(medium).\(level)", &report)
                say(cost.line(level))
                if medium == "disk" { cost.note(asDiskAt: level, &report) }
                if folder == settings.quietFolder, level == 64 { cost.noteCounts(&report) }
            }
            try await daybook.close()
        }
    }

    /// Workflows in a round.
    private static func count(at level: Int, _ settings: Settings) -> Int {
        switch level {
        case 1: settings.isShort ? 100 : 1_000
        case 64: settings.isShort ? 2_000 : 20_000
        case 1_024: settings.isShort ? 4_096 : 50_000
        default: settings.isShort ? level : 4 * level
        }
    }

    private static func cost(
        at level: Int,
        _ daybook: Engine,
        _ path: String,
        _ settings: Settings
    ) async throws -> WorkflowCost {
        let count = count(at: level, settings)
        var rounds: [WorkflowCost] = []
        for round in 0..<(settings.isShort ? 1 : 3) {
            let (commits, usage, start) = (try lastCommit(path), Usage.now, ContinuousClock.now)
            try await FiveSteps.run(count, level, series: "\(level)-\(round)", daybook)
            let time = seconds(since: start)
            let used = Usage.now - usage
            let each = Double(count)
            rounds.append(
                WorkflowCost(
                    perSecond: each / time,
                    processor: used.processor / 1e3 / each,
                    waits: used.waits / each,
                    preemptions: used.preemptions / each,
                    commits: Double(try lastCommit(path) - commits) / each
                )
            )
        }
        rounds.sort { $0.perSecond < $1.perSecond }
        var cost = rounds[rounds.count / 2]
        // Apart from the rounds with a clock: the kernel's counter costs time.
        let counted = min(count, max(2 * level, 1_000))
        let calls = try await Calls.counting {
            try await FiveSteps.run(counted, level, series: "\(level)-counted", daybook)
        }
        cost.allocations = calls.allocations / Double(counted)
        cost.futex = calls.futex.map { $0 / Double(counted) }
        return cost
    }
}

/// What a workflow costs, all else but the rate for each workflow.
struct WorkflowCost {
    let perSecond: Double
    /// Microseconds of processor time.
    let processor: Double
    let waits: Double
    let preemptions: Double
    let commits: Double
    var allocations = Double.nan
    var futex: Double?

    func note(under name: String, _ report: inout Report) {
        report.set("\(name).per_second", perSecond)
        report.set("\(name).cpu_us", processor)
        report.set("\(name).context_switches", waits)
        report.set("\(name).preemptions", preemptions)
        report.set("\(name).commits", commits)
        report.set("\(name).mallocs", allocations)
        report.set("\(name).futex", futex)
    }

    func note(asDiskAt level: Int, _ report: inout Report) {
        report.set("workflow.per_second.\(level)", perSecond)
        report.set("workflow.commits_per_workflow.\(level)", commits)
    }

    /// What hardly depends on the medium is measured in memory, with 64 in flight.
    func noteCounts(_ report: inout Report) {
        report.set("workflow.cpu_us", processor)
        report.set("workflow.mallocs_per_workflow", allocations)
        report.set("workflow.futex_per_workflow", futex)
        report.set("workflow.context_switches_per_workflow", waits)
    }

    func line(_ level: Int) -> String {
        "\(pad("\(level)", 6))  \(pad(text(perSecond, 0), 6)) a second"
            + "  \(pad(text(processor, 1), 7)) us of processor"
            + "  \(text(commits, 3)) commits  \(futex.map { text($0, 1) } ?? "?") futex"
            + "  \(text(allocations, 1)) allocations  \(text(waits, 2)) waits"
    }
}
