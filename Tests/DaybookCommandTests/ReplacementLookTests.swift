import DaybookSystem
import Testing

/// Looks at a journal whose file is being replaced.
@Suite struct ReplacementLookTests {
    /// Whoever replaces the file holds `open.lock` alone, and what lies there meanwhile says nothing.
    @Test(arguments: [["verify"], ["doctor"]])
    func nothingIsSaidOfAFileThatIsBeingReplaced(_ command: [String]) async throws {
        try await withSandbox { sandbox in
            try sandbox.write(runbook(["a": "true"]))
            try await sandbox.succeed("run", "runbook.yaml", "--id", "x")
            let whole = JournalBytes(try File.contents(of: sandbox.dataFile))
            var damaged = whole
            damaged.fill(try whole.root(of: "lists"), 0xFF)
            let lock = try File.open(sandbox.journal + "/open.lock", .existing)
            try #require(try lock.tryLock(.exclusive))
            try writeBytes(damaged.bytes, to: sandbox.dataFile)
            expect(
                try await sandbox.daybook(command),
                exits: 4,
                saying: "is being made or replaced by another process"
            )
            try writeBytes(whole.bytes, to: sandbox.dataFile)
            try lock.unlock()
            try await sandbox.succeed(command)
        }
    }
}
