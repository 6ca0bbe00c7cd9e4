import DaybookSystem
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// What `log` and `list` leave out on request, and what `wait` and `run` say while nothing runs.
@Suite struct LookFilterTests {
    private static func named(_ name: String, _ script: String) -> String {
        runbook(["job": script]).replacing("name: test", with: "name: \(name)")
    }

    // MARK: log

    @Test func grepFindsWhatJobsWrote() async throws {
        try await withSandbox { sandbox in
            let script = "echo one needle\necho two\necho needle again >&2"
            try sandbox.write(runbook(["job": script]))
            try await sandbox.succeed("run", "runbook.yaml", "--id", "x")
            let text = try await sandbox.succeed("log", "--grep", "needle").text
            let lines = text.split(separator: "\n").map(String.init)
            #expect(lines.count == 3, "the entry, and of its lines those that match: \(text)")
            #expect(lines.first?.contains("log_recorded") == true)
            let found = lines.dropFirst().map { String($0.dropFirst(10)) }
            #expect(found == ["one needle", "needle again"])
            // Of an entry that matches itself all lines are shown.
            let all = try await sandbox.succeed("log", "--grep", "log_recorded").text
            #expect(all.split(separator: "\n").count == 4)
            let json = try await sandbox.succeed("log", "--grep", "needle", "--json").json
            #expect(json["entries"].elements.map { $0["event"] } == ["log_recorded"])
            #expect(try await sandbox.succeed("log", "--grep", "haystack").text == "")
        }
    }

    @Test func entriesOfSeveralEventsAreShownTogether() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(runbook(["job": "true"]))
            try await sandbox.succeed("run", "runbook.yaml", "--id", "x")
            let types = ["--type", "execution_submitted", "--type", "execution_completed"]
            let json = try await sandbox.succeed(["log", "--json"] + types).json
            let events = json["entries"].elements.map { $0["event"] }
            #expect(events == ["execution_submitted", "execution_completed"])
            let bad = try await sandbox.daybook(["log"] + types + ["--type", "no"])
            #expect(bad.status == 64)
            #expect(bad.errors.contains("There is no event no;"))
        }
    }

    @Test(arguments: [[], ["x"], ["--reverse"], ["x", "--reverse"]])
    func entriesSinceATimeAreShown(_ options: [String]) async throws {
        try await withSandbox { sandbox in
            try sandbox.write(runbook(["job": "true"]))
            try await sandbox.succeed("run", "runbook.yaml", "--id", "x")
            let log = try await sandbox.succeed(["log", "--json"] + options).json
            let all = log["entries"].elements
            for entry in all {
                // To the millisecond, as a person copies it from the text.
                let time = try #require(entry["time"].string).prefix(23) + "Z"
                let found = try await sandbox.succeed(
                    ["log", "--json", "--since", String(time)] + options
                )
                let expected = all.filter { ($0["time"].string ?? "").prefix(23) + "Z" >= time }
                #expect(try found.json["entries"].elements == expected, "\(time)")
            }
            let none = try await sandbox.succeed(["log", "--since", "2999-01-01"] + options)
            #expect(none.text == "")
            #expect(try await sandbox.daybook("log", "--since", "soon").status == 64)
        }
    }

    // MARK: list

    @Test func listTellsRunbooksApart() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(Self.named("alpha", "true"), to: "a.yaml")
            try sandbox.write(Self.named("beta", "true"), to: "b.yaml")
            for (file, id) in [("a.yaml", "a1"), ("b.yaml", "b1"), ("a.yaml", "a2")] {
                try await sandbox.succeed("submit", file, "--id", id)
            }
            func ids(_ options: String...) async throws -> [JSON] {
                try await sandbox.succeed(["list", "--json"] + options).json["executions"].elements
                    .map { $0["id"] }
            }
            #expect(try await ids("--runbook", "alpha") == ["a2", "a1"])
            #expect(try await ids("--runbook", "alpha", "--limit", "1") == ["a2"])
            #expect(try await ids("--runbook", "beta", "--status", "submitted") == ["b1"])
            #expect(try await ids("--runbook", "gamma") == [])
            let rows = try await sandbox.succeed("list").text.split(separator: "\n")
            let names = rows.map { $0.split(separator: " ").last }
            #expect(names == ["RUNBOOK", "alpha", "beta", "alpha"])
            let bad = try await sandbox.daybook("list", "--runbook", "alpha", "--type", "other")
            #expect(bad.status == 64)
        }
    }

    @Test func listShowsWhatIsPausedOrParked() async throws {
        try await withSandbox(["--loss-limit", "1"]) { sandbox in
            let up = try Gate(sandbox.folder + "/up")
            let never = try Gate(sandbox.folder + "/never")
            let script = "echo up > \"$INPUT_UP\"\nread -r line < \"$INPUT_NEVER\""
            try sandbox.write(runbook(["job": script], inputs: ["up", "never"]))
            let values = inputs(["up": up.path, "never": never.path])
            for id in ["open", "paused"] {
                try await sandbox.succeed(["submit", "runbook.yaml", "--id", id] + values)
            }
            try await sandbox.succeed("pause", "paused", "--yes")
            let run = try sandbox.start(["run", "runbook.yaml", "--id", "parked"] + values)
            try await up.line()
            run.signal(SIGKILL)
            try await run.finish()
            try await sandbox.succeed("exec", "open")
            func ids(_ options: String...) async throws -> [JSON] {
                try await sandbox.succeed(["list", "--json"] + options).json["executions"].elements
                    .map { $0["id"] }
            }
            #expect(try await ids("--paused") == ["paused"])
            #expect(try await ids("--parked") == ["parked"])
            #expect(try await ids("--paused", "--parked") == ["parked", "paused"])
            #expect(try await ids("--paused", "--parked", "--limit", "1") == ["parked"])
        }
    }

    // MARK: wait and run

    @Test func waitingEndsWhenItsTimeIsOver() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(runbook(["job": "true"]))
            try await sandbox.succeed("submit", "runbook.yaml", "--id", "x")
            expect(
                try await sandbox.daybook("wait", "x", "--timeout", "0s"),
                exits: 75,
                saying: "x has not ended within 0s: it is submitted",
                "`daybook why x`"
            )
            #expect(try await sandbox.daybook("wait", "x", "--timeout", "long").status == 64)
            try await sandbox.succeed("run", "runbook.yaml", "--id", "x")
            let ended = try await sandbox.succeed("wait", "x", "--timeout", "1h").text
            #expect(ended == "x completed\n")
        }
    }

    @Test func whoeverWaitsIsToldThatItIsPaused() async throws {
        try await withSandbox { sandbox in
            let go = try Gate(sandbox.folder + "/go")
            try sandbox.write(runbook(["job": "read -r line < '\(go.path)'"]))
            try await sandbox.succeed("submit", "runbook.yaml", "--id", "x")
            try await sandbox.succeed("pause", "x", "--yes")
            let waited = try await sandbox.daybook("wait", "x", "--timeout", "0s")
            #expect(waited.status == 75)
            let notice = "x is paused, and nothing of it runs; `daybook resume x`"
            #expect(waited.errors.hasPrefix(notice))
            let run = try sandbox.start("run", "runbook.yaml", "--id", "x", "--jsonl")
            try await run.line(containing: "\"paused\"")
            try await sandbox.succeed("resume", "x", "--yes")
            // Who looks when it has ended is not told that it was resumed.
            try await run.line(containing: "\"resumed\"")
            go.pass()
            let lines = try await run.finish()
            #expect(lines.status == 0, "\(lines.errors)")
            #expect(try await sandbox.succeed("status", "x").text == "completed\n")
        }
    }

    // MARK: check and init

    @Test func aRunbookIsCheckedWithoutAJournal() async throws {
        try await withFolder { folder in
            let sandbox = Sandbox(folder: folder)
            try sandbox.write(
                runbook(["job": "exit 1"], inputs: ["who"]).replacing(
                    "blocks:",
                    with: "environment: [NOT_SET_ANYWHERE]\nblocks:"
                )
            )
            let text = try await sandbox.succeed("check", "runbook.yaml").text
            #expect(text.hasPrefix("runbook.yaml is fine: test, 1 block, 1 job\n"))
            #expect(text.contains("input        who: string, required\n"))
            #expect(text.contains("NOT_SET_ANYWHERE, which is not set here\n"))
            let json = try await sandbox.succeed("check", "runbook.yaml", "--json").json
            #expect(json["schema"] == "daybook.check/1")
            #expect(json["inputs"][0]["required"] == true)
            try await sandbox.succeed("check", "runbook.yaml", "--input", "who=me")
            expect(
                try await sandbox.daybook("check", "runbook.yaml", "--input", "wo=me"),
                exits: 64,
                saying: #"did you mean "who"?"#
            )
            try sandbox.write("name: x\nblocks: []\n")
            expect(
                try await sandbox.daybook("check", "runbook.yaml"),
                exits: 64,
                saying: "runbook.yaml:2:9"
            )
            #expect(try FileStatus.of(sandbox.journal) == nil)
        }
    }

    @Test func howLongASubmissionIsKeptIsSaidAtTheCreation() async throws {
        try await withSandbox(["--submission-lifetime", "36500d"]) { sandbox in
            try sandbox.write(runbook(["job": "true"]))
            try await sandbox.succeed("submit", "runbook.yaml", "--id", "x")
            let record = try await sandbox.succeed("status", "x", "--json").json
            let created = try #require(record["createdAt"].string.flatMap { Int($0.prefix(4)) })
            let expires = try #require(record["expiresAt"].string.flatMap { Int($0.prefix(4)) })
            #expect((99...100).contains(expires - created))
            let info = try await sandbox.succeed("info", "--json").json
            #expect(info["settings"]["submissionLifetime"] == "3153600000.0 seconds")
            let text = try await sandbox.succeed("info").text
            #expect(text.contains("what is not executed within 36500 d 0 h expires"), "\(text)")
            for span in ["0s", "x", "1"] {
                let bad = try await sandbox.daybook("init", "b", "--submission-lifetime", span)
                #expect(bad.status == 64, "\(span)")
            }
        }
    }

    @Test func settingsOfAJournalAreShown() async throws {
        try await withSandbox(["--payload-limit", "4321", "--loss-limit", "7"]) { sandbox in
            let info = try await sandbox.succeed("info", "--json").json
            #expect(info["settings"] == ["payloadLimit": 4321, "lossLimit": 7])
            let lines = try await sandbox.succeed("info").text.split(separator: "\n")
            #expect(
                lines.contains(
                    "  settings   payloads of at most 4321 bytes; parked after 7 lost leases in a row; submissions do not expire"
                ),
                "\(lines)"
            )
        }
    }

    // MARK: Advice

    /// What is to be done is said once, and as a command line where there is one.
    @Test func anErrorAdvisesOnce() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(runbook(["job": "true"]))
            try await sandbox.succeed("run", "runbook.yaml", "--id", "done")
            let cases: [([String], String)] = [
                (
                    ["show", "none"],
                    "no execution has the id none; `daybook list` shows those that exist"
                ),
                (
                    ["session", "evict", "77"],
                    "no session 77 is open; `daybook session list` shows those that are open"
                ),
                (
                    ["cancel", "done", "--yes"],
                    "done cannot be cancelled: it has already completed; `daybook show done` shows its record"
                ),
                (
                    ["list", "--journal", "/none.daybook"],
                    "there is no journal at /none.daybook; create one with `daybook init`, or name another with --journal"
                ),
            ]
            for (arguments, sentence) in cases {
                let errors = try await sandbox.daybook(arguments).errors
                #expect(errors == "daybook: \(sentence)\n", "\(arguments)")
            }
        }
    }
}
