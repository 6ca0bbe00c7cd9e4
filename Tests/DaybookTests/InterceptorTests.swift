import Daybook
import DaybookFormat
import DaybookModel
import DaybookSystem
import DaybookTestKit
import Testing

/// What runs around handlers and bodies.
@Suite struct InterceptorTests {
    private let room = ClockedJournal()

    /// Notes what it runs around.
    private struct Noting: Interceptor {
        let name: String
        let calls: CallLog
        /// Notes the trace context too.
        var traces = false

        private func note(_ call: InterceptedCall, _ what: String) {
            let operation = call.operation.map { "\($0.name) \(call.tries)" } ?? "handler"
            let trace = traces ? " \(call.traceContext ?? "none")" : ""
            calls.add("\(name) \(what) \(operation)\(trace)")
        }

        func intercept<Value>(
            _ call: InterceptedCall,
            _ next: InterceptedCode<Value>
        ) async throws -> Value {
            note(call, "before")
            defer { note(call, "after") }
            return try await next()
        }
    }

    /// Has each body fail.
    private struct Failing: Interceptor {
        func intercept<Value>(
            _ call: InterceptedCall,
            _ next: InterceptedCode<Value>
        ) async throws -> Value {
            guard call.operation != nil else { return try await next() }
            throw OperationError(code: "denied", message: "not today")
        }
    }

    @TaskLocal private static var place = "outside"

    /// Sets a task-local value around each body.
    private struct Placing: Interceptor {
        func intercept<Value>(
            _ call: InterceptedCall,
            _ next: InterceptedCode<Value>
        ) async throws -> Value {
            guard let operation = call.operation else { return try await next() }
            let place = "\(InterceptorTests.place) \(operation.name)"
            return try await InterceptorTests.$place.withValue(place) { try await next() }
        }
    }

    /// Runs code to its end in an engine with interceptors.
    /// - Parameter resident: so many handlers are kept in memory.
    private func run(
        _ interceptors: [any Interceptor],
        resident: Int = 100,
        code: @escaping Scripted.Code,
        _ meanwhile: (Engine) async throws -> Void = { _ in }
    ) async throws -> String {
        var options = room.options
        options.interceptors = interceptors
        options.maxResident = resident
        return try await withJournal(room.creation) { path in
            try await withEngine(path, options, code: code) { daybook in
                try await daybook.start()
                try await meanwhile(daybook)
                return try await daybook.result()
            }
        }
    }

    @Test func theFirstIsTheOutermost() async throws {
        let calls = CallLog()
        _ = try await run([
            Noting(name: "a", calls: calls), Noting(name: "b", calls: calls),
        ]) { _, context in
            try await context.checkpoint("one") { _ in calls.add("one") }
            return ""
        }
        #expect(
            calls.lines == [
                "a before handler", "b before handler", "a before one 1", "b before one 1", "one",
                "b after one 1", "a after one 1", "b after handler", "a after handler",
            ]
        )
    }

    @Test func eachTryAndEachLookIsRunAround() async throws {
        let calls = CallLog()
        _ = try await run([Noting(name: "a", calls: calls)]) { _, context in
            let policy = RetryPolicy(maxAttempts: 2, baseDelay: .seconds(1))
            try await context.checkpoint("tried", options: .init(retry: policy)) { operation in
                if operation.tries < 2 { throw OperationError(code: "no", message: "no") }
            }
            _ = try await context.attempt("taken") { _ in 1 }
            return try await context.poll("look", from: 0, every: policy) {
                state,
                _ -> Poll<Int, String> in
                state == 1 ? .done("") : .again(1)
            }
        } _: { daybook in
            for name: Name in ["tried", "look"] {
                _ = try await daybook.wait(for: "a") { record in
                    record.waits.contains { $0.operation.name == name }
                }
                room.clock.pass(.seconds(1))
            }
        }
        #expect(
            calls.lines.filter { $0.hasPrefix("a before") } == [
                "a before handler", "a before tried 1", "a before tried 2", "a before taken 1",
                "a before look 1", "a before look 2",
            ]
        )
    }

    @Test func whatItThrowsIsTheOperationsFailure() async throws {
        let output = try await run([Failing()]) { _, context in
            do {
                try await context.checkpoint("one") { _ in }
                return "not reached"
            } catch let error as OperationError {
                return error.code
            }
        }
        #expect(output == "\"denied\"")
    }

    @Test(arguments: [nil, Duration.seconds(60)])
    func itRunsInTheTaskOfTheCode(_ timeout: Duration?) async throws {
        let output = try await run([Placing()]) { _, context in
            // Unsafe only in name: the closure runs at once, in this task.
            nonisolated(unsafe) let context = context
            return try await InterceptorTests.$place.withValue("handler") {
                try await context.checkpoint("one", options: .init(timeout: timeout)) { _ in
                    InterceptorTests.place
                }
            }
        }
        #expect(output == "\"handler one\"")
    }

    /// The trace context stands in the submission, and goes over to the next run.
    @Test func itIsToldWhereInATraceTheExecutionWasAskedFor() async throws {
        let calls = CallLog()
        var options = room.options
        options.interceptors = [Noting(name: "a", calls: calls, traces: true)]
        let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        try await withJournal(room.creation) { path in
            try await withEngine(
                path,
                options,
                code: { input, context in
                    guard input == 1 else { return "" }
                    throw try context.continueAsNew(Scripted.self, input: 2)
                }
            ) { daybook in
                var options = ExecutionOptions()
                options.traceContext = trace
                try await daybook.submit(Scripted.self, id: "a", options: options, input: 1)
                    .execute()
                _ = try await daybook.waitForEnd(of: "a")
                options.traceContext = String(repeating: "x", count: 256)
                await #expect(throws: Refusal.self) {
                    try await daybook.submit(Scripted.self, id: "b", options: options, input: 1)
                }
            }
        }
        #expect(
            calls.lines.filter { $0.hasPrefix("a before") } == [
                "a before handler \(trace)", "a before handler \(trace)",
            ]
        )
    }

    @Test func whatIsAnsweredFromTheRecordIsNotRunAround() async throws {
        let calls = CallLog()
        _ = try await run([Noting(name: "a", calls: calls)], resident: 0) { _, context in
            try await context.checkpoint("one") { _ in }
            try await context.sleep(for: .seconds(5))
            try await context.checkpoint("two") { _ in }
            return ""
        } _: { daybook in
            try await daybook.untilWaiting()
            try await daybook.waitUntilIdle()
            room.clock.pass(.seconds(5))
        }
        #expect(calls.lines.count { $0.hasPrefix("a before handler") } == 2)
        #expect(calls.lines.count { $0.hasPrefix("a before one") } == 1)
        #expect(calls.lines.count { $0.hasPrefix("a before two") } == 1)
    }
}
