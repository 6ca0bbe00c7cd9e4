import DaybookSystem

/// A tree that is being walked.
struct Tree {
    enum Owner {
        case freeList
        case main
        /// A database under a name.
        case named([UInt8])
        /// A large set of a database with sets; its members are the keys of a tree.
        case set
    }

    let owner: Owner
    let record: TreeRecord
    var keys: KeySequence
    /// The size that all its keys must have; nil: they need not, or it is not known yet.
    var keySize: Int?
    /// The same for the members of its sets.
    var memberSize: Int?
    var branchPages: UInt64 = 0
    var leafPages: UInt64 = 0
    var overflowPages: UInt64 = 0
    var entries: UInt64 = 0

    init(_ owner: Owner, _ record: TreeRecord, _ order: KeyOrder) {
        self.owner = owner
        self.record = record
        keys = KeySequence(order)
    }

    var isSet: Bool { if case .set = owner { true } else { false } }
    var isFreeList: Bool { if case .freeList = owner { true } else { false } }
    var isMain: Bool { if case .main = owner { true } else { false } }
    /// Whether its keys have sets of values.
    var hasSets: Bool { !isSet && !isFreeList && record.has(TreeRecord.sets) }

    var title: String {
        switch owner {
        case .freeList: "the free list"
        case .main: "the main database"
        case .named(let name): "database \(String(decoding: name, as: UTF8.self).debugDescription)"
        case .set: "a set"
        }
    }
}

extension PageWalk {
    /// Flags that mdb_dbi_open would not have stored make LMDB take pages for what they are not.
    func checkFlags(of record: TreeRecord, _ tree: Tree, _ number: UInt64) {
        let isKnown = record.flags & ~TreeRecord.knownFlags == 0
        // Without sets, it would keep keys without values in pages of items of size 0.
        let isSound = record.has(TreeRecord.sets) || !record.has(TreeRecord.fixedMembers)
        if !isKnown || !isSound {
            note(number, "\(tree.title) cannot have the flags \(hex(record.flags))")
        }
    }

    /// Walks a tree whose record is in page `number`, and compares the record with what is there.
    /// - Returns: how many entries it has.
    func walk(_ tree: inout Tree, from number: UInt64) throws(SystemError) -> UInt64 {
        let before = problems.count
        let record = tree.record
        if record.root == MetaPage.noPage {
            // An empty tree has no levels; a set is not kept without members (mdb_cursor_del).
            if record.depth != 0 || tree.isSet {
                note(number, "\(tree.title) has \(record.depth) levels and no root")
            }
        } else if record.depth < 1 || record.depth > Self.mostLevels {
            note(number, "\(tree.title) cannot have \(record.depth) levels")
        } else {
            try visit(record.root, from: number, level: 1, in: &tree)
        }
        // After any problem something has been left out, and the counts say nothing.
        guard problems.count == before else { return tree.entries }
        for (name, stored, found) in [
            ("branch pages", record.branchPages, tree.branchPages),
            ("leaf pages", record.leafPages, tree.leafPages),
            ("overflow pages", record.overflowPages, tree.overflowPages),
            ("entries", record.entries, tree.entries),
        ] where stored != found {
            note(number, "\(tree.title) should have \(stored) \(name), and has \(found)")
        }
        return tree.entries
    }

    /// Makes a page that `parent` points to one that is in use.
    /// - Returns: false, after a note, when it cannot be one or is one already.
    func claim(_ number: UInt64, from parent: UInt64) -> Bool {
        // Pages 0 and 1 are the meta pages; mdb_page_get refuses only what is behind the last one.
        guard number >= 2, number < pageCount else {
            note(parent, "it points to page \(number), and pages 2..<\(pageCount) are there")
            return false
        }
        guard inUse.insert(number) else {
            note(parent, "it points to page \(number), which is in use elsewhere")
            return false
        }
        return true
    }

    private func visit(
        _ number: UInt64,
        from parent: UInt64,
        level: Int,
        in tree: inout Tree
    ) throws(SystemError) {
        guard !isCutShort, claim(number, from: parent) else { return }
        let page = try readBytes(Int(number) * pageSize, pageSize)
        guard page.count == pageSize else { return note(number, "it is not all in the file") }
        // All leaves are at the last level: a cursor goes from one to its neighbour without looking
        // whether it is a leaf (mdb_cursor_sibling), and the depth decides how a tree shrinks.
        guard level == Int(tree.record.depth) else {
            guard checkHeader(page, of: number, flags: PageFlags.branch) != nil else { return }
            tree.branchPages += 1
            return try visitChildren(of: page, number, level: level, in: &tree)
        }
        tree.leafPages += 1
        if tree.isSet, tree.record.has(TreeRecord.fixedMembers) {
            guard checkHeader(page, of: number, flags: PageFlags.fixedLeaf) != nil else { return }
            checkFixedItems(of: page, number, size: Int(tree.record.pad), &tree)
        } else {
            guard checkHeader(page, of: number, flags: PageFlags.leaf) != nil else { return }
            try checkLeaf(page, number, &tree)
        }
    }

    private func visitChildren(
        of page: PageBytes,
        _ number: UInt64,
        level: Int,
        in tree: inout Tree
    ) throws(SystemError) {
        // LMDB asserts that there are two; not in the free list (mdb_page_search_root).
        let least = tree.isFreeList ? 1 : 2
        guard let count = countNodes(of: page, number, isBranch: true, least: least) else {
            return
        }
        for index in 0..<count {
            guard !isCutShort else { return }
            guard let node = PageNode(page, index, isBranch: true) else { return }
            // The key of the first one is never looked at (mdb_node_search).
            if index > 0 { checkKey(node.key, number, index, isSeparator: true, &tree) }
            try visit(node.child, from: number, level: level + 1, in: &tree)
        }
    }

    /// Checks a key, or a member of a large set, that comes next in its tree.
    func checkKey(
        _ key: PageBytes,
        _ number: UInt64,
        _ index: Int,
        isSeparator: Bool,
        _ tree: inout Tree
    ) {
        guard tree.keys.order.accepts(key.count), tree.keySize.map({ $0 == key.count }) ?? true
        else {
            return note(number, "key \(index) of \(tree.title) cannot have \(key.count) bytes")
        }
        // MDB_INTEGERKEY wants keys of one size: the search key's decides how all are read.
        if tree.keys.order == .integer { tree.keySize = key.count }
        if !tree.keys.accept(key, isSeparator: isSeparator) {
            note(number, "key \(index) of \(tree.title) is out of order")
        }
    }
}
