import DaybookFormat
import SwiftProtobuf

/// A command by which a branch of an execution goes to wait.
package protocol SuspendingCommand: Command where Answer == Suspension {
    /// With how many operations the execution waits, that of this command included, when nothing
    /// else of it runs; nil: something does.
    ///
    /// It is counted when the command enters the queue, so that of commands of several branches the
    /// one that is decided last knows of all others.
    var suspended: Int? { get set }
    /// Operations that are recorded as waiting and to which the code has not come, as it does not in an
    /// attempt that waits before it is where the last one was. They wait too, though no code does.
    var ahead: [OperationPath] { get set }
}

/// What was recorded of a branch that goes to wait.
package struct Suspension: Equatable, Sendable {
    /// The last entry.
    package let sequence: UInt64
    /// The entry that holds the value of a signal that was there already.
    package let signal: UInt64?
    /// What the sender of that signal says has failed; nil: it has a value.
    package let failure: ErrorFacts?
    /// Whether it has to wait at all: otherwise what it asked for is there, or its time is over.
    package let waits: Bool
    /// Whether all of the execution waits from now on.
    package let isIdle: Bool
    /// When the wait is over by itself; nil: it is not, or there is none.
    package let deadline: Timestamp?

    init(
        sequence: UInt64,
        signal: UInt64? = nil,
        failure: ErrorFacts? = nil,
        waits: Bool,
        isIdle: Bool,
        deadline: Timestamp? = nil
    ) {
        self.deadline = deadline
        self.sequence = sequence
        self.signal = signal
        self.failure = failure
        self.waits = waits
        self.isIdle = isIdle
    }
}

/// Records that an operation waits until a time.
package struct StartTimer: LeasedCommand, SuspendingCommand {
    /// The lease under which it runs.
    package let lease: Lease
    /// The operation: a sleep.
    package let operation: Operation
    /// How long it waits from now on, or until when.
    package let until: Until
    /// See ``SuspendingCommand``.
    package var suspended: Int?
    /// See ``SuspendingCommand``.
    package var ahead: [OperationPath] = []
    /// Lines that were logged since the last operation.
    package let logs: [LogChunk]

    /// When a wait is over.
    package enum Until: Sendable {
        /// So much after the time of its entry.
        case after(Duration)
        /// Then.
        case at(Timestamp)
    }

    /// Nothing is checked here: a command is checked when it is decided.
    package init(
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
        let isIdle = waits && tx[known: lease.execution].becomesIdle(suspended, ahead)
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
        return Suspension(
            sequence: tx.nextSequence - 1,
            waits: waits,
            isIdle: isIdle,
            deadline: deadline
        )
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
package struct AwaitSignal: LeasedCommand, SuspendingCommand {
    /// The lease under which it runs.
    package let lease: Lease
    /// The operation; the signal has its name.
    package let operation: Operation
    /// How long it waits; nil: for ever; not above zero: not at all.
    package let timeout: Duration?
    /// See ``SuspendingCommand``.
    package var suspended: Int?
    /// See ``SuspendingCommand``.
    package var ahead: [OperationPath] = []
    /// Lines that were logged since the last operation.
    package let logs: [LogChunk]

    /// Nothing is checked here: a command is checked when it is decided.
    package init(
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
            let failure = tx[known: lease.execution].failure(ofSignal: signal)
            try tx.append(
                .signalDelivered(
                    .with {
                        $0.operation = operation.proto
                        $0.signal = signal
                        if let failure { $0.error = failure.proto }
                    }
                ),
                to: .run(lease.execution)
            )
            return Suspension(
                sequence: tx.nextSequence - 1,
                signal: signal,
                failure: failure,
                waits: false,
                isIdle: false
            )
        }
        let waits = timeout.map { $0 > .zero } ?? true
        let isIdle = waits && tx[known: lease.execution].becomesIdle(suspended, ahead)
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
        return Suspension(
            sequence: tx.nextSequence - 1,
            waits: waits,
            isIdle: isIdle,
            deadline: deadline == 0 ? nil : Timestamp(rawValue: deadline)
        )
    }
}

extension ExecutionState {
    /// Whether all of it waits once it waits with one operation more.
    ///
    /// Something that it waited with may have come meanwhile: then it does not, and who runs it is
    /// yet to learn of it.
    func becomesIdle(_ suspended: Int?, _ ahead: [OperationPath]) -> Bool {
        suspended.map { waitCount(without: ahead) + 1 == $0 } ?? false
    }

    /// With how many operations it waits to which its code has come.
    func waitCount(without ahead: [OperationPath]) -> Int {
        waitCount - (ahead.isEmpty ? 0 : ahead.count(where: isWaiting))
    }

    /// The operation that began to wait with an entry, and still does.
    func operation(waitingSince sequence: UInt64) -> Operation? {
        wait(since: sequence)?.operation
    }
}

/// Records that all that runs of an execution waits: its last branch with something to do has ended,
/// or waits for what is recorded already.
package struct Suspend: LeasedCommand, SuspendingCommand {
    /// The lease under which it runs.
    package let lease: Lease
    /// See ``SuspendingCommand``. With nil nothing is recorded.
    package var suspended: Int?
    /// See ``SuspendingCommand``.
    package var ahead: [OperationPath] = []

    /// - Parameter suspended: with how many operations it waits.
    package init(_ lease: Lease, suspended: Int? = nil) {
        self.lease = lease
        self.suspended = suspended
    }

    var name: String { "suspend" }

    func decideUnderLease(_ tx: inout Transaction) throws -> Suspension {
        // What it waited for may have come meanwhile.
        let waits = tx[known: lease.execution].waitCount(without: ahead)
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

extension Refusal {
    static func hasEnded(_ id: Name, _ status: ExecutionStatus, _ what: String) -> Refusal {
        Refusal(
            .wrongState,
            "\(id) cannot \(what): it \(status.end); look at its record"
        )
    }
}
