import DaybookSystem

/// `MDB_IDL`: how many pages a transaction has freed, and which, from the greatest down.
struct FreeRecord {
    let page: UInt64
    /// Bytes of the value.
    let size: Int
    /// Pages that are still to come; nil: the count is.
    var left: UInt64?
    var last = UInt64.max
    var isGood = true

    init(_ page: UInt64, _ size: Int) {
        self.page = page
        self.size = size
    }
}

extension PageWalk {
    /// Checks a list in overflow pages, which are known to be there, piece by piece.
    func checkLongFreeRecord(
        _ first: UInt64,
        _ node: PageNode,
        _ number: UInt64
    ) throws(SystemError) {
        var record = FreeRecord(first, node.dataSize)
        let start = Int(first) * pageSize + Self.headerSize
        var done = 0
        while done < node.dataSize, record.isGood, record.left != 0 {
            let piece = try readBytes(start + done, min(65_536, node.dataSize - done))
            guard piece.count > 0 else { return note(first, "it is not all in the file") }
            check(node.key, piece, &record)
            done += piece.count
        }
        finish(record)
    }

    /// Checks the next piece of a list. mdb_page_alloc reads as many numbers as the first one
    /// says, and gives the pages to writers.
    func check(_ key: PageBytes, _ piece: PageBytes, _ record: inout FreeRecord) {
        var offset = 0
        while record.isGood, record.left != 0, let number = piece.u64(offset) {
            offset += MemoryLayout<UInt64>.size
            guard let left = record.left else {
                start(&record, key, number)
                continue
            }
            record.left = left - 1
            // In this order mdb_midl_xmerge puts lists together.
            if number < 2 || number >= record.last || number > lastFreePage {
                record.isGood = false
                note(record.page, "the free list has \(number) where that cannot be")
            } else if !free.insert(number) {
                record.isGood = false
                note(record.page, "the free list has page \(number) twice")
            }
            record.last = number
        }
    }

    private func start(_ record: inout FreeRecord, _ key: PageBytes, _ count: UInt64) {
        record.left = count
        let room = record.size / MemoryLayout<UInt64>.size - 1
        // A list belongs to a transaction, which has been committed (mdb_freelist_save).
        let owner = key.u64(0) ?? 0
        if count > room || owner < 1 || owner > transaction {
            record.isGood = false
            note(record.page, "the free list of transaction \(owner) has \(count) pages")
        }
    }

    func finish(_ record: FreeRecord) {
        if record.isGood, record.left != 0 {
            note(record.page, "a record of the free list ends too early")
        }
    }
}
