import CLMDB
import DaybookSystem

@testable import LMDB

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Random changes to databases of all kinds.
struct Workload: Sendable {
    static let layout: [(String, DatabaseOptions)] = [
        ("entries", .integerKeys),
        ("payloads", .integerKeys),
        ("histories", [.integerKeys, .integerSets]),
        ("executions", []),
        ("words", DatabaseOptions(rawValue: UInt32(MDB_DUPSORT))),
    ]

    let environment: Environment
    let databases: [Database]
    var generator: SeededGenerator

    static func open(_ path: String) throws -> Environment {
        var options = EnvironmentOptions()
        options.mapSize = 1 << 30
        options.synchronizes = false
        return try Environment.open(path, options)
    }

    /// An environment of not many pages.
    static func small(_ path: String) throws -> Environment {
        let environment = try open(path)
        var workload = try Workload(environment, seed: 55)
        for _ in 0..<14 { try workload.change(operations: 60) }
        return environment
    }

    init(_ environment: Environment, seed: UInt64) throws {
        self.environment = environment
        databases = try environment.openDatabases(Self.layout)
        generator = SeededGenerator(state: seed)
    }

    func statistics() throws -> [DatabaseStatistics] {
        try environment.read { transaction in
            try databases.map { try transaction.statistics(of: $0) }
        }
    }

    mutating func change(operations: Int) throws {
        var generator = generator
        try environment.write { transaction in
            for _ in 0..<operations { try change(&transaction, &generator) }
        }
        self.generator = generator
    }

    private func change(
        _ transaction: inout WriteTransaction,
        _ generator: inout SeededGenerator
    ) throws {
        let number = generator.next() % 100
        let key = generator.next() % 120
        let removes = generator.next() % 4 == 0
        switch number {
        case 0..<25:
            let database = databases[Int(generator.next() % 2)]
            if removes { try transaction.remove(key, from: database) }
            let most = generator.next() % 5 == 0 ? 20_000 : 300
            try generator.bytes(upTo: most).withUnsafeBytes {
                if !removes { try transaction.put($0, in: database, for: key) }
            }
        case 25..<60:
            // One of the sets grows large, the others stay small.
            let owner = generator.next() % 2 == 0 ? 1 : generator.next() % 20
            let member = generator.next() % (owner == 1 ? 4_000 : 30)
            if removes {
                try delete(transaction, databases[2], of: owner, member)
            } else {
                try transaction.put(member: member, in: databases[2], for: owner)
            }
            if generator.next() % 400 == 0 { try transaction.remove(owner, from: databases[2]) }
        case 60..<80:
            let name = generator.bytes(upTo: 500) + [1]
            try put(&transaction, 3, name, generator.bytes(upTo: 200), removes)
        default:
            let owner = generator.next() % 3 == 0 ? 1 : generator.next() % 25
            try put(&transaction, 4, [UInt8(owner)], generator.bytes(upTo: 60) + [2], removes)
        }
    }

    private func put(
        _ transaction: inout WriteTransaction,
        _ index: Int,
        _ key: [UInt8],
        _ value: [UInt8],
        _ removes: Bool
    ) throws {
        guard removes else {
            return try key.withUnsafeBytes { key in
                try value.withUnsafeBytes {
                    try transaction.put($0, in: databases[index], for: key)
                }
            }
        }
        try transaction.withCursor(in: databases[index]) { cursor in
            let isThere = try key.withUnsafeBytes { try cursor.move(toKeyFrom: $0) }
            if isThere { mdb_cursor_del(cursor.handle, 0) }
        }
    }

    private func delete(
        _ transaction: borrowing WriteTransaction,
        _ database: Database,
        of owner: UInt64,
        _ member: UInt64
    ) throws {
        try transaction.withCursor(in: database) { cursor in
            let isThere = try cursor.move(toMemberFrom: member, of: owner)
            if isThere { mdb_cursor_del(cursor.handle, 0) }
        }
    }

    func removeAll() throws {
        try environment.write { transaction in
            for database in databases {
                try transaction.withCursor(in: database) { cursor in
                    while try cursor.move(.first) {
                        mdb_cursor_del(cursor.handle, UInt32(MDB_NODUPDATA))
                    }
                }
            }
        }
    }
}

/// Numbers that are the same at every run: SplitMix64.
struct SeededGenerator: RandomNumberGenerator, Sendable {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (state ^ state >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }

    mutating func bytes(upTo most: Int) -> [UInt8] {
        let count = Int(next() % UInt64(most + 1))
        var bytes = [UInt8](repeating: UInt8(truncatingIfNeeded: next()), count: count)
        for index in bytes.indices.prefix(16) { bytes[index] = UInt8(truncatingIfNeeded: next()) }
        return bytes
    }
}

func makeFolder() throws -> String {
    let folder = "/tmp/page-walk-\(getpid())-\(UInt64.random(in: 0...(.max)))"
    try Folder.create(folder)
    return folder
}

func removeFolder(_ folder: String) throws {
    for name in try Folder.names(in: folder) { try Folder.removeFile(folder + "/" + name) }
    rmdir(folder)
}

func withFolder(_ body: (String) throws -> Void) throws {
    let folder = try makeFolder()
    try body(folder)
    try removeFolder(folder)
}
