public import DaybookModel

/// The code that an ``Interceptor`` runs around.
///
/// It runs where its caller runs, and is called once, before the interceptor returns. A parameter is
/// declared by this name, or as `nonisolated(nonsending) () async throws -> Value`: a plain
/// `() async throws -> Value` is another type unless the program's module has the upcoming feature
/// `NonisolatedNonsendingByDefault`, and the compiler then says that the type does not conform.
public typealias InterceptedCode<Value> = nonisolated(nonsending) () async throws -> Value

/// Runs around the code that an engine runs: around the handler in each of its activations, and around
/// the body of each operation that runs within it. What is answered from the record runs nothing.
///
/// ```swift
/// struct Timing: Interceptor {
///     func intercept<Value>(
///         _ call: InterceptedCall,
///         _ next: InterceptedCode<Value>
///     ) async throws -> Value {
///         // Nil: it is the handler. This one is about bodies alone.
///         guard let operation = call.operation else { return try await next() }
///         let began = ContinuousClock.now
///         defer { print("\(call.lease.id) \(operation.name) took \(ContinuousClock.now - began)") }
///         return try await next()
///     }
/// }
///
/// var options = EngineOptions()
/// options.interceptors = [Timing()]
/// let engine = try await Engine.open(at: "ops.daybook", options, workflows: [Release()])
/// ```
///
/// An interceptor calls `next` once, gives what that gives, and throws what that throws: its own
/// result and errors are taken for those of the code. It runs in the task of the code, so that task-local
/// values that it sets are there for the code, and those of the handler for it.
///
/// The first of `EngineOptions.interceptors` is the outermost. An engine without any pays nothing.
public protocol Interceptor: Sendable {
    /// Runs around a handler, from its beginning to its end or until it is let go of, or around the body
    /// of an operation; ``InterceptedCall/operation`` says which of them.
    ///
    /// There is no default: what does not match this requirement does not compile, and is never
    /// left out in silence.
    /// - Parameters:
    ///   - call: what it runs around.
    ///   - next: the code, or the next interceptor around it.
    func intercept<Value>(
        _ call: InterceptedCall,
        _ next: InterceptedCode<Value>
    ) async throws -> Value
}

/// What an ``Interceptor`` runs around.
public struct InterceptedCall: Sendable {
    /// The execution, its workflow and its attempt.
    public let lease: Lease
    /// The operation whose body it is; nil: it is the handler.
    public let operation: Operation?
    /// Which try of the body it is, from 1; of the handler 1.
    public let tries: UInt32
    /// Code of the execution has run before.
    public let isResumed: Bool
    /// Where in a trace the execution was asked for (``ExecutionOptions/traceContext``); nil: nobody
    /// said.
    public let traceContext: String?
}

extension Activation {
    /// Runs the body of an operation, and what is to run around it.
    func intercepted<Value>(
        _ running: RunningOperation,
        _ body: (OperationContext) async throws -> Value
    ) async throws -> Value {
        guard !host.interceptors.isEmpty else { return try await body(running.context) }
        let call = call(running.context.operation, tries: running.context.tries)
        return try await host.interceptors[...].run(call) { try await body(running.context) }
    }

    /// Runs the handler, and what is to run around it.
    func intercepted<Value>(_ body: () async throws -> Value) async throws -> Value {
        guard !host.interceptors.isEmpty else { return try await body() }
        return try await host.interceptors[...].run(call(nil, tries: 1), body)
    }

    private func call(_ operation: Operation?, tries: UInt32) -> InterceptedCall {
        InterceptedCall(
            lease: lease,
            operation: operation,
            tries: tries,
            isResumed: isResumed,
            traceContext: traceContext
        )
    }
}

extension ArraySlice<any Interceptor> {
    fileprivate func run<Value>(
        _ call: InterceptedCall,
        _ code: () async throws -> Value
    ) async throws -> Value {
        guard let first else { return try await code() }
        return try await first.intercept(call) { try await dropFirst().run(call, code) }
    }
}
