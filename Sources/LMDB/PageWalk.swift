import CLMDB
import DaybookSystem

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Something in the pages of an environment's file that LMDB would not have written.
package struct PageProblem: Sendable, Equatable, CustomStringConvertible {
    /// What a page belongs to.
    package enum Owner: Sendable, Equatable {
        /// The file as a whole: its meta pages.
        case file
        /// The list of pages that nothing uses.
        case freeList
        /// What names the databases.
        case names
        /// A database.
        case database(String)
    }

    /// The page that it is in; nil: none in particular.
    package let page: UInt64?
    /// What is wrong.
    package let reason: String
    /// What cannot be read for it: all else can be.
    package let owner: Owner

    /// For example `page 17: it calls itself page 18`.
    package var description: String {
        page.map { "page \($0): \(reason)" } ?? reason
    }
}

extension Environment {
    /// Reads every page that the newest snapshot uses and checks that LMDB can follow it.
    ///
    /// LMDB trusts its pages: a damaged one ends the process by a signal or an assertion. So this
    /// comes before anything else is read, also before `openDatabases(_:)`, which looks the names
    /// up in the pages of the main database. The file is read, not mapped, and no number in it is
    /// believed before it is checked.
    ///
    /// What is found without a problem can be read by LMDB, and written. What the values say is
    /// somebody else's matter: they are not looked at, and neither are pages that are free.
    ///
    /// The snapshot is held meanwhile, so pages that are freed are not used again: with a writer at
    /// work the file may grow.
    /// - Parameter problem: told of each problem, of at most 100 of each database, after the snapshot is let
    ///   go.
    /// - Throws: ``LMDBError`` when no snapshot can be had or the file cannot be read.
    package func checkPages(_ problem: (PageProblem) -> Void) throws {
        for found in try walkPages().problems { problem(found) }
    }

    /// How many bytes the pages have that the newest snapshot uses: what a compacted copy of it takes.
    /// - Throws: as ``checkPages(_:)``; ``LMDBError/Code/corrupted`` where pages are damaged.
    package func bytesInUse() throws -> UInt64 {
        let (problems, bytes) = try walkPages()
        guard let problem = problems.first else { return bytes }
        throw LMDBError(.corrupted, "bytesInUse", path: path, detail: "\(problem)")
    }

    private func walkPages() throws -> (problems: [PageProblem], bytes: UInt64) {
        var first: UInt64?
        var newest: UInt64 = 0
        for attempt in 0..<Self.mostAttempts {
            // A writer that commits at every turn must come to a pause somewhere between two turns.
            if attempt > 100 { usleep(500) }  // tidy: allowed
            let found: ([PageProblem], UInt64)? = try read { transaction in
                // A size_t is an Int in Swift, and a damaged one can look negative.
                newest = UInt64(truncatingIfNeeded: mdb_txn_id(transaction.handle))
                var stat = MDB_stat()
                try check(mdb_env_stat(handle, &stat), "mdb_env_stat")
                let pageSize = Int(stat.ms_psize)
                // Not the path: another file may be there by now.
                var descriptor: mdb_filehandle_t = -1
                try check(mdb_env_get_fd(handle, &descriptor), "mdb_env_get_fd")
                do throws(SystemError) {
                    let file = try File.duplicate(of: descriptor, path)
                    let walk = PageWalk(file, pageSize: pageSize)
                    return try walk.run(newest) ? (walk.problems, walk.bytesInUse) : nil
                } catch {
                    throw LMDBError(error, path: path)
                }
            }
            if let found { return found }
            first = first ?? newest
        }
        if first == newest {
            // Nobody has committed: so the numbers in the meta pages are not a writer's doing.
            let reason = "the meta pages do not hold transaction \(newest), which LMDB reads from"
            return ([PageProblem(page: newest & 1, reason: reason, owner: .file)], 0)
        }
        throw LMDBError(
            .init(rawValue: EAGAIN),
            "checkPages",
            path: path,
            detail: "no snapshot stays the newest but one for long enough to be found"
        )
    }

    private static let mostAttempts = 2_000
}

/// One look at all pages of a snapshot.
///
/// The layout, and what of it LMDB relies on, is that of `mdb.c` of LMDB 0.9.24; the checks name
/// the functions there. All memory is bounded by what is really in the file, all recursion by
/// LMDB's own limit of the depth of a tree.
final class PageWalk {
    let file: File
    let pageSize: Int
    private(set) var problems: [PageProblem] = []
    /// Pages below this number are in the snapshot and in the file.
    var pageCount: UInt64 = 0
    /// The last page of the snapshot. When it is free the file may end before it.
    var lastFreePage: UInt64 = 0
    var transaction: UInt64 = 0
    /// The pages that trees and long values have.
    var inUse = PageSet()
    /// The pages that the free list names.
    var free = PageSet()

    /// What is walked.
    var owner = PageProblem.Owner.file {
        // What one is damaged by does not keep the others from being looked at.
        didSet {
            if owner != oldValue { limit = min(problems.count + Self.mostProblems, Self.most) }
        }
    }
    private var limit = PageWalk.mostProblems

    static let mostProblems = 100
    /// Of all that are walked.
    static let most = 1_000
    /// `CURSOR_STACK`: no cursor of LMDB can be in a deeper tree.
    static let mostLevels = 32
    /// `MDB_MAXKEYSIZE`, for keys and for the members of sets.
    static let longestKey = 511

    init(_ file: consuming File, pageSize: Int) {
        self.file = file
        self.pageSize = pageSize
    }

    var isCutShort: Bool { problems.count >= limit }

    /// Bytes of the pages in use, the meta pages among them.
    var bytesInUse: UInt64 { UInt64((inUse.count + 2) * pageSize) }

    func note(_ page: UInt64?, _ reason: @autoclosure () -> String) {
        if !isCutShort { problems.append(PageProblem(page: page, reason: reason(), owner: owner)) }
    }

    /// Walks the snapshot of a transaction, which a reader holds.
    /// - Returns: false when writers have gone on so far that its meta page is not safe to read.
    func run(_ transaction: UInt64) throws(SystemError) -> Bool {
        self.transaction = transaction
        // Transaction N writes meta page N & 1 (mdb_env_write_meta).
        let number = transaction & 1
        // The order counts: this page is written again only after the other one holds the next
        // transaction. As long as it does not, nobody was writing here.
        let bytes = try readMeta(number)
        let otherBytes = try readMeta(number ^ 1)
        let meta = bytes.withBytes { MetaPage($0) }
        let other = otherBytes.withBytes { MetaPage($0) }
        guard let meta, let other else {
            note(meta == nil ? number : number ^ 1, "it is not a meta page of LMDB 0.9")
            return true
        }
        guard meta.transaction == transaction, other.transaction <= transaction else {
            return false
        }
        for (page, position) in [(bytes, number), (otherBytes, number ^ 1)] {
            checkHeader(page, of: position, flags: PageFlags.meta)
        }
        guard meta.isPlausible, meta.pageSize == pageSize else {
            note(number, "its page size, last page or roots cannot be right")
            return true
        }
        lastFreePage = meta.lastPage
        let size = try file.status().size
        pageCount = min(meta.lastPage + 1, UInt64(size / pageSize))
        try walkAll(bytes, number)
        if problems.count >= Self.most {
            let reason = "there is more that is wrong, and the rest was not looked at"
            problems.append(PageProblem(page: nil, reason: reason, owner: .file))
        }
        return true
    }

    private func walkAll(_ meta: PageBytes, _ number: UInt64) throws(SystemError) {
        guard let freeRecord = TreeRecord(meta, at: 40), let mainRecord = TreeRecord(meta, at: 88)
        else { return note(number, "it ends too early") }
        owner = .freeList
        // The flags of the free list are those of its environment too: the low 16 bits, of which
        // LMDB has MDB_FIXEDMAP and MDB_NOSUBDIR (mdb_env_init_meta).
        if freeRecord.flags & ~0x4001 != TreeRecord.integerKeys {
            note(number, "the free list cannot have the flags \(hex(freeRecord.flags))")
        }
        var freeList = Tree(.freeList, freeRecord, .integer)
        freeList.keySize = MemoryLayout<UInt64>.size
        _ = try walk(&freeList, from: number)
        owner = .names
        var main = Tree(.main, mainRecord, mainRecord.keyOrder)
        // It gets flags only from who opens it without a name, and no names can be looked up with
        // most of them (mdb_dbi_open): an Environment does neither.
        if mainRecord.flags != 0 {
            note(number, "the main database cannot have the flags \(hex(mainRecord.flags))")
        }
        _ = try walk(&main, from: number)
        owner = .freeList
        // A writer would put something else there (mdb_page_alloc).
        if let page = free.first(alsoIn: inUse) {
            note(page, "it is in use, and in the free list")
        }
    }

    private func readMeta(_ number: UInt64) throws(SystemError) -> PageBytes {
        try readBytes(Int(number) * pageSize, min(pageSize, 512))
    }

    /// Reads up to `count` bytes of the file.
    func readBytes(_ offset: Int, _ count: Int) throws(SystemError) -> PageBytes {
        var failure: SystemError?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            do throws(SystemError) {
                initialized = try file.read(into: UnsafeMutableRawBufferPointer(buffer), at: offset)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return PageBytes(bytes)
    }

    /// Checks what every page starts with: its number, padding, and flags.
    @discardableResult
    func checkHeader(_ page: PageBytes, of number: UInt64, flags expected: UInt16...) -> UInt16? {
        guard let stored = page.u64(0), let flags = page.u16(10) else {
            note(number, "it is not all in the file")
            return nil
        }
        guard stored == number else {
            note(number, "it calls itself page \(stored)")
            return nil
        }
        // Flags that LMDB has only in memory, as P_DIRTY, are not written (mdb_page_flush).
        guard expected.contains(flags) else {
            note(number, "its flags are \(hex(flags)), for one of its role impossible")
            return nil
        }
        return flags
    }
}

/// `P_BRANCH` and its like, in the combinations that are written.
enum PageFlags {
    static let branch: UInt16 = 0x01
    static let leaf: UInt16 = 0x02
    static let overflow: UInt16 = 0x04
    static let meta: UInt16 = 0x08
    /// `P_LEAF | P_LEAF2`: items of one size, without nodes.
    static let fixedLeaf: UInt16 = 0x22
    /// `P_LEAF | P_DIRTY | P_SUBP`: inside a node; dirty for ever (mdb_cursor_put).
    static let inner: UInt16 = 0x52
    static let fixedInner: UInt16 = 0x72
}

func hex<Number: BinaryInteger>(_ number: Number) -> String {
    "0x" + String(number, radix: 16)
}
