import DaybookSystem
import FoundationEssentials
import SeededRandom
import Testing

/// Disks that are full, and disks that may not be written.
@Suite struct FileSystemTests {
    /// Writes a runbook outside of the file system.
    /// - Returns: its path.
    private func write(_ text: String, _ system: TemporaryFileSystem) throws -> String {
        let path = system.path + ".yaml"
        try text.write(toFile: path, atomically: false, encoding: .utf8)
        return path
    }

    /// Checks that a command ended because there was no room, and said so in a sentence.
    private func expectNoRoom(
        _ result: CommandResult,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(result.status == 75, "\(result.errors)", sourceLocation: sourceLocation)
        let last = result.errors.split(separator: "\n").last ?? ""
        #expect(last.hasPrefix("daybook: "), "\(result.errors)", sourceLocation: sourceLocation)
        #expect(last.contains("no room"), "\(result.errors)", sourceLocation: sourceLocation)
    }

    // MARK: Full

    @Test func aRunThatFillsTheDiskGoesOnWhenThereIsRoom() async throws {
        try await TemporaryFileSystem.with(size: "3m") { system, sandbox in
            try await sandbox.succeed("init", sandbox.journal)
            let text = runbook([
                "small": "echo k=v >> \"$DAYBOOK_OUTPUT\"",
                "big": "head -c 4000000 /dev/zero | tr '\\000' x | fold -w 999",
            ])
            let arguments = ["run", try write(text, system), "--id", "x"]
            expectNoRoom(try await sandbox.daybook(arguments))

            // What was acknowledged is there, and can be read.
            let before = try await sandbox.entries()
            #expect(before.contains { $0["event"] == "checkpoint_succeeded" })
            try await sandbox.succeed("verify")
            #expect(
                ["ready\n", "running\n"].contains(try await sandbox.succeed("status", "x").text)
            )

            try await system.remount("size=64m")
            let result = try await sandbox.succeed(arguments)
            #expect(result.text == "x completed\n")
            #expect(result.errors.contains("1 job done now, 1 taken from the journal"))
            let after = try await sandbox.entries()
            #expect(Array(after.prefix(before.count)) == before)
            try await sandbox.succeed("verify")
        }
    }

    @Test func submissionsUntilTheDiskIsFullAreAllKept() async throws {
        try await TemporaryFileSystem.with(size: "2m") { system, sandbox in
            try await sandbox.succeed("init", sandbox.journal)
            let path = try write(runbook(["a": "true"], inputs: ["v"]), system)
            // What repeats would be stored once.
            var random = SeededGenerator(seed: 1)
            let value = (0..<100_000).map { _ in "\(random.next() % 10)" }.joined()
            func submit(_ number: Int) async throws -> CommandResult {
                try await sandbox.daybook(
                    "submit",
                    path,
                    "--id",
                    "\(number)",
                    "--input",
                    "v=\(value)"
                )
            }
            var acknowledged: Set<String> = []
            var refused: CommandResult?
            while refused == nil, acknowledged.count < 100 {
                let result = try await submit(acknowledged.count)
                if result.status == 0 {
                    acknowledged.insert("\(acknowledged.count)")
                } else {
                    refused = result
                }
            }
            #expect(acknowledged.count > 3)
            expectNoRoom(try #require(refused))
            let list = try await sandbox.succeed("list", "--json").json["executions"].elements
            #expect(Set(list.compactMap { $0["id"].string }) == acknowledged)
            try await sandbox.succeed("verify")

            try await system.remount("size=64m")
            for number in [acknowledged.count, 0] {
                let result = try await submit(number)
                #expect(result.status == 0, "\(result.errors)")
            }
            try await sandbox.succeed("verify")
        }
    }

    /// To claim again what could not be recorded would run the same jobs for ever.
    @Test func workEndsWhenTheDiskIsFull() async throws {
        try await TemporaryFileSystem.with(size: "3m") { system, sandbox in
            try await sandbox.succeed("init", sandbox.journal)
            let text = runbook(
                [
                    "big": """
                    echo ran >> "$INPUT_LEDGER"
                    head -c 4000000 /dev/zero | tr '\\000' x | fold -w 999
                    """
                ],
                inputs: ["ledger"]
            )
            let ledger = system.path + ".ledger"
            try await sandbox.succeed(
                "submit",
                try write(text, system),
                "--id",
                "x",
                "--input",
                "ledger=\(ledger)"
            )
            try await sandbox.succeed("exec", "x")
            expectNoRoom(try await sandbox.daybook("work", "--until-idle"))
            let runs = try readText(ledger).split(separator: "\n").count
            #expect(runs <= 2, "the job ran \(runs) times")
            #expect(
                ["ready\n", "running\n"].contains(try await sandbox.succeed("status", "x").text)
            )
            try await sandbox.succeed("verify")

            try await system.remount("size=64m")
            try await sandbox.succeed("work", "--until-idle")
            #expect(try await sandbox.succeed("status", "x").text == "completed\n")
        }
    }

    @Test func initOnAFullDiskSaysSo() async throws {
        try await TemporaryFileSystem.with(size: "8k") { system, sandbox in
            expectNoRoom(try await sandbox.daybook("init", sandbox.journal))
            try await system.run("test", "!", "-e", sandbox.journal)
            try await system.remount("size=8m")
            try await sandbox.succeed("init", sandbox.journal)
            try await sandbox.succeed("verify")
        }
    }

    /// LMDB writes its lock file through memory: without room for it that would be a SIGBUS.
    @Test func withoutRoomForTheLockFileEveryCommandSaysSo() async throws {
        try await TemporaryFileSystem.with(size: "3m") { system, sandbox in
            try await sandbox.succeed("init", sandbox.journal)
            let path = try write(runbook(["a": "true"]), system)
            try await sandbox.succeed("submit", path, "--id", "x")
            let fill = """
                rm "$1/journal.mdb-lock" && cat /dev/zero > "$2" 2>/dev/null; [ -s "$2" ]
                """
            try await system.run(
                "sh",
                "-c",
                fill,
                "sh",
                sandbox.journal,
                sandbox.folder + "/fill"
            )
            for command in [
                ["list"], ["verify"], ["status", "x"], ["log"], ["show", "x"], ["exec", "x"],
                ["submit", path, "--id", "y"], ["work", "--until-idle"],
                ["init", sandbox.folder + "/other.daybook"],
            ] {
                expectNoRoom(try await sandbox.daybook(command))
            }
            try await system.run("test", "!", "-e", sandbox.folder + "/other.daybook")
            try await system.remount("size=64m")
            try await sandbox.succeed("exec", "x")
            try await sandbox.succeed("work", "--until-idle")
            #expect(try await sandbox.succeed("status", "x").text == "completed\n")
            try await sandbox.succeed("verify")
        }
    }

    /// The room for those who come later is there before they come.
    @Test func readersThatComeWhenTheDiskIsFullAreLetIn() async throws {
        try await TemporaryFileSystem.with(size: "3m") { system, sandbox in
            try await sandbox.succeed("init", sandbox.journal)
            // Sparse, as another program of LMDB leaves it.
            try await system.run("truncate", "-s", "0", sandbox.journal + "/journal.mdb-lock")
            try await sandbox.succeed("list")
            let fill = "cat /dev/zero > \"$1\" 2>/dev/null; [ -s \"$1\" ]"
            try await system.run("sh", "-c", fill, "sh", sandbox.folder + "/fill")
            try await withThrowingTaskGroup(of: Int32.self) { group in
                for _ in 0..<12 {
                    group.addTask { try await sandbox.daybook("list").status }
                }
                for try await status in group { #expect(status == 0) }
            }
        }
    }

    /// A file's name inside a workspace says nothing of the disk that is full.
    @Test func withoutRoomForAWorkspaceItsFolderIsNamed() async throws {
        try await withSandbox { ordinary in
            try await TemporaryFileSystem.with(size: "64k") { system, _ in
                let sandbox = Sandbox(folder: ordinary.folder, launcher: system.launcher)
                try sandbox.write(
                    runbook([
                        "make": "dd if=/dev/zero of=$WORKSPACE/big bs=1k count=40 2>&1",
                        "look": "test -e \(ordinary.folder)/ok",
                    ])
                )
                let path = sandbox.folder + "/runbook.yaml"
                let run = ["run", path, "--id", "a", "--workspaces", system.path]
                #expect(try await sandbox.daybook(run).status == 7)
                let fill = "rm -r \"$1\"/*; cat /dev/zero > \"$1/fill\" 2>/dev/null; : > \"$1/one\""
                try await system.run("sh", "-c", fill, "sh", system.path)
                try await system.run("truncate", "-s", "45000", system.path + "/fill")
                try await sandbox.succeed("retry", "a", "--yes")
                let again = try await sandbox.daybook(run)
                #expect(again.status == 75, "\(again)")
                #expect(again.errors.contains("\"big\" in \(system.path)/"), "\(again.errors)")
                #expect(again.errors.contains("No space left on device"), "\(again.errors)")
                try await system.run("rm", system.path + "/fill")
                try sandbox.write("", to: "ok")
                try await sandbox.succeed(run)
            }
        }
    }

    // MARK: For reading only

    @Test func aJournalOnAReadOnlyFileSystemCanBeLookedAt() async throws {
        let sample = try await SampleJournals.small()
        try await TemporaryFileSystem.with(size: "8m") { system, sandbox in
            try await sample.withJournal { original in
                try await system.run("cp", "-r", original.journal, sandbox.journal)
                try await system.remount("ro")
                for command in [
                    ["list"], ["list", "--json"], ["show", "good"], ["show", "bad"], ["log"],
                    ["status", "open"], ["entry", "3"], ["export"], ["session"],
                ] {
                    let result = try await sandbox.succeed(command)
                    let expected = try await original.succeed(command)
                    #expect(result.output == expected.output, "\(command)")
                }
                for command in ["info", "verify"] { try await sandbox.succeed(command) }
            }
            let path = try write(runbook(["a": "true"]), system)
            for command in [["run", path], ["submit", path], ["exec", "open"], ["work"]] {
                expect(
                    try await sandbox.daybook(command),
                    exits: 1,
                    saying: sandbox.journal,
                    "ead-only file system"
                )
            }
            expect(
                try await sandbox.daybook("init", sandbox.folder + "/new.daybook"),
                exits: 1,
                saying: "new.daybook",
                "ead-only file system"
            )
        }
    }

    /// The lock of a session cannot be tried there, and the file of a lock says enough.
    @Test func sessionsOnAReadOnlyFileSystemCanBeListed() async throws {
        try await withSandbox { original in
            let up = try Gate(original.folder + "/up")
            let never = try Gate(original.folder + "/never")
            try original.write(
                runbook(
                    ["wait": "echo up > \"$INPUT_UP\"\nread -r line < \"$INPUT_NEVER\""],
                    inputs: ["up", "never"]
                )
            )
            let run = try original.start(
                ["run", "runbook.yaml", "--id", "x"] + inputs(["up": up.path, "never": never.path])
            )
            try await up.line()
            run.signal(9)
            try await run.finish()
            try await TemporaryFileSystem.with(size: "8m") { system, sandbox in
                try await system.run("cp", "-r", original.journal, sandbox.journal)
                try await system.remount("ro")
                let list = try await sandbox.daybook("session", "--json")
                #expect(list.status == 0, "\(list.errors)")
            }
            // Ends the job that was left.
            try await original.succeed("exec", "x")
        }
    }
}
