public import DaybookFormat
public import DaybookModel

/// What is known of an execution at a moment.
public struct ExecutionRecord: Sendable, Equatable {
    /// The sequence of its first entry.
    public let number: UInt64
    /// The id that it was submitted under.
    public let id: String
    /// The name of its workflow.
    public let type: String
    /// Where it stands.
    public let status: ExecutionStatus
    /// A person must look before it goes on.
    public let isParked: Bool
    /// The session that runs it; nil: none does.
    public let session: UInt64?
    /// Which attempt it is at; 0 before the first.
    public let attempt: UInt32
    /// Leases lost in a row.
    public let losses: UInt32
    /// When it was submitted.
    public let submittedAt: Timestamp
    /// When it was first claimed; nil before.
    public let startedAt: Timestamp?
    /// When it ended; nil before.
    public let finishedAt: Timestamp?
    /// How many entries it has.
    public let entries: UInt64
    /// The last of them.
    public let last: UInt64
    /// The code of the error that it failed with.
    public let errorCode: String?

    /// What the state says of an open execution.
    public init(_ state: ExecutionState) {
        number = state.number
        id = state.id
        type = state.type
        status = state.status
        isParked = state.isParked
        session = state.session == 0 ? nil : state.session
        attempt = state.attempt
        losses = state.losses
        submittedAt = state.submittedAt
        startedAt = state.startedAt.rawValue == 0 ? nil : state.startedAt
        finishedAt = nil
        entries = state.entries
        last = state.last
        errorCode = nil
    }

    /// What the row of a closed execution says.
    /// - Throws: ``Refusal/Code/newerVersion`` for a status that this version does not know.
    public init(id: String, row: ProtoExecutionRow) throws(Refusal) {
        let closed = row.closed
        let number = row.number
        self.number = number
        self.id = id
        type = closed.type
        status = try ExecutionStatus.recorded(in: row, of: id)
        isParked = false
        session = nil
        attempt = closed.attempts
        losses = 0
        submittedAt = Timestamp(rawValue: closed.submittedAt)
        startedAt = closed.startedAt == 0 ? nil : Timestamp(rawValue: closed.startedAt)
        finishedAt = Timestamp(rawValue: closed.finishedAt)
        entries = closed.entries
        last = closed.last
        errorCode = closed.errorCode.isEmpty ? nil : closed.errorCode
    }

    /// Whether nothing will change any more.
    public var isClosed: Bool { finishedAt != nil }
}
