import Testing

/// A job that kills the process that runs it.
@Suite struct PoisonTests {
    /// Engines that do not count lost leases try such an execution again for ever.
    @Test func whatKillsItsProcessAgainAndAgainIsParked() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(runbook(["poison": "kill -9 $PPID; sleep 100"]))
            for _ in 0..<5 {
                let run = try await sandbox.daybook("run", "runbook.yaml", "--id", "a")
                #expect(run.status == -9 || run.status == 137)
            }
            let last = try await sandbox.daybook("run", "runbook.yaml", "--id", "a")
            #expect(last.status == 9, "\(last.errors)")
            #expect(try await sandbox.succeed("status", "a").text == "ready, parked\n")
            let events = try await sandbox.events()
            #expect(events.count { $0 == "lease_lost" } == 5)
            #expect(events.count { $0 == "execution_parked" } == 1)
            let why = try await sandbox.succeed("why", "a").text
            #expect(why.contains("waits for a person"))
            // A person who has mended it has it run again.
            try await sandbox.succeed("retry", "a", "--yes", "--reason", "mended")
            #expect(try await sandbox.succeed("status", "a").text == "ready\n")
            try await sandbox.succeed("verify")
        }
    }
}
