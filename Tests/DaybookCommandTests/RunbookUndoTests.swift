import FoundationEssentials
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// What undoes jobs, and what runs after that, when a run has ended badly.
@Suite struct RunbookUndoTests {
    private func run(_ sandbox: Sandbox, _ arguments: String...) async throws -> CommandResult {
        try await sandbox.daybook(["run", "runbook.yaml", "--id", "x"] + arguments)
    }

    private static let trip = """
        name: trip
        inputs: { where: { default: Rome } }
        blocks:
          - name: book
            jobs:
              - name: flight
                run: echo "number=F1" >> "$DAYBOOK_OUTPUT"; echo "flight to $INPUT_WHERE"
                undo: echo "undo flight $OUTPUT_FLIGHT_NUMBER to $INPUT_WHERE $DAYBOOK_JOB_OUTCOME"
          - name: stay
            jobs:
              - name: hotel
                run: echo "room=7" >> "$DAYBOOK_OUTPUT"; echo hotel
                undo: 'echo "undo hotel $OUTPUT_HOTEL_ROOM"; test ! -e "$WORKSPACE/locked"'
          - name: drive
            jobs:
              - { name: car, run: 'test -e "$WORKSPACE/garage"' }
        on_failure:
          - { name: tell, run: 'echo "$DAYBOOK_FAILED_JOB: $DAYBOOK_FAILURE ($OUTPUT_FLIGHT_NUMBER)"' }
          - { name: sweep, run: echo swept }
        """

    @Test func whatWasDoneIsUndoneAndThenTheJobsForAFailureRun() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(Self.trip)
            let result = try await run(sandbox)
            #expect(result.status == 7, "\(result.errors)")
            #expect(result.errors.contains("the job car exited with status 1"))
            #expect(
                try await sandbox.loggedLines() == [
                    "flight to Rome", "hotel", "undo hotel 7", "undo flight F1 to Rome success",
                    "car: the job car exited with status 1 (F1)", "swept",
                ]
            )
            let shown = try await sandbox.daybook(["show", "x"])
            #expect(shown.text.contains("success, undone"))
            // To undo is not to tell again what was done.
            #expect(!result.errors.contains("from the journal, entry"), "\(result.errors)")
            let log = try await sandbox.succeed("log").text
            #expect(log.contains("  flight, undone\n"), "\(log)")
            #expect(log.contains("  on failure, done\n"), "\(log)")
            let why = try await sandbox.daybook(["why", "x"])
            #expect(why.text.contains("undone: hotel, flight"))
            try await sandbox.succeed("verify")
        }
    }

    @Test func aRetryDoesAgainWhatWasUndoneAndKeepsWhatCouldNotBe() async throws {
        try await withSandbox { sandbox in
            let garage = "test -e \"$WORKSPACE/garage\""
            try sandbox.write(
                Self.trip
                    .replacing(
                        "run: echo \"room=7\"",
                        with: "run: touch \"$WORKSPACE/locked\"; echo \"room=7\""
                    )
                    .replacing(garage, with: "echo car; \(garage)")
                    .replacing(
                        "run: echo swept",
                        with: "run: 'touch \"$WORKSPACE/garage\"; echo swept'"
                    )
            )
            let first = try await run(sandbox)
            #expect(first.status == 7, "\(first.errors)")
            let why = try await sandbox.daybook(["why", "x"])
            #expect(why.text.contains("hotel could not be undone: exit-status"))
            let shown = try await sandbox.daybook(["show", "x"])
            #expect(shown.text.contains("success, could not be undone"))
            let before = try await sandbox.loggedLines().count
            try await sandbox.succeed("retry", "x", "--yes")
            let second = try await run(sandbox)
            #expect(second.status == 0, "\(second.errors)")
            // The hotel is not booked twice.
            #expect(
                try await sandbox.loggedLines().dropFirst(before) == ["flight to Rome", "car"]
            )
            try await sandbox.succeed("verify")
        }
    }

    @Test func aRunThatEndsWellUndoesNothing() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(
                Self.trip.replacing("test -e \"$WORKSPACE/garage\"", with: "echo car")
            )
            let result = try await run(sandbox)
            #expect(result.status == 0, "\(result.errors)")
            #expect(try await sandbox.loggedLines() == ["flight to Rome", "hotel", "car"])
        }
    }

    /// What it gave is refused, and what it did is done.
    @Test(arguments: [
        ("printf 'no value\\n' >> \"$DAYBOOK_OUTPUT\"", "invalid-output"),
        ("rm -f \"$DAYBOOK_OUTPUT\"; mkdir \"$DAYBOOK_OUTPUT\"", "invalid-output"),
        ("printf 'no value\\n' >> \"$DAYBOOK_STORE\"", "invalid-output"),
        ("echo \"k$TOKEN=v\" >> \"$DAYBOOK_OUTPUT\"", "exposed-secret"),
    ])
    func whatEndedWellAndGaveTooLittleIsUndone(_ script: String, _ code: String) async throws {
        try await withSandbox { sandbox in
            let key = try sandbox.write(String(repeating: "ab", count: 32), to: "key")
            chmod(key, 0o600)
            try sandbox.write("hunter2-and-more", to: "token")
            try sandbox.write(
                """
                name: n
                secrets: [TOKEN]
                blocks:
                - name: b
                  jobs:
                  - name: j
                    secrets: [TOKEN]
                    run: |
                      echo do
                      \(script)
                    undo: echo "undo $DAYBOOK_JOB_OUTCOME"
                """
            )
            let result = try await run(
                sandbox,
                "--secret",
                "TOKEN=@token",
                "--key-file",
                key
            )
            #expect(result.status == 7, "\(result)")
            #expect(try await sandbox.loggedLines() == ["do", "undo unknown"])
            #expect(try await sandbox.succeed("export").text.contains(code))
            try await sandbox.succeed("verify")
        }
    }

    @Test func whatHasFailedAndIsNotUndoneIsNotSaidToBeCancelled() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(
                """
                name: n
                blocks:
                - name: b
                  jobs:
                  - { name: j, run: 'true', undo: 'kill -9 $PPID' }
                  - { name: k, run: exit 1 }
                """
            )
            #expect(try await run(sandbox).status == -SIGKILL)
            let cancel = try await sandbox.succeed("cancel", "x", "--force", "--yes")
            #expect(cancel.text == "x stays failed: what was not undone is left as it is\n")
            #expect(try await sandbox.succeed("status", "x").text == "failed\n")
        }
    }

    /// What was dealt with is answered from the record, also where nobody knew what it had done, and that was undone.
    @Test func aFailureThatWasDealtWithStaysSoWhenItWasUndone() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(
                """
                name: trip
                blocks:
                  - name: maybe
                    continueOnError: true
                    jobs:
                      - name: seat
                        timeout: 100ms
                        run: echo seat; exec tail -f /dev/null
                        undo: echo "undo seat $DAYBOOK_JOB_OUTCOME"
                  - name: book
                    jobs:
                      - { name: flight, run: echo flight, undo: echo undo flight }
                  - name: drive
                    jobs:
                      - { name: car, run: 'echo car; test -e "$WORKSPACE/garage"' }
                on_failure:
                  - { name: open, run: 'touch "$WORKSPACE/garage"' }
                """
            )
            let first = try await run(sandbox)
            #expect(first.status == 7, "\(first.errors)")
            #expect(
                try await sandbox.loggedLines()
                    == ["seat", "flight", "car", "undo flight", "undo seat unknown"]
            )
            let before = try await sandbox.loggedLines().count
            try await sandbox.succeed("retry", "x", "--yes")
            let second = try await run(sandbox, "--json")
            #expect(second.status == 0, "\(second.errors)")
            // The flight was a success; the seat was given up, and the rest went on without it.
            #expect(try await sandbox.loggedLines().dropFirst(before) == ["flight", "car"])
            #expect(try second.json["output"]["failedBlocks"].elements.count == 1, "\(second)")
            try await sandbox.succeed("verify")
        }
    }
}
