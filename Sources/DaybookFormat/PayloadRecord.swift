/// A record of the `payloads` database, not checked against any commitment. Valid only inside the
/// closure that its bytes are given to. It takes no memory: most records have one payload.
package struct PayloadRecord {
    private struct Fields {
        var salt = UnsafeRawBufferPointer(start: nil, count: 0)
        var data = UnsafeRawBufferPointer(start: nil, count: 0)
        /// The numbers of its slices; none: `data` is the payload.
        var slices = UnsafeRawBufferPointer(start: nil, count: 0)
    }

    private let record: UnsafeRawBufferPointer
    /// How many payloads it has.
    package let count: Int

    /// Reads a record through.
    /// - Throws: ``WireError`` for bytes that are no record of the format.
    package init(_ record: UnsafeRawBufferPointer) throws(WireError) {
        var count = 0
        var reader = WireReader(record)
        while try Self.next(&reader) != nil { count += 1 }
        self.record = record
        self.count = count
    }

    /// The next payload of a record; nil: there is none.
    private static func next(_ reader: inout WireReader) throws(WireError) -> Fields? {
        guard let field = try reader.field() else { return nil }
        guard field == Wire.Payloads.payloads else { throw unknown(field) }
        return try one(try reader.bytes())
    }

    private static func one(_ bytes: UnsafeRawBufferPointer) throws(WireError) -> Fields {
        var reader = WireReader(bytes)
        var fields = Fields()
        while let field = try reader.field() {
            switch field {
            case Wire.Payload.salt: fields.salt = try reader.bytes()
            case Wire.Payload.data: fields.data = try reader.bytes()
            case Wire.Payload.slices: fields.slices = try reader.bytes()
            default: throw unknown(field)
            }
        }
        return fields
    }

    /// The format has no unknown fields, and skipping them could make a damaged payload look erased.
    private static func unknown(_ field: WireField) -> WireError {
        WireError("a payload has a field with the tag \(field.tag), which the format does not have")
    }

    /// One of its payloads, once it is found to be what the commitment is to.
    /// - Parameters:
    ///   - index: less than ``count``.
    ///   - records: looks up the records that it has slices of.
    /// - Throws: ``WireError``, whose reason has the payload as its subject; what `records` throws.
    package func payload(
        _ index: Int,
        of commitment: Commitment,
        _ records: RecordLookup
    ) throws -> StoredPayload {
        try Self.checked(try fields(index), commitment, records)
    }

    private func fields(_ index: Int) throws(WireError) -> Fields? {
        var reader = WireReader(record)
        for _ in 0..<index { _ = try Self.next(&reader) }
        return try Self.next(&reader)
    }

    private static func checked(
        _ fields: Fields?,
        _ commitment: Commitment,
        _ records: RecordLookup
    ) throws -> StoredPayload {
        guard let fields else { throw WireError("it is missing") }
        guard !fields.slices.isEmpty else {
            return try StoredPayload(fields.salt, fields.data, commitment)
        }
        let bytes = try assembled(fields, size: commitment.size, records)
        return try StoredPayload(fields.salt, assembled: bytes, commitment)
    }

    /// All payloads of an entry, in order, once each is found to be what the entry commits to.
    /// - Parameter records: looks up the records that they have slices of.
    /// - Throws: ``WireError``, whose reason has the entry as its subject; what `records` throws.
    package func payloads(
        of commitments: [Commitment],
        _ records: RecordLookup
    ) throws -> [StoredPayload] {
        guard count == commitments.count else {
            throw WireError("it commits to \(commitments.count) payloads, and \(count) are stored")
        }
        var payloads: [StoredPayload] = []
        payloads.reserveCapacity(count)
        var reader = WireReader(record)
        for (index, commitment) in commitments.enumerated() {
            do {
                payloads.append(try Self.checked(try Self.next(&reader), commitment, records))
            } catch let error as WireError {
                throw WireError("its payload \(index) is not what was recorded: \(error.reason)")
            }
        }
        return payloads
    }

    /// The salt of the first payload of a record, without its bytes.
    /// - Returns: nil when there is no payload, or it is erased.
    package static func firstSalt(_ record: UnsafeRawBufferPointer) throws(WireError) -> Salt? {
        var reader = WireReader(record)
        guard let salt = try next(&reader)?.salt, !salt.isEmpty else { return nil }
        return Salt(salt)
    }

    // MARK: Erasure

    /// The record of an entry whose payloads are erased.
    /// - Parameter count: how many the entry commits to.
    package static func erased(_ count: Int) -> [UInt8] {
        var writer = WireWriter(capacity: 2 * count)
        for _ in 0..<count {
            writer.bytes(UnsafeRawBufferPointer(start: nil, count: 0), Wire.Payloads.payloads)
        }
        return Array(writer.bytes)
    }

    /// Whether salt and bytes of every payload are gone.
    package func isErased() throws(WireError) -> Bool {
        var reader = WireReader(record)
        while let fields = try Self.next(&reader) {
            guard fields.salt.isEmpty, fields.data.isEmpty, fields.slices.isEmpty else {
                return false
            }
        }
        return true
    }

    /// The other entries of which the payloads have bytes.
    package func sources() throws(WireError) -> Set<UInt64> {
        var sources: Set<UInt64> = []
        var reader = WireReader(record)
        while let fields = try Self.next(&reader) {
            for slice in try Self.slices(of: fields) where slice.entry != 0 {
                sources.insert(slice.entry)
            }
        }
        return sources
    }

    /// The record of payloads that were read, without slices.
    package static func whole(_ payloads: [StoredPayload]) -> [UInt8] {
        var writer = WireWriter(capacity: payloads.reduce(64) { $0 + $1.data.count + 64 })
        for payload in payloads { writer.append(payload, Wire.Payloads.payloads) }
        return Array(writer.bytes)
    }

    // MARK: Slices

    /// Runs `body` on the record of an entry.
    /// - Returns: nil when there is none.
    package typealias RecordLookup = (
        _ entry: UInt64, _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws -> Void?

    /// The bytes of a payload that is stored in slices.
    /// - Parameter size: that it was recorded with: its slices have neither more nor fewer bytes.
    private static func assembled(
        _ fields: Fields,
        size: UInt64,
        _ records: RecordLookup
    ) throws -> [UInt8] {
        let slices = try slices(of: fields)
        // Before memory is taken: a damaged size could be any.
        var sum: UInt64 = 0
        for slice in slices {
            let (next, overflow) = sum.addingReportingOverflow(slice.size)
            guard !overflow, next <= size else {
                throw WireError("its slices have more than the \(size) bytes that were recorded")
            }
            sum = next
        }
        guard sum == size else {
            throw WireError("its slices have \(sum) bytes instead of \(size)")
        }
        var bytes: [UInt8] = []
        // A size that nothing backs is no reason to take memory.
        bytes.reserveCapacity(Int(min(size, 64 << 20)))
        for slice in slices {
            if slice.entry == 0 {
                bytes.append(contentsOf: try slice.bytes(in: fields.data))
                continue
            }
            let found: Void? = try records(slice.entry) { record in
                try PayloadRecord(record).withData(of: slice.payload) {
                    bytes.append(contentsOf: try slice.bytes(in: $0))
                }
            }
            guard found != nil else {
                throw WireError("it has bytes of entry \(slice.entry), which has no payloads")
            }
        }
        return bytes
    }

    /// The slices of one of its payloads; none: it is stored in one piece.
    package func slices(of payload: Int) throws(WireError) -> [PayloadSlice] {
        guard let fields = try fields(payload) else { throw WireError("it is missing") }
        return try Self.slices(of: fields)
    }

    private static func slices(of fields: Fields) throws(WireError) -> [PayloadSlice] {
        var slices: [PayloadSlice] = []
        var reader = WireReader(fields.slices)
        while !reader.isAtEnd { slices.append(try PayloadSlice(&reader)) }
        return slices
    }

    /// Runs `body` on the bytes that one of its payloads has itself.
    package func withData(
        of payload: UInt32,
        _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        guard payload < count, let fields = try fields(Int(payload)) else {
            throw WireError("it has bytes of a payload \(payload), which an entry does not have")
        }
        try body(fields.data)
    }

    /// Runs `body` on salt and data of each payload as they are stored, in order.
    package func forEach(
        _ body: (_ salt: UnsafeRawBufferPointer, _ data: UnsafeRawBufferPointer) throws -> Void
    ) throws {
        var reader = WireReader(record)
        while let fields = try Self.next(&reader) { try body(fields.salt, fields.data) }
    }
}

/// A part of a payload that lies in a record, its own or another one: four of the numbers of
/// `daybook.v1.Payload.slices`.
package struct PayloadSlice: Equatable, Sendable {
    /// The entry of the record; 0: the one that the slice is in.
    package let entry: UInt64
    /// Which payload of the record.
    package let payload: UInt32
    /// Where in that payload's data it begins.
    package let offset: UInt64
    /// Bytes.
    package private(set) var size: UInt64

    /// Says where bytes lie; whether they do is found out on reading.
    package init(entry: UInt64, payload: UInt32, offset: UInt64, size: UInt64) {
        self.entry = entry
        self.payload = payload
        self.offset = offset
        self.size = size
    }

    /// Reads its four numbers.
    fileprivate init(_ reader: inout WireReader) throws(WireError) {
        let entry = try reader.varint()
        let payload = UInt32(exactly: try reader.varint())
        let offset = try reader.varint()
        let size = try reader.varint()
        guard let payload, size > 0 else {
            throw WireError("a slice of it is empty, or of an impossible payload")
        }
        self.init(entry: entry, payload: payload, offset: offset, size: size)
    }

    /// The bytes that it stands for.
    fileprivate func bytes(
        in data: UnsafeRawBufferPointer
    ) throws(WireError) -> Slice<UnsafeRawBufferPointer> {
        let (end, overflow) = offset.addingReportingOverflow(size)
        guard !overflow, end <= UInt64(data.count) else {
            throw WireError("a slice of it goes beyond the bytes of entry \(entry)")
        }
        return data[Int(offset)..<Int(end)]
    }

    /// Whether bytes are what it stands for.
    package func matches(_ bytes: UnsafeRawBufferPointer, in data: UnsafeRawBufferPointer) -> Bool {
        guard size == UInt64(bytes.count), offset <= UInt64(data.count),
            size <= UInt64(data.count) - offset
        else { return false }
        return data[Int(offset)...].starts(with: bytes)
    }

    /// Takes in what lies directly behind it.
    /// - Returns: whether it does.
    package mutating func extend(by next: PayloadSlice) -> Bool {
        guard next.entry == entry, next.payload == payload, next.offset == offset + size else {
            return false
        }
        size += next.size
        return true
    }

    /// Writes its four numbers.
    package func write(to writer: inout WireWriter) {
        writer.varint(entry)
        writer.varint(UInt64(payload))
        writer.varint(offset)
        writer.varint(size)
    }
}

extension WireWriter {
    /// Appends a payload that was read, without slices; an empty message where it is erased.
    package mutating func append(_ payload: StoredPayload, _ field: WireField) {
        var inner = WireWriter(capacity: payload.data.count + 64)
        if let salt = payload.salt {
            salt.withBytes { inner.bytes($0, Wire.Payload.salt) }
            payload.data.withUnsafeBytes { inner.bytes($0, Wire.Payload.data) }
        }
        bytes(inner.bytes, field)
    }
}
