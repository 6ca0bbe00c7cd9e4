import DaybookSystem
import Glibc
import Testing

@testable import LMDB

/// What takes a second process, or a process that may die: exit tests are both.
@Suite struct EnvironmentProcessTests {
    @Test func slotsOfReadersThatDiedAreCleared() async throws {
        try await withTemporaryFolder { folder in
            let path = folder + "/a.mdb"
            let environment = try Environment.open(path, .scratch)
            #expect(try environment.clearStaleReaders() == 0)
            await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
                let environment = try Environment.open(path, .scratch)
                try environment.read { _ in
                    try environment.read { _ in _ = kill(getpid(), SIGKILL) }
                }
            }
            #expect(try environment.clearStaleReaders() == 2)
            #expect(try environment.clearStaleReaders() == 0)
            environment.close()
        }
    }

    @Test func openingClearsTheSlotsOfReadersThatDied() async throws {
        try await withTemporaryFolder { folder in
            let path = folder + "/a.mdb"
            // Held by a first process, so that the lock file is not made anew by the second.
            let held = try Environment.open(path, .scratch)
            await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
                let environment = try Environment.open(path, .scratch)
                try environment.read { _ in _ = kill(getpid(), SIGKILL) }
            }
            await #expect(processExitsWith: .success) { [path = path as String] in
                try Environment.open(path, .scratch).close()
            }
            #expect(try held.clearStaleReaders() == 0)
            held.close()
        }
    }

    @Test func aWriterThatDiesKeepsNobodyOutAndLeavesNothing() async throws {
        try await withTemporaryFolder { folder in
            let path = folder + "/a.mdb"
            let environment = try Environment.open(path, .scratch)
            let data = try environment.openDatabases([("data", .integerKeys)])[0]
            await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
                let environment = try Environment.open(path, .scratch)
                let data = try environment.openDatabases([("data", .integerKeys)])[0]
                try environment.write { transaction in
                    try transaction.put([1], in: data, for: 1)
                    _ = kill(getpid(), SIGKILL)
                }
            }
            try environment.put([(2, [2])], in: data)
            #expect(try environment.read { try $0.bytes(in: data, for: 1) } == nil)
            #expect(try environment.read { try $0.bytes(in: data, for: 2) } == [2])
            environment.close()
        }
    }

    @Test func aReaderFollowsAMapThatAnotherProcessHasMadeLarger() async throws {
        try await withTemporaryFolder { folder in
            let path = folder + "/a.mdb"
            let environment = try Environment.open(path, .growing(from: 1 << 20, to: 1 << 20))
            let data = try environment.openDatabases([("data", .integerKeys)])[0]
            await fillInAnotherProcess(path)
            #expect(try environment.count(in: data) == 64)
            #expect(try environment.read { try $0.bytes(in: data, for: 63)?.count } == 65_536)
            #expect(try environment.information().mapSize > 1 << 20)
            environment.close()
        }
    }

    @Test func aWriterFollowsAMapThatAnotherProcessHasMadeLarger() async throws {
        try await withTemporaryFolder { folder in
            let path = folder + "/a.mdb"
            let environment = try Environment.open(path, .growing(from: 1 << 20, to: 1 << 20))
            let data = try environment.openDatabases([("data", .integerKeys)])[0]
            await fillInAnotherProcess(path)
            try environment.put([(64, [1])], in: data)
            #expect(try environment.count(in: data) == 65)
            environment.close()
        }
    }

    /// Another process fills its map, which is larger, with 4 MiB.
    private func fillInAnotherProcess(_ path: String) async {
        await #expect(processExitsWith: .success) { [path = path as String] in
            let environment = try Environment.open(path, .growing(from: 8 << 20, to: 8 << 20))
            let data = try environment.openDatabases([("data", .integerKeys)])[0]
            let value = [UInt8](repeating: 7, count: 65_536)
            try environment.put((0..<64).map { ($0, value) }, in: data)
            environment.close()
        }
    }

    @Test func theMapGrowsFromTheSizeThatItHasFollowedTo() async throws {
        try await withTemporaryFolder { folder in
            let path = folder + "/a.mdb"
            let environment = try Environment.open(path, .growing(from: 1 << 20, to: 64 << 20))
            let data = try environment.openDatabases([("data", .integerKeys)])[0]
            await fillInAnotherProcess(path)
            #expect(try environment.count(in: data) == 64)
            // Up to the end of the map that the other process has set up, and beyond.
            let value = [UInt8](repeating: 8, count: 1 << 20)
            var key: UInt64 = 100
            let error = lmdbError {
                while key < 200 {
                    try environment.put([(key, value)], in: data)
                    key += 1
                }
            }
            #expect(error?.code == .mapFull)
            do {
                try environment.put([(key, value)], in: data)
            }
            environment.close()
        }
    }

    @Test func aMapThatDoesNotFitTheAddressSpaceIsHalved() async throws {
        await #expect(processExitsWith: .success) {
            try withDataFile { path in
                var limit = rlimit(rlim_cur: 16 << 30, rlim_max: 16 << 30)
                #expect(setrlimit(__rlimit_resource_t(UInt32(RLIMIT_AS.rawValue)), &limit) == 0)
                let environment = try Environment.open(path, .scratch)
                let data = try environment.openDatabases([("data", .integerKeys)])[0]
                try environment.put([(1, [2])], in: data)
                #expect(try environment.read { try $0.bytes(in: data, for: 1) } == [2])
                let size = try environment.information().mapSize
                #expect(size == 8 << 30 || size == 4 << 30)
                environment.close()
            }
        }
    }

    @Test func figuresOfAClosedEnvironmentAreRefused() async {
        // In a process of its own: reading freed memory may end it.
        do {
            await #expect(processExitsWith: .success) {
                try withDataFile { path in
                    let environment = try Environment.open(path, .scratch)
                    environment.close()
                    #expect(lmdbError { _ = try environment.information() }?.code == .closed)
                    #expect(lmdbError { try environment.clearStaleReaders() }?.code == .closed)
                }
            }
        }
    }

    @Test func databasesOfAClosedEnvironmentForReadingAreRefused() async {
        do {
            await #expect(processExitsWith: .success) {
                try withDataFile { path in
                    try Environment.open(path, .scratch).close()
                    let environment = try Environment.open(path, .readOnly)
                    environment.close()
                    let error = lmdbError { _ = try environment.openDatabases([]) }
                    #expect(error?.code == .closed)
                }
            }
        }
    }

    @Test func aLinkLeadsToTheLockFileOfTheFileBehindIt() throws {
        try withTemporaryFolder { folder in
            try Environment.open(folder + "/real.mdb", .scratch).close()
            try Folder.removeFile(folder + "/real.mdb-lock")
            #expect(symlink(folder + "/real.mdb", folder + "/link.mdb") == 0)
            let environment = try Environment.open(folder + "/link.mdb", .scratch)
            let names = try Folder.names(in: folder)
            environment.close()
            do {
                #expect(names == ["link.mdb", "real.mdb", "real.mdb-lock"])
            }
        }
    }
}
