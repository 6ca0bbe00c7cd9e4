import DaybookFormat
import DaybookModel
import Testing

@Suite struct SubmitTests {
    @Test func anExecutionIsRecordedAndDoesNotRun() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let answer = try harness.submit("a", type: "copy", input: "17", by: session)
        #expect(answer.number == harness.next - 1)
        #expect(!answer.existed)
        #expect(answer.status == .submitted)

        let execution = try harness.execution(answer.number)
        #expect(execution.number == answer.number)
        #expect(execution.id == "a")
        #expect(execution.type == "copy")
        #expect(execution.status == .submitted)
        #expect(!execution.isParked)
        #expect(execution.session == nil)
        #expect(execution.epoch == 0)
        #expect(execution.attempt == 0)
        #expect(execution.submittedAt == harness.now)
        #expect(execution.startedAt == Timestamp(rawValue: 0))
        #expect(execution.entries == 1)
        #expect(execution.last == answer.number)
        #expect(try harness.run(Claim(.execution(answer.number)), session: session) == nil)
        #expect(try harness.run(Claim(.first(of: ["copy"])), session: session) == nil)
    }

    @Test func theEntryHoldsIdTypeAndACommitmentToTheInput() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let number = try harness.submit("a", type: "copy", input: "17", by: session).number
        let entry = try harness.entry(number)
        #expect(entry.stream == number)
        #expect(entry.session == session)
        #expect(entry.ordinal == 0)
        #expect(entry.previous == 0)
        #expect(entry.correlation == 0)
        #expect(entry.causation == 0)
        #expect(entry.executionSubmitted.id == "a")
        #expect(entry.executionSubmitted.type == "copy")
        try #require(entry.commitments.count == 1)
        #expect(entry.commitments[0].size == 2)
        #expect(entry.commitments[0].contentType == 1)
        #expect(try harness.payloads(of: number).map(\.data) == [Array("17".utf8)])
        let row = try #require(try harness.row("a"))
        #expect(row.number == number)
        #expect(!row.hasClosed)
    }

    @Test func submittingTheSameAgainAnswersWithIt() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let number = try harness.submit("a", by: session).number
        let other = try harness.open("another")
        for asker in [session, other] {
            let again = try harness.submit("a", by: asker)
            #expect(harness.drafts.isEmpty)
            #expect(again.number == number)
            #expect(again.existed)
            #expect(again.status == .submitted)
        }
    }

    @Test func submittingAgainAnswersWithTheStatusOfTheMoment() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        var statuses: [ExecutionStatus] = []
        let number = try harness.submit("a", by: session).number
        statuses.append(try harness.submit("a", by: session).status)
        try harness.run(Execute(id: "a"), session: session)
        statuses.append(try harness.submit("a", by: session).status)
        let lease = try harness.claim(number, by: session)
        statuses.append(try harness.submit("a", by: session).status)
        try harness.complete(lease, by: session)
        let last = try harness.submit("a", by: session)
        statuses.append(last.status)
        #expect(statuses == [.submitted, .ready, .running, .completed])
        #expect(last.number == number)
        #expect(last.existed)

        let failing = try harness.lease("b", by: session)
        try harness.fail(failing, by: session)
        #expect(try harness.submit("b", by: session).status == .failed)
        #expect(harness.drafts.isEmpty)
    }

    @Test(arguments: [false, true])
    func anotherWorkflowUnderTheSameIdIsAConflict(isClosed: Bool) throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let lease = try harness.lease("a", type: "copy", by: session)
        if isClosed { try harness.complete(lease, by: session) }
        let refusal = #expect(throws: Refusal.self) {
            try harness.submit("a", type: "move", by: session)
        }
        expect(refusal, .conflict, says: "the id a", "copy", "move", "choose another id")
        #expect(harness.drafts.isEmpty)
    }

    @Test(arguments: [false, true])
    func anotherInputUnderTheSameIdIsAConflict(isClosed: Bool) throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let lease = try harness.lease("a", by: session)
        if isClosed { try harness.complete(lease, by: session) }
        let refusal = #expect(throws: Refusal.self) {
            try harness.submit("a", input: "1 ", by: session)
        }
        expect(refusal, .conflict, says: "the id a", "another input", "choose another id")
        #expect(harness.drafts.isEmpty)
    }

    @Test(arguments: [false, true])
    func anErasedInputCannotBeCompared(isClosed: Bool) throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let lease = try harness.lease("a", by: session)
        if isClosed { try harness.complete(lease, by: session) }
        try harness.erase(lease.execution)
        let refusal = #expect(throws: Refusal.self) { try harness.submit("a", by: session) }
        expect(refusal, .erased, says: "the id a exists", "erased", "choose another id")
        // The workflow is no payload, and can still be compared.
        let other = #expect(throws: Refusal.self) {
            try harness.submit("a", type: "move", by: session)
        }
        expect(other, .conflict, says: "copy", "move")
    }

    @Test func theSecondOfTwoInOneBatchFindsTheFirst() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        try harness.inBatch { harness in
            let first = try harness.submit("a", by: session)
            let second = try harness.submit("a", by: session)
            #expect(second.existed)
            #expect(second.number == first.number)
            let refusal = #expect(throws: Refusal.self) {
                try harness.submit("a", input: "2", by: session)
            }
            expect(refusal, .conflict, says: "another input")
        }
        #expect(harness.state.openCount == 1)
    }

    @Test func badIdsAndNamesAreRefusedBeforeAnythingIsLookedUp() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let long = String(repeating: "a", count: 256)
        for bad: Name in ["", Name(long), "a\nb"] {
            let id = #expect(throws: Refusal.self) { try harness.submit(bad, by: session) }
            expect(id, .invalidArgument, says: "execution id")
            let type = #expect(throws: Refusal.self) {
                try harness.submit("a", type: bad, by: session)
            }
            expect(type, .invalidArgument, says: "workflow name")
        }
        #expect(harness.state.openCount == 0)
    }

    /// Swift holds the composed and the decomposed form of a character for equal; names are bytes.
    @Test func idsThatDifferOnlyInTheirBytesAreTwo() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let composed = try harness.submit("\u{E9}", by: session)
        let decomposed = try harness.submit("e\u{301}", by: session)
        #expect(!decomposed.existed)
        #expect(decomposed.number != composed.number)
        for (number, id) in [(composed.number, "\u{E9}"), (decomposed.number, "e\u{301}")] {
            #expect(Array(try harness.execution(number).id.text.utf8) == Array(id.utf8))
        }
    }

    @Test func workflowsThatDifferOnlyInTheirBytesAreTwo() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        try harness.submit("a", type: "\u{E9}", by: session)
        let refusal = #expect(throws: Refusal.self) {
            try harness.submit("a", type: "e\u{301}", by: session)
        }
        expect(refusal, .conflict)
        let number = try harness.submit("b", type: "e\u{301}", by: session).number
        let type = try harness.execution(number).type
        #expect(Array(type.text.utf8) == Array("e\u{301}".utf8))
        try harness.run(Execute(id: "b"), session: session)
        let lease = try harness.run(Claim(.first(of: ["\u{E9}"])), session: session)
        #expect(lease == nil)
    }

    @Test func theLongestIdAndNameAreTaken() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let name = Name(String(repeating: "\u{1F4D3}", count: 63) + "abc")
        let number = try harness.submit(name, type: name, by: session).number
        let execution = try harness.execution(number)
        #expect(execution.id == name)
        #expect(execution.type == name)
    }

    /// A status from a newer version must not be taken for a good end.
    @Test func aRowWithAnUnknownStatusIsNotCalledCompleted() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let lease = try harness.lease("a", by: session)
        try harness.complete(lease, by: session)
        try harness.replaceRow(of: "a") { $0.closed.status = .UNRECOGNIZED(99) }
        let submit = Submit(
            id: "a",
            type: "copy",
            input: Array("1".utf8),
            payloads: try harness.sealed([])
        )
        let submitted = #expect(throws: Refusal.self) {
            try harness.run(submit, session: session)
        }
        expect(submitted, .newerVersion, says: "the status of a", "99", "newer version")
        let executed = #expect(throws: Refusal.self) {
            try harness.run(Execute(id: "a"), session: session)
        }
        expect(executed, .newerVersion, says: "the status of a", "99", "newer version")
    }
}
