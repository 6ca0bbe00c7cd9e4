import DaybookSystem
import FoundationEssentials
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// `daybook backup`: a copy of a journal, made while others write it.
@Suite struct BackupTests {
    /// Another journal's folder, looked at with the same words.
    private func at(_ path: String, _ sandbox: Sandbox) -> [String] { ["--journal", path] }

    @Test func everyCommandThatLooksWorksOnTheCopy() async throws {
        try await SampleJournals.large().withJournal { sandbox in
            let made = try await sandbox.succeed("backup", "copy.daybook", "--json").json
            let copy = Sandbox(folder: sandbox.folder + "/copies")
            try Folder.create(copy.folder)
            try Folder.rename(sandbox.folder + "/copy.daybook", to: copy.journal)
            let verified = try await copy.succeed("verify", "--json").json
            #expect(made["size"] == verified["entries"])
            #expect(made["root"] == verified["root"])
            let head = try await sandbox.succeed("head")
            #expect(try await copy.succeed("head").text == head.text)
            #expect(try await copy.entries() == sandbox.entries())
            for command in [
                ["list"], ["show", "long"], ["log"], ["info"], ["why", "long"], ["tree", "long"],
            ] {
                try await copy.succeed(command)
            }
            try await expectOthersAgree(copy, "the copy")
        }
    }

    @Test func onlyItsOwnerReadsIt() async throws {
        try await withSandbox { sandbox in
            let before = umask(0)
            defer { umask(before) }
            let copy = sandbox.folder + "/copy.daybook"
            try await sandbox.succeed("backup", copy)
            #expect(try permissions(of: copy) == 0o700)
            for name in try Folder.names(in: copy) {
                #expect(try permissions(of: copy + "/" + name) == 0o600, "\(name)")
            }
        }
    }

    @Test func theCopyIsNotWritten() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(runbook(["a": "true"]))
            let copy = sandbox.folder + "/copy.daybook"
            try await sandbox.succeed("backup", copy)
            let result = try await sandbox.daybook(
                ["submit", "runbook.yaml", "--id", "x"] + at(copy, sandbox)
            )
            expect(result, exits: 4, saying: "is a copy, or was moved")
        }
    }

    /// What the file has of pages that are free stays behind.
    @Test func freePagesAreNotCopied() async throws {
        try await withSandbox { sandbox in
            var text = "name: many\nblocks:\n- name: block\n  jobs:\n"
            for number in 1...60 { text += "  - { name: job.\(number), run: \":\" }\n" }
            try sandbox.write(text)
            try await sandbox.succeed("run", "runbook.yaml", "--id", "x")
            let made = try await sandbox.succeed("backup", "copy.daybook", "--json").json
            let before = try #require(try FileStatus.of(sandbox.dataFile)).size
            let after = try #require(
                try FileStatus.of(sandbox.folder + "/copy.daybook/journal.mdb")
            ).size
            #expect(made["bytes"].integer == after)
            #expect(after < before)
        }
    }

    // MARK: Places

    @Test func whatIsThereIsNotWrittenOver() async throws {
        try await withSandbox { sandbox in
            let path = sandbox.folder + "/copy.daybook"
            try await sandbox.succeed("backup", path)
            let before = try Folder.names(in: path)
            for _ in 0..<2 {
                expect(
                    try await sandbox.daybook("backup", path),
                    exits: 4,
                    saying: path,
                    "is there already"
                )
            }
            #expect(try Folder.names(in: path) == before)
            // Nor is an empty folder, or a link that leads nowhere.
            try Folder.create(sandbox.folder + "/empty")
            symlink("nowhere", sandbox.folder + "/link")
            for name in ["empty", "link"] {
                expect(
                    try await sandbox.daybook("backup", name),
                    exits: 4,
                    saying: "is there already"
                )
            }
            #expect(try FileStatus.of(sandbox.folder + "/nowhere") == nil)
        }
    }

    @Test(arguments: [
        ("test.daybook/copy", "in the journal"), ("test.daybook/sessions/copy", "in the journal"),
        ("link/copy", "in the journal"), ("missing/copy", "there is no folder missing"),
        ("runbook.yaml/copy", "there is no folder runbook.yaml"),
    ])
    func aPlaceWhereNoneCanBeIsRefused(_ place: String, _ words: String) async throws {
        try await withSandbox { sandbox in
            try sandbox.write("")
            symlink("test.daybook", sandbox.folder + "/link")
            try Folder.create(sandbox.journal + "/sessions")
            expect(try await sandbox.daybook("backup", place), exits: 64, saying: place, words)
            let left = try Folder.names(in: sandbox.folder) + Folder.names(in: sandbox.journal)
            #expect(!left.contains { $0.hasPrefix("copy") })
        }
    }

    @Test func aFolderThatMayNotBeWrittenIsNamed() async throws {
        try await TemporaryFileSystem.with(size: "2m") { system, inside in
            try await system.remount("ro")
            try await withSandbox { sandbox in
                var sandbox = sandbox
                sandbox.launcher = system.launcher
                let path = inside.folder + "/copy.daybook"
                expect(
                    try await sandbox.daybook("backup", path),
                    exits: 1,
                    saying: path,
                    "Read-only"
                )
            }
        }
    }

    @Test func aFullDiskIsNamedAndNothingStays() async throws {
        try await TemporaryFileSystem.with(size: "64k") { system, inside in
            let sample = try await SampleJournals.large()
            try await sample.withJournal { sandbox in
                var sandbox = sandbox
                sandbox.launcher = system.launcher
                let path = inside.folder + "/copy.daybook"
                expect(
                    try await sandbox.daybook("backup", path),
                    exits: 75,
                    saying: "no room for \(path)"
                )
                let listing = try await RunningCommand(
                    system.launcher + ["ls", "-A", inside.folder]
                ).finish()
                #expect(listing.text == "")
                try await system.remount("size=8m")
                try await sandbox.succeed("backup", path)
            }
        }
    }

    // MARK: Left over

    @Test func whatADeadBackupHasLeftIsRemoved() async throws {
        try await withSandbox { sandbox in
            let left = sandbox.folder + "/copy.daybook.unfinished"
            try Folder.create(left)
            try Folder.create(left + "/snapshots")
            for name in ["journal.mdb", "keys", "open.lock", "snapshots/state-1"] {
                try writeBytes([1, 2, 3], to: left + "/" + name)
            }
            try await sandbox.succeed("backup", "copy.daybook")
            #expect(try FileStatus.of(left) == nil)
            let names = try Folder.names(in: sandbox.folder + "/copy.daybook")
            #expect(names == ["journal.mdb", "open.lock"])
        }
    }

    @Test func whatIsNotOfABackupStays() async throws {
        try await withSandbox { sandbox in
            let left = sandbox.folder + "/copy.daybook.unfinished"
            try Folder.create(left)
            try writeBytes([1], to: left + "/letter")
            expect(
                try await sandbox.daybook("backup", "copy.daybook"),
                exits: 4,
                saying: "copy.daybook.unfinished",
                "(letter)"
            )
            #expect(try Folder.names(in: left) == ["letter"])
        }
    }

    @Test func twoAtOnceAtOnePlaceAreNotMixed() async throws {
        try await withSandbox { sandbox in
            let left = sandbox.folder + "/copy.daybook.unfinished"
            try Folder.create(left)
            let lock = try File.open(left + "/open.lock", .readWrite)
            #expect(try lock.tryLock(.exclusive))
            expect(
                try await sandbox.daybook("backup", "copy.daybook"),
                exits: 4,
                saying: "is being made by another process"
            )
            try lock.unlock()
            try await sandbox.succeed("backup", "copy.daybook")
        }
    }

    // MARK: Keys and snapshots

    @Test(arguments: [false, true])
    func keysGoAlongWhenTheyAreAskedFor(_ areAsked: Bool) async throws {
        try await withSandbox { sandbox in
            let key = ["DAYBOOK_KEY": String(repeating: "ab", count: 32)]
            try sandbox.write("secrets: [TOKEN]\n" + runbook(["a": "true"]))
            let submitted = try await sandbox.daybook(
                ["submit", "runbook.yaml", "--id", "x", "--secret", "TOKEN"],
                environment: key.merging(["TOKEN": "geheim"]) { $1 }
            )
            try #require(submitted.status == 0, "\(submitted.errors)")
            let made = try await sandbox.succeed(
                ["backup", "copy.daybook", "--json"] + (areAsked ? ["--with-keys"] : [])
            ).json
            #expect(made["keys"] == .boolean(areAsked))
            let copy = sandbox.folder + "/copy.daybook"
            #expect(try Folder.names(in: copy).contains("keys") == areAsked)
            let verified = try await sandbox.succeed(["verify"] + at(copy, sandbox)).text
            #expect(verified.contains("cannot be opened") != areAsked)
        }
    }

    // MARK: Damage

    @Test func aDamagedPageIsToldAndNothingIsMade() async throws {
        var journal = try await SampleJournals.small()
        // The flags of a page in the middle, which LMDB would follow.
        let pages = journal.bytes.count / JournalBytes.pageSize
        for page in 2..<pages { journal.bytes[page * JournalBytes.pageSize + 10] ^= 0x80 }
        try await journal.withJournal { sandbox in
            let result = try await sandbox.daybook("backup", "copy.daybook")
            #expect(result.status == 5, "\(result.errors)")
            #expect(result.errors.contains("damaged"), "\(result.errors)")
            #expect(try Folder.names(in: sandbox.folder) == ["test.daybook"])
        }
    }
}
