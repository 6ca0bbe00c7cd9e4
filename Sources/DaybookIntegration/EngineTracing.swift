#if Integration
public import Daybook
import DaybookModel
public import Tracing

/// A span around each activation of a handler, and one around each body that runs within it, through
/// swift-distributed-tracing. Put it into `EngineOptions.interceptors`.
///
/// A span of an activation has the span as its parent that was current when the execution was
/// submitted, if its `traceContext` says so (``Daybook/ExecutionOptions/inject(_:with:)``). A span of a body
/// has that as its parent which is current where the handler calls: the activation's, or one of the
/// handler's own. The body runs with it as the current one.
public struct EngineTracing<Tracer: Tracing.Tracer>: Interceptor {
    private let tracer: Tracer

    /// - Parameter tracer: where the spans go.
    public init(tracer: Tracer) { self.tracer = tracer }

    /// A span of the workflow's name around a handler, of the operation's around a body.
    public func intercept<Value>(
        _ call: InterceptedCall,
        _ next: InterceptedCode<Value>
    ) async throws -> Value {
        let span = call.operation.map { bodySpan(call, $0.name.text) } ?? activationSpan(call)
        return try await run(call, span, next)
    }

    private func activationSpan(_ call: InterceptedCall) -> Tracer.Span {
        var parent = ServiceContext.topLevel
        if let text = call.traceContext {
            tracer.extract([Self.field: text], into: &parent, using: TextExtractor())
        }
        let span = tracer.startSpan(call.lease.type.text, context: parent, ofKind: .server)
        span.attributes["daybook.resumed"] = call.isResumed
        return span
    }

    private func bodySpan(_ call: InterceptedCall, _ name: String) -> Tracer.Span {
        let span = tracer.startSpan(
            name,
            context: ServiceContext.current ?? .topLevel,
            ofKind: .internal
        )
        span.attributes["daybook.tries"] = Int(call.tries)
        return span
    }

    private func run<Value>(
        _ call: InterceptedCall,
        _ span: Tracer.Span,
        _ next: InterceptedCode<Value>
    ) async throws -> Value {
        span.attributes["daybook.execution"] = call.lease.id.text
        span.attributes["daybook.number"] = Int(clamping: call.lease.execution)
        span.attributes["daybook.attempt"] = Int(call.lease.attempt)
        defer { span.end() }
        do {
            return try await ServiceContext.withValue(span.context) { try await next() }
        } catch let error as CancellationError {
            // It is let go of: nothing has failed.
            span.attributes["daybook.left"] = "let go of"
            throw error
        } catch {
            // Messages are payloads, and can be erased: they do not leave the journal by this door.
            let code = OperationError(recording: error).code
            span.setStatus(SpanStatus(code: .error, message: code))
            throw error
        }
    }

    /// The name of the field of W3C's trace context.
    static var field: String { "traceparent" }
}

extension ExecutionOptions {
    /// Takes over where in a trace a submission is made, so that spans of its activations belong to
    /// that trace. Does nothing when the tracer has nothing to say.
    public mutating func inject(_ context: ServiceContext, with tracer: some Tracing.Tracer) {
        var carrier: [String: String] = [:]
        tracer.inject(context, into: &carrier, using: TextInjector())
        guard let text = carrier["traceparent"], !text.isEmpty, text.utf8.count <= 255 else {
            return
        }
        traceContext = text
    }
}

/// Reads a field of a trace context.
private struct TextExtractor: Extractor {
    func extract(key: String, from carrier: [String: String]) -> String? { carrier[key] }
}

/// Writes a field of a trace context.
private struct TextInjector: Injector {
    func inject(_ value: String, forKey key: String, into carrier: inout [String: String]) {
        carrier[key] = value
    }
}
#endif
