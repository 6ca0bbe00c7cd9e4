import DaybookFormat
import DaybookSystem
import LMDB
import Testing

@testable import DaybookJournal

/// A file that is exchanged under those who have it open.
@Suite struct FileExchangeTests {
    /// How far an exchange comes before its process is killed.
    enum Step: Int, CaseIterable {
        /// The new file has its name; the old one has no mark.
        case ready
        case marked
        case lockRemoved
        case installed
    }

    private struct Stage {
        let folder: JournalFolder
        let opened: OpenFolder
        let journal: Journal

        var exchange: FileExchange { FileExchange(location: folder.path) }

        func count() throws -> UInt64 { try opened.store.read { try $0.entryCount() } }

        var inode: UInt64? { get throws { try FileStatus.of(folder.dataFile)?.inode } }

        /// - Returns: the number of the new file.
        @discardableResult
        func exchangeFile(_ last: Step, isMissing: Bool = false) throws -> UInt64 {
            try Folder.create(folder.path + "/rewriting")
            let new = try File.open(folder.path + "/rewriting/journal.mdb", .create)
            let inode = try new.status().inode
            func prepare() throws {
                try opened.store.copyCompacted(to: new)
                try exchange.makeReady(folder.path + "/rewriting/journal.mdb")
            }
            if last == .ready {
                try prepare()
                return inode
            }
            try opened.store.supersede(by: inode) { if !isMissing { try prepare() } }
            if last == .marked { return inode }
            try Folder.removeFile(folder.dataFile + "-lock")
            if last == .installed { try exchange.install() }
            return inode
        }
    }

    /// Runs `body` with a journal of 4 entries that is open.
    private func withStage(_ body: (Stage) throws -> Void) throws {
        try withTemporaryFolder { temporary throws in
            let folder = JournalFolder(temporary + "/a.daybook")
            try folder.create(.scratch) { _, _ in Drafts.created }
            let opened = try folder.open(.scratch)
            defer { opened.close() }
            let journal = try Journal.open(opened.store)
            for _ in 0..<3 { try journal.append([Drafts.entry(1, text: "x")]) }
            try body(Stage(folder: folder, opened: opened, journal: journal))
        }
    }

    @Test(arguments: Step.allCases, [true, false])
    func whoHasItOpenGoesOn(_ last: Step, _ writesFirst: Bool) throws {
        try withStage { stage throws in
            let old = try stage.inode
            let new = try stage.exchangeFile(last)
            if writesFirst { try stage.journal.append([Drafts.entry(1, text: "y")]) }
            #expect(try stage.count() == (writesFirst ? 5 : 4))
            try stage.journal.append([Drafts.entry(1, text: "z")])
            #expect(try stage.count() == (writesFirst ? 6 : 5))
            #expect(try stage.inode == (last == .ready ? old : new))
            #expect(try stage.opened.store.isInPlace())
            // The next one who opens it finds the same.
            stage.opened.close()
            let again = try stage.folder.open(.scratch)
            defer { again.close() }
            #expect(try Journal.open(again.store).head.size == (writesFirst ? 6 : 5))
            #expect(try !stage.exchange.isPending())
        }
    }

    @Test(arguments: Step.allCases, [true, false])
    func whoOpensItFinishesOrGivesUp(_ last: Step, _ isReadOnly: Bool) throws {
        try withStage { stage throws in
            let old = try stage.inode
            let new = try stage.exchangeFile(last)
            stage.opened.close()
            let again = try stage.folder.open(isReadOnly ? .readOnly : .scratch)
            defer { again.close() }
            #expect(try Journal.open(again.store).head.size == 4)
            #expect(try stage.inode == (last == .ready ? old : new))
            #expect(try !stage.exchange.isPending())
        }
    }

    /// The mark is there, and the new file is not.
    @Test func aMarkOfWhichNothingCameDoesNotHold() throws {
        try withStage { stage throws in
            let old = try stage.inode
            try stage.exchangeFile(.marked, isMissing: true)
            try Folder.removeAll(stage.folder.path + "/rewriting")
            #expect(try stage.count() == 4)
            try stage.journal.append([Drafts.entry(1, text: "y")])
            #expect(try stage.count() == 5)
            #expect(try stage.inode == old)
            // A later one does.
            let new = try stage.exchangeFile(.installed)
            #expect(try stage.count() == 5)
            #expect(try stage.inode == new)
        }
    }

    /// What is inside sees the old file to its end.
    @Test func aTransactionThatIsUnderWayGoesOn() throws {
        try withStage { stage throws in
            try stage.opened.store.read { reader in
                try stage.exchangeFile(.installed)
                try stage.journal.append([Drafts.entry(1, text: "y")])
                #expect(try stage.count() == 5)
                #expect(try reader.entryCount() == 4)
                #expect(try reader.withEntry(3) { $0.count } != nil)
            }
            #expect(try stage.count() == 5)
        }
    }

    /// A copy of a marked file is a journal as it lies.
    @Test func aCopyOfAMarkedFileHasNoMarkThatHolds() throws {
        try withStage { stage throws in
            try stage.exchangeFile(.marked)
            stage.opened.close()
            let copy = JournalFolder(stage.folder.path + ".copy")
            try Folder.create(copy.path)
            try Folder.create(copy.path + "/rewriting")
            for name in ["journal.mdb", "open.lock", "rewriting/ready.mdb"] {
                try File.open("\(copy.path)/\(name)", .create)
                    .append(File.contents(of: "\(stage.folder.path)/\(name)"))
            }
            let opened = try copy.open(.scratch)
            defer { opened.close() }
            #expect(try Journal.open(opened.store).head.size == 4)
            #expect(try FileStatus.ofLink(copy.path + "/rewriting/ready.mdb") == nil)
        }
    }

    /// A process that is slow notes its commit in the old file when the new one is in its place.
    @Test func aNumberOfAnEarlierFileSaysNothingOfThisOne() throws {
        try withStage { stage throws in
            stage.opened.close()
            let lock = try File.open(stage.folder.openLock, .readWrite)
            let witness = CommitWitness(lock)
            let noted = try witness.last()
            #expect(noted.number > 0 && noted.generation == 0)
            try witness.note(1_000, 0)
            #expect(journalError { try stage.folder.open(.scratch).close() }?.code == .integrity)
            // It is of a file that is older than this one.
            let opened = try LMDBStore.open(stage.folder.path)
            try opened.write { writer in
                try withUnsafeBytes(of: UInt64(1).littleEndian) {
                    try writer.put(meta: $0, for: Journal.generationKey)
                }
            }
            opened.close()
            try stage.folder.open(.scratch).close()
            // And here an older file lies in the place of a newer one.
            try witness.note(1, 2)
            #expect(journalError { try stage.folder.open(.scratch).close() }?.code == .integrity)
        }
    }
}
