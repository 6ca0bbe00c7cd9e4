import Daybook
import DaybookTestKit
import Testing

/// What an embedding program can name after `import Daybook` alone.
@Suite struct FaceTests {
    private struct Adding: Workflow {
        static let name = "adding"

        func run(_ number: Int, _ context: WorkflowContext) async throws -> Int {
            try await context.checkpoint("add", input: number) { _ in number + 1 }
        }
    }

    /// Errors to catch and options to give are named without a module that is no product.
    @Test func errorsPoliciesAndTimesAreNamedWithTheEngineAlone() async throws {
        let policy = RetryPolicy(maxAttempts: 3)
        #expect(policy.maxAttempts == 3)
        try await withJournal { path in
            let daybook = try await Engine.open(at: path, workflows: [Adding()])
            let before: Timestamp = SystemClock().now()
            do {
                _ = try await daybook.execute("nobody")
                Issue.record("an unknown id was executed")
            } catch let refusal as Refusal {
                #expect(refusal.code == .notFound)
            }
            _ = try await daybook.run(Adding.self, id: "a", input: 1)
            let record = try await daybook.waitForEnd(of: "a")
            let status: ExecutionStatus = record.status
            #expect(status == .completed)
            #expect(record.submittedAt >= before)
            do {
                _ = try await Engine.open(at: path, workflows: [Adding()])
                Issue.record("a journal was opened twice")
            } catch let error as JournalError {
                #expect(error.code == .locked)
            }
            try await daybook.close()
        }
    }

    @Test func recordsQueriesAndHistoriesAreNamedWithTheEngineAlone() async throws {
        try await withJournal { path in
            let daybook = try await Engine.open(at: path, workflows: [Adding()])
            #expect(try await daybook.run(Adding.self, id: "a", input: 1) == 2)
            var query = ExecutionQuery()
            query.types = [Adding.name]
            let records: [ExecutionRecord] = try await daybook.executions(query).records
            #expect(records.map(\.id) == ["a"])
            let page: ExecutionPage = try await daybook.executions(query, after: nil, limit: 1)
            #expect(page.records == records)
            let history: RecordedHistory = try daybook.history(of: "a")
            let report = try await Replayer(workflows: [Adding()]).replay(history)
            #expect(report.operations == 1)
            let erased: any Error = PayloadErased(sequence: 7)
            #expect("\(erased)".contains("entry 7"))
            try await daybook.close()
        }
    }
}
