import Daybook
import DaybookModel
import DaybookTestKit
import Testing

/// What a handler knows of its retries.
@Suite struct LastAttemptTests {
    private let room = ClockedJournal()
    private struct Broken: Error {}

    /// Which attempts say that they are the last, of an execution that fails in each.
    private func run(_ policies: [RetryPolicy]) async throws -> [String] {
        let calls = CallLog()
        let code: Scripted.Code = { _, context in
            calls.add("\(context.attempt)\(context.isLastAttempt ? " is the last" : "")")
            throw Broken()
        }
        try await room.withEngine(code: code) { engine in
            var options = ExecutionOptions()
            options.retry = policies[0]
            try await engine.start("a", options)
            _ = try await engine.waitForEnd(of: "a")
            for _ in policies.dropFirst() {
                try await engine.retry("a")
                _ = try await engine.waitForEnd(of: "a")
            }
        }
        return calls.lines
    }

    @Test func itFollowsFromThePolicyOfTheSubmission() async throws {
        let three = RetryPolicy(maxAttempts: 3, baseDelay: .zero)
        #expect(try await run([three]) == ["1", "2", "3 is the last"])
        #expect(try await run([.none]) == ["1 is the last"])
    }

    @Test func aPersonsRetryBeginsTheCountAnew() async throws {
        let two = RetryPolicy(maxAttempts: 2, baseDelay: .zero)
        #expect(try await run([two, two]) == ["1", "2 is the last", "3", "4 is the last"])
    }

    @Test func theNextRunHasAllOfItsAttempts() async throws {
        let calls = CallLog()
        let code: Scripted.Code = { input, context in
            calls.add("\(input): \(context.attempt) \(context.isLastAttempt)")
            if context.attempt == 1 { throw Broken() }
            guard input > 1 else { return "" }
            throw try context.continueAsNew(Scripted.self, input: 1)
        }
        try await room.withEngine(code: code) { engine in
            var options = ExecutionOptions()
            options.retry = RetryPolicy(maxAttempts: 2, baseDelay: .zero)
            try await engine.start("a", options, input: 2)
            #expect(try await engine.result() == "\"\"")
        }
        #expect(calls.lines == ["2: 1 false", "2: 2 true", "1: 1 false", "1: 2 true"])
    }

    /// A process that dies begins no attempt.
    @Test func anInterruptionChangesNothing() async throws {
        let calls = CallLog()
        let code: Scripted.Code = { _, context in
            calls.add("\(context.isLastAttempt)")
            return ""
        }
        try await withJournal { path in
            _ = try await interrupting(path, running: code, then: code)
        }
        #expect(calls.lines == ["true", "true"])
    }
}
