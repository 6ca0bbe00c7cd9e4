import DaybookFormat
import FoundationEssentials
import SwiftProtobuf
import Testing

@testable import DaybookModel

@Suite struct SessionsTests {
    // MARK: Opening

    @Test func anOpenedSessionIsKnownByTheSequenceOfItsEntry() throws {
        var harness = try ModelHarness()
        let first = try harness.open("ann")
        let second = try harness.open("bob")
        #expect(first == 1)
        #expect(second == 2)
        #expect(harness.state.sessions.map(\.number) == [1, 2])
        #expect(harness.state.sessions.map(\.actor) == ["ann", "bob"])
        let session = harness.state.sessions[0]
        #expect(session.uuid.bytes == Array(repeating: 1, count: 16))
        #expect(session.openedAt == harness.now)
        #expect(session.host == "host")
        #expect(session.pid == 42)
        #expect(session.program == "tests")
        let entry = try harness.entry(1)
        #expect(entry.session == 0)
        #expect(entry.stream == 1)
        #expect(entry.sessionOpened.actor == "ann")
    }

    @Test func actorAndProgramMustBeNames() throws {
        var harness = try ModelHarness()
        var facts = ProtoSessionOpened.with {
            $0.uuid = Data(repeating: 1, count: 16)
            $0.program = "tests"
        }
        for bad in ["", "a\u{7F}", String(repeating: "a", count: 256)] {
            facts.actor = bad
            let refusal = #expect(throws: Refusal.self) {
                try harness.run(OpenSession(facts), session: 0)
            }
            expect(refusal, .invalidArgument, says: "actor")
        }
        facts.actor = "ann"
        facts.program = ""
        let refusal = #expect(throws: Refusal.self) {
            try harness.run(OpenSession(facts), session: 0)
        }
        expect(refusal, .invalidArgument, says: "name of the program", "0 bytes")
        #expect(harness.drafts.isEmpty)
        #expect(harness.state.sessions.isEmpty)
    }

    /// An entry that cannot be taken in ends the whole batch, with the commands of others in it.
    @Test(arguments: [0, 15, 17])
    func aSessionWithoutAProperUUIDIsRefused(bytes: Int) throws {
        let harness = try ModelHarness()
        let facts = ProtoSessionOpened.with {
            $0.uuid = Data(repeating: 1, count: bytes)
            $0.actor = "ann"
            $0.program = "tests"
        }
        let refusal = #expect(throws: Refusal.self) {
            try harness.decide(OpenSession(facts), session: 0)
        }
        expect(refusal, .invalidArgument, says: "UUID", "16")
    }

    // MARK: Closing

    @Test func closingGivesLeasesBackAndCountsNoLoss() throws {
        var harness = try ModelHarness()
        let closing = try harness.open("closing")
        let other = try harness.open()
        let leases = [
            try harness.lease("a", by: closing), try harness.lease("b", by: closing),
        ]
        let foreign = try harness.lease("c", by: other)
        let done = try harness.lease("d", by: closing)
        try harness.complete(done, by: closing)
        let first = harness.next
        #expect(try harness.run(CloseSession(), session: closing) == 2)
        #expect(
            try harness.names(from: first) == [
                "session_closed", "lease_released", "lease_released",
            ]
        )
        #expect(try harness.entry(first).stream == closing)
        for (index, lease) in leases.enumerated() {
            let entry = try harness.entry(first + 1 + UInt64(index))
            #expect(entry.stream == lease.execution)
            #expect(entry.causation == first)
            #expect(entry.leaseReleased.epoch == 1)
            let execution = try harness.execution(lease.execution)
            #expect(execution.status == .ready)
            #expect(execution.session == nil)
            #expect(execution.losses == 0)
        }
        #expect(try harness.execution(foreign.execution).session == other)
        #expect(harness.state.sessions.map(\.number) == [other])
    }

    @Test func whatIsNotOpenCannotBeClosed() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let lost = try harness.open("lost")
        try harness.lose(lost, by: session)
        try harness.run(CloseSession(), session: session)
        for number in [session, lost, 0, 9_999] {
            let refusal = #expect(throws: Refusal.self) {
                try harness.run(CloseSession(), session: number)
            }
            expect(
                refusal,
                .notFound,
                says: "no session \(number) is open",
                "look at the list"
            )
            #expect(harness.drafts.isEmpty)
        }
    }

    @Test func leasesOfTheBatchUnderWayAreGivenBackToo() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let old = try harness.lease("a", by: session)
        let released = try harness.inBatch { harness in
            _ = try harness.lease("b", by: session)
            try harness.complete(old, by: session)
            _ = try harness.lease("c", by: session)
            return try harness.run(CloseSession(), session: session)
        }
        #expect(released == 2)
        #expect(harness.state.openCount == 2)
        for number in harness.state.openExecutions {
            #expect(try harness.execution(number).status == .ready)
        }
    }

    // MARK: Losing

    @Test func whatALostSessionRanIsReadyAgain() throws {
        var harness = try ModelHarness()
        let dying = try harness.open("dying")
        let session = try harness.open()
        let leases = [try harness.lease("a", by: dying), try harness.lease("b", by: dying)]
        let mine = try harness.lease("c", by: session)
        let first = harness.next
        let answer = try harness.lose(dying, by: session)
        #expect(answer.readied == leases.map(\.execution))
        #expect(answer.parked.isEmpty)
        #expect(try harness.names(from: first) == ["session_lost", "lease_lost", "lease_lost"])
        #expect(try harness.entry(first).stream == dying)
        #expect(try harness.entry(first).session == session)
        for (index, lease) in leases.enumerated() {
            let sequence = first + 1 + UInt64(index)
            let entry = try harness.entry(sequence)
            #expect(entry.stream == lease.execution)
            #expect(entry.causation == first)
            #expect(entry.leaseLost.epoch == 1)
            #expect(entry.leaseLost.losses == 1)
            let execution = try harness.execution(lease.execution)
            #expect(execution.status == .ready)
            #expect(execution.session == nil)
            #expect(execution.losses == 1)
            #expect(execution.attempt == 1)
            #expect(execution.readySequence == sequence)
        }
        #expect(try harness.execution(mine.execution).session == session)
        #expect(harness.state.sessions.map(\.number) == [session])
    }

    @Test func losingItTwiceChangesNothing() throws {
        var harness = try ModelHarness()
        let dying = try harness.open("dying")
        let session = try harness.open()
        _ = try harness.lease("a", by: dying)
        try harness.lose(dying, by: session)
        for number in [dying, 0, 9_999] {
            #expect(try harness.lose(number, by: session) == LoseSession.Answer())
            #expect(harness.drafts.isEmpty)
        }
    }

    @Test func nobodyDeclaresItselfLost() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let refusal = #expect(throws: Refusal.self) { try harness.lose(session, by: session) }
        expect(refusal, .invalidArgument, says: "the session \(session)", "the one that asks")
        #expect(harness.drafts.isEmpty)
    }
}
