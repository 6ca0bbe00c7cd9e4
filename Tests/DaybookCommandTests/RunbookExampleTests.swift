import DaybookSystem
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// The runbook that the documentation shows, on real git.
@Suite struct RunbookExampleTests {
    /// The text between the fences of YAML in the page about runbooks.
    private static func example() throws -> String {
        let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let page = "/\(root)/Sources/Daybook/Daybook.docc/Runbooks.md"
        let text = String(decoding: try File.contents(of: page), as: UTF8.self)
        let start = try #require(text.firstRange(of: "```yaml\n")).upperBound
        let rest = text[start...]
        let end = try #require(rest.firstRange(of: "```\n")).lowerBound
        return String(rest[..<end])
    }

    private func shell(_ script: String, _ sandbox: Sandbox) async throws -> String {
        let result = try await RunningCommand(
            ["/bin/sh", "-ec", script],
            folder: sandbox.folder
        ).finish()
        try #require(result.status == 0, "\(result.errors)")
        return result.text
    }

    /// Killed while it waits for approval, which comes from another process.
    @Test func theExampleOfTheDocumentationRuns() async throws {
        try await withSandbox { sandbox in
            _ = try await shell(
                """
                git init -q --initial-branch=main work
                echo text > work/file
                git -C work add file
                git -C work -c user.name=t -c user.email=t@t commit -q -m first
                git clone -q --bare work remote.git
                """,
                sandbox
            )
            try sandbox.write(try Self.example())
            let arguments =
                ["run", "runbook.yaml", "--id", "x", "--input", "version=4.2"]
            let environment = ["REMOTE": sandbox.folder + "/remote.git"]
            let first = try sandbox.start(arguments + ["--jsonl"], environment: environment)
            for await line in first.lines where line.contains("\"waiting\"") { break }
            first.signal(SIGKILL)
            try await first.finish()
            #expect(try await shell("git -C remote.git branch", sandbox) == "* main\n")
            try await sandbox.succeed("approve", "x", "--reason", "tested")
            let second = try await sandbox.daybook(
                arguments + ["--json"],
                environment: environment
            )
            #expect(second.status == 0, "\(second.errors)")
            let jobs = try second.json["jobs"].elements
            let replayed = jobs.filter { $0["how"] == "replayed" }.compactMap { $0["name"].string }
            #expect(
                replayed.sorted() == [
                    "archive[0]", "archive[1]", "checksum[0]", "checksum[1]", "clone",
                    "mail",
                ]
            )
            let ran = jobs.filter { $0["how"] == "ran" }.compactMap { $0["name"].string }
            #expect(ran == ["push", "sweep"])
            let branches = try await shell("git -C remote.git branch", sandbox)
            #expect(branches == "* main\n  release-4.2\n")
            let archives = try await sandbox.loggedLines()
            #expect(archives.count == 1)
            #expect(archives[0].contains("/arm64.tar"))
            #expect(archives[0].contains("/x86_64.tar"))
            try await sandbox.succeed("verify")
        }
    }
}
