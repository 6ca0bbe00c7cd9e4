/// Bytes that are not protobuf's wire format, or not that of the expected message.
@usableFromInline
package struct WireError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What was found.
    @usableFromInline
    package let reason: String
    /// What a newer version must have written; nil: it is no word of this format.
    @usableFromInline
    package let unknown: UnknownValue?

    /// Says what was found.
    @usableFromInline
    package init(_ reason: String) {
        self.reason = reason
        unknown = nil
    }

    private init(_ unknown: UnknownValue) {
        reason = "it has \(unknown), which this version of Daybook does not know"
        self.unknown = unknown
    }

    /// There is a number that this version does not know.
    /// - Parameter what: what it numbers: `kind of operation`.
    @usableFromInline
    package static func newer(_ what: String, _ number: Int) -> WireError {
        WireError(UnknownValue(what: what, number: number))
    }

    /// What was found.
    @usableFromInline
    package var description: String { reason }

    @usableFromInline
    static func ended() -> WireError { WireError("the message ends in the middle of a field") }
}

/// A number of an enumeration that this version does not know.
@usableFromInline
package struct UnknownValue: Equatable, Sendable, CustomStringConvertible {
    /// What it numbers: `kind of operation`.
    @usableFromInline
    package let what: String
    /// The number.
    @usableFromInline
    package let number: Int

    /// - Parameter what: in words that go before the number in a message.
    @usableFromInline
    package init(what: String, number: Int) {
        self.what = what
        self.number = number
    }

    /// What it numbers, and the number.
    @usableFromInline
    package var description: String { "the \(what) \(number)" }
}

/// Reads protobuf's wire format field by field, without copying.
///
/// It serves the folds over the journal, which look at a few numbers of each entry; full decoding
/// by SwiftProtobuf takes some twenty times as long. The format: protobuf's "Encoding" document.
/// Valid only as long as the memory that it was made with.
@usableFromInline
package struct WireReader {
    @usableFromInline var cursor: UnsafeRawPointer
    @usableFromInline let end: UnsafeRawPointer

    /// Reads the message in `bytes`.
    @inlinable
    package init(_ bytes: UnsafeRawBufferPointer) {
        let start = bytes.baseAddress ?? UnsafeRawPointer(bitPattern: 1).unsafelyUnwrapped
        cursor = start
        end = start + bytes.count
    }

    /// Whether all fields have been read.
    @inlinable
    package var isAtEnd: Bool { cursor == end }

    /// The number of a field and how its value is written, or nil at the end.
    @inlinable
    package mutating func field() throws(WireError) -> WireField? {
        if cursor == end { return nil }
        let tag = try varint()
        guard tag >> 3 != 0, tag <= UInt64(UInt32.max) else {
            throw WireError("a field has the impossible tag \(tag)")
        }
        return WireField(tag: UInt32(truncatingIfNeeded: tag))
    }

    /// A base 128 varint.
    @inlinable
    package mutating func varint() throws(WireError) -> UInt64 {
        guard cursor < end else { throw .ended() }
        let first = cursor.load(as: UInt8.self)
        cursor += 1
        if first < 0x80 { return UInt64(first) }
        if end - cursor >= 8, let rest = shortRest() { return UInt64(first & 0x7F) | rest << 7 }
        return try varint(after: first)
    }

    /// What follows the first byte of a number, if it is no more than seven bytes: all of them at
    /// once. Eight bytes can be read.
    @inlinable
    mutating func shortRest() -> UInt64? {
        let word = UInt64(littleEndian: cursor.loadUnaligned(as: UInt64.self))
        // The last byte of a number is the first one without its highest bit.
        let ends = ~word & 0x0080_8080_8080_8080
        guard ends != 0 else { return nil }
        let bits = ends.trailingZeroBitCount + 1
        cursor += bits / 8
        var value = word & (.max >> UInt64(64 - bits))
        value = value & 0x007F_007F_007F_007F | (value & 0x7F00_7F00_7F00_7F00) >> 1
        value = value & 0x0000_3FFF_0000_3FFF | (value & 0x3FFF_0000_3FFF_0000) >> 2
        return value & 0x0FFF_FFFF | (value & 0x0FFF_FFFF_0000_0000) >> 4
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
    package mutating func fixed64() throws(WireError) -> UInt64 {
        guard end - cursor >= 8 else { throw .ended() }
        defer { cursor += 8 }
        return UInt64(littleEndian: cursor.loadUnaligned(as: UInt64.self))
    }

    /// The bytes of a string, of bytes or of a message.
    @inlinable
    package mutating func bytes() throws(WireError) -> UnsafeRawBufferPointer {
        let count = try varint()
        guard count <= UInt64(end - cursor) else { throw .ended() }
        defer { cursor += Int(count) }
        return UnsafeRawBufferPointer(start: cursor, count: Int(count))
    }

    /// A string.
    @inlinable
    package mutating func string() throws(WireError) -> String {
        let bytes = try bytes()
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw WireError("a string is not UTF-8")
        }
        return text
    }

    /// Passes over a value.
    @inlinable
    package mutating func skip(_ field: WireField) throws(WireError) {
        switch field.kind {
        case .varint: _ = try varint()
        case .fixed64: _ = try fixed64()
        case .lengthDelimited: _ = try bytes()
        case .fixed32:
            guard end - cursor >= 4 else { throw .ended() }
            cursor += 4
        case nil:
            throw WireError("field \(field.number) has the wire type \(field.tag & 7)")
        }
    }
}
