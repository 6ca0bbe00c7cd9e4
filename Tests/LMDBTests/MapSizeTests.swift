import DaybookSystem
import Testing

@testable import LMDB

/// A map that is full refuses the transaction and grows for the next try.
@Suite struct MapSizeTests {
    private let value = [UInt8](repeating: 9, count: 100_000)

    @Test func aFullMapKeepsNothingOfTheTransaction() throws {
        try withDataFile { path in
            let environment = try Environment.open(path, .growing(from: 1 << 20, to: 1 << 20))
            defer { environment.close() }
            let data = try environment.openDatabases([("data", .integerKeys)])[0]
            try environment.put([(1, [1])], in: data)
            let before = try environment.information()
            let error = lmdbError {
                try environment.put((2..<100).map { ($0, value) }, in: data)
            }
            #expect(error?.code == .mapFull)
            #expect(error?.isFull == true)
            #expect(error?.operation == "mdb_put in data")
            #expect(try environment.count(in: data) == 1)
            #expect(try environment.information().transaction == before.transaction)
            // At its maximum it stays as it is, and small things still fit.
            #expect(try environment.information().mapSize == 1 << 20)
            try environment.put([(2, [2])], in: data)
            #expect(try environment.count(in: data) == 2)
        }
    }

    @Test func theMapGrowsForTheNextTry() throws {
        try withDataFile { path in
            let environment = try Environment.open(path, .growing(from: 1 << 20, to: 64 << 20))
            defer { environment.close() }
            let data = try environment.openDatabases([("data", .integerKeys)])[0]
            var refusals = 0
            for key in UInt64(0)..<100 {
                do {
                    try environment.put([(key, value)], in: data)
                } catch let error as LMDBError where error.code == .mapFull {
                    refusals += 1
                    try environment.put([(key, value)], in: data)
                }
            }
            // 10 MB in maps of 1, 2, 4, 8 and 16 MiB.
            #expect(refusals == 4)
            #expect(try environment.count(in: data) == 100)
            #expect(try environment.information().mapSize == 16 << 20)
        }
    }

    @Test func theMapGrowsToItsMaximumAndNoFurther() throws {
        try withDataFile { path in
            let environment = try Environment.open(path, .growing(from: 1 << 20, to: 3 << 20))
            defer { environment.close() }
            let data = try environment.openDatabases([("data", .integerKeys)])[0]
            for size in [2 << 20, 3 << 20, 3 << 20] {
                let error = lmdbError {
                    try environment.put((0..<100).map { ($0, value) }, in: data)
                }
                #expect(error?.code == .mapFull)
                #expect(try environment.information().mapSize == size)
            }
            try environment.put((0..<20).map { ($0, value) }, in: data)
        }
    }

    @Test func aMapLargerThanItsMaximumIsOpenedWithTheMaximum() throws {
        try withDataFile { path in
            let environment = try Environment.open(path, .growing(from: 1 << 30, to: 1 << 20))
            defer { environment.close() }
            #expect(try environment.information().mapSize == 1 << 20)
        }
    }

    @Test func aFileLargerThanTheMapThatIsAskedForGrowsAtTheNextTry() throws {
        try withDataFile { path in
            let first = try Environment.open(path, .growing(from: 16 << 20, to: 16 << 20))
            let written = try first.openDatabases([("data", .integerKeys)])[0]
            try first.put((0..<80).map { ($0, value) }, in: written)
            first.close()

            let environment = try Environment.open(path, .growing(from: 1 << 20, to: 64 << 20))
            defer { environment.close() }
            let data = try environment.openDatabases([("data", .integerKeys)])[0]
            #expect(try environment.count(in: data) == 80)
            let error = lmdbError { try environment.put([(100, value)], in: data) }
            #expect(error?.code == .mapFull)
            do {
                try environment.put([(100, value)], in: data)
            }
        }
    }

    @Test func theMapGrowsWhileReadersInOtherThreadsAreActive() throws {
        try withDataFile { path in
            let environment = try Environment.open(path, .growing(from: 1 << 20, to: 64 << 20))
            defer { environment.close() }
            let data = try environment.openDatabases([("data", .integerKeys)])[0]
            try environment.put([(0, value)], in: data)
            let isDone = Locked(false)
            let reads = Locked(0)
            let readers = try (0..<3).map { _ in
                try SystemThread.start {
                    while !isDone.withLock({ $0 }) {
                        Self.read(environment, data, value)
                        reads.withLock { $0 += 1 }
                        reads.wakeAll()
                    }
                }
            }
            defer {
                isDone.withLock { $0 = true }
                for reader in readers { reader.join() }
            }
            reads.wait(until: { $0 > 0 }) { _ in }
            var refusals = 0
            for key in UInt64(1)..<100 {
                do {
                    try environment.put([(key, value)], in: data)
                } catch let error as LMDBError where error.code == .mapFull {
                    refusals += 1
                    try environment.put([(key, value)], in: data)
                }
            }
            #expect(refusals == 4)
            let seen = reads.withLock { $0 }
            reads.wait(until: { $0 > seen + 3 }) { _ in }
        }
    }

    /// Looks at every value through the map: what is there must be whole.
    private static func read(_ environment: Environment, _ data: Database, _ value: [UInt8]) {
        do {
            try environment.read { transaction in
                try transaction.withCursor(in: data) { cursor in
                    var more = try cursor.move(.first)
                    while more {
                        let isWhole = cursor.value.withUnsafeBytes {
                            $0.count == value.count && $0[0] == 9 && $0[value.count - 1] == 9
                        }
                        if !isWhole { Issue.record("a value is not whole") }
                        more = try cursor.move(.next)
                    }
                }
            }
        } catch {
            Issue.record(error)
        }
    }

    @Test func aReaderKeepsTheMapUntilItEnds() throws {
        try withDataFile { path in
            let environment = try Environment.open(path, .growing(from: 1 << 20, to: 64 << 20))
            defer { environment.close() }
            let data = try environment.openDatabases([("data", .integerKeys)])[0]
            try environment.put([(0, value)], in: data)
            let log = Locked<[String]>([])
            let writer = try environment.read { transaction in
                let writer = try SystemThread.start {
                    let error = lmdbError {
                        try environment.put((1..<50).map { ($0, value) }, in: data)
                    }
                    log.withLock { $0.append("\(error?.code == .mapFull)") }
                }
                for _ in 0..<1_000 {
                    guard try transaction.bytes(in: data, for: 0) == value else {
                        Issue.record("the value has gone")
                        break
                    }
                }
                log.withLock { $0.append("read") }
                return writer
            }
            writer.join()
            #expect(log.withLock { $0 } == ["read", "true"])
            #expect(try environment.information().mapSize == 2 << 20)
        }
    }
}
