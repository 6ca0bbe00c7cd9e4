import CLMDB
import DaybookSystem

/// Something that LMDB, or a check around it, refused.
package struct LMDBError: Error, Equatable, Sendable {
    /// What was wrong, named as in LMDB's C interface where it comes from there.
    package struct Code: RawRepresentable, Hashable, Sendable {
        /// LMDB's number, an `errno`, or one of ours below -40,000.
        package let rawValue: Int32

        /// Wraps a number.
        package init(rawValue: Int32) { self.rawValue = rawValue }

        /// `MDB_KEYEXIST`: the key is there already, or is not the greatest in an append.
        package static let keyExists = Code(rawValue: MDB_KEYEXIST)
        /// `MDB_NOTFOUND`: no such key, or no such database.
        package static let notFound = Code(rawValue: MDB_NOTFOUND)
        /// `MDB_PAGE_NOTFOUND`: a page that is pointed to is not there.
        package static let pageNotFound = Code(rawValue: MDB_PAGE_NOTFOUND)
        /// `MDB_CORRUPTED`: a page is not what it should be.
        package static let corrupted = Code(rawValue: MDB_CORRUPTED)
        /// `MDB_PANIC`: an earlier failure has made the environment unusable.
        package static let panic = Code(rawValue: MDB_PANIC)
        /// `MDB_VERSION_MISMATCH`: the file is of another version of LMDB.
        package static let versionMismatch = Code(rawValue: MDB_VERSION_MISMATCH)
        /// `MDB_INCOMPATIBLE`: a database is not of the kind that it is opened as.
        package static let incompatible = Code(rawValue: MDB_INCOMPATIBLE)
        /// `MDB_INVALID`: the file is not LMDB's.
        package static let invalid = Code(rawValue: MDB_INVALID)
        /// `MDB_MAP_FULL`: the map has no room.
        package static let mapFull = Code(rawValue: MDB_MAP_FULL)
        /// `MDB_READERS_FULL`: more readers at once than the environment allows.
        package static let readersFull = Code(rawValue: MDB_READERS_FULL)
        /// `MDB_MAP_RESIZED`: another process has made the map larger.
        package static let mapResized = Code(rawValue: MDB_MAP_RESIZED)
        /// `MDB_BAD_TXN`: the transaction has failed before and must be given up.
        package static let badTransaction = Code(rawValue: MDB_BAD_TXN)
        /// `MDB_BAD_VALSIZE`: a key or value of a size that cannot be stored.
        package static let badValueSize = Code(rawValue: MDB_BAD_VALSIZE)
        /// `MDB_CURSOR_FULL`: a tree is deeper than any can be, because a page leads back to itself.
        package static let cursorFull = Code(rawValue: MDB_CURSOR_FULL)
        /// `MDB_PAGE_FULL`: a page has less room than it says.
        package static let pageFull = Code(rawValue: MDB_PAGE_FULL)
        /// This process has the environment open already.
        package static let alreadyOpen = Code(rawValue: -40_001)
        /// The file is shorter than its meta page says: mapping it would end in SIGBUS.
        package static let truncatedFile = Code(rawValue: -40_002)
        /// The meta pages cannot be right.
        package static let damagedFile = Code(rawValue: -40_003)
        /// The environment has been closed.
        package static let closed = Code(rawValue: -40_004)
        /// The data file or the lock file was removed, replaced or cut short while it was open.
        package static let replacedFile = Code(rawValue: -40_005)
    }

    /// What was wrong.
    package let code: Code
    /// What was being done, for example `mdb_txn_commit`.
    package let operation: String
    /// The data file.
    package let path: String
    /// More words, where the code does not say all.
    package let detail: String?

    init(_ code: Code, _ operation: String, path: String, detail: String? = nil) {
        self.code = code
        self.operation = operation
        self.path = path
        self.detail = detail
    }

    init(_ error: SystemError, path: String) {
        self.init(
            Code(rawValue: error.number),
            error.operation,
            path: path,
            detail: error.found.map { _ in error.description }
        )
    }

    /// The disk, the quota or the map is full.
    package var isFull: Bool {
        code == .mapFull || SystemError(number: code.rawValue, operation: operation).isFull
    }

    /// The file may not be written.
    package var isReadOnly: Bool {
        SystemError(number: code.rawValue, operation: operation).isReadOnly
    }
}

extension LMDBError: CustomStringConvertible {
    /// For example: `mdb_put in /a/journal.mdb failed: MDB_MAP_FULL: ...`.
    package var description: String {
        let words =
            switch code {
            case .alreadyOpen: "this process has it open already"
            case .truncatedFile: "the file is shorter than its meta page says"
            case .damagedFile: "the meta pages are damaged"
            case .closed: "it has been closed"
            case .replacedFile: "a file of it was removed, replaced or cut short while it was open"
            default: String(cString: mdb_strerror(code.rawValue))
            }
        let more = detail.map { ": \($0)" } ?? ""
        // LMDB's own codes have their names in its words, ours have words of their own.
        let number = code.rawValue > 0 ? " (errno \(code.rawValue))" : ""
        return "\(operation) in \(path) failed: \(words)\(more)\(number)"
    }
}
