import DaybookSystem
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// What happens to the files of a journal while a process has it open.
@Suite struct ReplacedFileTests {
    /// Starts a run, does something to the journal's files while its job waits, and lets it go on.
    private func end(
        ofRunWith change: (Sandbox) async throws -> Void
    ) async throws -> CommandResult {
        try await withSandbox { sandbox in
            let up = try Gate(sandbox.folder + "/up")
            let go = try Gate(sandbox.folder + "/go")
            try sandbox.write(
                runbook(
                    ["wait": "echo up > \"$INPUT_UP\"\nread -r line < \"$INPUT_GO\""],
                    inputs: ["up", "go"]
                )
            )
            let run = try sandbox.start(
                ["run", "runbook.yaml", "--id", "x"] + inputs(["up": up.path, "go": go.path])
            )
            try await up.line()
            try await change(sandbox)
            go.pass()
            return try await run.finish()
        }
    }

    private func expectDamage(_ result: CommandResult) {
        #expect(result.status == 5, "\(result.errors)")
        #expect(!result.text.contains("completed"), "\(result.text)")
        #expect(result.errors.contains("daybook: "), "\(result.errors)")
    }

    @Test(arguments: ["journal.mdb", "journal.mdb-lock"])
    func aFileThatIsRemovedEndsTheRun(_ name: String) async throws {
        let result = try await end { try Folder.removeFile($0.journal + "/" + name) }
        expectDamage(result)
        #expect(result.errors.contains("changed from outside"), "\(result.errors)")
    }

    @Test(arguments: ["journal.mdb", "journal.mdb-lock"])
    func aFileThatIsReplacedEndsTheRun(_ name: String) async throws {
        let result = try await end { sandbox in
            let path = sandbox.journal + "/" + name
            let bytes = try File.contents(of: path)
            try File.open(path + ".new", .create).append(bytes)
            try Folder.rename(path + ".new", to: path)
        }
        expectDamage(result)
        #expect(result.errors.contains("changed from outside"), "\(result.errors)")
    }

    @Test func aFileThatIsCutShortEndsTheRunWithASentence() async throws {
        let result = try await end { sandbox in
            try #require(truncate(sandbox.dataFile, 0) == 0)
        }
        expectDamage(result)
    }

    @Test func aLostFolderOfSessionsIsMadeAnew() async throws {
        try await withSandbox { sandbox in
            #expect(rmdir(sandbox.journal + "/sessions") == 0)
            try sandbox.write(runbook(["a": "true"]))
            try await sandbox.succeed("run", "runbook.yaml", "--id", "x")
            #expect(try FileStatus.of(sandbox.journal + "/sessions")?.isFolder == true)
        }
    }
}
