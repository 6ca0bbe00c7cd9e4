import DaybookFormat
import DaybookJournal
import DaybookSystem
import DaybookView
import Testing

/// A copy of a journal does not go on by itself.
@Suite struct AdoptTests {
    /// Runs `body` with a journal in which something is submitted, and a copy of it.
    private func withCopy(_ body: (Sandbox, Sandbox) async throws -> Void) async throws {
        try await withSandbox { sandbox in
            try sandbox.write(runbook(["a": "true"]))
            try await sandbox.succeed("submit", "runbook.yaml", "--id", "x")
            let copy = Sandbox(folder: sandbox.folder + "/copy")
            try Folder.create(copy.folder)
            try copy.write(runbook(["a": "true"]))
            let copied = try await RunningCommand(["cp", "-r", sandbox.journal, copy.journal])
                .finish()
            try #require(copied.status == 0, "\(copied.errors)")
            try await body(sandbox, copy)
        }
    }

    @Test func aCopyIsReadAndNotWritten() async throws {
        try await withCopy { original, copy in
            let before = try await original.entries()
            for command in [["list"], ["show", "x"], ["log"], ["verify"], ["why", "x"]] {
                try await copy.succeed(command)
            }
            for command in [
                ["submit", "runbook.yaml", "--id", "y"], ["exec", "x"], ["work", "--until-idle"],
                ["run", "runbook.yaml", "--id", "x"], ["cancel", "x", "--yes"],
            ] {
                expect(
                    try await copy.daybook(command),
                    exits: 4,
                    saying: "is a copy, or was moved",
                    "daybook adopt --reason"
                )
            }
            #expect(try await copy.entries() == before)
            try await original.succeed("run", "runbook.yaml", "--id", "x")
        }
    }

    /// The number of a file that is gone is given to another one: an older backup's copy that gets it is
    /// at home nowhere all the same.
    @Test func aCopyInAFileWithTheNumberOfAnEarlierHomeIsACopy() async throws {
        try await withCopy { _, copy in
            var home = try ProtoBinding(of: JournalFolder(copy.journal))
            #expect(home.madeAt > 0)
            func say(_ home: ProtoBinding) throws {
                let store = try LMDBStore.open(copy.journal)
                defer { store.close() }
                var adopted = ProtoJournalAdopted()
                adopted.binding = home
                adopted.actor = "Ada"
                let event = ProtoEntry.OneOf_Event.journalAdopted(adopted)
                let journal = try Journal.open(store)
                try journal.append(
                    [EntryDraft(stream: .journal, event: event.encoded(), session: 0)]
                )
            }
            home.madeAt += 1
            try say(home)
            expect(
                try await copy.daybook("cancel", "x", "--yes"),
                exits: 4,
                saying: "is a copy, or was moved"
            )
            // What was recorded before this was recorded, and a file system that does not say.
            home.madeAt = 0
            try say(home)
            try await copy.succeed("cancel", "x", "--yes")
        }
    }

    @Test func anAdoptedCopyGoesOnAndSaysByWhomAndWhy() async throws {
        try await withCopy { original, copy in
            let dry = try await copy.succeed("adopt", "--reason", "the disk is broken", "--dry-run")
            #expect(dry.text.contains("journal_adopted"))
            try await copy.succeed(
                "adopt",
                "--reason",
                "the disk is broken",
                "--actor",
                "Ada",
                "--yes"
            )
            try await copy.succeed("run", "runbook.yaml", "--id", "x")
            let log = try await copy.succeed("log").text
            #expect(log.contains("journal_adopted"))
            #expect(log.contains("by Ada: the disk is broken"))
            try await copy.succeed("verify")
            // Once is enough.
            try await copy.succeed("adopt", "--reason", "again", "--yes")
            #expect(try await copy.events().count { $0 == "journal_adopted" } == 1)
            #expect(try await !original.events().contains("journal_adopted"))
        }
    }

    @Test func aReasonHasToBeGiven() async throws {
        try await withSandbox { sandbox in
            let result = try await sandbox.daybook("adopt", "--yes")
            #expect(result.status == 64)
        }
    }
}
