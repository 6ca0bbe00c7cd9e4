import FoundationEssentials
import Testing

/// What a job has put into the store, when the job is undone and runs again.
@Suite struct UndoneStoreTests {
    /// `lines` writes to the store what the file `values` in the journal's folder says.
    private func book(_ sandbox: Sandbox, around block: String = "") -> String {
        """
        name: trip
        blocks:
          - name: book
            \(block)
            jobs:
              - name: flight
                run: cp "\(sandbox.folder)/values" "$DAYBOOK_STORE"; echo flight
                undo: cat "$DAYBOOK_STORE"
          - name: pay
            jobs:
              - { name: card, run: 'sed "s/^/card /" "$DAYBOOK_STORE"; test -e "\(sandbox.folder)/money"' }
          - name: tell
            jobs:
              - { name: mail, run: 'sed "s/^/mail /" "$DAYBOOK_STORE"' }
        """
    }

    @Test(arguments: [
        ["ticket=1"], ["ticket=2"], ["seat=7", "ticket=2"], ["seat=7"], [],
    ])
    func whatIsPutAgainIsSeenByWhatFollows(_ again: [String]) async throws {
        try await withSandbox { sandbox in
            try sandbox.write(book(sandbox))
            try sandbox.write("ticket=1\n", to: "values")
            #expect(try await sandbox.daybook(["run", "runbook.yaml", "--id", "x"]).status == 7)
            try sandbox.write(again.map { $0 + "\n" }.joined(), to: "values")
            try sandbox.write("", to: "money")
            try await sandbox.succeed("retry", "x", "--yes")
            let retried = try await sandbox.daybook(["run", "runbook.yaml", "--id", "x"])
            #expect(retried.status == 0, "\(retried.errors)")
            #expect(
                try await sandbox.loggedLines()
                    == ["flight", "card ticket=1", "ticket=1", "flight"]
                    + again.map { "card \($0)" } + again.map { "mail \($0)" }
            )
            try await sandbox.succeed("verify")
        }
    }

    /// All of it lies in one entry, which has a limit.
    @Test func moreThanAnEntryTakesFailsTheJobOnce() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(
                """
                name: many
                blocks:
                  - name: fill
                    jobs:
                      - name: keys
                        run: |
                          echo ran
                          for key in $(seq $(cat "\(sandbox.folder)/count")); do
                            echo "key$key=$key"
                          done >> "$DAYBOOK_STORE"
                """
            )
            try sandbox.write("2000", to: "count")
            let run = try await sandbox.daybook(["run", "runbook.yaml", "--id", "x"])
            #expect(run.status == 7, "\(run)")
            let show = try await sandbox.succeed("show", "x").text
            #expect(show.contains("store-too-large"), "\(show)")
            #expect(show.contains("2000 values were to be put into the store"), "\(show)")
            #expect(try await sandbox.loggedLines() == ["ran"])
            try sandbox.write("800", to: "count")
            try await sandbox.succeed("retry", "x", "--yes")
            try await sandbox.succeed("run", "runbook.yaml", "--id", "x")
            try await sandbox.succeed("verify")
        }
    }
}
