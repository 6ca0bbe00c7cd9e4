import DaybookSystem

/// `MDB_node`: a key with a child page, or a key with a value, all inside its page.
struct PageNode {
    /// Where it starts in its page, and how many bytes it takes there.
    let offset, size: Int
    let key: PageBytes
    /// Of a branch: the page that it points to.
    let child: UInt64
    /// Of a leaf: its flags, the size of the value, and what of it is in the page.
    let flags: UInt16
    let dataSize: Int
    let data: PageBytes

    static let bigData: UInt16 = 0x01
    static let subTree: UInt16 = 0x02
    static let set: UInt16 = 0x04
    private static let header = 8

    /// Reads a node.
    /// - Returns: nil when it is not all inside the page.
    init?(_ page: PageBytes, _ index: Int, isBranch: Bool) {
        guard let offset = page.u16(PageWalk.headerSize + 2 * index).map(Int.init),
            let low = page.u16(offset), let high = page.u16(offset + 2),
            let flags = page.u16(offset + 4), let keySize = page.u16(offset + 6).map(Int.init),
            let key = page.part(offset + Self.header, keySize)
        else { return nil }
        self.offset = offset
        self.key = key
        self.flags = flags
        child = UInt64(low) | UInt64(high) << 16 | UInt64(flags) << 32
        dataSize = Int(low) | Int(high) << 16
        let isBig = flags & Self.bigData != 0
        let inside = isBranch ? 0 : isBig ? MemoryLayout<UInt64>.size : dataSize
        guard let data = page.part(offset + Self.header + keySize, inside) else { return nil }
        self.data = data
        // EVEN(): nodes start at even offsets (mdb_node_add).
        size = (Self.header + keySize + inside + 1) & ~1
    }
}

extension PageWalk {
    /// `PAGEHDRSZ`
    static let headerSize = 16

    /// Checks how a page is divided: pointers to the nodes after the header, up to `mp_lower`;
    /// the nodes, without gaps, from `mp_upper` to the end (mdb_node_add, mdb_node_del).
    /// - Returns: how many nodes it has, all of which are inside; nil after a note.
    func countNodes(
        of page: PageBytes,
        _ number: UInt64,
        isBranch: Bool,
        least: Int
    ) -> Int? {
        guard let lower = page.u16(12).map(Int.init), let upper = page.u16(14).map(Int.init),
            lower >= Self.headerSize, lower & 1 == 0, lower <= upper, upper <= page.count
        else {
            note(number, "its bounds are not inside of it")
            return nil
        }
        let count = (lower - Self.headerSize) / 2
        guard count >= least else {
            note(number, "it has \(count) nodes, and should have \(least) at least")
            return nil
        }
        var size = 0
        for index in 0..<count {
            guard let node = PageNode(page, index, isBranch: isBranch), node.offset >= upper,
                node.offset & 1 == 0, node.offset + node.size <= page.count
            else {
                note(number, "node \(index) is not where nodes are")
                return nil
            }
            size += node.size
        }
        guard size == page.count - upper else {
            note(number, "its nodes have \(size) bytes, and \(page.count - upper) are theirs")
            return nil
        }
        return count
    }

    /// Checks a leaf of a tree, or the page inside a node that holds the members of a small set.
    func checkLeaf(_ page: PageBytes, _ number: UInt64, _ tree: inout Tree) throws(SystemError) {
        // An empty tree has no page (mdb_rebalance): LMDB reads the first node without asking.
        guard let count = countNodes(of: page, number, isBranch: false, least: 1) else { return }
        for index in 0..<count {
            guard !isCutShort else { return }
            guard let node = PageNode(page, index, isBranch: false) else { return }
            checkKey(node.key, number, index, isSeparator: false, &tree)
            try checkValue(of: node, number, index, &tree)
        }
    }

    /// Checks what is under a key: only these combinations of flags are written (mdb_cursor_put).
    private func checkValue(
        of node: PageNode,
        _ number: UInt64,
        _ index: Int,
        _ tree: inout Tree
    ) throws(SystemError) {
        switch node.flags {
        // The main database has only databases in it: an Environment gives access to no other.
        case 0 where !tree.isMain:
            tree.entries += 1
            try checkPlainValue(of: node, number, index, &tree)
        case PageNode.bigData where !tree.isMain && !tree.hasSets && !tree.isSet:
            tree.entries += 1
            try checkLongValue(of: node, number, index, &tree)
        case PageNode.subTree where tree.isMain:
            tree.entries += 1
            try checkNamed(node, number, index)
        case PageNode.set where tree.hasSets:
            try checkSmallSet(of: node, number, index, &tree)
        case PageNode.set | PageNode.subTree where tree.hasSets:
            try checkLargeSet(of: node, number, index, &tree)
        default:
            note(number, "node \(index) of \(tree.title) cannot have flags \(hex(node.flags))")
        }
    }

    private func checkPlainValue(
        of node: PageNode,
        _ number: UInt64,
        _ index: Int,
        _ tree: inout Tree
    ) throws(SystemError) {
        if tree.isFreeList {
            var list = FreeRecord(number, node.dataSize)
            check(node.key, node.data, &list)
            finish(list)
        } else if tree.isSet {
            // The members are the keys; mdb_cursor_put gives them empty values.
            if node.dataSize > 0 { note(number, "member \(index) of a set has a value") }
        } else if tree.hasSets {
            checkMemberSize(node.dataSize, number, index, &tree)
        }
    }

    /// A value that does not fit in a page: a head with the count of the pages that follow it.
    private func checkLongValue(
        of node: PageNode,
        _ number: UInt64,
        _ index: Int,
        _ tree: inout Tree
    ) throws(SystemError) {
        guard let first = node.data.u64(0), claim(first, from: number) else { return }
        let head = try readBytes(Int(first) * pageSize, Self.headerSize)
        guard checkHeader(head, of: first, flags: PageFlags.overflow) != nil,
            let pages = head.u32(12).map(UInt64.init)
        else { return }
        // OVPAGES(). A shorter value may have been put in place of a longer one.
        let needed = UInt64((Self.headerSize - 1 + node.dataSize) / pageSize + 1)
        let left = tree.record.overflowPages.subtractingReportingOverflow(tree.overflowPages)
        guard pages >= needed, pages <= pageCount - first else {
            return note(first, "\(node.dataSize) bytes cannot be in \(pages) pages from there")
        }
        // Also keeps a wrong count from costing time.
        guard !left.overflow, pages <= left.partialValue else {
            return note(first, "\(tree.title) has fewer overflow pages than \(pages) more")
        }
        tree.overflowPages += pages
        for next in first + 1..<first + pages where !inUse.insert(next) {
            return note(first, "page \(next) belongs to its value, and is in use elsewhere")
        }
        if tree.isFreeList {
            try checkLongFreeRecord(first, node, number)
        }
    }

    private func checkNamed(
        _ node: PageNode,
        _ number: UInt64,
        _ index: Int
    ) throws(SystemError) {
        guard node.dataSize == TreeRecord.size, let record = TreeRecord(node.data, at: 0) else {
            return note(number, "node \(index) is not the record of a database")
        }
        let name = node.key.withBytes { Array($0.prefix(64)) }
        var tree = Tree(.named(name), record, record.keyOrder)
        owner = .database(String(decoding: name, as: UTF8.self))
        checkFlags(of: record, tree, number)
        _ = try walk(&tree, from: number)
        owner = .names
    }
}
