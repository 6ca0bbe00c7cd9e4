import DaybookSystem

/// One of the two pages at the start of an LMDB file that say where everything is.
///
/// The layout is that of LMDB 0.9 on a 64 bit machine: a 16 byte page header, then magic, version,
/// address, map size, the free and the main database (48 bytes each), last page, transaction.
struct MetaPage {
    let pageSize: Int
    let mapSize: Int
    let freeRoot: UInt64
    let mainRoot: UInt64
    let lastPage: UInt64
    let transaction: UInt64

    static let magic: UInt32 = 0xBEEF_C0DE
    static let noPage = UInt64.max
    static let size = 16 + 24 + 2 * 48 + 16

    /// Reads a meta page.
    /// - Returns: nil when it is not one of LMDB 0.9.
    init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count >= Self.size else { return nil }
        func u16(_ offset: Int) -> UInt16 {
            bytes.loadUnaligned(fromByteOffset: offset, as: UInt16.self)
        }
        func u32(_ offset: Int) -> UInt32 {
            bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
        }
        func u64(_ offset: Int) -> UInt64 {
            bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
        }
        let metaFlag: UInt16 = 0x08
        guard u16(10) & metaFlag != 0, u32(16) == Self.magic, u32(20) == 1 else { return nil }
        mapSize = Int(truncatingIfNeeded: u64(32))
        pageSize = Int(u32(40))
        freeRoot = u64(40 + 40)
        mainRoot = u64(88 + 40)
        lastPage = u64(136)
        transaction = u64(144)
    }

    private func isPlausible(_ root: UInt64) -> Bool {
        root == Self.noPage || (root >= 2 && root <= lastPage)
    }

    /// Whether the sizes can be right. Of a page that the next transaction does not start from no
    /// more can be asked: after a meta page could not be written LMDB leaves there the number and
    /// the last page of the old commit with the roots of the failed one (mdb_env_write_meta).
    var hasPlausibleSizes: Bool {
        pageSize >= 512 && pageSize <= 65536 && pageSize & (pageSize - 1) == 0
            && transaction < Self.mostTransactions
    }

    /// Whether a transaction can start from it.
    var isPlausible: Bool {
        // No page lies beyond the map of the writer that made it (mdb_page_alloc).
        hasPlausibleSizes && mapSize > 0 && mapSize <= Self.largestMap
            && lastPage < UInt64(mapSize / pageSize)
            && isPlausible(freeRoot) && isPlausible(mainRoot)
    }

    /// Whether it is as the creation of an environment leaves it (mdb_env_init_meta0).
    var isUntouched: Bool {
        transaction == 0 && lastPage == 1 && freeRoot == Self.noPage && mainRoot == Self.noPage
    }

    /// LMDB counts with signed numbers in places; no file has seen so many transactions.
    private static let mostTransactions: UInt64 = 1 << 62
    /// What a process can address.
    private static let largestMap = 1 << 47
}

/// The two meta pages of a file.
struct MetaPages {
    let first, second: MetaPage

    /// The one that the next transaction starts from (mdb_env_pick_meta).
    var newest: MetaPage { first.transaction < second.transaction ? second : first }

    /// Whether no transaction but the first has been written: the file is new, or it is a copy that
    /// was compacted, in which LMDB begins to count anew (mdb_env_copyfd1).
    var startsOver: Bool { first.isUntouched && second.transaction <= 1 }

    /// What keeps LMDB from starting here; nil: nothing.
    var problem: String? {
        guard first.hasPlausibleSizes, second.hasPlausibleSizes, newest.isPlausible,
            first.pageSize == second.pageSize
        else { return "its meta pages hold sizes, roots or numbers that cannot be right" }
        // Transactions write the two in turn, and one that fails leaves the number as it was.
        let isInOrder = first.transaction < second.transaction
        let (older, newer) = isInOrder ? (first, second) : (second, first)
        let both = "of the transactions \(first.transaction) and \(second.transaction)"
        let isNew = startsOver && newer.transaction == 0
        guard newer.transaction == older.transaction + 1 || isNew else {
            return "its meta pages are \(both), and not of two in a row"
        }
        guard first.transaction & 1 == 0 else {
            return "its meta pages are \(both), each in the other's place"
        }
        // The last page only ever moves on; what a failed commit leaves has that of an older one.
        guard older.lastPage <= newer.lastPage else {
            return "its meta pages are \(both), and the older one has more pages"
        }
        return nil
    }

    /// Reads both at one moment, as far as the system gives that.
    /// - Returns: nil when one of them is not a meta page of LMDB 0.9.
    static func read(_ file: borrowing File) throws(SystemError) -> MetaPages? {
        var pageSize = 4_096
        for _ in 0..<2 {
            let count = pageSize + MetaPage.size
            typealias Pair = (MetaPage?, MetaPage?)
            let found = try withBytes(count) {
                (buffer: UnsafeMutableRawBufferPointer) throws(SystemError) -> Pair in
                let count = try file.read(into: buffer, at: 0)
                let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
                guard count > pageSize else { return (MetaPage(bytes), nil) }
                return (
                    MetaPage(UnsafeRawBufferPointer(rebasing: bytes[..<pageSize])),
                    MetaPage(UnsafeRawBufferPointer(rebasing: bytes[pageSize...]))
                )
            }
            guard let first = found.0 else { return nil }
            if first.pageSize == pageSize {
                return found.1.map { MetaPages(first: first, second: $0) }
            }
            guard first.hasPlausibleSizes else { return nil }
            pageSize = first.pageSize
        }
        return nil
    }

    /// What is wrong with the meta pages of a file, or both of them.
    enum Finding {
        case good(MetaPages)
        case bad(String)
    }

    /// Reads both, and looks again when they do not fit: a writer may be just replacing one.
    static func find(in file: borrowing File) throws(SystemError) -> Finding {
        var problem = "its first two pages are not the meta pages of LMDB 0.9"
        for _ in 0..<64 {
            guard let pages = try read(file) else { continue }
            guard let found = pages.problem else { return .good(pages) }
            problem = found
        }
        return .bad(problem)
    }

    /// Makes sure that mapping the file at `path` can end neither in SIGBUS nor in a root that is
    /// not there. An empty file is fine: LMDB fills it.
    /// - Returns: nil for an empty file.
    static func check(_ path: String) throws(LMDBError) -> MetaPages? {
        let result: Result<MetaPages?, LMDBError>
        do throws(SystemError) {
            result = try Self.result(of: File.open(path, .read))
        } catch {
            throw LMDBError(error, path: path)
        }
        return try result.get()
    }

    private static func result(
        of file: consuming File
    ) throws(SystemError) -> Result<MetaPages?, LMDBError> {
        if try file.status().size == 0 { return .success(nil) }
        let pages: MetaPages
        switch try find(in: file) {
        case .good(let found): pages = found
        case .bad(let problem):
            return .failure(LMDBError(.damagedFile, "open", path: file.path, detail: problem))
        }
        let needed = (Int(pages.newest.lastPage) + 1) * pages.newest.pageSize
        // A writer extends the file before it writes the meta page: so this holds at any time.
        let size = try file.status().size
        if size >= needed { return .success(pages) }
        // Pages that a transaction took and let go again at the end of the file are counted, and
        // never written: so a short file can be whole. It is when no page in use is missing.
        for _ in 0..<8 {
            guard case .good(let pages) = try find(in: file) else { continue }
            let newest = pages.newest
            let walk = PageWalk(try File.open(file.path, .read), pageSize: newest.pageSize)
            guard try walk.run(newest.transaction) else { continue }
            if walk.problems.isEmpty { return .success(pages) }
            // With nobody holding the snapshot, a writer may have used its pages again meanwhile.
            if case .good(let now) = try find(in: file),
                now.newest.transaction == newest.transaction
            {
                break
            }
        }
        return .failure(
            LMDBError(
                .truncatedFile,
                "open",
                path: file.path,
                detail: "\(needed) bytes are in use, the file has \(size)"
            )
        )
    }
}

func withBytes<Result>(
    _ count: Int,
    _ body: (UnsafeMutableRawBufferPointer) throws(SystemError) -> Result
) throws(SystemError) -> Result {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 16)
    defer { buffer.deallocate() }
    return try body(buffer)
}
