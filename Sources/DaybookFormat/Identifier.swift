import Crypto

/// A UUID (RFC 9562), 16 bytes.
public struct Identifier: Hashable, Sendable, CustomStringConvertible {
    /// The 16 bytes, the most significant first.
    public let bytes: [UInt8]

    /// Takes 16 bytes as they are.
    /// - Returns: nil for any other number of bytes.
    public init?(_ bytes: [UInt8]) {
        guard bytes.count == 16 else { return nil }
        self.bytes = bytes
    }

    /// The nil UUID (RFC 9562, 5.9).
    package static let zero = Identifier(zeros: 16)

    private init(zeros count: Int) { bytes = Array(repeating: 0, count: count) }

    private init(_ bytes: some Sequence<UInt8>, version: UInt8) {
        var bytes = Array(bytes.prefix(16))
        bytes[6] = bytes[6] & 0x0F | version << 4
        bytes[8] = bytes[8] & 0x3F | 0x80
        self.bytes = bytes
    }

    /// Version 7: the time in milliseconds, then 74 random bits (RFC 9562, 5.7).
    package static func timeOrdered(
        at time: Timestamp,
        using generator: inout some RandomNumberGenerator
    ) -> Identifier {
        let milliseconds = (time.rawValue / 1_000_000).bigEndian
        let random: (UInt64, UInt64) = (generator.next(), generator.next())
        let head = withUnsafeBytes(of: milliseconds) { Array($0[2...]) }
        let tail = withUnsafeBytes(of: random) { Array($0.prefix(10)) }
        return Identifier(head + tail, version: 7)
    }

    /// The time in an identifier of version 7, to the millisecond; nil: it is of another version.
    public var time: Timestamp? {
        guard bytes[6] >> 4 == 7 else { return nil }
        let milliseconds = bytes[..<6].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        let (nanoseconds, isOver) = milliseconds.multipliedReportingOverflow(by: 1_000_000)
        return isOver ? nil : Timestamp(rawValue: nanoseconds)
    }

    /// Version 8: the start of the SHA-256 of `parts`, each with its length before it (RFC 9562, 5.8).
    package static func derived(from parts: [[UInt8]]) -> Identifier {
        var hash = SHA256()
        for part in parts {
            withUnsafeBytes(of: UInt64(part.count).littleEndian) { hash.update(bufferPointer: $0) }
            part.withUnsafeBytes { hash.update(bufferPointer: $0) }
        }
        return Identifier(Array(hash.finalize()), version: 8)
    }

    /// For example `0198a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b`.
    public var description: String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        for (index, byte) in bytes.enumerated() {
            if index == 4 || index == 6 || index == 8 || index == 10 {
                text.append(UInt8(ascii: "-"))
            }
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }
}
