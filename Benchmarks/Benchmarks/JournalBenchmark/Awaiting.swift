import Daybook
import DaybookSystem

/// Gives back what it is given.
private struct Echo: Workflow {
    static let name = "echo"

    func run(_ number: Int, _ context: WorkflowContext) async throws -> Int { number }
}

/// Awaits one child after the other.
private struct AwaitsChildren: Workflow {
    static let name = "awaits-children"

    func run(_ count: Int, _ context: WorkflowContext) async throws -> Int {
        var sum = 0
        for number in 0..<count { sum += try await context.run(Echo.self, input: number) }
        return sum
    }
}

/// Awaits one signal after the other, and says when it asks for the next.
private struct AwaitsSignals: Workflow {
    static let name = "awaits-signals"
    let asks: AsyncStream<Int>.Continuation

    func run(_ count: Int, _ context: WorkflowContext) async throws -> Int {
        var sum = 0
        for number in 0..<count {
            asks.yield(number)
            sum += try await context.receive("number", as: Int.self)
        }
        return sum
    }
}

/// Spawns as many children as it is told, and leaves them to its end.
private struct Spawns: Workflow {
    static let name = "spawns"

    func run(_ count: Int, _ context: WorkflowContext) async throws -> Int {
        for first in stride(from: 0, to: count, by: 1_000) {
            let numbers = first..<min(first + 1_000, count)
            try await context.spawn(numbers.map { ChildPlan(Echo.self, input: $0) })
        }
        return count
    }
}

/// What a parent with one awaited child costs, beside one that awaits a signal, and the child alone.
enum Awaiting {
    static func measure(_ settings: Settings, _ report: inout Report) async throws {
        say("\nOne child after the other, awaited, and one signal after the other, in memory:")
        let path = settings.quietFolder + "/awaiting.daybook"
        try Engine.create(at: path)
        let (asked, asks) = AsyncStream.makeStream(of: Int.self)
        var options = EngineOptions()
        options.snapshotInterval = nil
        let daybook = try await Engine.open(
            at: path,
            options,
            workflows: [Echo(), AwaitsChildren(), AwaitsSignals(asks: asks), Spawns()]
        )
        let count = settings.isShort ? 500 : 5_000
        try await take("child", count, daybook, path, &report) {
            let sum = try await daybook.run(AwaitsChildren.self, input: count)
            guard sum == count * (count - 1) / 2 else { throw BenchmarkFailed(what: "sum \(sum)") }
        }
        try await take("alone", count, daybook, path, &report) {
            for number in 0..<count {
                let same = try await daybook.run(Echo.self, input: number)
                guard same == number else { throw BenchmarkFailed(what: "\(number) gave \(same)") }
            }
        }
        var waiting = asked.makeAsyncIterator()
        try await take("signal", count, daybook, path, &report) {
            let handle = try await daybook.submit(AwaitsSignals.self, input: count)
            try await handle.execute()
            for _ in 0..<count {
                guard let number = await waiting.next() else { break }
                try await daybook.signal(handle.id, "number", number)
            }
            let sum = try await handle.result()
            guard sum == count * (count - 1) / 2 else { throw BenchmarkFailed(what: "sum \(sum)") }
        }
        asks.finish()
        for size in settings.isShort ? [500, 5_000] : [1_000, 10_000, 100_000] {
            try await spawn(size, daybook, &report)
            try await together(size, daybook, &report)
        }
        try await daybook.close()
    }

    /// Spawns a family, waits for it, and reads what it gave.
    private static func spawn(
        _ count: Int,
        _ daybook: Engine,
        _ report: inout Report
    ) async throws {
        let (start, before) = (ContinuousClock.now, Usage.now)
        let handle = try await daybook.submit(Spawns.self, input: count)
        try await handle.execute()
        guard try await handle.result() == count else { throw BenchmarkFailed(what: "spawned") }
        let took = seconds(since: start) * 1e6 / Double(count)
        let used = (Usage.now - before).processor / 1e3 / Double(count)
        let reading = ContinuousClock.now
        let output = try await handle.output(as: FamilyOutput<Int, Int>.self)
        guard output.children.map(\.output) == Array(0..<count) else {
            throw BenchmarkFailed(what: "the outputs of \(count) children")
        }
        let read = seconds(since: reading) * 1e6 / Double(count)
        report.set("awaiting.spawned.\(count).us", took)
        report.set("awaiting.spawned.\(count).cpu_us", used)
        report.set("awaiting.spawned.\(count).read_us", read)
        say(
            "\(pad("\(count)", 6)) spawned: \(text(took, 1)) us each,"
                + " \(text(used, 1)) us of processor,"
                + " \(text(read, 1)) us to read what each gave"
        )
    }

    /// As many executions that nobody has begun, all of them open before the first runs: what a large
    /// journal costs, and not a family.
    private static func together(
        _ count: Int,
        _ daybook: Engine,
        _ report: inout Report
    ) async throws {
        let ids = (0..<count).map { "together \(count) \($0)" }
        try await forEach(ids) { _ = try await daybook.submit(Echo.self, id: $0, input: 1) }
        let (start, before) = (ContinuousClock.now, Usage.now)
        try await forEach(ids) { try await daybook.execute($0) }
        for id in ids { _ = try await daybook.waitForEnd(of: id) }
        let took = seconds(since: start) * 1e6 / Double(count)
        let used = (Usage.now - before).processor / 1e3 / Double(count)
        report.set("awaiting.together.\(count).us", took)
        report.set("awaiting.together.\(count).cpu_us", used)
        say(
            "\(pad("\(count)", 6)) of nobody: \(text(took, 1)) us each,"
                + " \(text(used, 1)) us of processor"
        )
    }

    /// Does something with each of them, 1,000 at a time.
    private static func forEach(
        _ ids: [String],
        _ body: @escaping @Sendable (String) async throws -> Void
    ) async throws {
        for first in stride(from: 0, to: ids.count, by: 1_000) {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for id in ids[first..<min(first + 1_000, ids.count)] {
                    group.addTask { try await body(id) }
                }
                try await group.waitForAll()
            }
        }
    }

    /// Takes the figures of one kind of wait, for each.
    private static func take(
        _ name: String,
        _ count: Int,
        _ daybook: Engine,
        _ path: String,
        _ report: inout Report,
        _ body: () async throws -> Void
    ) async throws {
        let each = Double(count)
        // What is set up once is.
        try await body()
        let entries = try await daybook.figures().entries
        let (start, commit, before) = (ContinuousClock.now, try lastCommit(path), Usage.now)
        try await body()
        let used = Usage.now - before
        let took = seconds(since: start) * 1e6 / each
        let written = Double(try await daybook.figures().entries - entries) / each
        let commits = Double(try lastCommit(path) - commit) / each
        let calls = try await Calls.counting { try await body() }
        report.set("awaiting.\(name).us", took)
        report.set("awaiting.\(name).commits", commits)
        report.set("awaiting.\(name).entries", written)
        report.set("awaiting.\(name).cpu_us", used.processor / 1e3 / each)
        report.set("awaiting.\(name).context_switches", used.waits / each)
        report.set("awaiting.\(name).mallocs", calls.allocations / each)
        report.set("awaiting.\(name).futex", calls.futex.map { $0 / each })
        say(
            "\(pad(name, 6)): \(text(took, 1)) us, \(text(commits)) commits, \(text(written)) entries,"
                + " \(text(used.processor / 1e3 / each, 1)) us of processor,"
                + " \(text(used.waits / each)) waits,"
                + " \(calls.futex.map { text($0 / each) } ?? "?") futex,"
                + " \(text(calls.allocations / each, 1)) allocations"
        )
    }
}
