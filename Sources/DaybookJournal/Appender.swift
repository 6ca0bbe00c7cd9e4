import DaybookFormat

/// What must be known of a journal to append to it: where it ends, and the edge of its tree.
///
/// A value: the writer works on a copy and keeps it once the commit is on the disk.
struct Appender: Sendable {
    /// The most that an entry may have.
    static let entryLimit = 65_535
    /// `meta` keys.
    static let edgeKey = "edge"
    static let formatKey = "format"

    /// The sequence that the next entry gets.
    private(set) var next: UInt64 = 0
    /// The time of the last entry.
    private(set) var lastTime = Timestamp(rawValue: 0)
    private(set) var tree = TreeBuilder()
    /// The hash of the last leaf: tells whether a batch is on the disk.
    private(set) var lastLeaf = TreeHash.empty
    private let ends = HistoryEnds()

    /// A journal without entries.
    init() {}

    /// Looks up where the journal in `reader` ends.
    init(_ reader: any StoreReader) throws {
        let count = try reader.entryCount()
        guard count > 0 else { return }
        next = count
        lastTime = try Self.entry(count - 1, reader) { $0.header.time }
        tree = try TreeBuilder(size: count, reader)
    }

    private static func entry<Result>(
        _ sequence: UInt64,
        _ reader: any StoreReader,
        _ body: (EntryView) throws -> Result
    ) throws -> Result {
        let result = try reader.withEntry(sequence) { bytes in
            try body(decoding(sequence, bytes))
        }
        guard let result else { throw JournalError.integrity(sequence, "it is missing") }
        return result
    }

    static func decoding(
        _ sequence: UInt64,
        _ bytes: UnsafeRawBufferPointer
    ) throws(JournalError) -> EntryView {
        let view: EntryView
        do throws(WireError) {
            view = try EntryView(bytes)
        } catch {
            throw .integrity(sequence, "it cannot be read (\(error.reason))")
        }
        guard view.header.sequence == sequence else {
            throw .integrity(sequence, "it says of itself that it is \(view.header.sequence)")
        }
        return view
    }

    // MARK: Following

    /// Takes in the entries that others have appended, up to `limit` of them.
    /// - Returns: whether all were taken in.
    mutating func catchUp(
        _ reader: any StoreReader,
        limit: Int = .max,
        _ body: (EntryView, any StoreReader) throws -> Void
    ) throws -> Bool {
        var count = 0
        try reader.scanEntries(from: next) { key, bytes in
            guard count < limit else { return false }
            guard key == next else {
                throw JournalError.integrity(next, "it is missing")
            }
            let view = try Self.decoding(key, bytes)
            guard view.header.ordinal < .max else {
                throw JournalError.integrity(key, "no execution has so many entries")
            }
            try body(view, reader)
            next += 1
            lastTime = view.header.time
            lastLeaf = .leaf(bytes)
            tree.append(lastLeaf) { _ in }
            if view.header.execution != 0 {
                ends.trim()
                ends[view.header.execution] = HistoryEnd(
                    count: view.header.ordinal + 1,
                    last: key
                )
            }
            count += 1
            return true
        }
        return count < limit
    }

    // MARK: Appending

    /// Encodes the drafts of one command, so that what cannot be written is found out before
    /// anything is.
    /// - Returns: where each entry lies in `buffer`.
    /// - Throws: ``JournalError/Code/entryTooLarge``; nothing has changed then.
    func encode(
        _ drafts: [EntryDraft],
        at time: Timestamp,
        _ reader: any StoreReader,
        into buffer: inout WireWriter
    ) throws -> [Range<Int>] {
        buffer.removeAll()
        var ranges: [Range<Int>] = []
        ranges.reserveCapacity(drafts.count)
        ends.trim()
        for (index, draft) in drafts.enumerated() {
            var header = EntryHeader()
            header.sequence = next + UInt64(index)
            header.time = time
            header.execution = draft.execution
            header.schema = draft.schema
            header.session = draft.session
            header.correlation = draft.correlation
            header.causation = draft.causation
            if draft.execution != 0 {
                if let end = try end(of: draft.execution, reader) {
                    header.ordinal = end.count
                    header.previous = end.last
                }
                ends[draft.execution] = HistoryEnd(
                    count: header.ordinal + 1,
                    last: header.sequence
                )
            }
            let start = buffer.count
            draft.event.withUnsafeBytes {
                buffer.entry(header, draft.payloads?.commitments ?? [], event: $0)
            }
            do throws(JournalError) {
                try Self.checkSize(buffer.count - start)
            } catch {
                rollBack()
                throw error
            }
            ranges.append(start..<buffer.count)
        }
        return ranges
    }

    private static func checkSize(_ size: Int) throws(JournalError) {
        guard size <= entryLimit else {
            throw JournalError(
                .entryTooLarge,
                "an entry of \(size) bytes was asked for, and an entry has at most \(entryLimit); shorten the names in it, or move text into a payload"
            )
        }
    }

    private func end(of execution: UInt64, _ reader: any StoreReader) throws -> HistoryEnd? {
        if let end = ends[execution] { return end }
        return try reader.historyEnd(of: execution)
    }

    /// Writes encoded drafts. A failure here is one of the store: it ends the batch.
    /// - Parameter body: sees each entry as it was written.
    mutating func put(
        _ drafts: [EntryDraft],
        _ ranges: [Range<Int>],
        at time: Timestamp,
        to writer: any StoreWriter,
        from buffer: borrowing WireWriter,
        _ body: (EntryView) throws -> Void
    ) throws {
        for (draft, range) in zip(drafts, ranges) {
            let bytes = UnsafeRawBufferPointer(rebasing: buffer.bytes[range])
            try put(draft, bytes, time, writer)
            try body(EntryView(bytes))
        }
    }

    /// Forgets what a batch that was not written has left in caches.
    func rollBack() { ends.removeAll() }

    private mutating func put(
        _ draft: EntryDraft,
        _ bytes: UnsafeRawBufferPointer,
        _ time: Timestamp,
        _ writer: any StoreWriter
    ) throws {
        try writer.append(entry: bytes, at: next)
        if let payloads = draft.payloads {
            try payloads.record.withUnsafeBytes { try writer.put(payloads: $0, of: next) }
        }
        if draft.execution != 0 { try writer.append(toHistoryOf: draft.execution, next) }
        if let row = draft.row {
            try row.row.withUnsafeBytes { try writer.put(executionRow: $0, for: row.id) }
        }
        lastLeaf = .leaf(bytes)
        try tree.append(lastLeaf) { tile throws(any Error) in
            try tile.hashes.withUnsafeBytes {
                try writer.put(tile: $0, level: tile.level, index: tile.index)
            }
        }
        next += 1
        lastTime = time
    }

    /// Writes the tree's edge, once for a batch.
    func finish(_ writer: any StoreWriter, buffer: inout WireWriter) throws {
        buffer.removeAll()
        buffer.varint(next, field: 1)
        tree.root.withBytes { buffer.bytes($0, field: 2) }
        let leaves = tree.lastLeaves
        withUnsafeTemporaryAllocation(byteCount: 4 * leaves.count, alignment: 4) { prefixes in
            for (index, leaf) in leaves.enumerated() {
                leaf.withBytes {
                    prefixes.storeBytes(
                        of: $0.loadUnaligned(as: UInt32.self),
                        toByteOffset: 4 * index,
                        as: UInt32.self
                    )
                }
            }
            buffer.bytes(UnsafeRawBufferPointer(prefixes), field: 3)
        }
        try writer.put(meta: buffer.bytes, for: Self.edgeKey)
    }
}

/// Where recently used histories end: a cache of what the store knows, shared by the copies of an
/// ``Appender``.
///
/// Sendable without the compiler's check: only the writer, one thread at a time, uses it.
private final class HistoryEnds: @unchecked Sendable {
    private var ends: [UInt64: HistoryEnd] = [:]
    /// Beyond this the cache starts over.
    private static let limit = 65_536

    subscript(execution: UInt64) -> HistoryEnd? {
        get { ends[execution] }
        set {
            ends[execution] = newValue
        }
    }

    /// Starts over when there are too many. Only between commands: the ends that a command has
    /// moved are not in the store before it is written.
    func trim() {
        if ends.count >= Self.limit { removeAll() }
    }

    func removeAll() { ends.removeAll(keepingCapacity: true) }
}
