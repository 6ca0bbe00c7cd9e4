import DaybookFormat
import Testing

@testable import DaybookModel

@Suite struct StateTests {
    /// A journal with something of everything in it.
    private func populated() throws -> (ModelHarness, session: UInt64, other: UInt64) {
        var harness = try ModelHarness(lossLimit: 2)
        let session = try harness.open()
        let other = try harness.open("another")
        try harness.submit("submitted", by: session)
        try harness.ready("ready", by: session)
        try harness.ready("ready too", type: "move", by: session)
        let running = try harness.lease("running", by: other)
        try harness.succeed(running, .step(0), by: other)
        try harness.succeed(running, .step(0, in: [1, 0]), by: other)
        let parked = try harness.lease("parked", by: session)
        try harness.park(parked, by: session)
        let closed = try harness.lease("closed", by: session)
        try harness.complete(closed, by: session)
        return (harness, session, other)
    }

    /// Commands of every kind.
    private func change(_ harness: inout ModelHarness, _ session: UInt64, _ other: UInt64) throws {
        let third = try harness.open("third")
        let payloads = try harness.sealed([Payload([1], contentType: "x/new")])
        try harness.run(
            Submit(id: "new", type: "move", input: [1], payloads: payloads),
            session: session
        )
        try harness.run(Execute(id: "new"), session: session)
        try harness.run(Execute(id: "submitted"), session: session)
        let lease = try #require(
            try harness.run(Claim(.first(of: ["copy"])), session: session)
        )
        try harness.run(StartOperation(lease, .step(0)), session: session)
        try harness.succeed(lease, .step(0), by: session)
        try harness.succeed(lease, .step(0, in: [1, 0]), by: session)
        #expect(throws: Refusal.self) { try harness.complete(lease, by: third) }
        try harness.complete(lease, by: session)
        let short = try harness.lease("short", by: third)
        try harness.fail(short, by: third)
        _ = try harness.lease("unlucky", by: third)
        try harness.lose(other, by: session)
        try harness.run(CloseSession(), session: third)
    }

    @Test func aRolledBackBatchLeavesNoTrace() throws {
        var (harness, session, other) = try populated()
        let before = text(of: harness.state)
        let next = harness.next
        harness.begin()
        try change(&harness, session, other)
        #expect(text(of: harness.state) != before)
        try harness.rollBack()
        #expect(text(of: harness.state) == before)
        #expect(harness.next == next)
        // And the same batch can be written afterwards.
        try harness.inBatch { try change(&$0, session, other) }
        #expect(text(of: harness.state) == text(of: try harness.recovered()))
    }

    /// The deadline has been taken out by then, and nothing that the batch has touched says so.
    @Test func aDeadlineIsMetByTheBatchAfterOneThatFailedAtItsFirstEntry() throws {
        struct DiskFailure: Error {}
        var harness = try ModelHarness()
        let session = try harness.open()
        let lease = try harness.lease("a", by: session)
        try harness.sleep(lease, .op(.sleep, 0), for: .seconds(30), by: session)
        let deadline = try #require(harness.state.nextDeadline)
        let before = text(of: harness.state)
        harness.now = deadline
        harness.begin()
        harness.fault = DiskFailure()
        #expect(throws: DiskFailure.self) { try harness.fire(limit: 10, by: session) }
        try harness.rollBack()
        harness.fault = nil
        #expect(harness.state.nextDeadline == deadline)
        #expect(text(of: harness.state) == before)
        #expect(try harness.fire(limit: 10, by: session) == 1)
        #expect(try harness.execution(lease.execution).waits.isEmpty)
    }

    @Test func theTypeOfARolledBackSubmissionIsForgottenToo() throws {
        var (harness, session, _) = try populated()
        let before = text(of: harness.state)
        harness.begin()
        try harness.submit("new", type: "brand new", by: session)
        try harness.rollBack()
        #expect(text(of: harness.state) == before)
    }

    @Test func rollingBackAndCommittingNothingChangesNothing() throws {
        var (harness, _, _) = try populated()
        let before = text(of: harness.state)
        try harness.rollBack()
        #expect(text(of: harness.state) == before)
        harness.commit()
        #expect(text(of: harness.state) == before)
    }

    @Test func aBatchAndTheSameCommandsOneByOneComeToTheSame() throws {
        var (batched, session, other) = try populated()
        var single = batched
        try batched.inBatch { try change(&$0, session, other) }
        try change(&single, session, other)
        #expect(batched.entries == single.entries)
        #expect(text(of: batched.state) == text(of: single.state))
    }

    @Test func theTextOfAStateShowsPrivateFields() throws {
        var (harness, session, _) = try populated()
        let stale = try harness.lease("lost", by: session)
        try harness.run(Release(stale), session: session)
        #expect(throws: Refusal.self) { try harness.complete(stale, by: session) }
        let text = text(of: harness.state)
        for field in ["branches", "root", "contentTypes", "refusedEpochs"] {
            #expect(text.contains(field + ": "))
        }
    }

    @Test func theStateOfTheDiskDoesNotRunAhead() throws {
        var (harness, session, other) = try populated()
        let next = harness.state.next
        let running = try #require(try harness.row("running")).number
        let before = try #require(harness.state.published(running))
        let sessions = harness.state.publishedSessions.map(\.number)
        harness.begin()
        try change(&harness, session, other)
        #expect(harness.state.next == next)
        #expect(harness.state.published(running) == before)
        // What the batch has touched can only be read from the disk.
        #expect(harness.state.committed(running) == nil)
        #expect(harness.state.publishedSessions.map(\.number) == sessions)
        #expect(try harness.execution(running).status == .ready)
        harness.commit()
        #expect(harness.state.next == harness.next)
        #expect(harness.state.published(running)?.status == .ready)
    }

    @Test func theBatchUnderWayIsVisibleToLaterCommands() throws {
        var (harness, session, _) = try populated()
        harness.begin()
        let number = try harness.submit("a", by: session).number
        #expect(try harness.execution(number).status == .submitted)
        #expect(harness.state.published(number) == nil)
        try harness.run(Execute(id: "a"), session: session)
        #expect(try harness.execution(number).status == .ready)
        let lease = try harness.claim(number, by: session)
        try harness.succeed(lease, .step(0), by: session)
        #expect(try harness.execution(number).progress.next(in: []) == 1)
        try harness.complete(lease, by: session)
        #expect(harness.state.execution(number) == nil)
        #expect(try harness.submit("a", by: session).status == .completed)
        try harness.rollBack()
        #expect(harness.state.execution(number) == nil)
        #expect(try !harness.submit("a", by: session).existed)
    }

    @Test func closedInABatchIsClosedAtOnceAndOpenAgainAfterRollingBack() throws {
        var (harness, session, _) = try populated()
        let lease = try harness.lease("a", by: session)
        let before = text(of: harness.state)
        harness.begin()
        try harness.complete(lease, by: session)
        #expect(harness.state.execution(lease.execution) == nil)
        #expect(harness.state.published(lease.execution) != nil)
        #expect(throws: Refusal.self) { try harness.complete(lease, by: session) }
        try harness.rollBack()
        #expect(text(of: harness.state) == before)
        try harness.complete(lease, by: session)
    }

    @Test func queuesDoNotKeepWhatHasLeftThem() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        for round in 0..<50 {
            let first = try harness.ready("\(round) first", by: session)
            let second = try harness.ready("\(round) second", by: session)
            for number in [second, first] {
                let lease = try harness.claim(number, by: session)
                try harness.run(Release(lease), session: session)
                try harness.complete(try harness.claim(number, by: session), by: session)
            }
            #expect(places(in: harness.state).isEmpty)
        }
        #expect(places(in: try harness.recovered()).isEmpty)
    }

    /// One execution that nobody claims must not hold the places of all that come after it.
    @Test func aQueueBehindAPatientHeadDoesNotGrow() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        try harness.ready("patient", by: session)
        for round in 0..<200 {
            let number = try harness.ready("\(round)", by: session)
            try harness.complete(try harness.claim(number, by: session), by: session)
        }
        #expect(harness.state.openCount == 1)
        #expect(places(in: harness.state).count < 100)
        #expect(try harness.run(Claim(.first(of: ["copy"])), session: session)?.id == "patient")
    }

    @Test func clearingAQueueKeepsWhatWaitsInOrder() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        var waiting: [UInt64] = []
        for round in 0..<600 {
            let number = try harness.ready("\(round)", by: session)
            if round.isMultiple(of: 5) {
                waiting.append(number)
            } else {
                try harness.complete(try harness.claim(number, by: session), by: session)
            }
        }
        #expect(places(in: harness.state).count < 300)
        var recovered = harness
        recovered.continueFrom(try harness.recovered())
        for var process in [harness, recovered] {
            var claimed: [UInt64] = []
            let claim = Claim(.first(of: ["copy"]))
            while let lease = try process.run(claim, session: session) {
                claimed.append(lease.execution)
            }
            #expect(claimed == waiting)
        }
    }
}
