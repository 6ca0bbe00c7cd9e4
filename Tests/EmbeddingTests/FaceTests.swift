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

    @Test func recordsQueriesAndHistoriesAreNamedWithTheEngineAlone() async throws {
        try await withJournal { path in
            let daybook = try await Daybook.open(at: path, workflows: [Adding()])
            #expect(try await daybook.run(Adding.self, id: "a", input: 1) == 2)
            var query = ExecutionQuery()
            query.types = [Adding.name]
            let records: [ExecutionRecord] = try daybook.executions(query)
            #expect(records.map(\.id) == ["a"])
            let page: ExecutionPage = try daybook.executions(query, after: nil)
            #expect(page.records == records)
            let history: RecordedHistory = try RecordedHistory(of: "a", in: daybook.journal)
            let report = try await Replayer(workflows: [Adding()]).replay(history)
            #expect(report.operations == 1)
            let erased: any Error = PayloadErased(sequence: 7)
            #expect("\(erased)".contains("entry 7"))
            try await daybook.close()
        }
    }
}
