import Daybook
import DaybookTestKit
import Testing

/// Interceptors of a program that has none of this package's upcoming features: what is not called
/// there is left out in silence.
@Suite struct InterceptorExampleTests {
    private struct Noting: Interceptor {
        let calls: CallLog

        func intercept<Value>(
            _ call: InterceptedCall,
            _ next: InterceptedCode<Value>
        ) async throws -> Value {
            calls.add("\(call.lease.id) \(call.operation?.name.text ?? "handler")")
            return try await next()
        }
    }

    /// Spelled without the alias.
    private struct Spelled: Interceptor {
        let calls: CallLog

        func intercept<Value>(
            _ call: InterceptedCall,
            _ next: nonisolated(nonsending) () async throws -> Value
        ) async throws -> Value {
            calls.add("spelled")
            return try await next()
        }
    }

    private struct Adding: Workflow {
        static let name = "adding"

        func run(_ number: Int, _ context: WorkflowContext) async throws -> Int {
            try await context.checkpoint("add", input: number) { _ in number + 1 }
        }
    }

    @Test func handlersAndBodiesAreInterceptedWithDefaultSettings() async throws {
        let calls = CallLog()
        try await withJournal { path in
            var options = EngineOptions()
            options.interceptors = [Noting(calls: calls), Spelled(calls: calls)]
            let daybook = try await Engine.open(at: path, options, workflows: [Adding()])
            #expect(try await daybook.run(Adding.self, id: "a", input: 1) == 2)
            try await daybook.close()
        }
        #expect(calls.lines == ["a handler", "spelled", "a add", "spelled"])
    }
}
