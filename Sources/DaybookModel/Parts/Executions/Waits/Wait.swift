import DaybookFormat

/// What an operation waits for.
public struct Wait: Hashable, Sendable, Codable {
    /// What ends it.
    @nonexhaustive
    public enum Kind: String, Sendable, Codable {
        /// Its time.
        case timer
        /// A signal of its name, or its time if it has one.
        case signal
        /// Its time: then a body that threw is tried again.
        case retry
        /// The end of an execution that it began.
        case child
        /// The ends of all that the handler has spawned.
        case children
    }

    /// What ends it.
    public let kind: Kind
    /// The operation.
    public let operation: Operation
    /// Its time; nil: it waits for ever.
    public let deadline: Timestamp?
    /// The entry by which it began.
    public let sequence: UInt64
    /// The number of the first run of the child that it waits for; nil: it waits for something else.
    public var child: UInt64?
}

/// A deadline of an execution, in the heap of all of them.
struct TimerItem: Comparable, Sendable {
    let deadline: Timestamp
    let execution: UInt64
    /// The entry by which a wait began; 0: the execution's own deadline.
    let wait: UInt64

    /// In order of time; of those at one time in order of the entries.
    static func < (left: TimerItem, right: TimerItem) -> Bool {
        if left.deadline != right.deadline { return left.deadline < right.deadline }
        if left.execution != right.execution { return left.execution < right.execution }
        return left.wait < right.wait
    }
}
