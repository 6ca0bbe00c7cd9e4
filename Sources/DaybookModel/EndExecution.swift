import DaybookFormat
import SwiftProtobuf

/// Ends an attempt well: the handler has returned.
package struct Complete: LeasedCommand {
    /// The lease under which it ran.
    package let lease: Lease
    /// The output, sealed.
    package let output: SealedPayloads
    /// Operations that the handler consumed.
    package let operations: UInt64
    /// The entry that holds what the handler returned, if the output is another one: that of
    /// ``AwaitChildren``. 0: it is not.
    package let runOutput: UInt64
    /// Its code has said that it found something new.
    package let isEventful: Bool
    /// Lines that were logged since the last operation.
    package let logs: [LogChunk]

    /// Nothing is checked here: a command is checked when it is decided.
    package init(
        _ lease: Lease,
        output: SealedPayloads,
        operations: UInt64,
        runOutput: UInt64 = 0,
        isEventful: Bool = false,
        logs: [LogChunk] = []
    ) {
        self.lease = lease
        self.output = output
        self.runOutput = runOutput
        self.operations = operations
        self.isEventful = isEventful
        self.logs = logs
    }

    /// The sequence of the entry.
    package typealias Answer = UInt64

    var name: String { "complete" }

    func decideUnderLease(_ tx: inout Transaction) throws -> UInt64 {
        try tx.append(logs, of: nil, lease)
        let signalsLeft = tx[known: lease.execution].signalsLeft
        let closes = !tx[known: lease.execution].hasOpenChildren
        if !closes { try tx.leaveCleaningOut(lease.execution) }
        try tx.wipeSecrets(ofCompleted: lease.execution)
        let event = FrequentEvents.completed(
            epoch: lease.epoch,
            operations: operations,
            closes: closes,
            signalsLeft: signalsLeft,
            runOutput: runOutput,
            isEventful: isEventful
        )
        let sequence = try tx.append(event, to: .run(lease.execution), output)
        if !closes { try tx.giveBack(lease.execution) }
        return sequence
    }
}

/// Ends an attempt with an error: the handler has thrown.
package struct Fail: LeasedCommand {
    /// The lease under which it ran.
    package let lease: Lease
    /// The error without its free text.
    package let error: ErrorFacts
    /// Message and details, sealed.
    package let payloads: SealedPayloads
    /// The operation whose recorded failure the error is; nil: it is none's.
    package let failedOperation: OperationPath?
    /// Who has failed.
    package let cause: FailureCause
    /// Lines that were logged since the last operation.
    package let logs: [LogChunk]

    /// Nothing is checked here: a command is checked when it is decided.
    package init(
        _ lease: Lease,
        _ error: ErrorFacts,
        payloads: SealedPayloads,
        failedOperation: OperationPath? = nil,
        cause: FailureCause = .code,
        logs: [LogChunk] = []
    ) {
        self.lease = lease
        self.error = error
        self.cause = cause
        self.failedOperation = failedOperation
        self.payloads = payloads
        self.logs = logs
    }

    /// What became of the execution.
    package struct Answer: Equatable, Sendable {
        /// The sequence of the entry.
        package let sequence: UInt64
        /// Another attempt follows, then at the earliest; nil: it has ended.
        package let retryAt: Timestamp?
    }

    var name: String { "fail" }

    func decideUnderLease(_ tx: inout Transaction) throws -> Answer {
        try tx.append(logs, of: nil, lease)
        // What can no longer be taken back was dealt with.
        var failed = failedOperation
        if let path = failed, !tx[known: lease.execution].progress.canUndo(path) { failed = nil }
        let end = try tx.endAttempt(
            of: lease.execution,
            error,
            payloads,
            by: cause == .code ? .itself(failed) : .family(failed, cause)
        )
        return Answer(sequence: end.sequence, retryAt: end.retryAt)
    }
}

/// Who has failed, when an execution does.
package enum FailureCause: Sendable {
    /// Its own code.
    case code
    /// Children that it had spawned.
    case children
    /// Its finalizer.
    case finalizer
}

/// What ends an attempt.
enum AttemptEnd {
    /// Its code, with the recorded failure of an operation, or with another error.
    case itself(OperationPath?)
    /// Its code, after what it has begun has failed: no attempt follows.
    case family(OperationPath?, FailureCause)
    /// The time is over.
    case time

    /// The code of the attempt ends it.
    var isByItself: Bool { if case .time = self { false } else { true } }
}

extension Transaction {
    /// Ends an attempt with an error: another follows, or the execution ends.
    /// - Returns: the entry that says so, and when another attempt follows; nil: none does.
    @discardableResult
    mutating func endAttempt(
        of number: UInt64,
        _ error: ErrorFacts,
        _ payloads: SealedPayloads,
        by cause: AttemptEnd
    ) throws -> (sequence: UInt64, retryAt: Timestamp?) {
        let (tries, epoch, retry) = attempt(of: number)
        var isOfFamily = false
        if case .family = cause { isOfFamily = true }
        guard !isOfFamily, retry.retries(error, after: tries) else {
            return (try end(number, failed: error, payloads, cause), nil)
        }
        // What it was dealt with by is to be undone, and would not be once it is taken back.
        var failed = cause.failedOperation
        if let path = failed, self[known: number].rare.cleaning.losesCompensations(with: path) {
            failed = nil
        }
        let delay = retry.delay(after: tries, seed: [number])
        let retryAt = now.adding(delay)
        let isHeld = if case .time = cause { isHeld(number) } else { false }
        let sequence = try append(
            .attemptFailed(
                .with {
                    $0.epoch = epoch
                    $0.error = error.proto
                    $0.retryAt = delay == 0 ? 0 : retryAt.rawValue
                    $0.held = isHeld
                    if let failed { $0.failedOperation = failed.proto }
                }
            ),
            to: .run(number),
            payloads: payloads
        )
        return (sequence, retryAt)
    }

    private func attempt(of number: UInt64) -> (UInt32, UInt64, RetryPolicy) {
        (self[known: number].countedAttempt, self[known: number].epoch, self[known: number].retry)
    }

    /// Ends an execution with an error.
    /// - Returns: the entry that says so.
    private mutating func end(
        _ number: UInt64,
        failed error: ErrorFacts,
        _ payloads: SealedPayloads,
        _ cause: AttemptEnd
    ) throws -> UInt64 {
        let (epoch, signalsLeft) = (self[known: number].epoch, self[known: number].signalsLeft)
        // What its own code leaves behind when it ends is that code's business, but for its children.
        let isItsOwn = cause.isByItself
        let compensates = isItsOwn && self[known: number].rare.cleaning.compensates
        let closes =
            isItsOwn
            ? !compensates && !self[known: number].hasOpenChildren : !hasLoose(number)
        if isItsOwn, !closes { try leaveCleaningOut(number, compensates: compensates) }
        let failed = cause.failedOperation?.proto
        if case .family(_, let cause) = cause {
            let event = familyFailure(number, error, cause, failed, closes: closes)
            let sequence = try append(event, to: .run(number), payloads: payloads)
            if !closes { try giveBack(number) }
            return sequence
        }
        let event: ProtoEntry.OneOf_Event =
            switch error.kind {
            case .timedOut:
                .executionTimedOut(
                    .with {
                        $0.epoch = epoch
                        $0.error = error.proto
                        $0.closes = closes
                        $0.signalsLeft = signalsLeft
                        if let failed { $0.failedOperation = failed }
                    }
                )
            case .cancelled:
                .executionCancelled(
                    .with {
                        $0.epoch = epoch
                        $0.error = error.proto
                        $0.closes = closes
                        $0.signalsLeft = signalsLeft
                        if let failed { $0.failedOperation = failed }
                    }
                )
            case .generic, .stopped:
                .executionFailed(
                    .with {
                        $0.epoch = epoch
                        $0.error = error.proto
                        $0.closes = closes
                        $0.signalsLeft = signalsLeft
                        if let failed { $0.failedOperation = failed }
                    }
                )
            }
        let sequence = try append(event, to: .run(number), payloads: payloads)
        if !closes { try isItsOwn ? giveBack(number) : freeForCleaning(number) }
        return sequence
    }

    /// What an execution has begun has failed. It has ended when the first of its children did.
    private func familyFailure(
        _ number: UInt64,
        _ error: ErrorFacts,
        _ cause: FailureCause,
        _ failed: ProtoOperationPath?,
        closes: Bool
    ) -> ProtoEntry.OneOf_Event {
        let (epoch, signalsLeft) = (self[known: number].epoch, self[known: number].signalsLeft)
        let first = cause == .children ? self[known: number].firstChildFailure : nil
        return .executionFailed(
            .with {
                $0.epoch = epoch
                $0.error = error.proto
                $0.closes = closes
                $0.signalsLeft = signalsLeft
                if let failed { $0.failedOperation = failed }
                $0.cause = cause == .children ? .children : .finalizer
                $0.finishedAt = first?.rawValue ?? 0
            }
        )
    }

    /// Closes an execution that has ended before.
    @discardableResult
    mutating func close(_ number: UInt64, causation: UInt64 = 0) throws -> UInt64 {
        let epoch = self[known: number].epoch
        return try append(
            .executionClosed(.with { $0.epoch = epoch }),
            to: .run(number),
            causation: causation
        )
    }
}

/// Gives a lease back: the code has ended without an outcome. What has not ended is ready again, or
/// goes on waiting; what was ended from outside is closed, or can be claimed for what is left of its
/// cleaning.
package struct Release: LeasedCommand {
    /// The lease to give back.
    package let lease: Lease
    /// Lines that were logged since the last operation.
    package let logs: [LogChunk]

    /// Nothing is checked here: a command is checked when it is decided.
    package init(_ lease: Lease, logs: [LogChunk] = []) {
        self.lease = lease
        self.logs = logs
    }

    /// The sequence of the entry.
    package typealias Answer = UInt64

    var name: String { "release" }
    var phase: LeasePhase { .cleaning }

    func decideUnderLease(_ tx: inout Transaction) throws -> UInt64 {
        try tx.append(logs, of: nil, lease)
        let isFinal = tx[known: lease.execution].isCleaning
        if isFinal, !tx[known: lease.execution].owesCleaning {
            return try tx.closeOrGiveBack(lease.execution)
        }
        return try tx.append(
            .leaseReleased(.with { $0.epoch = lease.epoch }),
            to: .run(lease.execution)
        )
    }
}

/// Parks an execution whose code asks for something else than what is recorded.
package struct Park: LeasedCommand {
    /// The lease under which it ran.
    package let lease: Lease
    /// What was asked for and what is recorded.
    package let divergence: Divergence
    /// One payload: the same in words.
    package let message: SealedPayloads

    /// Nothing is checked here: a command is checked when it is decided.
    package init(_ lease: Lease, _ divergence: Divergence, message: SealedPayloads) {
        self.lease = lease
        self.divergence = divergence
        self.message = message
    }

    /// The sequence of the entry.
    package typealias Answer = UInt64

    var name: String { "park" }

    /// Code that diverges while it cleans up is parked too.
    func isInTime(_ execution: borrowing ExecutionState) -> Bool {
        execution.status == .running || execution.status == .waiting
            || execution.isClaimedForCleaning && execution.owesCleaning
    }

    func decideUnderLease(_ tx: inout Transaction) throws -> UInt64 {
        try tx.append(
            .executionParked(
                .with {
                    $0.epoch = lease.epoch
                    $0.reason = .divergence
                    $0.divergence = divergence.proto
                }
            ),
            to: .run(lease.execution),
            payloads: message
        )
    }
}
