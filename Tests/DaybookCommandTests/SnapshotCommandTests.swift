import DaybookSystem
import FoundationEssentials
import Testing

/// `daybook snapshot`, and what commands say of a snapshot that is left aside.
@Suite struct SnapshotCommandTests {
    /// Runs `body` with a journal of two snapshots, and the names of their files, the newest first.
    private func withSnapshots(_ body: (Sandbox, [String]) async throws -> Void) async throws {
        try await withSandbox { sandbox in
            try sandbox.write(runbook(["a": "true"]))
            for id in ["x", "y"] {
                try await sandbox.succeed("run", "runbook.yaml", "--id", id)
                try await sandbox.succeed("submit", "runbook.yaml", "--id", "open-\(id)")
                try await sandbox.succeed("snapshot", "create")
            }
            try await body(sandbox, try names(sandbox))
        }
    }

    private func names(_ sandbox: Sandbox) throws -> [String] {
        try Folder.names(in: sandbox.journal + "/snapshots").filter { $0 != "lock" }
            .sorted { $0 > $1 }
    }

    private func damage(_ sandbox: Sandbox, _ name: String, at offset: Int) throws {
        let path = sandbox.journal + "/snapshots/" + name
        var bytes = try File.contents(of: path)
        bytes[offset] ^= 1
        try writeBytes(bytes, to: path)
    }

    @Test func theyAreListedTakenVerifiedAndDropped() async throws {
        try await withSnapshots { sandbox, names in
            #expect(names.count == 2)
            let list = try await sandbox.succeed("snapshot", "--json").json
            #expect(list["snapshots"].elements.compactMap { $0["name"].string } == names)
            #expect(list["snapshots"].elements.allSatisfy { $0["condition"] == "fit" })
            let text = try await sandbox.succeed("snapshot", "list").text
            for name in names { #expect(text.contains(name)) }
            try await sandbox.succeed("snapshot", "verify")
            let rehearsed = try await sandbox.succeed("snapshot", "drop", names[1], "--dry-run")
            #expect(rehearsed.text == "\(names[1]) would be removed\n")
            #expect(try self.names(sandbox) == names)
            try await sandbox.succeed("snapshot", "drop", names[1], "--yes")
            #expect(try self.names(sandbox) == [names[0]])
            expect(
                try await sandbox.daybook("snapshot", "drop", names[1], "--yes"),
                exits: 3,
                saying: "there is no snapshot"
            )
            try await sandbox.succeed("snapshot", "drop", "--all", "--yes")
            #expect(try self.names(sandbox) == [])
            try await sandbox.succeed("exec", "open-x")
            try await sandbox.succeed("verify")
            let info = try await sandbox.succeed("info").text
            #expect(!info.contains("snapshot "))
        }
    }

    /// Whatever bit flips, the file is left aside and said so, and everything is as it was.
    @Test func aBitAnywhereIsFoundAndSaid() async throws {
        try await withSnapshots { sandbox, names in
            let newest = names[0]
            let path = sandbox.journal + "/snapshots/" + newest
            let whole = try File.contents(of: path)
            let sessions = try await sandbox.succeed("session", "list", "--json").json
            for offset in stride(from: 0, to: whole.count, by: max(whole.count / 40, 1)) {
                try damage(sandbox, newest, at: offset)
                let list = try await sandbox.succeed("snapshot", "list", "--json").json
                let first = try #require(list["snapshots"].elements.first)
                #expect(first["condition"] == "damaged", "byte \(offset)")
                let looked = try await sandbox.succeed("session", "list", "--json")
                #expect(try looked.json == sessions)
                #expect(looked.errors.contains("the snapshot \(newest) is left aside"), "\(offset)")
                try writeBytes(whole, to: path)
            }
            #expect(try await sandbox.succeed("session", "list").errors == "")
        }
    }

    @Test func whoeverOpensItSaysSoAndGoesOn() async throws {
        try await withSnapshots { sandbox, names in
            for name in names { try damage(sandbox, name, at: 70) }
            let submitted = try await sandbox.succeed("submit", "runbook.yaml", "--id", "z")
            for name in names {
                #expect(submitted.errors.contains("the snapshot \(name) is left aside"))
            }
            let info = try await sandbox.succeed("info")
            #expect(info.text.contains("damaged: the snapshot \(names[0]) is not the one"))
            let verified = try await sandbox.daybook("snapshot", "verify")
            #expect(verified.status == 5)
            #expect(verified.errors.contains("2 of 2 snapshots are damaged"))
            #expect(try await sandbox.daybook("verify").status == 5)
            let look = try await sandbox.daybook("doctor", "--json")
            #expect(try look.json["parts"]["snapshots"] == "damaged, can be made anew")
            #expect(try look.json["repairable"] == true)
            let before = try File.contents(of: sandbox.dataFile)
            let repaired = try await sandbox.succeed(
                "doctor",
                "--repair",
                "--reason",
                "a test",
                "--yes"
            )
            for name in names {
                #expect(repaired.text.contains("the snapshot \(name) is removed"))
            }
            // The file was fit.
            #expect(try File.contents(of: sandbox.dataFile) == before)
            try await sandbox.succeed("verify")
            #expect(try self.names(sandbox) == [])
            try await sandbox.succeed("exec", "z")
            try await sandbox.succeed("work", "--until-idle")
            try await sandbox.succeed("snapshot", "create")
            #expect(try await sandbox.succeed("submit", "runbook.yaml", "--id", "w").errors == "")
        }
    }
}
