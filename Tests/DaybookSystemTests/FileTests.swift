import DaybookSystem
import Glibc
import Testing

@Suite struct FileTests {
    @Test func aNewFileBelongsToItsOwnerAlone() throws {
        try withTemporaryFolder { folder in
            let made = try File.open(folder + "/made", .readWrite)
            let created = try File.open(folder + "/created", .create)
            #expect(try permissions(of: made.path) == 0o600)
            #expect(try permissions(of: created.path) == 0o600)
        }
    }

    @Test(arguments: [File.Mode.read, .readWrite])
    func descriptorsAreNotInherited(_ mode: File.Mode) throws {
        try withTemporaryFolder { folder in
            _ = try File.open(folder + "/a", .create)
            let file = try File.open(folder + "/a", mode)
            #expect(fcntl(file.descriptor, F_GETFD) & FD_CLOEXEC == FD_CLOEXEC)
        }
    }

    @Test func creatingRefusesAFileThatIsThere() throws {
        try withTemporaryFolder { folder in
            _ = try File.open(folder + "/a", .create)
            let error = #expect(throws: SystemError.self) {
                _ = try File.open(folder + "/a", .create)
            }
            #expect(error?.number == EEXIST)
            #expect(error?.path == folder + "/a")
        }
    }

    @Test func readingNeedsAFileThatIsThere() throws {
        try withTemporaryFolder { folder in
            let error = #expect(throws: SystemError.self) {
                _ = try File.open(folder + "/absent", .read)
            }
            #expect(error?.isNotFound == true)
            let status = try FileStatus.of(folder + "/absent")
            #expect(status == nil)
        }
    }

    @Test func aFileIsClosedAtTheEndOfItsLife() throws {
        try withTemporaryFolder { folder in
            let holder = try File.open(folder + "/a", .create)
            #expect(try holder.tryLock(.exclusive))
            do {
                let other = try File.open(folder + "/a", .readWrite)
                #expect(try !other.tryLock(.exclusive))
            }
            // The lock belonged to the description that has just been closed, not to the process:
            // closing another description of the same file must not have dropped the first one.
            let third = try File.open(folder + "/a", .readWrite)
            #expect(try !third.tryLock(.shared))
        }
    }

    @Test func aLockEndsWithItsDescription() throws {
        try withTemporaryFolder { folder in
            do {
                let first = try File.open(folder + "/a", .create)
                #expect(try first.tryLock(.exclusive))
            }
            let second = try File.open(folder + "/a", .readWrite)
            // A process that is being started at this moment may have the first one open a while longer.
            try second.lock(.exclusive)
            let third = try File.open(folder + "/a", .readWrite)
            #expect(try !third.tryLock(.shared))
        }
    }

    @Test func sharedLocksStandTogetherAndKeepAnExclusiveOneOut() throws {
        try withTemporaryFolder { folder in
            let first = try File.open(folder + "/a", .create)
            let second = try File.open(folder + "/a", .readWrite)
            let third = try File.open(folder + "/a", .readWrite)
            #expect(try first.tryLock(.shared))
            #expect(try second.tryLock(.shared))
            #expect(try !third.tryLock(.exclusive))
        }
    }

    @Test func aLockThatIsWaitedForComesWhenTheOtherEnds() throws {
        try withTemporaryFolder { folder in
            let log = Locked<[String]>([])
            let thread: SystemThread
            do {
                let first = try File.open(folder + "/a", .create)
                try first.lock(.exclusive)
                thread = try SystemThread.start {
                    do {
                        let second = try File.open(folder + "/a", .readWrite)
                        let isFree = try second.tryLock(.shared)
                        log.withLock { $0.append("free: \(isFree)") }
                        log.wakeAll()
                        try second.lock(.shared)
                        log.withLock { $0.append("locked") }
                    } catch {
                        Issue.record(error)
                    }
                }
                log.wait(until: { !$0.isEmpty }) { _ in }
                log.withLock { $0.append("closed") }
            }
            thread.join()
            #expect(log.withLock { $0 } == ["free: false", "closed", "locked"])
        }
    }

    @Test func readingStopsAtTheEndOfTheFile() throws {
        try withTemporaryFolder { folder in
            let file = try File.open(folder + "/a", .create)
            try file.append(Array("first ".utf8))
            try file.append(Array("second".utf8))
            try file.synchronize()
            #expect(try file.status().size == 12)
            var buffer = [UInt8](repeating: 0, count: 8)
            let count = try buffer.withUnsafeMutableBytes { try file.read(into: $0, at: 6) }
            #expect(String(decoding: buffer[..<count], as: UTF8.self) == "second")
            let beyond = try buffer.withUnsafeMutableBytes { try file.read(into: $0, at: 100) }
            #expect(beyond == 0)
        }
    }

    @Test func contentsLongerThanTheBufferAreReadWhole() throws {
        try withTemporaryFolder { folder in
            let bytes = (0..<200_001).map { UInt8(truncatingIfNeeded: $0 &* 7) }
            do { try File.open(folder + "/a", .create).append(bytes) }
            #expect(try File.contents(of: folder + "/a") == bytes)
        }
    }

    @Test func filesOfTheKernelAreReadThoughTheyHaveNoSize() throws {
        #expect(try FileStatus.of("/proc/self/stat")?.size == 0)
        let text = String(decoding: try File.contents(of: "/proc/self/stat"), as: UTF8.self)
        #expect(text.hasPrefix("\(getpid()) ("))
    }

    @Test func statusTellsFilesFromFoldersAndApart() throws {
        try withTemporaryFolder { folder in
            let first = try File.open(folder + "/a", .create)
            let second = try File.open(folder + "/b", .create)
            let status = try first.status()
            #expect(!status.isFolder)
            #expect(try FileStatus.of(folder)?.isFolder == true)
            #expect(try FileStatus.of(folder + "/a") == status)
            #expect(try second.status().inode != status.inode)
            #expect(try second.status().device == status.device)
            #expect(try !isThere(folder + "/a/below-a-file"))
        }
    }
}
