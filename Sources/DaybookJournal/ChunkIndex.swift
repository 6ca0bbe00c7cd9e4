import DaybookFormat

/// Where chunks of the large payloads of a stream lie already, so that a payload which repeats them is
/// stored without them.
///
/// Kept in memory: it follows from the payloads that are stored. A place is believed only after its
/// bytes were compared, so that one which is wrong, of a batch that was not written for example, costs
/// room and nothing else. Streams share nothing: what is erased with one is in no other.
struct ChunkIndex: Sendable {
    /// A payload of fewer bytes is stored as it is; `.max`: every one is.
    var leastSize = Chunk.payloadSize

    /// What is known of one stream: what was met last, and what before that.
    fileprivate struct Places {
        private var young: [UInt64: PayloadSlice] = [:]
        private var old: [UInt64: PayloadSlice] = [:]

        var count: Int { young.count + old.count }

        subscript(hash: UInt64) -> PayloadSlice? {
            get { young[hash] ?? old[hash] }
            set {
                if young.count >= ChunkIndex.share { (old, young) = (young, [:]) }
                young[hash] = newValue
            }
        }
    }

    private var streams: [UInt64: Places] = [:]
    /// How many chunks are known of all streams.
    private var count = 0

    /// Of one stream at most twice so many chunks are known, the newest: 40 MiB and more of payloads.
    private static let share = 1 << 16
    /// Beyond this other streams are forgotten: the index takes some 32 MiB at most.
    private static let limit = 4 * share
    /// So many entries of a stream are looked back at, once, for payloads that the index has not.
    private static let horizon = 4_096

    /// The record to store, made of slices where that takes fewer bytes.
    /// - Parameters:
    ///   - sequence: the entry that it is of.
    ///   - end: where the stream ends so far; nil: the entry is its first one.
    /// - Returns: nil: the record stays as it is.
    mutating func record(
        of payloads: SealedPayloads,
        at sequence: UInt64,
        in stream: UInt64,
        after end: HistoryEnd?,
        _ reader: any StoreReader
    ) throws -> [UInt8]? {
        guard payloads.byteCount >= leastSize, payloads.hasChunks else { return nil }
        var places = try streams.removeValue(forKey: stream) ?? load(end, reader)
        let known = places.count
        if count >= Self.limit {
            streams = [:]
            count = known
        }
        var parts: [SlicedPayload] = []
        try payloads.forEachPart { _, data, chunks in
            var part = SlicedPayload(sequence, UInt32(parts.count))
            if data.count >= leastSize {
                for chunk in chunks {
                    try part.append(chunk, of: data, &places, reader)
                }
            }
            parts.append(part)
        }
        count += places.count - known
        streams[stream] = places
        // Most payloads repeat nothing: what they would be written as is not worth its memory.
        guard parts.contains(where: \.isSliced) else { return nil }
        var writer = WireWriter(capacity: 1 << 12)
        var index = 0
        try payloads.forEachPart { salt, data, _ in
            parts[index].write(salt, data, to: &writer)
            index += 1
        }
        return Array(writer.bytes)
    }

    /// Somebody else has appended to a stream: what has a large payload is to be found again.
    mutating func forget(_ entry: EntryView) throws {
        let stream = entry.header.stream.rawValue
        guard !streams.isEmpty, streams[stream] != nil,
            try entry.event == EventKind.payloadsErased.rawValue
                || entry.commitments().contains(where: { $0.size >= UInt64(Chunk.payloadSize) })
        else { return }
        forget(stream)
    }

    /// Payloads of a stream are erased: what is known of it may be gone.
    mutating func forget(_ stream: UInt64) {
        guard let places = streams.removeValue(forKey: stream) else { return }
        count -= places.count
    }

    /// Forgets everything.
    mutating func removeAll() {
        streams = [:]
        count = 0
    }

    // MARK: What is stored already

    /// Finds the chunks of the payloads that are stored, the newest entries first.
    private mutating func load(_ end: HistoryEnd?, _ reader: any StoreReader) throws -> Places {
        var places = Places()
        guard let end else { return places }
        var sequence = end.last
        for _ in 0..<min(end.count, UInt64(Self.horizon)) where places.count < Self.share {
            do {
                _ = try reader.withPayloads(of: sequence) { record in
                    guard record.count >= Chunk.payloadSize else { return }
                    try Self.add(record, of: sequence, to: &places)
                }
            } catch is WireError {
                // What is damaged is not relied on. To say so is for what reads the payload.
            }
            let previous = try reader.withEntry(sequence) { bytes in
                do throws(WireError) {
                    return try EntryView(bytes).header.previous as UInt64?
                } catch {
                    // As above.
                    return nil
                }
            }
            guard let previous = previous ?? nil else { break }
            sequence = previous
        }
        count += places.count
        return places
    }

    /// Adds what the payloads of a record have themselves.
    private static func add(
        _ record: UnsafeRawBufferPointer,
        of sequence: UInt64,
        to places: inout Places
    ) throws {
        let record = try PayloadRecord(record)
        var index = 0
        try record.forEach { _, data in
            defer { index += 1 }
            for run in try runs(of: index, in: record, data.count) {
                guard places.count < share else { return }
                for chunk in Chunk.cut(UnsafeRawBufferPointer(rebasing: data[run])) {
                    places[chunk.hash] = PayloadSlice(
                        entry: sequence,
                        payload: UInt32(index),
                        offset: UInt64(run.lowerBound + chunk.offset),
                        size: UInt64(chunk.size)
                    )
                }
            }
        }
    }

    /// The bytes that a payload has itself, in runs that begin and end with a chunk.
    private static func runs(
        of payload: Int,
        in record: PayloadRecord,
        _ size: Int
    ) throws -> [Range<Int>] {
        let slices = try record.slices(of: payload)
        if slices.isEmpty { return size < Chunk.payloadSize ? [] : [0..<size] }
        var runs: [Range<Int>] = []
        var end = 0
        // A slice that does not begin where the last one ended is of bytes that came before.
        for slice in slices where slice.entry == 0 && slice.offset == UInt64(end) {
            guard slice.size <= UInt64(size - end) else { break }
            runs.append(end..<end + Int(slice.size))
            end += Int(slice.size)
        }
        return runs
    }
}

/// A payload on its way into a record.
private struct SlicedPayload {
    private let sequence: UInt64
    private let index: UInt32
    /// Its bytes that lie nowhere else.
    private var own: [UInt8] = []
    private var slices: [PayloadSlice] = []
    /// It has bytes in common with others, or twice.
    private(set) var isSliced = false

    init(_ sequence: UInt64, _ index: UInt32) {
        self.sequence = sequence
        self.index = index
    }

    /// Takes in the next chunk: as a slice of what is stored, or its bytes.
    mutating func append(
        _ chunk: Chunk,
        of data: UnsafeRawBufferPointer,
        _ places: inout ChunkIndex.Places,
        _ reader: any StoreReader
    ) throws {
        let bytes = UnsafeRawBufferPointer(
            rebasing: data[chunk.offset..<chunk.offset + chunk.size]
        )
        if let place = places[chunk.hash], try lies(bytes, at: place, reader) {
            isSliced = true
            return append(
                place.entry == sequence ? ownSlice(Int(place.offset), bytes.count) : place
            )
        }
        places[chunk.hash] = PayloadSlice(
            entry: sequence,
            payload: index,
            offset: UInt64(own.count),
            size: UInt64(bytes.count)
        )
        append(ownSlice(own.count, bytes.count))
        own.append(contentsOf: bytes)
    }

    private func ownSlice(_ offset: Int, _ size: Int) -> PayloadSlice {
        PayloadSlice(entry: 0, payload: 0, offset: UInt64(offset), size: UInt64(size))
    }

    private mutating func append(_ slice: PayloadSlice) {
        if slices.isEmpty || !slices[slices.count - 1].extend(by: slice) { slices.append(slice) }
    }

    /// Whether bytes lie at a place.
    private func lies(
        _ bytes: UnsafeRawBufferPointer,
        at place: PayloadSlice,
        _ reader: any StoreReader
    ) throws -> Bool {
        guard place.size == UInt64(bytes.count) else { return false }
        if place.entry == sequence {
            guard place.payload == index else { return false }
            return own.withUnsafeBytes { place.matches(bytes, in: $0) }
        }
        var isSame = false
        do {
            _ = try reader.withPayloads(of: place.entry) { record in
                try PayloadRecord(record).withData(of: place.payload) {
                    isSame = place.matches(bytes, in: $0)
                }
            }
        } catch is WireError {
            // What is damaged, or not there, is not relied on.
        }
        return isSame
    }

    /// Writes it as a field of a `daybook.v1.Payloads`.
    func write(
        _ salt: UnsafeRawBufferPointer,
        _ data: UnsafeRawBufferPointer,
        to writer: inout WireWriter
    ) {
        own.withUnsafeBytes { own in
            var inner = WireWriter(capacity: (isSliced ? own.count : data.count) + 64)
            inner.bytes(salt, Wire.Payload.salt)
            // As protobuf writes it: what is empty is left out.
            if !isSliced || !own.isEmpty { inner.bytes(isSliced ? own : data, Wire.Payload.data) }
            if isSliced {
                var numbers = WireWriter(capacity: 16 * slices.count)
                for slice in slices { slice.write(to: &numbers) }
                inner.bytes(numbers.bytes, Wire.Payload.slices)
            }
            writer.bytes(inner.bytes, Wire.Payloads.payloads)
        }
    }
}
