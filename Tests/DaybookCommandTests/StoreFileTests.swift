import Testing

/// The store of an execution in jobs of a runbook.
@Suite struct StoreFileTests {
    private func run(_ sandbox: Sandbox, _ arguments: String...) async throws -> CommandResult {
        try await sandbox.daybook(["run", "runbook.yaml", "--id", "x"] + arguments)
    }

    @Test func aJobChangesTheStoreAndLaterJobsSeeIt() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(
                """
                name: x
                blocks:
                  - name: write
                    jobs:
                      - { name: one, run: 'echo "a=1" >> "$DAYBOOK_STORE"; echo "b=x y" >> "$DAYBOOK_STORE"' }
                  - name: change
                    jobs:
                      - { name: two, run: 'cat "$DAYBOOK_STORE"; echo "a=2" >> "$DAYBOOK_STORE"' }
                  - name: drop
                    jobs:
                      - { name: three, run: 'cat "$DAYBOOK_STORE"; echo "c=3" > "$DAYBOOK_STORE"' }
                  - name: look
                    jobs:
                      - name: four
                        verify: 'cat "$DAYBOOK_STORE" >&2; exit 1'
                        run: cat "$DAYBOOK_STORE"
                """
            )
            let result = try await run(sandbox)
            #expect(result.status == 0, "\(result.errors)")
            #expect(
                try await sandbox.loggedLines()
                    == [
                        "a=1", "b=x y", "a=2", "b=x y", "verify: c=3",
                        "c=3",
                    ]
            )
            let shown = try await sandbox.daybook(["show", "x"])
            #expect(shown.text.contains("store\n  c = \"3\"\n"), "\(shown.text)")
            let json = try await sandbox.daybook(["show", "x", "--json"]).json
            #expect(json["store"]["c"] == "3")
            let again = try await run(sandbox)
            #expect(again.status == 0)
            try await sandbox.succeed("verify")
        }
    }

    @Test func aJobThatFailsChangesNothing() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(
                """
                name: x
                blocks:
                  - name: maybe
                    continueOnError: true
                    jobs: [{ name: one, run: 'echo "a=1" >> "$DAYBOOK_STORE"; exit 1' }]
                  - name: bad
                    continueOnError: true
                    jobs: [{ name: two, run: 'echo "no value" >> "$DAYBOOK_STORE"' }]
                  - name: look
                    jobs: [{ name: three, run: 'echo "<$(cat "$DAYBOOK_STORE")>"' }]
                """
            )
            let result = try await run(sandbox)
            #expect(result.status == 0, "\(result.errors)")
            #expect(try await sandbox.loggedLines() == ["<>"])
            let log = try await sandbox.daybook(["log", "x"]).text
            #expect(log.contains("to $DAYBOOK_STORE, and lines there have the form key=value"))
        }
    }
}
