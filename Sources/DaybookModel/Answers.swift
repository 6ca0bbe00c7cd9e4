/// What was recorded of a submission.
public struct SubmitAnswer: Equatable, Sendable {
    /// The execution's number.
    public let number: UInt64
    /// Whether it was there already.
    public let existed: Bool
    /// Where it stands.
    public let status: ExecutionStatus
}

/// What an execution is at that was asked to run.
public struct ExecuteAnswer: Equatable, Sendable {
    /// The execution's number.
    public let number: UInt64
    /// Where it stands.
    public let status: ExecutionStatus
    /// A person must look before it goes on.
    public let isParked: Bool
}

/// What became of a signal.
public struct SignalAnswer: Equatable, Sendable {
    /// Its entry; nil: it was there already.
    public let sequence: UInt64?
    /// An operation waited for it.
    public let isDelivered: Bool
}

/// What is left to be said after an operation was resolved.
public struct ResolveAnswer: Equatable, Sendable {
    /// The execution's number.
    public let number: UInt64
    /// The sequence of the entry.
    public let sequence: UInt64
    /// What else is in doubt; empty: it goes on.
    public let left: [Doubt]
}
