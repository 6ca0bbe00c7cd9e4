import Testing

/// Blocks that run always, and approvals, in forks of executions that had several attempts.
@Suite struct ForkedAlwaysTests {
    /// `b` fails `bad` times.
    private func runbook(_ sandbox: Sandbox) -> String {
        """
        name: x
        blocks:
          - name: make
            jobs:
              - { name: a, run: echo a }
              - { name: b, run: 'echo b; test -e "\(sandbox.folder)/good"' }
          - name: clean
            always: true
            jobs:
              - { name: release, run: echo release }
              - { name: tidy, run: echo tidy }
        """
    }

    /// An execution `x` that has failed in so many attempts.
    private func fail(_ sandbox: Sandbox, attempts: Int) async throws {
        try sandbox.write(runbook(sandbox))
        for attempt in 1...attempts {
            if attempt > 1 { try await sandbox.succeed("retry", "x", "--yes") }
            let run = try await sandbox.daybook(["run", "runbook.yaml", "--id", "x"])
            #expect(run.status == 7, "\(run.errors)")
        }
        try sandbox.write("", to: "good")
    }

    @Test(arguments: [1, 2, 3])
    func aForkAtTheJobThatFailedCleansUp(_ attempts: Int) async throws {
        try await withSandbox { sandbox in
            try await fail(sandbox, attempts: attempts)
            try await sandbox.succeed("fork", "x", "--at", "b", "--id", "y", "--yes")
            try await sandbox.succeed("work", "--until-idle")
            #expect(try await sandbox.succeed("status", "y").text == "completed\n")
            #expect(
                try await sandbox.loggedLines()
                    == ["a"] + (0..<attempts).flatMap { _ in ["b", "release", "tidy"] }
                    + ["b", "release", "tidy"]
            )
        }
    }

    /// The round that the origin has begun is the fork's: what comes before in it is not done twice.
    @Test(arguments: [1, 2])
    func aForkAtAJobThatRunsAlwaysGoesOnWithTheRound(_ attempts: Int) async throws {
        try await withSandbox { sandbox in
            try await fail(sandbox, attempts: attempts)
            // Of the last round: each has one of that name.
            let tidy = attempts == 1 ? "1/1/1/1/0" : "1/1/4/1/0"
            try await sandbox.succeed("fork", "x", "--at", tidy, "--id", "y", "--yes")
            try await sandbox.succeed("work", "--until-idle")
            #expect(try await sandbox.succeed("status", "y").text == "failed\n")
            #expect(
                try await sandbox.loggedLines()
                    == ["a"] + (0..<attempts).flatMap { _ in ["b", "release", "tidy"] } + ["tidy"]
            )
            // An attempt of its own makes what failed again, and cleans up as a whole.
            try await sandbox.succeed("retry", "y", "--yes")
            try await sandbox.succeed("work", "--until-idle")
            #expect(try await sandbox.succeed("status", "y").text == "completed\n")
            #expect(try await sandbox.loggedLines().suffix(3) == ["b", "release", "tidy"])
        }
    }

    /// Whoever forks at the answer has it asked again.
    @Test func aForkAtARejectionAsksAgain() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(
                """
                name: x
                blocks:
                  - { name: ok, approval: { signal: go } }
                  - { name: then, jobs: [{ name: a, run: echo a }] }
                """
            )
            try await sandbox.succeed("submit", "runbook.yaml", "--id", "x")
            try await sandbox.succeed("exec", "x")
            try await sandbox.succeed("work", "--until-idle")
            try await sandbox.succeed("reject", "x", "--reason", "no")
            try await sandbox.succeed("work", "--until-idle")
            #expect(try await sandbox.succeed("status", "x").text == "failed\n")
            try await sandbox.succeed("fork", "x", "--at", "ok rejected", "--id", "y", "--yes")
            try await sandbox.succeed("work", "--until-idle")
            #expect(try await sandbox.succeed("status", "y").text == "waiting\n")
            try await sandbox.succeed("approve", "y")
            try await sandbox.succeed("work", "--until-idle")
            #expect(try await sandbox.succeed("status", "y").text == "completed\n")
        }
    }
}
