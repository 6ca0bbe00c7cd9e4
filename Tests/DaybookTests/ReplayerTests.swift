import Daybook
import DaybookFormat
import DaybookInspector
import DaybookJournal
import DaybookModel
import DaybookTestKit
import Testing

@Suite struct ReplayerTests {
    typealias Code = @Sendable (Int, WorkflowContext) async throws -> String

    /// Something of everything.
    private static let code: Code = { input, context in
        let first = try await context.checkpoint("first", input: input) { _ in input + 1 }
        let id = context.uuid()
        let values = try await context.map("each", [1, 2, 3]) { scope, element in
            try await scope.checkpoint("body") { _ in element * first }
        }
        let winner = try await context.race(
            "race",
            { try await $0.checkpoint("a") { _ in "a" } },
            { try await $0.checkpoint("b") { _ in "b" } }
        )
        try await context.store.set("key", winner)
        let stored = try await context.store.get("key", as: String.self) ?? ""
        do {
            try await context.checkpoint("fails") { _ in
                throw OperationError(code: "no", message: "it does not work")
            }
        } catch let error as OperationError {
            return "\(values) \(stored == winner) \(error.message) \(id)"
        }
        return "not reached"
    }

    /// Runs code, and gives its history, from the journal and from an export.
    private func histories(
        _ code: @escaping Code,
        terms: ExecutionOptions = ExecutionOptions()
    ) async throws -> [RecordedHistory] {
        try await withJournal { path in
            let live = try await withEngine(path, code: code) { daybook in
                try await daybook.submit(Scripted.self, id: "a", options: terms, input: 6).execute()
                _ = try await daybook.waitForEnd(of: "a")
                return try RecordedHistory(of: "a", in: daybook.journal)
            }
            let inspector = try Inspector(path: path)
            defer { inspector.close() }
            var lines: [UInt8] = []
            try inspector.scan { entry in
                var json = JSONWriter()
                try entry.write(to: &json)
                lines += json.bytes + [UInt8(ascii: "\n")]
                return true
            }
            return [live] + (try RecordedHistory.all(exported: lines))
        }
    }

    private func replay(
        _ history: RecordedHistory,
        _ code: @escaping Code
    ) async throws -> Replayer.Report {
        try await Replayer(workflows: [Scripted(body: code)]).replay(history)
    }

    @Test func theSameCodeAgrees() async throws {
        for history in try await histories(Self.code) {
            let report = try await replay(history, Self.code)
            guard case .agrees = report.outcome else {
                Issue.record("\(report.outcome)")
                return
            }
            #expect(report.id == "a")
            #expect(report.operations >= 8)
        }
    }

    @Test func noBodyRuns() async throws {
        let history = try #require(try await histories(Self.code).first)
        let report = try await replay(history) { input, context in
            _ = try await context.checkpoint("first", input: input) { _ in
                Issue.record("a body runs")
                return 0
            }
            return ""
        }
        // The rest of the record was not asked for.
        guard case .diverged(let divergence) = report.outcome else {
            Issue.record("\(report.outcome)")
            return
        }
        #expect(divergence.attempted == nil)
        #expect(divergence.recorded?.name == "each")
    }

    @Test func changedCodeDivergesWhereItWasChanged() async throws {
        let history = try #require(try await histories(Self.code).first)
        let report = try await replay(history) { input, context in
            _ = try await context.checkpoint("first", input: input) { _ in 0 }
            _ = try await context.checkpoint("another") { _ in 0 }
            return ""
        }
        guard case .diverged(let divergence) = report.outcome else {
            Issue.record("\(report.outcome)")
            return
        }
        #expect(divergence.recorded?.kind == .map)
        #expect(divergence.attempted?.name == "another")
        #expect(divergence.location.hasPrefix("DaybookTests/ReplayerTests.swift:"))
        #expect(divergence.sequence != nil)
    }

    @Test func anotherOutputIsTold() async throws {
        let simple: Code = { _, context in try await context.checkpoint("one") { _ in "old" } }
        let history = try #require(try await histories(simple).first)
        let report = try await replay(history) { _, context in
            try await context.checkpoint("one") { _ in "old" } + "er"
        }
        guard case .endsOtherwise("\"old\"", "\"older\"") = report.outcome else {
            Issue.record("\(report.outcome)")
            return
        }
    }

    @Test func codeThatGoesOnAgreesSoFar() async throws {
        let simple: Code = { _, context in
            _ = try await context.checkpoint("one") { _ in 1 }
            throw OperationError(code: "no", message: "no")
        }
        let history = try #require(try await histories(simple).first)
        let report = try await replay(history) { _, context in
            _ = try await context.checkpoint("one") { _ in 1 }
            return try await context.checkpoint("two") { _ in
                Issue.record("a body runs")
                return ""
            }
        }
        guard case .agreesSoFar = report.outcome else {
            Issue.record("\(report.outcome)")
            return
        }
    }

    @Test func attemptsThatFailedBeforeAreReplayedAsTheLastOneSawThem() async throws {
        var terms = ExecutionOptions()
        terms.retry = RetryPolicy(maxAttempts: 3, baseDelay: .zero)
        let code: Code = { _, context in
            let kept = try await context.checkpoint("kept") { _ in 1 }
            let third = try await context.checkpoint("third time") { operation in
                if operation.attempt < 3 { throw OperationError(code: "no", message: "not yet") }
                return operation.attempt
            }
            return "\(kept) \(third) \(try context.previousError?.message ?? "-")"
        }
        for history in try await histories(code, terms: terms) {
            let report = try await replay(history, code)
            guard case .agrees = report.outcome else {
                Issue.record("\(report.outcome)")
                return
            }
        }
    }

    @Test func aDamagedExportNamesTheLine() async throws {
        let error = #expect(throws: JournalError.self) {
            try RecordedHistory.all(exported: Array("{\"entry\":\"AAAA\"}\nx\n".utf8))
        }
        #expect(error?.code == .integrity)
        #expect(error?.description.contains("line 1") == true)
    }
}
