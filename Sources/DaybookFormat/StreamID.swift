/// Which stream an entry belongs to: something with a history of its own, whose entries are numbered
/// and linked, so that none can be left out unnoticed.
///
/// All streams share one space of numbers: a stream's number is the sequence of its first entry,
/// and that entry says what the stream is of.
@usableFromInline
package struct StreamID: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The sequence of the stream's first entry.
    @usableFromInline
    package let rawValue: UInt64

    /// The stream that begins with an entry.
    @inlinable
    package init(_ rawValue: UInt64) { self.rawValue = rawValue }

    /// What is about the journal itself.
    @inlinable package static var journal: StreamID { StreamID(0) }

    /// The history of a run of an execution.
    @inlinable
    package static func run(_ number: UInt64) -> StreamID { StreamID(number) }

    /// The history of a session.
    @inlinable
    package static func session(_ number: UInt64) -> StreamID { StreamID(number) }

    /// In the order in which the streams began.
    @inlinable
    package static func < (left: StreamID, right: StreamID) -> Bool {
        left.rawValue < right.rawValue
    }

    /// The number.
    @usableFromInline
    package var description: String { "\(rawValue)" }
}
