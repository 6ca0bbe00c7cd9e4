import DaybookFormat
import SwiftProtobuf
import Testing

@testable import DaybookModel

@Suite struct ClaimTests {
    @Test func aClaimGivesALease() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let number = try harness.ready("a", by: session)
        let lease = try harness.claim(number, by: session)
        let sequence = harness.next - 1
        #expect(
            lease
                == Lease(
                    execution: number,
                    epoch: 1,
                    id: "a",
                    type: "copy",
                    attempt: 1,
                    isLastAttempt: true,
                    claim: sequence
                )
        )
        let entry = try harness.entry(sequence)
        #expect(entry.stream == number)
        #expect(entry.session == session)
        #expect(entry.executionClaimed.epoch == 1)
        #expect(entry.executionClaimed.attempt == 1)

        let execution = try harness.execution(number)
        #expect(execution.status == .running)
        #expect(execution.session == session)
        #expect(execution.epoch == 1)
        #expect(execution.attempt == 1)
        #expect(execution.startedAt == harness.now)
    }

    @Test func ofTwoInOneBatchExactlyOneGetsIt() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let other = try harness.open("another")
        let number = try harness.ready("a", by: session)
        try harness.inBatch { harness in
            let first = try harness.run(Claim(.execution(number)), session: other)
            #expect(first?.epoch == 1)
            #expect(try harness.run(Claim(.execution(number)), session: session) == nil)
            #expect(harness.drafts.isEmpty)
            #expect(try harness.run(Claim(.first(of: ["copy"])), session: session) == nil)
            #expect(harness.drafts.isEmpty)
        }
        #expect(try harness.execution(number).session == other)
        #expect(try harness.run(Claim(.execution(number)), session: session) == nil)
    }

    @Test func twoInOneBatchTakeTheFirstTwo() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let numbers = [
            try harness.ready("a", by: session), try harness.ready("b", by: session),
        ]
        let claimed = try harness.inBatch { harness in
            [
                try harness.run(Claim(.first(of: ["copy"])), session: session),
                try harness.run(Claim(.first(of: ["copy"])), session: session),
                try harness.run(Claim(.first(of: ["copy"])), session: session),
            ]
        }
        #expect(claimed.map { $0?.execution } == [numbers[0], numbers[1], nil])
    }

    @Test func whatIsNotReadyCannotBeClaimed() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let submitted = try harness.submit("a", by: session).number
        let running = try harness.lease("b", by: session)
        let closed = try harness.lease("c", by: session)
        try harness.complete(closed, by: session)
        let parked = try harness.lease("d", by: session)
        try harness.park(parked, by: session)
        let numbers = [
            submitted, running.execution, closed.execution, parked.execution, session, 9_999,
        ]
        for number in numbers {
            #expect(try harness.run(Claim(.execution(number)), session: session) == nil)
            #expect(harness.drafts.isEmpty)
        }
        #expect(try harness.run(Claim(.first(of: ["copy"])), session: session) == nil)
    }

    /// The table marks a free place by the number 0, and must not take one for an execution.
    @Test func theJournalItselfCannotBeClaimed() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        try harness.ready("a", by: session)
        #expect(harness.state.execution(0) == nil)
        #expect(harness.state.published(0) == nil)
        let decision = try harness.decide(Claim(.execution(0)), session: session)
        #expect(decision.drafts.isEmpty)
    }

    @Test func theOneThatHasBeenReadyForTheLongestComesFirst() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        // Submitted in one order, executed in another.
        for id: Name in ["a", "b", "c", "d"] { try harness.submit(id, by: session) }
        for id: Name in ["c", "a", "d", "b"] { try harness.run(Execute(id: id), session: session) }
        var order: [Name] = []
        while let lease = try harness.run(Claim(.first(of: ["copy"])), session: session) {
            order.append(lease.id)
        }
        #expect(order == ["c", "a", "d", "b"])
    }

    @Test func whatBecomesReadyAgainGoesToTheEnd() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        for id: Name in ["a", "b", "c"] { try harness.ready(id, by: session) }
        let first = try #require(
            try harness.run(Claim(.first(of: ["copy"])), session: session)
        )
        #expect(first.id == "a")
        try harness.run(Release(first), session: session)
        var order: [Name] = []
        while let lease = try harness.run(Claim(.first(of: ["copy"])), session: session) {
            order.append("\(lease.id) \(lease.epoch)")
        }
        #expect(order == ["b 1", "c 1", "a 2"])
    }

    @Test func onlyTheGivenTypesAreClaimedAndTheOrderRunsAcrossThem() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        for (id, type) in [("a", "x"), ("b", "y"), ("c", "x"), ("d", "z"), ("e", "y")] {
            try harness.ready(Name(id), type: Name(type), by: session)
        }
        #expect(try harness.run(Claim(.first(of: [])), session: session) == nil)
        #expect(try harness.run(Claim(.first(of: ["w"])), session: session) == nil)
        var order: [Name] = []
        // The order in which the types are named says nothing.
        while let lease = try harness.run(Claim(.first(of: ["y", "w", "x"])), session: session) {
            order.append(lease.id)
        }
        #expect(order == ["a", "b", "c", "e"])
        #expect(try harness.run(Claim(.first(of: ["z"])), session: session)?.id == "d")
    }

    @Test func onesClaimedByNumberAreLeftOutOfTheQueue() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        for id: Name in ["a", "b", "c"] { try harness.ready(id, by: session) }
        let middle = try #require(try harness.row("b")).number
        _ = try harness.claim(middle, by: session)
        #expect(try harness.run(Claim(.first(of: ["copy"])), session: session)?.id == "a")
        #expect(try harness.run(Claim(.first(of: ["copy"])), session: session)?.id == "c")
        #expect(try harness.run(Claim(.first(of: ["copy"])), session: session) == nil)
    }

    /// Where a batch ends is chance, and must not decide what a command comes to.
    @Test func whatBecameReadyInTheSameBatchIsFound() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let claimed = try harness.inBatch { harness in
            try harness.ready("a", type: "x", by: session)
            try harness.ready("b", type: "y", by: session)
            return try harness.run(Claim(.first(of: ["y", "x"])), session: session)
        }
        #expect(claimed?.id == "a")
    }

    @Test func aSessionThatIsNotOpenCannotClaim() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let closed = try harness.open("closed")
        try harness.run(CloseSession(), session: closed)
        let lost = try harness.open("lost")
        try harness.lose(lost, by: session)
        let number = try harness.ready("a", by: session)
        // Nobody would ever take such a lease over: the execution would run for ever.
        for dead in [closed, lost, 0, 9_999] {
            let refusal = #expect(throws: Refusal.self) {
                try harness.decide(Claim(.execution(number)), session: dead)
            }
            expect(refusal, .notFound, says: "no session \(dead) is open")
        }
    }

    /// What is read from a disk must never end the process.
    @Test func theLargestEpochDoesNotCrash() async {
        await #expect(processExitsWith: .success) {
            var harness = try ModelHarness()
            let session = try harness.open()
            let number = try harness.ready("a", by: session)
            let claimed = ProtoEntry.OneOf_Event.executionClaimed(.with { $0.epoch = .max })
            let drafts = [claimed, .leaseReleased(.with { $0.epoch = .max })].map {
                EntryDraft(stream: StreamID(number), event: $0.encoded(), session: session)
            }
            do {
                try harness.append(drafts)
                harness.commit()
                try harness.run(Claim(.execution(number)), session: session)
            } catch {
                // Refusing it is as good, be it the entry or the claim.
            }
        }
    }

    @Test func theStartIsTheFirstClaimAndTheEpochRises() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let number = try harness.ready("a", by: session)
        let started = harness.now
        for epoch in UInt64(1)...4 {
            let lease = try harness.claim(number, by: session)
            #expect(lease.epoch == epoch)
            #expect(lease.attempt == 1)
            try harness.run(Release(lease), session: session)
            harness.now = Timestamp(rawValue: harness.now.rawValue + 1_000)
        }
        let execution = try harness.execution(number)
        #expect(execution.startedAt == started)
        #expect(execution.epoch == 4)
        #expect(execution.attempt == 1)
        #expect(execution.status == .ready)
    }
}
