import DaybookSystem
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// Processes that jobs leave behind, wherever they have gone.
@Suite struct LeftProcessTests {
    /// A job that starts a process by `words` in place of `sh`, tells its number, and goes on when it
    /// is let.
    private static func job(_ words: String) -> String {
        runbook(
            [
                "job": """
                \(words) sh -c 'echo $$ > said; exec sleep 1000' &
                while ! test -s said; do :; done
                cat said > "$INPUT_UP"
                read -r line < "$INPUT_GO"
                """
            ],
            inputs: ["up", "go"]
        )
    }

    private struct Stage {
        let sandbox: Sandbox
        let up: Gate
        let go: Gate

        var arguments: [String] {
            ["run", "runbook.yaml", "--id", "x"] + inputs(["up": up.path, "go": go.path])
        }
    }

    private func withStage(_ words: String, _ body: (Stage) async throws -> Void) async throws {
        try await withSandbox { sandbox in
            try sandbox.write(Self.job(words))
            let (up, go) = (try Gate(sandbox.folder + "/up"), try Gate(sandbox.folder + "/go"))
            try await body(Stage(sandbox: sandbox, up: up, go: go))
        }
    }

    @Test(arguments: [
        "env", "setsid", "setsid setsid", "nohup setsid", "env -i setsid", "setsid env -i",
    ])
    func whatAJobHasStartedEndsWithIt(_ words: String) async throws {
        try await withStage(words) { stage in
            let run = try stage.sandbox.start(stage.arguments)
            let process = try #require(Int32(try await stage.up.line()))
            #expect(try !hasEnded(process))
            stage.go.pass()
            #expect(try await run.finish().status == 0)
            #expect(try hasEnded(process))
        }
    }

    /// A container's entry point may be `sidecar & exec daybook work`: what it has started is none of ours.
    @Test func whatRanBeforeIsLeftAlone() async throws {
        try await withSandbox { sandbox in
            var sandbox = sandbox
            try sandbox.write(runbook(["job": "true"]))
            let script = """
                sleep 1000 > /dev/null 2>&1 & echo $! > direct
                setsid sleep 1000 > /dev/null 2>&1 & echo $! > own
                exec "$@"
                """
            sandbox.launcher = ["sh", "-c", script, "sh"]
            let errors = try await sandbox.succeed("run", "runbook.yaml").errors
            #expect(errors.contains("warning: this process was given others"))
            for name in ["direct", "own"] {
                let text = String(
                    decoding: try File.contents(of: sandbox.folder + "/" + name),
                    as: UTF8.self
                )
                let process = try #require(Int32(text.dropLast()))
                #expect(try !hasEnded(process), "\(name)")
                kill(process, SIGKILL)
            }
        }
    }

    /// One that has ended before this process began leaves nothing behind any more, though nobody reaps it.
    @Test func aDeadChildFromBeforeIsInNobodysWay() async throws {
        try await withStage("env -i setsid") { stage in
            var sandbox = stage.sandbox
            let script = """
                import os, sys
                child = os.fork()
                if child == 0: os._exit(0)
                os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
                os.execvp(sys.argv[1], sys.argv[1:])
                """
            sandbox.launcher = [try await Python.withPackages("os"), "-c", script]
            let run = try sandbox.start(stage.arguments)
            let process = try #require(Int32(try await stage.up.line()))
            stage.go.pass()
            let result = try await run.finish()
            #expect(result.status == 0)
            #expect(!result.errors.contains("was given others"))
            #expect(try hasEnded(process))
        }
    }

    /// Whoever ignores SIGCHLD hands that on, and the kernel keeps no status of a child then.
    @Test func aJobsStatusIsKnownAlsoWhereTheParentIgnoresTheEndOfChildren() async throws {
        try await withSandbox { sandbox in
            var sandbox = sandbox
            try sandbox.write(runbook(["job": "true"]))
            sandbox.launcher = ["sh", "-c", "trap '' CHLD; exec \"$@\"", "sh"]
            try await sandbox.succeed("run", "runbook.yaml", "--id", "x")
            #expect(try await sandbox.succeed("status", "x").text == "completed\n")
        }
    }

    @Test(arguments: ["env", "setsid", "nohup setsid setsid"])
    func whoTakesOverEndsWhatAJobHasStarted(_ words: String) async throws {
        try await withStage(words) { stage in
            let run = try stage.sandbox.start(stage.arguments)
            let process = try #require(Int32(try await stage.up.line()))
            run.signal(SIGKILL)
            #expect(try await run.finish().status == -SIGKILL)
            #expect(try !hasEnded(process))
            try await stage.sandbox.succeed(
                "submit",
                "runbook.yaml",
                "--id",
                "y",
                "--input",
                "up=",
                "--input",
                "go="
            )
            #expect(try hasEnded(process))
        }
    }

    /// A runbook inside a job: what its jobs have started belongs to the outer one too.
    @Test func whatAnInnerRunHasStartedEndsWithTheOuterJob() async throws {
        try await withSandbox { sandbox in
            let up = try Gate(sandbox.folder + "/up")
            try sandbox.write(
                runbook(["inner": "echo $$ > '\(up.path)'\nexec sleep 1000"]),
                to: "inner.yaml"
            )
            let script = """
                '\(DaybookProgram.path)' init inner.daybook
                setsid '\(DaybookProgram.path)' run --journal inner.daybook \
                '\(sandbox.folder)/inner.yaml' &
                read -r line < "$INPUT_GO"
                """
            try sandbox.write(runbook(["outer": script], inputs: ["go"]))
            let go = try Gate(sandbox.folder + "/go")
            let run = try sandbox.start(
                ["run", "runbook.yaml", "--id", "x"] + inputs(["go": go.path])
            )
            let process = try #require(Int32(try await up.line()))
            go.pass()
            #expect(try await run.finish().status == 0)
            #expect(try hasEnded(process))
        }
    }

    @Test func theEndOfTheTerminalIsNothingToNohup() async throws {
        try await withStage("env") { stage in
            let run = try RunningCommand(
                ["nohup", DaybookProgram.path] + stage.arguments,
                environment: ["DAYBOOK_JOURNAL": stage.sandbox.journal],
                folder: stage.sandbox.folder
            )
            try await stage.up.line()
            run.signal(SIGHUP)
            stage.go.pass()
            #expect(try await run.finish().status == 0)
        }
    }
}
