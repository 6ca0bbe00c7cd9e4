import DaybookFormat
import Testing

@testable import DaybookModel

/// Signals that say that what is waited for has failed.
@Suite struct SignalFailureTests {
    private func failure(
        _ harness: inout ModelHarness,
        _ code: String = "no",
        by session: UInt64
    ) throws -> Signal.Answer {
        let signal = Signal(
            id: "a",
            name: "go",
            error: ErrorFacts(code: code, isRetryable: false),
            payloads: try harness.sealed([.text("not today")])
        )
        return try harness.run(signal, session: session)
    }

    @Test func whoWaitsIsGivenTheError() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let lease = try harness.lease("a", by: session)
        try harness.await(lease, .op(.signal, 0, "go"), by: session)
        let answer = try failure(&harness, by: session)
        #expect(answer.isDelivered)
        let sequence = try #require(answer.sequence)
        try withEntry(harness.bytes(sequence + 1)) { entry in
            guard case (_, .signal(sequence, let failure, _))? = try Replay.wake(entry) else {
                Issue.record("entry \(sequence + 1) delivers nothing")
                return
            }
            #expect(failure == ErrorFacts(code: "no", isRetryable: false))
        }
    }

    @Test func whoAsksLaterIsGivenThemInTheirOrder() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let lease = try harness.lease("a", by: session)
        let first = try failure(&harness, "one", by: session)
        try harness.signal("a", "go", by: session)
        var answers: [(UInt64?, String?)] = []
        for position in 0..<2 as Range<UInt32> {
            let command = AwaitSignal(
                lease,
                .op(.signal, position, "go"),
                timeout: nil,
                suspended: nil
            )
            let answer = try harness.run(command, session: session)
            answers.append((answer.signal, answer.failure?.code))
        }
        #expect(answers.map(\.0) == [first.sequence, first.sequence.map { $0 + 1 }])
        #expect(answers.map(\.1) == ["one", nil])
    }

    @Test func aCodeThatIsNoNameIsRefused() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        _ = try harness.lease("a", by: session)
        let before = harness.next
        #expect(throws: Refusal.self) { try failure(&harness, "", by: session) }
        #expect(harness.next == before)
    }

    /// What was let through is open again: the next attempt waits for another signal.
    @Test func aFailureThatEndsAnAttemptIsWaitedForAgain() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        var terms = Submit.Terms()
        terms.retry = RetryPolicy(maxAttempts: 2, baseDelay: .zero)
        let number = try harness.ready("a", terms, by: session)
        let lease = try harness.claim(number, by: session)
        let operation = Operation.op(.signal, 0, "go")
        try harness.await(lease, operation, by: session)
        _ = try failure(&harness, by: session)
        let command = Fail(
            lease,
            ErrorFacts(code: "no"),
            payloads: try harness.sealed([.text("no")]),
            failedOperation: OperationPath(operation)
        )
        try harness.run(command, session: session)
        let again = try harness.claim(number, by: session)
        #expect(try harness.execution(number).progress.next(in: []) == 0)
        try harness.await(again, operation, by: session)
        #expect(try harness.execution(number).waits.map(\.operation.name) == ["go"])
    }
}
