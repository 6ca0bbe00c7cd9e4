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

    /// What was stored in another process is there for jobs of branches, and for what undoes them, too.
    @Test(arguments: [false, true])
    func whatAnotherProcessHasStoredIsSeenInBranches(_ isUndone: Bool) async throws {
        let undo = isUndone ? #", undo: 'echo "undo <$(cat "$DAYBOOK_STORE")>"'"# : ""
        try await withSandbox { sandbox in
            try sandbox.write(
                """
                name: x
                blocks:
                  - name: first
                    jobs:
                      - { name: one, run: 'echo "k=v1" >> "$DAYBOOK_STORE"'\(undo) }
                  - name: fan
                    jobs:
                      - { name: two, run: 'test -e \(sandbox.folder)/ok; echo "two <$(cat "$DAYBOOK_STORE")>"' }
                      - { name: three, run: 'sed -i /k=/d "$DAYBOOK_STORE"; exit 1' }
                on_failure:
                  - { name: tell, run: 'echo "tell <$(cat "$DAYBOOK_STORE")>"' }
                """
            )
            try await sandbox.succeed("submit", "runbook.yaml", "--id", "x")
            try await sandbox.succeed("exec", "x")
            #expect(try await sandbox.daybook(["work", "--until-idle"]).status == 0)
            #expect(try await sandbox.succeed("status", "x").text == "failed\n")
            let told = ["tell <k=v1>"]
            #expect(try await sandbox.loggedLines() == (isUndone ? ["undo <k=v1>"] : []) + told)
            if isUndone { return }
            try sandbox.write("", to: "ok")
            try await sandbox.succeed("retry", "x", "--yes")
            try await sandbox.succeed("work", "--until-idle")
            #expect(try await sandbox.loggedLines().contains("two <k=v1>"))
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

    /// What is in the store of an execution before the fork is in that of the fork.
    @Test func showKnowsWhatAForkHasFromItsOrigin() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(
                """
                name: x
                blocks:
                  - name: b
                    jobs:
                      - { name: a1, run: 'echo "k=1" >> "$DAYBOOK_STORE"' }
                      - { name: a2, run: 'echo "z=2" >> "$DAYBOOK_STORE"' }
                      - { name: a3, run: 'echo "last=3" >> "$DAYBOOK_STORE"' }
                """
            )
            try await sandbox.succeed("run", "runbook.yaml", "--id", "s1")
            try await sandbox.succeed("fork", "s1", "--at", "a2", "--id", "s2", "--yes")
            let before = try await sandbox.succeed("show", "s2", "--json").json["store"]
            #expect(before == ["k": "1"], "\(before)")
            try await sandbox.succeed("fork", "s1", "--at", "a3", "--id", "s3", "--yes")
            try await sandbox.succeed("run", "runbook.yaml", "--id", "s3")
            try await sandbox.succeed("fork", "s3", "--at", "a3", "--id", "s4", "--yes")
            try await sandbox.succeed("run", "runbook.yaml", "--id", "s4")
            let after = try await sandbox.succeed("show", "s4", "--json").json["store"]
            #expect(after == ["k": "1", "z": "2", "last": "3"], "\(after)")
        }
    }
}
