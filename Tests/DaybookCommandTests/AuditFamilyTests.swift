import Daybook
import DaybookSystem
import DaybookTestKit
import Testing

/// Evidence of more than one history: children, runs of one id, forks.
@Suite struct AuditFamilyTests {
    private struct Leaf: Workflow {
        static let name = "leaf"

        func run(_ input: Int, _ context: WorkflowContext) async throws -> Int {
            if input < 2 { throw try context.continueAsNew(Leaf.self, input: input + 1) }
            return input
        }
    }

    private struct Root: Workflow {
        static let name = "root"

        func run(_ input: Int, _ context: WorkflowContext) async throws -> Int {
            try await context.spawn(
                (0..<3).map { ChildPlan(Leaf.self, id: "leaf \($0)", input: $0) }
            )
            return input
        }
    }

    /// Runs the README's commands; all have to succeed.
    /// - Returns: what check.py says.
    private func check(_ sandbox: Sandbox) async throws -> String {
        let readMe = try File.contents(of: sandbox.folder + "/bundle/README")
        var said = ""
        for line in String(decoding: readMe, as: UTF8.self).split(separator: "\n") {
            guard let command = line.firstRange(of: "   $ ") else { continue }
            let words = String(line[command.upperBound...])
            let result = try await Verifiers.shell(words, sandbox.folder + "/bundle")
            #expect(result.status == 0, "\(words): \(result.errors)")
            if words.hasPrefix("python3") { said = result.text }
        }
        return said
    }

    private func audit(_ sandbox: Sandbox, _ id: String, _ more: String...) async throws {
        try await sandbox.succeed(["audit", id, "-o", "bundle", "--key", "log.key"] + more)
    }

    @Test func allThatItHasBegunIsInItIfThatIsAskedFor() async throws {
        try await withSandbox { sandbox in
            let engine = try await Engine.open(at: sandbox.journal, workflows: [Root(), Leaf()])
            try await engine.start(Root.self, id: "root", input: 7)
            _ = try await engine.wait(for: "root") { $0.isClosed }
            try await engine.close()
            try await sandbox.succeed("keygen", "--output", "log.key")
            try await audit(sandbox, "root")
            #expect(try await check(sandbox).hasPrefix("runs 1, "))
            try Folder.removeAll(sandbox.folder + "/bundle")
            try await audit(sandbox, "root", "--descendants")
            // A leaf goes on as often as it has to: 3, 2 and 1 runs, and the root.
            #expect(try await check(sandbox).hasPrefix("runs 7, "))
            let list = try File.contents(of: sandbox.folder + "/bundle/executions")
            let ids = String(decoding: list, as: UTF8.self).split(separator: "\n").dropFirst()
                .map { $0.split(separator: " ", maxSplits: 2)[2] }
            #expect(
                ids == ["root", "leaf 0", "leaf 0", "leaf 0", "leaf 1", "leaf 1", "leaf 2"]
            )
            // A run whose last entry somebody leaves out is missed.
            let key = try await sandbox.succeed("keygen", "--public", "log.key").text.dropLast()
            let last = try #require(
                try await sandbox.succeed("show", "leaf 0", "--json").json["last"].integer
            )
            let words = """
                rm entries/\(last) entries/\(last).tlog-proof payloads/\(last)-*
                sed -i '/[/]\(last)[-.]/d; /[/]\(last)$/d' SHA256SUMS
                python3 -I check.py '\(key)'
                """
            let found = try await Verifiers.shell(words, sandbox.folder + "/bundle")
            #expect(found.status == 1 && found.errors.contains("has not the "), "\(found.errors)")
        }
    }

    @Test func aForkHasWhatItsOriginHadBefore() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(
                runbook(["a": "echo first"]) + "- { name: c, jobs: [{ name: b, run: exit 1 }] }\n"
            )
            #expect(try await sandbox.daybook("run", "runbook.yaml", "--id", "x").status == 7)
            try sandbox.write(
                runbook(["a": "echo first"]) + "- { name: c, jobs: [{ name: b, run: 'true' }] }\n"
            )
            let fork = ["fork", "x", "--at", "b", "--runbook", "runbook.yaml", "--id", "x-2"]
            try await sandbox.succeed(fork + ["--reason", "a typo", "--yes"])
            try await sandbox.succeed("work", "--until-idle")
            try await sandbox.succeed("keygen", "--output", "log.key")
            try await audit(sandbox, "x-2")
            #expect(try await check(sandbox).hasPrefix("runs 1, "))
            let report = try File.contents(of: sandbox.folder + "/bundle/report.html")
            #expect(String(decoding: report, as: UTF8.self).contains("<pre>first\n"))
        }
    }

    /// Whoever names a journal does not choose what an auditor runs.
    @Test func theNameOfTheLogIsNoCommand() async throws {
        try await withSandbox(["--origin", "o';touch${IFS}bad;'$(touch${IFS}bad)`id`"]) { sandbox in
            try sandbox.write(runbook(["a": "true"]))
            try await sandbox.succeed("run", "runbook.yaml", "--id", "x';touch bad;'")
            try await sandbox.succeed("keygen", "--output", "log.key")
            try await audit(sandbox, "x';touch bad;'")
            #expect(try await check(sandbox).contains("all as the head of o';touch"))
            #expect(try !Folder.names(in: sandbox.folder + "/bundle").contains("bad"))
        }
    }

    /// A module in the folder is not taken for one of Python's, and is found.
    @Test func nothingElseInTheFolderIsRun() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(runbook(["a": "true"]))
            try await sandbox.succeed("run", "runbook.yaml", "--id", "x")
            let key = try await sandbox.succeed("keygen", "--output", "log.key").text.dropLast()
            try await audit(sandbox, "x")
            let words = "echo 'import os; os._exit(0)' > hashlib.py; python3 -I check.py '\(key)'"
            let found = try await Verifiers.shell(words, sandbox.folder + "/bundle")
            #expect(found.status == 1 && found.errors.contains("hashlib.py"), "\(found.errors)")
        }
    }
}
