import DaybookSystem
import Testing

/// Which journal a command works on when that is not said, or said twice.
@Suite struct JournalLookupTests {
    /// The journal that `info` finds, run in `folder`.
    private func found(
        _ folder: String,
        _ arguments: [String] = [],
        environment: [String: String] = [:]
    ) async throws -> CommandResult {
        try await RunningCommand(
            [DaybookProgram.path, "info", "--json"] + arguments,
            environment: environment,
            folder: folder
        ).finish()
    }

    private func create(_ name: String, in folder: String) async throws {
        try await Sandbox(folder: folder).succeed("init", name)
    }

    @Test func theOptionComesBeforeEverything() async throws {
        try await withFolder { folder in
            for name in ["a.daybook", "b.daybook", "c.daybook"] {
                try await create(name, in: folder)
            }
            let environment = ["DAYBOOK_JOURNAL": folder + "/b.daybook"]
            let byOption = try await found(
                folder,
                ["--journal", "a.daybook"],
                environment: environment
            )
            #expect(try byOption.json["journal"] == "a.daybook")
            let byVariable = try await found(folder, environment: environment)
            #expect(try byVariable.json["journal"] == .string(folder + "/b.daybook"))
        }
    }

    @Test func theOnlyJournalOfTheFolderIsTaken() async throws {
        try await withFolder { folder in
            try await create("only.daybook", in: folder)
            // Neither is called like a journal.
            try Folder.create(folder + "/other")
            try Folder.create(folder + "/notes.daybook.d")
            #expect(try await found(folder).json["journal"] == "only.daybook")
        }
    }

    @Test func aFolderWithoutAJournalIsAUsageError() async throws {
        try await withFolder { folder in
            expect(
                try await found(folder),
                exits: 64,
                saying: "no journal was named",
                "daybook init"
            )
        }
    }

    @Test func severalJournalsAreNamedAndNoneIsTaken() async throws {
        try await withFolder { folder in
            try await create("b.daybook", in: folder)
            try await create("a.daybook", in: folder)
            expect(
                try await found(folder),
                exits: 64,
                saying: "several (a.daybook, b.daybook)",
                "--journal"
            )
        }
    }

    @Test func aJournalThatIsNamedAndMissingIsNotSearchedElsewhere() async throws {
        try await withFolder { folder in
            try await create("a.daybook", in: folder)
            expect(
                try await found(folder, ["--journal", "missing"]),
                exits: 3,
                saying: "there is no journal at missing"
            )
            expect(
                try await found(folder, environment: ["DAYBOOK_JOURNAL": "/nowhere/at/all"]),
                exits: 3,
                saying: "there is no journal at /nowhere/at/all"
            )
        }
    }

    /// Every command finds the journal by the same rule.
    @Test(arguments: [
        ["run", "r.yaml"], ["submit", "r.yaml"], ["exec", "id"], ["status", "id"],
        ["work", "--until-idle"], ["session", "list"], ["session", "evict", "1"], ["list"],
        ["show", "id"], ["log"], ["entry", "0"], ["info"], ["verify"], ["export"],
    ])
    func everyCommandSaysThatTheJournalIsMissing(_ command: [String]) async throws {
        try await withFolder { folder in
            let sandbox = Sandbox(folder: folder)
            try sandbox.write(runbook(["a": "true"]), to: "r.yaml")
            expect(
                try await sandbox.daybook(command + ["--journal", "none"]),
                exits: 3,
                saying: "there is no journal at none"
            )
            #expect(try Folder.names(in: folder) == ["r.yaml"])
        }
    }
}
