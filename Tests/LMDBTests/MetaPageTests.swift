import CLMDB
import DaybookSystem
import Glibc
import Testing

@testable import LMDB

/// A file that cannot be mapped safely must be refused with an error: mapping it would end the
/// process.
@Suite struct MetaPageTests {
    /// An environment's file of some 900 KB, as bytes.
    private static func file(_ path: String) throws -> [UInt8] {
        let environment = try Environment.open(path, .scratch)
        let data = try environment.openDatabases([("data", .integerKeys)])[0]
        let value = [UInt8](repeating: 5, count: 3_000)
        for batch in UInt64(0)..<3 {
            try environment.put((0..<100).map { (batch * 100 + $0, value) }, in: data)
        }
        environment.close()
        return try File.contents(of: path)
    }

    private static func replace(_ path: String, with bytes: [UInt8]) throws {
        try Folder.removeFile(path)
        try File.open(path, .create).append(bytes)
    }

    private static func openAndCount(_ path: String) throws -> Int {
        let environment = try Environment.open(path, .scratch)
        defer { environment.close() }
        let data = try environment.openDatabases([("data", .integerKeys)])[0]
        return try environment.count(in: data)
    }

    @Test func aFileThatWasCutShortIsRefused() throws {
        try withDataFile { path in
            let whole = try Self.file(path)
            for size in [
                8_192, 8_193, 12_288, whole.count / 2, whole.count - 4_096, whole.count - 1,
            ] {
                try Self.replace(path, with: Array(whole[..<size]))
                let error = lmdbError { _ = try Self.openAndCount(path) }
                #expect(error?.code == .truncatedFile, "\(size) of \(whole.count)")
                #expect(error?.detail == "\(whole.count) bytes are in use, the file has \(size)")
            }
            try Self.replace(path, with: whole)
            #expect(try Self.openAndCount(path) == 300)
        }
    }

    @Test func aFileWithoutItsMetaPagesIsRefused() throws {
        try withDataFile { path in
            let whole = try Self.file(path)
            for size in [1, 15, 16, 151, 152, 4_095, 4_096, 4_097, 4_096 + 151] {
                try Self.replace(path, with: Array(whole[..<size]))
                let error = lmdbError { _ = try Self.openAndCount(path) }
                #expect(error?.code == .damagedFile, "\(size)")
            }
        }
    }

    @Test(arguments: [
        (10, "page flags"), (16, "magic"), (20, "version"), (40, "page size"),
        (42, "page size"), (86, "free root"), (134, "main root"), (143, "last page"),
        (38, "map size"),
    ])
    func damagedMetaPagesAreRefused(_ offset: Int, _ what: String) throws {
        try withDataFile { path in
            let whole = try Self.file(path)
            // What the older one, here page 1, says of roots and sizes nobody goes by.
            let isOfTheNewest = what.contains("root") || what == "last page" || what == "map size"
            for pages in isOfTheNewest ? [[0], [0, 1]] : [[0], [1], [0, 1]] {
                var bytes = whole
                for page in pages { bytes[page * 4_096 + offset] ^= 0xFF }
                try Self.replace(path, with: bytes)
                let error = lmdbError { _ = try Self.openAndCount(path) }
                #expect(error?.code == .damagedFile, "\(what) of page \(pages)")
            }
        }
    }

    /// A transaction writes the page whose turn it is, and its number there is one greater.
    @Test func anyBitOfATransactionsNumberThatFlipsIsFound() throws {
        try withDataFile { path in
            let whole = try Self.file(path)
            for page in 0..<2 {
                for bit in 0..<64 {
                    var bytes = whole
                    bytes[page * 4_096 + 144 + bit / 8] ^= 1 << UInt8(bit % 8)
                    try Self.replace(path, with: bytes)
                    let error = lmdbError { _ = try Self.openAndCount(path) }
                    #expect(error?.code == .damagedFile, "bit \(bit) of page \(page)")
                }
            }
        }
    }

    @Test func aMetaPageInThePlaceOfTheOtherIsRefused() throws {
        try withDataFile { path in
            let whole = try Self.file(path)
            let (first, second) = (Array(whole[..<4_096]), Array(whole[4_096..<8_192]))
            for pair in [first + first, second + second, second + first] {
                try Self.replace(path, with: pair + whole[8_192...])
                let error = lmdbError { _ = try Self.openAndCount(path) }
                #expect(error?.code == .damagedFile)
            }
        }
    }

    /// When a meta page cannot be written LMDB puts the old number and last page back, but leaves
    /// the roots of the commit that failed, which may lie behind that last page.
    @Test func theLeftoverOfAFailedCommitDoesNotMatter() throws {
        try withDataFile { path in
            var bytes = try Self.file(path)
            // Transaction 4 is in page 0. The one that fails is 5, whose turn is page 1: that keeps
            // the number 3.
            try #require(bytes[144] == 4 && bytes[4_096 + 144] == 3)
            let newestLast = bytes[136..<144]
            let newest = newestLast.enumerated().reduce(0) { $0 | UInt64($1.1) << (8 * $1.0) }
            for (offset, root) in [(80, newest + 1), (128, newest + 2)] {
                withUnsafeBytes(of: root.littleEndian) {
                    bytes.replaceSubrange(4_096 + offset..<4_096 + offset + 8, with: $0)
                }
            }
            try Self.replace(path, with: bytes)
            #expect(try Self.openAndCount(path) == 300)
            let environment = try Environment.open(path, .scratch)
            defer { environment.close() }
            let data = try environment.openDatabases([("data", .integerKeys)])[0]
            try environment.put([(1_000, [1])], in: data)
            #expect(try environment.count(in: data) == 301)
            #expect(try environment.problems() == [])
        }
    }

    @Test func aCompactedCopyIsOpenedAndCountsAnew() throws {
        try withDatabase(.integerKeys) { environment, data in
            for key in UInt64(0)..<5 { try environment.put([(key, [1])], in: data) }
            #expect(try environment.read { $0.commitNumber } == 6)
            let copy = environment.path + ".copy"
            try #require(mdb_env_copy2(environment.handle, copy, UInt32(MDB_CP_COMPACT)) == 0)
            let other = try Environment.open(copy, .scratch)
            defer { other.close() }
            let copied = try other.openDatabases([("data", .integerKeys)])[0]
            #expect(try other.count(in: copied) == 5)
            #expect(try other.read { $0.commitNumber } == nil)
            try other.put([(9, [1])], in: copied)
            #expect(try other.read { $0.commitNumber } == 2)
        }
    }

    @Test func theNumberOfACommitIsKnownBeforeItIsWritten() throws {
        try withDatabase(.integerKeys) { environment, data in
            for key in UInt64(0)..<3 {
                let number = try environment.write { transaction in
                    try transaction.put([1], in: data, for: key)
                    return transaction.commitNumber
                }
                #expect(try environment.read { $0.commitNumber } == number)
            }
        }
    }

    @Test func theLockFileHasItsRoomFromTheBeginning() throws {
        try withDataFile { path in
            let environment = try Environment.open(path, .scratch)
            var raw = stat()
            try #require(stat(path + "-lock", &raw) == 0)
            // What LMDB itself would have made it.
            #expect(Int(raw.st_size) == LockFile.size(readers: 1_024))
            #expect(raw.st_blocks * 512 >= raw.st_size)
            environment.close()
            try Folder.removeFile(path + "-lock")
            // A file that others have made keeps its length, and gets its room.
            let sparse = open(path + "-lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
            try #require(ftruncate(sparse, 128 + 64 * 2_000) == 0)
            close(sparse)
            try Environment.open(path, .scratch).close()
            try #require(stat(path + "-lock", &raw) == 0)
            #expect(raw.st_size == 128 + 64 * 2_000)
            #expect(raw.st_blocks * 512 >= raw.st_size)
        }
    }

    /// A file that is no journal: how it begins, and what it has behind that.
    struct ForeignFile: Sendable {
        let beginning: String
        var filler: UInt8 = 0
        var size = 0

        var bytes: [UInt8] { Array(beginning.utf8) + [UInt8](repeating: filler, count: size) }
    }

    @Test(arguments: [
        ForeignFile(beginning: "#!/bin/sh\nexit 0\n"),
        ForeignFile(beginning: "SQLite format 3\0", filler: 1, size: 20_000),
        ForeignFile(beginning: "", size: 65_536),
        ForeignFile(beginning: "", filler: 0xFF, size: 65_536),
    ])
    func aForeignFileIsRefusedAndLeftAsItIs(_ file: ForeignFile) throws {
        let bytes = file.bytes
        try withDataFile { path in
            try Self.replace(path, with: bytes)
            #expect(lmdbError { _ = try Self.openAndCount(path) }?.code == .damagedFile)
            #expect(lmdbError { _ = try Environment.open(path, .readOnly) }?.code == .damagedFile)
            #expect(try File.contents(of: path) == bytes)
        }
    }

    @Test func aFolderIsRefused() throws {
        try withTemporaryFolder { folder in
            #expect(lmdbError { _ = try Environment.open(folder, .scratch) } != nil)
        }
    }

    @Test func anEmptyFileIsFilled() throws {
        try withDataFile { path in
            try Self.replace(path, with: [])
            #expect(try Self.openAndCount(path) == 0)
            #expect(try FileStatus.of(path)?.size ?? 0 >= 8_192)
        }
    }

    @Test func anEmptyFileCannotBeOpenedForReading() throws {
        try withDataFile { path in
            try Self.replace(path, with: [])
            #expect(lmdbError { _ = try Environment.open(path, .readOnly) } != nil)
            #expect(try FileStatus.of(path)?.size == 0)
        }
    }

    @Test func theNewestMetaPageSaysWhatLMDBSays() throws {
        try withDataFile { path in
            let environment = try Environment.open(path, .growing(from: 1 << 24, to: 1 << 24))
            defer { environment.close() }
            let data = try environment.openDatabases([("data", .integerKeys)])[0]
            for key in UInt64(0)..<4 {
                try environment.put([(key, [UInt8](repeating: 1, count: 10_000))], in: data)
                let expected = try environment.information()
                let file = try File.open(path, .read)
                let page = try #require(try MetaPages.read(file)).newest
                #expect(page.transaction == expected.transaction)
                #expect(page.lastPage == UInt64(expected.lastPage))
                #expect(page.pageSize == expected.pageSize)
                #expect(page.mapSize == expected.mapSize)
                #expect(page.isPlausible)
            }
        }
    }

    @Test func aFileWhoseLastPagesWereNeverWrittenIsWhole() throws {
        try withDataFile { path in
            let environment = try Environment.open(path, .scratch)
            let data = try environment.openDatabases([("data", .integerKeys)])[0]
            // Free pages first: LMDB gives pages that a transaction has taken and let go back to
            // the list of free ones only if it has begun to use that list.
            try environment.put(
                (0..<50).map { ($0, [UInt8](repeating: 1, count: 3_000)) },
                in: data
            )
            try environment.write { transaction in
                for key in UInt64(10)..<50 { try transaction.remove(key, from: data) }
            }
            try environment.put([(1, [1])], in: data)
            try environment.write { transaction in
                try transaction.put([2], in: data, for: 2)
                try transaction.put([UInt8](repeating: 3, count: 4 << 20), in: data, for: 3)
                try transaction.remove(3, from: data)
            }
            let lastPage = try environment.information().lastPage
            environment.close()
            // What makes this test one: the file is shorter than the pages that LMDB counts.
            let size = try #require(try FileStatus.of(path)).size
            try #require(size < (lastPage + 1) * 4_096)
            do {
                #expect(try Self.openAndCount(path) == 9)
            }
        }
    }

    /// Writes the meta page of one more commit without telling readers of it: what a writer leaves
    /// that is held up, or killed, between the two.
    private static func writeMetaPageOfAnotherCommit(_ path: String) throws {
        let pages = try MetaPages.read(File.open(path, .read))
        let transaction = try #require(pages).newest.transaction
        let old = Int(transaction % 2) * 4_096
        var page = try Array(File.contents(of: path)[old..<old + 4_096])
        let number = (transaction + 1) % 2
        withUnsafeBytes(of: number.littleEndian) { page.replaceSubrange(0..<8, with: $0) }
        withUnsafeBytes(of: (transaction + 1).littleEndian) {
            page.replaceSubrange(144..<152, with: $0)
        }
        let descriptor = open(path, O_WRONLY | O_CLOEXEC)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        try #require(pwrite(descriptor, page, page.count, off_t(number) * 4_096) == page.count)
    }

    @Test func aCommitThatReadersWereNotToldOfIsKnownOf() throws {
        try withDatabase(.integerKeys) { environment, data in
            for round in UInt64(1)...4 {
                try environment.put([(round, [1])], in: data)
                #expect(try !environment.hasUnpublishedCommit())
                let visible = try environment.read { mdb_txn_id($0.handle) }
                try Self.writeMetaPageOfAnotherCommit(environment.path)
                #expect(try environment.hasUnpublishedCommit())
                #expect(try environment.read { mdb_txn_id($0.handle) } == visible)
            }
            // The next one is told of.
            try environment.put([(5, [1])], in: data)
            #expect(try !environment.hasUnpublishedCommit())
            #expect(try environment.count(in: data) == 5)
        }
    }
}
