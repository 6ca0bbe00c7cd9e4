import DaybookFormat
import FoundationEssentials
import SwiftProtobuf
import Testing

@testable import DaybookModel

/// Executions that are closed are archived, and taken back.
@Suite struct SealArchiveTests {
    private var harness: ModelHarness
    private let session: UInt64

    init() throws {
        harness = try ModelHarness()
        session = try harness.open()
    }

    private mutating func complete(_ id: Name) throws {
        try harness.ready(id, Submit.Terms(), by: session)
        let lease = try harness.claim(harness.number(of: id), by: session)
        try harness.succeed(lease, .op(.checkpoint, 0), by: session)
        try harness.complete(lease, by: session)
    }

    private func member(_ id: Name) throws -> SealArchive.Member {
        let row = try harness.summary(id)
        return .init(id: id, number: try harness.number(of: id), last: row.last)
    }

    private mutating func seal(_ members: [SealArchive.Member]) throws -> UInt64 {
        let size = harness.next
        let file = ProtoArchiveSealed.with {
            $0.name = "file"
            $0.digest = Data(repeating: 1, count: 32)
            $0.root = Data(repeating: 2, count: 32)
            $0.size = size
            $0.executions = UInt32(members.count)
        }
        let reason = try harness.sealed([.text("asked for")])
        return try harness.run(
            SealArchive(file, members, by: Request(actor: "ann", reason: reason)),
            session: session
        )
    }

    private mutating func refusal(_ body: (inout Self) throws -> Void) throws -> Refusal? {
        do {
            try body(&self)
            return nil
        } catch let refusal as Refusal {
            return refusal
        }
    }

    @Test mutating func itIsOneCommitAndTheRowsSaySo() throws {
        try complete("a")
        try complete("b")
        let next = harness.next
        let archive = try seal([member("a"), member("b")])
        #expect(archive == next)
        #expect(
            try harness.names(from: next) == [
                "archive_sealed", "execution_archived", "execution_archived",
            ]
        )
        let entry = try harness.entry(next)
        #expect(entry.request.actor == "ann" && entry.request.reason)
        for id in ["a", "b"] as [Name] {
            #expect(try harness.summary(id).archived == archive)
            let number = try harness.number(of: id)
            #expect(try harness.fold(number, before: harness.next).archivedBy == archive)
        }
        #expect(harness.state.openExecutions.isEmpty)
    }

    @Test mutating func whatIsArchivedIsNotGoneOnWith() throws {
        try complete("a")
        let archive = try seal([member("a")])
        let before = harness.next
        let erase = try refusal { test in
            _ = try test.harness.run(
                ErasePayloads(Intervention(id: "a")),
                session: test.session
            )
        }
        #expect(erase?.code == .archived)
        #expect(erase?.message.contains("archive restore") == true)
        let submit = try refusal { test in
            try test.harness.ready("a", Submit.Terms(), by: test.session)
        }
        #expect(submit?.code == .archived)
        #expect(submit?.message.contains("entry \(archive)") == true)
        let again = try refusal { test in _ = try test.seal([test.member("a")]) }
        #expect(again?.message.contains("archived already") == true)
        #expect(harness.next == before)
    }

    @Test mutating func whatHasGoneOnOrIsOpenIsRefusedAndNothingIsRecorded() throws {
        try complete("a")
        try complete("b")
        try harness.ready("open", Submit.Terms(), by: session)
        let old = try member("a")
        _ = try harness.run(ErasePayloads(Intervention(id: "a")), session: session)
        let before = harness.next
        let stale = try refusal { test in _ = try test.seal([test.member("b"), old]) }
        #expect(stale?.code == .conflict)
        #expect(stale?.message.contains("gone on") == true)
        let number = try harness.number(of: "open")
        let open = try refusal { test in
            _ = try test.seal([.init(id: "open", number: number, last: number)])
        }
        #expect(open?.code == .conflict)
        let unknown = try refusal { test in
            _ = try test.seal([.init(id: "nobody", number: 1, last: 1)])
        }
        #expect(unknown?.code == .notFound)
        let none = try refusal { test in _ = try test.seal([]) }
        #expect(none?.code == .invalidArgument)
        #expect(harness.next == before)
    }

    @Test mutating func whatIsTakenBackIsAsItWasBefore() throws {
        try complete("a")
        let archive = try seal([member("a")])
        let next = harness.next
        let dropped = try harness.run(
            DropArchive(archive, ["a"], by: Request(actor: "ben")),
            session: session
        )
        #expect(dropped == next)
        #expect(try harness.names(from: next) == ["archive_dropped", "execution_archived"])
        #expect(try harness.summary("a").archived == 0)
        let twice = try refusal { test in
            _ = try test.harness.run(
                DropArchive(archive, ["a"], by: .session),
                session: test.session
            )
        }
        #expect(twice?.code == .conflict)
        // It is erased, and archived again.
        let erased = try harness.run(ErasePayloads(Intervention(id: "a")), session: session)
        #expect(erased.erased != nil)
        let again = try seal([member("a")])
        #expect(try harness.summary("a").archived == again)
        #expect(try harness.summary("a").erased != 0)
    }
}
