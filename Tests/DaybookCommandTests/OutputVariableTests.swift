import Testing

/// Outputs of jobs, from one job to the next; `verify:`; limits of payloads.
@Suite struct OutputVariableTests {
    private func outputs(of jobs: KeyValuePairs<String, String>) async throws -> JSON {
        try await withSandbox { sandbox in
            try sandbox.write(runbook(jobs))
            let result = try await sandbox.succeed("run", "runbook.yaml", "--id", "x", "--json")
            try await sandbox.succeed("verify")
            return try result.json["output"]["outputs"]
        }
    }

    @Test func whatAJobWritesIsSeenByLaterOnes() async throws {
        let outputs = try await outputs(of: [
            "repo.create": """
            echo "url=https://example.org/?a=b" >> "$DAYBOOK_OUTPUT"
            echo "size=3" >> "$DAYBOOK_OUTPUT"
            echo "size=4" >> "$DAYBOOK_OUTPUT"
            echo "empty=" >> "$DAYBOOK_OUTPUT"
            """,
            "use": """
            echo "seen=$OUTPUT_REPO_CREATE_URL $OUTPUT_REPO_CREATE_SIZE" >> "$DAYBOOK_OUTPUT"
            """,
        ])
        #expect(
            outputs["repo.create"]
                == ["url": "https://example.org/?a=b", "size": "4", "empty": ""]
        )
        #expect(outputs["use"] == ["seen": "https://example.org/?a=b 4"])
    }

    /// Jobs run in another folder than the command.
    @Test func theJournalMayBeNamedFromTheFolderThatOneIsIn() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(
                runbook([
                    "a": """
                    echo "k=$(cat "$DAYBOOK_STORE" 2>/dev/null)v" >> "$DAYBOOK_OUTPUT"
                    """
                ])
            )
            let name = try #require(sandbox.journal.split(separator: "/").last)
            let result = try await sandbox.succeed(
                ["run", "--journal", String(name), "runbook.yaml", "--json"]
            )
            #expect(try result.json["output"]["outputs"]["a"]["k"] == "v")
        }
    }

    @Test func outputsOfOneJobAreNotThoseOfTheNext() async throws {
        let outputs = try await outputs(of: ["a": "echo k=v > \"$DAYBOOK_OUTPUT\"", "b": "true"])
        #expect(outputs["b"] == [:])
    }

    @Test func valuesAreNeverExecuted() async throws {
        let outputs = try await outputs(of: [
            "a": "echo 'k=$(touch executed)`touch executed`' > \"$DAYBOOK_OUTPUT\"",
            "b": "echo \"k=$OUTPUT_A_K$(ls)\" > \"$DAYBOOK_OUTPUT\"",
        ])
        #expect(outputs["b"]["k"] == "$(touch executed)`touch executed`")
    }

    @Test func linesMayEndAsInWindows() async throws {
        let outputs = try await outputs(of: [
            "a": "printf 'a=1\\r\\nb=2\\r\\n' > \"$DAYBOOK_OUTPUT\""
        ])
        #expect(outputs["a"]["b"] != .null, "two lines are two outputs")
    }

    @Test func aValueMayBeginWithACombiningCharacter() async throws {
        let outputs = try await outputs(of: [
            "a": "printf 'k=\\314\\201x\\n' > \"$DAYBOOK_OUTPUT\""
        ])
        #expect(outputs["a"] == ["k": "\u{301}x"])
    }

    @Test(arguments: ["no equals sign", "=value"])
    func aLineThatIsNoOutputFailsTheJob(_ line: String) async throws {
        try await withSandbox { sandbox in
            try sandbox.write(runbook(["a": "echo '\(line)' > \"$DAYBOOK_OUTPUT\""]))
            let result = try await sandbox.daybook("run", "runbook.yaml", "--id", "x")
            #expect(result.status == 7)
            #expect(result.errors.contains("key=value"))
            let show = try await sandbox.succeed("show", "x", "--json").json
            #expect(show["errorCode"] == "invalid-output")
        }
    }

    @Test func declaredOutputsAreMadeOfInputsAndOutputs() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(
                """
                name: test
                inputs:
                  name: { required: true }
                blocks:
                - name: block
                  jobs:
                  - name: make
                    run: ":"
                    output: { url: "https://example.org/${{ inputs.name }}" }
                  - name: use
                    run: echo "$TARGET"
                    environment: { TARGET: "${{ outputs.make.url }}.git" }
                """
            )
            let value = "$(id)\n'\""
            try await sandbox.succeed(
                ["run", "runbook.yaml", "--id", "x"] + inputs(["name": value])
            )
            #expect(
                try await sandbox.loggedLines() == ["https://example.org/$(id)", "'\".git"]
            )
        }
    }

    /// A template knows what is declared, and is given what the script has written.
    @Test func whatIsWrittenGoesBeforeWhatIsDeclared() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(
                #"""
                name: test
                blocks:
                - name: list
                  jobs:
                  - name: list
                    run: printf 'items=["p q","r"]\n' >> "$DAYBOOK_OUTPUT"
                    output: { items: "[]", other: declared }
                - name: each
                  each: ${{ outputs.list.items }}
                  jobs:
                  - { name: use, run: 'echo "$EACH_ITEM $OUTPUT_LIST_OTHER"' }
                """#
            )
            try await sandbox.succeed("run", "runbook.yaml", "--id", "x")
            #expect(try await sandbox.loggedLines() == ["p q declared", "r declared"])
        }
    }

    // MARK: verify

    private static let verified = """
        name: test
        inputs:
          done: { required: true }
        blocks:
        - name: block
          jobs:
          - name: make
            verify: test -e "$INPUT_DONE"
            run: echo made >> "$INPUT_DONE"
            output: { path: "${{ inputs.done }}" }
        """

    @Test func workThatIsFoundDoneIsNotDoneAgain() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(Self.verified)
            let done = try sandbox.write("before\n", to: "done")
            let arguments = ["run", "runbook.yaml", "--json", "--input", "done=\(done)"]
            let result = try await sandbox.succeed(arguments + ["--id", "x"]).json
            #expect(result["jobs"][0]["how"] == "verified")
            #expect(result["output"]["outputs"]["make"] == ["path": .string(done)])
            #expect(try readText(done) == "before\n")
            let show = try await sandbox.succeed("show", "x", "--json").json
            #expect(show["operations"][0]["verified"] == true)
            #expect(show["operations"][0]["result"]["exitStatus"] == .null)
        }
    }

    @Test func workThatIsNotFoundDoneIsDone() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(Self.verified)
            let done = sandbox.folder + "/done"
            let arguments = ["run", "runbook.yaml", "--json", "--input", "done=\(done)"]
            #expect(try await sandbox.succeed(arguments).json["jobs"][0]["how"] == "ran")
            #expect(try await sandbox.succeed(arguments).json["jobs"][0]["how"] == "verified")
            #expect(try readText(done) == "made\n")
        }
    }

    /// Killed after the work and before word of it: the next run finds it done.
    @Test func workOfAKilledProcessIsFoundDone() async throws {
        try await withSandbox { sandbox in
            let up = try Gate(sandbox.folder + "/up")
            let never = try Gate(sandbox.folder + "/never")
            try sandbox.write(
                """
                name: test
                inputs: { up: { required: true }, never: { required: true } }
                blocks:
                - name: block
                  jobs:
                  - name: make
                    verify: |
                      echo looking >&2
                      test -e made
                    run: |
                      touch made
                      echo up > "$INPUT_UP"
                      read -r line < "$INPUT_NEVER"
                """
            )
            let arguments =
                ["run", "runbook.yaml", "--id", "x", "--json"]
                + inputs(["up": up.path, "never": never.path])
            let run = try sandbox.start(arguments)
            try await up.line()
            run.signal(9)
            try await run.finish()
            let result = try await sandbox.succeed(arguments).json
            #expect(result["jobs"].elements.map { $0["how"] } == ["verified"])
            // What it said is kept with the operation.
            #expect(try await sandbox.succeed("log", "x").text.contains("verify: looking"))
        }
    }

    // MARK: The payload limit

    @Test func anInputOverTheLimitIsRefused() async throws {
        try await withSandbox(["--payload-limit", "2000"]) { sandbox in
            try sandbox.write(runbook(["a": "true"], inputs: ["v"]))
            for command in ["submit", "run"] {
                expect(
                    try await sandbox.daybook(
                        command,
                        "runbook.yaml",
                        "--id",
                        "x",
                        "--input",
                        "v=" + String(repeating: "v", count: 2_000)
                    ),
                    exits: 1,
                    saying: "this journal takes at most 2000"
                )
            }
            let status = try await sandbox.daybook("status", "x")
            #expect(status.status == 3, "nothing of it is recorded")
            try await sandbox.succeed("run", "runbook.yaml", "--id", "x", "--input", "v=small")
        }
    }

    @Test func anOutputOverTheLimitFailsTheJobForGood() async throws {
        try await withSandbox(["--payload-limit", "2000"]) { sandbox in
            try sandbox.write(
                runbook([
                    "a": "echo \"k=$(head -c 3000 /dev/zero | tr '\\000' x)\" > \"$DAYBOOK_OUTPUT\""
                ])
            )
            let result = try await sandbox.daybook("run", "runbook.yaml", "--id", "x")
            #expect(result.status == 7)
            #expect(result.errors.contains("at most 2000"))
            let show = try await sandbox.succeed("show", "x", "--json").json
            #expect(show["errorCode"] == "payload-too-large")
            try await sandbox.succeed("verify")
        }
    }

    /// Log lines that are too long are kept in pieces, and the job goes on.
    @Test func aLineOverTheLimitIsNotLostWithoutAWord() async throws {
        try await withSandbox(["--payload-limit", "2000"]) { sandbox in
            try sandbox.write(
                runbook([
                    "a": "echo before\nyes é | head -n 3000 | tr -d '\\n'\necho\necho after",
                    "b": "true",
                ])
            )
            let result = try await sandbox.succeed("run", "runbook.yaml", "--id", "x")
            #expect(result.text == "x completed\n")
            let lines = try await sandbox.loggedLines()
            #expect(lines.first == "before")
            #expect(lines.last == "after")
            let line = String(repeating: "é", count: 3_000)
            #expect(lines.dropFirst().dropLast().joined() == line)
            let show = try await sandbox.succeed("show", "x", "--json").json
            let jobs = show["operations"].elements.filter { $0["kind"] == "checkpoint" }
            #expect(jobs.first?["logLines"] == .integer(lines.count))
            try await sandbox.succeed("verify")
        }
    }

    /// Of a message that is too long the end is missing, and that is said.
    @Test func aMessageOverTheLimitSaysThatItIsCut() async throws {
        try await withSandbox(["--payload-limit", "2000"]) { sandbox in
            try sandbox.write(
                runbook(["a": "yes é | head -n 3000 | tr -d '\\n' >&2\nexit 3"])
            )
            let result = try await sandbox.daybook("run", "runbook.yaml", "--id", "x")
            #expect(result.status == 7)
            let show = try await sandbox.succeed("show", "x", "--json").json
            let error = try #require(show["error"].string)
            #expect(error.hasPrefix("the job a exited with status 3: éé"))
            #expect(error.hasSuffix("é … (cut: it had 6032 bytes)"), "\(error.suffix(60))")
            #expect(error.utf8.count <= 2_000)
            // Nothing of what the job wrote is missing in the log.
            let lines = try await sandbox.loggedLines()
            #expect(lines.joined() == String(repeating: "é", count: 3_000))
        }
    }
}
