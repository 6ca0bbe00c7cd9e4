/// A field of a message as it is announced on the wire: its number, and how its value is written.
///
/// The fields of `daybook.proto` have names, in ``Wire``.
@usableFromInline
package struct WireField: Equatable, Sendable {
    /// How a value is written.
    @usableFromInline
    package enum Kind: UInt32, Sendable {
        /// A base 128 varint.
        case varint = 0
        /// Eight bytes.
        case fixed64 = 1
        /// A length, and so many bytes: a string, bytes, a message, packed numbers.
        case lengthDelimited = 2
        /// Four bytes.
        case fixed32 = 5
    }

    /// Number and wire type in one.
    @usableFromInline
    package let tag: UInt32

    @inlinable
    init(tag: UInt32) { self.tag = tag }

    /// A field of a number, from 1 to 536,870,911, whose value is written in one way.
    @inlinable
    package init(_ number: UInt32, _ kind: Kind) { tag = number << 3 | kind.rawValue }

    /// The field's number.
    @inlinable
    package var number: UInt32 { tag >> 3 }

    /// How its value is written; nil: in a way that this version does not know.
    @inlinable
    package var kind: Kind? { Kind(rawValue: tag & 7) }

    /// Whether both are the same field, written in the same way.
    @inlinable
    package static func == (left: WireField, right: WireField) -> Bool { left.tag == right.tag }
}
