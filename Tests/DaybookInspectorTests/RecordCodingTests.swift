import Daybook
import DaybookFormat
import DaybookModel
import DaybookTestKit
import DaybookView
import FoundationEssentials
import Testing

/// Records and pages of them in JSON.
@Suite struct RecordCodingTests {
    private let room = ClockedJournal()

    private func json(_ value: some Encodable) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        return try encoder.encode(value)
    }

    /// Executions that have of everything between them: a waits after a failed attempt, b has failed,
    /// c is held back, d was cancelled before anybody asked for it, e was submitted.
    private func withExecutions(_ body: (Engine) async throws -> Void) async throws {
        try await room.withEngine(
            code: { input, context in
                try await context.output("count", input)
                if input == 2 { throw OperationError(code: "bad", message: "no luck") }
                return try await context.receive("go", as: String.self, timeout: .seconds(50)).value
                    ?? ""
            }
        ) { daybook in
            var terms = ExecutionOptions()
            terms.retry = RetryPolicy(maxAttempts: 2, baseDelay: .milliseconds(1_500))
            terms.timeout = .seconds(600)
            try await daybook.start("a", terms, input: 1)
            try await daybook.untilWaiting("a")
            try await daybook.signal("a", "other", 7)
            try await daybook.start("b", terms, input: 2)
            _ = try await daybook.wait(for: "b") { $0.isDelayed }
            let delayed = try #require(try daybook.record(of: "b"))
            #expect(try recoded(delayed) == delayed)
            room.clock.pass(.seconds(2))
            _ = try await daybook.waitForEnd(of: "b")
            terms.delay = .seconds(100)
            try await daybook.start("c", terms, input: 3)
            try await daybook.submit(Scripted.self, id: "d", input: 4)
            try await daybook.cancel("d")
            try await daybook.submit(Scripted.self, id: "e", input: 5)
            try await body(daybook)
        }
    }

    private func recoded(_ record: ExecutionRecord) throws -> ExecutionRecord {
        try JSONDecoder().decode(ExecutionRecord.self, from: try json(record))
    }

    @Test func aRecordIsReadAsItIsWritten() async throws {
        try await withExecutions { daybook in
            var all = ExecutionQuery()
            all.order = .oldestFirst
            let records = try await daybook.executions(all).records
            #expect(records.map(\.id) == ["a", "b", "c", "d", "e"])
            for record in records { #expect(try recoded(record) == record) }
            #expect(records[0].signals.count == 1)
            #expect(records[0].waits.count == 1)
            #expect(records[1].outputs.count == 1)
        }
    }

    @Test func aPageIsReadAsItIsWritten() async throws {
        try await withExecutions { daybook in
            var query = ExecutionQuery()
            query.limit = 2
            query.order = .oldestFirst
            let page = try await daybook.executions(query)
            let data = try json(page)
            let same = try JSONDecoder().decode(ExecutionPage.self, from: data)
            #expect(same.records == page.records)
            #expect(same.next == page.next)
            let cursor = try #require(page.next)
            #expect(
                String(decoding: data, as: UTF8.self).contains("\"next\":\"\(cursor.rawValue)\"")
            )
            let next = try await daybook.executions(query, after: same.next)
            #expect(next.records.map(\.id) == ["c", "d"])
        }
    }

    @Test func theMembersHaveTheNamesThatTheCommandGives() async throws {
        try await withExecutions { daybook in
            let record = try #require(try daybook.record(of: "c"))
            let text = String(decoding: try json(record), as: UTF8.self)
            let time = record.submittedAt.description
            let user = try #require(record.submittedBy).user
            #expect(!user.isEmpty)
            let expected = """
                {"attempts":0,"cleaning":[],"closed":false,"createdAt":"\(time)",\
                "deadline":"\(try #require(record.deadline))","delay":"100s","delayed":true,\
                "doubts":[],"entries":2,"id":"c","last":\(record.last),"losses":0,"number":\(record.number),\
                "outputs":[],"parked":false,"paused":false,"pinned":false,\
                "retry":{"baseDelay":"1.5s","fatalCodes":[],"jitter":0,"maxAttempts":2,\
                "multiplier":2},"signals":[],"startAt":"\(try #require(record.startAt))",\
                "status":"ready",\
                "submittedBy":{"actor":"\(user)","session":\(daybook.session),"user":"\(user)"},\
                "timeout":"600s","type":"scripted","updatedAt":"\(time)","waits":[]}
                """
            #expect(text == expected)
        }
    }
}
