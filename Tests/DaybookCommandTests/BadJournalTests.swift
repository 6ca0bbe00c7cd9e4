import DaybookJournal
import DaybookSystem
import Testing

/// What is not a journal, not one of this version, or not all of one.
@Suite struct BadJournalTests {
    /// Commands that look and commands that write, with words for each.
    private static let commands = [
        ["list"], ["show", "x"], ["log"], ["entry", "0"], ["info"], ["verify"], ["export"],
        ["session"], ["status", "x"], ["exec", "x"], ["submit", "runbook.yaml"],
        ["run", "runbook.yaml"], ["work", "--until-idle"],
    ]

    private func expectAll(
        _ sandbox: Sandbox,
        exit status: Int32,
        saying words: String...
    ) async throws {
        try sandbox.write(runbook(["a": "true"]))
        for command in Self.commands {
            let result = try await sandbox.daybook(command)
            #expect(result.status == status, "\(command): \(result.errors)")
            #expect(result.text == "", "\(command)")
            #expect(result.errors.hasPrefix("daybook: "), "\(command): \(result.errors)")
            for word in words {
                #expect(result.errors.contains(word), "\(command): \(result.errors)")
            }
        }
    }

    @Test func anEmptyFolderIsNotAJournal() async throws {
        try await withFolder { folder in
            let sandbox = Sandbox(folder: folder)
            try Folder.create(sandbox.journal)
            try await expectAll(sandbox, exit: 1, saying: "is not a journal")
            #expect(try Folder.names(in: sandbox.journal) == [], "nothing may be left there")
        }
    }

    @Test func aFolderOfOtherThingsIsNotAJournal() async throws {
        try await withFolder { folder in
            let sandbox = Sandbox(folder: folder)
            try Folder.create(sandbox.journal)
            try sandbox.write("x", to: "test.daybook/photo.jpg")
            try await expectAll(sandbox, exit: 1, saying: "is not a journal", "no journal.mdb")
            #expect(try Folder.names(in: sandbox.journal) == ["photo.jpg"])
        }
    }

    @Test func aFileIsNotAJournal() async throws {
        try await withFolder { folder in
            let sandbox = Sandbox(folder: folder)
            try sandbox.write("x", to: "test.daybook")
            try await expectAll(sandbox, exit: 1, saying: "is not a journal")
            #expect(try File.contents(of: sandbox.journal) == Array("x".utf8))
        }
    }

    @Test func aFileThatIsNotOfLMDBIsDamage() async throws {
        let text = Array(String(repeating: "this is no database. ", count: 1_000).utf8)
        try await JournalBytes(text).withJournal { sandbox in
            try await expectAll(sandbox, exit: 5, saying: sandbox.journal)
            #expect(try File.contents(of: sandbox.dataFile) == text)
        }
    }

    @Test func aDatabaseOfSomethingElseIsLeftAsItIs() async throws {
        let python = try await Python.withPackages("lmdb")
        try await withFolder { folder in
            let sandbox = Sandbox(folder: folder)
            try Folder.create(sandbox.journal)
            let script = """
                import lmdb, sys
                e = lmdb.open(sys.argv[1], subdir=False, max_dbs=4, map_size=1 << 20)
                with e.begin(write=True) as t:
                    t.put(b"k", b"v", db=e.open_db(b"mail", txn=t))
                """
            let made = try await RunningCommand([python, "-c", script, sandbox.dataFile]).finish()
            try #require(made.status == 0, "\(made.errors)")
            let before = try File.contents(of: sandbox.dataFile)
            try await expectAll(sandbox, exit: 1, saying: sandbox.journal)
            #expect(try File.contents(of: sandbox.dataFile) == before)
        }
    }

    @Test func aNewerFormatIsNotTouched() async throws {
        var journal = try await SampleJournals.small()
        try journal.replace("format1", with: "format2")
        try await journal.withJournal { sandbox in
            try await expectAll(
                sandbox,
                exit: 1,
                saying: "is of format 2, and this version reads up to 1",
                "newer version of Daybook"
            )
            #expect(try File.contents(of: sandbox.dataFile) == journal.bytes)
        }
    }

    @Test(arguments: ["format0", "formatx"])
    func aFormatThatNeverWasIsDamage(_ format: String) async throws {
        var journal = try await SampleJournals.small()
        try journal.replace("format1", with: format)
        try await journal.withJournal { sandbox in
            try await expectAll(sandbox, exit: 5, saying: "format")
        }
    }

    @Test(arguments: [1, 100, 4_096, 4_200, 8_192, 40_000])
    func aFileThatIsCutShortIsDamage(_ count: Int) async throws {
        let whole = try await SampleJournals.small().bytes
        try #require(whole.count > 40_000)
        let cut = Array(whole.prefix(count))
        try await JournalBytes(cut).withJournal { sandbox in
            try await expectAll(sandbox, exit: 5, saying: sandbox.journal, "backup")
            #expect(try File.contents(of: sandbox.dataFile) == cut)
        }
    }

    @Test func aFileThatLacksItsLastByteIsCutShort() async throws {
        var journal = JournalBytes(try await SampleJournals.small().bytes.dropLast())
        // Pages at the end that are not in use are missed by nobody.
        while try await isWhole(journal) { journal.bytes.removeLast(JournalBytes.pageSize) }
        try await journal.withJournal { sandbox in
            try await expectAll(sandbox, exit: 5, saying: "has been cut short")
        }
    }

    /// Whether no page that is in use lies beyond the end of the file.
    private func isWhole(_ journal: JournalBytes) async throws -> Bool {
        try await journal.withJournal { sandbox in
            do {
                return try LMDBStore.checkPages(sandbox.journal).isEmpty
            } catch let error as JournalError where error.code == .integrity {
                return false
            }
        }
    }

    /// An interrupted `init` leaves an empty file.
    @Test func anEmptyFileIsNotAJournal() async throws {
        try await JournalBytes([]).withJournal { sandbox in
            try await expectAll(sandbox, exit: 1, saying: "not a journal")
        }
    }

    /// Whoever was answered has a number in `open.lock`: what he was told is gone.
    @Test(arguments: ["empty", "gone"])
    func aFileThatHadCommitsAndHasNothingIsDamage(_ how: String) async throws {
        try await withSandbox { sandbox in
            try sandbox.write(runbook(["a": "true"]))
            try await sandbox.succeed("submit", "runbook.yaml")
            if how == "gone" {
                try Folder.removeFile(sandbox.dataFile)
            } else {
                try sandbox.write("", to: "test.daybook/journal.mdb")
            }
            try await expectAll(sandbox, exit: 5, saying: "journal.mdb is \(how)", "backup")
        }
    }

    /// Damaged heads of pages lead LMDB astray: that must have a name too, and not end the process
    /// by a signal.
    @Test func damagedHeadsOfPagesEndNoProcess() async throws {
        let sample = try await SampleJournals.small()
        var signals: [String] = []
        // Of the head of a page: flags, end of the offsets, beginning of the nodes, first offset.
        for page in 2..<sample.bytes.count / JournalBytes.pageSize {
            for (offset, bit) in [(10, 2), (13, 4), (15, 3), (17, 5)] {
                var journal = sample
                journal.bytes[page * JournalBytes.pageSize + offset] ^= 1 << UInt8(bit)
                let result = try await journal.verified()
                if result.status < 0 {
                    signals.append("page \(page), byte \(offset): signal \(-result.status)")
                } else {
                    #expect([0, 1, 5].contains(result.status), "\(result.errors)")
                }
            }
        }
        #expect(signals == [])
    }
}
