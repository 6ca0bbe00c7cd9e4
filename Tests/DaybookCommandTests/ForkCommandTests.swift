import Testing

/// `daybook fork`: with a corrected runbook, another input, or a result by hand.
@Suite struct ForkCommandTests {
    private static func text(_ push: String, first: String = "compile") -> String {
        """
        name: release
        inputs:
          v: { type: string, required: true }
        blocks:
          - name: build
            jobs:
              - { name: \(first), run: 'echo compile >> "$INPUT_V.ran"; echo "hash=$INPUT_V-1" >> "$DAYBOOK_OUTPUT"' }
          - name: publish
            jobs:
              - { name: push, run: '\(push)' }
          - name: tell
            jobs:
              - { name: mail, run: 'echo "mail $OUTPUT_COMPILE_HASH" >> "$INPUT_V.ran"' }

        """
    }

    private func withFailed(_ body: (Sandbox, String) async throws -> Void) async throws {
        try await withSandbox { sandbox in
            let place = sandbox.folder + "/v"
            try sandbox.write(Self.text("exit 3"))
            let run = try await sandbox.daybook(
                "run",
                "runbook.yaml",
                "--id",
                "rel",
                "--input",
                "v=\(place)"
            )
            #expect(run.status == 7)
            try await body(sandbox, place)
            try await sandbox.succeed("verify")
            let python = try await Python.withPackages("lmdb", "google.protobuf")
            let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
            let result = try await RunningCommand(
                [python, "/\(root)/tools/journal.py", "verify", sandbox.journal],
                environment: ["PYTHONDONTWRITEBYTECODE": "1"]
            ).finish()
            #expect(result.status == 0, "\(result)")
        }
    }

    @Test func aCorrectedRunbookGoesOnWhereTheOtherFailed() async throws {
        try await withFailed { sandbox, place in
            try sandbox.write(Self.text("echo pushed"), to: "fixed.yaml")
            let fork = try await sandbox.succeed(
                "fork",
                "rel",
                "--at",
                "push",
                "--runbook",
                "fixed.yaml",
                "--id",
                "rel-2",
                "--reason",
                "a typo",
                "--yes"
            )
            #expect(fork.text == "rel-2\n")
            #expect(fork.errors.contains("it goes on at push (1) of rel"))
            try await sandbox.succeed("work", "--until-idle")
            #expect(try await sandbox.succeed("status", "rel-2").text == "completed\n")
            let ran = try await RunningCommand(["cat", place + ".ran"]).finish().text
            #expect(ran == "compile\nmail \(place)-1\n")
            #expect(try await sandbox.succeed("show", "rel").text.contains("forked as  rel-2"))
            let show = try await sandbox.succeed("show", "rel-2").text
            #expect(show.contains("fork of    rel, at push (1)"))
            let json = try await sandbox.succeed("show", "rel-2", "--json").json
            #expect(json["fork"]["origin"].string == "rel")
            #expect(json["fork"]["name"].string == "push")
            #expect(json["operations"][0]["name"].string == "compile")
            let log = try await sandbox.succeed("log", "rel-2").text
            #expect(log.contains("rel-2 (runbook), fork of") && log.contains("a typo"))
            // Asked again it is the same one.
            let again = try await sandbox.succeed(
                "fork",
                "rel",
                "--at",
                "push",
                "--runbook",
                "fixed.yaml",
                "--id",
                "rel-2",
                "--yes",
                "--json"
            )
            let existed = try again.json["existed"]
            #expect(existed == true)
        }
    }

    @Test func aRunbookThatDisagreesIsRefusedWithTheDifference() async throws {
        try await withFailed { sandbox, _ in
            let before = try await sandbox.succeed("list").text
            try sandbox.write(Self.text("echo pushed", first: "make"), to: "other.yaml")
            let refused = try await sandbox.daybook(
                "fork",
                "rel",
                "--at",
                "push",
                "--runbook",
                "other.yaml",
                "--yes"
            )
            #expect(refused.status == 4)
            #expect(refused.errors.contains("rel cannot be forked at push (1): before that,"))
            #expect(refused.errors.contains("\"make\"") && refused.errors.contains("\"compile\""))
            // Where that is said in the text, and not where its reader is programmed.
            #expect(refused.errors.contains("at runbook release:7"), "\(refused.errors)")
            // It is written in YAML: there is no code to change.
            #expect(
                refused.errors.contains(
                    "leave the blocks and jobs before that as they are recorded"
                )
            )
            #expect(!refused.errors.contains("context."), "\(refused.errors)")
            let unknown = try await sandbox.daybook("fork", "rel", "--at", "nothing", "--yes")
            #expect(unknown.errors.contains("rel has recorded no operation \"nothing\""))
            #expect(unknown.status == 3)
            #expect(try await sandbox.succeed("list").text == before)
        }
    }

    @Test func aResultThatIsGivenIsMarkedAsAPersons() async throws {
        try await withFailed { sandbox, place in
            try sandbox.write(Self.text("echo pushed"), to: "fixed.yaml")
            try await sandbox.succeed(
                "fork",
                "rel",
                "--at",
                "push",
                "--runbook",
                "fixed.yaml",
                "--id",
                "rel-2",
                "--with",
                #"{"outputs":{"by":"hand"}}"#,
                "--actor",
                "eve",
                "--yes"
            )
            try await sandbox.succeed("work", "--until-idle")
            #expect(try await sandbox.succeed("status", "rel-2").text == "completed\n")
            let show = try await sandbox.succeed("show", "rel-2").text
            #expect(show.contains("success, given"))
            let log = try await sandbox.succeed("log", "rel-2").text
            #expect(log.contains("operation_resolved  push, done, by eve"))
            let wrong = try await sandbox.daybook(
                "fork",
                "rel",
                "--at",
                "push",
                "--with",
                "7",
                "--yes"
            )
            #expect(wrong.status == 64)
            #expect(wrong.errors.contains("a job of a runbook gives its outputs"))
        }
    }

    /// A result by hand has what follows from others, as what the job records has: its declared outputs.
    @Test func aResultThatIsGivenHasTheDeclaredOutputs() async throws {
        try await withSandbox { sandbox in
            let text = { (push: String) in
                """
                name: release
                inputs:
                  v: { type: string, default: "7" }
                blocks:
                  - name: publish
                    jobs:
                      - name: push
                        run: '\(push)'
                        output: { tag: "v${{ inputs.v }}", by: job }
                  - name: tell
                    jobs:
                      - { name: mail, run: 'echo "$OUTPUT_PUSH_TAG by $OUTPUT_PUSH_BY" > \(sandbox.folder)/mail' }

                """
            }
            try sandbox.write(text("exit 3"))
            #expect(try await sandbox.daybook("run", "runbook.yaml", "--id", "rel").status == 7)
            let with = #"{"outputs":{"by":"hand"}}"#
            let fork = ["fork", "rel", "--at", "push", "--id", "rel-2", "--with", with, "--yes"]
            try await sandbox.succeed(fork)
            let work = try await sandbox.succeed("work", "--until-idle")
            #expect(try await sandbox.succeed("status", "rel-2").text == "completed\n")
            let mail = try await RunningCommand(["cat", sandbox.folder + "/mail"]).finish().text
            #expect(mail == "v7 by hand\n")
            #expect(!work.errors.contains("found done"), "\(work.errors)")
            // It is recorded, and not made up anew by whoever looks.
            let show = try await sandbox.succeed("show", "rel-2").text
            #expect(show.contains("by=hand, tag=v7") && show.contains("success, given"), "\(show)")
            let log = try await sandbox.succeed("log", "rel-2").text
            #expect(log.contains("push (given)") && !log.contains("found done"), "\(log)")
            try await sandbox.succeed("verify")
        }
    }

    /// Whoever watches it is told who gave it.
    @Test func whoRunsAForkIsToldThatAPersonGaveAResult() async throws {
        try await withFailed { sandbox, place in
            let fork = ["fork", "rel", "--at", "push", "--id", "rel-2", "--yes", "--with"]
            try await sandbox.succeed(fork + [#"{"outputs":{}}"#])
            let run = ["run", "runbook.yaml", "--id", "rel-2", "--input", "v=\(place)"]
            let result = try await sandbox.daybook(run)
            #expect(result.status == 0, "\(result.errors)")
            #expect(result.errors.contains("given by a person"), "\(result.errors)")
            #expect(!result.errors.contains("found done"))
        }
    }

    @Test func aForkThatIsThereWithAnotherRunbookIsAConflictWithTheDifference() async throws {
        try await withFailed { sandbox, _ in
            let fork = ["fork", "rel", "--at", "push", "--id", "again", "--yes"]
            try await sandbox.succeed(fork)
            try await sandbox.succeed(fork)
            try sandbox.write(Self.text("echo pushed"), to: "fixed.yaml")
            let other = try await sandbox.daybook(fork + ["--runbook", "fixed.yaml"])
            #expect(other.status == 4, "\(other)")
            #expect(other.errors.contains("recorded (-) and given (+):"))
            #expect(other.errors.contains("+ ") && other.errors.contains("echo pushed"))
            let input = try await sandbox.daybook(fork + ["--input", "v=other"])
            #expect(input.status == 4 && input.errors.contains("+ input v=other"), "\(input)")
        }
    }

    /// It may have something that is not for a terminal.
    @Test func aResultThatIsNoneIsRefusedAndNotRepeated() async throws {
        try await withFailed { sandbox, _ in
            for (text, words) in [
                (#"{"outputs":{},"output":{"k":"hunter2"}}"#, "no field \"output\""),
                (#"{"outputs":"hunter2"}"#, "something else"), ("hunter2", "something else"),
            ] {
                let fork = try await sandbox.daybook(
                    ["fork", "rel", "--at", "push", "--with", text, "--yes"]
                )
                #expect(fork.status == 64, "\(fork)")
                #expect(fork.errors.contains(words) && !fork.errors.contains("hunter2"))
            }
            let empty = try await sandbox.daybook(["fork", "rel", "--at", "", "--yes"])
            #expect(empty.status == 3)
            #expect(empty.errors.contains("no operation \"\""))
        }
    }

    @Test func anApprovalIsForkedAtByTheNameThatIsShown() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(
                """
                name: a
                blocks:
                - { name: ap, approval: { signal: go } }
                - name: b
                  jobs: [ { name: j, run: exit 1 } ]
                """
            )
            try await sandbox.succeed("submit", "runbook.yaml", "--id", "a")
            try await sandbox.succeed("exec", "a")
            try await sandbox.succeed("work", "--until-idle")
            try await sandbox.succeed("approve", "a")
            let run = try await sandbox.daybook("run", "runbook.yaml", "--id", "a")
            #expect(run.status == 7, "\(run)")
            let fork = try await sandbox.succeed("fork", "a", "--at", "ap", "--id", "f", "--yes")
            #expect(fork.errors.contains("it goes on at go (0) of a"))
        }
    }
}
