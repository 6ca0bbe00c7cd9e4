import DaybookSystem
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// What `daybook redact` leaves and names, what is said of what is erased, and other processes at the same
/// moment.
@Suite struct RedactEdgeTests {
    private static let mark = "PLUTONIUM"

    /// An execution that has failed, and has its input from `--input word=…`.
    private func fail(_ id: String, in sandbox: Sandbox) async throws {
        try sandbox.write(Self.failing)
        try sandbox.write(Self.failing.replacing("exit 3", with: "exit 0"), to: "fixed.yaml")
        let run = ["run", "runbook.yaml", "--id", id, "--input", "word=\(Self.mark)"]
        #expect(try await sandbox.daybook(run).status == 7)
    }

    private static let failing = runbook(
        ["first": "echo \"for $INPUT_WORD\"", "second": "exit 3"],
        inputs: ["word"]
    )

    private func redact(_ arguments: String..., in sandbox: Sandbox) async throws -> CommandResult {
        try await sandbox.daybook(["redact", "--reason", "she asked", "--yes"] + arguments)
    }

    /// A fork begins with its origin's input, and under the same salt.
    @Test func whatHasTheSameInputIsNamed() async throws {
        try await withSandbox { sandbox in
            try await fail("a", in: sandbox)
            let fork = [
                "fork", "a", "--at", "second", "--runbook", "fixed.yaml", "--id", "b", "--yes",
            ]
            try await sandbox.succeed(fork)
            try await sandbox.succeed("work", "--until-idle")
            let plan = try await redact("a", "--dry-run", in: sandbox)
            #expect(plan.errors.contains("same input: b"), "\(plan.errors)")
            let done = try await redact("a", "--json", in: sandbox)
            #expect(try done.json["executions"][0]["sharing"][0] == "b", "\(done.text)")
            let other = try await redact("b", in: sandbox)
            #expect(!other.errors.contains("same input"), "\(other.errors)")
            let words = try await sandbox.succeed("export").text
            #expect(!words.contains(Self.mark))
        }
    }

    @Test func anOriginThatHasTheSameInputIsNamed() async throws {
        try await withSandbox { sandbox in
            try await fail("a", in: sandbox)
            let fork = [
                "fork", "a", "--at", "second", "--runbook", "fixed.yaml", "--id", "b", "--yes",
            ]
            try await sandbox.succeed(fork)
            try await sandbox.succeed("work", "--until-idle")
            let first = try await redact("b", in: sandbox)
            #expect(first.errors.contains("same input: a"), "\(first.errors)")
            // Both are asked for: neither is left.
            let both = try await redact("a", "b", in: sandbox)
            #expect(!both.errors.contains("same input"), "\(both.errors)")
        }
    }

    @Test func itsFilesGoAlsoWhereTheyWereKeptElsewhere() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(
                runbook(["first": "echo x > \"$WORKSPACE/file\"", "second": "exit 3"])
            )
            let kept = ["--workspaces", "kept"]
            let run = ["run", "runbook.yaml", "--id", "a"] + kept
            #expect(try await sandbox.daybook(run).status == 7)
            let names = try Folder.names(in: sandbox.folder + "/kept")
            let folder = sandbox.folder + "/kept/" + (try #require(names.first))
            #expect(try !Folder.names(in: folder).isEmpty)
            let result = try await redact("a", kept[0], kept[1], in: sandbox)
            #expect(result.status == 0, "\(result.errors)")
            #expect(try Folder.names(in: folder).isEmpty)
        }
    }

    @Test func whatIsErasedIsNotAdvisedToBeRetried() async throws {
        try await withSandbox { sandbox in
            try await fail("a", in: sandbox)
            #expect(try await sandbox.succeed("why", "a").text.contains("daybook retry"))
            try #require(try await redact("a", in: sandbox).status == 0)
            let why = try await sandbox.succeed("why", "a").text
            #expect(!why.contains("daybook retry"), "\(why)")
            #expect(why.contains("erased"), "\(why)")
        }
    }

    @Test func whoeverAsksAgainIsToldThatNothingIsLeft() async throws {
        try await withSandbox { sandbox in
            try await fail("a", in: sandbox)
            try #require(try await redact("a", in: sandbox).status == 0)
            for more in [[], ["--dry-run"]] {
                let again = try await sandbox.daybook(
                    ["redact", "a", "--reason", "she asked", "--yes"] + more
                )
                #expect(again.status == 0)
                #expect(again.text.contains("a  nothing is left to erase"), "\(again.text)")
            }
        }
    }

    @Test func anErasedArchiveIsSaidToBe() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(runbook(["first": "echo x > \"$WORKSPACE/file\""]))
            try await sandbox.succeed("run", "runbook.yaml", "--id", "a")
            #expect(!(try await sandbox.succeed("workspace", "a").text).contains("erased"))
            try #require(try await redact("a", in: sandbox).status == 0)
            #expect(try await sandbox.succeed("workspace", "a").text.contains("(erased)"))
            let json = try await sandbox.succeed("workspace", "a", "--json").json
            #expect(json["saved"][0]["erased"] == true)
            let shown = try await sandbox.succeed("show", "a").text
            #expect(shown.contains("workspace  1 file, 2 bytes (erased)"), "\(shown)")
        }
    }

    /// They are wiped in the same commit, also by who has no key, and so cannot find them in a reason.
    @Test func secretsThatAreWipedAreCounted() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(
                "name: test\nsecrets: [TOKEN]\nblocks:\n- name: b\n  jobs:\n  - name: a\n    run: exit 3\n"
            )
            for (name, text) in [("key", String(repeating: "ab", count: 32)), ("token", "hunter2")]
            {
                try sandbox.write(text, to: name)
                try #require(chmod(sandbox.folder + "/" + name, 0o600) == 0)
            }
            let run = ["run", "runbook.yaml", "--id", "a", "--secret", "TOKEN=@token"]
            let failed = try await sandbox.daybook(run + ["--key-file", "key"])
            try #require(failed.status == 7, "\(failed.errors)")
            let result = try await redact("a", in: sandbox)
            #expect(result.status == 0, "\(result.errors)")
            #expect(result.text.contains(" bytes; 1 secret is wiped"), "\(result.text)")
            let again = try await redact("a", "--json", in: sandbox)
            #expect(try again.json["executions"][0]["secrets"] == .integer(0))
        }
    }

    /// The digest of what a checkpoint declares is keyed with the salt of the execution's input.
    @Test func oneEntryLeavesADigestThatIsNamed() async throws {
        try await withSandbox { sandbox in
            try await fail("a", in: sandbox)
            let log = try await sandbox.entries().first { $0["event"] == "log_recorded" }
            let number = try #require(log?["sequence"].integer)
            let result = try await redact("--entry", "\(number)", in: sandbox)
            #expect(result.status == 0, "\(result.errors)")
            #expect(result.errors.contains("digest"), "\(result.errors)")
            let all = try await redact("a", in: sandbox)
            #expect(!all.errors.contains("digest"), "\(all.errors)")
        }
    }

    // MARK: Other processes

    /// Both erase it in part, or one all of it: what they say comes to all of it.
    @Test func twoAtTheSameMomentEraseItOnce() async throws {
        try await withSandbox { sandbox in
            try await fail("a", in: sandbox)
            let plan = try await redact("a", "--dry-run", "--json", in: sandbox).json
            let command = ["redact", "a", "a", "--reason", "she asked", "--yes", "--json"]
            let started = try (0..<3).map { _ in try sandbox.start(command) }
            var payloads = 0
            for command in started {
                let result = try await command.finish()
                try #require(result.status == 0, "\(result.errors)")
                #expect(try result.json["executions"][1] == .null)
                payloads += try result.json["executions"][0]["payloads"].integer ?? 0
            }
            #expect(payloads == plan["executions"][0]["payloads"].integer)
            try await sandbox.succeed("verify")
        }
    }

    /// Either it is open again, and is not erased, or it is erased, and stays closed.
    @Test func aRetryAtTheSameMomentIsGrantedOrItIsErased() async throws {
        try await withSandbox { sandbox in
            for round in 0..<8 {
                try await fail("a-\(round)", in: sandbox)
                let commands = [
                    ["retry", "a-\(round)", "--reason", "again", "--yes"],
                    ["redact", "a-\(round)", "--reason", "she asked", "--yes"],
                ]
                // Each is started first in turn.
                let order = round.isMultiple(of: 2) ? [0, 1] : [1, 0]
                let started = try order.map { try sandbox.start(commands[$0]) }
                var statuses: [Int32: Int] = [:]
                for command in started {
                    let result = try await command.finish()
                    statuses[result.status, default: 0] += 1
                    #expect([0, 4].contains(result.status), "\(result.errors)")
                }
                #expect(statuses == [0: 1, 4: 1])
            }
            try await sandbox.succeed("verify")
        }
    }

    @Test func whoeverFollowsReadsOn() async throws {
        try await withSandbox { sandbox in
            try await fail("a", in: sandbox)
            let follow = try sandbox.start("log", "--follow")
            try await follow.line(containing: "execution_failed")
            try #require(try await redact("a", in: sandbox).status == 0)
            try await follow.line(containing: "payloads_erased")
            follow.signal(SIGTERM)
            let result = try await follow.finish()
            #expect(result.text.contains("for \(Self.mark)"), "\(result.text)")
            #expect(result.errors.isEmpty, "\(result.errors)")
            let later = try await sandbox.succeed("log").text
            #expect(!later.contains(Self.mark))
        }
    }

    /// What is advised can be done.
    @Test func noRetryIsAdvisedOfAForkWhoseOriginIsErased() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(runbook(["a1": "echo one", "a2": "exit 3"]))
            let run = ["run", "runbook.yaml", "--id"]
            #expect(try await sandbox.daybook(run + ["l1"]).status == 7)
            try await sandbox.succeed("fork", "l1", "--at", "a2", "--id", "l2", "--yes")
            #expect(try await sandbox.daybook(run + ["l2"]).status == 7)
            let before = try await sandbox.succeed("why", "l2").text
            #expect(before.contains("daybook retry"), "\(before)")
            try await sandbox.succeed("redact", "l1", "--reason", "asked to", "--yes")
            let after = try await sandbox.succeed("why", "l2").text
            #expect(!after.contains("daybook retry"), "\(after)")
            #expect(after.contains("it is a fork that goes on by what l1 has recorded"), "\(after)")
            #expect(try await sandbox.daybook("retry", "l2", "--yes").status == 4)
        }
    }

    /// A fork whose origin is erased is refused in words, also where the runbook has jobs for a bad end.
    @Test func aForkOfAForkWhoseOriginIsErasedIsRefused() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(
                """
                name: x
                blocks:
                  - name: b
                    jobs:
                      - { name: a1, run: echo one }
                      - { name: a2, run: exit 3 }
                      - { name: e, run: echo end }
                on_failure:
                  - { name: tell, run: echo told }
                """
            )
            let run = ["run", "runbook.yaml", "--id"]
            #expect(try await sandbox.daybook(run + ["u1"]).status == 7)
            try await sandbox.succeed(
                ["fork", "u1", "--at", "a2", "--with", #"{"outputs":{}}"#, "--id", "u2", "--yes"]
            )
            try await sandbox.succeed(run + ["u2"])
            try await sandbox.succeed("redact", "u1", "--reason", "asked to", "--yes")
            for operation in ["e", "a2"] {
                for more in [["--dry-run"], ["--yes"]] {
                    let fork = try await sandbox.daybook(["fork", "u2", "--at", operation] + more)
                    #expect(fork.status == 4, "\(fork)")
                    #expect(fork.errors.contains("submit a new execution"), "\(fork.errors)")
                }
            }
        }
    }
}
