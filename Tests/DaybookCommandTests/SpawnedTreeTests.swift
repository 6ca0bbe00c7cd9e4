import Daybook
import DaybookTestKit
import Testing

/// Families with spawned children and finalizers as the commands show them.
@Suite struct SpawnedTreeTests {
    private struct Leaf: Workflow {
        static let name = "leaf"

        func run(_ input: Int, _ context: WorkflowContext) async throws -> Int {
            if input == 1 { return try await context.receive("go") }
            return input
        }
    }

    private struct Sum: Workflow {
        static let name = "sum"

        func run(
            _ input: FinalizerInput<Int, Int, Int>,
            _ context: WorkflowContext
        ) async throws -> Int {
            try await context.receive("sum")
        }
    }

    private struct Root: Workflow {
        static let name = "root"
        static let finalizer: (any Workflow.Type)? = Sum.self

        func run(_ input: Int, _ context: WorkflowContext) async throws -> Int {
            try await context.spawn(
                (0..<3).map { ChildPlan(Leaf.self, id: "leaf \($0)", input: $0) }
            )
            return input
        }
    }

    private static let workflows: [any Workflow] = [Root(), Sum(), Leaf()]

    /// A family that waits for one of its children.
    private func withFamily(_ body: (Sandbox) async throws -> Void) async throws {
        try await withSandbox { sandbox in
            try await run(sandbox) { engine in
                try await engine.start(Root.self, id: "root", input: 7)
                _ = try await engine.wait(for: "root") {
                    $0.status == .waiting && $0.openChildren == 1
                }
                _ = try await engine.wait(for: "leaf 1") { $0.status == .waiting }
            }
            try await body(sandbox)
        }
    }

    private func run(_ sandbox: Sandbox, _ body: (Engine) async throws -> Void) async throws {
        let engine = try await Engine.open(at: sandbox.journal, workflows: Self.workflows)
        try await body(engine)
        try await engine.close(grace: .zero)
    }

    private func verify(_ sandbox: Sandbox) async throws {
        try await sandbox.succeed("verify")
        let python = try await Python.withPackages("lmdb", "google.protobuf")
        let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let result = try await RunningCommand(
            [python, "/\(root)/tools/journal.py", "verify", sandbox.journal],
            environment: ["PYTHONDONTWRITEBYTECODE": "1"]
        ).finish()
        #expect(result.status == 0, "\(result.errors)")
    }

    @Test func itIsSaidThatAHandlerHasReturned() async throws {
        try await withFamily { sandbox in
            let tree = try await sandbox.succeed("tree", "root").text
            #expect(tree.hasPrefix("root  root  waiting(children)"))
            let why = try await sandbox.succeed("why", "root").text
            #expect(why.contains("what it has spawned to end"))
            #expect(why.contains("daybook tree"))
            let log = try await sandbox.succeed("log", "root").text
            #expect(log.contains("children_awaited"))
            let show = try await sandbox.succeed("show", "root", "--json").json
            #expect(show["waits"][0]["kind"].string == "children")
            try await verify(sandbox)
        }
    }

    @Test func aFinalizerIsShownAsOne() async throws {
        try await withFamily { sandbox in
            var id = ""
            try await run(sandbox) { engine in
                try await engine.signal("leaf 1", "go", 1)
                let record = try await engine.wait(for: "root") {
                    $0.waits.contains { $0.operation.kind == .finalize }
                }
                #expect(record.status == .waiting)
                id = try #require(
                    try await engine.executions().records.first { $0.isFinalizer }
                ).id
                // The parent waits as soon as its finalizer is recorded, which may not have started.
                _ = try await engine.wait(for: id) { !$0.waits.isEmpty }
            }
            let tree = try await sandbox.succeed("tree", "root").text
            #expect(tree.contains("waiting(finalize)"))
            #expect(tree.contains("\(id)  sum  waiting, finalizer"))
            let why = try await sandbox.succeed("why", "root").text
            #expect(why.contains("its finalizer, sum, to end"))
            let shown = try await sandbox.succeed("show", id).text
            #expect(shown.contains("of which it is the finalizer"))
            let json = try await sandbox.succeed("show", id, "--json").text
            #expect(json.contains("\"finalizer\":true"))
            try await run(sandbox) { engine in
                try await engine.signal(id, "sum", 10)
                let root = try await engine.waitForEnd(of: "root")
                #expect(root.status == .completed)
            }
            let show = try await sandbox.succeed("show", "root", "--json").json
            #expect(show["output"].integer == 10)
            try await verify(sandbox)
        }
    }

    @Test func aFailureOfChildrenIsShownWithItsReason() async throws {
        try await withFamily { sandbox in
            try await run(sandbox) { engine in
                try await engine.cancel("leaf 1")
                let root = try await engine.waitForEnd(of: "root")
                #expect(root.status == .childrenTasksFailed)
            }
            let show = try await sandbox.succeed("show", "root").text
            #expect(show.contains("children_tasks_failed"))
            #expect(show.contains("1 of 3 children failed: child 1 (leaf, leaf 1) was cancelled"))
            // Of the three rows one says that its child did not end well.
            let rows = show.split(separator: "\n").filter { $0.contains("leaf  ") }
            #expect(rows.filter { $0.contains("cancelled") }.count == 1, "\(rows)")
            #expect(rows.filter { $0.contains("success") }.count == 2, "\(rows)")
            let json = try await sandbox.succeed("show", "root", "--json").json
            #expect(json["operations"][0]["childStatus"].string == "completed")
            #expect(json["operations"][1]["childStatus"].string == "cancelled")
            #expect(json["operations"][1]["errorCode"].string == "cancelled")
            let why = try await sandbox.succeed("why", "root").text
            #expect(why.contains("has failed with its children"))
            #expect(why.contains("daybook retry"))
            let list = try await sandbox.succeed("list", "--status", "children_tasks_failed").text
            #expect(list.contains("root"))
            try await verify(sandbox)
        }
    }
}
