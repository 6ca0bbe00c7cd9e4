import Daybook
import DaybookFormat
import DaybookInspector
import DaybookModel
import DaybookSystem
import DaybookTestKit
import Testing

/// Children of a workflow as an engine runs them.
@Suite struct ChildTests {
    /// Runs code that is given the depth of the execution as its input.
    private struct Family: Workflow {
        static let name = "family"
        let body: @Sendable (Int, WorkflowContext) async throws -> String

        func run(_ depth: Int, _ context: WorkflowContext) async throws -> String {
            try await body(depth, context)
        }
    }

    private func withFamily<Result>(
        code: @escaping @Sendable (Int, WorkflowContext) async throws -> String,
        _ use: (Engine, String) async throws -> Result
    ) async throws -> Result {
        try await withJournal { path in
            let engine = try await Engine.open(at: path, workflows: [Family(body: code)])
            let result = await Swift.Result.of { try await use(engine, path) }
            try await engine.close(grace: .zero)
            return try result.get()
        }
    }

    @Test func aChildHasARecordOfItsOwn() async throws {
        try await withFamily(code: { depth, context in
            guard depth == 0 else { return "child" }
            var options = ExecutionOptions(timeout: .seconds(60), labels: ["part": "one"])
            options.traceContext = "00-a-b-01"
            return try await context.run(
                Family.self,
                "part",
                id: "child",
                options: options,
                input: 1
            )
        }) { engine, _ in
            #expect(try await engine.run(Family.self, id: "parent", input: 0) == "child")
            let parent = try #require(try engine.record(of: "parent"))
            let child = try #require(try engine.record(of: "child"))
            #expect(child.parent == parent.number)
            #expect(child.timeout == .seconds(60))
            #expect(child.labels == ["part": "one"])
            #expect(child.isClosed && parent.isClosed)
            var query = ExecutionQuery()
            query.parent = parent.number
            #expect(try await engine.executions(query).records.map(\.id) == ["child"])
        }
    }

    /// `daybook run` runs what it is asked for, and its family; also when it starts anew.
    @Test func whoRunsOnlyWhatItIsAskedForRunsTheFamilyToo() async throws {
        var options = EngineOptions()
        options.claims = .named
        let (reached, signal) = AsyncStream.makeStream(of: Void.self)
        let code: @Sendable (Int, WorkflowContext) async throws -> String = { depth, context in
            if depth < 3 { return try await context.run(Family.self, input: depth + 1) }
            signal.yield()
            let go: String = try await context.receive("go")
            return go
        }
        try await withJournal { path in
            let first = try await Engine.open(at: path, options, workflows: [Family(body: code)])
            try await first.start(Family.self, id: "root", input: 0)
            for await _ in reached { break }
            try await first.close(grace: .zero)

            let second = try await Engine.open(at: path, options, workflows: [Family(body: code)])
            var query = ExecutionQuery()
            query.isClosed = false
            let deepest = try #require(try await second.executions(query).records.first)
            #expect(deepest.id != "root")
            try await second.signal(deepest.id, "go", "done")
            #expect(try await second.run(Family.self, id: "root", input: 0) == "done")
            try await second.close()
        }
    }

    /// A body of the child is told, and the parent is closed after it.
    @Test func aChildOfACancelledParentIsTold() async throws {
        let (reached, signal) = AsyncStream.makeStream(of: Void.self)
        let told = CallLog()
        try await withFamily(code: { depth, context in
            if depth == 0 { return try await context.run(Family.self, id: "child", input: 1) }
            try await context.checkpoint("long") { operation in
                signal.yield()
                do {
                    try await untilCancelled()
                } catch {
                    told.add("\(operation.cancellation.map { "\($0)" } ?? "none")")
                    throw error
                }
            }
            return ""
        }) { engine, _ in
            try await engine.start(Family.self, id: "parent", input: 0)
            for await _ in reached { break }
            try await engine.cancel("parent")
            let child = try await engine.waitForEnd(of: "child")
            let parent = try await engine.waitForEnd(of: "parent")
            #expect(child.status == .cancelled && parent.status == .cancelled)
            #expect(child.last < parent.last)
        }
        #expect(told.lines.count == 1)
    }

    /// What was registered by the parent runs after its children are closed.
    @Test func aParentCleansUpAfterItsChildren() async throws {
        let (reached, signal) = AsyncStream.makeStream(of: Void.self)
        let log = CallLog()
        try await withFamily(code: { depth, context in
            _ = try await context.onUnfinished("undo") { scope in
                try await scope.checkpoint("undo") { _ in log.add("undo \(depth)") }
            }
            if depth < 2 {
                return try await context.run(Family.self, id: "\(depth + 1)", input: depth + 1)
            }
            signal.yield()
            let never: String = try await context.receive("never")
            return never
        }) { engine, _ in
            try await engine.start(Family.self, id: "0", input: 0)
            for await _ in reached { break }
            _ = try await engine.wait(for: "2") { $0.status == .waiting }
            try await engine.cancel("0")
            _ = try await engine.waitForEnd(of: "0")
        }
        #expect(log.lines == ["undo 2", "undo 1", "undo 0"])
    }

    /// A person has the parent run again: what its child has recorded is kept.
    @Test func aParentThatIsRetriedGoesOnWithItsChild() async throws {
        let log = CallLog()
        try await withFamily(code: { depth, context in
            if depth == 0 { return try await context.run(Family.self, id: "child", input: 1) }
            try await context.checkpoint("once") { _ in log.add("once") }
            return try await context.checkpoint("twice") { _ in
                log.add("twice")
                if log.lines.count < 3 { throw OperationError(code: "no", message: "not yet") }
                return "done"
            }
        }) { engine, _ in
            await #expect(throws: OperationError.self) {
                try await engine.run(Family.self, id: "parent", input: 0)
            }
            let refusal = await #expect(throws: Refusal.self) { try await engine.retry("child") }
            #expect(refusal?.code == .conflict)
            try await engine.retry("parent")
            _ = try await engine.waitForEnd(of: "parent")
            #expect(try await engine.run(Family.self, id: "parent", input: 0) == "done")
        }
        #expect(log.lines == ["once", "twice", "twice"])
    }

    @Test func childrenAreNotBegunWhileCleaningUp() async throws {
        let (reached, signal) = AsyncStream.makeStream(of: Void.self)
        let log = CallLog()
        try await withFamily(code: { _, context in
            _ = try await context.onUnfinished("undo") { scope in
                do {
                    _ = try await scope.run(Family.self, input: 1)
                } catch let error as OperationError {
                    log.add(error.code)
                }
            }
            signal.yield()
            let never: String = try await context.receive("never")
            return never
        }) { engine, _ in
            try await engine.start(Family.self, id: "parent", input: 0)
            for await _ in reached { break }
            try await engine.cancel("parent")
            _ = try await engine.waitForEnd(of: "parent")
        }
        #expect(log.lines.count == 1)
    }

    /// What is refused before anything of it is recorded fails the operation, each time in the same way.
    @Test func anInputThatIsNoneFailsTheOperation() async throws {
        struct Picky: Workflow {
            static let name = "picky"
            static func validate(_ input: Int) throws {
                throw OperationError(code: "too-small", message: "\(input) is too small")
            }
            func run(_ input: Int, _ context: WorkflowContext) async throws -> Int { input }
        }
        try await withFamily(code: { _, context in
            do {
                _ = try await context.run(Picky.self, input: 0)
                return "begun"
            } catch let error as OperationError {
                return error.code
            }
        }) { engine, _ in
            #expect(try await engine.run(Family.self, id: "parent", input: 0) == "too-small")
            let all = try await engine.executions().records
            #expect(all.map(\.id) == ["parent"])
        }
    }
}

extension Result where Failure == any Error {
    fileprivate static func of(_ body: () async throws -> Success) async -> Self {
        do { return .success(try await body()) } catch { return .failure(error) }
    }
}
