public import DaybookModel

/// Runs around the code that an engine runs: around the handler in each of its activations, and around
/// the body of each operation that runs within it. What is answered from the record runs nothing.
///
/// An interceptor calls `next` once, gives what that gives, and throws what that throws: its own
/// result and errors are taken for those of the code. It runs in the task of the code, so that task-local
/// values that it sets are there for the code, and those of the handler for it.
///
/// The first of `EngineOptions.interceptors` is the outermost. An engine without any pays nothing.
public protocol Interceptor: Sendable {
    /// Runs around the handler, from its beginning to its end or until it is let go of.
    func interceptActivation<Value>(
        _ call: InterceptedCall,
        _ next: () async throws -> Value
    ) async throws -> Value

    /// Runs around the body of an operation.
    func interceptBody<Value>(
        _ call: InterceptedCall,
        _ next: () async throws -> Value
    ) async throws -> Value
}

extension Interceptor {
    /// Runs nothing around it.
    public func interceptActivation<Value>(
        _ call: InterceptedCall,
        _ next: () async throws -> Value
    ) async throws -> Value {
        try await next()
    }

    /// Runs nothing around it.
    public func interceptBody<Value>(
        _ call: InterceptedCall,
        _ next: () async throws -> Value
    ) async throws -> Value {
        try await next()
    }
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
        return try await host.interceptors[...].runBody(call) { try await body(running.context) }
    }

    /// Runs the handler, and what is to run around it.
    func intercepted<Value>(_ body: () async throws -> Value) async throws -> Value {
        guard !host.interceptors.isEmpty else { return try await body() }
        return try await host.interceptors[...].runActivation(call(nil, tries: 1), body)
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
    fileprivate func runBody<Value>(
        _ call: InterceptedCall,
        _ body: () async throws -> Value
    ) async throws -> Value {
        guard let first else { return try await body() }
        return try await first.interceptBody(call) { try await dropFirst().runBody(call, body) }
    }

    fileprivate func runActivation<Value>(
        _ call: InterceptedCall,
        _ body: () async throws -> Value
    ) async throws -> Value {
        guard let first else { return try await body() }
        return try await first.interceptActivation(call) {
            try await dropFirst().runActivation(call, body)
        }
    }
}
