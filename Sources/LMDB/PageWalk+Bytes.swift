/// A page, or a part of one. Reading outside of it gives nil.
struct PageBytes {
    private let storage: [UInt8]
    private let start: Int
    let count: Int

    init(_ storage: [UInt8]) {
        self.storage = storage
        start = 0
        count = storage.count
    }

    private init(_ storage: [UInt8], _ start: Int, _ count: Int) {
        self.storage = storage
        self.start = start
        self.count = count
    }

    /// A part of it; nil when it is not all inside.
    func part(_ offset: Int, _ size: Int) -> PageBytes? {
        guard offset >= 0, size >= 0, offset <= count, size <= count - offset else { return nil }
        return PageBytes(storage, start + offset, size)
    }

    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        storage.withUnsafeBytes { all in
            body(UnsafeRawBufferPointer(rebasing: all[start..<start + count]))
        }
    }

    func u16(_ offset: Int) -> UInt16? { load(offset, 0) }
    func u32(_ offset: Int) -> UInt32? { load(offset, 0) }
    func u64(_ offset: Int) -> UInt64? { load(offset, 0) }

    // In the machine's byte order, as LMDB does.
    @inline(__always)
    private func load<Number: FixedWidthInteger & BitwiseCopyable>(
        _ offset: Int,
        _ zero: Number
    ) -> Number? {
        let size = MemoryLayout<Number>.size
        guard offset >= 0, offset <= count - size else { return nil }
        return storage.withUnsafeBytes { all in
            all.loadUnaligned(fromByteOffset: start + offset, as: Number.self)
        }
    }
}

/// `MDB_db`: what is known of a tree, in a meta page or in a node of the tree above.
struct TreeRecord {
    /// The size of the items of pages without nodes.
    let pad: UInt32
    let flags: UInt16
    let depth: UInt16
    let branchPages, leafPages, overflowPages, entries: UInt64
    let root: UInt64

    static let size = 48
    static let reverseKeys: UInt16 = 0x02
    static let sets: UInt16 = 0x04
    static let integerKeys: UInt16 = 0x08
    static let fixedMembers: UInt16 = 0x10
    static let integerMembers: UInt16 = 0x20
    static let reverseMembers: UInt16 = 0x40
    /// `VALID_FLAGS` of mdb_dbi_open, without MDB_CREATE, which does not fit.
    static let knownFlags: UInt16 = 0x7E

    init?(_ bytes: PageBytes, at offset: Int) {
        guard let record = bytes.part(offset, Self.size),
            let pad = record.u32(0), let flags = record.u16(4), let depth = record.u16(6),
            let branchPages = record.u64(8), let leafPages = record.u64(16),
            let overflowPages = record.u64(24), let entries = record.u64(32),
            let root = record.u64(40)
        else { return nil }
        self.pad = pad
        self.flags = flags
        self.depth = depth
        self.branchPages = branchPages
        self.leafPages = leafPages
        self.overflowPages = overflowPages
        self.entries = entries
        self.root = root
    }

    func has(_ flag: UInt16) -> Bool { flags & flag != 0 }

    /// The order of its keys (mdb_default_cmp).
    var keyOrder: KeyOrder {
        has(Self.reverseKeys) ? .reversed : has(Self.integerKeys) ? .integer : .bytes
    }

    /// The order of the members of its sets.
    var memberOrder: KeyOrder {
        has(Self.integerMembers) ? .integer : has(Self.reverseMembers) ? .reversed : .bytes
    }

    /// What the records of its large sets have for flags (mdb_cursor_put at `prep_subDB`).
    var flagsOfSets: UInt16 {
        guard has(Self.fixedMembers) else { return 0 }
        return Self.fixedMembers | (has(Self.integerMembers) ? Self.integerKeys : 0)
    }
}

/// A set of page numbers that needs no more memory than what is put into it.
struct PageSet {
    // Chunks of 32,768 bits, made when the first number in them comes.
    private var chunks: [UInt64: [UInt64]] = [:]
    private static let words = 512
    private static let bits = UInt64(words * 64)

    /// How many numbers are in it.
    var count: Int {
        chunks.values.reduce(0) { $0 + $1.reduce(0) { $0 + $1.nonzeroBitCount } }
    }

    /// Puts a number in.
    /// - Returns: whether it was not there.
    mutating func insert(_ number: UInt64) -> Bool {
        let word = Int(number % Self.bits / 64)
        let bit: UInt64 = 1 << (number % 64)
        func set(_ chunk: inout [UInt64]) -> Bool {
            defer { chunk[word] |= bit }
            return chunk[word] & bit == 0
        }
        return set(&chunks[number / Self.bits, default: [UInt64](repeating: 0, count: Self.words)])
    }

    /// The least number of those that are in both.
    func first(alsoIn other: PageSet) -> UInt64? {
        for index in chunks.keys.sorted() {
            guard let own = chunks[index], let others = other.chunks[index] else { continue }
            for word in 0..<Self.words where own[word] & others[word] != 0 {
                let bit = (own[word] & others[word]).trailingZeroBitCount
                return index * Self.bits + UInt64(word * 64 + bit)
            }
        }
        return nil
    }
}
