import DaybookFormat
import DaybookJournal
import DaybookModel
import DaybookSystem
import Testing

/// `tools/journal.py`, which knows nothing of our code, comes to the same end.
@Suite struct IndependentReaderTests {
    private func read(_ command: String..., in sandbox: Sandbox) async throws -> CommandResult {
        let python = try await Python.withPackages("lmdb", "google.protobuf")
        let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        return try await RunningCommand(
            [python, "/\(root)/tools/journal.py"] + command + [sandbox.journal],
            environment: ["PYTHONDONTWRITEBYTECODE": "1"]
        ).finish()
    }

    @Test(arguments: ["small", "large"])
    func bothVerifyAndGetTheSameRoot(_ name: String) async throws {
        let sample =
            name == "small" ? try await SampleJournals.small() : try await SampleJournals.large()
        try await sample.withJournal { sandbox in
            let ours = try await sandbox.succeed("verify", "--json").json
            let theirs = try await read("verify", in: sandbox)
            #expect(theirs.status == 0, "\(theirs.errors)")
            let count = try #require(ours["entries"].integer)
            if name == "large" { #expect(count > 600) }
            #expect(theirs.text.contains("\(count) entries"))
            #expect(theirs.text.contains("root \(try #require(ours["root"].string))"))
        }
    }

    @Test func bothListTheSameEntries() async throws {
        try await SampleJournals.small().withJournal { sandbox in
            let theirs = try await read("list", "--json", in: sandbox)
            #expect(theirs.status == 0, "\(theirs.errors)")
            let ours = try await sandbox.entries()
            let lines = try theirs.jsonLines
            #expect(lines.count == ours.count)
            for (left, right) in zip(lines, ours) {
                #expect(left["sequence"] == right["sequence"])
                #expect(left["time"] == right["time"])
                #expect(left["event"] == right["event"])
            }
        }
    }

    @Test(arguments: [3, 255, 400, 615])
    func bothLayAFlippedBitAtTheSameDoor(_ sequence: Int) async throws {
        var journal = try await SampleJournals.large()
        let entry = try await journal.withJournal { sandbox in
            try await sandbox.succeed("entry", "\(sequence)", "--raw").output
        }
        try journal.flip(bit: sequence % 8, at: entry.count - 1, in: entry)
        try await journal.withJournal { sandbox in
            let ours = try await sandbox.daybook("verify")
            #expect(ours.status == 5)
            #expect(ours.errors.contains("entry \(sequence): "))
            let theirs = try await read("verify", in: sandbox)
            #expect(theirs.status == 5)
            #expect(theirs.errors.contains("entry \(sequence): "), "\(theirs.errors)")
        }
    }

    @Test(arguments: ["open.lock", "journal.mdb-lock"], StrangeFileTests.Kind.allCases)
    func bothRefuseAStrangeLock(_ name: String, _ kind: StrangeFileTests.Kind) async throws {
        try await withSandbox { sandbox in
            let path = sandbox.journal + "/" + name
            try kind.put(at: path)
            #expect(try await sandbox.daybook("verify").status == 1)
            for command in ["verify", "list"] {
                let theirs = try await read(command, in: sandbox)
                #expect(theirs.status == 1, "\(theirs)")
                #expect(theirs.errors.contains("\(path) \(kind.words)"), "\(theirs)")
            }
        }
    }

    @Test func bothFindACommitThatWasTakenBack() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(runbook(["a": "true"]))
            try await sandbox.succeed("submit", "runbook.yaml", "--id", "x")
            let whole = try File.contents(of: sandbox.dataFile)
            #expect(try await read("verify", in: sandbox).status == 0)
            for page in 0..<2 {
                for bit in 0..<8 {
                    var bytes = whole
                    bytes[page * JournalBytes.pageSize + 144] ^= 1 << UInt8(bit)
                    try writeBytes(bytes, to: sandbox.dataFile)
                    let theirs = try await read("verify", in: sandbox)
                    #expect(theirs.status == 5, "page \(page), bit \(bit): \(theirs.errors)")
                    #expect(try await sandbox.daybook("verify").status == 5)
                }
            }
        }
    }

    /// An event, and the event that begins a stream in which it does not belong.
    @Test(arguments: [
        (EventKind.executionReadied, "session_opened"), (.operationStarted, "session_opened"),
        (.commandRefused, "session_opened"), (.sessionClosed, "execution_submitted"),
        (.contentTypeInterned, "execution_submitted"), (.snapshotTaken, "session_opened"),
        (.executionReadied, "journal_created"), (.sessionLost, "journal_created"),
    ])
    func bothFindAnEventInAStreamOfSomethingElse(_ event: EventKind, _ first: String) async throws {
        try await SampleJournals.small().withJournal { sandbox in
            #expect(try await read("verify", in: sandbox).status == 0)
            let events = try await sandbox.events()
            let number = UInt64(try #require(events.lastIndex(of: first)))
            let draft = EntryDraft(
                stream: StreamID(number),
                event: event.encoded { _ in },
                session: 0
            )
            let store = try LMDBStore.open(sandbox.journal)
            try Journal.open(store).append([draft])
            store.close()
            let ours = try await sandbox.daybook("verify")
            #expect(ours.status == 5)
            #expect(ours.errors.contains("entry \(events.count): "), "\(ours.errors)")
            let theirs = try await read("verify", in: sandbox)
            #expect(theirs.status == 5)
            #expect(theirs.errors.contains("entry \(events.count): "), "\(theirs.errors)")
        }
    }

    /// A closed execution takes in who undoes its work, and no more than was registered.
    @Test func theOtherReaderKnowsWhatAForkIsToUndo() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(
                """
                name: trip
                blocks:
                - name: book
                  jobs:
                  - { name: flight, run: 'true', undo: 'true' }
                - name: pay
                  jobs:
                  - { name: money, run: 'true' }
                """
            )
            try await sandbox.succeed("run", "runbook.yaml", "--id", "x")
            try await sandbox.succeed("fork", "x", "--at", "money", "--id", "y", "--yes")
            let all = try await sandbox.events()
            let handedOn = try #require(all.lastIndex(of: "cleaning_skipped"))
            let shown = try await sandbox.succeed("show", "x").text
            #expect(shown.contains("success, for its fork to undo"), "\(shown)")
            try await sandbox.succeed("cancel", "y", "--yes")
            _ = try await sandbox.daybook("run", "runbook.yaml", "--id", "y")
            try await sandbox.succeed("verify")
            let whole = try await read("verify", in: sandbox)
            #expect(whole.status == 0, "\(whole.errors)")

            let number = try #require(
                try await sandbox.entries()[handedOn]["stream"].integer.map { UInt64($0) }
            )
            var skipped = ProtoCleaningSkipped()
            (skipped.heir, skipped.before) = (number, number + 1)
            var ended = ProtoCleaningEnded()
            (ended.operation.name, ended.operation.position) = ("other", 99)
            let events: [ProtoEntry.OneOf_Event] = [
                .cleaningSkipped(skipped), .cleaningEnded(ended),
            ]
            let bytes = try File.contents(of: sandbox.dataFile)
            for (event, problem) in zip(events, ["which is no fork", "nothing has registered"]) {
                let store = try LMDBStore.open(sandbox.journal)
                try Journal.open(store).append([
                    EntryDraft(stream: StreamID(number), event: event.encoded(), session: 0)
                ])
                store.close()
                let theirs = try await read("verify", in: sandbox)
                #expect(theirs.status == 5)
                #expect(theirs.errors.contains(problem), "\(theirs.errors)")
                #expect(try await sandbox.daybook("verify").status == 5)
                try writeBytes(bytes, to: sandbox.dataFile)
            }
        }
    }

    @Test func bothKnowWhatTheRowOfAClosedExecutionHas() async throws {
        try await withSandbox { sandbox in
            try await Giving.fill(sandbox.journal)
            let theirs = try await read("verify", in: sandbox)
            #expect(theirs.status == 0, "\(theirs.errors)")
            let whole = JournalBytes(try File.contents(of: sandbox.dataFile))
            for id in ["a", "b", "c"] {
                let record = try await sandbox.succeed("status", id, "--json").json
                let entry = try #require(record["outputs"][0]["sequence"].integer)
                #expect(entry < 0x80)
                var journal = whole
                let output = [0x0A, 0x03] + Array("url".utf8) + [0x10, UInt8(entry)]
                try journal.flip(at: output.count - 1, in: output)
                try writeBytes(journal.bytes, to: sandbox.dataFile)
                let theirs = try await read("verify", in: sandbox)
                #expect(theirs.status == 5)
                #expect(theirs.errors.contains("the row of '\(id)' is missing or wrong"))
                let ours = try await sandbox.daybook("verify")
                #expect(ours.status == 5)
                #expect(ours.errors.contains("the index row of \(id) is not the one that was"))
            }
        }
    }

    @Test func bothFindAListThatDoesNotAgreeWithTheEntries() async throws {
        try await SampleJournals.small().withJournal { sandbox in
            let events = try await sandbox.events()
            let number = UInt64(try #require(events.firstIndex(of: "execution_submitted")))
            let store = try LMDBStore.open(sandbox.journal)
            try Journal.open(store).write { batch in
                var row = ExecutionIndexRow(
                    id: "good",
                    row: try #require(try batch.reader.executionRow("good"))
                        .dropLast(ExecutionRowCheck.size),
                    listed: number
                )
                row.joins = [ExecutionList.actor("eve").key]
                try batch.put(row)
                // With it the commit is one like any other.
                try batch.put(position: 1, of: "reader")
            }
            store.close()
            let ours = try await sandbox.daybook("verify")
            #expect(ours.status == 5)
            #expect(ours.errors.contains("entry \(number): the execution that it begins is not on"))
            let theirs = try await read("verify", in: sandbox)
            #expect(theirs.status == 5)
            #expect(theirs.errors.contains("entry \(number): the list b'\\x00aeve' names it"))
        }
    }

    @Test func theOtherReaderKnowsAMissingJournal() async throws {
        try await withFolder { folder in
            let theirs = try await read("verify", in: Sandbox(folder: folder))
            #expect(theirs.status == 3, "\(theirs.errors)")
        }
    }
}
