import DaybookSystem
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// signal, cancel, pause, resume, retry, wait, pending and why, on a journal that another process
/// works on.
@Suite struct InterventionCommandTests {
    /// A job that tells its process through `up` and waits at `go` for leave to end.
    private static let waiting = runbook(
        ["wait": "echo $$ > \"$INPUT_UP\"\nread -r line < \"$INPUT_GO\"", "after": "echo after"],
        inputs: ["up", "go"]
    )

    private struct Stage {
        let sandbox: Sandbox
        let up: Gate
        let go: Gate

        init(_ sandbox: Sandbox) throws {
            self.sandbox = sandbox
            up = try Gate(sandbox.folder + "/up")
            go = try Gate(sandbox.folder + "/go")
            try sandbox.write(InterventionCommandTests.waiting)
        }

        var inputs: [String] { ["--input", "up=\(up.path)", "--input", "go=\(go.path)"] }

        func run(_ id: String) throws -> RunningCommand {
            try sandbox.start(["run", "runbook.yaml", "--id", id] + inputs)
        }
    }

    @Test func whatAnotherProcessRunsIsCancelledAndItsJobEnded() async throws {
        try await withSandbox { sandbox in
            let stage = try Stage(sandbox)
            let run = try stage.run("a")
            let job = try #require(pid_t(try await stage.up.line()))
            let wait = try sandbox.start("wait", "a")
            let cancel = try await sandbox.succeed("cancel", "a", "--yes", "--reason", "no use")
            #expect(cancel.text == "a cancelled\n")
            #expect(try await run.finish().status == 7)
            let waited = try await wait.finish()
            #expect(waited.status == 7)
            #expect(waited.text == "a cancelled\n")
            #expect(kill(job, 0) == -1)
            let again = try await sandbox.succeed("cancel", "a", "--yes")
            #expect(again.text == "a is cancelled already\n")
            let events = try await sandbox.events()
            #expect(events.count { $0 == "execution_cancelled" } == 1)
            #expect(!events.contains("checkpoint_failed"))
            let show = try await sandbox.succeed("show", "a", "--json").json
            #expect(show["status"] == "cancelled")
            #expect(show["error"] == "no use")
            try await sandbox.succeed("verify")
        }
    }

    @Test func whatIsPausedIsGivenBackAndResumedByWhoeverWorks() async throws {
        try await withSandbox { sandbox in
            let stage = try Stage(sandbox)
            try await sandbox.succeed(
                ["submit", "runbook.yaml", "--id", "a"] + stage.inputs
            )
            try await sandbox.succeed("exec", "a")
            let work = try sandbox.start("work")
            _ = try await stage.up.line()
            try await sandbox.succeed("pause", "a", "--yes")
            try await work.line(containing: "a left")
            #expect(try await sandbox.succeed("status", "a").text == "ready, paused\n")
            let why = try await sandbox.succeed("why", "a").text
            #expect(why.contains("waits for being resumed"))
            #expect(why.contains("`daybook resume a`"))
            try await sandbox.succeed("resume", "a", "--yes")
            _ = try await stage.up.line()
            stage.go.pass()
            #expect(try await sandbox.succeed("wait", "a").text == "a completed\n")
            work.signal(SIGTERM)
            try await work.finish()
            try await sandbox.succeed("verify")
        }
    }

    @Test func whatFailedIsRetriedFromWhereItFailed() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(
                runbook(
                    ["good": "echo good", "bad": "test -e \"$INPUT_FILE\""],
                    inputs: ["file"]
                )
            )
            let file = sandbox.folder + "/there"
            let run = try await sandbox.daybook(
                "run",
                "runbook.yaml",
                "--id",
                "a",
                "--input",
                "file=\(file)"
            )
            #expect(run.status == 7)
            try sandbox.write("", to: "there")
            let rehearsal = try await sandbox.succeed("retry", "a", "--dry-run", "--json").json
            #expect(rehearsal["events"].elements == ["execution_reopened"])
            #expect(try await sandbox.succeed("status", "a").text == "failed\n")
            try await sandbox.succeed("retry", "a", "--yes", "--reason", "repaired")
            #expect(
                try await sandbox.succeed("work", "--until-idle").text
                    == "a resumed\na completed\n"
            )
            #expect(try await sandbox.loggedLines() == ["good"])
            let log = try await sandbox.succeed("log", "a", "--type", "execution_reopened").text
            #expect(log.contains("repaired"))
            try await sandbox.succeed("verify")
        }
    }

    /// Nothing would run, and nothing would say why.
    @Test func aRetryOfWhatIsPausedSaysSo() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(runbook(["one": "true"]))
            try await sandbox.succeed("submit", "runbook.yaml", "--id", "a")
            try await sandbox.succeed("exec", "a")
            try await sandbox.succeed("cancel", "a", "--yes")
            let ready = try await sandbox.succeed("retry", "a", "--yes")
            #expect(ready.errors.hasPrefix("`daybook work` runs it"))
            try await sandbox.succeed("pause", "a", "--yes")
            try await sandbox.succeed("cancel", "a", "--yes")
            let paused = try await sandbox.succeed("retry", "a", "--yes")
            #expect(paused.errors.contains("a is paused, and nothing of it runs"))
        }
    }

    @Test func aSignalIsKeptAndSeenByPending() async throws {
        try await withSandbox { sandbox in
            let stage = try Stage(sandbox)
            try await sandbox.succeed(["submit", "runbook.yaml", "--id", "a"] + stage.inputs)
            let kept = try await sandbox.succeed("signal", "a", "go", "{\"x\": 1}").text
            #expect(kept == "a keeps the signal go: nothing waits for it now\n")
            let first = try await sandbox.succeed(
                "signal",
                "a",
                "go",
                "2",
                "--signal-id",
                "s",
                "--json"
            ).json
            #expect(first["sequence"].integer != nil)
            let again = try await sandbox.succeed("signal", "a", "go", "3", "--signal-id", "s").text
            #expect(again == "a has this signal already\n")
            let pending = try await sandbox.succeed("pending", "--json").json["pending"].elements
            #expect(pending.map { $0["for"] } == ["execution"])
            #expect(pending.first?["id"] == "a")
        }
    }

    // MARK: Refusals

    /// Nothing is recorded of what is refused, but the sessions that asked.
    @Test func whatCannotBeDoneIsRefusedWithItsOwnStatus() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(runbook(["one": "true"]))
            try await sandbox.succeed("run", "runbook.yaml", "--id", "done")
            try await sandbox.succeed("submit", "runbook.yaml", "--id", "new")
            let cases: [(arguments: [String], status: Int32, says: String)] = [
                (["cancel", "done", "--yes"], 4, "it has already completed"),
                (["pause", "done", "--yes"], 4, "it has already completed"),
                (["resume", "done", "--yes"], 4, "it has already completed"),
                (["retry", "done", "--yes"], 4, "it has already completed"),
                (["retry", "new", "--yes"], 4, "has not failed"),
                (["signal", "done", "go", "1"], 4, "it has already completed"),
                (["cancel", "none", "--yes"], 3, "no execution has the id none"),
                (["pause", "none", "--yes"], 3, "no execution has the id none"),
                (["retry", "none", "--yes"], 3, "no execution has the id none"),
                (["signal", "none", "go", "1"], 3, "no execution has the id none"),
                (["wait", "none"], 3, "no execution has the id none"),
                (["why", "none"], 3, "no execution has the id none"),
                (["signal", "new", "", "1"], 64, "name of a signal"),
                (["signal", "new", "go", "{"], 64, "is not JSON"),
                (["cancel", "new"], 64, "--yes"),
                (["retry", "done", "--dry-run"], 4, "it has already completed"),
            ]
            let before = try await sandbox.events().filter { !$0.hasPrefix("session_") }
            for (arguments, status, says) in cases {
                let result = try await sandbox.daybook(arguments)
                #expect(result.status == status, "\(arguments): \(result.errors)")
                #expect(result.errors.contains(says), "\(arguments): \(result.errors)")
            }
            let after = try await sandbox.events().filter { !$0.hasPrefix("session_") }
            #expect(after == before)
        }
    }
}
