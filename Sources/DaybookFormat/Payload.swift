import Crypto

/// Bytes that an entry commits to, and their content type.
///
/// They are kept apart from the entry, with a random salt, so that they can be erased without
/// touching the entry.
@usableFromInline
package struct Payload: Hashable, Sendable {
    /// The bytes.
    package var data: [UInt8]
    /// The content type, as in MIME.
    package var contentType: String

    /// Whether the data is of that type is not checked.
    @usableFromInline
    package init(_ data: [UInt8], contentType: String) {
        self.data = data
        self.contentType = contentType
    }

    /// JSON text.
    package static func json(_ data: [UInt8]) -> Payload {
        Payload(data, contentType: ContentTypes.json)
    }

    /// Plain text in UTF-8.
    package static func text(_ text: String) -> Payload {
        Payload(Array(text.utf8), contentType: ContentTypes.text)
    }
}

/// Content types that every journal knows from its first entry on.
package enum ContentTypes {
    /// JSON (RFC 8259).
    package static let json = "application/json"
    /// Plain text in UTF-8.
    package static let text = "text/plain; charset=utf-8"
    /// Any bytes.
    package static let bytes = "application/octet-stream"
    /// A tar archive (POSIX.1-2017, pax).
    package static let archive = "application/x-tar"
    /// Lines of a log: `daybook.v1.LogBatch`.
    package static let log = "application/x-protobuf; messageType=daybook.v1.LogBatch"

    /// Those that entry 0 of a new journal names, in order.
    package static let initial = [json, text, bytes, log]
}

/// The payloads of one entry, salted, committed to and encoded: made by the caller, so that hashing
/// runs in parallel with other callers and not in the writer.
///
/// Most entries have one: what is known of the first takes no memory of its own.
@usableFromInline
package struct SealedPayloads: Sendable {
    /// `daybook.v1.Payloads`, as it will be stored.
    package let record: [UInt8]
    private var first: SealedPayload?
    private var others: [SealedPayload] = []

    /// Draws a salt for each payload and commits to it.
    /// - Parameters:
    ///   - limit: bytes that one payload may have.
    ///   - salts: where salts come from; random unless a test or simulation says otherwise.
    /// - Throws: ``PayloadTooLarge``; `SystemError` when the system gives no random numbers.
    @usableFromInline
    package init(
        _ payloads: [Payload],
        limit: Int,
        salts: () throws -> Salt = Salt.random
    ) throws {
        try self.init(payloads.first, payloads.dropFirst(), limit, salts)
    }

    /// Draws a salt for one payload and commits to it.
    /// - Parameter limit: bytes that it may have.
    /// - Throws: ``PayloadTooLarge``; `SystemError` when the system gives no random numbers.
    @usableFromInline
    package init(_ payload: Payload, limit: Int) throws {
        try self.init(payload, [], limit, Salt.random)
    }

    private init(
        _ first: Payload?,
        _ others: ArraySlice<Payload>,
        _ limit: Int,
        _ salts: () throws -> Salt
    ) throws {
        guard let first else {
            record = []
            return
        }
        try Self.check(first, limit)
        for payload in others { try Self.check(payload, limit) }
        let size = others.reduce(Self.size(first)) { $0 + Self.size($1) }
        var sealed: SealedPayload?
        var rest: [SealedPayload] = []
        // The writer wants room for a number of any size behind what it writes.
        record = try Array(unsafeUninitializedCapacity: size + 10) { buffer, count in
            var writer = WireWriter(lent: UnsafeMutableRawBufferPointer(buffer))
            sealed = SealedPayload(first, try salts(), &writer)
            for payload in others { rest.append(SealedPayload(payload, try salts(), &writer)) }
            count = writer.count
        }
        self.first = sealed
        self.others = rest
    }

    private static func check(_ payload: Payload, _ limit: Int) throws(PayloadTooLarge) {
        guard payload.data.count <= limit else {
            throw PayloadTooLarge(size: payload.data.count, limit: limit)
        }
    }

    /// Bytes of a payload in a record.
    private static func size(_ payload: Payload) -> Int {
        let inner = SealedPayload.innerSize(payload)
        return 1 + WireWriter.size(UInt64(inner)) + inner
    }

    /// These, and others behind them.
    package func appending(_ more: SealedPayloads) -> SealedPayloads {
        guard let next = more.first else { return self }
        guard first != nil else { return more }
        var all = SealedPayloads(record: record + more.record)
        all.first = first
        all.others = others + [next] + more.others
        return all
    }

    private init(record: [UInt8]) { self.record = record }

    /// How many payloads there are.
    package var count: Int { first == nil ? 0 : 1 + others.count }
    /// Whether one of them is large enough to have bytes in common with others.
    package var hasChunks: Bool {
        var found = false
        forEach { if !$0.chunks.isEmpty { found = true } }
        return found
    }
    /// Bytes that the record takes.
    package var byteCount: Int { record.count }

    /// What the entry says about each payload; the content type's number is filled in later.
    package var commitments: [Commitment] {
        var all: [Commitment] = []
        forEach {
            all.append(
                Commitment(mac: $0.mac.bytes, size: $0.size, contentType: $0.contentType)
            )
        }
        return all
    }

    /// The content type of each payload.
    package var contentTypes: [String] {
        var all: [String] = []
        forEachContentType { all.append($0) }
        return all
    }

    /// Runs `body` on the content type of each payload, in order.
    package func forEachContentType<Failure: Error>(
        _ body: (String) throws(Failure) -> Void
    ) throws(Failure) {
        if let first { try body(first.contentTypeName) }
        for payload in others { try body(payload.contentTypeName) }
    }

    func forEach(_ body: (borrowing SealedPayload) -> Void) {
        if let first { body(first) }
        for payload in others { body(payload) }
    }

    /// Runs `body` on each payload's salt, bytes and chunks, in order; one that is not large has none.
    package func forEachPart(
        _ body: (
            _ salt: UnsafeRawBufferPointer, _ data: UnsafeRawBufferPointer, _ chunks: [Chunk]
        ) throws -> Void
    ) throws {
        var chunks: [[Chunk]] = []
        forEach { chunks.append($0.chunks) }
        try record.withUnsafeBytes { record in
            var index = 0
            try PayloadRecord(record).forEach { salt, data in
                try body(salt, data, chunks[index])
                index += 1
            }
        }
    }

    /// Says by which numbers the journal knows the content types.
    package mutating func setContentTypeNumbers(_ number: (String) -> UInt32) {
        if let name = first?.contentTypeName { first?.contentType = number(name) }
        for index in others.indices {
            others[index].contentType = number(others[index].contentTypeName)
        }
    }
}

/// What is known of one payload that was sealed.
struct SealedPayload: Sendable {
    let mac: MAC
    let size: UInt64
    var contentType: UInt32 = 0
    let contentTypeName: String
    /// Its parts that others may have too; none of one that is not large.
    let chunks: [Chunk]

    /// Commits to a payload, and writes it to a record.
    fileprivate init(_ payload: Payload, _ salt: Salt, _ writer: inout WireWriter) {
        mac = payload.data.withUnsafeBytes { salt.mac(of: $0) }
        size = UInt64(payload.data.count)
        contentTypeName = payload.contentType
        chunks =
            payload.data.count < Chunk.payloadSize ? [] : payload.data.withUnsafeBytes(Chunk.cut)
        writer.tag(Wire.Payloads.payloads, .lengthDelimited)
        writer.varint(UInt64(Self.innerSize(payload)))
        salt.withBytes { writer.bytes($0, Wire.Payload.salt) }
        payload.data.withUnsafeBytes { writer.bytes($0, Wire.Payload.data) }
    }

    fileprivate static func innerSize(_ payload: Payload) -> Int {
        let size = payload.data.count
        return 2 + Salt.byteCount + 1 + WireWriter.size(UInt64(size)) + size
    }
}

/// 32 bytes of an HMAC-SHA256, without memory of their own.
struct MAC: Equatable, Sendable {
    // Two halves, and not one vector of 32 bytes: the memory of a task is aligned to 16 bytes, and what has
    // to be aligned to more is written past its place there.
    private let low: SIMD2<UInt64>
    private let high: SIMD2<UInt64>

    fileprivate init(_ digest: SHA256.Digest) {
        (low, high) = digest.withUnsafeBytes {
            (
                $0.loadUnaligned(as: SIMD2<UInt64>.self),
                $0.loadUnaligned(fromByteOffset: 16, as: SIMD2<UInt64>.self)
            )
        }
    }

    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try withUnsafeBytes(of: self, body)
    }

    var bytes: [UInt8] { withBytes { Array($0) } }

    /// Whether it is the bytes of a commitment.
    func matches(_ bytes: [UInt8]) -> Bool {
        withBytes { own in bytes.withUnsafeBytes { own.elementsEqual($0) } }
    }
}

/// A payload was given that is larger than the journal takes.
public struct PayloadTooLarge: Error, Equatable, Sendable, CustomStringConvertible {
    /// Bytes of the payload.
    public let size: Int
    /// Maximum size of a payload, in bytes.
    public let limit: Int

    /// Says what was given and what is allowed.
    package init(size: Int, limit: Int) {
        self.size = size
        self.limit = limit
    }

    /// What was given, what is allowed, what to do.
    public var description: String {
        "a payload of \(size) bytes was given, and this journal takes at most \(limit); store it elsewhere and record where"
    }
}

/// 16 random bytes that keep a short payload from being guessed from its commitment.
@usableFromInline
package struct Salt: Sendable {
    /// Bytes of a salt.
    package static let byteCount = 16
    private let words: SIMD2<UInt64>

    /// Takes given words, for tests and simulations.
    package init(_ first: UInt64, _ second: UInt64) { words = SIMD2(first, second) }

    /// Takes 16 bytes.
    /// - Returns: nil for any other number of bytes.
    package init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count == Self.byteCount else { return nil }
        words = bytes.loadUnaligned(as: SIMD2<UInt64>.self)
    }

    /// Where salts come from in this task and those that it starts; nil: from the system's
    /// generator. A simulation that is to be repeated says so.
    @TaskLocal package static var source: (@Sendable () -> Salt)?

    /// Runs `body` with another ``source``. Here, and not inlined: in other modules optimized code does
    /// not find the type of a task-local value that has types of this package in it.
    @inline(never)
    package static func drawing<Result>(
        from source: @escaping @Sendable () -> Salt,
        _ body: () throws -> Result
    ) rethrows -> Result {
        try $source.withValue(source, operation: body)
    }

    /// Draws from the system's generator, or from ``source``.
    @usableFromInline
    package static func random() throws -> Salt { try source?() ?? SaltPool.shared.next() }

    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try withUnsafeBytes(of: words, body)
    }

    /// The 16 bytes.
    package var bytes: [UInt8] { withBytes { Array($0) } }

    /// HMAC-SHA256 of `data` under this salt: 32 bytes.
    package func commit(to data: [UInt8]) -> [UInt8] {
        data.withUnsafeBytes { commit(to: $0) }
    }

    /// HMAC-SHA256 of `data` under this salt: 32 bytes.
    package func commit(to data: UnsafeRawBufferPointer) -> [UInt8] { mac(of: data).bytes }

    /// HMAC-SHA256 of `data` under this salt: 32 bytes.
    ///
    /// RFC 2104 over the library's SHA-256. The library's own HMAC is generic over the hash and
    /// compiled without knowing it: it took ten times as long, and was a third of an append.
    func mac(of data: UnsafeRawBufferPointer) -> MAC {
        var inner = SHA256()
        withPaddedKey(0x36) { inner.update(bufferPointer: $0) }
        inner.update(bufferPointer: data)
        var outer = SHA256()
        withPaddedKey(0x5C) { outer.update(bufferPointer: $0) }
        inner.finalize().withUnsafeBytes { outer.update(bufferPointer: $0) }
        return MAC(outer.finalize())
    }

    /// The key, filled up with zeros to the hash's block of 64 bytes, each byte combined with `pad`.
    private func withPaddedKey(_ pad: UInt8, _ body: (UnsafeRawBufferPointer) -> Void) {
        var block = SIMD8<UInt64>(repeating: UInt64(pad) &* 0x0101_0101_0101_0101)
        block[0] ^= words[0]
        block[1] ^= words[1]
        withUnsafeBytes(of: block, body)
    }
}
