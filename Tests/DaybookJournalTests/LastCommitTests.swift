import CLMDB
import DaybookFormat
import DaybookSystem
import LMDB
import Testing

@testable import DaybookJournal

/// What LMDB shows is the last commit, and not the one before it.
@Suite struct LastCommitTests {
    /// Runs `body` with the folder of a closed journal of some commits.
    private func withFolder(_ body: (JournalFolder) throws -> Void) throws {
        try withTemporaryFolder { temporary throws in
            let folder = JournalFolder(temporary + "/a.daybook")
            try folder.create(.scratch) { _, _ in Drafts.created }
            let opened = try folder.open(.scratch)
            let journal = try Journal.open(opened.store)
            for _ in 0..<4 { try journal.append([Drafts.entry(1, text: "x")]) }
            opened.close()
            try body(folder)
        }
    }

    private func replace(_ path: String, with bytes: [UInt8]) throws {
        try Folder.removeFile(path)
        try File.open(path, .create).append(bytes)
    }

    private func opening(_ folder: JournalFolder) throws {
        for options in [EnvironmentOptions.scratch, .readOnly] {
            let opened = try folder.open(options)
            defer { opened.close() }
            _ = try Journal.open(opened.store)
        }
    }

    private func setNumbers(_ bytes: inout [UInt8], _ first: UInt8, _ second: UInt8) {
        bytes[144] = first
        bytes[4_096 + 144] = second
    }

    @Test func theRecordOfTheEdgeNamesTheCommitThatWroteIt() throws {
        try withFolder { folder throws in
            let bytes = try File.contents(of: folder.dataFile)
            let opened = try folder.open(.readOnly)
            defer { opened.close() }
            let (edge, number) = try opened.store.read { (try TreeEdge($0), $0.commitNumber()) }
            // One that makes the databases, one for each entry.
            #expect(edge?.commit == 6)
            #expect(number == 6)
            #expect([bytes[144], bytes[4_096 + 144]] == [6, 5])
        }
    }

    /// Also where the numbers of the two pages still differ by one.
    @Test(
        arguments: [(4, 5), (6, 7), (8, 7), (8, 9), (2, 3), (6, 6), (255, 5)] as [(UInt8, UInt8)]
    )
    func aMetaPageWithAnotherNumberIsDamage(_ first: UInt8, _ second: UInt8) throws {
        try withFolder { folder throws in
            var bytes = try File.contents(of: folder.dataFile)
            setNumbers(&bytes, first, second)
            try replace(folder.dataFile, with: bytes)
            #expect(journalError { try opening(folder) }?.code == .integrity)
        }
    }

    @Test func anOlderFileUnderTheNumbersOfTheNewerIsDamage() throws {
        try withFolder { folder throws in
            var old = try File.contents(of: folder.dataFile)
            let opened = try folder.open(.scratch)
            try Journal.open(opened.store).append([Drafts.entry(1)])
            opened.close()
            setNumbers(&old, 6, 7)
            // Page 1 of transaction 7 with the roots of 5.
            try replace(folder.dataFile, with: old)
            #expect(journalError { try opening(folder) }?.code == .integrity)
        }
    }

    @Test func aCompactedCopyIsAJournalAndGoesOn() throws {
        try withFolder { folder throws in
            var environment: OpaquePointer?
            try #require(mdb_env_create(&environment) == 0)
            let flags = UInt32(MDB_NOSUBDIR | MDB_RDONLY | MDB_NOTLS)
            try #require(mdb_env_open(environment, folder.dataFile, flags, 0o600) == 0)
            let copy = folder.path + "/copy"
            try #require(mdb_env_copy2(environment, copy, UInt32(MDB_CP_COMPACT)) == 0)
            mdb_env_close(environment)
            try Folder.rename(copy, to: folder.dataFile)
            for size in UInt64(5)..<8 {
                let opened = try folder.open(.scratch)
                defer { opened.close() }
                let journal = try Journal.open(opened.store)
                #expect(journal.head.size == size)
                try journal.append([Drafts.entry(1)])
                try journal.checkInvariants()
            }
            try opening(folder)
        }
    }

    @Test func aChangedEntryInFrontOfTheEdgeKeepsWritersOut() throws {
        try withFolder { folder throws in
            var bytes = try File.contents(of: folder.dataFile)
            // The events hold the text "x" behind its tag and length.
            let needle: [UInt8] = [0x0A, 0x01, UInt8(ascii: "x")]
            for place in 0..<bytes.count - 2 where Array(bytes[place...place + 2]) == needle {
                bytes[place + 2] = UInt8(ascii: "y")
            }
            try replace(folder.dataFile, with: bytes)
            #expect(journalError { try opening(folder) }?.code == .integrity)
        }
    }
}
