import DaybookFormat
import SwiftProtobuf
import Testing

@testable import DaybookModel

/// Interning of content types; numbers and rows whatever is interned before them.
@Suite struct TransactionTests {
    /// A command that ends an execution.
    enum End: CaseIterable {
        case complete
        case fail

        func run(
            _ lease: Lease,
            _ payloads: SealedPayloads,
            _ logs: [LogChunk],
            _ harness: inout ModelHarness,
            by session: UInt64
        ) throws -> UInt64 {
            switch self {
            case .complete:
                let command = Complete(lease, output: payloads, operations: 0, logs: logs)
                return try harness.run(command, session: session)
            case .fail:
                let command = Fail(lease, ErrorFacts(code: "x"), payloads: payloads, logs: logs)
                return try harness.run(command, session: session).sequence
            }
        }
    }

    private static let mixtures: [[String]] = [
        [], ["x/1"], ["x/1", "x/2"], ["x/1", "x/1"], ["x/2", "x/1", "x/2", "x/3", "x/1"],
        [ContentTypes.json, "x/1"], ["x/1", ContentTypes.json, "x/1", ContentTypes.text],
        [ContentTypes.bytes, ContentTypes.log], [""],
    ]

    private func sealed(
        _ types: [String],
        _ harness: inout ModelHarness
    ) throws -> SealedPayloads {
        try harness.sealed(types.enumerated().map { Payload([UInt8($0)], contentType: $1) })
    }

    /// Expects that the numbers in the commitments of an entry stand for the given types.
    private func expectTypes(
        _ types: [String],
        of sequence: UInt64,
        _ harness: ModelHarness
    ) throws {
        let known = harness.state.journal.contentTypes
        #expect(Set(known).count == known.count)
        let commitments = try harness.entry(sequence).commitments
        #expect(commitments.map { known[Int($0.contentType) - 1] } == types)
    }

    @Test(arguments: mixtures)
    func aSubmissionHasTheSequenceOfItsEntryAsItsNumber(_ types: [String]) throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let first = harness.next
        let new = Set(types).subtracting(ContentTypes.initial).count
        let payloads = try sealed(types, &harness)
        let answer = try harness.run(
            Submit(id: "a", type: "copy", input: [0], payloads: payloads),
            session: session
        )
        #expect(answer.number == first + UInt64(new))
        #expect(harness.next == answer.number + 1)
        let interned = Array(repeating: "content_type_interned", count: new)
        #expect(try harness.names(from: first) == interned + ["execution_submitted"])
        #expect(try harness.entry(answer.number).stream == answer.number)
        #expect(try harness.row("a")?.number == answer.number)
        #expect(try harness.execution(answer.number).number == answer.number)
        try expectTypes(types, of: answer.number, harness)
    }

    @Test(arguments: End.allCases, mixtures)
    func theRowOfAClosedExecutionNamesItsLastEntry(_ end: End, _ types: [String]) throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let lease = try harness.lease("a", by: session)
        let first = harness.next
        // One line of the log before, of a type that may be new too.
        let log = LogChunk(lines: 1, payloads: try sealed(["x/log"], &harness))
        let payloads = try sealed(types, &harness)
        let sequence = try end.run(lease, payloads, [log, log], &harness, by: session)
        #expect(sequence == harness.next - 1)
        let new = Set(types).subtracting(ContentTypes.initial).count
        #expect(sequence == first + 3 + UInt64(new))
        let summary = try harness.summary("a")
        #expect(summary.last == sequence)
        #expect(summary.entries == UInt64(try harness.history(of: lease.execution).count))
        #expect(summary.entries == 6)
        try expectTypes(types, of: sequence, harness)
    }

    /// The log is the first to use the type, so that the output does not intern it again.
    @Test(arguments: End.allCases)
    func theRowIsRightWhenTheLogBringsTheTypeOfTheOutput(_ end: End) throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let lease = try harness.lease("a", by: session)
        let log = LogChunk(lines: 1, payloads: try sealed(["x/1"], &harness))
        let payloads = try sealed(["x/1", "x/2"], &harness)
        let sequence = try end.run(lease, payloads, [log], &harness, by: session)
        #expect(sequence == harness.next - 1)
        try expectTypes(["x/1", "x/2"], of: sequence, harness)
        let summary = try harness.summary("a")
        #expect(summary.last == sequence)
    }

    @Test(arguments: mixtures)
    func anOutcomeAndItsLogShareWhatTheyIntern(_ types: [String]) throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let lease = try harness.lease("a", by: session)
        let log = LogChunk(lines: 1, payloads: try sealed(["x/1"], &harness))
        let payloads = try sealed(types, &harness)
        let sequence = try harness.run(
            RecordOutcome(
                lease,
                .step(0),
                .success(payloads, verified: false),
                startedAt: harness.now,
                logs: [log]
            ),
            session: session
        )
        #expect(sequence == harness.next - 1)
        try expectTypes(types, of: sequence, harness)
        #expect(try harness.execution(lease.execution).last == sequence)
    }

    @Test func aTypeIsInternedOnceForAllCommandsAndSessions() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let other = try harness.open("another")
        let before = harness.state.journal.contentTypes
        for (index, id) in ["a", "b", "c"].enumerated() {
            let payloads = try sealed(["x/1", "x/2"], &harness)
            try harness.run(
                Submit(id: Name(id), type: "copy", input: [0], payloads: payloads),
                session: index == 1 ? other : session
            )
            #expect(harness.drafts.count == (index == 0 ? 3 : 1))
        }
        #expect(harness.state.journal.contentTypes == before + ["x/1", "x/2"])
        let interned = try harness.entry(3)
        #expect(interned.stream == 0)
        #expect(interned.session == session)
        #expect(interned.contentTypeInterned.contentType == "x/1")
    }

    /// Swift holds them for equal, and what is recorded must be what was given.
    @Test func typesThatDifferOnlyInTheirBytesAreTwo() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let payloads = try sealed(["x/\u{E9}", "x/e\u{301}"], &harness)
        let submit = Submit(id: "a", type: "copy", input: [0], payloads: payloads)
        let number = try harness.run(submit, session: session).number
        #expect(try harness.entry(number).stream == number)
        let numbers = try harness.entry(number).commitments.map(\.contentType)
        #expect(Set(numbers).count == 2)
    }

    @Test func theNextCommandOfABatchKnowsWhatWasInterned() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        try harness.inBatch { harness in
            for (index, id) in ["a", "b"].enumerated() {
                let payloads = try sealed(["x/1"], &harness)
                try harness.run(
                    Submit(id: Name(id), type: "copy", input: [0], payloads: payloads),
                    session: session
                )
                #expect(harness.drafts.count == (index == 0 ? 2 : 1))
            }
        }
        #expect(harness.state.journal.number(ofContentType: "x/1") == 5)
    }

    @Test func whatARolledBackBatchInternedIsInternedAgain() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        for isKept in [false, true] {
            harness.begin()
            let payloads = try sealed(["x/1"], &harness)
            let answer = try harness.run(
                Submit(id: "a", type: "copy", input: [0], payloads: payloads),
                session: session
            )
            #expect(harness.drafts.count == 2)
            #expect(answer.number == 3)
            if isKept { harness.commit() } else { try harness.rollBack() }
        }
        #expect(harness.state.journal.contentTypes == ContentTypes.initial + ["x/1"])
    }
}
