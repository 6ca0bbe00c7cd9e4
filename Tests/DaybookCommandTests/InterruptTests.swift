import DaybookSystem
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// Ctrl-C, and readers that go away.
@Suite struct InterruptTests {
    /// Two jobs: the first notes that it ran; the second tells its process and waits at a gate.
    private static let text = runbook(
        [
            "first": "echo first >> \"$INPUT_LEDGER\"",
            "second": """
            echo $$ > "$INPUT_UP"
            read -r line < "$INPUT_GO"
            echo second >> "$INPUT_LEDGER"
            """,
        ],
        inputs: ["ledger", "up", "go"]
    )

    private struct Stage {
        let sandbox: Sandbox
        let up: Gate
        let go: Gate
        var ledger: String { sandbox.folder + "/ledger" }

        var arguments: [String] {
            [
                "runbook.yaml", "--id", "x", "--input", "ledger=\(ledger)", "--input",
                "up=\(up.path)", "--input", "go=\(go.path)",
            ]
        }
    }

    private func withStage(_ body: (Stage) async throws -> Void) async throws {
        try await withSandbox { sandbox in
            try sandbox.write(Self.text)
            let stage = Stage(
                sandbox: sandbox,
                up: try Gate(sandbox.folder + "/up"),
                go: try Gate(sandbox.folder + "/go")
            )
            try await body(stage)
            try await sandbox.succeed("verify")
        }
    }

    /// Lets the interrupted execution go on, and looks at what ran how often.
    private func resume(_ stage: Stage) async throws {
        stage.go.pass()
        let result = try await stage.sandbox.succeed(["run"] + stage.arguments)
        #expect(result.text == "x completed\n")
        #expect(result.errors.contains("1 job done now, 1 taken from the journal"))
        #expect(try readText(stage.ledger) == "first\nsecond\n")
        let shown = try await stage.sandbox.succeed("show", "x", "--json").json["operations"]
        let jobs = shown.elements.filter { $0["kind"] == "checkpoint" }
        #expect(jobs.map { $0["starts"] } == [1, 2])
    }

    @Test(arguments: [SIGINT, SIGTERM, SIGHUP])
    func interruptingARunDetachesAndTheNextOneGoesOn(_ signal: Int32) async throws {
        try await withStage { stage in
            let workspaces = [
                "--keep-workspaces", "--workspaces", "kept", "--workspace-limit", "1MB",
            ]
            let run = try stage.sandbox.start(
                ["run", "--grace", "0s"] + workspaces + stage.arguments
            )
            let job = try #require(Int32(try await stage.up.line()))
            run.signal(signal)
            let result = try await run.finish()
            #expect(result.status == 130)
            #expect(result.errors.contains("detached; go on with:\n  daybook run --journal "))
            // Without them the files would be looked for elsewhere.
            #expect(
                result.errors.hasSuffix(" \(workspaces.joined(separator: " ")) runbook.yaml\n")
            )
            #expect(kill(job, 0) != 0 && errno == ESRCH, "the job is ended")
            #expect(try await stage.sandbox.succeed("status", "x").text == "ready\n")
            let sessions = try await stage.sandbox.succeed("session", "--json").json["sessions"]
            #expect(sessions == [], "the session has ended in good order")
            #expect(try await stage.sandbox.events().contains("lease_released"))
            try await resume(stage)
            let losses = try await stage.sandbox.succeed("show", "x", "--json").json["losses"]
            #expect(losses == 0)
        }
    }

    /// Path, id and inputs have blanks, quotes and what does not show.
    @Test func theLineThatGoesOnCanBePastedIntoAShell() async throws {
        try await withSandbox { sandbox in
            let up = try Gate(sandbox.folder + "/it's up")
            let go = try Gate(sandbox.folder + "/go $HOME")
            let script = """
                printf '%s' "$INPUT_ODD" > odd
                echo $$ > "$INPUT_UP"
                read -r line < "$INPUT_GO"
                """
            try sandbox.write(
                runbook(["job": script], inputs: ["up", "go", "odd"]),
                to: "run book.yaml"
            )
            let odd = "-a\n\u{1B}'\\é "
            let run = try sandbox.start(
                ["run", "run book.yaml", "--grace=0s", "--id=-my run"]
                    + inputs(["up": up.path, "go": go.path, "odd": odd])
            )
            try await up.line()
            run.signal(SIGINT)
            let result = try await run.finish()
            #expect(result.status == 130)
            let line = try #require(result.errors.split(separator: "\n").last)
            go.pass()
            let paste = String(line).replacing(
                "daybook run",
                with: "\"$0\" run",
                maxReplacements: 1
            )
            let pasted = try await RunningCommand(
                ["bash", "-c", paste, DaybookProgram.path],
                folder: sandbox.folder
            ).finish()
            #expect(pasted.status == 0, "\(line): \(pasted.errors)")
            #expect(pasted.text == "-my run completed\n")
            let show = try await sandbox.succeed("show", "--json", "--", "-my run").json
            #expect(show["attempts"] == 1, "the same execution has gone on")
        }
    }

    @Test func interruptingWorkGivesBackWhatItRuns() async throws {
        try await withStage { stage in
            try await stage.sandbox.succeed(["submit"] + stage.arguments)
            try await stage.sandbox.succeed("exec", "x")
            let work = try stage.sandbox.start("work", "--grace", "0s")
            try await stage.up.line()
            work.signal(SIGINT)
            let result = try await work.finish()
            #expect(result.status == 0)
            #expect(result.text.hasPrefix("x started\nx left: "))
            #expect(try await stage.sandbox.succeed("status", "x").text == "ready\n")
            let sessions = try await stage.sandbox.succeed("session", "--json").json["sessions"]
            #expect(sessions == [])
            try await resume(stage)
        }
    }

    @Test func aJobThatDoesNotEndWhenAskedToIsKilled() async throws {
        try await withSandbox { sandbox in
            let up = try Gate(sandbox.folder + "/up")
            let never = try Gate(sandbox.folder + "/never")
            let script = """
                trap '' TERM INT
                echo $$ > "$INPUT_UP"
                while :; do read -r line < "$INPUT_NEVER" || :; done
                """
            try sandbox.write(runbook(["stubborn": script], inputs: ["up", "never"]))
            let run = try sandbox.start(
                ["run", "runbook.yaml", "--id", "x", "--grace", "0s"]
                    + inputs(["up": up.path, "never": never.path])
            )
            let job = try #require(Int32(try await up.line()))
            run.signal(SIGINT)
            #expect(try await run.finish().status == 130)
            #expect(kill(job, 0) != 0 && errno == ESRCH)
            #expect(try await sandbox.succeed("status", "x").text == "ready\n")
        }
    }

    /// The job would wait for ever, and is given far longer than the test.
    @Test func aSecondSignalEndsTheJobAtOnce() async throws {
        try await withStage { stage in
            let run = try stage.sandbox.start(["run", "--grace", "1d"] + stage.arguments)
            let job = try #require(Int32(try await stage.up.line()))
            // Two different ones: of the same, the system may make one.
            run.signal(SIGINT)
            run.signal(SIGTERM)
            let result = try await run.finish()
            #expect(result.status == 130)
            #expect(result.errors.contains("jobs that run have "))
            #expect(kill(job, 0) != 0 && errno == ESRCH, "the job is ended")
            #expect(try await stage.sandbox.events().contains("lease_released"))
            try await resume(stage)
        }
    }

    @Test func aThirdSignalEndsTheProcessAtOnce() async throws {
        try await withSandbox { sandbox in
            let up = try Gate(sandbox.folder + "/up")
            let never = try Gate(sandbox.folder + "/never")
            let script = """
                trap '' TERM INT
                echo $$ > "$INPUT_UP"
                while :; do read -r line < "$INPUT_NEVER" || :; done
                """
            try sandbox.write(runbook(["stubborn": script], inputs: ["up", "never"]))
            let run = try sandbox.start(
                ["run", "runbook.yaml", "--id", "x"] + inputs(["up": up.path, "never": never.path])
            )
            let job = try #require(Int32(try await up.line()))
            // Different ones: of the same, the system may make one.
            for signal in [SIGINT, SIGTERM, SIGHUP] { run.signal(signal) }
            let status = try await run.finish().status
            #expect([130, 143, 129].contains(status))
            #expect(kill(job, 0) == 0, "it has not been waited for")
            let sessions = try await sandbox.succeed("session", "--json").json["sessions"]
            #expect(sessions.elements.map { $0["state"] } == ["gone"])
            // The next process ends the job and takes over.
            let answer = try await sandbox.succeed("exec", "x").text
            #expect(answer == "ready\n")
            #expect(try await sandbox.events().contains("lease_lost"))
        }
    }

    /// Commands that only look have nothing to bring to an end.
    @Test(arguments: [SIGINT, SIGTERM])
    func aCommandThatLooksIsEndedBySignals(_ signal: Int32) async throws {
        let sample = try await SampleJournals.large()
        try await sample.withJournal { sandbox in
            // It writes into a pipe that nobody reads, and gets stuck there.
            let pipe = try Gate(sandbox.folder + "/pipe")
            let export = try RunningCommand(
                ["sh", "-c", "exec \"$0\" export > \"$1\"", DaybookProgram.path, pipe.path],
                environment: ["DAYBOOK_JOURNAL": sandbox.journal]
            )
            try await pipe.line()
            export.signal(signal)
            let status = try await export.finish().status
            #expect(status == -signal || status == 128 + signal, "\(status)")
        }
    }

    @Test func followingEndsWithCtrlC() async throws {
        try await withSandbox { sandbox in
            let follow = try sandbox.start("log", "--follow", "--jsonl")
            try await follow.line(containing: "journal_created")
            follow.signal(SIGINT)
            let result = try await follow.finish()
            #expect([0, 130, -SIGINT].contains(result.status))
            #expect(result.errors == "")
        }
    }

    // MARK: Readers that go away

    @Test func aReaderThatGoesAwayEndsACommandThatLooks() async throws {
        let sample = try await SampleJournals.large()
        try await sample.withJournal { sandbox in
            let head = try await RunningCommand(
                [
                    "sh", "-c", "{ \"$0\" export; echo \"status $?\" >&2; } | head -n 1",
                    DaybookProgram.path,
                ],
                environment: ["DAYBOOK_JOURNAL": sandbox.journal]
            ).finish()
            #expect(head.text.split(separator: "\n").count == 1)
            #expect(head.errors == "status 0\n")
        }
    }

    /// Whether anybody reads about a run or not, it goes on and ends with its own status.
    @Test(arguments: ["2>&1 >/dev/null", "--jsonl 2>/dev/null"])
    func aReaderThatGoesAwayDoesNotEndARun(_ options: String) async throws {
        try await withStage { stage in
            stage.go.pass()
            let script = """
                { "$0" run "$@" \(options); echo "status $?" > status; } | head -n 1
                """
            let run = try await RunningCommand(
                ["sh", "-c", script, DaybookProgram.path] + stage.arguments,
                environment: ["DAYBOOK_JOURNAL": stage.sandbox.journal],
                folder: stage.sandbox.folder
            ).finish()
            #expect(run.text.split(separator: "\n").count == 1)
            #expect(try readText(stage.sandbox.folder + "/status") == "status 0\n")
            #expect(try await stage.sandbox.succeed("status", "x").text == "completed\n")
            #expect(try readText(stage.ledger) == "first\nsecond\n")
        }
    }
}
