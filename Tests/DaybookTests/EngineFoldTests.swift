import DaybookFormat
import DaybookTestKit
import FoundationEssentials
import SwiftProtobuf
import Testing

@testable import Daybook
@testable import DaybookJournal
@testable import DaybookModel

/// The state of a process that shares its journal, around a batch that is not written.
@Suite struct EngineFoldTests {
    private struct DiskFailure: Error {}

    /// As much of a process as writes and folds: without threads and without time.
    private struct Process {
        let journal: Journal
        var fold: EngineFold
        private(set) var session: UInt64 = 0

        init(_ journal: Journal, name: UInt8) throws {
            self.journal = journal
            let uuid = try #require(Identifier([UInt8](repeating: name, count: 16)))
            fold = EngineFold(
                NewsBoard(),
                SecretKeeper(nil, EngineOptions()),
                session: uuid,
                firing: nil,
                snapshotInterval: nil,
                from: State()
            )
            try journal.scan { entry, reader in
                try fold.apply(committed: entry, reader)
                return true
            }
            let facts = ProtoSessionOpened.with {
                $0.uuid = Data(uuid.bytes)
                $0.actor = "process \(name)"
                $0.program = "test"
                $0.pid = 2
            }
            session = try perform(OpenSession(facts))
        }

        mutating func catchUp() throws {
            try journal.catchUp { entry, reader in try fold.apply(committed: entry, reader) }
        }

        @discardableResult
        mutating func perform<C: DaybookModel.Command>(_ command: C) throws -> C.Answer {
            try catchUp()
            let answer = try journal.write { batch in
                try fold.decide(command, session: session, batch).get()
            }
            fold.commit()
            return answer
        }

        /// Has a command decided whose batch does not come to the disk.
        mutating func attempt<C: DaybookModel.Command>(_ command: C) throws {
            try catchUp()
            #expect(throws: DiskFailure.self) {
                try journal.write { batch in
                    _ = try fold.decide(command, session: session, batch).get()
                    throw DiskFailure()
                }
            }
        }

        mutating func rollBack() throws {
            try journal.store.read { reader in try fold.rollBack(reader) }
        }
    }

    private func processes() throws -> (Process, Process) {
        let created = ProtoEntry.OneOf_Event.journalCreated(
            .with {
                $0.uuid = Data(repeating: 1, count: 16)
                $0.origin = "example.com/shared"
                $0.format = UInt32(Journal.format)
                $0.settings.submissionLifetime = Duration.seconds(3_600).wholeNanoseconds
                $0.contentTypes = ContentTypes.initial
            }
        )
        let store = MemoryStore()
        let clock = ManualClock()
        let first = try Journal.create(in: store, event: created.encoded(), clock: clock)
        return (
            try Process(first, name: 1),
            try Process(try Journal.open(store, clock: clock), name: 2)
        )
    }

    private func submission(_ id: String) throws -> Submit {
        let input = Payload([1], contentType: ContentTypes.json)
        return Submit(
            id: Name(id),
            type: "copy",
            input: input.data,
            payloads: try SealedPayloads([input], limit: 1 << 16)
        )
    }

    /// What others write before a batch is taken back is taken in once, in its turn.
    @Test func anEntryThatComesBeforeABatchIsTakenBackIsTakenInOnce() throws {
        var (ours, theirs) = try processes()
        let number = try ours.perform(try submission("a")).number
        try ours.attempt(Execute(id: "a"))
        try theirs.perform(Execute(id: "a"))
        try ours.rollBack()
        #expect(ours.fold.state.execution(number)?.status == .submitted)
        try ours.catchUp()
        #expect(ours.fold.state.published(number) == theirs.fold.state.published(number))
        try ours.perform(try submission("b"))
    }

    /// What others have ended meanwhile has not ended for us until that entry is taken in.
    @Test func anExecutionThatEndsBeforeABatchIsTakenBackIsClosedInItsTurn() throws {
        var (ours, theirs) = try processes()
        let number = try ours.perform(try submission("a")).number
        try ours.attempt(Execute(id: "a"))
        try theirs.perform(Cancel(Intervention(id: "a")))
        #expect(theirs.fold.state.execution(number) == nil)
        try ours.rollBack()
        #expect(ours.fold.state.execution(number)?.status == .submitted)
        try ours.catchUp()
        #expect(ours.fold.state.execution(number) == nil)
        #expect(ours.fold.state.nextDeadline == theirs.fold.state.nextDeadline)
    }
}
