import DaybookFormat
import SwiftProtobuf
import Testing

@testable import DaybookModel

/// What the index keeps of an execution once it is closed.
@Suite struct ClosedRowTests {
    private var allTerms: Submit.Terms {
        var terms = Submit.Terms()
        terms.retry = RetryPolicy(maxAttempts: 3, baseDelay: .zero, fatalCodes: ["fatal"])
        terms.timeout = .seconds(90)
        terms.delay = .milliseconds(250)
        return terms
    }

    /// Gives an output a value.
    private func give(
        _ name: Name,
        _ position: UInt32,
        _ harness: inout ModelHarness,
        _ lease: Lease,
        by session: UInt64
    ) throws -> UInt64 {
        let value = try harness.sealed([.json(Array("1".utf8))])
        return try harness.run(
            RecordOperation(lease, .op(.output, position, name), payloads: value),
            session: session
        ).sequence
    }

    /// An execution with outputs and terms of its own, whose lease is lost once; claimed again, and
    /// it has recorded nothing since.
    private func lost(_ harness: inout ModelHarness, by session: UInt64) throws -> Lease {
        let number = try harness.submit("a", terms: allTerms, by: session).number
        try harness.run(Execute(id: "a"), session: session)
        try harness.pass(.milliseconds(250), by: session)
        let dying = try harness.open("dying")
        let lease = try harness.claim(number, by: dying)
        _ = try give("url", 0, &harness, lease, by: dying)
        _ = try give("count", 1, &harness, lease, by: dying)
        _ = try give("url", 2, &harness, lease, by: dying)
        _ = try harness.lose(dying, by: session)
        return try harness.claim(number, by: session)
    }

    @Test func whatIsKnownRightBeforeTheEndIsInTheRow() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let lease = try lost(&harness, by: session)
        harness.now = Timestamp(rawValue: harness.now.rawValue + 5)
        try harness.cancel("a", by: session)
        let before = try harness.execution(lease.execution)
        #expect(before.losses == 1)
        #expect(before.outputs.map(\.name) == ["url", "count"])
        // The code goes on for a while.
        harness.now = Timestamp(rawValue: harness.now.rawValue + 7)
        try harness.run(Release(lease), session: session)

        let summary = try harness.summary("a")
        #expect(summary.status == .cancelled)
        #expect(summary.finishedAt == before.finishedAt.rawValue)
        #expect(summary.updatedAt == before.finishedAt.rawValue + 7)
        #expect(summary.losses == 1)
        #expect(summary.terms.retry == allTerms.retry.proto)
        #expect(summary.terms.timeout == 90_000_000_000)
        #expect(summary.terms.delay == 250_000_000)
        #expect(
            summary.outputs.map { NamedOutput(name: Name($0.name), sequence: $0.sequence) }
                == before.outputs
        )
        // Closed once more after it has run again: with what came then.
        try harness.retry("a", by: session)
        let second = try harness.claim(lease.execution, by: session)
        let count = try give("count", 3, &harness, second, by: session)
        try harness.complete(second, by: session)
        let again = try harness.summary("a")
        #expect(again.losses == 0)
        #expect(again.updatedAt == 0)
        #expect(again.terms == summary.terms)
        #expect(again.outputs.map(\.name) == ["url", "count"])
        #expect(again.outputs.map(\.sequence) == [before.outputs[0].sequence, count])
    }

    @Test func aRunThatGoesOnFromAnotherSaysFromWhich() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let lease = try harness.lease("a", by: session)
        let input = try harness.sealed([.json(Array("2".utf8))])
        let next = try harness.run(
            ContinueAsNew(lease, input: input),
            session: session
        )
        try harness.complete(try harness.claim(next, by: session), by: session)
        #expect(try harness.row("a")?.number == next)
        #expect(try harness.summary("a").continuedFrom == lease.execution)
    }

    /// Written by hand, it is read by whoever has the library.
    @Test func aRowHasTheLibrarysBytes() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let lease = try lost(&harness, by: session)
        try harness.fail(lease, code: "fatal", by: session)
        try harness.complete(try harness.lease("b", by: session), by: session)
        for id in ["a", "b"] as [Name] {
            var row = try #require(try harness.row(id))
            #expect(row.unknownFields.data.isEmpty)
            let number = row.number
            // Of the bytes before it.
            row.check = 0
            #expect(try harness.fold(number, before: harness.next).closedRow == row.encoded())
        }
    }

    @Test func whatAnExecutionDoesNotHaveTakesNoByte() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        try harness.complete(try harness.lease("a", by: session), by: session)
        var row = try #require(try harness.row("a"))
        let size = row.encoded().count
        #expect(!row.closed.hasTerms)
        let closed = row.closed
        row.closed = .with {
            $0.type = closed.type
            $0.status = closed.status
            $0.submittedAt = closed.submittedAt
            $0.startedAt = closed.startedAt
            $0.finishedAt = closed.finishedAt
            $0.attempts = closed.attempts
            $0.last = closed.last
            $0.entries = closed.entries
            $0.startAt = closed.startAt
        }
        #expect(row.encoded().count == size)
    }
}
