import DaybookSystem
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// `log --follow`: entries as they come, of whatever process.
@Suite struct FollowTests {
    @Test func entriesOfOthersAreShownAsTheyCome() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(runbook(["a": "echo said"]))
            let follow = try sandbox.start("log", "--follow", "--jsonl")
            try await follow.line(containing: #""event":"journal_created""#)
            for round in 0..<6 {
                try await sandbox.succeed("submit", "runbook.yaml", "--id", "id-\(round)")
                try await follow.line(containing: #""data":{"id":"id-\#(round)""#)
            }
            try await sandbox.succeed("run", "runbook.yaml", "--id", "id-0")
            try await follow.line(containing: #""event":"execution_completed""#)
            follow.signal(SIGTERM)
            let shown = try await follow.finish().jsonLines
            #expect(shown.compactMap { $0["sequence"].integer } == Array(0..<shown.count))
            let all = try await sandbox.entries()
            #expect(shown == Array(all.prefix(shown.count)))
        }
    }

    @Test func oneExecutionIsFollowedAlone() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(runbook(["a": "echo said"]))
            for id in ["mine", "other"] {
                try await sandbox.succeed("submit", "runbook.yaml", "--id", id)
            }
            let follow = try sandbox.start("log", "mine", "--follow")
            try await follow.line(containing: "execution_submitted")
            for id in ["other", "mine"] {
                try await sandbox.succeed("run", "runbook.yaml", "--id", id)
            }
            try await follow.line(containing: "execution_completed")
            follow.signal(SIGTERM)
            let text = try await follow.finish().text
            #expect(text.contains("        | said\n"))
            let show = try await sandbox.succeed("show", "mine", "--json").json
            let entries = text.split(separator: "\n").count { !$0.hasPrefix("        ") }
            #expect(show["entries"] == .integer(entries))
        }
    }

    @Test func filtersHoldForWhatComesToo() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(runbook(["a": "echo said"]))
            let follow = try sandbox.start(
                ["log", "--follow", "--jsonl", "--type", "execution_completed", "--from", "1"]
            )
            for id in ["one", "two"] {
                try await sandbox.succeed("run", "runbook.yaml", "--id", id)
            }
            for _ in 0..<2 { try await follow.line(containing: "{") }
            follow.signal(SIGTERM)
            let shown = try await follow.finish().jsonLines
            #expect(shown.map { $0["event"] } == ["execution_completed", "execution_completed"])
        }
    }

}
