import DaybookSystem
import Testing

/// A recorded payload that was changed afterwards is neither run, nor replayed, nor shown.
@Suite struct PayloadDamageTests {
    private func damage(_ sandbox: Sandbox, _ old: String, _ new: String) throws {
        var journal = JournalBytes(try File.contents(of: sandbox.dataFile))
        try journal.replace(old, with: new)
        try writeBytes(journal.bytes, to: sandbox.dataFile)
    }

    /// Checks that a command ended because of damage, and named the entry.
    private func expectDamage(
        _ result: CommandResult,
        in entry: Int,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(result.status == 5, "\(result.errors)", sourceLocation: sourceLocation)
        #expect(
            result.errors.contains("daybook: entry \(entry): its payload "),
            "\(result.errors)",
            sourceLocation: sourceLocation
        )
    }

    @Test func aRunbookThatWasChangedAfterItsSubmissionIsNotRun() async throws {
        try await withSandbox { sandbox in
            let ledger = sandbox.folder + "/ledger"
            try sandbox.write(runbook(["pay": "echo paid 100 >> '\(ledger)'"]))
            try await sandbox.succeed("submit", "runbook.yaml", "--id", "x")
            let lines = try await sandbox.entries()
            let number = try #require(lines.first { $0["event"] == "execution_submitted" })
            let sequence = try #require(number["sequence"].integer)
            try damage(sandbox, "echo paid 100", "echo paid 900")
            try await sandbox.succeed("exec", "x")
            for command in [["work", "--until-idle"], ["run", "runbook.yaml", "--id", "x"]] {
                expectDamage(try await sandbox.daybook(command), in: sequence)
            }
            #expect(try FileStatus.of(ledger) == nil, "a job has run")
            #expect(try await sandbox.succeed("status", "x").text == "ready\n")
            try damage(sandbox, "echo paid 900", "echo paid 100")
            try await sandbox.succeed("work", "--until-idle")
            #expect(try await sandbox.succeed("status", "x").text == "completed\n")
            #expect(try readText(ledger) == "paid 100\n")
            #expect(try await !sandbox.events().contains("execution_failed"))
        }
    }

    @Test func aListShowsTheOthersToo() async throws {
        try await withSandbox { sandbox in
            for id in ["hundred", "fifty"] {
                try sandbox.write(runbook(["pay": "echo paid \(id)"]))
                try await sandbox.succeed("submit", "runbook.yaml", "--id", id)
            }
            try damage(sandbox, "echo paid hundred", "echo paid hunched")
            let lines = try await sandbox.succeed("list").text.split(separator: "\n")
            #expect(lines.contains { $0.contains("hundred") && $0.hasSuffix("(damaged)") })
            #expect(lines.contains { $0.contains("fifty") && $0.hasSuffix("test") })
            expectDamage(try await sandbox.daybook("show", "hundred"), in: 2)
        }
    }

    @Test func anOutputThatWasChangedIsNotHandedToTheNextJob() async throws {
        try await withSandbox { sandbox in
            let ledger = sandbox.folder + "/ledger"
            let text = """
                name: test
                blocks:
                - name: quote
                  jobs: [{ name: quote, run: 'echo amount=100 >> "$DAYBOOK_OUTPUT"' }]
                - name: agree
                  approval: { signal: go-live }
                - name: pay
                  jobs: [{ name: pay, run: 'echo "$OUTPUT_QUOTE_AMOUNT" >> "\(ledger)"' }]
                """
            try sandbox.write(text)
            let run = try sandbox.start(["run", "runbook.yaml", "--id", "x", "--jsonl"])
            try await run.line(containing: "go-live")
            run.signal(2)
            try await run.finish()
            try await sandbox.succeed("signal", "x", "go-live", "1")
            let lines = try await sandbox.entries()
            let quote = try #require(lines.first { $0["event"] == "checkpoint_succeeded" })
            let sequence = try #require(quote["sequence"].integer)
            try damage(sandbox, "\"100\"", "\"900\"")
            expectDamage(
                try await sandbox.daybook("run", "runbook.yaml", "--id", "x"),
                in: sequence
            )
            #expect(try FileStatus.of(ledger) == nil, "the job has run")
            #expect(try await sandbox.succeed("status", "x").text != "failed\n")
        }
    }

    @Test(arguments: [["show", "good"], ["log"], ["export"]])
    func aLookDoesNotShowWhatWasChanged(_ command: [String]) async throws {
        var journal = try await SampleJournals.small()
        let sequence = try await journal.withJournal { sandbox in
            let lines = try await sandbox.entries()
            let log = try #require(
                lines.first {
                    $0["event"] == (command[0] == "show" ? "checkpoint_succeeded" : "log_recorded")
                }
            )
            return try #require(log["sequence"].integer)
        }
        let (old, new) =
            command[0] == "show" ? ("\"outputs\"", "\"outputz\"") : ("say is one", "say is two")
        try journal.replace(old, with: new)
        try await journal.withJournal { sandbox in
            for command in [command, ["entry", "\(sequence)"]] {
                let result = try await sandbox.daybook(command)
                expectDamage(result, in: sequence)
                #expect(!result.text.contains(new), "\(command)")
            }
        }
    }
}
