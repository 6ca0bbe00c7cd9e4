import DaybookSystem
import Glibc
import Testing

/// Files that somebody else has made.
@Suite struct UnfitFileTests {
    private func read(_ path: String, limit: Int = 100, followsLink: Bool = false) throws
        -> [UInt8]?
    {
        try File.contents(of: path, limit: limit, followsLink: followsLink)
    }

    @Test(arguments: [0, 1, 99, 100])
    func aFileUpToTheLimitIsRead(_ size: Int) throws {
        try withTemporaryFolder { folder in
            let bytes = (0..<size).map { UInt8($0) }
            try File.open(folder + "/file", .create).append(bytes)
            #expect(try read(folder + "/file") == bytes)
        }
    }

    @Test func aLargeFileIsReadWhole() throws {
        try withTemporaryFolder { folder in
            let bytes = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            try File.open(folder + "/file", .create).append(bytes)
            #expect(try read(folder + "/file", limit: 200_000) == bytes)
        }
    }

    @Test func aFileAboveTheLimitIsRefusedWithoutBeingRead() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/file"
            try File.open(path, .create).append([UInt8](repeating: 7, count: 101))
            #expect(throws: File.Unfit.tooLarge(limit: 100)) { try read(path) }
            // 1 TiB that is not there.
            #expect(truncate(path, 1 << 40) == 0)
            #expect(throws: File.Unfit.tooLarge(limit: 100)) { try read(path) }
        }
    }

    @Test func nothingIsTold() throws {
        let bytes = try withTemporaryFolder { try read($0 + "/none") }
        #expect(bytes == nil)
    }

    @Test(arguments: ["/dev/zero", "/dev/null", "/"])
    func whatIsNoRegularFileIsRefused(_ path: String) {
        #expect(throws: File.Unfit.notRegular) { try read(path, followsLink: true) }
    }

    @Test func aPipeThatNobodyWritesIsNotWaitedFor() throws {
        try withTemporaryFolder { folder in
            #expect(mkfifo(folder + "/pipe", 0o600) == 0)
            #expect(throws: File.Unfit.notRegular) { try read(folder + "/pipe") }
        }
    }

    @Test func aLinkIsFollowedOnlyWhereItMayBe() throws {
        try withTemporaryFolder { folder in
            try File.open(folder + "/file", .create).append([1, 2])
            #expect(symlink("file", folder + "/link") == 0)
            #expect(symlink("none", folder + "/dangling") == 0)
            #expect(throws: File.Unfit.notRegular) { try read(folder + "/link") }
            #expect(throws: File.Unfit.notRegular) { try read(folder + "/dangling") }
            #expect(try read(folder + "/link", followsLink: true) == [1, 2])
            #expect(try read(folder + "/dangling", followsLink: true) == nil)
        }
    }
}
