import DaybookSystem
import FoundationEssentials
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// `daybook restore`: a journal that goes on from a backup.
@Suite struct RestoreTests {
    /// Runs `body` with a journal, its backup `backup.daybook`, and a place for what is restored.
    private func withBackup(
        _ sample: JournalBytes? = nil,
        _ body: (_ original: Sandbox, _ backup: String, _ restored: Sandbox) async throws -> Void
    ) async throws {
        let sample = if let sample { sample } else { try await SampleJournals.small() }
        try await sample.withJournal { sandbox in
            let backup = sandbox.folder + "/backup.daybook"
            try await sandbox.succeed("backup", backup)
            let restored = Sandbox(folder: sandbox.folder + "/restored")
            try Folder.create(restored.folder)
            try await body(sandbox, backup, restored)
        }
    }

    private func restore(_ backup: String, _ more: String...) -> [String] {
        ["restore", backup, "--reason", "the disk is broken", "--yes"] + more
    }

    @Test func whatIsRestoredGoesOnAndSaysFromWhere() async throws {
        try await withBackup { original, backup, restored in
            let before = try await original.entries()
            let root = try await original.succeed("verify", "--json").json["root"]
            let made = try await restored.succeed(
                restore(backup, "--actor", "Ada", "--json")
            ).json
            #expect(made["size"] == .integer(before.count))
            #expect(made["root"] == root)
            let after = try await restored.entries()
            #expect(Array(after.prefix(before.count)) == before)
            // Nothing comes before it, not even a session.
            #expect(after.count == before.count + 1)
            let event = try #require(after.last)
            #expect(event["event"] == "journal_restored")
            #expect(event["data"]["size"] == .string("\(before.count)"))
            #expect(event["data"]["actor"] == "Ada")
            let log = try await restored.succeed("log").text
            #expect(
                log.contains("from a backup of \(before.count) entries, by Ada: the disk is broken")
            )
            #expect(
                try await restored.succeed("log", "--actor", "Ada").text.contains(
                    "journal_restored"
                )
            )
            try await restored.succeed("exec", "open")
            try await restored.succeed("work", "--until-idle")
            #expect(try await restored.succeed("status", "open").text == "completed\n")
            try await restored.succeed("verify")
            try await expectOthersAgree(restored, "restored")
            #expect(try permissions(of: restored.journal) == 0o700)
            #expect(try permissions(of: restored.dataFile) == 0o600)
        }
    }

    /// What was erased does not come back from a later backup, and nobody is said to have taken it.
    @Test func aMomentBeforeAnErasureIsNoneOfALaterBackup() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(runbook(["a": "echo said"]))
            try await sandbox.succeed("run", "runbook.yaml", "--id", "a")
            let before = try await sandbox.entries().count
            try await sandbox.succeed("redact", "a", "--reason", "asked to", "--yes")
            let erased = try await sandbox.entries().count - 1
            try await sandbox.succeed("run", "runbook.yaml", "--id", "b")
            let backup = sandbox.folder + "/later.daybook"
            try await sandbox.succeed("backup", backup)
            let restored = Sandbox(folder: sandbox.folder + "/restored")
            try Folder.create(restored.folder)
            let refused = try await restored.daybook(restore(backup, "--at", "\(before - 1)"))
            #expect(refused.status == 4, "\(refused)")
            #expect(refused.errors.contains("were erased later, by entry "), "\(refused)")
            #expect(try FileStatus.of(restored.journal) == nil)
            // Entries of the process that erased stand behind that.
            let end = try #require(
                refused.errors.firstMatch(of: /restore up to entry ([0-9]+) or/)?.1
            )
            #expect(Int(end).map { $0 < erased && $0 >= before } == true, "\(refused)")
            try await restored.succeed(restore(backup, "--at", String(end)))
            try await restored.succeed("verify")
        }
    }

    /// Two that both go on would be two histories under one name.
    @Test func aJournalAtHomeIsNoBackup() async throws {
        try await withBackup { _, backup, restored in
            try await restored.succeed(restore(backup))
            let again = restored.folder + "/again"
            expect(
                try await restored.daybook(restore(restored.journal, "--journal", again)),
                exits: 64,
                saying: "is no backup"
            )
            expect(
                try await restored.daybook(restore(backup)),
                exits: 4,
                saying: "is there already"
            )
        }
    }

    @Test func aRehearsalKeepsNothing() async throws {
        try await withBackup { _, backup, restored in
            let result = try await restored.succeed(restore(backup, "--dry-run"))
            #expect(result.text.contains("would go on from"))
            #expect(try Folder.names(in: restored.folder) == [])
        }
    }

    // MARK: Moments

    /// Each beginning of a journal is a journal, in which what came later has not happened.
    @Test func anyMomentCanBeRestored() async throws {
        try await withBackup { original, backup, restored in
            let all = try await original.entries()
            for size in 1...all.count {
                try await restored.succeed(restore(backup, "--at", "\(size - 1)"))
                let entries = try await restored.entries()
                #expect(entries.prefix(size) == all.prefix(size))
                #expect(entries.count == size + 1)
                try await restored.succeed("verify")
                try await expectOthersAgree(restored, "restored at \(size)")
                let root = try await original.succeed("head", "--size", "\(size)").text
                #expect(try await restored.succeed("head", "--size", "\(size)").text == root)
                try Folder.removeAll(restored.journal)
            }
        }
    }

    @Test(arguments: [255, 256, 300, 511, 600])
    func tilesAreCutBack(_ last: Int) async throws {
        try await withBackup(try await SampleJournals.large()) { _, backup, restored in
            try await restored.succeed(restore(backup, "--at", "\(last)"))
            let tiles = try await restored.succeed("verify", "--json").json["tiles"]
            #expect(tiles == .integer((last + 2) / 256))
            try await expectOthersAgree(restored, "restored at \(last)")
            try await restored.succeed("work", "--until-idle")
            #expect(try await restored.succeed("verify").errors == "")
        }
    }

    @Test func aTimeIsAMomentToo() async throws {
        try await withBackup { original, backup, restored in
            let all = try await original.entries()
            let middle = try #require(all[all.count / 2]["time"].string)
            try await restored.succeed(restore(backup, "--at", "0s"))
            #expect(try await restored.entries().count == all.count + 1)
            try Folder.removeAll(restored.journal)
            try await restored.succeed(restore(backup, "--at", String(middle.prefix(23)) + "Z"))
            let count = try await restored.entries().count - 1
            let last = try #require(all[count - 1]["time"].string)
            #expect(last.prefix(23) <= middle.prefix(23))
            let next = try #require(all[count]["time"].string)
            #expect(next > String(middle.prefix(23)))
            expect(
                try await original.daybook(
                    restore(backup, "--at", "2020-01-01", "--journal", restored.folder + "/x")
                ),
                exits: 64,
                saying: "was begun at"
            )
        }
    }

    // MARK: Heads

    @Test func aBackupThatIsBehindAHeadIsRefusedUnlessItGetsAnOriginOfItsOwn() async throws {
        try await withBackup { original, _, restored in
            try await original.succeed("adopt", "--reason", "a test", "--yes")
            let backup = original.folder + "/later.daybook"
            try await original.succeed("backup", backup)
            let old = try await original.succeed("head").text
            try restored.write(old, to: "old")
            try await original.succeed("exec", "open")
            try restored.write(try await original.succeed("head").text, to: "new")
            for at in [[], ["--at", "4"]] {
                expect(
                    try await restored.daybook(restore(backup, "--against", "new") + at),
                    exits: 5,
                    saying: "entries at its end are gone"
                )
            }
            #expect(try Folder.names(in: restored.folder) == ["new", "old"])
            try await restored.succeed(restore(backup, "--against", "old"))
            try Folder.removeAll(restored.journal)

            let made = try await restored.succeed(
                restore(backup, "--against", "new", "--origin", "orders/2")
            ).text
            #expect(made.contains("under the origin orders/2, because"))
            #expect(try await restored.succeed("head").text.hasPrefix("orders/2\n"))
            #expect(try await restored.succeed("info").text.contains("orders/2"))
            // What it had is what those who hold the old head know of.
            try await restored.succeed("verify", "--against", "old")
            try await restored.succeed("exec", "open")
            let result = try await restored.daybook("verify", "--against", "new")
            #expect(result.status == 5)
            #expect(result.errors.contains("restored under another origin"), "\(result.errors)")
        }
    }

    @Test func aHeadOfAnotherLogIsNoneOfIt() async throws {
        try await withBackup { _, backup, restored in
            try await withSandbox { other in
                let head = try other.write(try await other.succeed("head").text, to: "head")
                expect(
                    try await restored.daybook(
                        restore(backup, "--against", head, "--origin", "orders/2")
                    ),
                    exits: 5,
                    saying: "is of the log"
                )
            }
        }
    }

    // MARK: Damage

    /// A bit that has changed in an entry or a payload is located; before it, the backup is good.
    @Test func aFlippedBitIsLocated() async throws {
        try await withBackup(try await SampleJournals.large()) { original, backup, restored in
            let entry = try await original.succeed("entry", "400", "--raw").output
            var data = JournalBytes(try File.contents(of: backup + "/journal.mdb"))
            try data.flip(bit: 3, at: entry.count - 1, in: entry)
            try writeBytes(data.bytes, to: backup + "/journal.mdb")
            let result = try await restored.daybook(restore(backup))
            expect(result, exits: 5, saying: "is not restored", "entry 400: ", backup)
            // What is advised is about the backup.
            #expect(!result.errors.contains(restored.journal), "\(result.errors)")
            #expect(try Folder.names(in: restored.folder) == [])
            let result2 = try await restored.daybook(restore(backup, "--at", "500"))
            expect(result2, exits: 5, saying: "entry 400: ")
            #expect(try Folder.names(in: restored.folder) == [])
            try await restored.succeed(restore(backup, "--at", "399"))
            try await restored.succeed("verify")
        }
    }

    @Test func aChangedPayloadIsLocated() async throws {
        try await withBackup { _, backup, restored in
            var data = JournalBytes(try File.contents(of: backup + "/journal.mdb"))
            try data.replace("what I say is one", with: "what I say is two")
            try writeBytes(data.bytes, to: backup + "/journal.mdb")
            let result = try await restored.daybook(restore(backup))
            #expect(result.status == 5, "\(result.errors)")
            #expect(result.errors.contains("is not what was recorded"), "\(result.errors)")
            #expect(try Folder.names(in: restored.folder) == [])
        }
    }

    /// Every byte of each page's header in turn, which LMDB would follow.
    @Test func aDamagedPageIsRefusedBeforeItIsRead() async throws {
        try await withBackup { _, backup, restored in
            let data = try File.contents(of: backup + "/journal.mdb")
            var refused = 0
            for page in 2..<data.count / JournalBytes.pageSize {
                var changed = data
                changed[page * JournalBytes.pageSize + 10] ^= 0x80
                try writeBytes(changed, to: backup + "/journal.mdb")
                let result = try await restored.daybook(restore(backup))
                #expect(result.status == 5, "page \(page): \(result)")
                if result.status == 5 { refused += 1 }
                #expect(try Folder.names(in: restored.folder) == [], "page \(page)")
            }
            #expect(refused > 3)
        }
    }

    @Test func aFullDiskIsNamed() async throws {
        try await TemporaryFileSystem.with(size: "64k") { system, inside in
            try await withBackup(try await SampleJournals.large()) { original, backup, _ in
                for at in [[], ["--at", "600"]] {
                    var sandbox = original
                    sandbox.launcher = system.launcher
                    let path = inside.folder + "/new.daybook"
                    let result = try await sandbox.daybook(
                        restore(backup, "--journal", path) + at
                    )
                    #expect(result.status == 75, "\(result.errors)")
                    #expect(result.errors.contains("no room"), "\(result.errors)")
                    let listing = try await RunningCommand(
                        system.launcher + ["ls", "-A", inside.folder]
                    ).finish()
                    #expect(listing.text == "")
                }
            }
        }
    }

    // MARK: Keys

    /// Runs `body` with a journal that keeps a secret, and its backup `b.daybook` with the keys.
    private func withSecret(_ body: (Sandbox) async throws -> Void) async throws {
        try await withSandbox { sandbox in
            let key = ["DAYBOOK_KEY": String(repeating: "ab", count: 32)]
            try sandbox.write("secrets: [TOKEN]\n" + runbook(["a": "true"]))
            let submitted = try await sandbox.daybook(
                ["submit", "runbook.yaml", "--id", "x", "--secret", "TOKEN"],
                environment: key.merging(["TOKEN": "geheim-genug"]) { $1 }
            )
            try #require(submitted.status == 0, "\(submitted.errors)")
            try await sandbox.succeed("backup", "b.daybook", "--with-keys")
            try await body(sandbox)
        }
    }

    @Test func keysComeBackWithTheBackupThatHasThem() async throws {
        try await withSecret { sandbox in
            for (words, has) in [([], true), (["--without-keys"], false), (["--at", "3"], false)] {
                let path = sandbox.folder + "/r.daybook"
                let made = try await sandbox.succeed(
                    restore("b.daybook", "--journal", path, "--json") + words
                ).json
                #expect(made["keys"] == .boolean(has))
                #expect(try Folder.names(in: path).contains("keys") == has)
                try await sandbox.succeed("verify", "--journal", path)
                try Folder.removeAll(path)
            }
        }
    }

    /// On a medium that may not be written there is no lock to be had.
    @Test func aBackupThatMayNotBeWrittenIsRestoredWithItsKeys() async throws {
        try await TemporaryFileSystem.with(size: "4m") { system, inside in
            try await withSecret { sandbox in
                let backup = inside.folder + "/b.daybook"
                try await system.run("cp", "-r", sandbox.folder + "/b.daybook", backup)
                try await system.remount("ro")
                var sandbox = sandbox
                sandbox.launcher = system.launcher
                let path = sandbox.folder + "/r.daybook"
                let made = try await sandbox.succeed(
                    restore(backup, "--journal", path, "--json")
                ).json
                #expect(made["keys"] == true)
                try await sandbox.succeed("verify", "--journal", path)
            }
        }
    }
}
