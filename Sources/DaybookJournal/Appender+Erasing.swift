import DaybookFormat

/// Erasure: an entry that says that payloads are erased has the store erase them, in its own commit. So a
/// journal that has the entry has erased, whoever wrote it.
extension Appender {
    /// So many entries of a history are listed at a time.
    private static let step = 1_024
    /// Beyond this the cache of erased tails starts over.
    private static let tailsLimit = 1_024

    /// Erases what an entry says that is erased.
    /// - Parameter entry: the last one that was appended, of the kind `payloads_erased`.
    /// - Throws: ``JournalError/Code/integrity`` for a range that is not of its stream, or when a payload
    ///   that has bytes of it cannot be read; what the store throws.
    mutating func erase(_ entry: EntryView, _ writer: any StoreWriter) throws {
        let (sequence, stream) = (entry.header.sequence, entry.header.stream.rawValue)
        let event: ProtoPayloadsErased
        do throws(WireError) {
            event = try ProtoPayloadsErased(decoding: entry)
        } catch {
            throw JournalError.integrity(sequence, error.reason)
        }
        guard event.from <= event.through, event.through < sequence else {
            throw JournalError.integrity(
                sequence,
                "it erases the payloads of entries \(event.from) to \(event.through), which is no range before it"
            )
        }
        let range = event.from...event.through
        chunks.forget(stream)
        // What is behind it goes on without it. First, while its bytes are still there.
        let isFree = try makeWhole(behind: range, of: stream, writer)
        if erasedTails.count >= Self.tailsLimit { erasedTails = [:] }
        erasedTails[stream] = isFree ? range.lowerBound : nil
        var isEmpty = true
        try forEach(of: stream, from: range.lowerBound, writer.reader) { member in
            guard member <= range.upperBound else { return false }
            isEmpty = false
            try Self.erase(member, writer)
            return true
        }
        guard !isEmpty else {
            throw JournalError.integrity(
                sequence,
                "it erases the payloads of entries \(event.from) to \(event.through), and its stream has none of them"
            )
        }
    }

    /// Has what lies behind a range be stored without bytes of it.
    /// - Returns: whether nothing behind it has bytes of any other entry.
    private func makeWhole(
        behind range: ClosedRange<UInt64>,
        of stream: UInt64,
        _ writer: any StoreWriter
    ) throws -> Bool {
        var next: UInt64?
        try writer.reader.scanHistory(of: stream, from: range.upperBound + 1) {
            next = $0
            return false
        }
        guard let next, next < erasedTails[stream] ?? .max else { return true }
        var isFree = true
        // What is stored anew lies at other places: whatever has bytes of that is stored anew too.
        var moved: Set<UInt64> = []
        try forEach(of: stream, from: next, writer.reader) { later in
            let sources = try Self.sources(of: later, writer.reader)
            if sources.contains(where: { range.contains($0) || moved.contains($0) }) {
                moved.insert(later)
            } else if !sources.isEmpty {
                isFree = false
            }
            return true
        }
        // The last one first: what it has bytes of is still where it was.
        for later in moved.sorted(by: >) {
            let whole = PayloadRecord.whole(try writer.reader.payloads(of: later))
            try whole.withUnsafeBytes { try writer.put(payloads: $0, of: later) }
        }
        return isFree
    }

    /// The other entries of which an entry's payloads have bytes.
    private static func sources(
        of sequence: UInt64,
        _ reader: any StoreReader
    ) throws -> Set<UInt64> {
        do {
            return try reader.withPayloads(of: sequence) { try PayloadRecord($0).sources() } ?? []
        } catch let error as WireError {
            throw JournalError.integrity(sequence, error.reason)
        }
    }

    /// Runs `body` on entries of a stream in order, from one on, until it returns false. It may write.
    private func forEach(
        of stream: UInt64,
        from first: UInt64,
        _ reader: any StoreReader,
        _ body: (UInt64) throws -> Bool
    ) throws {
        var next = first
        while true {
            var members: [UInt64] = []
            try reader.scanHistory(of: stream, from: next) {
                members.append($0)
                return members.count < Self.step
            }
            for member in members {
                guard try body(member) else { return }
            }
            guard members.count == Self.step, let last = members.last else { return }
            next = last + 1
        }
    }

    /// Erases the payloads of one entry, unless it is one that says so of others, or they are erased.
    private static func erase(_ sequence: UInt64, _ writer: any StoreWriter) throws {
        let count = try writer.reader.withView(of: sequence) { entry -> Int in
            guard entry.event != EventKind.payloadsErased.rawValue else { return 0 }
            do throws(WireError) {
                return try entry.commitments().count
            } catch {
                throw JournalError.integrity(sequence, error.reason)
            }
        }
        guard let count, count > 0 else { return }
        let isErased = try writer.reader.withPayloads(of: sequence) { record -> Bool in
            do throws(WireError) {
                let record = try PayloadRecord(record)
                guard record.count == count else { return false }
                return try record.isErased()
            } catch {
                // What is damaged goes too.
                return false
            }
        }
        if isErased == true { return }
        try PayloadRecord.erased(count).withUnsafeBytes {
            try writer.put(payloads: $0, of: sequence)
        }
    }
}
