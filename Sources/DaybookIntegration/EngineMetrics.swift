#if Integration
public import Daybook
import DaybookModel
import DaybookSystem
public import Metrics

/// Counts what an engine does, through swift-metrics. Add ``observe(_:)`` to
/// `EngineOptions.observers`.
///
/// | metric | kind | dimensions |
/// |---|---|---|
/// | `daybook_activations_total` | counter | `workflow` |
/// | `daybook_executions_total` | counter | `workflow`, `outcome`: completed or failed |
/// | `daybook_attempts_failed_total` | counter | `workflow` |
/// | `daybook_tries_failed_total` | counter | `workflow` |
/// | `daybook_operations_total` | counter | `workflow`, `outcome`: ran, found_done, replayed or failed |
/// | `daybook_operation_duration` | timer | `workflow`: from the start of a body to its record |
/// | `daybook_takeovers_total` | counter | |
public final class EngineMetrics: Sendable {
    private struct Place: Hashable {
        let execution: UInt64
        let operation: Operation
    }

    private let factory: any MetricsFactory
    private let starts = Locked<[Place: ContinuousClock.Instant]>([:])

    /// - Parameter factory: where the figures go.
    public init(factory: any MetricsFactory = MetricsSystem.factory) { self.factory = factory }

    /// Takes in what an engine did.
    public func observe(_ event: EngineEvent) {
        switch event {
        case .activated(let lease, _): count("activations", [("workflow", lease.type.text)])
        case .replayed(let lease, _, _, _): operation(lease, "replayed")
        case .started(let lease, let operation, _):
            let place = Place(execution: lease.execution, operation: operation)
            starts.withLock { $0[place] = .now }
        case .recorded(let lease, let operation, _, let source, let failure):
            self.operation(lease, failure != nil ? "failed" : source.word)
            measure(lease, operation)
        case .ended(let lease, _, let failure):
            let outcome = failure == nil ? "completed" : "failed"
            count("executions", [("workflow", lease.type.text), ("outcome", outcome)])
        case .attemptFailed(let lease, _, _, _):
            count("attempts_failed", [("workflow", lease.type.text)])
        case .retrying(let lease, _, _, _, _, _):
            count("tries_failed", [("workflow", lease.type.text)])
        case .waiting, .woke, .branched, .secretsUnopened: break
        case .cleaned(let lease, _): count("cleanings", [("workflow", lease.type.text)])
        case .tookOver: count("takeovers", [])
        case .snapshotTaken: count("snapshots", [])
        case .closed(let lease, _):
            starts.withLock { starts in
                for place in starts.keys where place.execution == lease.execution {
                    starts[place] = nil
                }
            }
        }
    }

    private func operation(_ lease: Lease, _ outcome: String) {
        count("operations", [("workflow", lease.type.text), ("outcome", outcome)])
    }

    private func measure(_ lease: Lease, _ operation: Operation) {
        let place = Place(execution: lease.execution, operation: operation)
        guard let start = starts.withLock({ $0.removeValue(forKey: place) }) else { return }
        let time = start.duration(to: .now)
        Metrics.Timer(
            label: "daybook_operation_duration",
            dimensions: [("workflow", lease.type.text)],
            factory: factory
        ).recordNanoseconds(Int64(clamping: time.wholeNanoseconds))
    }

    private func count(_ what: String, _ dimensions: [(String, String)]) {
        Counter(label: "daybook_\(what)_total", dimensions: dimensions, factory: factory)
            .increment()
    }
}

extension EngineEvent.OutcomeSource {
    /// What a metric calls it.
    fileprivate var word: String {
        switch self {
        case .body: "ran"
        case .verification: "found_done"
        case .person: "given"
        }
    }
}
#endif
