import CLMDB

/// How a named database is kept.
public struct DatabaseOptions: OptionSet, Sendable {
    /// LMDB's flags for `mdb_dbi_open`.
    public let rawValue: UInt32

    /// Wraps LMDB's flags.
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Keys are 64 bit integers in the machine's byte order (`MDB_INTEGERKEY`).
    public static let integerKeys = DatabaseOptions(rawValue: UInt32(MDB_INTEGERKEY))
    /// A key has a sorted set of 64 bit integers (`MDB_DUPSORT`, `DUPFIXED`, `INTEGERDUP`).
    public static let integerSets = DatabaseOptions(
        rawValue: UInt32(MDB_DUPSORT | MDB_DUPFIXED | MDB_INTEGERDUP)
    )
}

/// A handle to a named database, good for as long as its environment is open.
public struct Database: Sendable {
    let index: MDB_dbi
    /// The name that it was opened by.
    public let name: String
}

/// Figures of a database.
public struct DatabaseStatistics: Sendable, Equatable {
    /// Items; with sets, every member counts.
    public let entries: Int
    /// Levels of the tree.
    public let depth: Int
    /// Pages that hold items, that point to pages, and that hold long values.
    public let leafPages, branchPages, overflowPages: Int
}
