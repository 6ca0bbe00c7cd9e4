import DaybookFormat
import Testing

@testable import DaybookModel

/// A person has run again what has ended, or was parked.
@Suite struct ReopeningTests {
    /// A process that opens the journal now comes to the same state.
    private func checkFold(
        _ harness: ModelHarness,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let recovered = text(of: try harness.recovered())
        #expect(recovered == text(of: harness.state), sourceLocation: sourceLocation)
    }

    /// Cancels an execution, lets its code end, and has it run again.
    private func cancelAndRetry(
        _ lease: Lease,
        _ harness: inout ModelHarness,
        by session: UInt64
    ) throws {
        try harness.cancel(lease.id, by: session)
        try harness.run(Release(lease), session: session)
        #expect(harness.standing(lease.execution) == "closed")
        try harness.retry(lease.id, by: session)
    }

    @Test func aSleepGoesOnToItsTime() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let lease = try harness.lease("a", by: session)
        try harness.sleep(lease, .op(.sleep, 0), for: .seconds(30), by: session)
        let wait = try harness.execution(lease.execution).waits
        try harness.cancel("a", by: session)
        #expect(try harness.execution(lease.execution).waits.isEmpty)
        #expect(try harness.pass(.seconds(1), by: session) == 0)
        try harness.run(Release(lease), session: session)
        try harness.retry("a", by: session)

        #expect(try harness.execution(lease.execution).waits == wait)
        #expect(harness.state.nextDeadline == wait.first?.deadline)
        try checkFold(harness)
        _ = try harness.claim(lease.execution, by: session)
        #expect(try harness.pass(.seconds(28), by: session) == 0)
        #expect(try harness.pass(.seconds(1), by: session) == 1)
        #expect(try harness.names(from: harness.next - 1) == ["timer_fired"])
        #expect(try harness.pass(.seconds(60), by: session) == 0)
    }

    /// As a process sees it that follows the journal, and looks at its clock meanwhile.
    @Test func aSleepGoesOnForThoseWhoFollow() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let lease = try harness.lease("a", by: session)
        try harness.sleep(lease, .op(.sleep, 0), for: .seconds(30), by: session)
        let deadline = harness.state.nextDeadline
        try cancelAndRetry(lease, &harness, by: session)
        var follower = State()
        for bytes in harness.entries {
            try withEntry(bytes) { entry in
                try follower.apply(committed: entry) { try harness.fold($0, before: $1) }
            }
            follower.lookAtClock(harness.now)
        }
        #expect(deadline != nil)
        #expect(follower.nextDeadline == deadline)
    }

    @Test func aWaitForASignalGoesOn() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let lease = try harness.lease("a", by: session)
        try harness.await(lease, .op(.signal, 0, "go"), by: session)
        try cancelAndRetry(lease, &harness, by: session)
        let answer = try harness.signal("a", "go", by: session)
        #expect(answer.isDelivered)
        #expect(try harness.execution(lease.execution).waits.isEmpty)
        try checkFold(harness)
    }

    @Test func anOperationThatWasToBeTriedAgainBeginsAnew() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let lease = try harness.lease("a", by: session)
        try harness.again(lease, .step(0), by: session)
        try cancelAndRetry(lease, &harness, by: session)
        #expect(try harness.execution(lease.execution).waits.isEmpty)
        #expect(try harness.pass(.seconds(60), by: session) == 0)
    }

    @Test func aTimeThatCameMeanwhileIsSeenToFirst() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let early = try harness.lease("early", by: session)
        try harness.sleep(early, .op(.sleep, 0), for: .seconds(10), by: session)
        try harness.cancel("early", by: session)
        try harness.run(Release(early), session: session)
        let late = try harness.lease("late", by: session)
        for (position, seconds) in [20, 30].enumerated() {
            let operation = Operation.op(.sleep, UInt32(position))
            try harness.sleep(late, operation, for: .seconds(seconds), suspended: nil, by: session)
        }
        harness.now = Timestamp(rawValue: harness.now.rawValue + 60_000_000_000)
        #expect(try harness.fire(limit: 1, by: session) == 1)
        try harness.retry("early", by: session)
        let first = harness.next
        try #require(try harness.fire(limit: 100, by: session) == 2)
        #expect(try harness.entry(first).stream == early.execution)
        #expect(try harness.entry(first + 1).stream == late.execution)
        #expect(try harness.fire(limit: 100, by: session) == 0)
        #expect(harness.state.nextDeadline == nil)
    }

    @Test func allDeadlinesOfOneExecutionThatHaveComeAreSeenToAtOnce() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let lease = try harness.lease("a", by: session)
        try harness.run(StartBranches(lease, .op(.map, 0), count: 1_000), session: session)
        for branch in UInt32(0)..<1_000 {
            let operation = Operation.op(.sleep, 0, in: [0, branch])
            try harness.sleep(lease, operation, for: .seconds(30), suspended: nil, by: session)
        }
        harness.now = Timestamp(rawValue: harness.now.rawValue + 60_000_000_000)
        #expect(try harness.fire(limit: 1_024, by: session) == 1_000)
        #expect(harness.state.nextDeadline == nil)
        #expect(try harness.execution(lease.execution).waits.isEmpty)
    }

    @Test func itsTimeCountsWhenItIsClosedAndReopenedInOneBatch() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let lease = try harness.lease("a", by: session)
        try harness.sleep(lease, .op(.sleep, 0), for: .seconds(30), by: session)
        let deadline = harness.state.nextDeadline
        try harness.cancel("a", by: session)
        // Looking at the clock drops what no longer stands.
        #expect(try harness.fire(limit: 100, by: session) == 0)
        #expect(harness.state.nextDeadline == nil)
        try harness.inBatch { harness in
            try harness.run(Release(lease), session: session)
            try harness.retry("a", by: session)
        }
        #expect(harness.state.nextDeadline == deadline)
        try checkFold(harness)
    }

    @Test func itsLeaseIsGivenBackInItsPlaceAlsoInTheSameBatch() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let old = try harness.ready("old", by: session)
        try harness.cancel("old", by: session)
        let young = try harness.lease("young", by: session)
        let first = try harness.inBatch { harness in
            try harness.retry("old", by: session)
            _ = try harness.claim(old, by: session)
            try harness.run(CloseSession(), session: session)
            return harness.next - 2
        }
        let released = try (first..<harness.next).map { try harness.entry($0).stream }
        #expect(released == [old, young.execution])
    }

    @Test func whatWasParkedGoesOnWithItsTime() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        var terms = Submit.Terms()
        terms.timeout = .seconds(60)
        let number = try harness.ready("a", terms, by: session)
        let lease = try harness.claim(number, by: session)
        let deadline = try harness.execution(number).deadline
        try harness.park(lease, by: session)
        try harness.pass(.seconds(20), by: session)
        try harness.retry("a", by: session)
        let second = try harness.claim(number, by: session)
        #expect(second.attempt == 1)
        #expect(try harness.execution(number).deadline == deadline)
        try checkFold(harness)
        try harness.pass(.seconds(40), by: session)
        #expect(harness.standing(number) == "timed_out, cleaning")
    }

    @Test func whatNobodyHadAskedForIsAskedForNow() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let number = try harness.submit("a", by: session).number
        try harness.cancel("a", by: session)
        try harness.pass(.seconds(5), by: session)
        try harness.retry("a", by: session)
        #expect(try harness.execution(number).startAt == harness.now)
        try harness.complete(try harness.claim(number, by: session), by: session)
        #expect(try harness.summary("a").startAt == harness.now.rawValue)
    }

    /// Only the failure of an attempt that another one followed by itself is kept.
    @Test func theNextAttemptSeesHowTheLastOneFailed() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        var terms = Submit.Terms()
        terms.retry = RetryPolicy(maxAttempts: 2, baseDelay: .zero)
        let number = try harness.ready("a", terms, by: session)
        let first = try harness.fail(try harness.claim(number, by: session), by: session)
        let second = try harness.claim(number, by: session)
        #expect(second.previousFailure == first)
        let last = try harness.fail(second, by: session)
        try harness.retry("a", by: session)
        let third = try harness.claim(number, by: session)
        #expect(third.attempt == 3)
        #expect(third.previousFailure == last)
    }
}
