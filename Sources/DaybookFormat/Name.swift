/// A name or an id: of a workflow, an execution, an operation, a signal, an output, a key of a store.
///
/// Compared by its bytes. `String` takes texts for equal that only look the same, such as "é" in one
/// character and in two: to a journal, which keeps bytes, these are two names.
@frozen
public struct Name: Hashable, Comparable, Sendable {
    /// The text as it was given.
    public let text: String

    /// Any text; whether it has the form of a name is checked where it is decided upon.
    @inlinable
    public init(_ text: String) { self.text = text }

    /// Whether both are the same bytes.
    @inlinable
    public static func == (left: Name, right: Name) -> Bool {
        left.text.hasBytes(of: right.text)
    }

    /// In the order of their bytes.
    @inlinable
    public static func < (left: Name, right: Name) -> Bool {
        left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
    }

    /// Takes in the bytes.
    @inlinable
    public func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}

extension Name: CustomStringConvertible, ExpressibleByStringInterpolation {
    /// The text.
    @inlinable public var description: String { text }

    /// The name that a program writes down.
    @inlinable
    public init(stringLiteral text: String) { self.init(text) }
}

extension String {
    /// Whether it is the same bytes as another text, whatever these look like.
    @inlinable
    package func hasBytes(of other: String) -> Bool {
        let isSame = utf8.withContiguousStorageIfAvailable { own in
            other.utf8.withContiguousStorageIfAvailable { bytes in
                own.count == bytes.count
                    && UnsafeRawBufferPointer(own).elementsEqual(UnsafeRawBufferPointer(bytes))
            }
        }
        return (isSame ?? nil) ?? utf8.elementsEqual(other.utf8)
    }
}
