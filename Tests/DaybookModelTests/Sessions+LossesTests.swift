import DaybookFormat
import SwiftProtobuf
import Testing

@testable import DaybookModel

/// Losses in a row: what makes an execution poison.
@Suite struct SessionsLossesTests {
    /// Has a session claim an execution and die; does `work` before it dies.
    private func crash(
        _ number: UInt64,
        _ harness: inout ModelHarness,
        by survivor: UInt64,
        _ work: (inout ModelHarness, Lease, UInt64) throws -> Void = { _, _, _ in }
    ) throws -> LoseSession.Answer {
        let dying = try harness.open("dying")
        let lease = try harness.claim(number, by: dying)
        try work(&harness, lease, dying)
        return try harness.lose(dying, by: survivor)
    }

    @Test(arguments: [(0, 5), (1, 1), (2, 2), (7, 7)] as [(UInt32, UInt32)])
    func atTheLimitAnExecutionIsParked(setting: UInt32, limit: UInt32) throws {
        var harness = try ModelHarness(lossLimit: setting)
        #expect(harness.state.journal.lossLimit == limit)
        let session = try harness.open()
        let number = try harness.ready("a", by: session)
        for loss in 1..<limit {
            #expect(try crash(number, &harness, by: session).readied == [number])
            #expect(try harness.execution(number).losses == loss)
        }
        let answer = try crash(number, &harness, by: session)
        #expect(answer.parked == [number])
        #expect(answer.readied.isEmpty)

        let first = harness.next - 3
        #expect(
            try harness.names(from: first) == ["session_lost", "lease_lost", "execution_parked"]
        )
        let parked = try harness.entry(first + 2)
        #expect(parked.stream == number)
        #expect(parked.causation == first)
        #expect(parked.executionParked.reason == .losses)
        #expect(parked.executionParked.epoch == UInt64(limit))
        #expect(!parked.executionParked.hasDivergence)
        #expect(try harness.payloads(of: first + 2).map(\.data) == [Array("lost too often".utf8)])
        #expect(try harness.entry(first + 1).leaseLost.losses == limit)

        let execution = try harness.execution(number)
        #expect(execution.isParked)
        #expect(execution.session == nil)
        #expect(execution.losses == limit)
        #expect(try harness.run(Claim(.execution(number)), session: session) == nil)
        #expect(try harness.run(Claim(.first(of: ["copy"])), session: session) == nil)
        #expect(try harness.run(Execute(id: "a"), session: session).isParked)
    }

    @Test func aRecordedOperationResetsTheCount() throws {
        var harness = try ModelHarness(lossLimit: 3)
        let session = try harness.open()
        let number = try harness.ready("a", by: session)
        for position in UInt32(0)..<6 {
            _ = try crash(number, &harness, by: session)
            // Both kinds of outcome are progress.
            let answer = try crash(number, &harness, by: session) { harness, lease, dying in
                if position.isMultiple(of: 2) {
                    try harness.succeed(lease, .step(position), by: dying)
                } else {
                    try harness.disappoint(lease, .step(position), by: dying)
                }
                #expect(try harness.execution(number).losses == 0)
            }
            #expect(answer.readied == [number])
            #expect(try harness.execution(number).losses == 1)
        }
        #expect(try !harness.execution(number).isParked)
    }

    @Test(arguments: [true, false])
    func anOperationWithoutABodyResetsTheCountToo(_ splits: Bool) throws {
        var harness = try ModelHarness(lossLimit: 3)
        let session = try harness.open()
        let number = try harness.ready("a", by: session)
        _ = try crash(number, &harness, by: session)
        try harness.signal("a", "go", by: session)
        let answer = try crash(number, &harness, by: session) { harness, lease, dying in
            if splits {
                try harness.run(StartBranches(lease, .op(.map, 0), count: 2), session: dying)
            } else {
                // It is there already.
                try harness.await(lease, .op(.signal, 0, "go"), by: dying)
            }
            #expect(try harness.execution(number).losses == 0)
        }
        #expect(answer.readied == [number])
        #expect(try harness.execution(number).losses == 1)
    }

    @Test func whatIsNoProgressDoesNotReset() throws {
        var harness = try ModelHarness(lossLimit: 3)
        let session = try harness.open()
        let number = try harness.ready("a", by: session)
        _ = try crash(number, &harness, by: session)
        // A clean end counts no loss, and takes none back.
        let closing = try harness.open("closing")
        _ = try harness.claim(number, by: closing)
        try harness.run(CloseSession(), session: closing)
        #expect(try harness.execution(number).losses == 1)
        let lease = try harness.claim(number, by: session)
        try harness.run(StartOperation(lease, .step(0)), session: session)
        try harness.run(Release(lease), session: session)
        #expect(try harness.execution(number).losses == 1)
        _ = try crash(number, &harness, by: session)
        #expect(try crash(number, &harness, by: session).parked == [number])
    }

    @Test func eachExecutionHasACountOfItsOwn() throws {
        var harness = try ModelHarness(lossLimit: 2)
        let session = try harness.open()
        let poison = try harness.ready("a", by: session)
        _ = try crash(poison, &harness, by: session)
        let dying = try harness.open("dying")
        _ = try harness.claim(poison, by: dying)
        let fresh = try harness.lease("b", by: dying)
        let second = try harness.ready("c", by: session)
        _ = try harness.claim(second, by: dying)
        let answer = try harness.lose(dying, by: session)
        #expect(answer.parked == [poison])
        #expect(answer.readied == [fresh.execution, second])
        #expect(try harness.execution(fresh.execution).losses == 1)
        #expect(try harness.run(Claim(.first(of: ["copy"])), session: session)?.id == "b")
    }

    /// Several are parked by one command: the message's content type is interned once.
    @Test func theMessageOfSeveralParkedOnesIsInternedOnce() throws {
        var harness = try ModelHarness(lossLimit: 1, contentTypes: [])
        let dying = try harness.open("dying")
        let session = try harness.open()
        let numbers = try ["a", "b"].map { try harness.lease($0, by: dying).execution }
        let first = harness.next
        let answer = try harness.lose(dying, by: session)
        #expect(answer.parked == numbers)
        #expect(
            try harness.names(from: first) == [
                "session_lost", "lease_lost", "content_type_interned", "execution_parked",
                "lease_lost", "execution_parked",
            ]
        )
        for sequence in [first + 3, first + 5] {
            let number = try #require(try harness.entry(sequence).commitments.first).contentType
            #expect(
                harness.state.journal.contentTypes[Int(number) - 1] == ContentTypes.text
            )
        }
    }

    /// What is read from a disk must never end the process.
    @Test func theLargestCountDoesNotCrash() async {
        await #expect(processExitsWith: .success) {
            var harness = try ModelHarness()
            let session = try harness.open()
            let dying = try harness.open("dying")
            let number = try harness.ready("a", by: session)
            let lost = ProtoEntry.OneOf_Event.leaseLost(.with { $0.losses = .max })
            let draft = EntryDraft(
                stream: StreamID(number),
                event: lost.encoded(),
                session: session
            )
            do {
                try harness.append([draft])
                harness.commit()
                _ = try harness.claim(number, by: dying)
                try harness.lose(dying, by: session)
            } catch {
                // Refusing it is as good, be it the entry or the loss.
            }
        }
    }

    @Test func losingASessionInABatchIsSeenByTheNextCommand() throws {
        var harness = try ModelHarness()
        let dying = try harness.open("dying")
        let session = try harness.open()
        let old = try harness.lease("a", by: dying)
        let new = try harness.inBatch { harness in
            try harness.lose(dying, by: session)
            #expect(try harness.lose(dying, by: session) == LoseSession.Answer())
            return try harness.claim(old.execution, by: session)
        }
        #expect(new.epoch == 2)
        let refusal = #expect(throws: Refusal.self) { try harness.complete(old, by: dying) }
        expect(refusal, .staleLease)
    }
}
