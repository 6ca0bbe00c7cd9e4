import Daybook
import DaybookTestKit
import Testing

/// Families as the commands show them.
@Suite struct TreeCommandTests {
    /// A family of which one waits for a signal.
    private func withFamily(_ body: (Sandbox) async throws -> Void) async throws {
        try await withSandbox { sandbox in
            let (reached, signal) = AsyncStream.makeStream(of: Void.self)
            let leaf = Leaf(reached: signal)
            let engine = try await Engine.open(at: sandbox.journal, workflows: [leaf])
            try await engine.start(Leaf.self, id: "root", input: 0)
            var count = 0
            for await _ in reached {
                count += 1
                if count == 3 { break }
            }
            _ = try await engine.wait(for: "root.0.0") { $0.status == .waiting }
            for id in ["root.0", "root"] {
                // Each has been told of its second child, and waits for its first one.
                _ = try await engine.wait(for: id) { record in
                    record.status == .waiting && record.openChildren == 1
                }
            }
            try await engine.close(grace: .zero)
            try await body(sandbox)
        }
    }

    /// Two children each, of which the first has children again.
    private struct Leaf: Workflow {
        static let name = "leaf"
        /// Told when the last level, and the root's second child, are there.
        let reached: AsyncStream<Void>.Continuation

        func run(_ depth: Int, _ context: WorkflowContext) async throws -> String {
            if depth >= 2 { reached.yield() }
            if depth == 2 { return try await context.receive("go") }
            if depth > 2 { return "leaf" }
            let id = context.id
            let below = try await context.map("below", [0, 1]) { scope, number in
                try await scope.run(
                    Leaf.self,
                    id: "\(id).\(number)",
                    input: number == 0 ? depth + 1 : 3
                )
            }
            return below.joined(separator: " ")
        }
    }

    @Test func aTreeShowsTheWholeFamily() async throws {
        try await withFamily { sandbox in
            let tree = try await sandbox.succeed("tree", "root.0").text
            // Children stand in the order in which they began, and branches begin side by side.
            let inner = ["    root.0.0  leaf  waiting", "    root.0.1  leaf  completed"]
            let second = "  root.1  leaf  completed"
            let trees = [inner, inner.reversed()].flatMap { inner -> [[String]] in
                let first = ["  root.0  leaf  waiting  <"] + inner
                return [first + [second], [second] + first]
            }.map { (["root  leaf  waiting"] + $0).joined(separator: "\n") + "\n" }
            #expect(trees.contains(tree), "\(tree)")
            let below = try await sandbox.succeed("tree", "--below", "root.0").text
            #expect(below.split(separator: "\n").count == 3)
            let json = try await sandbox.succeed("tree", "root", "--json").json
            #expect(json["family"].elements.compactMap { $0["id"].string }.count == 5)
            let some = try await sandbox.succeed("tree", "root", "--limit", "2")
            #expect(some.errors == "the first 2 are shown; --limit N shows more\n")
        }
    }

    @Test func everyViewNamesParentsAndChildren() async throws {
        try await withFamily { sandbox in
            let list = try await sandbox.succeed("list", "--parent", "root", "--json").json
            #expect(
                Set(list["executions"].elements.compactMap { $0["id"].string })
                    == ["root.0", "root.1"]
            )
            let why = try await sandbox.succeed("why", "root").text
            #expect(why.contains("waits for the end of the child leaf"))
            #expect(why.contains("daybook tree"))
            let show = try await sandbox.succeed("show", "root").text
            #expect(show.contains("  children   1 not ended\n"))
            #expect(show.contains("until root.0 ends"))
            let root = try await sandbox.succeed("show", "root", "--json").json
            let child = try await sandbox.succeed("show", "root.0", "--json").json
            #expect(child["parent"].integer == root["number"].integer)
            let log = try await sandbox.succeed("log", "root").text
            #expect(log.contains("child_started") && log.contains("child_ended"))
            try await sandbox.succeed("verify")
        }
    }

    /// The second reader follows families too.
    @Test func theIndependentReaderVerifiesFamilies() async throws {
        try await withFamily { sandbox in
            try await sandbox.succeed("cancel", "root", "--yes")
            try await sandbox.succeed("verify")
            let python = try await Python.withPackages("lmdb", "google.protobuf")
            let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
            let result = try await RunningCommand(
                [python, "/\(root)/tools/journal.py", "verify", sandbox.journal],
                environment: ["PYTHONDONTWRITEBYTECODE": "1"]
            ).finish()
            #expect(result.status == 0, "\(result.errors)")
        }
    }
}
