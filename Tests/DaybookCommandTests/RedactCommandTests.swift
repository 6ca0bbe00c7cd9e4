import DaybookSystem
import FoundationEssentials
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// `daybook redact`: what it erases, what it refuses, what it leaves, and what is said of it afterwards.
@Suite struct RedactCommandTests {
    private static let mark = "PLUTONIUM"

    /// A completed execution whose job has said a word of its own.
    private func run(
        _ id: String,
        _ word: String = mark,
        _ more: [String] = [],
        in sandbox: Sandbox
    ) async throws {
        let job = "echo 'for \(word)'; echo 'value=\(word)' >> \"$DAYBOOK_OUTPUT\""
        try sandbox.write(runbook(["first": job]))
        try await sandbox.succeed(["run", "runbook.yaml", "--id", id] + more)
    }

    private func redact(_ arguments: String..., in sandbox: Sandbox) async throws -> CommandResult {
        try await sandbox.daybook(["redact", "--reason", "she asked", "--yes"] + arguments)
    }

    private func verify(_ sandbox: Sandbox) async throws {
        try await sandbox.succeed("verify")
        let python = try await Python.withPackages("lmdb", "google.protobuf")
        let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let result = try await RunningCommand(
            [python, "/\(root)/tools/journal.py", "verify", sandbox.journal],
            environment: ["PYTHONDONTWRITEBYTECODE": "1"]
        ).finish()
        #expect(result.status == 0, "\(result.errors)")
    }

    /// The payloads that are there, in an export.
    private func exported(_ sandbox: Sandbox) async throws -> String {
        try await sandbox.succeed("export").text
    }

    private func numbers(_ entries: [JSON]) -> [Int] {
        entries.compactMap { $0["sequence"].integer }
    }

    @Test func thePayloadsGoAndEverythingElseStays() async throws {
        try await withSandbox { sandbox in
            try await run("a", in: sandbox)
            try await run("b", "URANIUM", in: sandbox)
            let before = try await sandbox.entries()
            let result = try await redact("a", in: sandbox)
            #expect(result.status == 0, "\(result.errors)")
            #expect(result.text.contains("a  erased "))
            #expect(result.errors.contains("not reached: backups"))
            let after = try await sandbox.entries()
            for (old, new) in zip(before, after) {
                #expect(old["entry"].string == new["entry"].string)
            }
            let text = try await exported(sandbox)
            let encoded = Data("\"for \(Self.mark)\"".utf8).base64EncodedString()
            #expect(!text.contains(Self.mark) && !text.contains(encoded))
            #expect(!(try await sandbox.succeed("log").text).contains(Self.mark))
            #expect(try await sandbox.succeed("log").text.contains("URANIUM"))
            try await verify(sandbox)
            // What asked for it stays, and is told where a payload was.
            let user = try await sandbox.user()
            let show = try await sandbox.succeed("show", "a").text
            #expect(show.contains("payloads   erased by \(user), 2"))
            #expect(show.contains(": she asked"))
            #expect(!show.contains(Self.mark))
            let number = try #require(
                after.first { $0["event"] == "checkpoint_succeeded" }?["sequence"].integer
            )
            let entry = try await sandbox.succeed("entry", "\(number)").text
            #expect(entry.contains("(erased by \(user), 2") && entry.contains(": she asked)"))
            let json = try await sandbox.succeed("entry", "\(number)", "--json").json
            #expect(json["erasure"]["request"]["reason"] == "she asked")
            let shown = try await sandbox.succeed("show", "a", "--json").json
            #expect(shown["erasure"]["request"]["reason"] == "she asked")
            #expect(shown["erasedBy"].integer == shown["erasure"]["entry"].integer)
        }
    }

    @Test func whatIsErasedIsNeitherRunNorForkedAndItsIDIsNotGivenAgain() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(runbook(["first": "exit 3"]))
            #expect(try await sandbox.daybook("run", "runbook.yaml", "--id", "a").status == 7)
            #expect(try await redact("a", in: sandbox).status == 0)
            let commands = [
                ["retry", "a", "--yes"], ["submit", "runbook.yaml", "--id", "a"],
                ["run", "runbook.yaml", "--id", "a"],
            ]
            for command in commands {
                let result = try await sandbox.daybook(command)
                #expect(result.status == 4, "\(command): \(result.errors)")
                #expect(result.errors.contains("erased"), "\(command): \(result.errors)")
            }
            // Again: nothing is left to do, and nothing is recorded but sessions.
            let before = try await sandbox.events().count { $0 == "payloads_erased" }
            #expect(try await redact("a", in: sandbox).status == 0)
            #expect(try await sandbox.events().count { $0 == "payloads_erased" } == before)
            try await verify(sandbox)
        }
    }

    @Test func whatIsOpenOrUnknownIsRefused() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(runbook(["first": "true"]))
            try await sandbox.succeed("submit", "runbook.yaml", "--id", "a")
            for more in [[], ["--dry-run"]] {
                let open = try await sandbox.daybook(["redact", "a", "--reason", "x", "-y"] + more)
                #expect(open.status == 4 && open.errors.contains("cancel it"), "\(open.errors)")
            }
            #expect(try await redact("nobody", in: sandbox).status == 3)
            #expect(try await sandbox.daybook("redact", "a", "--yes").status == 64)
            #expect(try await redact(in: sandbox).status == 64)
            #expect(try await redact("a", "--entry", "1", in: sandbox).status == 64)
            #expect(try await redact("--status", "running", in: sandbox).status == 64)
            #expect(try await redact("--entry", "0", in: sandbox).status == 3)
        }
    }

    @Test func aRuleFindsWhatIsMeantAndADryRunLeavesItThere() async throws {
        try await withSandbox { sandbox in
            try await run("a", "one", ["--label", "customer=7"], in: sandbox)
            try await run("b", "two", ["--label", "customer=8"], in: sandbox)
            try await run("c", "three", ["--label", "customer=7"], in: sandbox)
            let events = try await sandbox.events().count
            let plan = try await redact("--label", "customer=7", "--dry-run", "--json", in: sandbox)
            let all = try plan.json
            #expect(all["dryRun"] == true)
            #expect(all["executions"][0]["id"] == "a" && all["executions"][1]["id"] == "c")
            #expect((all["executions"][0]["bytes"].integer ?? 0) > 0)
            #expect(try await sandbox.events().count == events)
            let old = try await redact(
                "--older-than",
                "90d",
                "--status",
                "completed,failed",
                in: sandbox
            )
            #expect(old.status == 0 && old.text.isEmpty, "\(old.text)")
            let done = try await redact("--label", "customer=7", "--json", in: sandbox)
            #expect(try done.json["executions"][1]["id"] == "c")
            let entries = try await sandbox.entries().filter { $0["event"] == "payloads_erased" }
            #expect(entries.count == 2)
            #expect(entries.allSatisfy { $0["data"]["cause"] == "CAUSE_POLICY" })
            let text = try await sandbox.succeed("log").text
            #expect(text.contains("for two") && !text.contains("for one"))
            // What is erased is not found again.
            #expect(try await redact("--label", "customer=7", in: sandbox).text.isEmpty)
            try await verify(sandbox)
        }
    }

    /// Who asks by a label means all that have it; who says how old they are means what has ended.
    @Test func whatIsOpenAndHasTheLabelIsNamed() async throws {
        try await withSandbox { sandbox in
            try sandbox.write("name: x\nblocks:\n- { name: ok, approval: { signal: go } }\n")
            let label = ["--label", "customer=9"]
            try await sandbox.succeed(["submit", "runbook.yaml", "--id", "q"] + label)
            try await sandbox.succeed("exec", "q")
            try await sandbox.succeed("work", "--until-idle")
            for more in [[], ["--dry-run"]] {
                let left = try await sandbox.daybook(
                    ["redact", "--reason", "asked to", "--yes"] + label + more
                )
                #expect(left.status == 4, "\(left)")
                #expect(left.errors.contains("not erased: payloads of q "), "\(left.errors)")
            }
            let old = try await redact(
                "--label",
                "customer=9",
                "--older-than",
                "90d",
                in: sandbox
            )
            #expect(old.status == 0 && old.errors.contains("nothing is left"), "\(old)")
        }
    }

    @Test func oneEntryOfAnExecutionLosesItsPayloads() async throws {
        try await withSandbox { sandbox in
            try await run("a", in: sandbox)
            let entries = try await sandbox.entries()
            let log = try #require(
                entries.first { $0["event"] == "log_recorded" }?["sequence"].integer
            )
            let dry = try await redact("--entry", "\(log)", "--dry-run", in: sandbox)
            #expect(dry.errors.contains("neither retried nor forked any more"), "\(dry)")
            #expect(try await redact("--entry", "\(log)", in: sandbox).status == 0)
            #expect(!(try await sandbox.succeed("log").text).contains("for \(Self.mark)"))
            #expect(try await sandbox.succeed("show", "a").text.contains(Self.mark))
            #expect(try await sandbox.daybook("retry", "a", "--yes").status == 4)
            try await verify(sandbox)
        }
    }

    /// Killed at each write of the commits by which it erases: it has erased, or it has not, and whoever
    /// asks again goes on.
    @Test func killedAtAnyWriteItIsDoneOrNotAndGoesOn() async throws {
        let strace = "/usr/bin/strace"
        if try FileStatus.of(strace) == nil {
            try Test.cancel("strace, which kills at a write, is not installed")
        }
        try await withSandbox { sandbox in
            for id in ["a", "b", "c"] { try await run(id, in: sandbox) }
            var number = 0
            var killed = 0
            for call in ["pwrite64", "fdatasync", "unlink"] {
                var place = 1
                while true {
                    var faulty = sandbox
                    faulty.launcher = [
                        strace, "-f", "-qq", "-o", "/dev/null", "-e", "trace=\(call)", "-e",
                        "inject=\(call):signal=SIGKILL:when=\(place)",
                    ]
                    number += 1
                    let id = ["a", "b", "c"][number % 3]
                    let result = try await faulty.daybook(
                        ["redact", id, "--reason", "she asked", "--yes"]
                    )
                    if result.errors.contains("not permitted") {
                        try Test.cancel("strace may not trace here: \(result.errors)")
                    }
                    if result.status == 0 { break }
                    killed += 1
                    let context = "\(call) \(place): \(result.status) \(result.errors)"
                    let verified = try await sandbox.daybook("verify")
                    #expect(verified.status == 0, "\(context): \(verified.errors)")
                    try #require(place < 60, "\(context)")
                    place += 1
                }
            }
            #expect(killed > 5)
            for id in ["a", "b", "c"] { #expect(try await redact(id, in: sandbox).status == 0) }
            #expect(!(try await exported(sandbox)).contains(Self.mark))
            #expect(!(try await sandbox.succeed("log").text).contains(Self.mark))
            try await verify(sandbox)
        }
    }
}
