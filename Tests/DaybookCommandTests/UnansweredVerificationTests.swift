import DaybookSystem
import FoundationEssentials
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// A `verify:` that was killed, or could not be started, says nothing about the work.
@Suite struct UnansweredVerificationTests {
    /// How a `verify` ends that does not answer, and what is said of it.
    enum Ending: String, CaseIterable, Sendable {
        case signal = "kill -9 $$"
        case signalOfItsCommand = "sh -c 'kill -9 $$'"
        case notFound = "/nowhere/verify"
        case notExecutable = "./plain"

        var words: String {
            switch self {
            case .signal: "was ended by signal 9"
            case .signalOfItsCommand: "exited with status 137"
            case .notFound: "exited with status 127"
            case .notExecutable: "exited with status 126"
            }
        }
    }

    /// - Parameter more: keys of the job besides.
    private func runbook(_ verify: String, _ ledger: String, _ more: String = "") -> String {
        """
        name: payment
        blocks:
        - name: all
          jobs:
          - name: pay
            verify: |
              touch plain
              \(verify)
            undo: echo "undone $DAYBOOK_JOB_OUTCOME" >> \(ledger)
            run: |
              echo paid >> \(ledger)
              if [ ! -e \(ledger).second ]; then touch \(ledger).second; kill -9 $PPID; fi
        \(more)
        """
    }

    private func lines(_ ledger: String) throws -> [String] {
        if try FileStatus.of(ledger) == nil { return [] }
        return String(decoding: try File.contents(of: ledger), as: UTF8.self)
            .split(separator: "\n").map(String.init)
    }

    /// Runs it until it has killed itself, with a `verify` that finds nothing done, and then with another.
    private func interrupted(
        _ verify: String,
        _ more: String = "",
        _ body: (Sandbox, CommandResult, String) async throws -> Void
    ) async throws {
        try await withSandbox { sandbox in
            let ledger = sandbox.journal + ".ledger"
            try sandbox.write(runbook("[ ! -e \(ledger) ] || \(verify); exit 1", ledger, more))
            let killed = try await sandbox.daybook("run", "runbook.yaml", "--id", "a")
            #expect(killed.status == -SIGKILL)
            #expect(try lines(ledger) == ["paid"])
            let second = try await sandbox.daybook("run", "runbook.yaml", "--id", "a")
            try await body(sandbox, second, ledger)
        }
    }

    @Test(arguments: Ending.allCases)
    func theTryFailsAndWhatMayHaveHappenedIsUndone(_ ending: Ending) async throws {
        try await interrupted(ending.rawValue + " || exit $?") { sandbox, second, ledger in
            #expect(second.status == 7, "\(second)")
            // Not run a second time: nobody knows whether that was done.
            #expect(try lines(ledger) == ["paid", "undone unknown"])
            let show = try await sandbox.succeed("show", "a", "--json").json
            #expect(show["errorCode"] == "verify-unanswered")
            #expect(second.errors.contains(ending.words), "\(second.errors)")
            let logged = try await sandbox.loggedLines()
            #expect(logged.contains("verify: \(ending.words)"), "\(logged)")
            try await sandbox.succeed("verify")
        }
    }

    @Test func anotherTryAsksAgain() async throws {
        let retry = "    retry: { attempts: 2, delay: 1ms }"
        let verify = "[ -e asked ] || { touch asked; kill -9 $$; }"
        try await interrupted(verify, retry) { sandbox, second, ledger in
            #expect(second.status == 0, "\(second)")
            // The second time it has answered: not done.
            #expect(try lines(ledger) == ["paid", "paid"])
            let logged = try await sandbox.loggedLines()
            #expect(logged.contains("verify: was ended by signal 9"), "\(logged)")
        }
    }

    /// What an earlier try left in doubt stays so: no other one has answered.
    @Test func theDoubtOutlivesTheTry() async throws {
        let retry = "    retry: { attempts: 3, delay: 1ms }"
        try await interrupted("kill -9 $$", retry) { sandbox, second, ledger in
            #expect(second.status == 7, "\(second)")
            #expect(try lines(ledger) == ["paid", "undone unknown"])
            let logged = try await sandbox.loggedLines()
            #expect(logged.count { $0 == "verify: was ended by signal 9" } == 3, "\(logged)")
        }
    }

    /// Statuses that `retry` names are the job's: a `verify` that does not answer has none of them.
    @Test func whereOnlyStatusesAreTriedAgainItIsNot() async throws {
        let retry = "    retry: { attempts: 2, delay: 1ms, on: [127] }"
        try await interrupted("/nowhere/verify || exit $?", retry) { _, second, ledger in
            #expect(second.status == 7, "\(second)")
            let done = try lines(ledger)
            #expect(done == ["paid", "undone unknown"])
        }
    }

    /// Nothing has run: there is nothing to undo.
    @Test func withoutADoubtNothingRunsAndNothingIsUndone() async throws {
        try await withSandbox { sandbox in
            let ledger = sandbox.journal + ".ledger"
            try sandbox.write(runbook("kill -9 $$", ledger))
            let failed = try await sandbox.daybook("run", "runbook.yaml", "--id", "a")
            #expect(failed.status == 7, "\(failed)")
            #expect(failed.errors.contains("was ended by signal 9"), "\(failed.errors)")
            #expect(try lines(ledger) == [])
        }
    }
}
