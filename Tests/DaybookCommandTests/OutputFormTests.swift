import Testing

/// What commands write: text for people, and the same as JSON with a schema.
@Suite struct OutputFormTests {
    private static let runbookText = runbook(
        [
            "greet":
                "echo \"hello $INPUT_WHO\"\necho \"to err\" >&2\necho k=v > \"$DAYBOOK_OUTPUT\"",
            "last": "true",
        ],
        inputs: ["who"]
    )

    /// A journal with one completed execution, `done`, and one that failed, `bad`.
    private func withExecutions(_ body: (Sandbox) async throws -> Void) async throws {
        try await withSandbox { sandbox in
            try sandbox.write(Self.runbookText)
            try sandbox.write(runbook(["one": "echo oops >&2\nexit 3"]), to: "bad.yaml")
            try await sandbox.succeed("run", "runbook.yaml", "--id", "done", "--input", "who=you")
            let bad = try await sandbox.daybook("run", "bad.yaml", "--id", "bad")
            #expect(bad.status == 7)
            try await body(sandbox)
        }
    }

    @Test func everyDocumentHasASchema() async throws {
        try await withExecutions { sandbox in
            let commands: [([String], String)] = [
                (["run", "runbook.yaml", "--id", "done", "--input", "who=you"], "daybook.run/1"),
                (["submit", "runbook.yaml", "--id", "a", "--input", "who=b"], "daybook.submit/1"),
                (["exec", "a"], "daybook.exec/1"), (["status", "a"], "daybook.status/1"),
                (["session", "list"], "daybook.session.list/1"),
                (["session"], "daybook.session.list/1"), (["list"], "daybook.list/1"),
                (["show", "done"], "daybook.show/1"), (["log"], "daybook.log/1"),
                (["log", "done"], "daybook.log/1"), (["entry", "3"], "daybook.entry/1"),
                (["info"], "daybook.info/1"), (["verify"], "daybook.verify/1"),
                (["head"], "daybook.head/1"),
                (["prove-consistency", "2"], "daybook.prove-consistency/1"),
                (["keygen", "--output", "new.key"], "daybook.keygen/1"),
            ]
            for (command, schema) in commands {
                let result = try await sandbox.succeed(command + ["--json"])
                #expect(try result.json["schema"] == .string(schema), "\(command)")
                // One document, which ends with a line.
                #expect(result.text.count { $0 == "\n" } == 1, "\(command)")
                #expect(result.output.last == UInt8(ascii: "\n"), "\(command)")
            }
        }
    }

    @Test func everyLineOfJSONHasASchema() async throws {
        try await withExecutions { sandbox in
            let commands: [([String], String)] = [
                (["log", "--jsonl"], "daybook.entry/1"), (["export"], "daybook.entry/1"),
                (["run", "runbook.yaml", "--input", "who=x", "--jsonl"], "daybook.progress/1"),
            ]
            for (command, schema) in commands {
                let lines = try await sandbox.succeed(command).jsonLines
                #expect(!lines.isEmpty, "\(command)")
                #expect(lines.allSatisfy { $0["schema"] == .string(schema) }, "\(command)")
            }
            try await sandbox.succeed("submit", "runbook.yaml", "--id", "w", "--input", "who=w")
            try await sandbox.succeed("exec", "w")
            let lines = try await sandbox.succeed("work", "--until-idle", "--jsonl").jsonLines
            #expect(lines.map { $0["schema"] } == ["daybook.work.event/1", "daybook.work.event/1"])
            #expect(lines.map { $0["event"] } == ["started", "completed"])
            #expect(lines.map { $0["id"] } == ["w", "w"])
        }
    }

    @Test func runWritesItsEndOnStandardOutputAndProgressOnStandardError() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(Self.runbookText)
            let arguments = ["run", "runbook.yaml", "--id", "x", "--input", "who=you"]
            let first = try await sandbox.succeed(arguments)
            #expect(first.text == "x completed\n")
            #expect(first.errors.contains("✓ greet  ran"))
            #expect(first.errors.contains("2 jobs done now, 0 taken from the journal"))
            let document = try await sandbox.succeed(arguments + ["--json"]).json
            #expect(document["status"] == "completed")
            #expect(document["output"]["outputs"]["greet"]["k"] == "v")
            #expect(document["entries"] == 11)
            let other = ["run", "runbook.yaml", "--input", "who=me", "--json"]
            let fresh = try await sandbox.succeed(other).json
            #expect(fresh["jobs"].elements.map { $0["how"] } == ["ran", "ran"])
            #expect(fresh["jobs"].elements.map { $0["name"] } == ["greet", "last"])
        }
    }

    @Test func progressComesAsLinesOnRequest() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(Self.runbookText)
            let result = try await sandbox.succeed(
                ["run", "runbook.yaml", "--id", "x", "--jsonl"] + inputs(["who": "you"])
            )
            let lines = try result.jsonLines
            #expect(
                lines.map { $0["event"] }
                    == ["submitted", "started", "ran", "started", "ran", "completed"]
            )
            #expect(lines.map { $0["job"] } == [.null, "greet", "greet", "last", "last", .null])
            // Each names the entry that is on the disk for it.
            let events = try await sandbox.events()
            #expect(
                lines.compactMap { $0["sequence"].integer }.map { events[$0] } == [
                    "execution_submitted", "operation_started", "checkpoint_succeeded",
                    "operation_started", "checkpoint_succeeded", "execution_completed",
                ]
            )
        }
    }

    @Test func listShowsTheNewestFirstAndFilters() async throws {
        try await withExecutions { sandbox in
            let text = try await sandbox.succeed("list").text
            let rows = text.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
            #expect(rows[0].prefix(4) == ["NUMBER", "ID", "TYPE", "STATUS"])
            #expect(rows.dropFirst().map { $0[1] } == ["bad", "done"])
            #expect(rows.dropFirst().map { $0[3] } == ["failed", "completed"])
            func ids(_ options: String...) async throws -> [JSON] {
                try await sandbox.succeed(["list", "--json"] + options).json["executions"].elements
                    .map { $0["id"] }
            }
            #expect(try await ids() == ["bad", "done"])
            #expect(try await ids("--limit", "1") == ["bad"])
            #expect(try await ids("--status", "completed") == ["done"])
            #expect(try await ids("--status", "ready") == [])
            // Since the second one was submitted, to the millisecond that the text shows.
            let all = try await sandbox.succeed("list", "--json").json["executions"].elements
            let submitted = try #require(all[0]["createdAt"].string)
            #expect(try await ids("--since", submitted.prefix(23) + "Z") == ["bad"])
            #expect(try await ids("--since", "1h") == ["bad", "done"])
            #expect(try await ids("--since", "0s") == [])
            #expect(try await ids("--since", "2999-01-01") == [])
            #expect(try await ids("--since", "2026-01-01") == ["bad", "done"])
            let two = try await ids("--status", "completed", "--status", "failed")
            #expect(two == ["bad", "done"])
            #expect(try await ids("--type", "runbook") == ["bad", "done"])
            #expect(try await ids("--type", "other") == [])
        }
    }

    @Test func showTellsOfJobsAndOutput() async throws {
        try await withExecutions { sandbox in
            let text = try await sandbox.succeed("show", "done").text
            #expect(text.hasPrefix("done  runbook  completed\n"))
            #expect(text.contains(#"output  {"outputs":{"greet":{"k":"v"},"last":{}}}"#))
            let good = try await sandbox.succeed("show", "done", "--json").json
            let greet = good["state"]["checkpoints"]["greet"]
            #expect(greet["status"] == "success")
            #expect(greet["result"] == ["exitStatus": 0, "outputs": ["k": "v"]])
            let jobs = good["operations"].elements.filter { $0["kind"] == "checkpoint" }
            #expect(jobs.map { $0["logLines"] } == [2, 0])
            let bad = try await sandbox.succeed("show", "bad", "--json").json
            let reason: JSON = "the job one exited with status 3: oops"
            #expect(bad["state"]["checkpoints"]["one"] == ["status": "failed", "reason": reason])
            #expect(bad["error"] == reason)
            #expect(bad["errorCode"] == "exit-status")
            #expect(try await sandbox.succeed("show", "bad").text.contains("error   exit-status"))
        }
    }

    @Test func logShowsLinesOfJobsAndFilters() async throws {
        try await withExecutions { sandbox in
            let text = try await sandbox.succeed("log").text
            #expect(text.contains("\n        | hello you\n        ! to err\n"))
            func sequences(_ options: String...) async throws -> [Int] {
                try await sandbox.succeed(["log", "--jsonl"] + options).jsonLines
                    .compactMap { $0["sequence"].integer }
            }
            let all = try await sequences()
            #expect(all == Array(0..<all.count))
            #expect(try await sequences("--from", "3", "--to", "5") == [3, 4, 5])
            #expect(try await sequences("--reverse", "--to", "2") == [2, 1, 0])
            #expect(try await sequences("--type", "checkpoint_failed").count == 1)
            // What the job wrote, and the two failures that quote it.
            #expect(try await sequences("--grep", "oops").count == 3)
            #expect(try await sequences("done") == Array(2...12))
            #expect(try await sequences("done", "--from", "12") == [12])
        }
    }

    @Test func entryShowsWhatIsStored() async throws {
        try await withExecutions { sandbox in
            let document = try await sandbox.succeed("entry", "2", "--json").json
            #expect(document["event"] == "execution_submitted")
            #expect(document["data"]["id"] == "done")
            #expect(document["payloads"][0]["json"]["inputs"] == ["who": "you"])
            let raw = try await sandbox.succeed("entry", "2", "--raw").output
            let text = try await sandbox.succeed("entry", "2").text
            #expect(text.hasPrefix("entry 2  execution_submitted\n"))
            #expect(text.contains("  bytes      \(raw.count)\n"))
            #expect(text.contains("done (runbook)"))
        }
    }

    @Test func verifyGivesItsFigures() async throws {
        try await withExecutions { sandbox in
            let document = try await sandbox.succeed("verify", "--json").json
            #expect(document["good"] == true)
            #expect(document["problems"] == [])
            #expect(document["executions"] == 2)
            let root = try #require(document["root"].string)
            let text = try await sandbox.succeed("verify").text
            #expect(text.hasPrefix("verified \(try await sandbox.events().count) entries, "))
            #expect(text.hasSuffix("\nroot \(root)\n"))
        }
    }

    @Test func timesComeInThreeStyles() async throws {
        try await withExecutions { sandbox in
            let utc = try await sandbox.succeed("log", "--to", "0").text
            #expect(utc.contains(#/ \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z /#))
            let relative = try await sandbox.succeed("log", "--to", "0", "--time", "relative").text
            #expect(relative.contains(#/ \d+(\.\d)? (ms|s|min \d+ s) ago /#))
            let local = try await sandbox.daybook(
                ["log", "--to", "0", "--time", "local"],
                environment: ["TZ": "XYZ-3"]
            )
            #expect(local.text.contains(#/ \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+0300 /#))
        }
    }

    @Test func colourIsForTerminalsUnlessAskedFor() async throws {
        try await withExecutions { sandbox in
            for (options, isColoured) in [
                ([], false), (["--color", "never"], false), (["--color", "always"], true),
            ] {
                let text = try await sandbox.succeed(["list"] + options).text
                #expect(text.contains("\u{1B}") == isColoured, "\(options)")
            }
        }
    }
}
