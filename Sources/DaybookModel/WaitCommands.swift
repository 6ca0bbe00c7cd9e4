public import DaybookFormat
import SwiftProtobuf

/// A command by which a branch of an execution goes to wait.
public protocol SuspendingCommand: Command where Answer == Suspension {
    /// With how many operations the execution waits, that of this command included, when nothing
    /// else of it runs; nil: something does.
    ///
    /// It is counted when the command enters the queue, so that of commands of several branches the
    /// one that is decided last knows of all others.
    var suspended: Int? { get set }
}

/// What was recorded of a branch that goes to wait.
public struct Suspension: Equatable, Sendable {
    /// The last entry.
    public let sequence: UInt64
    /// The entry that holds the value of a signal that was there already.
    public let signal: UInt64?
    /// Whether it has to wait at all: otherwise what it asked for is there, or its time is over.
    public let waits: Bool
    /// Whether all of the execution waits from now on.
    public let isIdle: Bool

    init(sequence: UInt64, signal: UInt64? = nil, waits: Bool, isIdle: Bool) {
        self.sequence = sequence
        self.signal = signal
        self.waits = waits
        self.isIdle = isIdle
    }
}

/// Records that an operation waits until a time.
public struct StartTimer: LeasedCommand, SuspendingCommand {
    /// The lease under which it runs.
    public let lease: Lease
    /// The operation: a sleep.
    public let operation: Operation
    /// How long it waits from now on, or until when.
    public let until: Until
    /// See ``SuspendingCommand``.
    public var suspended: Int?
    /// Lines that were logged since the last operation.
    public let logs: [LogChunk]

    /// When a wait is over.
    public enum Until: Sendable {
        /// So much after the time of its entry.
        case after(Duration)
        /// Then.
        case at(Timestamp)
    }

    /// Nothing is checked here: a command is checked when it is decided.
    public init(
        _ lease: Lease,
        _ operation: Operation,
        until: Until,
        suspended: Int?,
        logs: [LogChunk] = []
    ) {
        self.lease = lease
        self.operation = operation
        self.until = until
        self.suspended = suspended
        self.logs = logs
    }

    var name: String { "start timer" }

    func decideUnderLease(_ tx: inout Transaction) throws -> Suspension {
        try operation.check(tx[known: lease.execution])
        try tx.append(logs, of: nil, lease)
        let deadline = until.deadline(tx.now)
        let waits = deadline > tx.now
        let isIdle = waits && tx[known: lease.execution].becomesIdle(suspended)
        try tx.append(
            .timerStarted(
                .with {
                    $0.operation = operation.proto
                    $0.epoch = lease.epoch
                    $0.deadline = deadline.rawValue
                    $0.idle = isIdle
                }
            ),
            to: .run(lease.execution)
        )
        if !waits {
            try tx.append(
                .timerFired(.with { $0.operation = operation.proto }),
                to: .run(lease.execution)
            )
        }
        return Suspension(sequence: tx.nextSequence - 1, waits: waits, isIdle: isIdle)
    }
}

extension StartTimer.Until {
    func deadline(_ now: Timestamp) -> Timestamp {
        switch self {
        // Zero would stand for "no deadline".
        case .after(let duration): now.adding(max(duration.wholeNanoseconds, 0))
        case .at(let time): Timestamp(rawValue: max(time.rawValue, 1))
        }
    }
}

/// Asks for the next signal of an operation's name: it is given the oldest that is there, or waits.
public struct AwaitSignal: LeasedCommand, SuspendingCommand {
    /// The lease under which it runs.
    public let lease: Lease
    /// The operation; the signal has its name.
    public let operation: Operation
    /// How long it waits; nil: for ever; not above zero: not at all.
    public let timeout: Duration?
    /// See ``SuspendingCommand``.
    public var suspended: Int?
    /// Lines that were logged since the last operation.
    public let logs: [LogChunk]

    /// Nothing is checked here: a command is checked when it is decided.
    public init(
        _ lease: Lease,
        _ operation: Operation,
        timeout: Duration?,
        suspended: Int?,
        logs: [LogChunk] = []
    ) {
        self.lease = lease
        self.operation = operation
        self.timeout = timeout
        self.suspended = suspended
        self.logs = logs
    }

    var name: String { "await signal" }

    func decideUnderLease(_ tx: inout Transaction) throws -> Suspension {
        try operation.check(tx[known: lease.execution])
        try tx.append(logs, of: nil, lease)
        if let signal = tx[known: lease.execution].firstSignal(named: operation.name) {
            try tx.append(
                .signalDelivered(
                    .with {
                        $0.operation = operation.proto
                        $0.signal = signal
                    }
                ),
                to: .run(lease.execution)
            )
            return Suspension(
                sequence: tx.nextSequence - 1,
                signal: signal,
                waits: false,
                isIdle: false
            )
        }
        let waits = timeout.map { $0 > .zero } ?? true
        let isIdle = waits && tx[known: lease.execution].becomesIdle(suspended)
        let deadline = timeout.map { tx.now.adding($0.wholeNanoseconds).rawValue } ?? 0
        try tx.append(
            .signalAwaited(
                .with {
                    $0.operation = operation.proto
                    $0.epoch = lease.epoch
                    $0.deadline = deadline
                    $0.idle = isIdle
                }
            ),
            to: .run(lease.execution)
        )
        // Without patience it is a look: that there was none is known at once.
        if !waits {
            try tx.append(
                .timerFired(.with { $0.operation = operation.proto }),
                to: .run(lease.execution)
            )
        }
        return Suspension(sequence: tx.nextSequence - 1, waits: waits, isIdle: isIdle)
    }
}

extension ExecutionState {
    /// Whether all of it waits once it waits with one operation more.
    ///
    /// Something that it waited with may have come meanwhile: then it does not, and who runs it is
    /// yet to learn of it.
    fileprivate func becomesIdle(_ suspended: Int?) -> Bool {
        suspended.map { $0 == waitCount + 1 } ?? false
    }

    /// The operation that began to wait with an entry, and still does.
    func operation(waitingSince sequence: UInt64) -> Operation? {
        wait(since: sequence)?.operation
    }
}

/// Records that a body threw and is tried again.
public struct RetryOperation: LeasedCommand, SuspendingCommand {
    /// The lease under which it ran.
    public let lease: Lease
    /// The operation.
    public let operation: Operation
    /// The error without its free text.
    public let error: ErrorFacts
    /// Message and details, sealed.
    public let payloads: SealedPayloads
    /// How often it has been tried.
    public let tries: UInt32
    /// How it is tried again.
    public let policy: RetryPolicy
    /// See ``SuspendingCommand``.
    public var suspended: Int?
    /// Lines that were logged meanwhile.
    public let logs: [LogChunk]

    /// Nothing is checked here: a command is checked when it is decided.
    public init(
        _ lease: Lease,
        _ operation: Operation,
        _ error: ErrorFacts,
        payloads: SealedPayloads,
        tries: UInt32,
        policy: RetryPolicy,
        suspended: Int?,
        logs: [LogChunk] = []
    ) {
        self.lease = lease
        self.operation = operation
        self.error = error
        self.payloads = payloads
        self.tries = tries
        self.policy = policy
        self.suspended = suspended
        self.logs = logs
    }

    var name: String { "retry operation" }

    func decideUnderLease(_ tx: inout Transaction) throws -> Suspension {
        try operation.check(tx[known: lease.execution])
        try policy.check()
        let isIdle = tx[known: lease.execution].becomesIdle(suspended)
        let seed =
            [lease.execution, UInt64(operation.position)] + operation.scope.map(UInt64.init)
        let deadline = tx.now.adding(max(policy.delay(after: tries, seed: seed), 1))
        try tx.append(logs, of: operation, lease)
        try tx.append(
            .operationRetried(
                .with {
                    $0.operation = operation.proto
                    $0.epoch = lease.epoch
                    $0.error = error.proto
                    $0.tries = tries
                    $0.retryAt = deadline.rawValue
                    $0.idle = isIdle
                }
            ),
            to: .run(lease.execution),
            payloads: payloads
        )
        return Suspension(sequence: tx.nextSequence - 1, waits: true, isIdle: isIdle)
    }
}

/// Records that all that runs of an execution waits: its last branch with something to do has ended,
/// or waits for what is recorded already.
public struct Suspend: LeasedCommand, SuspendingCommand {
    /// The lease under which it runs.
    public let lease: Lease
    /// See ``SuspendingCommand``. With nil nothing is recorded.
    public var suspended: Int?

    /// - Parameter suspended: with how many operations it waits.
    public init(_ lease: Lease, suspended: Int? = nil) {
        self.lease = lease
        self.suspended = suspended
    }

    var name: String { "suspend" }

    func decideUnderLease(_ tx: inout Transaction) throws -> Suspension {
        // What it waited for may have come meanwhile.
        let waits = tx[known: lease.execution].waitCount
        guard let suspended, suspended > 0, waits == suspended else {
            return Suspension(sequence: tx.nextSequence - 1, waits: false, isIdle: false)
        }
        // After a restart the record says so already.
        if tx[known: lease.execution].status == .running {
            try tx.append(
                .executionWaiting(.with { $0.epoch = lease.epoch }),
                to: .run(lease.execution)
            )
        }
        return Suspension(sequence: tx.nextSequence - 1, waits: true, isIdle: true)
    }
}

/// Gives an execution a signal: an operation that waits for it goes on, or it is kept until one
/// asks.
public struct Signal: Command {
    /// The execution's id.
    public let id: Name
    /// The signal's name.
    public let name: Name
    /// Given by the sender, so that sending it again does nothing.
    public let signalID: Name?
    /// One payload: its value.
    public let payloads: SealedPayloads
    /// Who sends it, and why. Whoever it is is recorded in any case, because the handler is told.
    public let request: Request

    /// Nothing is checked here: a command is checked when it is decided.
    public init(
        id: Name,
        name: Name,
        signalID: Name? = nil,
        payloads: SealedPayloads,
        by request: Request = .session
    ) {
        self.id = id
        self.name = name
        self.signalID = signalID
        self.payloads = payloads
        self.request = request
    }

    /// What became of it.
    public struct Answer: Equatable, Sendable {
        /// Its entry; nil: it was there already.
        public let sequence: UInt64?
        /// An operation waited for it.
        public let isDelivered: Bool
    }

    /// Records it while the execution has not ended.
    public func decide(_ tx: inout Transaction) throws -> Answer {
        try Names.check(name, "name of a signal")
        if let signalID { try Names.check(signalID, "id of a signal") }
        try request.check()
        let number = try tx.open(id, for: "take the signal \(name)")
        if let signalID, tx[known: number].rare.signalIDs.contains(signalID) {
            return Answer(sequence: nil, isDelivered: false)
        }
        let operation = tx[known: number].firstWait(forSignal: name)?.operation
        let readies = tx.state.hasNoHolder(number)
        let event = ProtoEntry.OneOf_Event.signalReceived(
            .with {
                $0.name = name.text
                $0.signalID = signalID?.text ?? ""
            }
        )
        let sequence = try tx.append(
            event.encoded(),
            to: .run(number),
            payloads,
            by: request,
            isNamed: true
        )
        guard let operation else { return Answer(sequence: sequence, isDelivered: false) }
        try tx.append(
            .signalDelivered(
                .with {
                    $0.operation = operation.proto
                    $0.signal = sequence
                    $0.readies = readies
                }
            ),
            to: .run(number),
            causation: sequence
        )
        return Answer(sequence: sequence, isDelivered: true)
    }
}

extension Refusal {
    static func hasEnded(_ id: Name, _ status: ExecutionStatus, _ what: String) -> Refusal {
        Refusal(
            .wrongState,
            "\(id) cannot \(what): it \(status.end); look at its record"
        )
    }
}
