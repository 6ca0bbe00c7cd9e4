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
    private static let size = 16 + 24 + 2 * 48 + 16

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

    var isPlausible: Bool {
        pageSize >= 512 && pageSize <= 65536 && pageSize & (pageSize - 1) == 0
            && lastPage < UInt64(Int.max) / UInt64(pageSize)
            && isPlausible(freeRoot) && isPlausible(mainRoot)
    }

    /// Makes sure that mapping the file at `path` can end neither in SIGBUS nor in a root that is
    /// not there. An empty file is fine: LMDB fills it.
    static func check(_ path: String) throws(LMDBError) {
        let problem: LMDBError?
        do throws(SystemError) {
            problem = try Self.problem(of: File.open(path, .read))
        } catch {
            throw LMDBError(error, path: path)
        }
        if let problem { throw problem }
    }

    private static func problem(of file: consuming File) throws(SystemError) -> LMDBError? {
        if try file.status().size == 0 { return nil }
        guard let newest = try newest(in: file) else {
            return LMDBError(
                .damagedFile,
                "open",
                path: file.path,
                detail: "its first two pages are not the meta pages of LMDB 0.9"
            )
        }
        let needed = (Int(newest.lastPage) + 1) * newest.pageSize
        // A writer extends the file before it writes the meta page: so this holds at any time.
        let size = try file.status().size
        if size >= needed { return nil }
        // Pages that a transaction took and let go again at the end of the file are counted, and
        // never written: so a short file can be whole. It is when no page in use is missing.
        for _ in 0..<8 {
            guard let newest = try Self.newest(in: file) else { continue }
            let walk = PageWalk(try File.open(file.path, .read), pageSize: newest.pageSize)
            guard try walk.run(newest.transaction) else { continue }
            if walk.problems.isEmpty { return nil }
            // With nobody holding the snapshot, a writer may have used its pages again meanwhile.
            if try Self.newest(in: file)?.transaction == newest.transaction { break }
        }
        return LMDBError(
            .truncatedFile,
            "open",
            path: file.path,
            detail: "\(needed) bytes are in use, the file has \(size)"
        )
    }

    /// The meta page that the next transaction would start from.
    static func newest(in file: borrowing File) throws(SystemError) -> MetaPage? {
        // A page that a writer is just replacing can look torn: look again a few times.
        for _ in 0..<8 {
            guard let first = try read(file, at: 0) else { continue }
            guard let second = try read(file, at: first.pageSize) else { continue }
            guard first.isPlausible, second.isPlausible else { continue }
            return first.transaction > second.transaction ? first : second
        }
        return nil
    }

    private static func read(_ file: borrowing File, at offset: Int) throws(SystemError)
        -> MetaPage?
    {
        try withBytes(size) { (buffer: UnsafeMutableRawBufferPointer) throws(SystemError) in
            let count = try file.read(into: buffer, at: offset)
            return MetaPage(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
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
