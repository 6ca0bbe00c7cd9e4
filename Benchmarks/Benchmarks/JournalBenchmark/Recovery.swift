import Daybook
import DaybookJournal
import Foundation

/// Checkpoints one after the other, and then a signal: what is recorded is replayed when it comes.
struct LongWorkflow: Workflow {
    static let name = "long"

    func run(_ count: Int, _ context: WorkflowContext) async throws -> Int {
        var sum = 0
        for index in 0..<count {
            sum += try await context.checkpoint("step") { _ in index }
        }
        return sum + (try await context.receive("go", as: Int.self))
    }
}

/// Opening a journal, from a snapshot and without, and replaying a long execution.
enum Recovery {
    static func measure(_ settings: Settings, _ report: inout Report) async throws {
        say("\nOpening a journal with 1000 open executions:")
        var times: [Double] = []
        for count in settings.isShort ? [1_000, 10_000] : [100_000, 10_000_000] {
            times.append(try await open(count, settings, &report))
        }
        report.set("recovery.growth_ratio", times.last.map { $0 / times[0] })
        say("\nOpening a journal just before a snapshot is due:")
        for interval in [1_000_000, EngineOptions().snapshotInterval ?? 0] as Set {
            try await open(every: interval, settings, &report)
        }
        say("\nReplaying:")
        for count in settings.isShort ? [10_000] : [10_000, 100_000, 1_000_000] {
            try await replay(count, settings, &report)
        }
    }

    /// Opens a journal of about `count` entries, of which few are open, from a snapshot with a tail
    /// of about 1,000 entries, and then without.
    /// - Returns: seconds from the snapshot.
    private static func open(
        _ count: Int,
        _ settings: Settings,
        _ report: inout Report
    ) async throws -> Double {
        let path = settings.quietFolder + "/recovery-\(count).daybook"
        try Engine.create(at: path)
        var options = EngineOptions()
        options.snapshotInterval = nil
        let workflows: [any Workflow] = [FiveSteps(), WaitingWorkflow()]
        let first = try await Engine.open(at: path, options, workflows: workflows)
        try await FiveSteps.run(count / FiveSteps.entries, 1_024, series: "short", first)
        for number in 0..<1_000 {
            try await first.submit(WaitingWorkflow.self, id: "w\(number)", input: number).execute()
        }
        for number in 0..<1_000 {
            _ = try await first.wait(for: "w\(number)") { $0.status == .waiting }
        }
        let taking = ContinuousClock.now
        let size = try await first.takeSnapshot() ?? 0
        let taken = seconds(since: taking)
        try await FiveSteps.run(1_000 / FiveSteps.entries, 64, series: "tail", first)
        try await first.close()
        let opened = try await best(path, options, workflows)
        try FileManager.default.removeItem(atPath: path + "/snapshots")
        let folded = try await best(path, options, workflows)
        try FileManager.default.removeItem(atPath: path)
        report.set("recovery.with_snapshot_ms.\(count)", opened * 1e3)
        report.set("recovery.without_snapshot_ms.\(count)", folded * 1e3)
        report.set("recovery.snapshot_ms.\(count)", taken * 1e3)
        say(
            "\(pad("\(size)", 9)) entries: a snapshot took \(text(taken, 2)) s,"
                + " opened from it in \(text(opened * 1e3, 1)) ms,"
                + " without it in \(text(folded * 1e3, 1)) ms"
        )
        return opened
    }

    /// Opens a journal of 990,000 entries, or of 9,900, in which snapshots were taken in the background.
    private static func open(
        every interval: UInt64,
        _ settings: Settings,
        _ report: inout Report
    ) async throws {
        let path = settings.quietFolder + "/interval-\(interval).daybook"
        try Engine.create(at: path)
        var options = EngineOptions()
        options.snapshotInterval = settings.isShort ? max(interval / 100, 1) : interval
        let count = settings.isShort ? 9_900 : 990_000
        let first = try await Engine.open(at: path, options, workflows: [FiveSteps()])
        let start = ContinuousClock.now
        try await FiveSteps.run(count / FiveSteps.entries, 1_024, series: "short", first)
        let filled = seconds(since: start)
        try await first.close()
        options.snapshotInterval = nil
        let opened = try await best(path, options, [FiveSteps()])
        try FileManager.default.removeItem(atPath: path)
        report.set("recovery.interval_ms.\(interval)", opened * 1e3)
        say(
            "\(pad("\(interval)", 9)) entries between snapshots: \(count) entries in \(text(filled, 1)) s,"
                + " opened in \(text(opened * 1e3, 1)) ms"
        )
    }

    /// The best of three.
    private static func best(
        _ path: String,
        _ options: EngineOptions,
        _ workflows: [any Workflow]
    ) async throws -> Double {
        var best = Double.infinity
        for _ in 0..<3 {
            let start = ContinuousClock.now
            let daybook = try await Engine.open(at: path, options, workflows: workflows)
            best = min(best, seconds(since: start))
            try await daybook.close()
        }
        return best
    }

    /// Runs a workflow of `count` checkpoints, and replays it in another engine.
    private static func replay(
        _ count: Int,
        _ settings: Settings,
        _ report: inout Report
    ) async throws {
        let path = settings.quietFolder + "/long-\(count).daybook"
        try Engine.create(at: path)
        var options = EngineOptions()
        options.maxResident = 0
        let first = try await Engine.open(at: path, options, workflows: [LongWorkflow()])
        try await first.submit(LongWorkflow.self, id: "long", input: count).execute()
        _ = try await first.wait(for: "long") { $0.status == .waiting }
        try await first.close()

        let second = try await Engine.open(at: path, options, workflows: [LongWorkflow()])
        let start = ContinuousClock.now
        try await second.signal("long", "go", 1)
        let record = try await second.waitForEnd(of: "long")
        let replayed = seconds(since: start)
        let output = String(decoding: try second.outcome(of: record).get(), as: UTF8.self)
        guard output == "\(count * (count - 1) / 2 + 1)" else {
            throw BenchmarkFailed(what: "the output is \(output)")
        }
        try await second.close()
        try FileManager.default.removeItem(atPath: path)
        report.set("recovery.replay_us.\(count)", replayed * 1e6 / Double(count))
        say(
            "\(pad("\(count)", 9)) checkpoints replayed in \(text(replayed, 2)) s,"
                + " \(text(replayed * 1e6 / Double(count))) us each"
        )
    }
}
