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
    /// Why it is parked, with the code `divergence`, `losses` or `doubt`; nil: it is not.
    public let parkingReason: RecordedError?
    /// What may have happened, for which it is parked until a person says whether it did; empty: it
    /// is not parked, or for something else.
    public let doubts: [Doubt]
    /// After its first claim only processes of one revision run it; false once it is closed.
    public let isPinned: Bool
    /// That revision; nil: it was not claimed yet, any may run it, or it is closed.
    public let revision: String?
    /// Nothing of it runs until it is resumed.
    public let isPaused: Bool
    /// It is held back until ``deadline``.
    public let isDelayed: Bool
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
    /// When it was asked to start; nil: it never was.
    public let startAt: Timestamp?
    /// When its last entry was written.
    public let updatedAt: Timestamp
    /// The next time at which something happens to it by itself: it expires, is no longer held
    /// back, or its attempt times out. Nil: there is none.
    public let deadline: Timestamp?
    /// How often and when it is tried again.
    public let retry: RetryPolicy
    /// How long an attempt may take; nil: as long as it likes.
    public let timeout: Duration?
    /// How long it was to be held back before its first attempt.
    public let delay: Duration
    /// What is still to run because it has ended badly, the first next, or now: the names of what was
    /// registered for an end from outside, and `undo NAME` for each checkpoint that is to be undone.
    public let cleaning: [String]
    /// The names of the checkpoints that are still to be undone, in the same order.
    public let undoing: [String]
    /// What its operations wait for; none once it is closed.
    public let waits: [Wait]
    /// Signals that nobody has asked for yet; none once it is closed.
    public let signals: [SignalCount]
    /// The entries that hold the last values of its named outputs, in the order of their names'
    /// first use.
    public let outputs: [NamedOutput]
    /// The number of the run that it goes on from; nil: none.
    public let continuedFrom: UInt64?
    /// The number of the execution whose code began it; nil: it has no parent.
    public let parent: UInt64?
    /// It is the finalizer of its parent.
    public let isFinalizer: Bool
    /// The number of the execution that it is a fork of; nil: it is none.
    public let forkedFrom: UInt64?
    /// The newest entry by which payloads of it were erased; nil: none were.
    public let erasedBy: UInt64?
    /// The entry that vouches for the archive that it lies in; nil: it lies in none.
    public let archivedBy: UInt64?
    /// How many of its children are not closed; none once it is closed.
    public let openChildren: Int
    /// How many entries it has.
    public let entries: UInt64
    /// The last of them.
    public let last: UInt64
    /// Whether nothing of it is open any more. What has ended may still have code that ends too.
    public let isClosed: Bool
    /// The code of the error that it failed with.
    public let errorCode: String?
    /// The error that its last attempt ended with that failed; nil: none did, or it is closed, and
    /// its outcome says how it ended.
    public let lastError: RecordedError?
    /// By what it is found: names and values.
    public let labels: [String: String]
    /// Who submitted it, and why; nil: that was not looked up.
    public internal(set) var submittedBy: RecordedRequest?

    /// What the state says of an open execution.
    /// - Parameters:
    ///   - lastError: what its entry ``ExecutionState/previousFailure`` says.
    ///   - parkingReason: what the entry says by which it is parked.
    package init(
        _ state: ExecutionState,
        lastError: RecordedError?,
        parkingReason: RecordedError?
    ) {
        number = state.number
        id = state.id.text
        type = state.type.text
        status = state.status
        isParked = state.isParked
        self.parkingReason = parkingReason
        doubts = state.doubts
        isPinned = state.isPinned
        revision = state.pinnedRevision?.text
        isPaused = state.isPaused
        isDelayed = state.isDelayed
        session = state.session
        startAt = state.startAt.rawValue == 0 ? nil : state.startAt
        updatedAt = state.updatedAt
        deadline = state.deadline.rawValue == 0 ? nil : state.deadline
        retry = state.retry
        timeout = state.timeout
        delay = state.delay
        waits = state.waits
        let due = state.dueCleaning
        cleaning = due.map(\.title)
        undoing = due.filter(\.compensates).map(\.name.text)
        signals = state.bufferedSignals
        outputs = state.outputs
        continuedFrom = state.continuedFrom
        parent = state.parent
        openChildren = state.openChildCount
        isFinalizer = state.isFinalizer
        forkedFrom = state.forkPoint?.origin
        erasedBy = state.erasedBy
        archivedBy = state.archivedBy
        attempt = state.attempt
        losses = state.losses
        submittedAt = state.submittedAt
        startedAt = state.startedAt.rawValue == 0 ? nil : state.startedAt
        finishedAt = state.finishedAt.rawValue == 0 ? nil : state.finishedAt
        isClosed = false
        entries = state.entries
        last = state.last
        errorCode = state.errorCode.isEmpty ? nil : state.errorCode
        self.lastError = lastError
        labels = state.labels.byName
    }

    /// What the row of a closed execution says.
    /// - Throws: ``Refusal/Code/newerVersion`` for a status that this version does not know.
    package init(id: String, row: ProtoExecutionRow) throws(Refusal) {
        let closed = row.closed
        let number = row.number
        self.number = number
        self.id = id
        type = closed.type
        status = try ExecutionStatus.recorded(in: row, of: id)
        isParked = false
        parkingReason = nil
        doubts = []
        isPinned = false
        revision = nil
        isPaused = false
        isDelayed = false
        session = nil
        startAt = closed.startAt == 0 ? nil : Timestamp(rawValue: closed.startAt)
        updatedAt = Timestamp(
            rawValue: closed.updatedAt == 0 ? closed.finishedAt : closed.updatedAt
        )
        deadline = nil
        let terms = closed.terms
        retry = terms.hasRetry ? RetryPolicy(terms.retry) : .none
        timeout = terms.timeout == 0 ? nil : Duration(nanoseconds: terms.timeout)
        delay = Duration(nanoseconds: terms.delay)
        waits = []
        cleaning = []
        undoing = []
        signals = []
        outputs = closed.outputs.map { NamedOutput(name: Name($0.name), sequence: $0.sequence) }
        continuedFrom = closed.continuedFrom == 0 ? nil : closed.continuedFrom
        parent = closed.parent == 0 ? nil : closed.parent
        openChildren = 0
        isFinalizer = closed.finalizer
        forkedFrom = closed.forkedFrom == 0 ? nil : closed.forkedFrom
        erasedBy = closed.erased == 0 ? nil : closed.erased
        archivedBy = closed.archived == 0 ? nil : closed.archived
        isClosed = true
        attempt = closed.attempts
        losses = closed.losses
        submittedAt = Timestamp(rawValue: closed.submittedAt)
        startedAt = closed.startedAt == 0 ? nil : Timestamp(rawValue: closed.startedAt)
        finishedAt = Timestamp(rawValue: closed.finishedAt)
        entries = closed.entries
        last = closed.last
        errorCode = closed.errorCode.isEmpty ? nil : closed.errorCode
        lastError = nil
        labels = Labels(terms.labels).byName
    }
}

/// An error as it was recorded.
public struct RecordedError: Hashable, Sendable, Codable {
    /// A stable word for programs.
    public let code: String
    /// What a person is told; nil: it has been erased.
    public let message: String?
    /// The entry that says so.
    public let sequence: UInt64
}

extension Labels {
    /// As programs look at them.
    fileprivate var byName: [String: String] {
        Dictionary(all.map { ($0.name.text, $0.value.text) }) { first, _ in first }
    }
}
