import Daybook
import DaybookFormat
import DaybookInspector
import DaybookJournal
import DaybookModel
import DaybookSystem
import DaybookView
import FoundationEssentials
import SeededRandom
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// `daybook compact --prune`: what lies in archives, taken out of the journal.
@Suite struct PruneTests {
    static let prune = ["compact", "--prune", "--reason", "kept in the archives", "--yes"]
    static let both = [
        "compact", "--older-than", "0s", "--archive", "--prune", "--reason", "old", "--yes",
    ]

    private struct Leaf: Workflow {
        static let name = "leaf"
        func run(_ input: Int, _ context: WorkflowContext) async throws -> Int {
            let half = try await context.checkpoint("half") { _ in input / 2 }
            if input % 7 == 3 { return try await context.receive("go") }
            if input % 11 == 5 { throw LeafError() }
            return half
        }
    }

    private struct LeafError: Error {}

    private struct Root: Workflow {
        static let name = "root"
        func run(_ input: Int, _ context: WorkflowContext) async throws -> Int {
            try await context.run(Leaf.self, id: "child \(input)", input: input * 77)
        }
    }

    /// A journal in which one process has run executions of several kinds: some wait, some have failed.
    func withRun(
        _ count: Int,
        _ body: (Sandbox) async throws -> Void
    ) async throws {
        try await withSandbox { sandbox in
            try await run(sandbox, 0..<count)
            try await body(sandbox)
        }
    }

    func run(_ sandbox: Sandbox, _ numbers: Range<Int>) async throws {
        let engine = try await Engine.open(at: sandbox.journal, workflows: [Root(), Leaf()])
        for number in numbers {
            var options = ExecutionOptions()
            options.labels["of"] = "\(number % 3)"
            if number % 5 == 4 {
                try await engine.start(Root.self, id: "r\(number)", options: options, input: number)
            } else {
                try await engine.start(Leaf.self, id: "x\(number)", options: options, input: number)
            }
        }
        for number in numbers {
            let id = number % 5 == 4 ? "r\(number)" : "x\(number)"
            _ = try await engine.wait(for: id) { $0.isClosed || $0.status == .waiting }
        }
        try await engine.close(grace: .zero)
    }

    /// The fold of the first entries that are in a journal, as a snapshot would have it, and their tree's root.
    private func fold(_ path: String, upTo size: UInt64) throws -> (state: [UInt8], root: TreeHash)
    {
        let inspector = try Inspector(path: path)
        defer { inspector.close() }
        var state = State()
        try inspector.database.read { reader in
            try reader.scanEntries(from: 0) { sequence, bytes in
                guard sequence < size else { return false }
                _ = try state.apply(committed: try EntryView(bytes), reader)
                return true
            }
        }
        var bytes: [UInt8] = []
        state.writeSnapshot { bytes += Array($0) }
        return (bytes, try inspector.head(size: size).root)
    }

    @Test func whatIsPrunedIsGoneAndAllElseHolds() async throws {
        try await withRun(60) { sandbox in
            let before = try await sandbox.entries()
            let lines = Set(try await sandbox.succeed("export").text.split(separator: "\n"))
            let made = try await sandbox.succeed(Self.both + ["--json", "--actor", "Ada"]).json
            let executions = try #require(made["prune"]["executions"].integer)
            #expect(executions > 40 && made["archives"][0]["executions"].integer == executions)
            #expect(
                made["prune"]["bytesAfter"].integer ?? .max < made["prune"]["bytesBefore"].integer
                    ?? 0
            )
            try await ArchiveTests.verify(sandbox)
            let info = try await sandbox.succeed("info", "--json").json["pruned"]
            #expect(info["executions"].integer == executions)
            #expect(info["entries"].integer == made["prune"]["entries"].integer)
            // What stays is as it was, byte for byte.
            let after = try await sandbox.entries()
            let old = after.filter { ($0["sequence"].integer ?? 0) < before.count }
            let now = try await sandbox.succeed("export").text.split(separator: "\n")
            #expect(now.prefix(old.count).allSatisfy(lines.contains))
            #expect(old.count < before.count)
            #expect(after.last?["event"] == "journal_rewritten")
            #expect(after.last?["data"]["actor"] == "Ada")
            // What is gone is refused by name, and read from where it lies.
            let name = try #require(try ArchiveTests.files(sandbox).first)
            for command in [
                ["show", "x0"], ["log", "x0"], ["tree", "x0"], ["status", "x0"], ["export", "x0"],
                ["retry", "x5", "--yes"], ["cancel", "x0", "--yes"],
                ["redact", "x0", "--reason", "t", "--yes"],
                ["archive", "restore", name, "--reason", "t", "--yes"],
            ] {
                let refused = try await sandbox.daybook(command)
                #expect(refused.status == 4, "\(command): \(refused)")
                #expect(refused.errors.contains("pruned"), "\(command): \(refused)")
                #expect(refused.errors.contains(name), "\(command): \(refused)")
            }
            let gone = try #require(
                before.first { $0["event"] == "execution_submitted" }?["sequence"].integer
            )
            let entry = try await sandbox.daybook("entry", "\(gone)")
            #expect(entry.status == 4 && entry.errors.contains(name), "\(entry)")
            #expect(try await sandbox.succeed("archive", "export", "x0").text.contains("\"x0\""))
            #expect(try await sandbox.daybook("show", "never").status == 3)
            let listed = try await sandbox.succeed("archive", "list", "--json").json
            #expect(listed["archives"][0]["prunedBy"].integer != nil)
            // Ids are not given again, and work goes on.
            let engine = try await Engine.open(at: sandbox.journal, workflows: [Root(), Leaf()])
            await #expect {
                try await engine.start(Leaf.self, id: "x0", input: 0)
            } throws: {
                ($0 as? Refusal)?.code == .archived
            }
            try await engine.signal("x3", "go", 9)
            #expect(try await engine.wait(for: "x3") { $0.isClosed }.status == .completed)
            try await engine.close(grace: .zero)
            try await ArchiveTests.verify(sandbox)
            #expect(try await sandbox.succeed(Self.prune).text == "there is nothing to prune\n")
        }
    }

    /// Which executions there are, which are archived and when is drawn: the fold of what stays is that of all, for all that
    /// is open, and the tree is the same.
    @Test func theFoldOfWhatStaysIsThatOfAll() async throws {
        let seed = StormTests.seed
        var random = SeededGenerator(seed: seed)
        try await withSandbox { sandbox in
            var next = 0
            for round in 0..<StormTests.size(4) {
                let context = "seed \(seed), round \(round)"
                let count = 20 + random.next(below: 60)
                try await run(sandbox, next..<next + count)
                next += count
                let label = ["--label", "of=\(random.next(below: 3))"]
                let archive = ArchiveTests.archive + (random.next(below: 2) == 0 ? label : [])
                try await sandbox.succeed(archive)
                let copy = "before\(round).daybook"
                try await sandbox.succeed("backup", copy)
                try await sandbox.succeed(Self.prune)
                try await ArchiveTests.verify(sandbox, context)
                let info = try await sandbox.succeed("info", "--json").json["pruned"]
                let horizon = UInt64(try #require(info["horizon"].integer))
                let left = try fold(sandbox.folder + "/" + copy, upTo: horizon)
                let right = try fold(sandbox.journal, upTo: horizon)
                #expect(left.state == right.state, "\(context)")
                #expect(left.root == right.root, "\(context)")
            }
        }
    }

    /// Heads of every size, also inside of what is gone: as long as there are archives.
    @Test func headsFromBeforeHold() async throws {
        try await withRun(30) { sandbox in
            try await runMany(sandbox.journal, 0..<350)
            try await run(sandbox, 30..<40)
            try await sandbox.succeed(ArchiveTests.archive)
            let before = try Inspector(path: sandbox.journal)
            let count = try before.entryCount()
            let heads = try (0...count).map { try before.head(size: $0) }
            before.close()
            try await sandbox.succeed(Self.prune)
            let after = try Inspector(path: sandbox.journal)
            defer { after.close() }
            let horizon = try #require(try after.prunedPart()).horizon
            #expect(horizon > 1_024)
            // Tiles are gone of which all entries are.
            let gone = try after.database.read { reader in
                try (0..<horizon / 256).filter { try reader.tile(level: 0, index: $0) == nil }
            }
            #expect(!gone.isEmpty)
            let size = try after.entryCount()
            for (old, head) in heads.enumerated() where old % 7 == 0 || old % 256 < 3 {
                try after.check(head)
                _ = try after.consistencyProof(from: UInt64(old), to: size)
                _ = try after.consistencyProof(from: UInt64(old) / 2, to: UInt64(old))
            }
            // Without the archives those that end in a tile that is gone cannot be looked at.
            let inside = try #require(gone.first) * 256 + 100
            try Folder.removeAll(sandbox.journal + "/archive")
            #expect {
                try after.check(heads[Int(inside)])
            } throws: {
                ($0 as? JournalError)?.code == .pruned
            }
            try after.check(heads[Int(count)])
            let verified = try await sandbox.daybook("verify")
            #expect(verified.status == 5 && verified.errors.contains("is missing"), "\(verified)")
        }
    }

    @Test func copiesOfWhatIsPruned() async throws {
        try await withRun(60) { sandbox in
            try await sandbox.succeed("backup", "whole.daybook")
            try await sandbox.succeed(Self.both)
            let copy = sandbox.folder + "/b.daybook"
            try await sandbox.succeed("backup", "b.daybook")
            try await sandbox.succeed("verify", "--journal", "b.daybook")
            expect(
                try await sandbox.daybook(Self.prune + ["--journal", "b.daybook"]),
                exits: 4,
                saying: "is a copy"
            )
            let count = try await sandbox.succeed("info", "--json").json["entries"].integer
            let last = try #require(count) - 1
            let moment = ["restore", "b.daybook", "--reason", "t", "--yes", "--at"]
            let early = try await sandbox.daybook(
                moment + ["\(last / 2)", "--journal", "e.daybook"]
            )
            expect(early, exits: 4, saying: "were pruned later")
            // What a moment needs is there from the entry on that says what is gone.
            try await run(sandbox, 100..<110)
            try await sandbox.succeed("backup", "c.daybook")
            try await sandbox.succeed(
                "restore",
                "c.daybook",
                "--reason",
                "t",
                "--yes",
                "--at",
                "\(last)",
                "--journal",
                "m.daybook"
            )
            for name in ["m.daybook", "c.daybook"] {
                try await sandbox.succeed("verify", "--journal", name)
                let others = try await ArchiveTests.python(
                    "verify",
                    sandbox.folder + "/" + name,
                    in: sandbox
                )
                #expect(others.status == 0, "\(others)")
            }
            // One that is kept up goes on, and lacks no more than before.
            let inspector = try Inspector(path: sandbox.journal)
            let followed = try inspector.followedBackup(at: copy)
            try followed.catchUp()
            try await sandbox.succeed(Self.both)
            try followed.catchUp()
            followed.close()
            try await sandbox.succeed("verify", "--journal", copy)
            // One from before takes what it has not from the archives.
            let whole = try inspector.followedBackup(at: sandbox.folder + "/whole.daybook")
            try whole.catchUp()
            whole.close()
            inspector.close()
            try await sandbox.succeed("verify", "--journal", "whole.daybook")
            try await sandbox.succeed("show", "x0", "--journal", "whole.daybook")
            // Indexes are made anew from what stays.
            try await sandbox.succeed("compact", "--shrink", "--reason", "t", "--yes")
            var damaged = JournalBytes(try File.contents(of: sandbox.dataFile))
            damaged.fill(try damaged.root(of: "lists"), 0xFF)
            try writeBytes(damaged.bytes, to: sandbox.dataFile)
            try await sandbox.succeed("doctor", "--repair", "--reason", "t", "--yes")
            try await ArchiveTests.verify(sandbox)
            #expect(try await sandbox.daybook("show", "x0").status == 4)
        }
    }

    @Test func whatCannotGoStaysByName() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(runbook(["a": "echo said"]))
            try sandbox.write(runbook(["a": "exit 3"]), to: "fails.yaml")
            for id in ["x", "y"] { try await sandbox.succeed("run", "runbook.yaml", "--id", id) }
            #expect(try await sandbox.daybook("run", "fails.yaml", "--id", "bad").status == 7)
            try await sandbox.succeed(
                "fork",
                "bad",
                "--at",
                "a",
                "--runbook",
                "runbook.yaml",
                "--id",
                "f",
                "--yes"
            )
            try await sandbox.succeed("work", "--until-idle")
            try await sandbox.succeed("run", "runbook.yaml", "--id", "z", "--label", "of=z")
            // The fork is archived, and its origin is not.
            let engine = try await Engine.open(at: sandbox.journal, workflows: [Leaf()])
            try await engine.setPosition(3, named: "ledger")
            try await engine.close(grace: .zero)
            let label = ["--label", "of=z"]
            let made = try await sandbox.succeed(Self.both + label + ["--json"]).json
            #expect(made["prune"]["executions"] == 0)
            let why = made["prune"]["left"][0]["reason"].string ?? ""
            #expect(why.contains("the reader ledger"), "\(why)")
            let reader = try await Engine.open(at: sandbox.journal, workflows: [Leaf()])
            try await reader.removePosition(named: "ledger")
            try await reader.close(grace: .zero)
            let plan = try await sandbox.succeed("compact", "--prune", "--dry-run", "--json").json
            #expect(plan["prune"]["executions"] == 1)
            let bytes = try File.contents(of: sandbox.dataFile)
            try await sandbox.succeed("compact", "--prune", "--dry-run")
            #expect(try File.contents(of: sandbox.dataFile) == bytes)
            try await sandbox.succeed(Self.both)
            for id in ["x", "bad", "f", "z"] {
                #expect(try await sandbox.daybook("show", id).status == 4, "\(id)")
            }
            try await ArchiveTests.verify(sandbox)
            for wrong in [
                ["compact", "--prune"], ["compact", "--prune", "--shrink", "--reason", "t"],
                ["compact", "--prune", "--reason", ""],
            ] {
                #expect(try await sandbox.daybook(wrong).status == 64, "\(wrong)")
            }
        }
    }

    /// An archive that is not what was recorded keeps everything in the journal.
    @Test func nothingGoesThatAnArchiveDoesNotHave() async throws {
        try await withRun(20) { sandbox in
            try await sandbox.succeed(ArchiveTests.archive)
            try await sandbox.succeed("session", "list")
            let path =
                sandbox.journal + "/archive/"
                + (try #require(try ArchiveTests.files(sandbox).first))
            var bytes = try File.contents(of: path)
            bytes[bytes.count / 2] ^= 1
            try writeBytes(bytes, to: path)
            let refused = try await sandbox.daybook(Self.prune)
            #expect(
                refused.status == 5 && refused.errors.contains("nothing is pruned"),
                "\(refused)"
            )
            #expect(
                try await sandbox.succeed("info", "--json").json["pruned"]["entries"].integer == nil
            )
            #expect(try !Folder.names(in: sandbox.journal).contains("rewriting"))
        }
    }
}
