import DaybookFormat
import SwiftProtobuf
import Testing

@testable import DaybookModel

@Suite struct EndExecutionTests {
    @Test func completingClosesTheExecution() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let submitted = harness.now
        let number = try harness.ready("a", by: session)
        harness.now = Timestamp(rawValue: submitted.rawValue + 10)
        let lease = try harness.claim(number, by: session)
        try harness.succeed(lease, .step(0), by: session)
        harness.now = Timestamp(rawValue: submitted.rawValue + 30)
        let output = try harness.sealed([.json(Array("2".utf8))])
        let sequence = try harness.run(
            Complete(lease, output: output, operations: 1),
            session: session
        )
        #expect(sequence == harness.next - 1)
        let entry = try harness.entry(sequence)
        #expect(entry.stream == number)
        #expect(entry.executionCompleted.epoch == 1)
        #expect(entry.executionCompleted.operations == 1)
        #expect(entry.executionCompleted.closes)
        #expect(try harness.payloads(of: sequence).map(\.data) == [Array("2".utf8)])

        let summary = try harness.summary("a")
        #expect(summary.type == "copy")
        #expect(summary.status == .completed)
        #expect(summary.submittedAt == submitted.rawValue)
        #expect(summary.startedAt == submitted.rawValue + 10)
        #expect(summary.finishedAt == submitted.rawValue + 30)
        #expect(summary.attempts == 1)
        #expect(summary.last == sequence)
        #expect(summary.entries == 5)
        #expect(summary.errorCode.isEmpty)
        #expect(try harness.row("a")?.number == number)
    }

    @Test func failingClosesTheExecution() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let lease = try harness.lease("a", by: session)
        let error = ErrorFacts(kind: .stopped, code: "gone", isRetryable: false)
        let payloads = try harness.sealed([.text("it is gone"), .json(Array("[]".utf8))])
        let sequence = try harness.run(Fail(lease, error, payloads: payloads), session: session)
            .sequence
        let entry = try harness.entry(sequence)
        #expect(entry.executionFailed.epoch == 1)
        #expect(entry.executionFailed.closes)
        #expect(try ErrorFacts(entry.executionFailed.error) == error)
        #expect(entry.commitments.map(\.contentType) == [2, 1])

        let summary = try harness.summary("a")
        #expect(summary.status == .failed)
        #expect(summary.errorCode == "gone")
        #expect(summary.last == sequence)
        #expect(summary.entries == 4)
        #expect(summary.finishedAt == harness.now.rawValue)
    }

    @Test(arguments: [LeasedAction.complete, .fail])
    func theLastLinesOfTheLogComeBeforeTheEnd(_ action: LeasedAction) throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let lease = try harness.lease("a", by: session)
        let first = harness.next
        let line = Payload(ProtoLogBatch().encoded(), contentType: ContentTypes.log)
        let logs = try (0..<2).map { _ in
            LogChunk(lines: 1, payloads: try harness.sealed([line]))
        }
        let payloads = try harness.sealed([.text("the end")])
        let sequence =
            action == .complete
            ? try harness.run(
                Complete(lease, output: payloads, operations: 0, logs: logs),
                session: session
            )
            : try harness.run(
                Fail(lease, ErrorFacts(code: "x"), payloads: payloads, logs: logs),
                session: session
            ).sequence
        let end = action == .complete ? "execution_completed" : "execution_failed"
        #expect(try harness.names(from: first) == ["log_recorded", "log_recorded", end])
        #expect(sequence == first + 2)
        // Between operations: no operation is named.
        #expect(try !harness.entry(first).logRecorded.hasOperation)
        #expect(try harness.entry(first).logRecorded.lines == 1)
        #expect(try harness.summary("a").last == sequence)
        #expect(try harness.summary("a").entries == 6)
    }

    @Test(arguments: [LeasedAction.complete, .fail])
    func aClosedExecutionLeavesMemory(_ action: LeasedAction) throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        var leases: [Lease] = []
        for index in 0..<40 { leases.append(try harness.lease("\(index)", by: session)) }
        #expect(harness.state.openCount == 40)
        #expect(harness.state.openExecutions == leases.map(\.execution))
        for (index, lease) in leases.enumerated() {
            try action.run(lease, &harness, by: session)
            #expect(harness.state.openCount == 39 - index)
            #expect(harness.state.execution(lease.execution) == nil)
            #expect(harness.state.published(lease.execution) == nil)
        }
        #expect(harness.state.openExecutions.isEmpty)
        #expect(places(in: harness.state).isEmpty)
    }

    /// An end that leaves something to clean up is final, and the execution stays open.
    @Test(arguments: [ExecutionStatus.completed, .failed])
    func anEndThatDoesNotCloseIsFinalAllTheSame(_ status: ExecutionStatus) throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let lease = try harness.lease("a", by: session)
        let event: ProtoEntry.OneOf_Event =
            status == .completed
            ? .executionCompleted(.with { $0.epoch = 1 })
            : .executionFailed(.with { $0.epoch = 1 })
        let draft = EntryDraft(
            stream: .run(lease.execution),
            event: event.encoded(),
            session: session
        )
        try harness.append([draft])
        harness.commit()
        #expect(harness.state.openCount == 1)
        #expect(try harness.execution(lease.execution).status == status)
        #expect(try harness.submit("a", by: session).status == status)
        #expect(try harness.run(Execute(id: "a"), session: session).status == status)
        #expect(harness.drafts.isEmpty)
        #expect(try harness.run(Claim(.execution(lease.execution)), session: session) == nil)
        // What its code did until it was told may still be recorded, and that it has ended.
        let late: Set<LeasedAction> = [.record, .release]
        for action in LeasedAction.allCases where !late.contains(action) {
            let refusal = #expect(throws: Refusal.self) {
                try action.run(lease, &harness, by: session)
            }
            #expect(refusal?.code == .ended)
        }
        try LeasedAction.record.run(lease, &harness, by: session)
        #expect(try harness.execution(lease.execution).status == status)
        #expect(text(of: harness.state) == text(of: try harness.recovered()))
        try LeasedAction.release.run(lease, &harness, by: session)
        #expect(harness.state.openCount == 0)
        #expect(try harness.summary("a").status == status.proto)
    }

    @Test func submittingAndCompletingInOneBatchLeavesOnlyARow() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        try harness.inBatch { harness in
            let lease = try harness.lease("a", by: session)
            try harness.complete(lease, by: session)
            #expect(harness.state.execution(lease.execution) == nil)
            let again = try harness.submit("a", by: session)
            #expect(again.existed)
            #expect(again.status == .completed)
        }
        #expect(harness.state.openCount == 0)
        #expect(try harness.summary("a").entries == 4)
    }

    @Test func rowsAreWrittenOnlyBySubmissionAndEnd() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let lease = try harness.lease("a", by: session)
        let row = try harness.row("a")
        try harness.run(StartOperation(lease, .step(0)), session: session)
        try harness.succeed(lease, .step(0), by: session)
        try harness.run(Release(lease), session: session)
        let next = try harness.claim(lease.execution, by: session)
        try harness.park(next, by: session)
        #expect(try harness.row("a") == row)
    }

    // MARK: Release

    @Test func aReleasedExecutionIsReadyAgainAndCountsNoLoss() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let lease = try harness.lease("a", by: session)
        let sequence = try harness.run(Release(lease), session: session)
        #expect(try harness.entry(sequence).leaseReleased.epoch == 1)
        let execution = try harness.execution(lease.execution)
        #expect(execution.status == .ready)
        #expect(execution.session == nil)
        #expect(execution.losses == 0)
        #expect(execution.attempt == 1)
        #expect(execution.readySequence == sequence)
        #expect(try harness.claim(lease.execution, by: session).epoch == 2)
    }

    // MARK: Park

    @Test func aParkedExecutionWaitsForAPerson() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let lease = try harness.lease("a", by: session)
        let recorded = try harness.succeed(lease, .step(0), by: session)
        let divergence = Divergence(
            sequence: recorded,
            recorded: .step(0),
            attempted: .step(0, name: "other"),
            location: "Pay.swift:17"
        )
        let message = try harness.sealed([.text(divergence.description)])
        let sequence = try harness.run(
            Park(lease, divergence, message: message),
            session: session
        )
        let entry = try harness.entry(sequence)
        #expect(entry.executionParked.epoch == 1)
        #expect(entry.executionParked.reason == .divergence)
        #expect(entry.executionParked.divergence == divergence.proto)
        #expect(try harness.payloads(of: sequence).count == 1)

        let execution = try harness.execution(lease.execution)
        #expect(execution.isParked)
        #expect(execution.session == nil)
        #expect(harness.state.openCount == 1)
        #expect(try harness.run(Claim(.execution(lease.execution)), session: session) == nil)
        #expect(try harness.run(Claim(.first(of: ["copy"])), session: session) == nil)
        // Nobody holds it: neither the end of its session nor its loss changes anything.
        let other = try harness.open("another")
        #expect(try harness.lose(session, by: other) == LoseSession.Answer())
        #expect(try harness.execution(lease.execution).isParked)
    }

    @Test func aDivergenceIsRecordedWithWhatItHas() throws {
        let nothing = Divergence(sequence: nil, recorded: nil, attempted: nil, location: "x")
        #expect(nothing.proto.sequence == 0)
        #expect(!nothing.proto.hasRecorded)
        #expect(!nothing.proto.hasAttempted)
        let all = Divergence(
            sequence: 9,
            recorded: .step(1),
            attempted: .step(2),
            location: "File.swift:3"
        )
        #expect(all.proto.sequence == 9)
        #expect(try Operation(all.proto.recorded) == .step(1))
        #expect(try Operation(all.proto.attempted) == .step(2))
        #expect(all.proto.location == "File.swift:3")
    }

    @Test func aDivergenceSaysWhatDiffers() {
        func words(_ recorded: Operation?, _ attempted: Operation?) -> String {
            Divergence(sequence: 9, recorded: recorded, attempted: attempted, location: "F.swift:3")
                .description
        }
        #expect(
            words(.step(0, name: "pay"), .step(0, name: "ship"))
                == "the code asks for the checkpoint \"ship\" at F.swift:3, "
                + "but entry 9 records the checkpoint \"pay\""
        )
        #expect(words(.step(0), .step(0)).hasSuffix("with another input"))
        #expect(words(nil, .step(0)).hasSuffix("and nothing is recorded there"))
        #expect(
            words(.step(0), nil)
                == "the handler ended at F.swift:3, but entry 9 records the checkpoint \"step\""
        )
    }

    @Test(arguments: [
        (Divergence.Cause.value, " with a value of another type: no such key", "upcaster"),
        (.branches, " with another number of branches: no such key", "as many branches"),
        (.ending, " with another ending of the branch that decided it: no such key", "as it did"),
        (.input, " with another input: no such key", "declare the input as before"),
    ])
    func aDivergenceOfTheSameOperationSaysHowItDiffersAndWhatToDo(
        _ cause: Divergence.Cause,
        _ ending: String,
        _ mend: String
    ) {
        let divergence = Divergence(
            sequence: 9,
            recorded: .step(0),
            attempted: .step(0),
            location: "F.swift:3",
            cause: cause,
            detail: "no such key"
        )
        #expect(
            divergence.description
                == "the code asks for the checkpoint \"step\" at F.swift:3, "
                + "but entry 9 records the checkpoint \"step\"" + ending
        )
        #expect(divergence.mend.contains(mend))
        #expect(divergence.mend.hasSuffix("then retry it"))
    }
}
