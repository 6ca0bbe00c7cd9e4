import Daybook
import DaybookJournal
import FoundationEssentials
import Glibc

/// Checkpoints one after the other, and then a signal: what is recorded is replayed when it comes.
struct LongWorkflow: Workflow {
    static let name = "long"

    func run(_ count: Int, _ context: WorkflowContext) async throws -> Int {
        var sum = 0
        for index in 0..<count {
            sum += try await context.checkpoint("step") { _ in index }
        }
        return sum + (try await context.signal("go", as: Int.self))
    }
}

/// Waits for a signal.
struct WaitingWorkflow: Workflow {
    static let name = "waiting"

    func run(_ number: Int, _ context: WorkflowContext) async throws -> Int {
        try await context.signal("go", as: Int.self, timeout: .seconds(86_400)) ?? 0
    }
}

/// Executions that are long, and executions that are many.
enum Scale {
    private static func seconds(since start: ContinuousClock.Instant) -> Double {
        let time = start.duration(to: .now).components
        return Double(time.seconds) + Double(time.attoseconds) / 1e18
    }

    /// Resident memory of this process in bytes, without the pages of the file that it has mapped:
    /// the system takes those back whenever it likes.
    private static func residentBytes() throws -> Double {
        let text = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8)
        let pages = text.split(separator: " ").compactMap { Double($0) }
        return (pages[1] - pages[2]) * 4_096
    }

    /// How much of one processor this process takes while nothing happens.
    private static func idleShare() async throws -> Double {
        func used() -> Double {
            var usage = rusage()
            getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
            return Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
                + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6
        }
        // What the last one left to do is over by then.
        try await Task.sleep(for: .seconds(1))
        let (start, before) = (ContinuousClock.now, used())
        try await Task.sleep(for: .seconds(5))
        return (used() - before) / seconds(since: start)
    }

    /// Runs a workflow of `count` checkpoints, and replays it in another engine.
    static func long(_ folder: String, count: Int) async throws {
        let path = folder + "/long-\(count).daybook"
        try Daybook.create(at: path)
        var options = DaybookOptions()
        options.maxResident = 0
        let before = try residentBytes()
        let first = try await Daybook.open(at: path, options, workflows: [LongWorkflow()])
        let start = ContinuousClock.now
        try await first.submit(LongWorkflow.self, id: "long", input: count).execute()
        _ = try await first.wait(for: "long") { $0.status == .waiting }
        let ran = seconds(since: start)
        let grown = try residentBytes() - before
        try await first.close()

        let opening = ContinuousClock.now
        let second = try await Daybook.open(at: path, options, workflows: [LongWorkflow()])
        let opened = seconds(since: opening)
        let replay = ContinuousClock.now
        try await second.signal("long", "go", 1)
        let record = try await second.waitForEnd(of: "long")
        let replayed = seconds(since: replay)
        let output = try second.outcome(of: record).get()
        let expected = count * (count - 1) / 2 + 1
        guard String(decoding: output, as: UTF8.self) == "\(expected)" else {
            throw BenchmarkFailed(what: "the output is \(String(decoding: output, as: UTF8.self))")
        }
        let history = try RecordedHistory(of: "long", in: second.journal)
        let again = ContinuousClock.now
        let report = try await Replayer(workflows: [LongWorkflow()]).replay(history)
        let checked = seconds(since: again)
        guard case .agrees = report.outcome else {
            throw BenchmarkFailed(what: "the replay \(report.outcome)")
        }
        try await second.close()
        print(
            "\(pad("\(count)", 9)) checkpoints: ran in \(text(ran, 1)) s (\(text(ran / Double(count) * 1e6, 1)) us each, \(text(grown / 1e6, 1)) MB more), opened again in \(text(opened, 2)) s, replayed in \(text(replayed, 2)) s, by the replayer in \(text(checked, 2)) s"
        )
    }

    /// Has `count` executions wait at once, and opens their journal again.
    static func waiting(_ folder: String, count: Int) async throws {
        let path = folder + "/waiting-\(count).daybook"
        try Daybook.create(at: path)
        var options = DaybookOptions()
        options.maxResident = 1_000
        options.maxConcurrent = 256
        // One is taken when all of them wait.
        options.snapshotInterval = nil
        let first = try await Daybook.open(at: path, options, workflows: [WaitingWorkflow()])
        let before = try residentBytes()
        let start = ContinuousClock.now
        try await withThrowingTaskGroup(of: Void.self) { group in
            for lane in 0..<256 {
                group.addTask {
                    for number in stride(from: lane, to: count, by: 256) {
                        try await first.submit(
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
            _ = try await first.wait(for: "w\(number)") { $0.status == .waiting }
        }
        let began = seconds(since: start)
        let grown = (try residentBytes() - before) / Double(count)
        let idle = try await idleShare()
        try await first.takeSnapshot()
        try await first.close()
        let opening = ContinuousClock.now
        let second = try await Daybook.open(at: path, options, workflows: [WaitingWorkflow()])
        let opened = seconds(since: opening)
        let ids = stride(from: 0, to: count, by: max(count / 100, 1)).map { "w\($0)" }
        let waking = ContinuousClock.now
        for id in ids { try await second.signal(id, "go", 1) }
        for id in ids { _ = try await second.waitForEnd(of: id) }
        let woken = seconds(since: waking)
        try await second.close()
        print(
            "\(pad("\(count)", 9)) waiting executions: begun in \(text(began, 1)) s, \(Int(grown)) bytes of memory each, \(text(idle * 100, 3)) % of a processor while they wait, opened again from a snapshot in \(text(opened, 2)) s, \(ids.count) woken in \(text(woken, 2)) s"
        )
    }

    /// Opens a journal of about `count` entries, of which few are open, from a snapshot with a tail
    /// of about 1,000 entries, and then without.
    static func recovery(_ folder: String, count: Int) async throws {
        let path = folder + "/recovery-\(count).daybook"
        try Daybook.create(at: path)
        var options = DaybookOptions()
        options.snapshotInterval = nil
        options.maxResident = 1_000
        options.maxConcurrent = 256
        let workflows: [any Workflow] = [ShortWorkflow(), WaitingWorkflow()]
        let first = try await Daybook.open(at: path, options, workflows: workflows)
        try await finish(first, count / ShortWorkflow.entries, "short")
        for number in 0..<1_000 {
            try await first.submit(WaitingWorkflow.self, id: "w\(number)", input: number).execute()
        }
        for number in 0..<1_000 {
            _ = try await first.wait(for: "w\(number)") { $0.status == .waiting }
        }
        let taking = ContinuousClock.now
        let size = try await first.takeSnapshot() ?? 0
        let taken = seconds(since: taking)
        try await finish(first, 1_000 / ShortWorkflow.entries, "tail")
        try await first.close()
        let opened = try await open(path, options, workflows)
        try FileManager.default.removeItem(atPath: path + "/snapshots")
        let folded = try await open(path, options, workflows)
        print(
            "\(pad("\(size)", 9)) entries, 1000 of their executions open: a snapshot took \(text(taken, 2)) s, opened from it in \(text(opened * 1e3, 1)) ms, without it in \(text(folded * 1e3, 1)) ms"
        )
    }

    /// The best of three.
    private static func open(
        _ path: String,
        _ options: DaybookOptions,
        _ workflows: [any Workflow]
    ) async throws -> Double {
        var best = Double.infinity
        for _ in 0..<3 {
            let start = ContinuousClock.now
            let daybook = try await Daybook.open(at: path, options, workflows: workflows)
            best = min(best, seconds(since: start))
            try await daybook.close()
        }
        return best
    }

    private static func finish(_ daybook: Daybook, _ count: Int, _ name: String) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for lane in 0..<256 {
                group.addTask {
                    for number in stride(from: lane, to: count, by: 256) {
                        _ = try await daybook.run(
                            ShortWorkflow.self,
                            id: "\(name)\(number)",
                            input: number
                        )
                    }
                }
            }
            try await group.waitForAll()
        }
    }
}

/// Comes to an end after a few checkpoints.
struct ShortWorkflow: Workflow {
    static let name = "short"
    /// Its entries: submitted, readied, claimed, completed, and the checkpoints.
    static let entries = 14

    func run(_ number: Int, _ context: WorkflowContext) async throws -> Int {
        var sum = number
        for step in 0..<10 {
            sum += try await context.checkpoint("step") { _ in step }
        }
        return sum
    }
}
