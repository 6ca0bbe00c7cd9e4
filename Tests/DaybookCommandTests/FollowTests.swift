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

    /// LMDB writes a commit to the file, and only then tells readers of it. Nobody can see it in
    /// between; but whoever was woken by the writing must see it then, without another one.
    @Test func aCommitIsSeenAlsoWhenItsWriterIsSlowToTell() async throws {
        let strace = "/usr/bin/strace"
        if try FileStatus.of(strace) == nil {
            try Test.cancel("strace, which slows the writer down, is not installed")
        }
        try await withSandbox { sandbox in
            try sandbox.write(runbook(["a": "true"]))
            let follow = try sandbox.start(["log", "--follow", "--jsonl"])
            try await follow.line(containing: "journal_created")
            // The writing of a page returns late, when the reader has been woken long ago.
            let slow = [
                strace, "-f", "-qq", "-o", "/dev/null", "-e", "trace=pwrite64", "-e",
                "inject=pwrite64:delay_exit=60000",
            ]
            let submission = try RunningCommand(
                slow + [DaybookProgram.path, "submit", "runbook.yaml", "--id", "x"],
                environment: ["DAYBOOK_JOURNAL": sandbox.journal],
                folder: sandbox.folder
            )
            let result = try await submission.finish()
            if result.errors.contains("not permitted") {
                try Test.cancel("strace may not trace here: \(result.errors)")
            }
            #expect(result.status == 0, "\(result.errors)")
            try await follow.line(containing: #""event":"session_closed""#)
            follow.signal(SIGTERM)
            try await follow.finish()
        }
    }

    @Test(arguments: [
        "rm -r test.daybook", "rm test.daybook/journal.mdb", "mv test.daybook other.daybook",
        "mv test.daybook/journal.mdb test.daybook/old.mdb",
        "cp test.daybook/journal.mdb copy && mv copy test.daybook/journal.mdb",
    ])
    func aJournalThatIsGoneEndsFollowingWithASentence(_ script: String) async throws {
        try await withSandbox { sandbox in
            let follow = try sandbox.start("log", "--follow", "--jsonl")
            try await follow.line(containing: "journal_created")
            let change = try await RunningCommand(["sh", "-c", script], folder: sandbox.folder)
                .finish()
            #expect(change.status == 0, "\(change.errors)")
            let result = try await follow.finish()
            #expect(result.errors.hasPrefix("daybook: the journal "), "\(result.errors)")
            // It is told of the change, or finds it out at its next look.
            let isTold = result.errors.contains("removed, moved or replaced")
            let isFound = result.errors.contains("was changed from outside while it was open")
            #expect(isTold || isFound, "\(result.errors)")
            #expect(result.status == (isTold ? 3 : 5))
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
