import DaybookFormat
import Testing

@testable import DaybookModel

/// What branches waited for that another one's failure has stopped.
@Suite struct StoppedWaitsTests {
    /// Two branches of an operation wait, and a third one has failed it. Another attempt may follow.
    private func failed(
        _ harness: inout ModelHarness
    ) throws -> (lease: Lease, session: UInt64) {
        let session = try harness.open()
        var terms = Submit.Terms()
        terms.retry = RetryPolicy(maxAttempts: 2, baseDelay: .zero)
        let number = try harness.ready("a", terms, by: session)
        let lease = try harness.claim(number, by: session)
        try harness.run(StartBranches(lease, .op(.map, 0), count: 3), session: session)
        let sleep = Operation.op(.sleep, 0, in: [0, 0])
        try harness.sleep(lease, sleep, for: .seconds(30), suspended: nil, by: session)
        let signal = Operation.op(.signal, 0, "go", in: [0, 1])
        try harness.await(lease, signal, suspended: nil, by: session)
        try harness.disappoint(lease, .op(.checkpoint, 0, in: [0, 2]), by: session)
        try harness.run(
            SettleBranches(lease, .op(.map, 0), branch: 2, failed: true),
            session: session
        )
        return (lease, session)
    }

    @Test func theyWaitAgainInTheNextAttempt() throws {
        var harness = try ModelHarness()
        let (lease, session) = try failed(&harness)
        #expect(try harness.execution(lease.execution).waits.isEmpty)
        try harness.fail(lease, by: session)
        let again = try harness.claim(lease.execution, by: session)
        #expect(try harness.execution(lease.execution).waits.map(\.kind) == [.timer, .signal])
        #expect(try harness.signal("a", "go", by: session).isDelivered)
        #expect(try harness.pass(.seconds(30), by: session) == 1)
        #expect(try harness.execution(lease.execution).waits.isEmpty)
        try harness.succeed(again, .step(0, in: [0, 2]), by: session)
    }

    @Test func theyAreOverOnceTheFailureIsDealtWith() throws {
        var harness = try ModelHarness()
        let (lease, session) = try failed(&harness)
        try harness.succeed(lease, .step(1), by: session)
        try harness.fail(lease, by: session)
        _ = try harness.claim(lease.execution, by: session)
        #expect(try harness.execution(lease.execution).waits.isEmpty)
        #expect(try harness.signal("a", "go", by: session).isDelivered == false)
        #expect(try harness.pass(.seconds(30), by: session) == 0)
    }

    @Test func theyWaitAgainWhenAPersonHasItRunAgain() throws {
        var harness = try ModelHarness()
        let (lease, session) = try failed(&harness)
        try harness.cancel("a", by: session)
        try harness.run(Release(lease), session: session)
        try harness.retry("a", by: session)
        #expect(try harness.execution(lease.execution).waits.map(\.kind) == [.timer, .signal])
        #expect(try harness.pass(.seconds(30), by: session) == 1)
    }
}
