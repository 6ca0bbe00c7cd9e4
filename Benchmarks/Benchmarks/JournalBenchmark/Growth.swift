import Daybook
import DaybookSystem

/// Many checkpoints; now and then, between two of them, something else is measured.
struct LongRun: Workflow {
    static let name = "long-run"
    let times: CheckpointTimes
    /// Checkpoints of a window.
    let window: Int
    /// Windows at the end.
    let rounds: Int
    /// Called after each of them.
    let between: @Sendable () async throws -> Void

    func run(_ count: Int, _ context: WorkflowContext) async throws -> Int {
        var sum = 0
        for index in 0..<count {
            let left = count - index
            if left <= window * rounds, left % window == 0 { times.begin(window) }
            let start = ContinuousClock.now
            sum += try await context.checkpoint("step") { _ in index }
            times.note(start.duration(to: .now).inMicroseconds)
            if left <= window * rounds, left % window == 1 { try await between() }
            if left > window * rounds, left % 100_000 == 0 { times.begin(100_000) }
        }
        return sum
    }
}

/// A map over many elements, with a checkpoint for each.
struct WideMap: Workflow {
    static let name = "wide-map"

    func run(_ count: Int, _ context: WorkflowContext) async throws -> Int {
        let values = try await context.map("elements", Array(0..<count), maxConcurrent: 256) {
            scope,
            element in
            try await scope.checkpoint("element") { _ in element }
        }
        return values.reduce(0, +)
    }
}

/// Reads as many signals as it is told.
struct SignalReader: Workflow {
    static let name = "signal-reader"

    func run(_ count: Int, _ context: WorkflowContext) async throws -> Int {
        var sum = 0
        for _ in 0..<count { sum += try await context.receive("number", as: Int.self) }
        return sum
    }
}

/// Whether an element costs the same however many there are.
enum Growth {
    static func measure(_ settings: Settings, _ report: inout Report) async throws {
        try await steps(settings, &report)
        let sizes = settings.isShort ? [1_000, 10_000] : [1_000, 10_000, 100_000]
        let folder = settings.quietFolder + "/growth.daybook"
        try Engine.create(at: folder)
        var options = EngineOptions()
        options.snapshotInterval = nil
        let daybook = try await Engine.open(
            at: folder,
            options,
            workflows: [WideMap(), SignalReader()]
        )
        say("\nA map of many elements, one checkpoint each:")
        try await grow("map", sizes, &report) { try await map(of: $0, daybook) }
        say("\nSignals to one execution that does not ask yet, and reading them:")
        var reading: [Int: Double] = [:]
        try await grow("signals_sent", sizes, &report) { count in
            let (sent, read) = try await signals(count, daybook)
            reading[count] = read
            return sent
        }
        try await grow("signals_read", sizes, &report) { reading[$0] ?? .nan }
        try await daybook.close()
    }

    /// Notes what an element costs at each size, and the ratio to the size before.
    /// - Parameter body: gives seconds for all elements.
    private static func grow(
        _ name: String,
        _ sizes: [Int],
        _ report: inout Report,
        _ body: (Int) async throws -> Double
    ) async throws {
        var last: Double?
        for size in sizes {
            let each = try await body(size) * 1e6 / Double(size)
            let ratio = last.map { each / $0 }
            report.set("growth.\(name).microseconds.\(size)", each)
            report.set("growth.\(name).ratio.\(size)", ratio)
            say(
                "\(name)  \(pad("\(size)", 7))  \(pad(text(each), 8)) us each"
                    + (ratio.map { "  \(text($0)) x the size before" } ?? "")
            )
            last = each
        }
    }

    private static func map(of count: Int, _ daybook: Engine) async throws -> Double {
        let start = ContinuousClock.now
        let sum = try await daybook.run(WideMap.self, input: count)
        guard sum == count * (count - 1) / 2 else { throw BenchmarkFailed(what: "sum \(sum)") }
        return seconds(since: start)
    }

    /// - Returns: seconds to send all, and to read them.
    private static func signals(
        _ count: Int,
        _ daybook: Engine
    ) async throws -> (sent: Double, read: Double) {
        let id = "signals-\(count)"
        let handle = try await daybook.submit(SignalReader.self, id: id, input: count)
        let sending = ContinuousClock.now
        try await withThrowingTaskGroup(of: Void.self) { group in
            for lane in 0..<256 {
                group.addTask {
                    for number in stride(from: lane, to: count, by: 256) {
                        try await daybook.signal(id, "number", number)
                    }
                }
            }
            try await group.waitForAll()
        }
        let sent = seconds(since: sending)
        let reading = ContinuousClock.now
        try await handle.execute()
        let sum = try await handle.result()
        guard sum == count * (count - 1) / 2 else { throw BenchmarkFailed(what: "sum \(sum)") }
        return (sent, seconds(since: reading))
    }

    /// The last checkpoints of a long execution against those around the thousandth of others, in
    /// turn.
    private static func steps(_ settings: Settings, _ report: inout Report) async throws {
        let count = settings.isShort ? 20_000 : 1_000_000
        say("\nCheckpoint \(count) of an execution against checkpoint 1000 of others, in turn:")
        let path = settings.quietFolder + "/steps.daybook"
        try Engine.create(at: path)
        var options = EngineOptions()
        options.snapshotInterval = nil
        let (late, early) = (CheckpointTimes(), CheckpointTimes())
        let rounds = Locked<[(late: Double, early: Double)]>([])
        let opened = Locked<Engine?>(nil)
        let long = LongRun(times: late, window: 1_000, rounds: 6) {
            let daybook = opened.withLock { $0 }
            early.begin(1_500)
            _ = try await daybook?.run(TimedCheckpoints.self, input: 1_500)
            let pair = (median(late.all), median(Array(early.all.dropFirst(500))))
            rounds.withLock { $0.append(pair) }
        }
        let daybook = try await Engine.open(
            at: path,
            options,
            workflows: [long, TimedCheckpoints(times: early)]
        )
        opened.withLock { $0 = daybook }
        _ = try await daybook.run(LongRun.self, input: count)
        opened.withLock { $0 = nil }
        try await daybook.close()
        let pairs = rounds.withLock { $0 }
        let ratio = median(pairs.map { $0.late / $0.early })
        report.set("growth.steps.microseconds.1000", median(pairs.map(\.early)))
        report.set("growth.steps.microseconds.\(count)", median(pairs.map(\.late)))
        report.set("growth.steps.ratio", ratio)
        say(
            "\(text(median(pairs.map(\.late)), 1)) us against"
                + " \(text(median(pairs.map(\.early)), 1)) us, ratio \(text(ratio, 3))"
        )
    }
}
