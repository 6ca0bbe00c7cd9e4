/// A store whose readers compare each entry with what was recorded of its hash: for whoever only looks.
///
/// A tile has the hashes of 256 entries, and the record of the tree's edge has the beginnings of those after
/// the last full one. So an entry whose bytes have changed is not shown. It costs one SHA-256 for each
/// entry that is read, and a tile whenever that is another one than for the entry before. Whoever verifies a whole journal reads without it, and lists all that is wrong.
package struct CheckedStore: JournalStore {
    private let store: any JournalStore

    /// Looks into `store`.
    package init(_ store: any JournalStore) { self.store = store }

    package var location: String { store.location }

    package func read<Result>(_ body: (any StoreReader) throws -> Result) throws -> Result {
        try store.read { try body(CheckedReader($0)) }
    }

    package func write<Result>(_ body: (any StoreWriter) throws -> Result) throws -> Result {
        try store.write(body)
    }

    package func reopen() throws { try store.reopen() }
    package func isOutOfRoom() throws -> Bool { try store.isOutOfRoom() }
    package func hasUnpublishedCommit() throws -> Bool { try store.hasUnpublishedCommit() }
    package func close() { store.close() }
}

/// What was recorded of the hashes of entries.
package struct LeafCheck {
    private var tile: (index: UInt64, hashes: [TreeHash]?)?
    private var edge: TreeEdge?

    package init() {}

    /// Makes sure that an entry is the one that was written.
    /// - Throws: ``JournalError/Code/integrity``.
    package mutating func check(
        _ sequence: UInt64,
        _ bytes: UnsafeRawBufferPointer,
        _ reader: any StoreReader
    ) throws {
        let leaf = TreeHash.leaf(bytes)
        let index = sequence / 256
        if tile?.index != index { tile = (index, try reader.tile(level: 0, index: index)) }
        let place = Int(sequence % 256)
        // One that is not full is of a file that was pruned, and as it was then.
        if let hashes = tile?.hashes, place < hashes.count {
            guard hashes[place] == leaf else { throw Self.changed(sequence) }
            return
        }
        if edge == nil { edge = try TreeEdge(present: reader) }
        guard let prefix = edge?.prefix(of: sequence), prefix == Array(leaf.bytes.prefix(4)) else {
            throw Self.changed(sequence)
        }
    }

    private static func changed(_ sequence: UInt64) -> JournalError {
        JournalError(
            .integrity,
            "entry \(sequence): its bytes are not those that were written (its hash differs); run `daybook verify`, and restore the journal from a backup",
            sequence: sequence
        )
    }
}

private final class CheckedReader: ForwardingReader {
    let reader: any StoreReader
    private var leaves = LeafCheck()

    init(_ reader: any StoreReader) { self.reader = reader }

    func withEntry<Result>(
        _ sequence: UInt64,
        _ body: (UnsafeRawBufferPointer) throws -> Result
    ) throws -> Result? {
        try reader.withEntry(sequence) { bytes in
            try leaves.check(sequence, bytes, reader)
            return try body(bytes)
        }
    }

    func scanEntries(
        from sequence: UInt64,
        _ body: (UInt64, UnsafeRawBufferPointer) throws -> Bool
    ) throws {
        try reader.scanEntries(from: sequence) { sequence, bytes in
            try leaves.check(sequence, bytes, reader)
            return try body(sequence, bytes)
        }
    }
}
