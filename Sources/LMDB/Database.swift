import CLMDB

/// How a named database is kept.
package struct DatabaseOptions: OptionSet, Sendable {
    /// LMDB's flags for `mdb_dbi_open`.
    package let rawValue: UInt32

    /// Wraps LMDB's flags.
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Keys are 64 bit integers in the machine's byte order (`MDB_INTEGERKEY`).
    package static let integerKeys = DatabaseOptions(rawValue: UInt32(MDB_INTEGERKEY))
    /// A key has a sorted set of 64 bit integers (`MDB_DUPSORT`, `DUPFIXED`, `INTEGERDUP`).
    package static let integerSets = DatabaseOptions(
        rawValue: UInt32(MDB_DUPSORT | MDB_DUPFIXED | MDB_INTEGERDUP)
    )
}

/// A handle to a named database, good for as long as its environment is open.
package struct Database: Sendable {
    let index: MDB_dbi
    /// The name that it was opened by.
    package let name: String
}

/// Figures of a database.
package struct DatabaseStatistics: Sendable, Equatable {
    /// Items; with sets, every member counts.
    package let entries: Int
    /// Levels of the tree.
    package let depth: Int
    /// Pages that hold items, that point to pages, and that hold long values.
    package let leafPages, branchPages, overflowPages: Int
}
