import DaybookFormat
import Testing

@testable import DaybookModel

@Suite struct ExecuteTests {
    @Test func aSubmittedExecutionBecomesReady() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let number = try harness.submit("a", by: session).number
        let answer = try harness.run(Execute(id: "a"), session: session)
        #expect(answer.number == number)
        #expect(answer.status == .ready)
        #expect(!answer.isParked)
        #expect(try harness.names(from: number + 1) == ["execution_readied"])

        let entry = try harness.entry(number + 1)
        #expect(entry.stream == number)
        #expect(entry.ordinal == 1)
        #expect(entry.previous == number)
        let execution = try harness.execution(number)
        #expect(execution.status == .ready)
        #expect(execution.readySequence == number + 1)
        #expect(execution.entries == 2)
        #expect(execution.last == number + 1)
    }

    /// After a crash of either side the asker may always ask again, whatever has happened since.
    @Test func executingAgainAnswersWithTheStatusOfTheMoment() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let other = try harness.open("another")
        let number = try harness.ready("a", by: session)
        func again() throws -> Execute.Answer {
            let answer = try harness.run(Execute(id: "a"), session: other)
            #expect(harness.drafts.isEmpty)
            #expect(answer.number == number)
            #expect(!answer.isParked)
            return answer
        }
        #expect(try again().status == .ready)
        let lease = try harness.claim(number, by: session)
        #expect(try again().status == .running)
        try harness.run(Release(lease), session: session)
        #expect(try again().status == .ready)
        let second = try harness.claim(number, by: session)
        try harness.complete(second, by: session)
        #expect(try again().status == .completed)
    }

    @Test func executingAFailedOneAnswersWithTheFailure() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let lease = try harness.lease("a", by: session)
        try harness.fail(lease, by: session)
        let answer = try harness.run(Execute(id: "a"), session: session)
        #expect(answer == Execute.Answer(number: lease.execution, status: .failed, isParked: false))
        #expect(harness.drafts.isEmpty)
    }

    @Test func executingAParkedOneSaysSo() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let lease = try harness.lease("a", by: session)
        try harness.park(lease, by: session)
        let answer = try harness.run(Execute(id: "a"), session: session)
        #expect(answer.isParked)
        #expect(answer.number == lease.execution)
        #expect(harness.drafts.isEmpty)
    }

    @Test(arguments: ["b", "", "a\n", String(repeating: "a", count: 256)])
    func anUnknownIdIsNotFound(_ id: String) throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        try harness.submit("a", by: session)
        let refusal = #expect(throws: Refusal.self) {
            try harness.run(Execute(id: Name(id)), session: session)
        }
        expect(refusal, .notFound, says: "no execution has the id \(id)", "submit it first")
        #expect(harness.drafts.isEmpty)
    }

    @Test func submittingExecutingAndClaimingFitIntoOneBatch() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let lease = try harness.inBatch { harness in
            let number = try harness.submit("a", by: session).number
            #expect(try harness.run(Execute(id: "a"), session: session).status == .ready)
            #expect(try harness.run(Execute(id: "a"), session: session).status == .ready)
            #expect(harness.drafts.isEmpty)
            return try harness.claim(number, by: session)
        }
        #expect(try harness.execution(lease.execution).status == .running)
        #expect(try harness.execution(lease.execution).entries == 3)
    }
}
