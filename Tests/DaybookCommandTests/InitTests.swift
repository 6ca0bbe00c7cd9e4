import DaybookSystem
import FoundationEssentials
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// `daybook init`.
@Suite struct InitTests {
    @Test func anEmptyJournalIsCreatedForItsOwnerAlone() async throws {
        try await withFolder { folder in
            let sandbox = Sandbox(folder: folder)
            let result = try await sandbox.succeed("init", sandbox.journal)
            #expect(result.text == "created \(sandbox.journal)\n")
            #expect(try permissions(of: sandbox.journal) == 0o700)
            for name in try Folder.names(in: sandbox.journal) {
                let bits = try permissions(of: "\(sandbox.journal)/\(name)")
                #expect(bits & 0o077 == 0, "\(name)")
            }
            #expect(try await sandbox.events() == ["journal_created"])
        }
    }

    @Test func theAnswerIsJSONOnRequest() async throws {
        try await withFolder { folder in
            let result = try await Sandbox(folder: folder).succeed("init", "a.daybook", "--json")
            #expect(try result.json == ["schema": "daybook.init/1", "journal": "a.daybook"])
            #expect(try FileStatus.of(folder + "/a.daybook/journal.mdb") != nil)
        }
    }

    @Test func theFolderMayBeNamedByTheOptionToo() async throws {
        try await withFolder { folder in
            let sandbox = Sandbox(folder: folder)
            try await sandbox.succeed("init", "--journal", "b.daybook")
            #expect(try FileStatus.of(folder + "/b.daybook/journal.mdb") != nil)
        }
    }

    @Test func anEmptyFolderWillDo() async throws {
        try await withFolder { folder in
            let sandbox = Sandbox(folder: folder)
            try Folder.create(sandbox.journal)
            try await sandbox.succeed("init", sandbox.journal)
            try await sandbox.succeed("verify")
        }
    }

    @Test func aJournalIsNotCreatedOverAnother() async throws {
        try await withSandbox { sandbox in
            let before = try await sandbox.succeed("info", "--json")
            expect(
                try await sandbox.daybook("init", sandbox.journal),
                exits: 4,
                saying: sandbox.journal,
                "exists and is not empty"
            )
            #expect(try await sandbox.succeed("info", "--json").output == before.output)
        }
    }

    @Test func ofManyInitsAtOnceOneMakesTheJournalAndItStays() async throws {
        for _ in 0..<5 {
            try await withFolder { folder in
                let sandbox = Sandbox(folder: folder)
                let results = try await withThrowingTaskGroup(of: CommandResult.self) { group in
                    for _ in 0..<6 {
                        group.addTask { try await sandbox.daybook("init", sandbox.journal) }
                    }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                #expect(results.count { $0.status == 0 } == 1)
                for result in results where result.status != 0 {
                    #expect(result.status == 4, "\(result.errors)")
                }
                #expect(try await sandbox.events() == ["journal_created"])
                try await sandbox.succeed("verify")
            }
        }
    }

    /// What a kill, or a machine that went down, left of an `init`.
    @Test func anInterruptedInitIsGoneOnWith() async throws {
        try await withFolder { folder in
            let sandbox = Sandbox(folder: folder)
            try Folder.create(sandbox.journal)
            try Folder.create(sandbox.journal + "/sessions")
            try sandbox.write("", to: "test.daybook/open.lock")
            try sandbox.write("", to: "test.daybook/journal.mdb")
            expect(
                try await sandbox.daybook("list"),
                exits: 1,
                saying: "`daybook init` goes on with it"
            )
            try await sandbox.succeed("init", sandbox.journal)
            try await sandbox.succeed("verify")
        }
    }

    @Test func aFolderWithOtherFilesIsLeftAlone() async throws {
        try await withFolder { folder in
            let sandbox = Sandbox(folder: folder)
            try Folder.create(sandbox.journal)
            try sandbox.write("mine", to: "test.daybook/notes.txt")
            expect(
                try await sandbox.daybook("init", sandbox.journal),
                exits: 4,
                saying: "not empty"
            )
            #expect(try Folder.names(in: sandbox.journal) == ["notes.txt"])
        }
    }

    @Test func aFileInTheWayIsLeftAlone() async throws {
        try await withFolder { folder in
            let sandbox = Sandbox(folder: folder)
            try sandbox.write("mine", to: "test.daybook")
            expect(
                try await sandbox.daybook("init", sandbox.journal),
                exits: 4,
                saying: sandbox.journal
            )
            #expect(try File.contents(of: sandbox.journal) == Array("mine".utf8))
        }
    }

    @Test func settingsAreJournaled() async throws {
        let options = ["--payload-limit", "4321", "--loss-limit", "7", "--origin", "example.org/t"]
        try await withSandbox(options) { sandbox in
            let info = try await sandbox.succeed("info", "--json").json
            #expect(info["settings"]["payloadLimit"] == 4321)
            #expect(info["settings"]["lossLimit"] == 7)
            #expect(info["origin"] == "example.org/t")
        }
    }

    @Test(arguments: [
        ["--payload-limit", "0"], ["--loss-limit", "0"], ["--payload-limit", "much"],
    ])
    func limitsHaveToBePositiveNumbers(_ options: [String]) async throws {
        try await withFolder { folder in
            let sandbox = Sandbox(folder: folder)
            let result = try await sandbox.daybook(["init", sandbox.journal] + options)
            #expect(result.status == 64)
            #expect(try FileStatus.of(sandbox.journal) == nil)
        }
    }

    @Test func anOriginWithSpacesIsRefused() async throws {
        try await withFolder { folder in
            let sandbox = Sandbox(folder: folder)
            // Also a space that is none to ASCII: the key that signs for the journal has its name.
            for origin in ["a b", "a+b", "a\u{A0}b"] {
                expect(
                    try await sandbox.daybook("init", sandbox.journal, "--origin", origin),
                    exits: 64,
                    saying: "without spaces"
                )
            }
            #expect(try FileStatus.of(sandbox.journal) == nil)
        }
    }

    @Test func withoutAFolderItIsAUsageError() async throws {
        try await withFolder { folder in
            expect(
                try await RunningCommand([DaybookProgram.path, "init"], folder: folder).finish(),
                exits: 64,
                saying: "no folder was named"
            )
        }
    }

    @Test func eachJournalHasItsOwnIdentity() async throws {
        try await withFolder { folder in
            let sandbox = Sandbox(folder: folder)
            var identities: Set<String> = []
            for name in ["a.daybook", "b.daybook"] {
                try await sandbox.succeed("init", name)
                let info = try await sandbox.succeed("info", "--journal", name, "--json").json
                identities.insert(try #require(info["uuid"].string))
            }
            #expect(identities.count == 2)
        }
    }
}
