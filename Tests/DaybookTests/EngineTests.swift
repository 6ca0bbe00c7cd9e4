import Daybook
import DaybookModel
import DaybookTestKit
import Testing

struct Doubling: Workflow {
    static let name = "doubling"
    let log: CallLog

    func run(_ input: Int, _ context: WorkflowContext) async throws -> Int {
        var value = input
        for step in 0..<3 {
            let before = value
            value = try await context.checkpoint("step \(step)", input: before) { _ in
                log.add("step \(step)")
                return before * 2
            }
        }
        return value
    }
}

@Suite struct EngineTests {
    @Test func aWorkflowRunsToItsEndAndIsNotRunAgain() async throws {
        try await withJournal { path in
            let log = CallLog()
            let daybook = try await Engine.open(at: path, workflows: [Doubling(log: log)])
            let handle = try await daybook.submit(Doubling.self, id: "a", input: 1)
            #expect(try handle.status() == .submitted)
            try await handle.execute()
            #expect(try await handle.result() == 8)
            #expect(try await daybook.run(Doubling.self, id: "a", input: 1) == 8)
            try await daybook.close()
            #expect(log.lines == ["step 0", "step 1", "step 2"])

            let again = try await Engine.open(at: path, workflows: [Doubling(log: log)])
            #expect(try await again.run(Doubling.self, id: "a", input: 1) == 8)
            try await again.close()
            #expect(log.lines.count == 3)
        }
    }
}
