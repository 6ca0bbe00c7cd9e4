/// A payload that was read, and is what its entry commits to.
///
/// There is no way to one but through its commitment: so nothing runs on, replays or shows bytes
/// that were changed after they were recorded.
public struct StoredPayload: Sendable {
    /// The salt; nil once the payload is erased.
    package let salt: Salt?
    /// The bytes; empty once they are erased.
    public let data: [UInt8]
    /// Number of its content type in the journal.
    public let contentType: UInt32

    /// Whether salt and bytes have been erased.
    public var isErased: Bool { salt == nil }

    /// Checks a payload that was read somewhere else than from a journal.
    /// - Parameter salt: 16 bytes; nil or empty: it is erased.
    /// - Throws: ``WireError`` for one that the commitment is not to.
    package init(
        salt: [UInt8]?,
        data: [UInt8],
        _ commitment: Commitment
    ) throws(WireError) {
        self = try (salt ?? []).withUnsafeBytes { salt in
            data.withUnsafeBytes { data in
                Result { () throws(WireError) in try StoredPayload(salt, data, commitment) }
            }
        }.get()
    }

    /// One that is not recorded yet.
    /// - Parameter contentType: its number; 0: it has none yet.
    package init(unrecorded data: [UInt8], _ salt: Salt, contentType: UInt32) {
        self.salt = salt
        self.data = data
        self.contentType = contentType
    }

    /// Copies the bytes after checking them where they lie.
    fileprivate init(
        _ salt: UnsafeRawBufferPointer,
        _ data: UnsafeRawBufferPointer,
        _ commitment: Commitment
    ) throws(WireError) {
        contentType = commitment.contentType
        if salt.isEmpty {
            guard data.isEmpty else { throw WireError("it has no salt, and is not erased") }
            self.salt = nil
            self.data = []
            return
        }
        // HMAC fills a key up with zeros, so that a salt of another length could give the same MAC.
        guard let salt = Salt(salt) else {
            throw WireError("its salt has \(salt.count) bytes instead of \(Salt.byteCount)")
        }
        guard data.count == commitment.size, salt.mac(of: data).matches(commitment.mac)
        else {
            throw WireError("it does not match its commitment")
        }
        self.salt = salt
        self.data = Array(data)
    }
}

/// A record of the `payloads` database, not checked against any commitment. Valid only inside the
/// closure that its bytes are given to. It takes no memory: most records have one payload.
package struct PayloadRecord {
    private struct Fields {
        var salt = UnsafeRawBufferPointer(start: nil, count: 0)
        var data = UnsafeRawBufferPointer(start: nil, count: 0)
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
    /// - Parameter index: less than ``count``.
    /// - Throws: ``WireError``, whose reason has the payload as its subject.
    package func payload(
        _ index: Int,
        of commitment: Commitment
    ) throws(WireError) -> StoredPayload {
        var reader = WireReader(record)
        for _ in 0..<index { _ = try Self.next(&reader) }
        return try Self.checked(try Self.next(&reader), commitment)
    }

    private static func checked(
        _ fields: Fields?,
        _ commitment: Commitment
    ) throws(WireError) -> StoredPayload {
        guard let fields else { throw WireError("it is missing") }
        return try StoredPayload(fields.salt, fields.data, commitment)
    }

    /// All payloads of an entry, in order, once each is found to be what the entry commits to.
    /// - Throws: ``WireError``, whose reason has the entry as its subject.
    package func payloads(of commitments: [Commitment]) throws(WireError) -> [StoredPayload] {
        guard count == commitments.count else {
            throw WireError("it commits to \(commitments.count) payloads, and \(count) are stored")
        }
        var payloads: [StoredPayload] = []
        payloads.reserveCapacity(count)
        var reader = WireReader(record)
        for (index, commitment) in commitments.enumerated() {
            do throws(WireError) {
                payloads.append(try Self.checked(try Self.next(&reader), commitment))
            } catch {
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
}
