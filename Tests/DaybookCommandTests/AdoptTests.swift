import DaybookSystem
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
