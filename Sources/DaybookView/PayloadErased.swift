/// A payload that is needed has been erased.
public struct PayloadErased: Error, Hashable, Sendable, CustomStringConvertible {
    /// The entry that it belonged to.
    public let sequence: UInt64

    /// - Parameter sequence: the entry that the payload belonged to.
    package init(sequence: UInt64) { self.sequence = sequence }

    /// What is missing.
    public var description: String {
        "the payload of entry \(sequence) has been erased: what depends on it cannot be run or replayed"
    }
}
