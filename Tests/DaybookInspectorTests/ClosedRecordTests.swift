import DaybookFormat
import DaybookInspector
import DaybookJournal
import DaybookModel
import DaybookSystem
import DaybookTestKit
import DaybookView
import LMDB
import Testing

@testable import Daybook

/// What a record says of an execution, it also says once the execution is closed.
@Suite struct ClosedRecordTests {
    private let room = ClockedJournal()

    /// What does not change with the end.
    private struct Kept: Equatable {
        let retry: RetryPolicy
        let timeout: Duration?
        let delay: Duration
        let losses: UInt32
        let outputs: [NamedOutput]
        let startedAt: Timestamp?

        init(_ record: ExecutionRecord) {
            retry = record.retry
            timeout = record.timeout
            delay = record.delay
            losses = record.losses
            outputs = record.outputs
            startedAt = record.startedAt
        }
    }

    private var options: ExecutionOptions {
        ExecutionOptions(
            retry: RetryPolicy(maxAttempts: 4, baseDelay: .seconds(2), maxDelay: .seconds(9)),
            timeout: .seconds(600),
            delay: .seconds(3)
        )
    }

    private let code: Scripted.Code = { _, context in
        try await context.output("url", "https://example.com/1")
        try await context.output("count", 1)
        try await context.output("url", "https://example.com/2")
        return try await context.receive("go", as: String.self)
    }

    private func values(_ record: ExecutionRecord, _ daybook: Engine) throws -> [String] {
        try daybook.outputs(of: record).map {
            "\($0.name)=\(String(decoding: $0.value, as: UTF8.self))"
        }
    }

    @Test func theRecordIsTheSameRightBeforeAndAfterTheEnd() async throws {
        try await withJournal(room.creation) { path in
            var ended: ExecutionRecord?
            try await withEngine(path, room.options, code: code) { daybook in
                try await daybook.start("a", options)
                room.clock.pass(.seconds(3))
                let before = try await daybook.wait(for: "a") { $0.status == .waiting }
                #expect(before.retry == options.retry)
                #expect(before.timeout == .seconds(600))
                #expect(before.delay == .seconds(3))
                let written = try values(before, daybook)
                #expect(written == ["url=\"https://example.com/2\"", "count=1"])
                room.clock.pass(.seconds(5))
                try await daybook.signal("a", "go", "on")
                let after = try await daybook.waitForEnd(of: "a")
                #expect(after.isClosed)
                #expect(Kept(after) == Kept(before))
                #expect(after.updatedAt == after.finishedAt)
                #expect(try values(after, daybook) == written)
                let handle = daybook.handle(Scripted.self, id: "a")
                #expect(try handle.value(of: OutputKey<Int>("count")) == 1)
                #expect(try handle.value(of: OutputKey<String>("url")) == "https://example.com/2")
                #expect(try handle.value(of: OutputKey<String>("other")) == nil)
                ended = after
            }
            // Another process finds the same, and so does who only reads.
            try await withEngine(path, room.options, code: code) { daybook in
                let again = try daybook.record(of: "a")
                #expect(again == ended)
            }
            let inspector = try Inspector(path: path)
            defer { inspector.close() }
            #expect(try inspector.record(of: "a") == ended)
            #expect(try inspector.executions(ExecutionQuery()) == [ended])
            #expect(try Verifier.verify(inspector.store).problems == [])
        }
    }

    /// The code goes on for a while after the execution was cancelled.
    @Test func theLastEntryIsTheLastChange() async throws {
        let (begun, signal) = AsyncStream.makeStream(of: Void.self)
        let (go, letGo) = AsyncStream.makeStream(of: Void.self)
        try await room.withEngine(
            code: { _, context in
                try await context.checkpoint("stubborn") { _ in
                    signal.yield()
                    // Not told of the cancellation.
                    await Task { for await _ in go { break } }.value
                }
                return ""
            }
        ) { daybook in
            try await daybook.start()
            for await _ in begun { break }
            try await daybook.cancel("a")
            let before = try #require(try daybook.record(of: "a"))
            #expect(before.status == .cancelled && !before.isClosed)
            #expect(before.updatedAt == before.finishedAt)
            room.clock.pass(.seconds(5))
            letGo.yield()
            let after = try await daybook.waitForEnd(of: "a")
            #expect(after.finishedAt == before.finishedAt)
            #expect(after.updatedAt.since(before.updatedAt) == .seconds(5))
            #expect(Kept(after) == Kept(before))
        }
    }

    @Test func whatRanAgainHasWhatCameThen() async throws {
        let (fails, times) = (Locked(true), CallLog())
        try await room.withEngine(
            code: { _, context in
                try await context.output("first", 1)
                try await context.checkpoint("work") { _ in
                    times.add("work")
                    if fails.withLock({ $0 }) { throw OperationError(code: "bad", message: "no") }
                }
                try await context.output("second", 2)
                return ""
            }
        ) { daybook in
            try await daybook.start()
            let failed = try await daybook.waitForEnd(of: "a")
            #expect(try values(failed, daybook) == ["first=1"])
            fails.withLock { $0 = false }
            try await daybook.retry("a")
            let completed = try await daybook.waitForEnd(of: "a")
            #expect(completed.status == .completed)
            #expect(try values(completed, daybook) == ["first=1", "second=2"])
            #expect(times.lines == ["work", "work"])
        }
    }

    // MARK: Losses

    @Test func lossesAreKeptWhenNothingWasRecordedSince() async throws {
        try await withJournal(room.creation) { path in
            let store = try LMDBStore.open(path)
            var desk = try Desk(store, room.clock)
            let payloads = try SealedPayloads(Payload([], contentType: "text/plain"), limit: 16)
            let session = try desk.open(1)
            try desk.run(
                SubmitAndExecute(Submit(id: "a", type: "t", input: [], payloads: payloads)),
                by: session
            )
            for number in 2...3 as ClosedRange<UInt8> {
                let dying = try desk.open(number)
                _ = try #require(try desk.run(Claim(.first(of: ["t"])), by: dying))
                try desk.run(LoseSession(dying, parkMessage: payloads), by: session)
            }
            let before = try #require(try store.read { try ExecutionReader.record(of: "a", $0) })
            #expect(before.losses == 2)
            room.clock.pass(.seconds(1))
            let cancel = Cancel(Intervention(id: "a"))
            try desk.run(cancel, by: session)
            store.close()

            let inspector = try Inspector(path: path)
            defer { inspector.close() }
            let after = try inspector.record(of: "a")
            #expect(after.isClosed)
            #expect(Kept(after) == Kept(before))
            #expect(after.updatedAt.since(before.updatedAt) == .seconds(1))
            #expect(try Verifier.verify(inspector.store).problems == [])
        }
    }

    // MARK: The index

    private typealias Change = @Sendable (inout ProtoExecutionSummary) -> Void

    /// The row is an index: each value of it must be the one that the entries give.
    private static let changes: [(String, Change)] = [
        ("another output entry", { $0.outputs[0].sequence -= 1 }),
        ("another output name", { $0.outputs[0].name = "uri" }),
        ("an output less", { $0.outputs.removeLast() }),
        ("an output more", { $0.outputs.append($0.outputs[0]) }),
        ("another order of outputs", { $0.outputs.reverse() }),
        ("another policy", { $0.terms.retry.maxAttempts += 1 }),
        ("another timeout", { $0.terms.timeout += 1 }),
        ("another delay", { $0.terms.delay += 1 }),
        ("no terms", { $0.clearTerms() }),
        ("another loss", { $0.losses += 1 }),
        ("another time", { $0.updatedAt = $0.finishedAt + 1 }),
        ("another run", { $0.continuedFrom = 3 }),
    ]

    @Test(arguments: changes.indices)
    func aChangedValueOfARowIsFound(_ index: Int) async throws {
        let (what, change) = Self.changes[index]
        try await withJournal(room.creation) { path in
            try await withEngine(path, room.options, code: code) { daybook in
                try await daybook.start("a", options)
                room.clock.pass(.seconds(3))
                try await daybook.signal("a", "go", "on")
                _ = try await daybook.waitForEnd(of: "a")
            }
            let store = try LMDBStore.open(path)
            defer { store.close() }
            #expect(try Verifier.verify(store).problems == [])
            var row = try #require(try store.read { try ExecutionReader.row(of: "a", $0) })
            change(&row.closed)
            // As a faulty version of the program would write it: with a check that holds.
            row.check = 0
            let changed = ExecutionRowCheck.sealed(row.encoded(), of: "a")
            try store.write { writer in
                try changed.withUnsafeBytes { try writer.put(executionRow: $0, for: "a") }
            }
            let problems = try Verifier.verify(store).problems
            #expect(
                problems.contains {
                    $0.reason == "the index row of a does not agree with its history"
                },
                "\(what): \(problems)"
            )
        }
    }
}
