import Daybook
import DaybookFormat
import DaybookModel
import DaybookTestKit
import LMDB
import Testing

/// Large families, and what their parents make of them.
@Suite struct FamilyScaleTests {
    /// Fails for some inputs.
    private struct Part: Workflow {
        static let name = "part"
        let fails: @Sendable (Int) -> Bool

        func run(_ input: Int, _ context: WorkflowContext) async throws -> Int {
            if fails(input) { throw OperationError(code: "no", message: "\(input) does not work") }
            return input
        }
    }

    private struct Whole: Workflow {
        static let name = "whole"

        func run(_ count: Int, _ context: WorkflowContext) async throws -> [Int] {
            let outcomes = try await context.map(
                "parts",
                Array(0..<count),
                maxConcurrent: 64,
                until: .all
            ) { scope, number in
                try await scope.run(Part.self, input: number)
            }
            return outcomes.failures.flatMap(\.branch)
        }
    }

    private struct Twice: Workflow {
        static let name = "twice"
        func run(_ input: Int, _ context: WorkflowContext) async throws -> Int { input * 2 }
    }

    private struct Text: Workflow {
        static let name = "text"
        func run(_ input: Int, _ context: WorkflowContext) async throws -> String { "\(input)" }
    }

    private struct Chain: Workflow {
        static let name = "chain"
        func run(_ input: Int, _ context: WorkflowContext) async throws -> String {
            try await context.sequence(Twice.self, Twice.self, Text.self, input: input)
        }
    }

    @Test(arguments: [1, 1_000]) func failuresOfManyChildrenComeWithTheirIndexes(
        _ failures: Int
    ) async throws {
        let count = 1_000
        var creation = CreationOptions()
        creation.environment.synchronizes = false
        var options = EngineOptions()
        options.environment = creation.environment
        try await withJournal(creation) { path in
            let part = Part { failures == count || $0 == 123 }
            let engine = try await Engine.open(at: path, options, workflows: [Whole(), part])
            let failed = try await engine.run(Whole.self, id: "whole", input: count)
            #expect(failed == (failures == count ? Array(0..<count) : [123]))
            let record = try #require(try engine.record(of: "whole"))
            #expect(record.openChildren == 0 && record.isClosed)
            try await engine.close()
        }
    }

    @Test func aSequenceHandsOnWhatEachGives() async throws {
        try await withJournal { path in
            let engine = try await Engine.open(
                at: path,
                workflows: [Chain(), Twice(), Text()]
            )
            #expect(try await engine.run(Chain.self, input: 3) == "12")
            try await engine.close()
        }
    }
}
