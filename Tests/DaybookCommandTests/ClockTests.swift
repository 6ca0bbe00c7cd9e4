import DaybookSystem
import Testing

/// Clocks of machines that are wrong.
@Suite struct ClockTests {
    private func faketime(_ offset: String) async throws -> [String] {
        let found = try await RunningCommand(["sh", "-c", "command -v faketime"]).finish()
        if found.status != 0 { try Test.cancel("faketime is not installed") }
        return ["faketime", "-f", offset]
    }

    @Test(arguments: ["+1h", "+400d"])
    func aClockThatWasAheadOnceDoesNotHoldUpTimers(_ offset: String) async throws {
        let launcher = try await faketime(offset)
        try await withSandbox { sandbox in
            try sandbox.write(
                """
                name: retried
                blocks:
                - name: block
                  jobs:
                  - name: job
                    run: |
                      echo try >> "$WORKSPACE/tries"
                      test "$(wc -l < "$WORKSPACE/tries")" = 3
                    retry: { attempts: 3, delay: 300ms, backoff: 1 }
                - name: approve
                  approval: { signal: never, timeout: 1s }
                """
            )
            var ahead = sandbox
            ahead.launcher = launcher
            try await ahead.succeed("submit", "runbook.yaml", "--id", "ahead")
            let run = try await sandbox.daybook("run", "runbook.yaml", "--id", "x")
            #expect(run.status == 7)
            #expect(run.errors.contains("nobody gave the signal never"))
            #expect(run.errors.contains("the machine's clock is behind the journal"))
            // An auditor sees which process had a clock behind the journal's time.
            let log = try await sandbox.succeed("log", "--type", "session_opened").text
            #expect(
                log.split(separator: "\n").filter { $0.contains(" s behind the journal") }.count
                    == 1
            )
            let why = try await sandbox.succeed("why", "ahead")
            #expect(why.errors.contains("the machine's clock is behind the journal"))
            let pending = try await sandbox.succeed("pending", "--json")
            #expect(pending.errors.contains("the machine's clock is behind the journal"))
            #expect(try pending.json["clockBehind"].integer ?? 0 > 3_000)
            try await sandbox.succeed("verify")
        }
    }

    @Test func aClockThatIsRightIsNotMentioned() async throws {
        try await withSandbox { sandbox in
            let pending = try await sandbox.succeed("pending", "--json")
            #expect(pending.errors == "")
            #expect(try pending.json["clockBehind"] == .null)
        }
    }

    @Test(arguments: ["@1969-12-31 00:00:00", "@2600-01-01 00:00:00"])
    func aTimeThatNoJournalCanHoldIsRefusedWithASentence(_ time: String) async throws {
        let launcher = try await faketime(time)
        try await withSandbox { sandbox in
            try sandbox.write(runbook(["a": "true"]))
            var wrong = sandbox
            wrong.launcher = launcher
            let commands = [
                ["init", sandbox.folder + "/other.daybook"], ["submit", "runbook.yaml"],
                ["run", "runbook.yaml", "--id", "x"], ["work", "--until-idle"],
            ]
            for command in commands {
                expect(
                    try await wrong.daybook(command),
                    exits: 1,
                    saying: "clock shows",
                    "set the clock"
                )
            }
            // What only looks does not need the time.
            try await wrong.succeed("list", "--time", "relative")
            try await sandbox.succeed("init", sandbox.folder + "/other.daybook")
        }
    }
}
