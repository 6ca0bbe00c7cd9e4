import Daybook
import Foundation

/// Waits for a signal.
struct WaitingWorkflow: Workflow {
    static let name = "waiting"

    func run(_ number: Int, _ context: WorkflowContext) async throws -> Int {
        try await context.receive("go", as: Int.self, timeout: .seconds(86_400)).value ?? 0
    }
}

/// Executions that are many, and wait.
enum Waiting {
    static func measure(_ settings: Settings, _ report: inout Report) async throws {
        say("\nExecutions that wait for a signal or for tomorrow:")
        for count in settings.isShort ? [2_000] : [10_000, 100_000, 1_000_000] {
            try await measure(count, settings, &report)
        }
    }

    /// Resident memory of this process in bytes, without the pages of the file that it has mapped:
    /// the system takes those back whenever it likes.
    private static func residentBytes() throws -> Double {
        let text = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8)
        let pages = text.split(separator: " ").compactMap { Double($0) }
        return (pages[1] - pages[2]) * 4_096
    }

    /// How much of one processor this process takes while nothing happens: from the first to the
    /// sixth second after the last one began to wait.
    private static func idleShare() async throws -> Double {
        // What the last one left to do is over by then.
        try await Task.sleep(for: .seconds(1))  // tidy: allowed
        let (start, before) = (ContinuousClock.now, Usage.now)
        try await Task.sleep(for: .seconds(5))  // tidy: allowed
        return (Usage.now - before).processor / 1e9 / seconds(since: start)
    }

    /// Has `count` executions wait at once, and opens their journal again.
    private static func measure(
        _ count: Int,
        _ settings: Settings,
        _ report: inout Report
    ) async throws {
        let path = settings.quietFolder + "/waiting-\(count).daybook"
        try Engine.create(at: path)
        var options = EngineOptions()
        options.maxResident = 1_000
        // One is taken when all of them wait.
        options.snapshotInterval = nil
        let first = try await Engine.open(at: path, options, workflows: [WaitingWorkflow()])
        let before = try residentBytes()
        let start = ContinuousClock.now
        try await begin(count, first)
        let began = seconds(since: start)
        let grown = (try residentBytes() - before) / Double(count)
        let idle = try await idleShare()
        try await first.takeSnapshot()
        try await first.close()
        let opening = ContinuousClock.now
        let second = try await Engine.open(at: path, options, workflows: [WaitingWorkflow()])
        let opened = seconds(since: opening)
        let woken = try await wake(count, second)
        try await second.close()
        try FileManager.default.removeItem(atPath: path)
        report.set("growth.waiting.\(count).begin_us", began * 1e6 / Double(count))
        report.set("growth.waiting.\(count).bytes", grown)
        report.set("growth.waiting.\(count).idle_processor", idle)
        report.set("growth.waiting.\(count).open_ms", opened * 1e3)
        say(
            "\(pad("\(count)", 9)) waiting: begun in \(text(began, 1)) s,"
                + " \(text(grown, 0)) bytes each, \(text(idle * 100, 3)) % of a processor,"
                + " opened again in \(text(opened, 2)) s, some woken in \(text(woken, 2)) s"
        )
    }

    private static func begin(_ count: Int, _ daybook: Engine) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for lane in 0..<256 {
                group.addTask {
                    for number in stride(from: lane, to: count, by: 256) {
                        try await daybook.submit(
                            WaitingWorkflow.self,
                            id: "w\(number)",
                            input: number
                        )
                        .execute()
                    }
                }
            }
            try await group.waitForAll()
        }
        for number in 0..<count {
            _ = try await daybook.wait(for: "w\(number)") { $0.status == .waiting }
        }
    }

    private static func wake(_ count: Int, _ daybook: Engine) async throws -> Double {
        let ids = stride(from: 0, to: count, by: max(count / 100, 1)).map { "w\($0)" }
        let waking = ContinuousClock.now
        for id in ids { try await daybook.signal(id, "go", 1) }
        for id in ids { _ = try await daybook.waitForEnd(of: id) }
        return seconds(since: waking)
    }
}
