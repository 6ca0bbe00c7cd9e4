import Daybook
import Foundation

/// Replaying all that is open through the handlers, as before a deployment.
enum ReplayingOpen {
    /// Operations of each history.
    private static let operations = 100

    static func measure(_ settings: Settings, _ report: inout Report) async throws {
        say("\nReplaying open executions of \(operations) operations:")
        for count in settings.isShort ? [200] : [1_000, 10_000] {
            try await measure(count, settings, &report)
        }
    }

    private static func measure(
        _ count: Int,
        _ settings: Settings,
        _ report: inout Report
    ) async throws {
        let path = settings.quietFolder + "/open-\(count).daybook"
        try Engine.create(at: path)
        var options = EngineOptions()
        options.maxResident = 0
        let engine = try await Engine.open(at: path, options, workflows: [LongWorkflow()])
        for number in 0..<count {
            // The last operation is the wait.
            try await engine.start(LongWorkflow.self, id: "e\(number)", input: operations - 1)
        }
        for number in 0..<count {
            _ = try await engine.wait(for: "e\(number)") { $0.status == .waiting }
        }
        let memory = try residentBytes()
        let start = ContinuousClock.now
        let result = try await Replayer(workflows: [LongWorkflow()]).replayOpen(engine.journal)
        let taken = seconds(since: start)
        let grown = Double(max(try residentBytes() - memory, 0)) / Double(1 << 20)
        guard result.isFine, result.executions == count,
            result.operations == UInt64(count * operations)
        else {
            throw BenchmarkFailed(what: "the replay came to \(result)")
        }
        try await engine.close()
        try FileManager.default.removeItem(atPath: path)
        let each = taken * 1e6 / Double(count * operations)
        report.set("replay_open.us_per_operation.\(count)", each)
        report.set("replay_open.grown_mib.\(count)", grown)
        say(
            "\(pad("\(count)", 9)) executions in \(text(taken, 2)) s,"
                + " \(text(each)) us an operation,"
                + " \(text(grown, 1)) MiB more in memory"
        )
    }

    private static func residentBytes() throws -> Int {
        let status = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8)
        let pages = status.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        return pages * Int(sysconf(Int32(_SC_PAGESIZE)))
    }
}
