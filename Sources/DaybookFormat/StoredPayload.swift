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
    init(
        _ salt: UnsafeRawBufferPointer,
        _ data: UnsafeRawBufferPointer,
        _ commitment: Commitment
    ) throws(WireError) {
        self.salt = try Self.salt(salt, of: data, commitment)
        self.data = Array(data)
        contentType = commitment.contentType
    }

    /// Takes bytes that were put together, after checking them.
    init(
        _ salt: UnsafeRawBufferPointer,
        assembled data: [UInt8],
        _ commitment: Commitment
    ) throws(WireError) {
        self.salt = try data.withUnsafeBytes { data in
            Result { () throws(WireError) in try Self.salt(salt, of: data, commitment) }
        }.get()
        self.data = data
        contentType = commitment.contentType
    }

    /// The salt of bytes that are what a commitment is to; nil: they are erased.
    private static func salt(
        _ salt: UnsafeRawBufferPointer,
        of data: UnsafeRawBufferPointer,
        _ commitment: Commitment
    ) throws(WireError) -> Salt? {
        if salt.isEmpty {
            guard data.isEmpty else { throw WireError("it has no salt, and is not erased") }
            return nil
        }
        // HMAC fills a key up with zeros, so that a salt of another length could give the same MAC.
        guard let salt = Salt(salt) else {
            throw WireError("its salt has \(salt.count) bytes instead of \(Salt.byteCount)")
        }
        guard data.count == commitment.size, salt.mac(of: data).matches(commitment.mac)
        else {
            throw WireError("it does not match its commitment")
        }
        return salt
    }
}
