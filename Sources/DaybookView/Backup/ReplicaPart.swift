import DaybookFormat
import DaybookJournal

/// Entries of a journal, as they lie there.
struct Part {
    struct Entry {
        let bytes: [UInt8]
        let payloads: [UInt8]?
    }

    enum Item {
        case entry(Entry)
        /// In its place, where it is pruned or to be left out.
        case pruned(PrunedHash)
    }

    let first: UInt64
    private(set) var items: [Item] = []
    private(set) var positions: [String: UInt64] = [:]
    /// The root with the last of them, where it was recorded.
    private(set) var root: [UInt8]?

    /// Entries in one part, and bytes after which none is added.
    private static let most = 16_384
    private static let mostBytes = 8 << 20
    /// Entries that are read from archives at once.
    private static let mostArchived = 2_048

    /// - Parameters:
    ///   - omitted: streams that are left out.
    ///   - mayLack: whether entries may be pruned.
    ///   - archives: where those are read that are pruned, and may not lack; nil: nowhere.
    init(
        _ reader: any StoreReader,
        from first: UInt64,
        upTo end: UInt64,
        without omitted: Set<UInt64>,
        mayLack: Bool,
        archives: ArchiveFolder?
    ) throws {
        self.first = first
        let count = try reader.entryCount()
        guard first <= count else {
            throw ProofError(
                .inconsistent,
                "the copy has \(first) entries, and the journal has \(count): it is another one, an older copy lies in its place, or somebody has written to the copy; keep both, and find out which one is right"
            )
        }
        let horizon = try reader.horizon()
        var bytes = 0
        var all: [Item] = []
        var next = first
        // What comes after the end is not looked at, and may be damaged.
        if first < end {
            try reader.scanEntries(from: first) { sequence, entry in
                if sequence > next {
                    let gap = next..<min(sequence, end)
                    guard sequence <= horizon else {
                        throw JournalError.integrity(next, "it is missing")
                    }
                    if mayLack {
                        try reader.scanPruned(gap) { all.append(.pruned($1)) }
                        next = gap.upperBound
                    } else {
                        let part = gap.prefix(Self.mostArchived)
                        all += try Self.archived(part, reader, archives)
                        next = part.upperBound
                    }
                    guard next == sequence, sequence < end else { return false }
                }
                next = sequence + 1
                if try !omitted.isEmpty && omitted.contains(Self.stream(of: sequence, entry)) {
                    all.append(.pruned(.leaf(TreeHash.leaf(entry))))
                } else {
                    let payloads = try reader.withPayloads(of: sequence) { Array($0) }
                    all.append(.entry(Entry(bytes: Array(entry), payloads: payloads)))
                    bytes += entry.count + (payloads?.count ?? 0)
                }
                return next < end && all.count < Self.most && bytes < Self.mostBytes
            }
        }
        items = all
        if let edge = try TreeEdge(reader), edge.size == next {
            root = edge.root
        }
        var places: [String: UInt64] = [:]
        try reader.scanPositions { name, sequence in
            places[name] = sequence
            return true
        }
        positions = places
    }

    /// Entries that are pruned, as archives have them.
    private static func archived(
        _ range: Range<UInt64>,
        _ reader: any StoreReader,
        _ archives: ArchiveFolder?
    ) throws -> [Item] {
        guard let archives else { throw behind(range.lowerBound) }
        let found = try PrunedEntries(reader, archives).entries(in: range)
        return try range.map { sequence in
            guard let entry = found[sequence] else { throw behind(sequence) }
            return .entry(Entry(bytes: entry.bytes, payloads: entry.payloads))
        }
    }

    private static func stream(
        of sequence: UInt64,
        _ bytes: UnsafeRawBufferPointer
    ) throws(JournalError) -> UInt64 {
        do throws(WireError) {
            return try EntryView(bytes).header.stream.rawValue
        } catch {
            throw JournalError.integrity(sequence, "it cannot be read (\(error.reason))")
        }
    }

    private static func behind(_ sequence: UInt64) -> JournalError {
        JournalError(
            .pruned,
            "entry \(sequence) and others after it are pruned in the journal, the copy does not have them yet, and no archive here has them; make a new copy at another place",
            sequence: sequence
        )
    }
}
