import Testing

/// What `list` finds, and how much of it.
@Suite struct ListCommandTests {
    private func ids(_ sandbox: Sandbox, _ words: String...) async throws -> [String] {
        let json = try await sandbox.succeed(["list", "--json"] + words).json
        return json["executions"].elements.compactMap { $0["id"].string }
    }

    @Test func labelsAndActorsAreFound() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(runbook(["job": "true"]))
            for (id, actor, region) in [("a", "ann", "eu"), ("b", "eve", "eu"), ("c", "eve", "us")]
            {
                let labels = ["--label", "region=\(region)", "--label", "only=\(id)"]
                let words = ["run", "runbook.yaml", "--id", id, "--actor", actor]
                try await sandbox.succeed(words + labels)
            }
            #expect(try await ids(sandbox) == ["c", "b", "a"])
            #expect(try await ids(sandbox, "--label", "region=eu") == ["b", "a"])
            #expect(try await ids(sandbox, "--actor", "eve") == ["c", "b"])
            #expect(try await ids(sandbox, "--actor", "eve", "--label", "region=eu") == ["b"])
            #expect(
                try await ids(sandbox, "--label", "region=eu", "--label", "only=a") == ["a"]
            )
            #expect(try await ids(sandbox, "--label", "region=") == [])
            let json = try await sandbox.succeed("list", "--json", "--limit", "1").json
            #expect(json["executions"].elements.first?["labels"]["region"] == "us")
            #expect(json["executions"].elements.first?["submittedBy"]["actor"] == "eve")
        }
    }

    @Test func closedOnesAndThoseThatStartBeforeAreFound() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(runbook(["job": "true"]))
            try await sandbox.succeed("run", "runbook.yaml", "--id", "ended")
            for id in ["asked", "idle", "later"] {
                let words = ["submit", "runbook.yaml", "--id", id]
                try await sandbox.succeed(words + (id == "later" ? ["--delay", "1h"] : []))
                if id != "idle" { try await sandbox.succeed("exec", id) }
            }
            #expect(try await ids(sandbox, "--open") == ["later", "idle", "asked"])
            #expect(try await ids(sandbox, "--closed") == ["ended"])
            #expect(try await ids(sandbox, "--closed", "--status", "ready") == [])
            // What was never asked to start does not start before anything.
            #expect(try await ids(sandbox, "--start-before", "0s") == ["asked", "ended"])
            let far = ["--start-before", "2999-01-01"]
            #expect(try await ids(sandbox, far[0], far[1]) == ["later", "asked", "ended"])
            #expect(try await ids(sandbox, "--open", far[0], far[1]) == ["later", "asked"])
            #expect(try await ids(sandbox, "--start-before", "1d") == [])
            for words in [
                ["--open", "--closed"], ["--closed", "--paused"], ["--closed", "--parked"],
                ["--start-before", "soon"],
            ] {
                #expect(try await sandbox.daybook(["list"] + words).status == 64, "\(words)")
            }
        }
    }

    @Test func fiftyAreListedAndALineSaysHowToGetMore() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(runbook(["job": "true"]))
            for number in 0..<51 {
                try await sandbox.succeed("submit", "runbook.yaml", "--id", "w\(number)")
            }
            let some = try await sandbox.succeed("list")
            #expect(some.text.split(separator: "\n").count == 51)
            #expect(some.text.contains("w50"))
            #expect(!some.text.contains(" w0 "))
            #expect(
                some.errors == "the newest 50 are listed; --limit N or --all lists more\n"
            )
            for words in [["--limit", "51"], ["--all"]] {
                let all = try await sandbox.succeed(["list"] + words)
                #expect(all.text.split(separator: "\n").count == 52)
                #expect(all.errors.isEmpty)
            }
            let json = try await sandbox.succeed("list", "--json", "--limit", "2")
            #expect(try json.json["executions"].elements.count == 2)
            #expect(json.errors == "the newest 2 are listed; --limit N or --all lists more\n")
        }
    }
}
