import DaybookFormat
import DaybookJournal
import DaybookModel
import DaybookSystem
import DaybookTestKit
import DaybookView
import LMDB
import Testing

@testable import Daybook

/// How the last attempt of an open execution ended that failed.
@Suite struct LastErrorTests {
    private let room = ClockedJournal()

    /// Fails the first time.
    private var code: Scripted.Code {
        let isFirst = Locked(true)
        return { _, context in
            let fails = isFirst.withLock { isFirst in
                defer { isFirst = false }
                return isFirst
            }
            if fails { throw OperationError(code: "bad", message: "no luck") }
            return try await context.receive("go", as: String.self)
        }
    }

    /// The record from the file alone, as another process sees it.
    private func read(_ daybook: Engine) throws -> ExecutionRecord {
        try #require(try daybook.journal.store.read { try ExecutionReader.record(of: "a", $0) })
    }

    @Test func itIsInTheRecordUntilTheExecutionIsClosed() async throws {
        try await withJournal(room.creation) { path in
            try await withEngine(path, room.options, code: code) { daybook in
                var terms = ExecutionOptions()
                terms.retry = RetryPolicy(maxAttempts: 2, baseDelay: .seconds(10))
                try await daybook.submit(Scripted.self, id: "a", options: terms, input: 1)
                #expect(try daybook.record(of: "a")?.lastError == nil)
                try await daybook.execute("a")
                let delayed = try await daybook.wait(for: "a") { $0.isDelayed }
                let error = try #require(delayed.lastError)
                #expect(error.code == "bad")
                #expect(error.message == "no luck")
                #expect(error.sequence == delayed.last)
                #expect(delayed.errorCode == nil)
                #expect(try read(daybook) == delayed)
                room.clock.pass(.seconds(10))
                // It stays while the next attempt is under way.
                let waiting = try await daybook.wait(for: "a") { $0.status == .waiting }
                #expect(waiting.lastError == error)
                #expect(try read(daybook).lastError == error)
                try await daybook.signal("a", "go", "on")
                let record = try await daybook.waitForEnd(of: "a")
                #expect(record.status == .completed)
                #expect(record.lastError == nil)
                #expect(try read(daybook).lastError == nil)
            }
        }
    }

    @Test func whatAPersonHasRunAgainTellsWhatItFailedWith() async throws {
        try await withJournal(room.creation) { path in
            var nobody = room.options
            nobody.claims = .nothing
            try await withEngine(path, room.options, code: code) { daybook in
                try await daybook.start()
                let failed = try await daybook.waitForEnd(of: "a")
                #expect(failed.errorCode == "bad")
                #expect(failed.lastError == nil)
            }
            try await withEngine(path, nobody, code: code) { daybook in
                try await daybook.retry("a")
                let open = try #require(try daybook.record(of: "a"))
                #expect(open.lastError?.message == "no luck")
                #expect(open.errorCode == nil)
                #expect(try read(daybook) == open)
            }
        }
    }

    /// What is at hand of an execution may be newer than the state of the file that is read.
    @Test func anAttemptThatFailsWhileItIsReadIsNotKnownYet() async throws {
        try await withJournal(room.creation) { path in
            let store = try LMDBStore.open(path)
            defer { store.close() }
            var desk = try Desk(store, room.clock)
            let payloads = try SealedPayloads(Payload([], contentType: "text/plain"), limit: 16)
            let session = try desk.open(1)
            var terms = Submit.Terms()
            terms.retry = RetryPolicy(maxAttempts: 2)
            let submit = Submit(id: "a", type: "t", input: [], payloads: payloads, terms: terms)
            try desk.run(SubmitAndExecute(submit), by: session)
            let lease = try #require(try desk.run(Claim(.first(of: ["t"])), by: session))
            let before = try #require(try store.read { try ExecutionReader.record(of: "a", $0) })
            try store.read { reader in
                _ = try reader.entryCount()
                let fail = Fail(lease, ErrorFacts(code: "bad"), payloads: payloads)
                try desk.run(fail, by: session)
                let newer = try #require(desk.state.committed(lease.execution))
                #expect(newer.previousFailure == newer.last)
                let record = try ExecutionReader.record(of: "a", reader) { _ in newer }
                #expect(record == before)
            }
            let after = try #require(try store.read { try ExecutionReader.record(of: "a", $0) })
            #expect(after.lastError?.code == "bad")
            #expect(after.lastError?.message == "")
        }
    }
}
