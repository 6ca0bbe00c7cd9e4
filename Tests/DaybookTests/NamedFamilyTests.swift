import Daybook
import DaybookModel
import DaybookTestKit
import Logging
import Testing

/// Families in a process that runs only what it is asked for, as `daybook run` does.
@Suite(.timeLimit(.minutes(20))) struct NamedFamilyTests {
    /// Runs code that is given the depth of the execution as its input.
    private struct Level: Workflow {
        static let name = "level"
        let body: @Sendable (Int, WorkflowContext) async throws -> String

        func run(_ depth: Int, _ context: WorkflowContext) async throws -> String {
            try await body(depth, context)
        }
    }

    private static var named: EngineOptions {
        var options = EngineOptions()
        options.claims = .named
        options.logger.logLevel = .critical
        return options
    }

    /// A child's code, which fails once.
    private static func atSecondTry(_ log: CallLog) throws -> String {
        log.add("child")
        if log.lines.count < 2 { throw OperationError(code: "no", message: "not yet") }
        return "done"
    }

    /// The root is known by the number of its first run, which is closed.
    @Test func theFamilyOfARootThatGoesOnAsNewIsOpenedAgain() async throws {
        let log = CallLog()
        let level = Level { depth, context in
            switch depth {
            case 0: throw try context.continueAsNew(Level.self, input: 1)
            case 1:
                let options = ExecutionOptions(retry: RetryPolicy(maxAttempts: 2))
                return try await context.run(Level.self, id: "2", options: options, input: 2)
            case 2:
                try await context.spawn(Level.self, id: "3", input: 3)
                guard context.attempt == 1 else { return "done" }
                return try await context.receive("fail")
            default:
                return try Self.atSecondTry(log)
            }
        }
        try await withJournal { path in
            let engine = try await Engine.open(at: path, Self.named, workflows: [level])
            try await engine.start(Level.self, id: "root", input: 0)
            _ = try await engine.wait(for: "root") { $0.status == .waiting }
            _ = try await engine.wait(for: "2") { $0.status == .waiting }
            _ = try await engine.wait(for: "3") { $0.isClosed }
            try await engine.fail(
                "2",
                signal: "fail",
                with: OperationError(code: "no", message: "again")
            )
            let root = try await engine.waitForEnd(of: "root")
            #expect(root.status == .completed && root.continuedFrom != nil)
            #expect(try engine.record(of: "3")?.status == .completed)
            try await engine.close()
        }
        #expect(log.lines.count == 2)
    }

    /// Who was asked for an execution in the middle of a family, and not for its root.
    @Test func aMiddleOfAFamilyHasItsChildrenOpenedAgain() async throws {
        let log = CallLog()
        let level = Level { depth, context in
            switch depth {
            case 0:
                let options = ExecutionOptions(retry: RetryPolicy(maxAttempts: 2))
                return try await context.run(Level.self, id: "1", options: options, input: 1)
            case 1:
                try await context.spawn(Level.self, id: "2", input: 2)
                guard context.attempt == 1 else { return "middle" }
                return try await context.receive("fail")
            default:
                return try Self.atSecondTry(log)
            }
        }
        try await withJournal { path in
            let first = try await Engine.open(at: path, workflows: [level])
            try await first.start(Level.self, id: "root", input: 0)
            _ = try await first.wait(for: "root") { $0.status == .waiting }
            _ = try await first.wait(for: "1") { $0.status == .waiting }
            _ = try await first.wait(for: "2") { $0.isClosed }
            try await first.close(grace: .zero)

            let second = try await Engine.open(at: path, Self.named, workflows: [level])
            try await second.execute("1")
            try await second.fail(
                "1",
                signal: "fail",
                with: OperationError(code: "no", message: "again")
            )
            #expect(try await second.waitForEnd(of: "1").status == .completed)
            #expect(try second.record(of: "2")?.status == .completed)
            try await second.close()
        }
        #expect(log.lines.count == 2)
    }

    /// What is open when the process starts anew is a later run of a child, and what that has begun.
    @Test func aChildThatHasGoneOnAsNewIsRunByWhoStartsAnew() async throws {
        let level = Level { depth, context in
            switch depth {
            case 0: return try await context.run(Level.self, id: "child", input: 1)
            case 1: throw try context.continueAsNew(Level.self, input: 2)
            case 2: return try await context.run(Level.self, id: "deepest", input: 3)
            default: return try await context.receive("go")
            }
        }
        try await withJournal { path in
            let first = try await Engine.open(at: path, Self.named, workflows: [level])
            try await first.start(Level.self, id: "root", input: 0)
            _ = try await first.wait(for: "root") { $0.status == .waiting }
            while try first.record(of: "deepest")?.status != .waiting {
                try await first.waitUntilIdle()
                // It does not wait where nothing has been claimed yet.
                await Task.yield()
            }
            try await first.close(grace: .zero)

            let second = try await Engine.open(at: path, Self.named, workflows: [level])
            try await second.signal("deepest", "go", "done")
            #expect(try await second.run(Level.self, id: "root", input: 0) == "done")
            try await second.close()
        }
    }
}
