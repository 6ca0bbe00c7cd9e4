import DaybookSystem
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// What `why` says, and what it advises.
@Suite struct WhyTests {
    @Test func afterAFailureARetryIsAdvised() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(runbook(["a": "echo oops >&2\nexit 3"]))
            #expect(try await sandbox.daybook("run", "runbook.yaml", "--id", "x").status == 7)
            let lines = try await sandbox.succeed("why", "x").text.split(separator: "\n")
            #expect(lines.first == "x has failed")
            #expect(lines.count == 3, "\(lines)")
            #expect(lines[1].contains("execution_failed"))
            #expect(lines[2] == "    `daybook retry x` opens it again, and what failed runs again")
        }
    }

    @Test func nothingIsAdvisedAfterSuccess() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(runbook(["a": "true"]))
            try await sandbox.succeed("run", "runbook.yaml", "--id", "x")
            let text = try await sandbox.succeed("why", "x").text
            #expect(text.hasPrefix("x has completed\n"))
            #expect(!text.contains("`daybook"))
        }
    }

    /// Runs `body` with a run whose job does not end by itself.
    private func withRun(
        _ body: (Sandbox, RunningCommand, _ session: Int) async throws -> Void
    ) async throws {
        try await withSandbox { sandbox in
            let up = try Gate(sandbox.folder + "/up")
            let go = try Gate(sandbox.folder + "/go")
            try sandbox.write(
                runbook(
                    ["wait": "echo up > \"$INPUT_UP\"\nread -r line < \"$INPUT_GO\""],
                    inputs: ["up", "go"]
                )
            )
            let given = inputs(["up": up.path, "go": go.path])
            let run = try sandbox.start(["run", "runbook.yaml", "--id", "x"] + given)
            try await up.line()
            let sessions = try await sandbox.succeed("session", "list", "--json").json["sessions"]
            try await body(sandbox, run, #require(sessions.elements.first?["session"].integer))
            // Whoever runs it again ends the job that was left, which would take what is for the next.
            let next = try sandbox.start(["run", "runbook.yaml", "--id", "x"] + given)
            try await up.line()
            go.pass()
            #expect(try await next.finish().status == 0)
        }
    }

    @Test func nothingIsAdvisedAboutAProcessThatWorks() async throws {
        try await withRun { sandbox, run, session in
            let text = try await sandbox.succeed("why", "x").text
            #expect(text == "x is running\n  runs in session \(session), attempt 1\n")
            run.signal(SIGKILL)
            #expect(try await run.finish().status == -SIGKILL)
        }
    }

    @Test func ofAProcessThatIsGoneItIsSaidWhoTakesOver() async throws {
        try await withRun { sandbox, run, session in
            run.signal(SIGKILL)
            #expect(try await run.finish().status == -SIGKILL)
            let text = try await sandbox.succeed("why", "x").text
            #expect(
                text == """
                    x is running (interrupted)
                      runs in session \(session), attempt 1
                        its process is gone; what its job has started may run until another process takes over: `daybook work`, or running it again, takes over

                    """
            )
        }
    }

    @Test func aProcessThatIsStoppedIsToBeContinuedOrEvicted() async throws {
        try await withRun { sandbox, run, session in
            run.signal(SIGSTOP)
            var stopped = siginfo_t()
            while waitid(P_PID, id_t(run.pid), &stopped, WSTOPPED | WNOWAIT) != 0, errno == EINTR {}
            let lines = try await sandbox.succeed("why", "x").text.split(separator: "\n")
            #expect(
                lines.last
                    == "    its process \(run.pid) is stopped: continue it, or `daybook session evict \(session) --kill`"
            )
            run.signal(SIGKILL)
            #expect(try await run.finish().status == -SIGKILL)
        }
    }

    @Test func aTimeToComeIsToldAsASpanFromNow() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(
                """
                name: test
                blocks:
                - name: ask
                  approval: { signal: go, timeout: 2d }
                """
            )
            try await sandbox.succeed("submit", "runbook.yaml", "--id", "x")
            try await sandbox.succeed("exec", "x")
            try await sandbox.succeed("work", "--until-idle")
            let text = try await sandbox.succeed("pending", "--time", "relative").text
            #expect(text.contains(#/ in 1 d 23 h/#), "\(text)")
            #expect(text.contains(#/ \d+(\.\d)? (ms|s|min \d+ s) ago /#), "\(text)")
            let why = try await sandbox.succeed("why", "x", "--time", "relative").text
            #expect(why.contains(#/, until in 1 d 23 h \(entry \d+\)/#), "\(why)")
        }
    }
}
