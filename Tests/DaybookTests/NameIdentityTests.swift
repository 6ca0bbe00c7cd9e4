import Daybook
import DaybookInspector
import DaybookModel
import DaybookTestKit
import Testing

/// Texts that look the same and have other bytes: Swift takes them for equal, a journal does not.
private enum Lookalike {
    static let composed = "\u{E9}"
    static let decomposed = "e\u{301}"
}

private struct Composed: Workflow {
    static let name = Lookalike.composed

    func run(_ input: Int, _ context: WorkflowContext) async throws -> String {
        guard input == 0 else { return "composed" }
        throw try context.continueAsNew(Decomposed.self, input: 1)
    }
}

private struct Decomposed: Workflow {
    static let name = Lookalike.decomposed

    func run(_ input: Int, _ context: WorkflowContext) async throws -> String { "decomposed" }
}

/// Names and ids are compared by their bytes, whatever they look like.
@Suite struct NameIdentityTests {
    /// Runs code to its end, and replays the record with other code.
    private func replay(
        _ recorded: @escaping Scripted.Code,
        with code: @escaping Scripted.Code
    ) async throws -> Replayer.Outcome {
        let history = try await withJournal { path in
            try await withEngine(path, code: recorded) { daybook in
                try await daybook.start()
                _ = try await daybook.result()
                return try RecordedHistory(of: "a", in: daybook.journal)
            }
        }
        return try await Replayer(workflows: [Scripted(body: code)]).replay(history).outcome
    }

    @Test func anOperationWhoseNameOnlyLooksTheSameIsAnotherOne() async throws {
        let outcome = try await replay(
            { _, context in try await context.checkpoint(Lookalike.composed) { _ in "done" } },
            with: { _, context in
                try await context.checkpoint(Lookalike.decomposed) { _ in "done" }
            }
        )
        guard case .diverged(let divergence) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(divergence.cause == .operation)
    }

    @Test func aVersionWhoseNameOnlyLooksTheSameIsNotTheRecordedOne() async throws {
        let log = CallLog()
        let outcome = try await replay(
            { _, context in "\(try await context.version(Lookalike.composed))" },
            with: { _, context in
                log.add("\(try await context.version(Lookalike.decomposed))")
                return "\(try await context.version(Lookalike.composed))"
            }
        )
        #expect(log.lines == ["false"])
        guard case .agrees = outcome else {
            Issue.record("\(outcome)")
            return
        }
    }

    @Test func twoWorkflowsWhoseNamesLookTheSameAreTwo() async throws {
        try await withJournal { path in
            let daybook = try await Engine.open(at: path, workflows: [Composed(), Decomposed()])
            let first = try await daybook.run(Composed.self, id: "a", input: 1)
            let second = try await daybook.run(Decomposed.self, id: "b", input: 1)
            #expect([first, second] == ["composed", "decomposed"])
            let history = try RecordedHistory(of: "b", in: daybook.journal)
            let report = try await Replayer(workflows: [Composed(), Decomposed()]).replay(history)
            if case .agrees = report.outcome {} else { Issue.record("\(report.outcome)") }
            try await daybook.close()
        }
    }

    @Test func aRunGoesOnOnlyAsAWorkflowOfItsOwnName() async throws {
        try await withJournal { path in
            let daybook = try await Engine.open(at: path, workflows: [Composed()])
            let error = await #expect(throws: OperationError.self) {
                try await daybook.run(Composed.self, id: "a", input: 0)
            }
            #expect(error?.code == "wrong-workflow")
            try await daybook.close()
        }
    }
}
