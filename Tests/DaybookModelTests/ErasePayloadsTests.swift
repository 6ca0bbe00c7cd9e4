import DaybookFormat
import SwiftProtobuf
import Testing

@testable import DaybookModel

/// Payloads of executions that are closed are erased, on request.
@Suite struct ErasePayloadsTests {
    private var harness: ModelHarness
    private let session: UInt64

    init() throws {
        harness = try ModelHarness()
        session = try harness.open()
    }

    /// A completed execution with a few operations.
    private mutating func complete(_ id: Name) throws {
        try harness.ready(id, Submit.Terms(), by: session)
        let lease = try harness.claim(harness.number(of: id), by: session)
        for position in 0..<3 {
            try harness.succeed(lease, .op(.checkpoint, UInt32(position)), by: session)
        }
        try harness.complete(lease, by: session)
    }

    private mutating func erase(
        _ id: Name,
        _ scope: ErasePayloads.Scope = .everything(nil),
        seen: UInt64? = nil,
        limit: Int = 512
    ) throws -> ErasePayloads.Answer {
        let reason = try harness.sealed([.text("asked for")])
        let request = Request(actor: "ann", reason: reason)
        return try harness.run(
            ErasePayloads(Intervention(id: id, by: request), scope, seen: seen, limit: limit),
            session: session
        )
    }

    /// Erases to the end.
    /// - Returns: how many entries said so.
    private mutating func eraseAll(_ id: Name, limit: Int) throws -> Int {
        var cursor: ErasePayloads.Cursor?
        var count = 0
        repeat {
            let answer = try erase(id, .everything(cursor), limit: limit)
            if answer.erased != nil { count += 1 }
            cursor = answer.next
        } while cursor != nil
        return count
    }

    private func unerased(_ number: UInt64) throws -> [UInt64] {
        try harness.history(of: number).filter { entry in
            if case .payloadsErased = entry.event { return false }
            return try harness.payloads(of: entry.sequence).contains { !$0.isErased }
        }.map(\.sequence)
    }

    @Test mutating func allPayloadsGoAndTheRowSaysSo() throws {
        try complete("a")
        let number = try harness.number(of: "a")
        let next = harness.next
        let answer = try erase("a")
        #expect(try harness.names(from: next) == ["payloads_erased"])
        #expect(answer.erased?.payloads == 5)
        #expect(try unerased(number) == [])
        let entry = try harness.entry(next)
        #expect(entry.request.actor == "ann" && entry.request.reason)
        #expect(try harness.payloads(of: next).map(\.isErased) == [false])
        #expect(try harness.summary("a").erased == next)
        #expect(try harness.summary("a").last == next)
        #expect(try harness.fold(number, before: next + 1).erasedBy == next)
        #expect(harness.state.openExecutions.isEmpty)
    }

    @Test mutating func aLongHistoryGoesInStepsFromItsEnd() throws {
        try complete("a")
        let number = try harness.number(of: "a")
        let first = try erase("a", limit: 2)
        #expect(first.next?.run == number)
        #expect(try unerased(number).first == number)
        // Somebody was interrupted: whoever asks again goes on.
        #expect(try eraseAll("a", limit: 2) >= 2)
        #expect(try unerased(number) == [])
        let next = harness.next
        #expect(try eraseAll("a", limit: 2) == 0)
        #expect(harness.next == next)
    }

    @Test mutating func oneEntryLosesItsPayloads() throws {
        try complete("a")
        let number = try harness.number(of: "a")
        let all = try unerased(number)
        let answer = try erase("a", .entry(all[2]))
        #expect(answer.erased?.range == all[2]...all[2] && answer.next == nil)
        #expect(try unerased(number) == all.filter { $0 != all[2] })
        #expect(try erase("a", .entry(all[2])).erased == nil)
        try complete("b")
        let other = try harness.number(of: "b")
        #expect(try erase("a", .entry(other)).erased == nil)
        expectRefusal(.notFound) { try erase("a", .entry(harness.next + 7)) }
        expectRefusal(.notFound) { try erase("a", .entry(0)) }
    }

    @Test mutating func allRunsOfAnIDGo() throws {
        try harness.ready("a", Submit.Terms(), by: session)
        let first = try harness.number(of: "a")
        let lease = try harness.claim(first, by: session)
        let input = try harness.sealed([.json([0x33])])
        try harness.run(ContinueAsNew(lease, input: input), session: session)
        expectRefusal(.conflict) { try erase("a") }
        let second = try harness.number(of: "a")
        try harness.complete(harness.claim(second, by: session), by: session)
        #expect(try eraseAll("a", limit: 512) == 2)
        #expect(try unerased(first) == [] && unerased(second) == [])
        // The row of the id is still that of its newest run.
        #expect(try harness.row("a")?.number == second)
        #expect(try harness.recovered().openExecutions.isEmpty)
    }

    @Test mutating func whatIsOpenIsRefused() throws {
        expectRefusal(.notFound) { try erase("a") }
        try harness.submit("a", by: session)
        expectRefusal(.conflict) { try erase("a") }
        try harness.run(Execute(id: "a"), session: session)
        expectRefusal(.conflict) { try erase("a") }
    }

    /// Who has looked at it, and is asked whether it is to go, means what he or she has seen.
    @Test mutating func whatHasGoneOnSinceItWasSeenIsRefused() throws {
        try harness.submit("a", by: session)
        try harness.cancel("a", by: session)
        let seen = try #require(try harness.row("a")?.closed.last)
        try harness.retry("a", by: session)
        try harness.cancel("a", by: session)
        let newer = try #require(try harness.row("a")?.closed.last)
        #expect(newer > seen)
        expectRefusal(.conflict) { try erase("a", seen: seen) }
        #expect(try erase("a", seen: newer).erased != nil)
        // What is erased in part does not go on: an answer to what was seen before is one to this.
        #expect(try erase("a", seen: newer).erased == nil)
    }

    @Test mutating func whatIsErasedIsNotRunAgain() throws {
        try harness.submit("a", by: session)
        try harness.cancel("a", by: session)
        _ = try erase("a")
        expectRefusal(.erased) { try harness.retry("a", by: session) }
        expectRefusal(.erased) { try harness.submit("a", by: session) }
    }

    @Test mutating func secretsThatAreKeptAreWipedFirst() throws {
        try harness.run(
            Submit(
                id: "a",
                type: "copy",
                input: [0x31],
                payloads: try harness.sealed([.json([0x31])]),
                secrets: try harness.secrets(["TOKEN"])
            ),
            session: session
        )
        try harness.cancel("a", by: session)
        let next = harness.next
        #expect(try erase("a").wiped == ["TOKEN"])
        #expect(try harness.names(from: next) == ["secrets_wiped", "payloads_erased"])
        #expect(harness.state.secrets.isEmpty)
        #expect(try unerased(harness.number(of: "a")) == [])
    }

    @Test mutating func aChildGoesAfterItsParent() throws {
        try harness.ready("a", Submit.Terms(), by: session)
        let lease = try harness.claim(harness.number(of: "a"), by: session)
        try harness.begin("child", of: lease, .op(.child, 0), suspended: 1, by: session)
        let child = try harness.claim(harness.number(of: "child"), by: session)
        try harness.complete(child, by: session)
        expectRefusal(.conflict) { try erase("child") }
        try harness.cancel("a", by: session)
        expectRefusal(.conflict) { try erase("a") }
        try harness.run(Release(lease), session: session)
        expectRefusal(.conflict) { try erase("child") }
        _ = try erase("a")
        #expect(try erase("child").erased != nil)
    }

    /// An entry of damage, or of another program.
    @Test mutating func anEntryThatContradictsIsNotTakenIn() throws {
        try harness.submit("a", by: session)
        let number = try harness.number(of: "a")
        func erased(_ from: UInt64, _ through: UInt64) -> EntryDraft {
            let event = ProtoPayloadsErased.with {
                $0.cause = .asked
                $0.from = from
                $0.through = through
            }
            return EntryDraft(
                stream: StreamID(number),
                event: ProtoEntry.OneOf_Event.payloadsErased(event).encoded(),
                session: session
            )
        }
        func isRefused(_ draft: EntryDraft) -> Bool {
            var copy = harness
            do {
                try copy.append([draft])
                return false
            } catch {
                return error is InconsistentEntry
            }
        }
        #expect(isRefused(erased(number, number)))
        try harness.cancel("a", by: session)
        #expect(!isRefused(erased(number, number)))
        #expect(isRefused(erased(number, harness.next)))
        #expect(isRefused(erased(number - 1, number)))
        #expect(isRefused(erased(number + 1, number)))
        _ = try erase("a")
        let reopened = ProtoEntry.OneOf_Event.executionReopened(.init()).encoded()
        #expect(
            isRefused(EntryDraft(stream: StreamID(number), event: reopened, session: session))
        )
    }
}

private func expectRefusal<Answer>(
    _ code: Refusal.Code,
    sourceLocation: SourceLocation = #_sourceLocation,
    _ body: () throws -> Answer
) {
    let refusal = #expect(throws: Refusal.self, sourceLocation: sourceLocation) {
        _ = try body()
    }
    expect(refusal, code, sourceLocation: sourceLocation)
}
