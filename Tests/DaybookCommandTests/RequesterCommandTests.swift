import Testing

/// Who asked for what, and why, as the commands say it.
@Suite struct RequesterCommandTests {
    private static let eve = ["--actor", "eve", "--reason", "for the audit"]

    @Test func eachCommandRecordsActorAndReason() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(runbook(["job": "true"]))
            let asked = [
                ["submit", "runbook.yaml", "--id", "x"], ["pause", "x", "--yes"],
                ["resume", "x", "--yes"], ["signal", "x", "go", "1"], ["exec", "x"],
                ["cancel", "x", "--yes"], ["retry", "x", "--yes"],
            ]
            for words in asked { try await sandbox.succeed(words + Self.eve) }
            let user = try await sandbox.user()
            let log = try await sandbox.succeed("log", "x", "--json").json
            let entries = log["entries"].elements
            #expect(entries.count == asked.count)
            for entry in entries {
                #expect(entry["request"]["actor"] == "eve")
                #expect(entry["request"]["user"].string == user)
                #expect(entry["request"]["reason"] == "for the audit")
                #expect(entry["request"]["principal"].string == nil)
            }
            let text = try await sandbox.succeed("log", "x").text
            let words = "by eve (os: \(user)): for the audit"
            #expect(text.split(separator: "\n").count { $0.contains(words) } == asked.count)
        }
    }

    @Test func showSaysWhoSubmittedBesideTheUserOfTheSystem() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(runbook(["job": "true"]))
            try await sandbox.succeed(["run", "runbook.yaml", "--id", "x"] + Self.eve)
            try await sandbox.succeed("run", "runbook.yaml", "--id", "y")
            let user = try await sandbox.user()
            let show = try await sandbox.succeed("show", "x").text
            #expect(show.contains(", by eve (os: \(user))\n  reason     for the audit\n"))
            let own = try await sandbox.succeed("show", "y").text
            #expect(own.contains(", by \(user)\n"))
            #expect(!own.contains("reason"))
            for command in ["show", "status"] {
                let json = try await sandbox.succeed(command, "x", "--json").json
                #expect(json["submittedBy"]["actor"] == "eve")
                #expect(json["submittedBy"]["user"].string == user)
                #expect(json["submittedBy"]["reason"] == "for the audit")
            }
        }
    }

    @Test func logShowsWhatAnActorAskedFor() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(runbook(["job": "true"]))
            try await sandbox.succeed("submit", "runbook.yaml", "--id", "x", "--actor", "ann")
            try await sandbox.succeed("exec", "x", "--actor", "eve")
            try await sandbox.succeed("cancel", "x", "--yes", "--actor", "ann")
            func events(_ actor: String) async throws -> [String] {
                let json = try await sandbox.succeed("log", "--json", "--actor", actor).json
                return json["entries"].elements.compactMap { $0["event"].string }
            }
            #expect(
                try await events("ann") == [
                    "session_opened", "execution_submitted", "session_opened",
                    "execution_cancelled",
                ]
            )
            #expect(try await events("eve") == ["session_opened", "execution_readied"])
            #expect(try await events("bob") == [])
        }
    }

    @Test func labelsAreShownAndStay() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(runbook(["job": "true"]))
            let labels = ["--label", "region=eu", "--label", "customer=a=b", "--label", "empty="]
            try await sandbox.succeed(["run", "runbook.yaml", "--id", "x"] + labels)
            let show = try await sandbox.succeed("show", "x").text
            #expect(show.contains("\n  labels     customer=a=b, empty=, region=eu\n"))
            for command in [["show", "x"], ["status", "x"]] {
                let json = try await sandbox.succeed(command + ["--json"]).json
                #expect(json["labels"]["customer"] == "a=b")
                #expect(json["labels"]["region"] == "eu")
                #expect(json["labels"]["empty"] == "")
            }
            // Submitted again with others it is the same: the input decides.
            try await sandbox.succeed("run", "runbook.yaml", "--id", "x", "--label", "region=us")
            let json = try await sandbox.succeed("status", "x", "--json").json
            #expect(json["labels"]["region"] == "eu")
            try await sandbox.succeed("verify")
        }
    }

    @Test(arguments: [
        ["--label", "no"], ["--label", "=no"], ["--label", "a=1", "--label", "a=2"],
    ])
    func aLabelThatIsNoneIsAUsageError(_ words: [String]) async throws {
        try await withSandbox { sandbox in
            try sandbox.write(runbook(["job": "true"]))
            let bad = try await sandbox.daybook(["submit", "runbook.yaml", "--id", "x"] + words)
            #expect(bad.status == 64)
            #expect(bad.errors.contains("label"))
            #expect(try await sandbox.daybook("status", "x").status == 3)
        }
    }
}
