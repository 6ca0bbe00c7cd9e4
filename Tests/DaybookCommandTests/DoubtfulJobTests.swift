import DaybookTestKit
import FoundationEssentials
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// Jobs that kill their own process, with SIGKILL, after they have done their work and before that is
/// recorded.
@Suite struct DoubtfulJobTests {
    private func runbook(_ ledger: String, _ policy: String) -> String {
        """
        name: payment
        blocks:
        - name: all
          jobs:
          - name: pay
            onDoubt: \(policy)
            run: |
              echo paid >> \(ledger)
              if [ ! -e \(ledger).second ]; then touch \(ledger).second; kill -9 $PPID; fi

        """
    }

    private func paid(_ ledger: String) -> Int {
        let text = FileManager.default.contents(atPath: ledger).map {
            String(decoding: $0, as: UTF8.self)
        }
        return text?.split(separator: "\n").count ?? 0
    }

    /// Runs it until it has killed itself, and once more.
    private func interrupt(
        _ policy: String,
        _ body: (Sandbox, CommandResult, String) async throws -> Void
    ) async throws {
        try await withSandbox { sandbox in
            let ledger = sandbox.journal + ".ledger"
            try sandbox.write(runbook(ledger, policy))
            let killed = try await sandbox.daybook("run", "runbook.yaml", "--id", "a")
            #expect(killed.status == -SIGKILL)
            #expect(paid(ledger) == 1)
            let second = try await sandbox.daybook("run", "runbook.yaml", "--id", "a")
            try await body(sandbox, second, ledger)
        }
    }

    @Test func whatRunsAgainRunsTwice() async throws {
        try await interrupt("again") { _, second, ledger in
            #expect(second.status == 0)
            #expect(paid(ledger) == 2)
        }
    }

    @Test func whatFailsInDoubtRunsOnce() async throws {
        try await interrupt("fail") { sandbox, second, ledger in
            #expect(second.status == 7)
            #expect(paid(ledger) == 1)
            let show = try await sandbox.succeed("show", "a", "--json").json
            #expect(show["errorCode"] == "interrupted")
        }
    }

    @Test func whatAPersonIsAskedForRunsOnceAndGoesOn() async throws {
        try await interrupt("ask") { sandbox, second, ledger in
            #expect(second.status == 9)
            #expect(second.errors.contains("may have happened"))
            #expect(second.errors.contains(" a 0 --done JSON"))
            #expect(paid(ledger) == 1)
            let done = ["resolve", "a", "pay", "--yes", "--reason", "the bank says so", "--done"]
            try await sandbox.succeed(done + [#"{"outputs":{}}"#])
            try await sandbox.succeed("run", "runbook.yaml", "--id", "a")
            #expect(paid(ledger) == 1)
        }
    }

    @Test func anotherWordIsRefused() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(runbook("ledger", "maybe"))
            let result = try await sandbox.daybook("run", "runbook.yaml", "--id", "a")
            #expect(result.status == 65 || result.status == 64)
            #expect(result.errors.contains("\"onDoubt\" must be again, fail or ask"))
        }
    }
}
