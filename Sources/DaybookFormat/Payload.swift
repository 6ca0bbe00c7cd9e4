import Crypto

/// Bytes that an entry commits to, and their content type.
///
/// They are kept apart from the entry, with a random salt, so that they can be erased without
/// touching the entry.
public struct Payload: Hashable, Sendable {
    /// The bytes.
    public var data: [UInt8]
    /// The content type, as in MIME.
    public var contentType: String

    /// Puts the two together.
    public init(_ data: [UInt8], contentType: String) {
        self.data = data
        self.contentType = contentType
    }

    /// JSON text.
    public static func json(_ data: [UInt8]) -> Payload {
        Payload(data, contentType: ContentTypes.json)
    }

    /// Plain text in UTF-8.
    public static func text(_ text: String) -> Payload {
        Payload(Array(text.utf8), contentType: ContentTypes.text)
    }
}

/// Content types that every journal knows from its first entry on.
public enum ContentTypes {
    /// JSON (RFC 8259).
    public static let json = "application/json"
    /// Plain text in UTF-8.
    public static let text = "text/plain; charset=utf-8"
    /// Any bytes.
    public static let bytes = "application/octet-stream"
    /// Lines of a log: `daybook.v1.LogBatch`.
    public static let log = "application/x-protobuf; messageType=daybook.v1.LogBatch"

    /// Those that entry 0 of a new journal names, in order.
    public static let initial = [json, text, bytes, log]
}

/// The payloads of one entry, salted, committed to and encoded: made by the caller, so that hashing
/// runs in parallel with other callers and not in the writer.
public struct SealedPayloads: Sendable {
    /// `daybook.v1.Payloads`, as it will be stored.
    public let record: [UInt8]
    /// What the entry says about each payload; the content type's number is filled in later.
    public private(set) var commitments: [Commitment]
    /// The content type of each payload.
    public let contentTypes: [String]

    /// Draws a salt for each payload and commits to it.
    /// - Parameters:
    ///   - limit: bytes that one payload may have.
    ///   - salts: where salts come from; random unless a test or simulation says otherwise.
    /// - Throws: ``PayloadTooLarge``; `SystemError` when the system gives no random numbers.
    public init(
        _ payloads: [Payload],
        limit: Int,
        salts: () throws -> Salt = Salt.random
    ) throws {
        var writer = WireWriter(capacity: payloads.reduce(64) { $0 + $1.data.count + 40 })
        var commitments: [Commitment] = []
        for payload in payloads {
            guard payload.data.count <= limit else {
                throw PayloadTooLarge(size: payload.data.count, limit: limit)
            }
            let salt = try salts()
            commitments.append(
                Commitment(
                    mac: salt.commit(to: payload.data),
                    size: UInt64(payload.data.count),
                    contentType: 0
                )
            )
            let inner = 2 + Salt.byteCount + 1 + WireWriter.size(UInt64(payload.data.count))
            writer.varint(1 << 3 | 2)
            writer.varint(UInt64(inner + payload.data.count))
            salt.withBytes { writer.bytes($0, field: 1) }
            payload.data.withUnsafeBytes { writer.bytes($0, field: 2) }
        }
        record = Array(writer.bytes)
        self.commitments = commitments
        contentTypes = payloads.map(\.contentType)
    }

    /// How many payloads there are.
    public var count: Int { commitments.count }
    /// Bytes that the record takes.
    public var byteCount: Int { record.count }

    /// Says by which numbers the journal knows the content types.
    public mutating func setContentTypeNumbers(_ number: (String) -> UInt32) {
        for index in commitments.indices {
            commitments[index].contentType = number(contentTypes[index])
        }
    }
}

/// A payload was given that is larger than the journal takes.
public struct PayloadTooLarge: Error, Equatable, Sendable, CustomStringConvertible {
    /// Bytes of the payload.
    public let size: Int
    /// Bytes that a payload may have.
    public let limit: Int

    /// Says what was given and what is allowed.
    public init(size: Int, limit: Int) {
        self.size = size
        self.limit = limit
    }

    /// What was given, what is allowed, what to do.
    public var description: String {
        "a payload of \(size) bytes was given, and this journal takes at most \(limit); store it elsewhere and record where"
    }
}

/// 16 random bytes that keep a short payload from being guessed from its commitment.
public struct Salt: Sendable {
    /// Bytes of a salt.
    public static let byteCount = 16
    private let words: SIMD2<UInt64>

    /// Takes given words, for tests and simulations.
    public init(_ first: UInt64, _ second: UInt64) { words = SIMD2(first, second) }

    /// Takes 16 bytes.
    /// - Returns: nil for any other number of bytes.
    public init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count == Self.byteCount else { return nil }
        words = bytes.loadUnaligned(as: SIMD2<UInt64>.self)
    }

    /// Where salts come from in this task and those that it starts; nil: from the system's
    /// generator. A simulation that is to be repeated says so.
    @TaskLocal public static var source: (@Sendable () -> Salt)?

    /// Draws from the system's generator, or from ``source``.
    public static func random() throws -> Salt { try source?() ?? SaltPool.shared.next() }

    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try withUnsafeBytes(of: words, body)
    }

    /// The 16 bytes.
    public var bytes: [UInt8] { withBytes { Array($0) } }

    /// HMAC-SHA256 of `data` under this salt: 32 bytes.
    public func commit(to data: [UInt8]) -> [UInt8] {
        data.withUnsafeBytes { commit(to: $0) }
    }

    /// HMAC-SHA256 of `data` under this salt: 32 bytes.
    ///
    /// RFC 2104 over the library's SHA-256. The library's own HMAC is generic over the hash and
    /// compiled without knowing it: it took ten times as long, and was a third of an append.
    public func commit(to data: UnsafeRawBufferPointer) -> [UInt8] {
        var inner = SHA256()
        withPaddedKey(0x36) { inner.update(bufferPointer: $0) }
        inner.update(bufferPointer: data)
        var outer = SHA256()
        withPaddedKey(0x5C) { outer.update(bufferPointer: $0) }
        inner.finalize().withUnsafeBytes { outer.update(bufferPointer: $0) }
        return outer.finalize().withUnsafeBytes { Array($0) }
    }

    /// The key, filled up with zeros to the hash's block of 64 bytes, each byte combined with `pad`.
    private func withPaddedKey(_ pad: UInt8, _ body: (UnsafeRawBufferPointer) -> Void) {
        var block = SIMD8<UInt64>(repeating: UInt64(pad) &* 0x0101_0101_0101_0101)
        block[0] ^= words[0]
        block[1] ^= words[1]
        withUnsafeBytes(of: block, body)
    }
}
