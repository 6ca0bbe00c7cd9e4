#if Integration
public import Daybook
import DaybookModel
import DaybookSystem
public import Tracing

/// A span for each activation of a handler, and within it one for each operation that ran, through
/// swift-distributed-tracing. Give ``observe(_:)`` to `DaybookOptions.observer`.
public final class EngineTracing<Tracer: Tracing.Tracer>: Sendable {
    private struct Place: Hashable {
        let execution: UInt64
        let operation: Operation?
    }

    private let tracer: Tracer
    private let spans = Locked<[Place: Tracer.Span]>([:])

    /// - Parameter tracer: where the spans go.
    public init(tracer: Tracer) { self.tracer = tracer }

    /// Takes in what an engine did.
    public func observe(_ event: EngineEvent) {
        switch event {
        case .activated(let lease, let resumed):
            begin(lease, nil, lease.type.text) { span in
                span.attributes["daybook.resumed"] = resumed
                span.attributes["daybook.attempt"] = Int(lease.attempt)
            }
        case .started(let lease, let operation, _):
            begin(lease, operation, operation.name.text) { _ in }
        case .recorded(let lease, let operation, let sequence, _, let failure):
            end(lease, operation, sequence, failure)
        case .ended(let lease, let sequence, let failure): end(lease, nil, sequence, failure)
        case .attemptFailed(let lease, let sequence, let failure, _):
            end(lease, nil, sequence, failure)
        case .closed(let lease, let reason):
            let left = spans.withLock { spans in
                let places = spans.keys.filter { $0.execution == lease.execution }
                return places.compactMap { spans.removeValue(forKey: $0) }
            }
            for span in left {
                span.attributes["daybook.left"] = reason.description
                span.end()
            }
        case .replayed, .tookOver, .snapshotTaken: break
        }
    }

    private func begin(
        _ lease: Lease,
        _ operation: Operation?,
        _ name: String,
        _ describe: (Tracer.Span) -> Void
    ) {
        let parent = spans.withLock { $0[Place(execution: lease.execution, operation: nil)] }
        let span = tracer.startSpan(
            name,
            context: parent?.context ?? .topLevel,
            ofKind: operation == nil ? .server : .internal
        )
        span.attributes["daybook.execution"] = lease.id.text
        span.attributes["daybook.number"] = Int(clamping: lease.execution)
        describe(span)
        spans.withLock { $0[Place(execution: lease.execution, operation: operation)] = span }
    }

    private func end(
        _ lease: Lease,
        _ operation: Operation?,
        _ sequence: UInt64,
        _ failure: OperationError?
    ) {
        let place = Place(execution: lease.execution, operation: operation)
        guard let span = spans.withLock({ $0.removeValue(forKey: place) }) else { return }
        span.attributes["daybook.entry"] = Int(clamping: sequence)
        if let failure {
            // Messages are payloads, and can be erased: they do not leave the journal by this door.
            span.setStatus(SpanStatus(code: .error, message: failure.code))
        }
        span.end()
    }
}
#endif
