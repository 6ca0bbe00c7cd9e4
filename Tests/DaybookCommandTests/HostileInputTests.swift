import DaybookSystem
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// One byte more than a name may have.
private let long = String(repeating: "x", count: 256)

/// Files and arguments that are not what they should be.
@Suite struct HostileInputTests {
    // MARK: Output files of jobs

    @Test(arguments: [
        (#"ln -s /dev/zero "$DAYBOOK_OUTPUT""#, "something other than a file"),
        (#"ln -s /etc/passwd "$DAYBOOK_OUTPUT""#, "something other than a file"),
        (#"ln -s none "$DAYBOOK_OUTPUT""#, "something other than a file"),
        (#"mkfifo "$DAYBOOK_OUTPUT""#, "something other than a file"),
        (#"mkdir "$DAYBOOK_OUTPUT""#, "something other than a file"),
        (
            #"mkdir -p "$DAYBOOK_OUTPUT/a/b"; ln -s /etc "$DAYBOOK_OUTPUT/a/etc""#,
            "something other than a file"
        ),
        (#"truncate -s 5G "$DAYBOOK_OUTPUT""#, "more than 16777216 bytes"),
    ])
    func anOutputFileThatIsNoneFailsTheJobAtOnce(_ script: String, _ reason: String) async throws {
        try await withSandbox { sandbox in
            try sandbox.write(runbook(["job": script]))
            let run = try await sandbox.daybook("run", "runbook.yaml", "--id", "x")
            #expect(run.status == 7)
            #expect(run.errors.contains("the job job "), "\(run.errors)")
            #expect(run.errors.contains(reason), "\(run.errors)")
            let show = try await sandbox.succeed("show", "x", "--json").json
            #expect(show["operations"][0]["errorCode"] == "invalid-output")
            // It is not left behind.
            let left = try await RunningCommand(
                ["find", sandbox.journal, "-name", "output-*", "-o", "-name", "*.exchange"]
            ).finish()
            #expect(left.text == "")
        }
    }

    /// What the first try has left in the file's place does not keep the second one from beginning.
    @Test func aTryBeginsWithoutWhatTheOneBeforeLeftAtItsOutput() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(
                """
                name: test
                blocks:
                - name: block
                  jobs:
                  - name: job
                    retry: { attempts: 2, delay: 1ms }
                    run: |
                      if test -e tried; then echo k=v > "$DAYBOOK_OUTPUT"; exit; fi
                      touch tried
                      mkdir -p "$DAYBOOK_OUTPUT/full/of/things"
                """
            )
            let run = try await sandbox.succeed("run", "runbook.yaml", "--id", "x", "--json").json
            #expect(run["output"]["outputs"]["job"] == ["k": "v"])
        }
    }

    // MARK: Runbooks

    @Test(arguments: ["/dev/zero", "/dev/null", "/", "pipe"])
    func aRunbookThatIsNoRegularFileIsRefused(_ path: String) async throws {
        try await withSandbox { sandbox in
            #expect(mkfifo(sandbox.folder + "/pipe", 0o600) == 0)
            for command in ["run", "submit"] {
                let result = try await sandbox.daybook(command, path, "--id", "x")
                expect(result, exits: 64, saying: path, "no regular file")
            }
            #expect(try await sandbox.entries().count == 1)
        }
    }

    @Test func aRunbookThatIsTooLargeIsNotRead() async throws {
        try await withSandbox { sandbox in
            try sandbox.write("name: x")
            #expect(truncate(sandbox.folder + "/runbook.yaml", 1 << 40) == 0)
            let result = try await sandbox.daybook("run", "runbook.yaml")
            expect(result, exits: 64, saying: "runbook.yaml", "more than 262144 bytes")
        }
    }

    @Test func aRunbookMayBeReachedByALink() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(runbook(["a": "true"]), to: "real.yaml")
            #expect(symlink("real.yaml", sandbox.folder + "/link.yaml") == 0)
            try await sandbox.succeed("run", "link.yaml", "--id", "x")
        }
    }

    // MARK: Arguments

    @Test(arguments: [
        #"run runbook.yaml --id "$(printf 'job-\344')""#, #"show "$(printf 'job-\366')""#,
        #"run runbook.yaml --input "v=$(printf '\377\376')""#,
        #"signal x "$(printf '\303')""#, #"list --type "$(printf '\300\200')""#,
    ])
    func argumentsThatAreNotUTF8AreRefused(_ words: String) async throws {
        try await withSandbox { sandbox in
            try sandbox.write(runbook(["a": "true"]))
            let result = try await RunningCommand(
                ["sh", "-c", "\"$0\" \(words)", DaybookProgram.path],
                environment: ["DAYBOOK_JOURNAL": sandbox.journal],
                folder: sandbox.folder
            ).finish()
            expect(result, exits: 64, saying: "the argument", "is not UTF-8")
            #expect(try await sandbox.entries().count == 1)
        }
    }

    @Test func aJournalsPathThatIsNotUTF8IsRefused() async throws {
        try await withSandbox { sandbox in
            let script = #"DAYBOOK_JOURNAL="$(printf '/tmp/\344')" "$0" list"#
            let result = try await RunningCommand(
                ["sh", "-c", script, DaybookProgram.path],
                folder: sandbox.folder
            ).finish()
            expect(result, exits: 64, saying: "DAYBOOK_JOURNAL", "is not UTF-8")
        }
    }

    @Test(arguments: [
        ["submit", "runbook.yaml", "--id", ""], ["submit", "runbook.yaml", "--id", long],
        ["submit", "runbook.yaml", "--id", "a\u{1B}b"], ["run", "runbook.yaml", "--id", ""],
        ["run", "runbook.yaml", "--id", long], ["run", "runbook.yaml", "--id", "a\nb"],
        ["exec", ""], ["exec", long], ["exec", "x", "--actor", ""],
        ["submit", "runbook.yaml", "--actor", long], ["run", "runbook.yaml", "--actor", ""],
        ["work", "--until-idle", "--actor", ""], ["signal", "", "name"], ["signal", long, "name"],
        ["signal", "x", ""], ["signal", "x", long], ["signal", "x", "a\u{1}"],
        ["signal", "x", "name", "--signal-id", ""], ["signal", "x", "name", "--signal-id", long],
        ["signal", "x", "name", "--actor", ""], ["approve", ""],
        ["approve", "x", "--signal", ""], ["approve", "x", "--actor", long],
        ["reject", long, "--reason", "r"], ["cancel", "", "--yes"], ["cancel", long, "--yes"],
        ["pause", "x", "--yes", "--actor", ""], ["retry", "", "--yes"], ["resume", "", "--yes"],
    ])
    func whatIsRefusedRecordsNothing(_ arguments: [String]) async throws {
        try await withSandbox { sandbox in
            try sandbox.write(runbook(["a": "true"]))
            let before = try await sandbox.succeed("submit", "runbook.yaml", "--id", "x")
            #expect(before.status == 0)
            let count = try await sandbox.entries().count
            expect(try await sandbox.daybook(arguments), exits: 64)
            #expect(try await sandbox.entries().count == count)
        }
    }

    @Test func aValueThatIsTooLargeRecordsNothing() async throws {
        try await withSandbox(["--payload-limit", "1000"]) { sandbox in
            try sandbox.write(runbook(["a": "true"]))
            try await sandbox.succeed("submit", "runbook.yaml", "--id", "x")
            let count = try await sandbox.entries().count
            let value = "\"\(String(repeating: "x", count: 999))\""
            let commands = [
                ["signal", "x", "name", value],
                ["cancel", "x", "--yes", "--reason", String(repeating: "x", count: 1_001)],
            ]
            for command in commands {
                expect(try await sandbox.daybook(command), exits: 1, saying: "1001 bytes", "1000")
            }
            #expect(try await sandbox.entries().count == count)
        }
    }
}
