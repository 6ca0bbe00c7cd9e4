import DaybookFormat
import DaybookSystem
import Glibc
import LMDB
import Testing

@testable import DaybookJournal

@Suite struct JournalFolderTests {
    /// Runs `body` with the folder of a new journal.
    private func withFolder(_ body: (JournalFolder) throws -> Void) throws {
        try withTemporaryFolder { temporary throws in
            let folder = JournalFolder(temporary + "/a.daybook")
            try folder.create(.scratch) { _, _ in Drafts.created }
            try body(folder)
        }
    }

    @Test func aNewJournalIsOpened() throws {
        try withFolder { folder throws in
            let opened = try folder.open(.scratch)
            #expect(try Journal.open(opened.store).head.size == 1)
            opened.close()
        }
    }

    @Test func theEventIsToldWhereTheFileIs() throws {
        try withTemporaryFolder { temporary throws in
            let folder = JournalFolder(temporary + "/a.daybook")
            var told: [UInt64] = []
            try folder.create(.scratch) { device, inode in
                told = [device, inode]
                return Drafts.created
            }
            let status = try #require(try FileStatus.of(folder.dataFile))
            #expect(told == [status.device, status.inode])
        }
    }

    @Test func everythingBelongsToItsOwnerAlone() throws {
        try withFolder { folder throws in
            let names = try Folder.names(in: folder.path)
            #expect(names == ["journal.mdb", "journal.mdb-lock", "open.lock", "sessions"])
            for name in names + ["."] {
                var raw = stat()
                #expect(stat(folder.path + "/" + name, &raw) == 0)
                #expect(raw.st_mode & 0o077 == 0, "\(name)")
            }
        }
    }

    /// Whoever makes it may not have come to its data file yet: it is no folder of something else.
    @Test(arguments: [false, true])
    func oneThatIsBeingMadeIsLocked(_ hasDataFile: Bool) throws {
        try withTemporaryFolder { temporary throws in
            let folder = JournalFolder(temporary + "/a.daybook")
            try Folder.create(folder.path)
            let lock = try File.open(folder.path + "/open.lock", .create)
            #expect(try lock.tryLock(.exclusive))
            if hasDataFile { _ = try File.open(folder.dataFile, .create) }
            #expect(journalError { try folder.open(.scratch).close() }?.code == .locked)
            try lock.unlock()
            #expect(journalError { try folder.open(.scratch).close() }?.code == .notAJournal)
        }
    }

    @Test func creatingTwiceIsRefused() throws {
        try withFolder { folder throws in
            let error = journalError { try folder.create(.scratch) { _, _ in Drafts.created } }
            #expect(error?.code == .exists)
        }
    }

    @Test func aFolderWithSomethingInItIsLeftAlone() throws {
        try withTemporaryFolder { temporary throws in
            _ = try File.open(temporary + "/mine", .create)
            let folder = JournalFolder(temporary)
            let error = journalError { try folder.create(.scratch) { _, _ in Drafts.created } }
            #expect(error?.code == .exists)
            #expect(try Folder.names(in: temporary) == ["mine"])
        }
    }

    @Test func anEmptyFolderIsTaken() throws {
        try withTemporaryFolder { temporary throws in
            let folder = JournalFolder(temporary)
            try folder.create(.scratch) { _, _ in Drafts.created }
            try folder.open(.scratch).close()
        }
    }

    @Test func whereThereIsNothingNothingIsOpenedOrMade() throws {
        try withTemporaryFolder { temporary throws in
            let folder = JournalFolder(temporary + "/absent.daybook")
            #expect(journalError { _ = try folder.open(.scratch) }?.code == .notFound)
            #expect(journalError { _ = try folder.open(.readOnly) }?.code == .notFound)
            #expect(try Folder.names(in: temporary).isEmpty)
        }
    }

    @Test func anotherFolderOrAFileIsNoJournal() throws {
        try withTemporaryFolder { temporary throws in
            let folder = JournalFolder(temporary)
            #expect(journalError { _ = try folder.open(.scratch) }?.code == .notAJournal)
            _ = try File.open(temporary + "/file", .create)
            let file = JournalFolder(temporary + "/file")
            #expect(journalError { _ = try file.open(.scratch) }?.code == .notAJournal)
            #expect(try Folder.names(in: temporary) == ["file"])
        }
    }

    @Test func aFileInTheWayIsToldFromAMissingFolder() throws {
        try withTemporaryFolder { temporary throws in
            _ = try File.open(temporary + "/file", .create)
            let folder = JournalFolder(temporary + "/file")
            let error = journalError { try folder.create(.scratch) { _, _ in Drafts.created } }
            do {
                #expect(error?.code == .exists)
            }
        }
    }

    @Test func aSecondOpeningOfThisProcessIsRefused() throws {
        try withFolder { folder throws in
            let opened = try folder.open(.scratch)
            #expect(journalError { _ = try folder.open(.scratch) }?.code == .locked)
            opened.close()
            try folder.open(.scratch).close()
        }
    }

    @Test func anOpenJournalKeepsItsFileFromBeingReplaced() throws {
        try withFolder { folder throws in
            let swapping = try File.open(folder.path + "/open.lock", .readWrite)
            do {
                let opened = try folder.open(.scratch)
                #expect(try !swapping.tryLock(.exclusive))
                opened.close()
            }
            #expect(try swapping.tryLock(.exclusive))
            // And the other way round: nothing is opened while the file is replaced.
            #expect(journalError { _ = try folder.open(.scratch) }?.code == .locked)
            #expect(journalError { _ = try folder.open(.readOnly) }?.code == .locked)
        }
    }

    @Test func openingForReadingWritesNothing() throws {
        try withFolder { folder throws in
            let before = try File.contents(of: folder.dataFile)
            let opened = try folder.open(.readOnly)
            let journal = try Journal.open(opened.store)
            #expect(try journal.entries().count == 1)
            let error = journalError { try journal.append([Drafts.entry(1)]) }
            #expect(error?.code == .readOnly)
            opened.close()
            #expect(try File.contents(of: folder.dataFile) == before)
        }
    }

    @Test func openingForReadingNeedsNoLockFile() throws {
        try withFolder { folder throws in
            try Folder.removeFile(folder.path + "/open.lock")
            let opened = try folder.open(.readOnly)
            #expect(try Journal.open(opened.store).head.size == 1)
            opened.close()
            #expect(try !Folder.names(in: folder.path).contains("open.lock"))
        }
    }

    @Test func whoLooksIsNotDisturbedWhenTheStoreIsOpenedAgain() throws {
        try withFolder { folder throws in
            let opened = try folder.open(.scratch)
            defer { opened.close() }
            let store = opened.store
            let isDone = Locked(false)
            let failures = Locked<[String]>([])
            let threads = try (0..<3).map { _ in
                try SystemThread.start {
                    while !isDone.withLock({ $0 }) {
                        do {
                            _ = try store.hasUnpublishedCommit()
                            _ = try store.read { try $0.entryCount() }
                        } catch {
                            failures.withLock { $0.append("\(error)") }
                        }
                    }
                }
            }
            for _ in 0..<50 { try store.reopen() }
            isDone.withLock { $0 = true }
            for thread in threads { thread.join() }
            #expect(failures.withLock { $0 } == [])
        }
    }

    @Test func aClosedStoreSaysSo() throws {
        try withFolder { folder throws in
            let opened = try folder.open(.scratch)
            let journal = try Journal.open(opened.store)
            opened.close()
            #expect(journalError { try journal.append([Drafts.entry(1)]) }?.code == .closed)
            #expect(journalError { try journal.catchUp { _ in } }?.code == .closed)
            #expect(journalError { _ = try opened.store.information() }?.code == .closed)
        }
    }

    @Test func damagedFilesAreToldApart() throws {
        try withFolder { folder throws in
            let whole = try File.contents(of: folder.dataFile)
            func opening(with bytes: [UInt8]) throws -> JournalError? {
                try Folder.removeFile(folder.dataFile)
                try File.open(folder.dataFile, .create).append(bytes)
                return journalError { _ = try folder.open(.scratch) }
            }
            #expect(try opening(with: Array(whole.dropLast(4_096)))?.code == .integrity)
            #expect(try opening(with: [UInt8](repeating: 1, count: 9_000))?.code == .integrity)
            #expect(try opening(with: Array(whole.prefix(100)))?.code == .integrity)
        }
    }

    @Test func anLMDBFileWithoutDatabasesIsNoJournal() throws {
        try withTemporaryFolder { temporary throws in
            let folder = JournalFolder(temporary)
            try Environment.open(folder.dataFile, .scratch).close()
            #expect(journalError { _ = try folder.open(.readOnly) }?.code == .notAJournal)
            // Nothing is added to a file of somebody else's.
            #expect(journalError { _ = try folder.open(.scratch) }?.code == .notAJournal)
        }
    }

    @Test func anEmptyFileIsNoJournal() throws {
        try withTemporaryFolder { temporary throws in
            let folder = JournalFolder(temporary)
            _ = try File.open(folder.dataFile, .create)
            let error = journalError { _ = try folder.open(.readOnly) }
            do {
                #expect(error?.code == .notAJournal)
            }
        }
    }
}
