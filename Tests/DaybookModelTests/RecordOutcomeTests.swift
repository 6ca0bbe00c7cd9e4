import DaybookFormat
import SwiftProtobuf
import Testing

@testable import DaybookModel

@Suite struct RecordOutcomeTests {
    @Test(arguments: [false, true])
    func aSuccessIsRecorded(verified: Bool) throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let lease = try harness.lease("a", by: session)
        let value = try harness.sealed([.json(Array("null".utf8))])
        let began = Timestamp(rawValue: harness.now.rawValue - 5)
        let sequence = try harness.run(
            RecordOutcome(
                lease,
                .step(0),
                .success(value, verified: verified),
                startedAt: began
            ),
            session: session
        )
        #expect(sequence == harness.next - 1)
        let entry = try harness.entry(sequence)
        #expect(entry.stream == lease.execution)
        #expect(entry.checkpointSucceeded.epoch == 1)
        #expect(entry.checkpointSucceeded.startedAt == began.rawValue)
        #expect(entry.checkpointSucceeded.verified == verified)
        #expect(try Operation(entry.checkpointSucceeded.operation) == .step(0))
        #expect(entry.commitments.map(\.contentType) == [1])
        #expect(try harness.payloads(of: sequence).map(\.data) == [Array("null".utf8)])
        let execution = try harness.execution(lease.execution)
        #expect(execution.progress.next(in: []) == 1)
        #expect(execution.status == .running)
        #expect(execution.last == sequence)
    }

    @Test func aFailureIsRecordedAndIsAnOutcomeToo() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let lease = try harness.lease("a", by: session)
        let payloads = try harness.sealed([.text("no route"), .json(Array("{}".utf8))])
        let error = ErrorFacts(kind: .timedOut, code: "no-route", isRetryable: true)
        let sequence = try harness.run(
            RecordOutcome(lease, .step(0), .failure(error, payloads), startedAt: harness.now),
            session: session
        )
        let failed = try harness.entry(sequence).checkpointFailed
        #expect(try ErrorFacts(failed.error) == error)
        #expect(failed.epoch == 1)
        #expect(failed.startedAt == harness.now.rawValue)
        #expect(try harness.entry(sequence).commitments.map(\.contentType) == [2, 1])
        let execution = try harness.execution(lease.execution)
        #expect(execution.progress.next(in: []) == 1)
        #expect(execution.status == .running)
    }

    @Test func anOperationIsRecordedOnce() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let lease = try harness.lease("a", by: session)
        try harness.succeed(lease, .step(0), by: session)
        // Neither the same again, nor something else in its place.
        let again = #expect(throws: Refusal.self) {
            try harness.succeed(lease, .step(0), by: session)
        }
        expect(
            again,
            .conflict,
            says: "the operation step is number 0 of its scope in a",
            "number 1 is the next",
            "once"
        )
        let failure = #expect(throws: Refusal.self) {
            try harness.disappoint(lease, .step(0, name: "other"), by: session)
        }
        expect(failure, .conflict, says: "the operation other")
        #expect(harness.drafts.isEmpty)
    }

    @Test func theSecondOfTwoInOneBatchIsRefused() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let lease = try harness.lease("a", by: session)
        try harness.inBatch { harness in
            try harness.succeed(lease, .step(0), by: session)
            #expect(throws: Refusal.self) { try harness.succeed(lease, .step(0), by: session) }
            try harness.succeed(lease, .step(1), by: session)
        }
        #expect(try harness.execution(lease.execution).progress.next(in: []) == 2)
    }

    @Test func operationsAreRecordedInOrder() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let lease = try harness.lease("a", by: session)
        for position in [UInt32(1), 7, .max] {
            let refusal = #expect(throws: Refusal.self) {
                try harness.succeed(lease, .step(position), by: session)
            }
            expect(refusal, .conflict, says: "number \(position)", "number 0 is the next")
        }
        for position in UInt32(0)..<300 {
            try harness.succeed(lease, .step(position), by: session)
        }
        #expect(try harness.execution(lease.execution).progress.next(in: []) == 300)
    }

    @Test func branchesHaveAnOrderOfTheirOwn() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let lease = try harness.lease("a", by: session)
        let scopes: [[UInt32]] = [[], [0, 0], [0, 1], [0, 1, 2, 300]]
        for position in UInt32(0)..<3 {
            for scope in scopes {
                try harness.succeed(lease, .step(position, in: scope), by: session)
            }
        }
        let progress = try harness.execution(lease.execution).progress
        for scope in scopes { #expect(progress.next(in: scope) == 3) }
        #expect(progress.next(in: [0, 2]) == 0)
        let refusal = #expect(throws: Refusal.self) {
            try harness.succeed(lease, .step(2, in: [0, 1]), by: session)
        }
        expect(refusal, .conflict, says: "number 2", "number 3 is the next")
    }

    @Test func theRecordGoesOnUnderTheNextLease() throws {
        var harness = try ModelHarness()
        let dying = try harness.open("dying")
        let session = try harness.open()
        let first = try harness.lease("a", by: dying)
        try harness.succeed(first, .step(0), by: dying)
        try harness.lose(dying, by: session)
        let second = try harness.claim(first.execution, by: session)
        let refusal = #expect(throws: Refusal.self) {
            try harness.succeed(second, .step(0), by: session)
        }
        expect(refusal, .conflict, says: "number 1 is the next")
        let sequence = try harness.succeed(second, .step(1), by: session)
        #expect(try harness.entry(sequence).checkpointSucceeded.epoch == 2)
    }

    @Test func linesOfTheLogComeBeforeTheOutcome() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let lease = try harness.lease("a", by: session)
        let first = harness.next
        let chunks = try (1...2).map { lines in
            let batch = ProtoLogBatch.with {
                $0.lines = (0..<lines).map { line in .with { $0.text = "line \(line)" } }
            }
            let payload = Payload(batch.encoded(), contentType: ContentTypes.log)
            return LogChunk(lines: UInt32(lines), payloads: try harness.sealed([payload]))
        }
        let value = try harness.sealed([.json(Array("1".utf8))])
        let operation = Operation.step(0, in: [])
        let sequence = try harness.run(
            RecordOutcome(
                lease,
                operation,
                .success(value, verified: false),
                startedAt: harness.now,
                logs: chunks
            ),
            session: session
        )
        #expect(
            try harness.names(from: first) == [
                "log_recorded", "log_recorded", "checkpoint_succeeded",
            ]
        )
        #expect(sequence == first + 2)
        for (index, lines) in [UInt32(1), 2].enumerated() {
            let entry = try harness.entry(first + UInt64(index))
            #expect(entry.stream == lease.execution)
            #expect(entry.logRecorded.lines == lines)
            #expect(entry.logRecorded.epoch == 1)
            #expect(try Operation(entry.logRecorded.operation) == operation)
            #expect(entry.commitments.map(\.contentType) == [4])
        }
        // Lines are no operations.
        #expect(try harness.execution(lease.execution).progress.next(in: []) == 1)
    }

    @Test(arguments: [ErrorFacts.Kind.generic, .timedOut, .cancelled, .stopped])
    func errorFactsSurviveTheirRecordedForm(_ kind: ErrorFacts.Kind) throws {
        for isRetryable in [false, true] {
            let facts = ErrorFacts(kind: kind, code: "a-code", isRetryable: isRetryable)
            #expect(try ErrorFacts(facts.proto) == facts)
        }
    }

    @Test func anUnknownKindOfErrorIsNotGuessedAt() {
        let proto = ProtoError.with {
            $0.kind = .UNRECOGNIZED(77)
            $0.code = "new"
        }
        let error = #expect(throws: WireError.self) { try ErrorFacts(proto) }
        #expect(error == .newer("kind of error", 77))
    }
}
