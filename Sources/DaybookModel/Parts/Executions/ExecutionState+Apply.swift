public import DaybookFormat
import SwiftProtobuf

extension ExecutionState {
    /// What an entry did to an execution, as far as others must follow.
    struct Change {
        /// It has a new place in the queue.
        var becameClaimable = false
        /// It had one.
        var leftQueue = false
        /// It has a new deadline.
        var timer: TimerItem?
        /// So many deadlines fell away, or came.
        var droppedTimers = 0
        /// All its deadlines stand again.
        var hasTimersAgain = false
        /// Nothing of it is open any more.
        var closed = false

        /// Queues and timers must follow.
        var concernsOthers: Bool {
            becameClaimable || leftQueue || timer != nil || droppedTimers > 0 || hasTimersAgain
        }
    }

    /// Takes in the next entry of its history.
    /// - Throws: `WireError`; ``UnknownEvent``.
    public mutating func apply(_ entry: EntryView) throws {
        let kind = try State.kind(of: entry)
        do throws(WireError) {
            _ = try apply(kind, entry)
        } catch  where error.unknown != nil {
            throw entry.error(error)
        }
    }

    /// Takes in one of its entries after the first.
    mutating func apply(_ kind: EventKind, _ entry: EntryView) throws(WireError) -> Change {
        try entry.header.check(follows: last, of: entries)
        try KnownValues.check(kind, entry)
        let wasClaimable = isClaimable
        let oldDeadline = deadline
        last = entry.header.sequence
        entries += 1
        updatedAt = entry.header.time
        var change = Change()
        switch kind {
        case .checkpointSucceeded, .operationRecorded:
            try progress.record(entry)
            losses = 0
            if status == .waiting { status = .running }
            if kind == .operationRecorded { try applyRecorded(entry) }
            return change
        case .checkpointFailed:
            let isHandled = try Self.isHandled(entry)
            try progress.record(entry, failed: !isHandled)
            losses = 0
            if status == .waiting { status = .running }
            return change
        case .logRecorded, .executionWaiting:
            if kind == .executionWaiting, status == .running { status = .waiting }
            return change
        case .operationStarted:
            if status == .waiting { status = .running }
            return change
        case .branchesStarted:
            try progress.split(entry)
            losses = 0
            if status == .waiting { status = .running }
        case .branchSettled:
            try applySettled(entry, &change)
            // It may have waited for nothing else.
            if status == .waiting { status = .running }
        case .timerStarted, .signalAwaited, .operationRetried:
            try applyWait(kind, entry, &change)
        case .timerFired, .signalDelivered: try applyWake(kind, entry, &change)
        case .signalReceived: try applySignal(entry)
        case .executionReadied, .executionClaimed, .leaseLost, .leaseReleased:
            try applyLease(kind, entry, &change)
        case .attemptFailed: try applyAttemptFailed(entry, &change)
        case .executionParked:
            isParked = true
            session = nil
        case .executionPaused: isPaused = true
        case .executionResumed: isPaused = false
        case .executionReopened:
            // What had ended had no deadlines.
            change.hasTimersAgain = status.isFinal
            applyReopened(entry, &change)
        case .commandRefused: try applyRefused(entry)
        case .executionCompleted, .executionFailed, .executionTimedOut, .executionCancelled,
            .executionExpired, .executionContinued:
            change.droppedTimers = status.isFinal ? 0 : waitTable.deadlineCount
            try applyFailedOperation(kind, entry)
            change.closed = try applyEnd(kind, entry)
        case .executionClosed:
            guard isCleaning else { throw WireError("it closes what has not ended") }
            session = nil
            change.closed = true
        case .executionSubmitted, .journalCreated, .sessionOpened, .sessionClosed, .sessionLost,
            .contentTypeInterned, .snapshotTaken, .journalAdopted:
            throw WireError("\(kind.name) does not belong into an execution's history")
        }
        if oldDeadline != deadline, oldDeadline.rawValue != 0 { change.droppedTimers += 1 }
        let isClaimable = isClaimable
        if isClaimable, !wasClaimable {
            readySequence = entry.header.sequence
            change.becameClaimable = true
        }
        change.leftQueue = wasClaimable && !isClaimable
        return change
    }

    // MARK: Leases

    private mutating func applyLease(
        _ kind: EventKind,
        _ entry: EntryView,
        _ change: inout Change
    ) throws(WireError) {
        switch kind {
        case .executionReadied:
            let event = try ProtoExecutionReadied(decoding: entry)
            status = .ready
            if startAt.rawValue == 0 {
                startAt =
                    event.notBefore == 0
                    ? entry.header.time : Timestamp(rawValue: event.notBefore)
            }
            hold(until: event.notBefore, &change)
        case .executionClaimed:
            let claim = try LeaseFields(entry.eventBytes)
            guard claim.epoch > epoch, claim.epoch < .max else {
                throw WireError("it is claimed with the epoch \(claim.epoch) after \(epoch)")
            }
            status = .running
            session = entry.header.session == 0 ? nil : entry.header.session
            epoch = claim.epoch
            let attempt = UInt32(truncatingIfNeeded: claim.number)
            self.attempt = attempt
            beginsAttempt = false
            if startedAt.rawValue == 0 { startedAt = entry.header.time }
            if claim.deadline != deadline.rawValue {
                deadline = Timestamp(rawValue: claim.deadline)
                change.timer = ownTimer
            }
        case .leaseLost, .leaseReleased:
            let lease = try LeaseFields(entry.eventBytes)
            if kind == .leaseLost {
                guard lease.number <= UInt64(losses) + 1 else {
                    throw WireError("it counts \(lease.number) losses after \(losses)")
                }
                losses = UInt32(truncatingIfNeeded: lease.number)
            }
            if status == .running { status = .ready }
            session = nil
        default: break
        }
    }

    var ownTimer: TimerItem? {
        deadline.rawValue == 0 ? nil : TimerItem(deadline: deadline, execution: number, wait: 0)
    }

    private mutating func hold(until time: UInt64, _ change: inout Change) {
        isDelayed = time != 0
        deadline = Timestamp(rawValue: time)
        change.timer = ownTimer
    }

    private mutating func applyAttemptFailed(
        _ entry: EntryView,
        _ change: inout Change
    ) throws(WireError) {
        let event = try ProtoAttemptFailed(decoding: entry)
        status = .ready
        if !event.held { session = nil }
        rare.previousFailure = entry.header.sequence
        if event.hasFailedOperation {
            undo(OperationPath(event.failedOperation), entry, &change)
        }
        beginNextAttempt(entry, &change)
        hold(until: event.retryAt, &change)
    }

    /// Opens an operation again with whose failure an attempt ended, and lets go of what followed.
    private mutating func undo(
        _ path: OperationPath,
        _ entry: EntryView,
        _ change: inout Change
    ) {
        progress.undo(path, entry.header.sequence)
        if !waitTable.isEmpty { change.droppedTimers += rare.waits.undo(path) }
    }

    private mutating func beginNextAttempt(_ entry: EntryView, _ change: inout Change) {
        beginsAttempt = true
        progress.beginAttempt(entry.header.sequence)
        // A try that was to follow is not followed by one: the operation begins anew.
        if !waitTable.isEmpty { change.droppedTimers += rare.waits.removeRetries() }
    }

    private mutating func applyReopened(_ entry: EntryView, _ change: inout Change) {
        let begins = !isParked || status.isFinal
        status = .ready
        if begins { beginNextAttempt(entry, &change) }
        isParked = false
        isDelayed = false
        losses = 0
        session = nil
        // It may have been cancelled before anybody asked for it to run.
        if startAt.rawValue == 0 { startAt = entry.header.time }
        // An attempt that goes on goes on with its time.
        if beginsAttempt { deadline = Timestamp(rawValue: 0) }
        finishedAt = Timestamp(rawValue: 0)
        if !errorCode.isEmpty { rare.errorCode = "" }
    }

    // MARK: Waiting

    private mutating func applyWait(
        _ kind: EventKind,
        _ entry: EntryView,
        _ change: inout Change
    ) throws(WireError) {
        let (proto, deadline, isIdle): (ProtoOperation, UInt64, Bool)
        let waitKind: Wait.Kind
        switch kind {
        case .timerStarted:
            let event = try ProtoTimerStarted(decoding: entry)
            (proto, deadline, isIdle) = (event.operation, event.deadline, event.idle)
            waitKind = .timer
            try progress.record(entry)
        case .signalAwaited:
            let event = try ProtoSignalAwaited(decoding: entry)
            (proto, deadline, isIdle) = (event.operation, event.deadline, event.idle)
            waitKind = .signal
            try progress.record(entry)
        default:
            let event = try ProtoOperationRetried(decoding: entry)
            (proto, deadline, isIdle) = (event.operation, event.retryAt, event.idle)
            waitKind = .retry
        }
        losses = 0
        let wait = Wait(
            kind: waitKind,
            operation: try Operation(proto),
            deadline: deadline == 0 ? nil : Timestamp(rawValue: deadline),
            sequence: entry.header.sequence
        )
        rare.waits.insert(wait)
        if let deadline = wait.deadline {
            change.timer = TimerItem(deadline: deadline, execution: number, wait: wait.sequence)
        }
        if isIdle, status == .running { status = .waiting }
    }

    private mutating func applyWake(
        _ kind: EventKind,
        _ entry: EntryView,
        _ change: inout Change
    ) throws(WireError) {
        let (proto, readies): (ProtoOperation, Bool)
        if kind == .timerFired {
            let event = try ProtoTimerFired(decoding: entry)
            (proto, readies) = (event.operation, event.readies)
        } else {
            let event = try ProtoSignalDelivered(decoding: entry)
            (proto, readies) = (event.operation, event.readies)
            rare.mailbox.remove(event.signal, named: Name(event.operation.name))
        }
        let operation = try Operation(proto)
        if waitCount > 0, let wait = rare.waits.remove(of: operation) {
            if wait.deadline != nil { change.droppedTimers += 1 }
        } else if kind == .signalDelivered {
            // It was there before it was asked for: the operation begins and ends with this entry.
            try progress.record(entry)
            losses = 0
        } else {
            throw WireError("a timer fires that was not started")
        }
        if readies {
            if status == .waiting || status == .running { status = .ready }
            session = nil
        } else if status == .waiting {
            status = .running
        }
    }

    private mutating func applySignal(_ entry: EntryView) throws(WireError) {
        let event = try ProtoSignalReceived(decoding: entry)
        let source = event.origin == 0 ? entry.header.sequence : event.origin
        rare.mailbox.insert(source, named: Name(event.name))
        if !event.signalID.isEmpty { rare.signalIDs.insert(Name(event.signalID)) }
    }

    // MARK: Operations

    private mutating func applyRecorded(_ entry: EntryView) throws(WireError) {
        let operation = try Operation(ProtoOperationRecorded(decoding: entry).operation)
        switch operation.kind {
        case .storeSet: rare.store[operation.name] = entry.header.sequence
        case .storeDelete: rare.store[operation.name] = nil
        case .output:
            rare.outputs.set(operation.name, entry.header.sequence)
        default: break
        }
    }

    private mutating func applySettled(
        _ entry: EntryView,
        _ change: inout Change
    ) throws(WireError) {
        let event = try ProtoBranchSettled(decoding: entry)
        try progress.settle(entry, failed: event.failed)
        // The other branches no longer count, and neither does what they wait for.
        let settled = try Operation(event.operation)
        guard waitCount > 0 else { return }
        change.droppedTimers += rare.waits.removeBranches(
            ofOperationAt: settled.position,
            in: settled.scope,
            except: event.branch
        )
    }

    /// Whether the handler takes a failure as a result.
    private static func isHandled(_ entry: EntryView) throws(WireError) -> Bool {
        var reader = WireReader(entry.eventBytes)
        while let field = try reader.field() {
            if field == Wire.CheckpointFailed.handled { return try reader.varint() != 0 }
            try reader.skip(field)
        }
        return false
    }

    private mutating func applyRefused(_ entry: EntryView) throws(WireError) {
        let event = try ProtoCommandRefused(decoding: entry)
        if event.epoch != 0 { rare.refusedEpochs.append(event.epoch) }
    }

    // MARK: The end

    /// The operation that an end names is open again once somebody has it run again.
    private mutating func applyFailedOperation(
        _ kind: EventKind,
        _ entry: EntryView
    ) throws(WireError) {
        var failed: ProtoOperationPath?
        if kind == .executionFailed {
            let event = try ProtoExecutionFailed(decoding: entry)
            if event.hasFailedOperation { failed = event.failedOperation }
        } else if kind == .executionTimedOut {
            let event = try ProtoExecutionTimedOut(decoding: entry)
            if event.hasFailedOperation { failed = event.failedOperation }
        }
        // What waits is counted already: with the end all of that is over.
        var change = Change()
        if let failed { undo(OperationPath(failed), entry, &change) }
    }

    /// - Returns: whether nothing is left to clean up.
    private mutating func applyEnd(_ kind: EventKind, _ entry: EntryView) throws(WireError) -> Bool
    {
        switch kind {
        case .executionCompleted: status = .completed
        case .executionContinued: status = .completed
        case .executionTimedOut: status = .timedOut
        case .executionCancelled: status = .cancelled
        case .executionExpired: status = .expired
        default: status = .failed
        }
        let end = try EndFields(entry)
        finishedAt = entry.header.time
        if !end.errorCode.isEmpty { rare.errorCode = end.errorCode }
        // Whoever has it run again is told.
        if kind == .executionFailed || kind == .executionTimedOut {
            rare.previousFailure = entry.header.sequence
        }
        isDelayed = false
        deadline = Timestamp(rawValue: 0)
        if end.closes { session = nil }
        return end.closes
    }
}

/// The numbers that the lease events begin with: the epoch, an attempt or a count, a deadline.
struct LeaseFields {
    var epoch: UInt64 = 0
    var number: UInt64 = 0
    var deadline: UInt64 = 0

    init(_ bytes: UnsafeRawBufferPointer) throws(WireError) {
        var reader = WireReader(bytes)
        while let field = try reader.field() {
            switch field {
            case Wire.ExecutionClaimed.epoch: epoch = try reader.varint()
            case Wire.ExecutionClaimed.attempt: number = try reader.varint()
            case Wire.ExecutionClaimed.deadline: deadline = try reader.fixed64()
            default: try reader.skip(field)
            }
        }
    }
}

/// What all final events have in common, in fields of the same numbers: the code of an error, and
/// whether nothing is left to clean up.
private struct EndFields {
    var errorCode = ""
    var closes = false

    init(_ entry: EntryView) throws(WireError) {
        var reader = WireReader(entry.eventBytes)
        while let field = try reader.field() {
            switch field {
            case Wire.ExecutionFailed.error:
                var error = WireReader(try reader.bytes())
                while let field = try error.field() {
                    if field == Wire.Error.code {
                        errorCode = try error.string()
                    } else {
                        try error.skip(field)
                    }
                }
            case Wire.ExecutionFailed.closes: closes = try reader.varint() != 0
            default: try reader.skip(field)
            }
        }
    }
}
