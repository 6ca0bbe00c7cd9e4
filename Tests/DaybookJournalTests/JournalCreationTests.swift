import DaybookFormat
import DaybookSystem
import Glibc
import LMDB
import Testing

@testable import DaybookJournal

/// Making a journal: alone, all or nothing, and again after an interruption.
@Suite struct JournalCreationTests {
    struct Interrupted: Error {}

    @Test func ofManyCreationsAtOnceOneWinsAndItsJournalStays() throws {
        for round in 0..<20 {
            try withTemporaryFolder { temporary in
                let folder = JournalFolder(temporary + "/a.daybook")
                let outcomes = Locked<[JournalError.Code?]>([])
                let threads = try (0..<8).map { _ in
                    try SystemThread.start {
                        do {
                            try folder.create(.scratch) { _, _ in Drafts.created }
                            outcomes.withLock { $0.append(nil) }
                        } catch {
                            outcomes.withLock {
                                $0.append((error as? JournalError)?.code ?? .system)
                            }
                        }
                    }
                }
                for thread in threads { thread.join() }
                let codes = outcomes.withLock { $0 }
                #expect(codes.count { $0 == nil } == 1, "round \(round): \(codes)")
                #expect(codes.allSatisfy { [nil, .exists, .locked].contains($0) }, "\(codes)")
                let opened = try folder.open(.scratch)
                defer { opened.close() }
                #expect(try Journal.open(opened.store).head.size == 1)
            }
        }
    }

    @Test func aCreationWhileAnotherIsAtItIsRefusedAndHarmless() throws {
        try withTemporaryFolder { temporary in
            let folder = JournalFolder(temporary + "/a.daybook")
            try folder.create(.scratch) { _, _ in
                let second = journalError { try folder.create(.scratch) { _, _ in [] } }
                #expect(second?.code == .locked)
                #expect(journalError { _ = try folder.open(.readOnly) }?.code == .locked)
                return Drafts.created
            }
            try folder.open(.scratch).close()
        }
    }

    @Test func aCreationThatFailsLeavesNothing() throws {
        try withTemporaryFolder { temporary in
            let folder = JournalFolder(temporary + "/a.daybook")
            #expect(throws: Interrupted.self) {
                try folder.create(.scratch) { _, _ in throw Interrupted() }
            }
            #expect(try Folder.names(in: temporary) == [])
            // And what was there before stays.
            try Folder.create(folder.path)
            try Folder.create(folder.sessions)
            #expect(throws: Interrupted.self) {
                try folder.create(.scratch) { _, _ in throw Interrupted() }
            }
            #expect(try Folder.names(in: folder.path) == ["sessions"])
        }
    }

    /// Interrupts a creation after each of its steps, by putting their remains there.
    @Test(arguments: [
        ["open.lock"], ["open.lock", "sessions"], ["open.lock", "sessions", "journal.mdb"],
        ["open.lock", "sessions", "journal.mdb", "journal.mdb-lock"],
    ])
    func aCreationThatWasInterruptedIsGoneOnWith(_ names: [String]) throws {
        try withTemporaryFolder { temporary in
            let folder = JournalFolder(temporary)
            for name in names {
                if name == "sessions" {
                    try Folder.create(folder.sessions)
                } else {
                    _ = try File.open(temporary + "/" + name, .create)
                }
            }
            let error = journalError { _ = try folder.open(.scratch) }
            #expect(error?.code == .notAJournal)
            try folder.create(.scratch) { _, _ in Drafts.created }
            let opened = try folder.open(.scratch)
            defer { opened.close() }
            #expect(try Journal.open(opened.store).head.size == 1)
        }
    }

    @Test func aCreationWithoutItsFirstEntryIsGoneOnWith() throws {
        for hasDatabases in [false, true] {
            try withTemporaryFolder { temporary in
                let folder = JournalFolder(temporary)
                if hasDatabases {
                    try LMDBStore.open(temporary, .scratch).close()
                } else {
                    try Environment.open(folder.dataFile, .scratch).close()
                }
                try folder.create(.scratch) { _, _ in Drafts.created }
                let opened = try folder.open(.scratch)
                defer { opened.close() }
                #expect(try Journal.open(opened.store).head.size == 1)
            }
        }
    }

    @Test func aJournalIsNotTakenForAnInterruptedCreation() throws {
        try withTemporaryFolder { temporary in
            let folder = JournalFolder(temporary)
            try folder.create(.scratch) { _, _ in Drafts.created }
            var bytes = try File.contents(of: folder.dataFile)
            func creating(_ bytes: [UInt8]) throws -> JournalError.Code? {
                try Folder.removeFile(folder.dataFile)
                try File.open(folder.dataFile, .create).append(bytes)
                let error = journalError { try folder.create(.scratch) { _, _ in [] } }
                #expect(try File.contents(of: folder.dataFile) == bytes)
                return error?.code
            }
            #expect(try creating(bytes) == .exists)
            // Its only entry is of transaction 2, in page 0: without that nothing is left to read.
            bytes[144] = 0
            #expect(try creating(bytes) == .exists)
            #expect(try creating(Array(bytes[..<4_096])) == .exists)
        }
    }
}
