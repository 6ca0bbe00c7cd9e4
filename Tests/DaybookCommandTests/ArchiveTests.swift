import Daybook
import DaybookInspector
import DaybookSystem
import FoundationEssentials
import SeededRandom
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// `daybook compact --archive` and `daybook archive`: what is closed, in files of its own.
@Suite struct ArchiveTests {
    static let archive = [
        "compact", "--older-than", "0s", "--archive", "--reason", "kept for the auditors", "--yes",
    ]

    /// The names of the archives that the journal has.
    static func names(_ sandbox: Sandbox) async throws -> [String] {
        try await sandbox.succeed("archive", "list", "--json").json["archives"].elements
            .compactMap { $0["name"].string }
    }

    static func files(_ sandbox: Sandbox) throws -> [String] {
        try Folder.names(in: sandbox.journal + "/archive").filter { $0.hasSuffix(".archive") }
            .sorted()
    }

    static func python(_ arguments: String..., in sandbox: Sandbox) async throws -> CommandResult {
        let python = try await Python.withPackages("lmdb", "google.protobuf")
        let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        return try await RunningCommand(
            [python, "/\(root)/tools/journal.py"] + arguments,
            environment: ["PYTHONDONTWRITEBYTECODE": "1"]
        ).finish()
    }

    /// Both verifiers agree that nothing is wrong.
    static func verify(_ sandbox: Sandbox, _ context: String = "") async throws {
        try await sandbox.succeed("verify")
        let others = try await python("verify", sandbox.journal, in: sandbox)
        #expect(others.status == 0, "\(context): \(others.errors)")
    }

    /// A journal with two that have completed, one that has failed, and one that is open.
    private func withClosed(_ body: (Sandbox) async throws -> Void) async throws {
        try await withSandbox { sandbox in
            try sandbox.write(runbook(["a": "echo said"]))
            try sandbox.write(runbook(["a": "exit 3"]), to: "fails.yaml")
            for id in ["x", "y"] {
                try await sandbox.succeed("run", "runbook.yaml", "--id", id, "--label", "of=\(id)")
            }
            #expect(try await sandbox.daybook("run", "fails.yaml", "--id", "bad").status == 7)
            try await sandbox.succeed("submit", "runbook.yaml", "--id", "open")
            try await body(sandbox)
        }
    }

    @Test func whatIsClosedLiesInAFileThatIsVerifiedByItself() async throws {
        try await withClosed { sandbox in
            let head = try await sandbox.succeed("head").text
            try head.write(toFile: sandbox.folder + "/head", atomically: false, encoding: .utf8)
            let before = try await sandbox.entries()
            let rehearsed = try await sandbox.succeed(Self.archive + ["--dry-run", "--json"]).json
            #expect(rehearsed["archive"]["executions"] == 3)
            #expect(try await sandbox.entries() == before)
            let made = try await sandbox.succeed(Self.archive + ["--json", "--actor", "Ada"]).json
            let one = made["archives"][0]
            #expect(one["executions"] == 3 && one["actor"] == "Ada")
            #expect(one["reason"] == "kept for the auditors")
            let name = try #require(one["name"].string)
            #expect(try Self.files(sandbox) == [name])
            let path = sandbox.journal + "/archive/" + name
            #expect(try permissions(of: path) == 0o600)
            // All entries stay, and proofs with them.
            let after = try await sandbox.entries()
            #expect(Array(after.prefix(before.count)) == before)
            #expect(after.count { $0["event"] == "execution_archived" } == 3)
            try await sandbox.succeed("verify", "--against", sandbox.folder + "/head")
            #expect(try await sandbox.succeed("verify").text.contains("1 archives"))
            try await Self.verify(sandbox)
            // By itself, somewhere else, with no journal, and by other code.
            let copy = sandbox.folder + "/kept.archive"
            try writeBytes(try File.contents(of: path), to: copy)
            let report = try await sandbox.succeed("archive", "verify", "--file", copy, "--json")
                .json
            #expect(report["root"].string == one["root"].string)
            #expect(report["executions"].elements.compactMap(\.string) == ["x", "y", "bad"])
            #expect(report["entries"].integer == one["entries"].integer)
            let others = try await Self.python("verify", copy, in: sandbox)
            #expect(others.status == 0, "\(others)")
            #expect(others.text.contains("root \(one["root"].string ?? "")"))
            let listed = try await Self.python("list", copy, in: sandbox).text
            #expect(listed.contains("execution_completed"))
            // Its root is that of the journal at that size.
            let size = try #require(one["size"].integer)
            try await sandbox.succeed("backup", "b.daybook")
            let early = try await sandbox.succeed(
                "restore",
                "b.daybook",
                "--at",
                "\(size - 1)",
                "--reason",
                "t",
                "--yes",
                "--journal",
                "early.daybook"
            ).text
            #expect(early.contains(one["root"].string ?? "?"))
            // Nothing more is there to archive.
            let again = try await sandbox.succeed(Self.archive).text
            #expect(again == "there is nothing to archive\n")
        }
    }

    @Test func whatIsArchivedIsShownAndNotGoneOnWith() async throws {
        try await withClosed { sandbox in
            try await sandbox.succeed(Self.archive)
            let name = try #require(try Self.files(sandbox).first)
            let show = try await sandbox.succeed("show", "bad").text
            #expect(show.contains("archive    \(name), archived by "))
            #expect(show.contains(": kept for the auditors"))
            let json = try await sandbox.succeed("show", "x", "--json").json
            #expect(json["archive"]["name"].string == name)
            #expect(json["archivedBy"].integer == json["archive"]["entry"].integer)
            let log = try await sandbox.succeed("log", "x").text
            #expect(log.contains("said") && log.contains("execution_archived"))
            #expect(try await sandbox.succeed("export", "x").text.contains("execution_archived"))
            let before = try await sandbox.entries().count { $0["event"] != "session_opened" }
            let refused = [
                ["retry", "bad", "--yes"], ["run", "runbook.yaml", "--id", "x"],
                ["submit", "runbook.yaml", "--id", "x"],
                ["fork", "bad", "--at", "a", "--id", "f", "--yes"],
                ["redact", "x", "--reason", "asked", "--yes"],
            ]
            for command in refused {
                let result = try await sandbox.daybook(command)
                #expect(result.status == 4, "\(command): \(result)")
                #expect(result.errors.contains("lies in an archive"), "\(command): \(result)")
                #expect(result.errors.contains("archive restore"), "\(command): \(result)")
            }
            let after = try await sandbox.entries().count {
                $0["event"] != "session_opened" && $0["event"] != "session_closed"
            }
            #expect(after <= before)
            try await Self.verify(sandbox)
        }
    }

    /// What is read from the file is what the journal has, line by line; also where the journal is gone.
    @Test func theFileIsReadAsItLies() async throws {
        try await withClosed { sandbox in
            try await sandbox.succeed("redact", "y", "--reason", "asked", "--yes")
            try await sandbox.succeed(Self.archive)
            let name = try #require(try Self.files(sandbox).first)
            let all = try await sandbox.succeed("export").text.split(separator: "\n")
            let archived = try await sandbox.succeed("archive", "export", "--archive", name).text
                .split(separator: "\n")
            #expect(archived.count > 20)
            let known = Set(all)
            for line in archived { #expect(known.contains(line), "\(line)") }
            let mine = try await sandbox.succeed("export", "x").text.split(separator: "\n")
            // All but the entry that says that it is archived.
            let own = try await sandbox.succeed("archive", "export", "x").text
                .split(separator: "\n")
            #expect(own == mine.dropLast())
            let copy = sandbox.folder + "/alone.archive"
            try writeBytes(
                try File.contents(of: sandbox.journal + "/archive/" + name),
                to: copy
            )
            try Folder.removeAll(sandbox.journal)
            let alone = try await sandbox.succeed("archive", "export", "--file", copy, "x").text
                .split(separator: "\n")
            #expect(alone == own)
            #expect(
                try await sandbox.daybook("archive", "export", "--file", copy, "no").status == 3
            )
        }
    }

    @Test func whatIsTakenBackGoesOnAndTheFileIsGone() async throws {
        try await withClosed { sandbox in
            try await sandbox.succeed(Self.archive)
            let name = try #require(try Self.files(sandbox).first)
            let back = ["archive", "restore", name, "--reason", "to look again", "--yes"]
            let rehearsed = try await sandbox.succeed(back + ["--dry-run"]).text
            #expect(rehearsed.contains("would take 3 executions back"))
            #expect(try Self.files(sandbox) == [name])
            #expect(try await sandbox.succeed(back).text.contains("3 executions are taken back"))
            #expect(try Self.files(sandbox) == [])
            #expect(try await Self.names(sandbox) == [])
            #expect(try await sandbox.succeed(back).text.contains("taken back before"))
            #expect(
                try await sandbox.daybook("archive", "restore", "no", "--reason", "t", "--yes")
                    .status == 3
            )
            #expect(!(try await sandbox.succeed("show", "x").text).contains("archive "))
            try await Self.verify(sandbox)
            #expect(try await sandbox.daybook("retry", "bad", "--yes").status == 0)
            #expect(try await sandbox.daybook("work", "--until-idle").status == 0)
            try await sandbox.succeed("redact", "x", "--reason", "asked", "--yes")
            try await sandbox.succeed(Self.archive)
            #expect(try await Self.names(sandbox).count == 1)
            try await Self.verify(sandbox)
        }
    }

    @Test func onlyWhatIsAskedForIsArchived() async throws {
        try await withClosed { sandbox in
            let early = ["compact", "--older-than", "1d", "--archive", "--reason", "t", "--yes"]
            #expect(try await sandbox.succeed(early).text == "there is nothing to archive\n")
            let label = try await sandbox.succeed(Self.archive + ["--label", "of=y", "--json"]).json
            #expect(label["archives"][0]["executions"] == 1)
            #expect(
                try await sandbox.succeed("status", "y", "--json").json["archivedBy"].integer != nil
            )
            let other = try await sandbox.succeed(Self.archive + ["--type", "nothing"]).text
            #expect(other == "there is nothing to archive\n")
            for wrong in [
                ["compact", "--archive", "--reason", "t"],
                ["compact", "--archive", "--older-than", "1d"],
                ["compact", "--archive", "--shrink", "--older-than", "1d", "--reason", "t"],
                ["compact", "--shrink", "--reason", "t", "--type", "x"],
            ] {
                #expect(try await sandbox.daybook(wrong).status == 64, "\(wrong)")
            }
            try await Self.verify(sandbox)
        }
    }

    @Test func aForkThatIsOpenKeepsItsOrigin() async throws {
        try await withClosed { sandbox in
            try sandbox.write(runbook(["a": "echo better"]), to: "better.yaml")
            try await sandbox.succeed(
                "fork",
                "bad",
                "--at",
                "a",
                "--runbook",
                "better.yaml",
                "--id",
                "f",
                "--yes"
            )
            let made = try await sandbox.daybook(Self.archive + ["--json"])
            try #require(made.status == 0, "\(made)")
            let left = try made.json["left"].elements
            #expect(left.compactMap { $0["id"].string } == ["bad"])
            #expect(left.first?["reason"].string?.contains("its fork f is open") == true)
            try await sandbox.succeed("work", "--until-idle")
            try await sandbox.succeed(Self.archive)
            #expect(try await sandbox.succeed("show", "f").text.contains("archived by"))
            #expect(try await sandbox.succeed("show", "bad").text.contains("archived by"))
            try await Self.verify(sandbox)
        }
    }

    /// A byte that has changed, a file that is gone, one of another archive: all are found, and by both.
    @Test func damageIsFoundByBoth() async throws {
        let seed = StormTests.seed
        var random = SeededGenerator(seed: seed)
        try await withClosed { sandbox in
            try await sandbox.succeed(Self.archive)
            let name = try #require(try Self.files(sandbox).first)
            let path = sandbox.journal + "/archive/" + name
            let whole = try File.contents(of: path)
            for round in 0..<24 {
                var bytes = whole
                let place = random.next(below: bytes.count)
                bytes[place] ^= UInt8(1 << random.next(below: 8))
                if round == 0 { bytes = Array(whole.dropLast()) }
                if round == 1 { bytes = whole + [0] }
                let context = "seed \(seed), byte \(place)"
                try writeBytes(bytes, to: path)
                let alone = try await sandbox.daybook("archive", "verify", "--file", path)
                #expect([0, 5].contains(alone.status), "\(context): \(alone)")
                let found = try await sandbox.daybook("archive", "verify")
                #expect(found.status == 5 && found.errors.contains(name), "\(context): \(found)")
                let others = try await Self.python("verify", sandbox.journal, in: sandbox)
                #expect(others.status == 5 && others.errors.contains(name), "\(context): \(others)")
            }
            let damaged = try await sandbox.daybook("verify")
            #expect(damaged.status == 5 && damaged.errors.contains(name), "\(damaged)")
            try Folder.removeFile(path)
            let missing = try await sandbox.daybook("verify")
            #expect(missing.status == 5 && missing.errors.contains("is missing"), "\(missing)")
            let doctor = try await sandbox.daybook("doctor")
            #expect(doctor.status == 5 && doctor.text.contains("is missing"), "\(doctor)")
            #expect(doctor.errors.contains("archive restore NAME"), "\(doctor)")
            // The entries are there: what lies in it can be taken back all the same.
            try await sandbox.succeed("archive", "restore", name, "--reason", "it is gone", "--yes")
            try await Self.verify(sandbox)
        }
    }

    /// Bytes that are changed, with a digest to match: the file contradicts itself, or its entries.
    @Test func aFileThatIsChangedWithItsDigestContradictsItself() async throws {
        try await withClosed { sandbox in
            try await sandbox.succeed(Self.archive)
            let name = try #require(try Self.files(sandbox).first)
            let whole = try File.contents(of: sandbox.journal + "/archive/" + name)
            let copy = sandbox.folder + "/changed.archive"
            var silent = 0
            for place in stride(from: 18, to: whole.count, by: 7) {
                var bytes = whole
                bytes[place] ^= 1
                try writeBytes(bytes, to: copy)
                do {
                    _ = try Inspector.checkArchive(at: copy)
                    silent += 1
                } catch let error as JournalError {
                    #expect(error.code == .integrity, "byte \(place): \(error)")
                }
            }
            // What the file says of the journal's name is proven by its entry 0 only.
            #expect(silent <= 12, "\(silent)")
        }
    }

    @Test func copiesHaveThem() async throws {
        try await withClosed { sandbox in
            try await sandbox.succeed(Self.archive)
            let name = try #require(try Self.files(sandbox).first)
            try await sandbox.succeed("backup", "b.daybook")
            try await sandbox.succeed("verify", "--journal", "b.daybook")
            #expect(try Folder.names(in: sandbox.folder + "/b.daybook/archive").contains(name))
            try await sandbox.succeed(
                "restore",
                "b.daybook",
                "--reason",
                "t",
                "--yes",
                "--journal",
                "r.daybook"
            )
            try await sandbox.succeed("verify", "--journal", "r.daybook")
            #expect(try Folder.names(in: sandbox.folder + "/r.daybook/archive").contains(name))
            try await sandbox.succeed("compact", "--shrink", "--reason", "t", "--yes")
            try await Self.verify(sandbox)
            #expect(try Self.files(sandbox) == [name])
            // A moment at which there was a file that is gone by now cannot be had.
            let sealed = try #require(
                try await sandbox.events().firstIndex(of: "execution_archived")
            )
            try await sandbox.succeed(
                "archive",
                "restore",
                name,
                "--reason",
                "t",
                "--yes",
                "--journal",
                "r.daybook"
            )
            try await sandbox.succeed("backup", "late.daybook", "--journal", "r.daybook")
            let moment = [
                "restore", "late.daybook", "--reason", "t", "--yes", "--journal", "m.daybook",
                "--at",
            ]
            expect(
                try await sandbox.daybook(moment + ["\(sealed)"]),
                exits: 4,
                saying: "lie in the archive \(name)"
            )
            try await sandbox.succeed(moment + ["\(sealed - 2)"])
            // One that is kept up gets what comes, and loses what is taken back.
            let copy = sandbox.folder + "/f.daybook"
            let inspector = try Inspector(path: sandbox.journal)
            defer { inspector.close() }
            let followed = try inspector.followedBackup(at: copy)
            try await sandbox.succeed("run", "runbook.yaml", "--id", "z")
            try await sandbox.succeed(Self.archive)
            try followed.catchUp()
            #expect(
                try Folder.names(in: copy + "/archive").filter { $0.hasSuffix(".archive") }.count
                    == 2
            )
            try await sandbox.succeed("archive", "restore", name, "--reason", "t", "--yes")
            try followed.catchUp()
            #expect(try Folder.names(in: copy + "/archive").contains(name) == false)
            followed.close()
            try await sandbox.succeed("verify", "--journal", copy)
        }
    }

    /// Whoever archives and whoever works do not wait for each other, and of two that archive one is told.
    @Test func othersGoOnMeanwhile() async throws {
        try await withClosed { sandbox in
            let worker = try sandbox.start("work")
            var archiving: [RunningCommand] = []
            for round in 0..<6 {
                try await sandbox.succeed("submit", "runbook.yaml", "--id", "w\(round)")
                try await sandbox.succeed("exec", "w\(round)")
                archiving.append(try sandbox.start(Self.archive))
            }
            for command in archiving {
                let result = try await command.finish()
                #expect([0, 4].contains(result.status), "\(result)")
            }
            for round in 0..<6 {
                let status = try await sandbox.daybook("wait", "w\(round)")
                #expect(status.status == 0, "\(status)")
            }
            worker.signal(SIGINT)
            try await worker.finish()
            try await sandbox.succeed(Self.archive)
            let list = try await sandbox.succeed("list", "--json").json["executions"].elements
            for one in list where one["id"] != "open" {
                #expect(one["archivedBy"].integer != nil, "\(one)")
            }
            try await Self.verify(sandbox)
        }
    }

    static let calls = ["mkdir", "write", "pwrite64", "fsync", "fdatasync", "rename", "unlink"]

    /// Killed or refused at any call, executions lie in an archive that is whole, or they do not; the next one
    /// goes on.
    @Test(arguments: calls, ["signal=SIGKILL", "error=EIO", "error=ENOSPC"])
    func faultsLeaveArchivedOrNot(_ call: String, _ fault: String) async throws {
        try await withClosed { sandbox in
            var struck = 0
            var number = 0
            var isThrough = false
            while !isThrough {
                number += 1
                let context = "\(fault) at \(call) \(number)"
                // What a process that was killed has left.
                try Folder.create(sandbox.journal + "/archive")
                try writeBytes([1], to: sandbox.journal + "/archive/archive.unfinished")
                let (result, hasStruck) = try await Tracing.run(
                    Self.archive,
                    sandbox,
                    call,
                    fault,
                    number
                )
                isThrough = !hasStruck
                if hasStruck { struck += 1 }
                if isThrough { #expect(result.status == 0, "\(context): \(result)") }
                try await expectWhole(sandbox, context)
                for name in try await Self.names(sandbox) {
                    let (back, _) = try await Tracing.run(
                        ["archive", "restore", name, "--reason", "t", "--yes"],
                        sandbox,
                        call,
                        fault,
                        number
                    )
                    try await expectWhole(sandbox, "\(context): \(back)")
                    try await sandbox.succeed(
                        "archive",
                        "restore",
                        name,
                        "--reason",
                        "t",
                        "--yes"
                    )
                }
                #expect(try await Self.names(sandbox) == [], "\(context)")
                try #require(number < 60, "\(context)")
            }
            if call != "mkdir", call != "unlink" { #expect(struck > 0, "\(call) was not struck") }
            try await sandbox.succeed(Self.archive)
            #expect(try await Self.names(sandbox) == Self.files(sandbox))
            try await Self.verify(sandbox)
        }
    }

    /// Each archive that an entry vouches for is there, and everything agrees.
    private func expectWhole(_ sandbox: Sandbox, _ context: String) async throws {
        let verified = try await sandbox.daybook("verify")
        #expect(verified.status == 0, "\(context): \(verified)")
        let list = try await sandbox.succeed("archive", "list", "--json").json
        let archived = try await sandbox.succeed("list", "--json").json["executions"].elements
            .count { $0["archivedBy"].integer != nil }
        #expect([0, 3].contains(archived), "\(context)")
        #expect(list["archives"].elements.count == (archived == 0 ? 0 : 1), "\(context)")
    }
}

extension ArchiveTests {
    private struct Leaf: Workflow {
        static let name = "leaf"
        func run(_ input: Int, _ context: WorkflowContext) async throws -> Int {
            input == 2 ? try await context.receive("go") : input
        }
    }

    private struct Root: Workflow {
        static let name = "root"
        func run(_ input: Int, _ context: WorkflowContext) async throws -> Int {
            try await context.run(Leaf.self, id: "leaf \(input)", input: input)
        }
    }

    private func run(_ sandbox: Sandbox, _ body: (Engine) async throws -> Void) async throws {
        let engine = try await Engine.open(at: sandbox.journal, workflows: [Root(), Leaf()])
        try await body(engine)
        try await engine.close(grace: .zero)
    }

    @Test func aFamilyGoesAsOneOrStays() async throws {
        try await withSandbox { sandbox in
            try await run(sandbox) { engine in
                #expect(try await engine.run(Root.self, id: "done", input: 1) == 1)
                try await engine.start(Root.self, id: "waits", input: 2)
                _ = try await engine.wait(for: "waits") { $0.status == .waiting }
                let made = try await engine.archive(
                    endedBefore: Timestamp(rawValue: .max),
                    by: Requester(actor: "ann", reason: "old")
                )
                #expect(made.archives.map(\.executions) == [2])
                #expect(made.archives.first?.request.actor == "ann")
                #expect(made.left == [])
            }
            let child = try await sandbox.succeed("show", "leaf 1", "--json").json
            let parent = try await sandbox.succeed("show", "done", "--json").json
            #expect(child["archivedBy"].integer != nil)
            #expect(child["archivedBy"].integer == parent["archivedBy"].integer)
            #expect(try await sandbox.succeed("tree", "done").text.contains("leaf 1"))
            #expect(
                try await sandbox.succeed("status", "waits", "--json").json["archivedBy"].integer
                    == nil
            )
            try await Self.verify(sandbox)
        }
    }

    @Test func manyGoIntoSeveral() async throws {
        try await withSandbox { sandbox in
            try await run(sandbox) { engine in
                for number in 0..<1_030 {
                    _ = try await engine.run(Leaf.self, id: "many \(number)", input: 1)
                }
                let made = try await engine.archive(
                    endedBefore: Timestamp(rawValue: .max),
                    by: Requester(reason: "old")
                )
                #expect(made.archives.map(\.executions) == [1_024, 6])
                #expect(made.left == [])
                let back = try await engine.takeBack(archive: made.archives[0].name)
                #expect(back.executions == 1_024)
            }
            #expect(try Self.files(sandbox).count == 1)
            try await Self.verify(sandbox)
        }
    }

    @Test func keptSecretsAreWipedBefore() async throws {
        try await withSandbox { sandbox in
            let key = try sandbox.write(String(repeating: "ab", count: 32) + "\n", to: "key")
            chmod(key, 0o600)
            try sandbox.write("hunter2-and-more\n", to: "token")
            try sandbox.write(
                """
                name: deploy
                secrets: [TOKEN]
                blocks:
                - name: deploy
                  jobs:
                  - { name: push, secrets: [TOKEN], run: 'exit 3' }
                """
            )
            let environment = ["DAYBOOK_KEY_FILE": key]
            let run = try await sandbox.daybook(
                ["run", "runbook.yaml", "--id", "a", "--secret", "TOKEN=@token"],
                environment: environment
            )
            #expect(run.status == 7)
            // Somebody writes it into the reason: it is found there as long as it is kept.
            let made = try await sandbox.daybook(
                [
                    "compact", "--older-than", "0s", "--archive", "--reason",
                    "not hunter2-and-more any more", "--yes", "--json",
                ],
                environment: environment
            )
            #expect(try made.json["secrets"] == 1, "\(made)")
            let reason = try made.json["archives"][0]["reason"].string
            #expect(reason == "not *** any more", "\(made)")
            let events = try await sandbox.events()
            let wiped = try #require(events.firstIndex(of: "secrets_wiped"))
            let sealed = try #require(events.firstIndex(of: "archive_sealed"))
            #expect(wiped < sealed)
            let keys = try File.contents(of: sandbox.journal + "/keys")
            #expect(keys.dropFirst(128).allSatisfy { $0 == 0 })
            // It is in the archive that they are wiped, and they do not come back.
            let name = try #require(try Self.files(sandbox).first)
            let listed = try await Self.python(
                "list",
                sandbox.journal + "/archive/" + name,
                in: sandbox
            )
            #expect(listed.text.contains("secrets_wiped"))
            try await sandbox.succeed("archive", "restore", name, "--reason", "t", "--yes")
            #expect(try await sandbox.succeed("secret", "list", "a").text.contains("wiped"))
            try await Self.verify(sandbox)
        }
    }
}
