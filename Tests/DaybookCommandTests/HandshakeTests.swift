import DaybookSystem
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// Submit, execute, work: each step may be asked for again.
@Suite struct HandshakeTests {
    private static let text = runbook(
        ["one": "echo \"$INPUT_V\" >> \"$INPUT_LEDGER\""],
        inputs: ["v", "ledger"]
    )

    /// The journal that all other commands would use.
    @Test func aJournalIsMadeWhereTheEnvironmentNamesIt() async throws {
        try await withSandbox { sandbox in
            let path = sandbox.folder + "/made.daybook"
            let made = try await RunningCommand(
                [DaybookProgram.path, "init"],
                environment: ["DAYBOOK_JOURNAL": path],
                folder: sandbox.folder
            ).finish()
            #expect(made.status == 0, "\(made)")
            #expect(try FileStatus.of(path)?.isFolder == true)
        }
    }

    private func withRunbook(_ body: (Sandbox, [String]) async throws -> Void) async throws {
        try await withSandbox { sandbox in
            try sandbox.write(Self.text)
            let ledger = sandbox.folder + "/ledger"
            let arguments = [
                "runbook.yaml", "--id", "x", "--input", "v=1", "--input", "ledger=\(ledger)",
            ]
            try await body(sandbox, arguments)
            try await sandbox.succeed("verify")
        }
    }

    @Test func eachStepIsRecordedAndMayBeAskedForAgain() async throws {
        try await withRunbook { sandbox, arguments in
            #expect(try await sandbox.succeed(["submit"] + arguments).text == "x\n")
            #expect(try await sandbox.succeed("status", "x").text == "submitted\n")
            let again = try await sandbox.succeed(["submit", "--json"] + arguments).json
            #expect(again["existed"] == true)
            #expect(again["status"] == "submitted")
            // Nothing runs that was not asked for.
            #expect(try await sandbox.succeed("work", "--until-idle").text == "")
            #expect(try await sandbox.succeed("status", "x").text == "submitted\n")

            #expect(try await sandbox.succeed("exec", "x").text == "ready\n")
            #expect(try await sandbox.succeed("exec", "x").text == "ready\n")
            #expect(try await sandbox.succeed("status", "x").text == "ready\n")

            let work = try await sandbox.succeed("work", "--until-idle").text
            #expect(work == "x started\nx completed\n")
            #expect(try await sandbox.succeed("status", "x").text == "completed\n")
            #expect(try await sandbox.succeed("exec", "x").text == "completed\n")
            let last = try await sandbox.succeed(["submit", "--json"] + arguments).json
            #expect(last["existed"] == true)
            #expect(last["status"] == "completed")
            #expect(try await sandbox.succeed("work", "--until-idle").text == "")

            #expect(try readText(sandbox.folder + "/ledger") == "1\n")
            let events = try await sandbox.events().filter { $0.hasPrefix("execution_") }
            #expect(
                events == [
                    "execution_submitted", "execution_readied", "execution_claimed",
                    "execution_completed",
                ]
            )
        }
    }

    @Test func runGoesOnWithWhatWasSubmitted() async throws {
        try await withRunbook { sandbox, arguments in
            try await sandbox.succeed(["submit"] + arguments)
            let result = try await sandbox.succeed(["run"] + arguments)
            #expect(result.text == "x completed\n")
            #expect(result.errors.contains("submitted before"))
            #expect(try readText(sandbox.folder + "/ledger") == "1\n")
        }
    }

    @Test func anIDIsGivenWhenThereIsNone() async throws {
        try await withRunbook { sandbox, arguments in
            let anonymous = arguments.filter { $0 != "--id" && $0 != "x" }
            var ids: Set<String> = []
            for _ in 0..<2 {
                let id = try await sandbox.succeed(["submit"] + anonymous).text.dropLast()
                #expect(
                    id.wholeMatch(of: /[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f-]{17}/) != nil
                )
                #expect(try await sandbox.succeed("status", String(id)).text == "submitted\n")
                ids.insert(String(id))
            }
            #expect(ids.count == 2)
        }
    }

    @Test func aRunOfOneLeavesOthersAlone() async throws {
        try await withRunbook { sandbox, arguments in
            try await sandbox.succeed(["submit"] + arguments)
            try await sandbox.succeed("exec", "x")
            let other = arguments.map { $0 == "x" ? "y" : $0 }
            try await sandbox.succeed(["run"] + other)
            #expect(try await sandbox.succeed("status", "x").text == "ready\n")
            #expect(try await sandbox.succeed("status", "y").text == "completed\n")
        }
    }

    @Test func workTakesAllThatIsReadySideBySide() async throws {
        try await withSandbox { sandbox in
            // Each of three waits until all three run.
            let gates = try (0..<3).map { try Gate("\(sandbox.folder)/gate\($0)") }
            try sandbox.write(
                runbook(
                    ["one": "echo up > \"$INPUT_UP\"\nread -r line < \"$INPUT_GATE\""],
                    inputs: ["up", "gate"]
                )
            )
            let up = try Gate(sandbox.folder + "/up")
            for (number, gate) in gates.enumerated() {
                try await sandbox.succeed(
                    ["submit", "runbook.yaml", "--id", "w\(number)"]
                        + inputs(["up": up.path, "gate": gate.path])
                )
                try await sandbox.succeed("exec", "w\(number)")
            }
            let work = try sandbox.start("work", "--until-idle", "--concurrency", "3")
            for _ in gates { try await up.line() }
            for gate in gates.reversed() { gate.pass() }
            let lines = try await work.finish().text.split(separator: "\n")
            #expect(Set(lines.prefix(3)) == ["w0 started", "w1 started", "w2 started"])
            #expect(Set(lines.suffix(3)) == ["w0 completed", "w1 completed", "w2 completed"])
        }
    }

    @Test func workTakesOneAtATimeOnRequest() async throws {
        try await withRunbook { sandbox, arguments in
            for id in ["x", "y", "z"] {
                try await sandbox.succeed(["submit"] + arguments.map { $0 == "x" ? id : $0 })
                try await sandbox.succeed("exec", id)
            }
            let text = try await sandbox.succeed("work", "--until-idle", "--concurrency", "1").text
            let expected = ["x", "y", "z"].map { "\($0) started\n\($0) completed\n" }.joined()
            #expect(text == expected)
        }
    }

    @Test func workSaysWhatFailedAndGoesOn() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(runbook(["a": "exit \"$INPUT_STATUS\""], inputs: ["status"]))
            for status in [4, 0] {
                try await sandbox.succeed(
                    ["submit", "runbook.yaml", "--id", "s\(status)"]
                        + inputs(["status": "\(status)"])
                )
                try await sandbox.succeed("exec", "s\(status)")
            }
            let lines = try await sandbox.succeed("work", "--until-idle").text.split(
                separator: "\n"
            )
            #expect(lines.contains("s4 failed: the job a exited with status 4"))
            #expect(lines.contains("s0 completed"))
        }
    }

    /// Many short ones in a row: `--until-idle` misses no end, and ends itself.
    @Test func workEndsWhenNothingIsLeft() async throws {
        try await withRunbook { sandbox, arguments in
            for round in 0..<25 {
                let id = "r\(round)"
                try await sandbox.succeed(["submit"] + arguments.map { $0 == "x" ? id : $0 })
                try await sandbox.succeed("exec", id)
                let text = try await sandbox.succeed("work", "--until-idle").text
                #expect(text == "\(id) started\n\(id) completed\n")
            }
        }
    }

    // MARK: Terms

    @Test func termsGivenOnTheCommandLineAreRecorded() async throws {
        try await withRunbook { sandbox, arguments in
            let retry = "attempts=3,delay=5s,backoff=1.5,cap=1m,jitter=0.1"
            let terms = ["--delay", "1h", "--timeout", "2h", "--retry", retry]
            try await sandbox.succeed(["submit"] + arguments + terms)
            let given = try await sandbox.succeed("status", "x", "--json").json
            #expect(given["delay"] == "3600.0 seconds")
            #expect(given["timeout"] == "7200.0 seconds")
            #expect(
                given["retry"] == [
                    "maxAttempts": 3, "baseDelay": "5.0 seconds", "multiplier": "1.5",
                    "maxDelay": "60.0 seconds", "jitter": "0.1",
                ]
            )
            try await sandbox.succeed("exec", "x")
            #expect(try await sandbox.succeed("work", "--until-idle").text == "")
            #expect(try await sandbox.succeed("why", "x").text.contains("waits for its time"))

            // Those of the first submission stay.
            try await sandbox.succeed(["submit", "--timeout", "3h"] + arguments)
            let again = try await sandbox.succeed("status", "x", "--json").json
            #expect(again["timeout"] == "7200.0 seconds")

            // Each by itself; and what is left out is as runbooks have it.
            let cases: [(id: String, words: [String])] = [
                ("d", ["--delay", "1h"]), ("t", ["--timeout", "2h"]),
                ("r", ["--retry", "attempts=2"]), ("n", []),
            ]
            for (id, words) in cases {
                let own = arguments.map { $0 == "x" ? id : $0 }
                try await sandbox.succeed(["submit"] + own + words)
                let record = try await sandbox.succeed("status", id, "--json").json
                #expect(record["delay"] == (id == "d" ? "3600.0 seconds" : .null), "\(id)")
                #expect(record["timeout"] == (id == "t" ? "7200.0 seconds" : .null), "\(id)")
                #expect(record["retry"]["maxAttempts"] == (id == "r" ? 2 : .null), "\(id)")
            }
        }
    }

    @Test func theLineThatGoesOnHasTheTerms() async throws {
        try await withSandbox { sandbox in
            let up = try Gate(sandbox.folder + "/up")
            let go = try Gate(sandbox.folder + "/go")
            try sandbox.write(
                runbook(
                    ["wait": "echo up > \"$INPUT_UP\"\nread -r line < \"$INPUT_GO\""],
                    inputs: ["up", "go"]
                )
            )
            let terms = ["--delay", "0s", "--timeout", "2h", "--retry", "attempts=2,delay=1s"]
            let run = try sandbox.start(
                ["run", "runbook.yaml", "--id", "x", "--grace", "0s"] + terms
                    + inputs(["up": up.path, "go": go.path])
            )
            try await up.line()
            run.signal(SIGINT)
            let result = try await run.finish()
            #expect(result.status == 130)
            let line = try #require(result.errors.split(separator: "\n").last)
            #expect(
                line.contains(" --delay 0s --timeout 2h --retry attempts=2,delay=1s"),
                "\(line)"
            )
            let record = try await sandbox.succeed("status", "x", "--json").json
            #expect(record["timeout"] == "7200.0 seconds")
        }
    }

    @Test(arguments: [
        ["--timeout", "0s"], ["--timeout", "soon"], ["--delay", "1"], ["--retry", "3"],
        ["--retry", "delay=5s"], ["--retry", "attempts=0"], ["--retry", "attempts=1001"],
        ["--retry", "attempts=3,attempts=4"], ["--retry", "attempts=3,tries=4"],
        ["--retry", "attempts=3,delay=5"], ["--retry", "attempts=3,backoff=0.5"],
        ["--retry", "attempts=3,jitter=2"], ["--retry", "attempts=3,"], ["--retry", ""],
    ])
    func termsThatCannotBeAreRefusedBeforeAnythingIsRecorded(_ terms: [String]) async throws {
        try await withRunbook { sandbox, arguments in
            for command in ["submit", "run"] {
                let result = try await sandbox.daybook([command] + arguments + terms)
                #expect(result.status == 64, "\(result.errors)")
            }
            #expect(try await sandbox.events() == ["journal_created"])
        }
    }

    /// What is wrong with a policy is said, not only that it is.
    @Test(arguments: [
        ("3", "\"3\" is not of the form KEY=VALUE"), ("delay=5s", "attempts is missing"),
        ("attempts=0", "\"attempts\" must be a whole number from 1 to 1000, and is \"0\""),
        ("attempts=3,attempts=4", "\"attempts\" is given twice"),
        ("attempts=3,tries=4", "\"tries\" is no key of a policy"),
        ("attempts=3,delay=5", "\"delay\" must be a whole number with a unit"),
        ("attempts=3,backoff=0.5", "\"backoff\" must be a number from 1 to 100, and is \"0.5\""),
        ("attempts=3,jitter=2", "\"jitter\" must be a number from 0 to 1, and is \"2\""),
    ])
    func aPolicyThatCannotBeSaysWhy(_ policy: String, _ words: String) async throws {
        try await withRunbook { sandbox, arguments in
            let terms = ["submit"] + arguments
            let refused = try await sandbox.daybook(terms + ["--retry", policy])
            let lines = refused.errors.split(separator: "\n").map {
                $0.trimmingPrefix { $0 == " " }
            }
            #expect(lines.joined(separator: " ").contains(words), "\(refused.errors)")
            try await sandbox.succeed(terms + ["--retry", "attempts=3,delay=10ms"])
        }
    }

    // MARK: What has expired

    @Test func whatHasExpiredIsRefused() async throws {
        try await withSandbox(["--submission-lifetime", "1s"]) { sandbox in
            try sandbox.write(runbook(["job": "true"]))
            try await sandbox.succeed("submit", "runbook.yaml", "--id", "x")
            // Whoever has the journal open when its time is over records that.
            let work = try sandbox.start("work")
            let waited = try await sandbox.daybook("wait", "x")
            #expect(waited.status == 7)
            #expect(waited.text == "x expired\n")
            work.signal(SIGTERM)
            try await work.finish()
            for _ in 0..<2 {
                expect(
                    try await sandbox.daybook("exec", "x"),
                    exits: 4,
                    saying: "x has expired",
                    "`daybook retry x` has it run all the same"
                )
            }
            #expect(try await sandbox.succeed("status", "x").text == "expired\n")
            try await sandbox.succeed("retry", "x", "--yes")
            #expect(try await sandbox.succeed("work", "--until-idle").text.contains("x completed"))
        }
    }

    @Test func everyActionNamesWhoActed() async throws {
        try await withRunbook { sandbox, arguments in
            try await sandbox.succeed(["submit", "--actor", "Ada"] + arguments)
            try await sandbox.succeed("exec", "x", "--actor", "Bob")
            let actors = try await sandbox.entries().filter { $0["event"] == "session_opened" }
                .map { $0["data"]["actor"] }
            #expect(actors == ["Ada", "Bob"])
        }
    }
}
