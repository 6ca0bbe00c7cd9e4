import DaybookInspector
import DaybookModel
import Testing

@testable import DaybookCommand

/// What is told of an execution whose forks owe what it did: what became of each part of it.
@Suite struct SettledForksTests {
    private static let text = """
        name: trip
        blocks:
        - name: a
          jobs:
          - { name: book, run: 'true', undo: 'true' }
          - { name: pay, run: 'true', undo: 'test ! -e FOLDER/broke' }
        - { name: ok, approval: { signal: go } }
        """

    /// An execution `a` that waits, with two jobs that are to be undone.
    private func withBooked(_ body: (Sandbox) async throws -> Void) async throws {
        try await withSandbox { sandbox in
            try sandbox.write(Self.text.replacing("FOLDER", with: sandbox.folder))
            try await sandbox.succeed("submit", "runbook.yaml", "--id", "a")
            try await sandbox.succeed("exec", "a")
            try await sandbox.succeed("work", "--until-idle")
            try await body(sandbox)
            try await sandbox.succeed("verify")
        }
    }

    private func fork(_ sandbox: Sandbox, _ id: String, _ place: String, as fork: String)
        async throws
    {
        try await sandbox.succeed("fork", id, "--at", place, "--id", fork, "--yes")
        try await sandbox.succeed("work", "--until-idle")
    }

    private func settled(
        _ sandbox: Sandbox,
        of id: String
    ) throws -> [OperationPath: OperationRecord.Compensation?] {
        let inspector = try Inspector(path: sandbox.journal)
        defer { inspector.close() }
        return try Forks(of: try inspector.record(of: id), inspector).settled(inspector)
    }

    private func statuses(_ sandbox: Sandbox, of id: String) async throws -> String {
        try await sandbox.succeed("show", id).text
    }

    @Test func whatHasNoForkHasSettledNothing() async throws {
        try await withBooked { sandbox in
            let ends = try settled(sandbox, of: "a")
            #expect(ends.isEmpty)
        }
    }

    /// As long as the fork goes on nothing is settled.
    @Test func whatAForkStillOwesIsNotCounted() async throws {
        try await withBooked { sandbox in
            try await fork(sandbox, "a", "ok", as: "b")
            #expect(try settled(sandbox, of: "a").isEmpty)
            let show = try await statuses(sandbox, of: "a")
            #expect(show.ranges(of: "for its fork to undo").count == 2, "\(show)")
        }
    }

    @Test(arguments: [
        ("approve", [], "kept by its fork"), ("cancel", ["--yes"], "undone by its fork"),
        ("cancel", ["--force", "--yes"], "not undone by its fork"),
    ])
    func whatBecameOfItIsCountedForEachJob(
        _ verb: String,
        _ more: [String],
        _ words: String
    ) async throws {
        try await withBooked { sandbox in
            try await fork(sandbox, "a", "ok", as: "b")
            try await sandbox.succeed([verb, "b"] + more)
            try await sandbox.succeed("work", "--until-idle")
            #expect(try settled(sandbox, of: "a").count == 2)
            let show = try await statuses(sandbox, of: "a")
            #expect(show.ranges(of: "success, \(words)").count == 2, "\(show)")
        }
    }

    @Test func whatCouldNotBeUndoneIsToldApart() async throws {
        try await withBooked { sandbox in
            try await fork(sandbox, "a", "ok", as: "b")
            try sandbox.write("", to: "broke")
            try await sandbox.succeed("cancel", "b", "--yes")
            try await sandbox.succeed("work", "--until-idle")
            let show = try await statuses(sandbox, of: "a")
            #expect(show.ranges(of: "success, undone by its fork").count == 1, "\(show)")
            #expect(show.ranges(of: "could not be undone by its fork").count == 1, "\(show)")
        }
    }

    /// The fork has handed it on: the last one tells, of what that owes.
    @Test func theLastForkTells() async throws {
        try await withBooked { sandbox in
            try await fork(sandbox, "a", "ok", as: "b")
            // The second job the first fork undoes itself, and the other fork does it anew.
            try await fork(sandbox, "b", "pay", as: "c")
            #expect(try settled(sandbox, of: "b").count == 0)
            try await sandbox.succeed("cancel", "c", "--force", "--yes")
            try await sandbox.succeed("work", "--until-idle")
            let ends = try settled(sandbox, of: "a")
            #expect(ends.count == 2)
            #expect(Set(ends.values) == [.leftOut, .undone])
            #expect(Set(try settled(sandbox, of: "b").values) == [.leftOut])
        }
    }
}
