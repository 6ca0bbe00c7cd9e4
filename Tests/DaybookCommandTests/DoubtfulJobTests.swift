import DaybookSystem
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
            #expect(second.errors.contains("--done JSON a 0"))
            #expect(paid(ledger) == 1)
            let done = ["resolve", "a", "pay", "--yes", "--reason", "the bank says so", "--done"]
            for wrong in ["5", "null", "{}", #"{"outputs":[]}"#, #"{"outputs":{"k":5}}"#] {
                let refused = try await sandbox.daybook(done + [wrong])
                #expect(refused.status == 64)
                #expect(refused.errors.contains("gives its outputs"))
            }
            try await sandbox.succeed(done + [#"{"outputs":{}}"#])
            try await sandbox.succeed("run", "runbook.yaml", "--id", "a")
            #expect(paid(ledger) == 1)
        }
    }

    /// What the runbook declares would stand in the place of an output that is misspelt.
    @Test func anOutputThatIsNotDeclaredIsRefused() async throws {
        try await withSandbox { sandbox in
            let text = runbook(sandbox.journal + ".ledger", "ask")
            try sandbox.write(
                text.replacing("    onDoubt:", with: "    output: { schema: '0' }\n    onDoubt:")
            )
            _ = try await sandbox.daybook("run", "runbook.yaml", "--id", "a")
            #expect(try await sandbox.daybook("run", "runbook.yaml", "--id", "a").status == 9)
            let done = ["resolve", "a", "pay", "--yes", "--done"]
            let refused = try await sandbox.daybook(done + [#"{"outputs":{"shema":"9"}}"#])
            #expect(refused.status == 64, "\(refused)")
            #expect(refused.errors.contains("did you mean \"schema\"?"), "\(refused.errors)")
            try await sandbox.succeed(done + [#"{"outputs":{"schema":"9"}}"#])
        }
    }

    /// The advice is a command line that can be pasted, also for an id that looks like an option.
    @Test func theAdviceCanBePasted() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(runbook(sandbox.journal + ".ledger", "ask"))
            _ = try await sandbox.daybook("run", "runbook.yaml", "--id=-y")
            let parked = try await sandbox.daybook("run", "runbook.yaml", "--id=-y")
            #expect(parked.status == 9)
            let pieces = parked.errors.split(separator: "`").map(String.init)
            let advice = try #require(pieces.first { $0.hasPrefix("daybook resolve ") })
            let words = advice.replacing("JSON", with: #"{"outputs":{}}"#).split(separator: " ")
            try await sandbox.succeed(["resolve", "--yes"] + words.dropFirst(2).map(String.init))
            try await sandbox.succeed("run", "runbook.yaml", "--id=-y")
        }
    }

    @Test func ofAJobForEachElementTheElementIsNamed() async throws {
        try await withSandbox { sandbox in
            let ledger = sandbox.journal + ".ledger"
            try sandbox.write(
                """
                name: payments
                blocks:
                - name: all
                  each: [ada, grace]
                  jobs:
                  - name: pay
                    onDoubt: ask
                    run: |
                      if [ "$EACH_ITEM" = grace ]; then echo paid >> \(ledger); kill -9 $PPID; fi

                """
            )
            _ = try await sandbox.daybook("run", "runbook.yaml", "--id", "a")
            let parked = try await sandbox.daybook("run", "runbook.yaml", "--id", "a")
            #expect(parked.status == 9)
            #expect(parked.errors.contains("pay[1]: look whether it did"), "\(parked.errors)")
            let why = try await sandbox.succeed("why", "a").text
            #expect(why.contains("the operation pay[1] ("), "\(why)")
            #expect(paid(ledger) == 1)
        }
    }

    /// After a cancel, by name and by numbers.
    @Test func whatIsInDoubtNoMoreEndsInOneWay() async throws {
        try await interrupt("ask") { sandbox, _, _ in
            try await sandbox.succeed("cancel", "a", "--yes")
            for operation in ["pay", "0"] {
                let result = try await sandbox.daybook(
                    "resolve",
                    "a",
                    operation,
                    "--not-done",
                    "--yes"
                )
                #expect(result.status == 4, "\(operation): \(result.errors)")
            }
        }
    }

    /// It would be cut there: a job would work on a value that nobody has recorded.
    @Test func aValueWithANULIsInNoVariable() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(
                """
                name: nul
                blocks:
                - name: all
                  jobs:
                  - { name: k, run: 'printf "a=x\\0y\\n" >> "$DAYBOOK_OUTPUT"' }
                  - { name: l, run: 'echo "set: [${OUTPUT_K_A+yes}]"' }

                """
            )
            try await sandbox.succeed("run", "runbook.yaml", "--id", "a")
            let lines = try await sandbox.loggedLines()
            #expect(lines.contains("set: []"), "\(lines)")
        }
    }

    @Test func whoWasNotInterruptedIsNotToldHowLongItTakes() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(
                "name: n\nblocks:\n- name: b\n  jobs:\n  - { name: a, run: 'true' }\n"
            )
            for round in 0..<10 {
                let result = try await sandbox.succeed("run", "runbook.yaml", "--id", "r\(round)")
                #expect(!result.errors.contains("to end"), "\(result.errors)")
            }
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

    /// The commit of the answer is on the disk, and that of the session's end is not.
    @Test func anAnswerThatIsRecordedIsSaidToBe() async throws {
        let strace = "/usr/bin/strace"
        if try FileStatus.of(strace) == nil {
            try Test.cancel("strace, which has a system call fail, is not installed")
        }
        try await withSandbox { sandbox in
            try sandbox.write("name: n\nblocks:\n- { name: g, approval: { signal: go } }\n")
            try await sandbox.succeed("submit", "runbook.yaml", "--id", "x")
            var codes: Set<Int32> = []
            for place in 1...6 {
                let before = try await sandbox.succeed("log", "x", "--jsonl").jsonLines.count
                let traced = try RunningCommand(
                    [
                        strace, "-f", "-qq", "-o", "/dev/null", "-e",
                        "inject=fdatasync:error=ENOSPC:when=\(place)",
                        DaybookProgram.path, "signal", "x", "amount", "1",
                    ],
                    environment: ["DAYBOOK_JOURNAL": sandbox.journal],
                    folder: sandbox.folder
                )
                let result = try await traced.finish()
                if result.errors.contains("not permitted") {
                    try Test.cancel("strace may not trace here: \(result.errors)")
                }
                let after = try await sandbox.succeed("log", "x", "--jsonl").jsonLines.count
                #expect((result.status == 0) == (after == before + 1), "\(place): \(result)")
                codes.insert(result.status)
            }
            #expect(codes.contains(0))
        }
    }

    /// A bit of the id in its row: what has been done would be done again.
    @Test func anIdWhoseRowIsDamagedIsNotFree() async throws {
        try await withSandbox { sandbox in
            let ledger = sandbox.journal + ".ledger"
            try sandbox.write(
                "name: n\nblocks:\n- name: b\n  jobs:\n  - { name: a, run: 'echo a >> \(ledger)' }\n"
            )
            try await sandbox.succeed("run", "runbook.yaml", "--id", "order-8841")
            let path = sandbox.journal + "/journal.mdb"
            var bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
            // LMDB's node: the size of the key, and the key.
            let needle = [10, 0] + Array("order-8841".utf8)
            let places = bytes.indices.dropLast(needle.count).filter {
                bytes[$0..<$0 + needle.count].elementsEqual(needle)
            }
            try #require(!places.isEmpty)
            for place in places { bytes[place + needle.count - 1] ^= 1 }
            try Data(bytes).write(to: URL(filePath: path))
            let again = try await sandbox.daybook("run", "runbook.yaml", "--id", "order-8841")
            #expect(again.status == 5)
            #expect(paid(ledger) == 1)
        }
    }
}
