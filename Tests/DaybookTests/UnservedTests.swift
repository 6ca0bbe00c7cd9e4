import Daybook
import DaybookSystem
import DaybookTestKit
import Logging
import Testing

/// Waiting for what nobody runs.
@Suite struct UnservedTests {
    private struct Unknown: Workflow {
        static let name = "unknown"
        func run(_ input: Int, _ context: WorkflowContext) async throws -> Int { input }
    }

    /// What is warned of while somebody waits for an execution of a workflow twice.
    private func warnings(
        _ options: EngineOptions,
        _ path: String,
        _ workflows: [any Workflow] = []
    ) async throws -> [String] {
        let lines = Locked<[String]>([])
        var options = options
        options.logger = Logger(label: "test") { _ in
            CollectingHandler { line in lines.withLock { $0.append(line) } }
        }
        let engine = try await Engine.open(at: path, options, workflows: workflows)
        for id in ["a", "b"] {
            let waiting = Task { try await engine.run(Unknown.self, id: id, input: 1) }
            _ = try await engine.wait(untilKnown: id)
            waiting.cancel()
            _ = await waiting.result
        }
        try await engine.close()
        return lines.withLock { $0.filter { $0.contains("nobody runs") } }
    }

    @Test func aWorkflowThatIsNotRegisteredIsWarnedOfOnce() async throws {
        try await withJournal { path in
            let lines = try await warnings(EngineOptions(), path)
            #expect(lines.count == 1, "\(lines)")
            #expect(lines.first?.contains("the workflow is not registered") == true, "\(lines)")
        }
    }

    @Test func aSubmitterWithoutWorkersIsWarned() async throws {
        try await withJournal { path in
            var options = EngineOptions()
            options.claims = .nothing
            let lines = try await warnings(options, path, [Unknown()])
            #expect(lines.count == 1, "\(lines)")
            #expect(lines.first?.contains("nothing is claimed") == true, "\(lines)")
        }
    }

    @Test func whatHasEndedIsNotWarnedOf() async throws {
        try await withJournal { path in
            try await Engine.withOpen(at: path, workflows: [Unknown()]) { engine in
                for id in ["a", "b"] { _ = try await engine.run(Unknown.self, id: id, input: 1) }
            }
            let lines = try await warnings(EngineOptions(), path)
            #expect(lines.isEmpty, "\(lines)")
        }
    }

    @Test func whoRunsItsWorkflowIsNotWarned() async throws {
        try await withJournal { path in
            let lines = try await warnings(EngineOptions(), path, [Unknown()])
            #expect(lines.isEmpty, "\(lines)")
        }
    }
}

extension Engine {
    /// Waits until an execution is recorded.
    fileprivate func wait(untilKnown id: String) async throws {
        for try await _ in entries(from: 0) where try record(of: id) != nil { return }
    }
}
