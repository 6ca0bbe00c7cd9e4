import DaybookSystem
import FoundationEssentials
import SeededRandom
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// `daybook compact`: the file, written anew.
@Suite struct CompactTests {
    private static let shrink = ["compact", "--shrink", "--reason", "a test", "--yes"]
    /// What somebody wants to be gone.
    private static let spoken = "SPOKEN-IN-CONFIDENCE"

    /// Runs `body` with a journal in which what was said is erased, and what is to stay is not.
    private func withErased(_ body: (Sandbox) async throws -> Void) async throws {
        try await withSandbox { sandbox in
            let said = "for i in 1 2 3 4 5 6 7 8 9; do echo \"$i \(Self.spoken)\"; done"
            try sandbox.write(runbook(["a": "echo \"$INPUT_V\"", "b": said], inputs: ["v"]))
            for id in ["x", "y", "z"] {
                try await sandbox.succeed(
                    "run",
                    "runbook.yaml",
                    "--id",
                    id,
                    "--input",
                    "v=\(Self.spoken) by \(id)"
                )
            }
            try sandbox.write(runbook(["a": "echo kept"]), to: "kept.yaml")
            try await sandbox.succeed("run", "kept.yaml", "--id", "kept")
            try await sandbox.succeed("submit", "kept.yaml", "--id", "open")
            try await sandbox.succeed("redact", "x", "y", "z", "--reason", "asked to", "--yes")
            try await body(sandbox)
        }
    }

    private func holdsSpoken(_ sandbox: Sandbox) throws -> Bool {
        let journal = JournalBytes(try File.contents(of: sandbox.dataFile))
        return !journal.places(of: Array(Self.spoken.utf8)).isEmpty
    }

    @Test func whatWasErasedIsGoneFromTheFile() async throws {
        try await withErased { sandbox in
            // Otherwise there is nothing to show.
            #expect(try holdsSpoken(sandbox))
            let before = try await sandbox.entries()
            let head = try await sandbox.succeed("head").text
            try head.write(
                toFile: sandbox.folder + "/head",
                atomically: false,
                encoding: .utf8
            )
            let made = try await sandbox.succeed(Self.shrink + ["--actor", "Ada", "--json"]).json
            #expect(try !holdsSpoken(sandbox))
            #expect(made["size"] == .integer(before.count))
            let size = try #require(made["bytesAfter"].integer)
            #expect(size < (try #require(made["bytesBefore"].integer)))
            #expect(try FileStatus.of(sandbox.dataFile)?.size == size)
            #expect(try permissions(of: sandbox.dataFile) == 0o600)
            let names = try Folder.names(in: sandbox.journal)
            #expect(!names.contains { $0.hasPrefix("damaged-") || $0 == "rewriting" })
            let after = try await sandbox.entries()
            #expect(Array(after.prefix(before.count)) == before)
            #expect(after.count == before.count + 1)
            #expect(after.last?["event"] == "journal_rewritten")
            #expect(after.last?["data"]["actor"] == "Ada")
            try await sandbox.succeed("verify", "--against", sandbox.folder + "/head")
            try await expectOthersAgree(sandbox, "shrunk")
            try await sandbox.succeed("exec", "open")
            try await sandbox.succeed("work", "--until-idle")
            #expect(try await sandbox.succeed("status", "open").text == "completed\n")
            try await sandbox.succeed("verify")
            #expect(try await sandbox.succeed("log", "kept").text.contains("kept"))
        }
    }

    @Test func whoErasesMayShred() async throws {
        try await withErased { sandbox in
            #expect(try holdsSpoken(sandbox))
            let follower = try sandbox.start("log", "--follow")
            var lines = follower.lines.makeAsyncIterator()
            _ = await lines.next()
            let redact = ["redact", "kept", "--reason", "asked to", "--yes", "--shred"]
            try Folder.create(sandbox.journal + "/rewriting")
            try Folder.create(sandbox.journal + "/rewriting/held")
            // Another process makes the file anew.
            let other = try FolderLock(sandbox.journal + "/rewriting/held", .exclusive)
            let refused = try await sandbox.daybook(redact)
            withExtendedLifetime(other) {}
            #expect(refused.status == 4)
            #expect(refused.text.contains("kept  erased "))
            #expect(refused.errors.contains("what is erased stays erased"), "\(refused)")
            #expect(refused.errors.contains("pages of the journal's file that are free"))
            try Folder.removeAll(sandbox.journal + "/rewriting")
            // Asked again, it does the rest.
            let made = try await sandbox.succeed(redact)
            #expect(made.text.contains("the file is written anew"))
            #expect(!made.errors.contains("pages of the journal's file that are free"))
            #expect(try !holdsSpoken(sandbox))
            follower.signal(SIGINT)
            try await follower.finish()
            let again = try await sandbox.succeed(redact + ["--json"]).json
            #expect(again["file"]["bytesAfter"].integer ?? 0 > 0)
            try await sandbox.succeed("verify")
        }
    }

    /// What a repair has kept, and what a backup of an older file has, is as readable as before.
    @Test func filesThatARepairHasKeptAreNamed() async throws {
        try await withErased { sandbox in
            var damaged = JournalBytes(try File.contents(of: sandbox.dataFile))
            damaged.fill(try damaged.root(of: "lists"), 0xFF)
            try writeBytes(damaged.bytes, to: sandbox.dataFile)
            let repair = ["doctor", "--repair", "--reason", "a bit flipped", "--yes"]
            let kept = try await sandbox.succeed(repair + ["--json"]).json["kept"].string
            let path = try #require(kept)
            let redact = ["redact", "kept", "--reason", "asked to", "--yes"]
            for more in [["--dry-run"], [], ["--shred"]] {
                let made = try await sandbox.succeed(redact + more)
                #expect(made.errors.contains(path), "\(more): \(made)")
            }
            let shredded = try await sandbox.succeed(redact + ["--shred", "--json"]).json
            #expect(shredded["notReached"].elements.contains { $0.string?.contains(path) == true })
            let shrunk = try await sandbox.succeed(Self.shrink)
            #expect(shrunk.errors.contains(path), "\(shrunk)")
            try Folder.removeFile(path)
            let clean = try await sandbox.succeed(redact + ["--shred"])
            #expect(!clean.errors.contains("damaged-"), "\(clean)")
        }
    }

    @Test func aRehearsalSaysWhatEachStepComesTo() async throws {
        try await withErased { sandbox in
            let whole = try File.contents(of: sandbox.dataFile)
            let plan = try await sandbox.succeed("compact", "--dry-run", "--json").json
            #expect(plan["erase"]["executions"] == 1)
            let payloads = try #require(plan["erase"]["payloads"].integer)
            #expect(payloads > 0)
            let early = try await sandbox.succeed(
                "compact",
                "--dry-run",
                "--json",
                "--older-than",
                "1d"
            ).json
            #expect(early["erase"]["executions"] == 0)
            let inUse = try #require(plan["shrink"]["bytesInUse"].integer)
            #expect(inUse < whole.count)
            let text = try await sandbox.succeed("compact", "--dry-run").text
            #expect(text.contains("erase   \(payloads) payloads"))
            #expect(!text.contains("refused"))
            #expect(try File.contents(of: sandbox.dataFile) == whole)
            let redacted = try await sandbox.succeed(
                "redact",
                "kept",
                "--reason",
                "a test",
                "--dry-run",
                "--json"
            ).json["executions"].elements
            #expect(redacted.first?["payloads"] == .integer(payloads))
        }
    }

    @Test func whoReadsMeanwhileGoesOnWithTheNewFile() async throws {
        try await withErased { sandbox in
            let follower = try sandbox.start("log", "--follow", "--jsonl")
            var lines = follower.lines.makeAsyncIterator()
            _ = await lines.next()
            let plan = try await sandbox.succeed("compact", "--dry-run").text
            #expect(!plan.contains("refused"))
            for round in 0..<3 {
                try await sandbox.succeed(Self.shrink)
                try await sandbox.succeed("submit", "kept.yaml", "--id", "later-\(round)")
                var line = await lines.next()
                while let text = line, !text.contains("later-\(round)") {
                    line = await lines.next()
                }
                try #require(line != nil, "round \(round)")
            }
            follower.signal(SIGINT)
            let all = try await follower.finish().jsonLines.compactMap { $0["sequence"].integer }
            #expect(all == Array(0..<(try await sandbox.entries().count)))
            #expect(try !Folder.names(in: sandbox.journal).contains("rewriting"))
        }
    }

    /// Two processes read and write without a pause while a third writes the file anew, ten times.
    @Test func nobodyLosesAnythingWhileItIsWrittenAnew() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(runbook(["a": "true", "b": "true", "c": "true"]))
            let worker = try sandbox.start("work")
            let follower = try sandbox.start("log", "--follow", "--jsonl")
            var answered: [String] = []
            for round in 0..<10 {
                let shrinking = try sandbox.start(Self.shrink)
                for number in 0..<6 {
                    let id = "x\(round)-\(number)"
                    try await sandbox.succeed("submit", "runbook.yaml", "--id", id)
                    try await sandbox.succeed("exec", id)
                    answered.append(id)
                }
                let result = try await shrinking.finish()
                #expect(result.status == 0, "round \(round): \(result.errors)")
            }
            for id in answered {
                let waited = try await sandbox.daybook("wait", id, "--timeout", "60s")
                #expect(waited.status == 0, "\(waited.errors)")
            }
            worker.signal(SIGINT)
            let worked = try await worker.finish()
            #expect(worked.status == 0, "\(worked.errors)")
            // What it has told is all that there is, once and in order.
            let entries = try await sandbox.entries()
            #expect(entries.count { $0["event"] == "journal_rewritten" } == 10)
            #expect(!entries.contains { $0["event"] == "session_lost" })
            let last = entries.count - 1
            var told: [Int] = []
            for await line in follower.lines {
                let entry = try JSON(parsing: Array(line.utf8))
                if let sequence = entry["sequence"].integer { told.append(sequence) }
                if told.last == last { break }
            }
            follower.signal(SIGINT)
            try await follower.finish()
            #expect(told == Array(0...last))
            try await sandbox.succeed("verify")
            try await expectOthersAgree(sandbox, "shrunk ten times")
        }
    }

    @Test func whatIsDamagedIsNotCompacted() async throws {
        try await withErased { sandbox in
            var damaged = JournalBytes(try File.contents(of: sandbox.dataFile))
            damaged.fill(try damaged.root(of: "lists"), 0xFF)
            try writeBytes(damaged.bytes, to: sandbox.dataFile)
            expect(try await sandbox.daybook(Self.shrink), exits: 5, saying: "daybook doctor")
            #expect(try File.contents(of: sandbox.dataFile) == damaged.bytes)
        }
    }

    /// Whoever is answered while others have the file written anew finds what was answered.
    @Test func nothingIsLostThatWasAnswered() async throws {
        let seed = StormTests.seed
        var random = SeededGenerator(seed: seed)
        try await withSandbox { sandbox in
            try sandbox.write(runbook(["a": "true"]))
            var answered: [String] = []
            var shrunk = 0
            for round in 0..<StormTests.size(8) {
                let context = "seed \(seed), round \(round)"
                let shrinking = try sandbox.start(Self.shrink)
                var submitting: [(String, RunningCommand)] = []
                for number in 0..<3 {
                    try await spin(random.next(below: 60_000))
                    let id = "s\(round)-\(number)"
                    submitting.append(
                        (id, try sandbox.start("submit", "runbook.yaml", "--id", id))
                    )
                }
                if round % 4 == 3 { shrinking.signal(SIGKILL) }
                let result = try await shrinking.finish()
                #expect([0, 4, -SIGKILL].contains(result.status), "\(context): \(result)")
                if result.status == 0 { shrunk += 1 }
                for (id, command) in submitting {
                    let result = try await command.finish()
                    #expect([0, 4].contains(result.status), "\(context): \(result)")
                    if result.status == 0 { answered.append(id) }
                }
            }
            try await sandbox.succeed(Self.shrink)
            let list = try await sandbox.succeed("list", "--json").json
            let ids = Set(list["executions"].elements.compactMap { $0["id"].string })
            for id in answered { #expect(ids.contains(id), "seed \(seed): \(id)") }
            #expect(!answered.isEmpty && shrunk > 0, "seed \(seed)")
            try await sandbox.succeed("verify")
        }
    }

    /// Killed or refused at any call, it leaves the old file or the new one, and the next one goes on.
    @Test(
        arguments: [
            "mkdir", "write", "pwrite64", "fdatasync", "fsync", "rename", "unlink", "unlinkat",
        ],
        ["signal=SIGKILL", "error=EIO", "error=ENOSPC"]
    )
    func faultsLeaveTheOldOrTheNew(_ call: String, _ fault: String) async throws {
        try await withErased { sandbox in
            let before = try await sandbox.entries()
            var count = before.count
            var number = 0
            var isThrough = false
            while !isThrough {
                number += 1
                let context = "\(fault) at \(call) \(number)"
                let old = try #require(try FileStatus.of(sandbox.dataFile)).inode
                let (result, hasStruck) = try await Tracing.run(
                    Self.shrink,
                    sandbox,
                    call,
                    fault,
                    number
                )
                isThrough = !hasStruck
                // The next one who opens the journal may finish it.
                try await sandbox.succeed("verify")
                let isNew = try FileStatus.of(sandbox.dataFile)?.inode != old
                if isNew {
                    count += 1
                } else {
                    #expect(result.status != 0, "\(context): \(result)")
                }
                let after = try await sandbox.entries()
                #expect(after.count == count, "\(context)")
                #expect(Array(after.prefix(before.count)) == before, "\(context)")
                try #require(number < 200, "\(context)")
            }
            #expect(number > 1, "\(call) was not struck")
            try await sandbox.succeed(Self.shrink)
            let names = try Folder.names(in: sandbox.journal)
            #expect(!names.contains("rewriting"))
        }
    }
}
