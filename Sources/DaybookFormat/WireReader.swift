/// Bytes that are not protobuf's wire format, or not that of the expected message.
public struct WireError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What was found.
    public let reason: String

    /// Says what was found.
    public init(_ reason: String) { self.reason = reason }

    /// What was found.
    public var description: String { reason }

    @usableFromInline
    static func ended() -> WireError { WireError("the message ends in the middle of a field") }
}

/// Reads protobuf's wire format field by field, without copying.
///
/// It serves the folds over the journal, which look at a few numbers of each entry; full decoding
/// by SwiftProtobuf takes some twenty times as long. The format: protobuf's "Encoding" document.
/// Valid only as long as the memory that it was made with.
@frozen
public struct WireReader {
    @usableFromInline var cursor: UnsafeRawPointer
    @usableFromInline let end: UnsafeRawPointer

    /// Reads the message in `bytes`.
    @inlinable
    public init(_ bytes: UnsafeRawBufferPointer) {
        let start = bytes.baseAddress ?? UnsafeRawPointer(bitPattern: 1).unsafelyUnwrapped
        cursor = start
        end = start + bytes.count
    }

    /// Whether all fields have been read.
    @inlinable
    public var isAtEnd: Bool { cursor == end }

    /// The number of a field and how its value is written, or nil at the end.
    @inlinable
    public mutating func field() throws(WireError) -> Field? {
        if cursor == end { return nil }
        let tag = try varint()
        guard tag >> 3 != 0, tag <= UInt64(UInt32.max) else {
            throw WireError("a field has the impossible tag \(tag)")
        }
        return Field(tag: UInt32(truncatingIfNeeded: tag))
    }

    /// The tag of a field.
    @frozen
    public struct Field: Sendable {
        /// Number and wire type in one.
        public let tag: UInt32

        @inlinable
        init(tag: UInt32) { self.tag = tag }

        /// The field's number.
        @inlinable
        public var number: UInt32 { tag >> 3 }
        /// 0 varint, 1 eight bytes, 2 length-delimited, 5 four bytes.
        @inlinable
        public var wireType: UInt32 { tag & 7 }
    }

    /// A base 128 varint.
    @inlinable
    public mutating func varint() throws(WireError) -> UInt64 {
        guard cursor < end else { throw .ended() }
        let first = cursor.load(as: UInt8.self)
        cursor += 1
        if first < 0x80 { return UInt64(first) }
        return try varint(after: first)
    }

    @usableFromInline
    mutating func varint(after first: UInt8) throws(WireError) -> UInt64 {
        var value = UInt64(first & 0x7F)
        var shift: UInt64 = 7
        while cursor < end {
            let byte = cursor.load(as: UInt8.self)
            cursor += 1
            if shift == 63, byte > 1 { break }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift += 7
            if shift > 63 { break }
        }
        throw cursor < end ? WireError("a number has more than 64 bits") : .ended()
    }

    /// Eight bytes, least significant first.
    @inlinable
    public mutating func fixed64() throws(WireError) -> UInt64 {
        guard end - cursor >= 8 else { throw .ended() }
        defer { cursor += 8 }
        return UInt64(littleEndian: cursor.loadUnaligned(as: UInt64.self))
    }

    /// The bytes of a string, of bytes or of a message.
    @inlinable
    public mutating func bytes() throws(WireError) -> UnsafeRawBufferPointer {
        let count = try varint()
        guard count <= UInt64(end - cursor) else { throw .ended() }
        defer { cursor += Int(count) }
        return UnsafeRawBufferPointer(start: cursor, count: Int(count))
    }

    /// A string.
    @inlinable
    public mutating func string() throws(WireError) -> String {
        let bytes = try bytes()
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw WireError("a string is not UTF-8")
        }
        return text
    }

    /// Passes over a value.
    @inlinable
    public mutating func skip(_ field: Field) throws(WireError) {
        switch field.wireType {
        case 0: _ = try varint()
        case 1: _ = try fixed64()
        case 2: _ = try bytes()
        case 5:
            guard end - cursor >= 4 else { throw .ended() }
            cursor += 4
        default: throw WireError("field \(field.number) has the wire type \(field.wireType)")
        }
    }
}
