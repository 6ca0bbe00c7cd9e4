import DaybookSystem
import FoundationEssentials
import SeededRandom
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// `daybook backup --follow`: a copy that is kept up with its journal.
@Suite struct BackupFollowTests {
    /// Runs `body` with a journal in which nothing is yet, and the place of a copy.
    private func withJournal(_ body: (Sandbox, Sandbox) async throws -> Void) async throws {
        try await withSandbox { sandbox in
            try sandbox.write(runbook(["a": "echo said"]))
            let copy = Sandbox(folder: sandbox.folder + "/copies")
            try Folder.create(copy.folder)
            try await body(sandbox, copy)
        }
    }

    private func follow(_ sandbox: Sandbox, _ copy: Sandbox) throws -> RunningCommand {
        try sandbox.start("backup", "--follow", copy.journal, "--json")
    }

    /// Waits until a copy has an entry that is about an execution.
    private func wait(for text: String, in copy: Sandbox) async throws {
        let log = try copy.start("log", "--follow", "--jsonl")
        try await log.line(containing: text)
        log.signal(SIGTERM)
        try await log.finish()
    }

    /// Waits until the copy is there at all.
    private func waitForCopy(_ copy: Sandbox) async throws {
        while try FileStatus.of(copy.journal) == nil { await Task.yield() }
    }

    /// The entry that says that payloads are erased erases them in a copy too, which had them.
    @Test func whatIsErasedIsErasedInTheCopy() async throws {
        try await withJournal { sandbox, copy in
            try await sandbox.succeed("run", "runbook.yaml", "--id", "a")
            try await sandbox.succeed("backup", copy.journal)
            try await sandbox.succeed("redact", "a", "--reason", "asked to", "--yes")
            let following = try follow(sandbox, copy)
            let count = try await sandbox.entries().count
            try await wait(for: #""sequence":\#(count - 1),"#, in: copy)
            following.signal(SIGINT)
            #expect(try await following.finish().status == 0)
            try await copy.succeed("verify")
            try await expectOthersAgree(copy, "the copy")
            #expect(
                try await copy.succeed("show", "a", "--json").output
                    == sandbox.succeed("show", "a", "--json").output
            )
            #expect(try await copy.succeed("log", "a").text.contains("said") == false)
        }
    }

    @Test func whatIsAppendedToTheJournalIsInTheCopy() async throws {
        try await withJournal { sandbox, copy in
            let following = try follow(sandbox, copy)
            try await waitForCopy(copy)
            for round in 0..<5 {
                try await sandbox.succeed("run", "runbook.yaml", "--id", "id-\(round)")
                try await wait(for: #""data":{"id":"id-\#(round)""#, in: copy)
            }
            let count = try await sandbox.entries().count
            try await wait(for: #""sequence":\#(count - 1),"#, in: copy)
            #expect(try await copy.entries() == sandbox.entries())
            #expect(
                try await copy.succeed("list", "--json").json["executions"]
                    == sandbox.succeed("list", "--json").json["executions"]
            )
            try await copy.succeed("verify")
            try await expectOthersAgree(copy, "the copy")
            following.signal(SIGINT)
            let end = try await following.finish()
            #expect(end.status == 0, "\(end.errors)")
            #expect(end.errors.contains("is level with the journal"), "\(end.errors)")
            #expect(try end.json["size"] == .integer(count))
            let verified = try await copy.succeed("verify", "--json").json
            #expect(try end.json["root"] == verified["root"])
        }
    }

    @Test func theNextOneGoesOnWithTheCopy() async throws {
        try await withJournal { sandbox, copy in
            try await sandbox.succeed("backup", copy.journal)
            for round in 0..<3 {
                try await sandbox.succeed("run", "runbook.yaml", "--id", "id-\(round)")
                let following = try follow(sandbox, copy)
                try await wait(for: #""data":{"id":"id-\#(round)""#, in: copy)
                following.signal(SIGINT)
                #expect(try await following.finish().status == 0)
                try await copy.succeed("verify")
            }
        }
    }

    @Test func aCopyThatIsNoBeginningOfTheJournalIsRefused() async throws {
        try await withJournal { sandbox, copy in
            try await withSandbox { other in
                _ = try await other.succeed("backup", copy.journal)
            }
            let before = try await copy.entries()
            expect(
                try await sandbox.daybook("backup", "--follow", copy.journal),
                exits: 5,
                saying: "does not begin with"
            )
            #expect(try await copy.entries() == before)
        }
    }

    @Test func aCopyThatGoesOnByItselfIsRefused() async throws {
        try await withJournal { sandbox, copy in
            try await sandbox.succeed("backup", copy.journal)
            try await copy.succeed("adopt", "--reason", "a test", "--yes")
            expect(
                try await sandbox.daybook("backup", "--follow", copy.journal),
                exits: 64,
                saying: "is no copy any more"
            )
        }
    }

    /// Whoever adopts a copy while it is followed has a journal, and the following ends.
    @Test func aCopyThatIsAdoptedMeanwhileIsLeftAlone() async throws {
        try await withJournal { sandbox, copy in
            let following = try follow(sandbox, copy)
            try await waitForCopy(copy)
            try await copy.succeed("adopt", "--reason", "a test", "--yes")
            let before = try await copy.entries()
            try await sandbox.succeed("run", "runbook.yaml", "--id", "x")
            let end = try await following.finish()
            #expect(end.status == 5, "\(end)")
            #expect(end.errors.contains("somebody else has written to the copy"), "\(end.errors)")
            #expect(try await copy.entries() == before)
            try await copy.succeed("verify")
        }
    }

    @Test func keysAreNotFollowed() async throws {
        try await withJournal { sandbox, copy in
            let result = try await sandbox.daybook(
                "backup",
                "--follow",
                copy.journal,
                "--with-keys"
            )
            #expect(result.status == 64)
        }
    }

    /// Killed at random while the journal is written, it leaves a copy that is a beginning of the journal,
    /// and the next one goes on with it.
    @Test func killedAnywhereItLeavesABeginningOfTheJournal() async throws {
        let seed = StormTests.seed
        var random = SeededGenerator(seed: seed)
        try await withJournal { sandbox, copy in
            for round in 0..<StormTests.size(12) {
                let following = try follow(sandbox, copy)
                let writing = try sandbox.start("run", "runbook.yaml", "--id", "id-\(round)")
                try await spin(random.next(below: 3_000_000))
                following.signal(SIGKILL)
                try await following.finish()
                #expect(try await writing.finish().status == 0, "seed \(seed)")
                guard try FileStatus.of(copy.journal) != nil else { continue }
                let verified = try await copy.daybook("verify")
                #expect(verified.status == 0, "seed \(seed): \(verified.errors)")
                let part = try await copy.entries()
                let all = try await sandbox.entries()
                #expect(all.prefix(part.count) == part[...], "seed \(seed)")
            }
            let following = try follow(sandbox, copy)
            let count = try await sandbox.entries().count
            try await waitForCopy(copy)
            try await wait(for: #""sequence":\#(count - 1),"#, in: copy)
            following.signal(SIGINT)
            #expect(try await following.finish().status == 0, "seed \(seed)")
            #expect(try await copy.entries() == sandbox.entries(), "seed \(seed)")
            try await expectOthersAgree(copy, "seed \(seed)")
        }
    }

    @Test func aFullDiskEndsItWithASentenceAndTheCopyIsWhole() async throws {
        try await TemporaryFileSystem.with(size: "300k") { system, inside in
            try await withJournal { sandbox, _ in
                var sandbox = sandbox
                sandbox.launcher = system.launcher
                let copy = Sandbox(folder: inside.folder, launcher: system.launcher)
                let following = try follow(sandbox, copy)
                var text = "name: many\nblocks:\n- name: block\n  jobs:\n"
                for number in 1...400 { text += "  - { name: job.\(number), run: \":\" }\n" }
                let path = try sandbox.write(text)
                try await sandbox.succeed("run", path, "--id", "x")
                let end = try await following.finish()
                #expect(end.status == 75, "\(end)")
                #expect(end.errors.contains("no room"), "\(end.errors)")
                try await copy.succeed("verify")
                try await system.remount("size=64m")
                let again = try follow(sandbox, copy)
                try await wait(for: "session_closed", in: copy)
                again.signal(SIGINT)
                try await again.finish()
                try await copy.succeed("verify")
            }
        }
    }
}
