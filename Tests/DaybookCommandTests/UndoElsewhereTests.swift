import DaybookSystem
import Testing

/// What undoes a job runs with the files that the job left, or not at all.
@Suite struct UndoElsewhereTests {
    /// The job leaves a ticket, which its undoing hands back; both are happy without.
    private static let text = """
        name: trip
        blocks:
        - name: a
          jobs:
          - name: book
            run: 'echo ticket-7 > ticket; head -c 5000 /dev/urandom > map'
            undo: 'cat ticket 2> /dev/null >> FOLDER/returned || echo nothing >> FOLDER/returned'
        - { name: ok, approval: { signal: go } }
        """

    /// An execution `a` that waits, whose files lie in the folder `one`.
    private func withBooked(
        _ more: [String],
        _ body: (Sandbox) async throws -> Void
    ) async throws {
        try await withSandbox { sandbox in
            try sandbox.write(Self.text.replacing("FOLDER", with: sandbox.folder))
            try await sandbox.succeed("submit", "runbook.yaml", "--id", "a")
            try await sandbox.succeed("exec", "a")
            try await sandbox.succeed(Self.work("one") + more)
            try await body(sandbox)
            try await sandbox.succeed("verify")
        }
    }

    private static func work(_ folder: String) -> [String] {
        ["work", "--until-idle", "--workspaces", folder]
    }

    /// What was handed back; nil: nothing ran.
    private func returned(_ sandbox: Sandbox) throws -> String? {
        let path = sandbox.folder + "/returned"
        guard try FileStatus.of(path) != nil else { return nil }
        return String(decoding: try File.contents(of: path), as: UTF8.self)
    }

    @Test func whatIsSavedIsThereForTheUndoing() async throws {
        try await withBooked([]) { sandbox in
            try await sandbox.succeed("cancel", "a", "--yes")
            try await sandbox.succeed(Self.work("two"))
            #expect(try returned(sandbox) == "ticket-7\n")
            let show = try await sandbox.succeed("show", "a").text
            #expect(show.contains("success, undone"), "\(show)")
        }
    }

    @Test func withoutItsFilesNothingIsUndoneAndThatIsSaid() async throws {
        try await withBooked(["--workspace-limit", "1000"]) { sandbox in
            try await sandbox.succeed("cancel", "a", "--yes")
            try await sandbox.succeed(Self.work("two"))
            #expect(try returned(sandbox) == nil)
            let show = try await sandbox.succeed("show", "a").text
            #expect(show.contains("success, could not be undone"), "\(show)")
            let why = try await sandbox.succeed("why", "a").text
            for words in [
                "book could not be undone: workspace-not-saved: ", "is not in ",
                "could not be saved where it was", "with the folder of workspaces that it had",
            ] {
                #expect(why.contains(words), "\(words): \(why)")
            }
            // The folder that was made for it is not taken for the one with the files.
            try await sandbox.succeed("retry", "a", "--yes")
            try await sandbox.succeed(Self.work("two"))
            #expect(try returned(sandbox) == nil)
            #expect(try await sandbox.succeed("status", "a").text == "failed\n")
            let again = try await sandbox.succeed("show", "a").text
            #expect(again.contains("success, could not be undone"), "\(again)")
            // What is advised helps: where the files are it is undone.
            try await sandbox.succeed("retry", "a", "--yes")
            try await sandbox.succeed(Self.work("one"))
            try await sandbox.succeed("cancel", "a", "--yes")
            try await sandbox.succeed(Self.work("one"))
            #expect(try returned(sandbox) == "ticket-7\n")
            let after = try await sandbox.succeed("show", "a").text
            #expect(after.contains("success, undone"), "\(after)")
        }
    }

    /// Where the files lie they need not be saved.
    @Test func whereTheFilesAreItIsUndone() async throws {
        try await withBooked(["--workspace-limit", "1000"]) { sandbox in
            try await sandbox.succeed("cancel", "a", "--yes")
            try await sandbox.succeed(Self.work("one"))
            #expect(try returned(sandbox) == "ticket-7\n")
        }
    }
}
