import DaybookSystem
import FoundationEssentials
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// `daybook doctor`: what is damaged, and what can be made anew from entries and payloads.
@Suite struct DoctorTests {
    private static let repair = ["doctor", "--repair", "--reason", "a bit flipped", "--yes"]

    /// Runs `body` with a journal that is at home and has all kinds of things in it, and its file.
    private func withJournal(
        jobs: Int = 1,
        _ body: (Sandbox, JournalBytes) async throws -> Void
    ) async throws {
        try await withSandbox { sandbox in
            var text = "name: long\nblocks:\n- name: block\n  jobs:\n"
            for number in 1...jobs {
                text += "  - { name: job.\(number), run: \"echo \(number)\" }\n"
            }
            try sandbox.write(text)
            try sandbox.write(runbook(["say": "exit 3"]), to: "bad.yaml")
            try await sandbox.succeed("run", "runbook.yaml", "--id", "good", "--label", "a=b")
            #expect(try await sandbox.daybook("run", "bad.yaml", "--id", "bad").status == 7)
            try await sandbox.succeed("submit", "runbook.yaml", "--id", "open")
            try await body(sandbox, JournalBytes(try File.contents(of: sandbox.dataFile)))
        }
    }

    /// The status of each part.
    private func parts(_ result: CommandResult) throws -> JSON { try result.json["parts"] }

    @Test func whatIsSoundIsLeftAlone() async throws {
        try await withJournal { sandbox, whole in
            let result = try await sandbox.succeed("doctor")
            #expect(result.text.contains("  entries     sound"))
            #expect(result.text.contains("  free pages  sound"))
            let said = try await sandbox.succeed("doctor", "--json").json
            #expect(said["sound"] == true)
            let repaired = try await sandbox.succeed(Self.repair)
            #expect(repaired.text.contains("nothing is damaged"))
            #expect(try File.contents(of: sandbox.dataFile) == whole.bytes)
        }
    }

    @Test(arguments: ["histories", "executions", "lists", "tiles"])
    func anIndexIsMadeAnew(_ name: String) async throws {
        try await withJournal(jobs: 130) { sandbox, whole in
            let before = try await sandbox.entries()
            let list = try await sandbox.succeed("list", "--json").json["executions"]
            var damaged = whole
            damaged.fill(try whole.root(of: name), 0xFF)
            try writeBytes(damaged.bytes, to: sandbox.dataFile)
            #expect(try await sandbox.daybook("verify").status == 5)
            let look = try await sandbox.daybook("doctor", "--json")
            #expect(look.status == 5, "\(look)")
            #expect(try parts(look)[name] == "damaged, can be made anew")
            #expect(try parts(look)["entries"] == "sound")
            #expect(try parts(look)["payloads"] == "sound")
            #expect(look.errors.contains("doctor --repair"))
            try await expectRepaired(sandbox, before, damaged) {
                let after = try await sandbox.succeed("list", "--json").json["executions"]
                #expect(after == list)
            }
        }
    }

    /// Repairs, and makes sure that nothing is lost and everything goes on.
    private func expectRepaired(
        _ sandbox: Sandbox,
        _ before: [JSON],
        _ damaged: JournalBytes,
        _ check: () async throws -> Void = {}
    ) async throws {
        let rehearsed = try await sandbox.succeed(Self.repair + ["--dry-run"])
        #expect(rehearsed.text.contains("would be made anew"))
        #expect(try File.contents(of: sandbox.dataFile) == damaged.bytes)
        let repaired = try await sandbox.succeed(Self.repair)
        let kept = try #require(
            repaired.text.firstMatch(of: /the old file is kept as (.*)\n/)?.1
        )
        #expect(try File.contents(of: String(kept)) == damaged.bytes)
        #expect(try permissions(of: sandbox.dataFile) == 0o600)
        try await sandbox.succeed("verify")
        try await expectOthersAgree(sandbox, "repaired")
        let after = try await sandbox.entries()
        #expect(Array(after.prefix(before.count)) == before)
        #expect(after.count == before.count + 1)
        let event = try #require(after.last)
        #expect(event["event"] == "journal_rewritten")
        #expect(event["data"]["size"] == .string("\(before.count)"))
        let log = try await sandbox.succeed("log", "--type", "journal_rewritten").text
        #expect(log.contains("with indexes made anew"))
        #expect(log.contains(": a bit flipped"))
        try await check()
        // It is at home in the new file.
        try await sandbox.succeed("exec", "open")
        try await sandbox.succeed("work", "--until-idle")
        #expect(try await sandbox.succeed("status", "open").text == "completed\n")
        try await sandbox.succeed("verify")
    }

    /// A row that says something else is no damaged page.
    @Test func aRowThatWasChangedIsMadeAnew() async throws {
        try await withJournal { sandbox, whole in
            let before = try await sandbox.entries()
            var damaged = whole
            // In the row of that id.
            let key = [UInt8(4), 0] + Array("good".utf8)
            try damaged.flip(bit: 3, at: key.count + 5, in: key)
            try writeBytes(damaged.bytes, to: sandbox.dataFile)
            let look = try await sandbox.daybook("doctor", "--json")
            #expect(look.status == 5, "\(look)")
            #expect(try parts(look)["executions"] == "damaged, can be made anew")
            #expect(try parts(look)["histories"] == "sound")
            try await expectRepaired(sandbox, before, damaged)
        }
    }

    @Test(arguments: ["entries", "payloads", "meta"])
    func whatEverythingIsMadeFromIsNotMadeAnew(_ name: String) async throws {
        try await withJournal(jobs: 40) { sandbox, whole in
            var damaged = whole
            damaged.fill(try #require(try whole.leaves(of: name).last), 0x00)
            try writeBytes(damaged.bytes, to: sandbox.dataFile)
            let look = try await sandbox.daybook("doctor")
            #expect(look.status == 5)
            #expect(look.errors.contains("daybook restore"), "\(look)")
            let refused = try await sandbox.daybook(Self.repair)
            #expect(refused.status == 5)
            #expect(refused.errors.contains("daybook restore"), "\(refused)")
            #expect(try File.contents(of: sandbox.dataFile) == damaged.bytes)
            #expect(try !Folder.names(in: sandbox.journal).contains("rewriting"))
        }
    }

    /// Pages are as they were; a value is not.
    @Test func aPayloadThatWasChangedIsNamed() async throws {
        try await withJournal { sandbox, whole in
            var damaged = whole
            try damaged.replace("long", with: "song")
            try writeBytes(damaged.bytes, to: sandbox.dataFile)
            let refused = try await sandbox.daybook(Self.repair)
            #expect(refused.status == 5)
            #expect(refused.errors.contains("entry "), "\(refused)")
            #expect(try File.contents(of: sandbox.dataFile) == damaged.bytes)
        }
    }

    /// Whatever page is overwritten: nobody crashes, and what can be repaired is whole afterwards.
    @Test(arguments: [0x00, 0xFF] as [UInt8])
    func anyPageMayBeOverwritten(_ byte: UInt8) async throws {
        try await withJournal(jobs: 20) { sandbox, whole in
            let before = try await sandbox.entries()
            var repaired = 0
            for page in stride(from: 2, to: whole.bytes.count / JournalBytes.pageSize, by: 3) {
                var damaged = whole
                damaged.fill(page, byte)
                try writeBytes(damaged.bytes, to: sandbox.dataFile)
                let look = try await sandbox.daybook("doctor", "--json")
                #expect([0, 5].contains(look.status), "page \(page): \(look)")
                guard look.status == 5 else { continue }
                let result = try await sandbox.daybook(Self.repair)
                let canBe = try look.json["repairable"] == true
                #expect(result.status == (canBe ? 0 : 5), "page \(page): \(result)")
                guard canBe else { continue }
                repaired += 1
                try await sandbox.succeed("verify")
                let after = try await sandbox.entries()
                #expect(Array(after.prefix(before.count)) == before, "page \(page)")
                // As it was: in the file that it was made in.
                let kept = try #require(
                    try Folder.names(in: sandbox.journal).first { $0.hasPrefix("damaged-") }
                )
                try Folder.rename(sandbox.journal + "/" + kept, to: sandbox.dataFile)
                try Folder.removeFile(sandbox.journal + "/open.lock")
            }
            #expect(repaired > 0)
        }
    }

    @Test func whoHasItOpenIsNamed() async throws {
        try await withJournal { sandbox, whole in
            let follower = try sandbox.start("log", "--follow")
            var lines = follower.lines.makeAsyncIterator()
            _ = await lines.next()
            let refused = try await sandbox.daybook(Self.repair)
            expect(
                refused,
                exits: 4,
                saying: "is open in process \(follower.pid) (daybook)",
                "end what uses it"
            )
            follower.signal(SIGINT)
            try await follower.finish()
            try await sandbox.succeed(Self.repair)
            #expect(try File.contents(of: sandbox.dataFile) == whole.bytes)
        }
    }

    /// With an entry of its own it would be no beginning of the journal that it is a copy of.
    @Test func aCopyThatIsRepairedStaysACopy() async throws {
        try await withJournal { sandbox, _ in
            let before = try await sandbox.entries()
            let copy = Sandbox(folder: sandbox.folder + "/copies")
            try Folder.create(copy.folder)
            try await sandbox.succeed("backup", copy.journal)
            var damaged = JournalBytes(try File.contents(of: copy.dataFile))
            damaged.fill(try damaged.root(of: "executions"), 0xFF)
            try writeBytes(damaged.bytes, to: copy.dataFile)
            try await copy.succeed(Self.repair)
            try await copy.succeed("verify")
            #expect(try await copy.entries() == before)
            #expect(try await copy.daybook("exec", "open").errors.contains("is a copy"))
        }
    }

    // MARK: Faults

    static let calls = [
        "mkdir", "write", "pwrite64", "fsync", "link", "rename", "unlink", "unlinkat",
    ]

    /// Killed or refused at any call, it leaves the old file or the new one, and the next one goes on.
    @Test(arguments: calls, ["signal=SIGKILL", "error=EIO", "error=ENOSPC"])
    func faultsLeaveTheOldOrTheNew(_ call: String, _ fault: String) async throws {
        try await withJournal { sandbox, whole in
            let before = try await sandbox.entries()
            var damaged = whole
            damaged.fill(try whole.root(of: "lists"), 0xFF)
            try writeBytes(damaged.bytes, to: sandbox.dataFile)
            let old = try #require(try FileStatus.of(sandbox.dataFile)).inode
            var number = 0
            var isThrough = false
            while !isThrough {
                number += 1
                let context = "\(fault) at \(call) \(number)"
                let (result, hasStruck) = try await Tracing.run(
                    Self.repair,
                    sandbox,
                    call,
                    fault,
                    number
                )
                isThrough = !hasStruck
                if try FileStatus.of(sandbox.dataFile)?.inode == old {
                    #expect(result.status != 0, "\(context): \(result)")
                    #expect(try File.contents(of: sandbox.dataFile) == damaged.bytes, "\(context)")
                    try await sandbox.succeed(Self.repair)
                }
                try await sandbox.succeed("verify")
                let after = try await sandbox.entries()
                #expect(Array(after.prefix(before.count)) == before, "\(context)")
                #expect(after.count == before.count + 1, "\(context)")
                // Once more, from the file that it was: there is one, under one name.
                let kept = try Folder.names(in: sandbox.journal).filter { $0.hasPrefix("damaged-") }
                #expect(kept.count == 1, "\(context): \(kept)")
                try Folder.rename(
                    sandbox.journal + "/" + (try #require(kept.first)),
                    to: sandbox.dataFile
                )
                try Folder.removeFile(sandbox.journal + "/open.lock")
                try #require(number < 200, "\(context)")
            }
            #expect(number > 1, "\(call) was not struck")
        }
    }
}
