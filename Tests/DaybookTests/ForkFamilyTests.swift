import Daybook
import DaybookModel
import DaybookTestKit
import Testing

/// Forks of executions that have spawned children.
@Suite struct ForkFamilyTests {
    private struct Part: Workflow {
        static let name = "part"
        func run(_ input: Int, _ context: WorkflowContext) async throws -> Int { input + 1 }
    }

    private struct Whole: Workflow {
        static let name = "whole"

        func run(_ input: Int, _ context: WorkflowContext) async throws -> String {
            let part = try await context.spawn(Part.self, input: input)
            _ = try await context.receive("go", as: Int.self)
            try await context.checkpoint("note", input: part.id) { _ -> Void in }
            try await context.checkpoint("last") { _ -> Void in }
            return part.id
        }
    }

    /// The child is the one that it was, by the id that it has.
    @Test func aForkGoesOnWithAChildOfItsOriginThatHasEnded() async throws {
        try await withJournal { path in
            let engine = try await Engine.open(at: path, workflows: [Whole(), Part()])
            try await engine.submit(Whole.self, id: "a", input: 6).execute()
            _ = try await engine.wait(for: "a") { !$0.waits.isEmpty }
            var parts = ExecutionQuery()
            parts.types = ["part"]
            let page = try await engine.executions(parts)
            let child = try #require(page.records.first)
            _ = try await engine.wait(for: child.id) { $0.isClosed }
            try await engine.signal("a", "go", 1)
            let origin = try await engine.waitForEnd(of: "a")
            _ = try await engine.fork("a", at: "last", ForkOptions(id: "b"))
            let fork = try await engine.wait(for: "b") { $0.isClosed || $0.isParked }
            #expect(fork.status == .completed, "\(fork)")
            #expect(
                try engine.outcome(of: fork).get() == engine.outcome(of: origin).get()
            )
            try await engine.close()
        }
    }
}
