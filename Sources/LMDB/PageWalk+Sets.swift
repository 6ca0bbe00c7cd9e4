import DaybookSystem

extension PageWalk {
    /// Checks the members of a set that are in the node itself, in a page of their own.
    func checkSmallSet(
        of node: PageNode,
        _ number: UInt64,
        _ index: Int,
        _ tree: inout Tree
    ) throws(SystemError) {
        let page = node.data
        let isFixed = tree.record.has(TreeRecord.fixedMembers)
        // Its own number is not looked at: it is that of the page around, but stays behind when
        // the node moves.
        guard let flags = page.u16(10), let pad = page.u16(8),
            flags == (isFixed ? PageFlags.fixedInner : PageFlags.inner)
        else { return note(number, "the page in node \(index) has impossible flags") }
        // Only the members are of interest: no record of LMDB's goes with them.
        var set = Tree(.set, tree.record, tree.record.memberOrder)
        if isFixed {
            checkMemberSize(Int(pad), number, index, &tree)
            checkFixedItems(of: page, number, size: Int(pad), &set)
        } else {
            try checkLeaf(page, number, &set)
        }
        tree.entries += set.entries
    }

    /// Checks a set with a tree of its own.
    func checkLargeSet(
        of node: PageNode,
        _ number: UInt64,
        _ index: Int,
        _ tree: inout Tree
    ) throws(SystemError) {
        guard node.dataSize == TreeRecord.size, let record = TreeRecord(node.data, at: 0) else {
            return note(number, "node \(index) is not the record of a set")
        }
        guard record.flags == tree.record.flagsOfSets else {
            return note(number, "the set in node \(index) has impossible flags")
        }
        var set = Tree(.set, record, tree.record.memberOrder)
        if record.has(TreeRecord.fixedMembers) {
            checkMemberSize(Int(record.pad), number, index, &tree)
            set.keySize = Int(record.pad)
        }
        tree.entries &+= try walk(&set, from: number)
    }

    /// Checks the size of a member of a set of `tree`.
    func checkMemberSize(_ size: Int, _ number: UInt64, _ index: Int, _ tree: inout Tree) {
        let record = tree.record
        let isPossible =
            record.has(TreeRecord.integerMembers)
            ? KeyOrder.integer.accepts(size) : size <= Self.longestKey
        guard isPossible, tree.memberSize.map({ $0 == size }) ?? true else {
            return note(number, "a member in node \(index) cannot have \(size) bytes")
        }
        // MDB_DUPFIXED: all members have one size, by which they are found.
        if record.has(TreeRecord.fixedMembers) { tree.memberSize = size }
    }

    /// Checks a page of members of one size, which has no nodes: they follow the header. `mp_lower`
    /// and `mp_upper` only count: two bytes for each from the front, the rest of the size from the
    /// end (mdb_node_add, mdb_node_del, mdb_page_split).
    func checkFixedItems(
        of page: PageBytes,
        _ number: UInt64,
        size: Int,
        _ tree: inout Tree
    ) {
        guard let lower = page.u16(12).map(Int.init), let upper = page.u16(14).map(Int.init),
            let pad = page.u16(8).map(Int.init), lower & 1 == 0, lower > Self.headerSize
        else { return note(number, "a page of members has none") }
        let count = (lower - Self.headerSize) / 2
        guard pad == size, size >= 1, size <= Self.longestKey,
            Self.headerSize + count * size <= page.count, upper == page.count - count * (size - 2)
        else { return note(number, "\(count) members of \(pad) bytes do not fit its bounds") }
        tree.entries += UInt64(count)
        for index in 0..<count {
            guard let member = page.part(Self.headerSize + index * size, size) else { return }
            checkKey(member, number, index, isSeparator: false, &tree)
            if isCutShort { return }
        }
    }
}
