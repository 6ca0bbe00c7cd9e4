import DaybookSystem
import FoundationEssentials
import LMDB
import Testing

/// Runs `body` with an empty folder that is removed afterwards.
func withTemporaryFolder(_ body: (String) throws -> Void) throws {
    let path = FileManager.default.temporaryDirectory.path + "/lmdb-\(UUID())"
    try Folder.create(path)
    do {
        try body(path)
    } catch {
        try FileManager.default.removeItem(atPath: path)
        throw error
    }
    try FileManager.default.removeItem(atPath: path)
}

/// Runs `body` with an empty folder that is removed afterwards.
func withTemporaryFolder(_ body: (String) async throws -> Void) async throws {
    let path = FileManager.default.temporaryDirectory.path + "/lmdb-\(UUID())"
    try Folder.create(path)
    do {
        try await body(path)
    } catch {
        try FileManager.default.removeItem(atPath: path)
        throw error
    }
    try FileManager.default.removeItem(atPath: path)
}

/// Runs `body` with the path for an environment that is not there yet.
func withDataFile(_ body: (String) throws -> Void) throws {
    try withTemporaryFolder { try body($0 + "/data.mdb") }
}

/// Runs `body` with an open environment and a database in it, without syncing: no test here is
/// about crashes of the machine.
func withDatabase(
    _ options: DatabaseOptions,
    _ body: (Environment, Database) throws -> Void
) throws {
    try withDataFile { path in
        let environment = try Environment.open(path, .scratch)
        defer { environment.close() }
        try body(environment, environment.openDatabases([("data", options)])[0])
    }
}

extension EnvironmentOptions {
    /// For files that need not outlive the machine.
    static var scratch: EnvironmentOptions {
        var options = EnvironmentOptions()
        options.synchronizes = false
        return options
    }

    /// A map of `mapSize` bytes that may grow to `maximum`.
    static func growing(from mapSize: Int, to maximum: Int) -> EnvironmentOptions {
        var options = scratch
        options.mapSize = mapSize
        options.maximumMapSize = maximum
        return options
    }

    static var readOnly: EnvironmentOptions {
        var options = scratch
        options.isReadOnly = true
        return options
    }
}

extension WriteTransaction {
    mutating func put(
        _ value: [UInt8],
        in database: Database,
        for key: UInt64,
        _ options: PutOptions = []
    ) throws(LMDBError) {
        let result = value.withUnsafeBytes { bytes in
            Result { () throws(LMDBError) in try put(bytes, in: database, for: key, options) }
        }
        try result.get()
    }

    mutating func put(
        _ value: [UInt8],
        in database: Database,
        for key: [UInt8],
        _ options: PutOptions = []
    ) throws(LMDBError) {
        let result = value.withUnsafeBytes { bytes in
            key.withUnsafeBytes { key in
                Result { () throws(LMDBError) in try put(bytes, in: database, for: key, options) }
            }
        }
        try result.get()
    }
}

extension Transaction where Self: ~Copyable {
    func bytes(in database: Database, for key: UInt64) throws(LMDBError) -> [UInt8]? {
        guard let span = try value(in: database, for: key) else { return nil }
        return span.withUnsafeBytes { Array($0) }
    }

    func bytes(in database: Database, for key: [UInt8]) throws -> [UInt8]? {
        try key.withUnsafeBytes { key in
            guard let span = try value(in: database, for: key) else { return nil }
            return span.withUnsafeBytes { Array($0) }
        }
    }
}

extension Environment {
    /// Puts values under 64 bit keys, in one transaction.
    func put(_ items: [(UInt64, [UInt8])], in database: Database) throws {
        try write { transaction in
            for (key, value) in items { try transaction.put(value, in: database, for: key) }
        }
    }

    /// How many items there are.
    func count(in database: Database) throws -> Int {
        try read { try $0.statistics(of: database).entries }
    }
}

/// The error of LMDB that `body` throws, which is recorded as an issue if it throws none.
func lmdbError(
    _ body: () throws -> Void,
    sourceLocation: SourceLocation = #_sourceLocation
) -> LMDBError? {
    #expect(throws: LMDBError.self, sourceLocation: sourceLocation) { try body() }
}
