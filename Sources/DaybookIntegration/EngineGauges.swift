#if Integration
public import Daybook
import DaybookSystem
public import Metrics
public import ServiceLifecycle

/// Gauges of an engine, through swift-metrics: how much there is of what, and whether it can work.
///
/// | metric | kind | dimensions |
/// |---|---|---|
/// | `daybook_open_executions` | gauge | `standing`: submitted, ready, running, waiting, parked, paused, or all |
/// | `daybook_oldest_ready_seconds` | gauge | |
/// | `daybook_journal_entries` | gauge | |
/// | `daybook_journal_bytes` | gauge | |
/// | `daybook_commit_seconds` | gauge: the last commit, with its sync | |
/// | `daybook_commits` | gauge: commits of this process | |
/// | `daybook_endings` | gauge: since this process opened the journal | `outcome`: completed, failed, timed_out, cancelled, expired, continued, parked |
/// | `daybook_ready` | gauge: 1 when it can write, else 0 | |
/// | `daybook_free_bytes` | gauge: where the journal lies | |
///
/// Take them now and then with ``record()``, or run it as a service beside the engine's.
public struct EngineGauges: Service {
    private let engine: Engine
    private let interval: Duration
    private let factory: any MetricsFactory

    /// - Parameters:
    ///   - interval: how long the service waits between two records; above zero.
    ///   - factory: where the figures go.
    public init(
        _ engine: Engine,
        interval: Duration = .seconds(15),
        factory: any MetricsFactory = MetricsSystem.factory
    ) {
        self.engine = engine
        self.interval = interval
        self.factory = factory
    }

    /// Records at once, and then after each interval, until the task or the service group ends.
    /// - Throws: `JournalError` when the journal cannot be read.
    public func run() async throws {
        do {
            try await cancelWhenGracefulShutdown {
                while true {
                    try await record()
                    // The interval itself is waited for.
                    try await Task.sleep(for: interval)  // tidy: allowed
                }
            }
        } catch is CancellationError {
            // That is how it ends.
        }
    }

    /// Takes all figures and hands them on.
    /// - Throws: `JournalError` when the journal cannot be read.
    public func record() async throws {
        let readiness = await engine.readiness
        set("ready", readiness.isReady ? 1 : 0)
        if let free = readiness.freeBytes { set("free_bytes", Double(free)) }
        let figures = try await engine.figures()
        let standings: [(String, Int)] = [
            ("all", figures.open), ("submitted", figures.submitted), ("ready", figures.ready),
            ("running", figures.running), ("waiting", figures.waiting),
            ("parked", figures.parked), ("paused", figures.paused),
        ]
        for (standing, count) in standings {
            set("open_executions", Double(count), [("standing", standing)])
        }
        set("oldest_ready_seconds", (figures.oldestReady ?? .zero).inSeconds)
        set("journal_entries", Double(figures.entries))
        if let bytes = figures.journalBytes { set("journal_bytes", Double(bytes)) }
        if let commit = figures.lastCommit { set("commit_seconds", commit.inSeconds) }
        set("commits", Double(figures.commits))
        let ended = figures.endings
        let endings: [(String, UInt64)] = [
            ("completed", ended.completed), ("failed", ended.failed),
            ("timed_out", ended.timedOut), ("cancelled", ended.cancelled),
            ("expired", ended.expired), ("continued", ended.continued), ("parked", ended.parked),
        ]
        for (outcome, count) in endings { set("endings", Double(count), [("outcome", outcome)]) }
    }

    private func set(_ name: String, _ value: Double, _ dimensions: [(String, String)] = []) {
        Gauge(label: "daybook_\(name)", dimensions: dimensions, factory: factory).record(value)
    }
}

extension Duration {
    fileprivate var inSeconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) / 1e18
    }
}
#endif
