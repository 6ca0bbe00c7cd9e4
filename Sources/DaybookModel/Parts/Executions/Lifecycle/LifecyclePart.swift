import DaybookFormat
import SwiftProtobuf

extension ExecutionPart {
    /// Where an execution stands: its status, what holds it up, its own deadline.
    static let lifecycle = ExecutionPart(
        name: "lifecycle",
        schema: 5,
        kinds: [
            .executionSubmitted, .executionReadied, .executionClaimed, .leaseLost, .leaseReleased,
            .attemptFailed, .executionParked, .executionPaused, .executionResumed,
            .executionReopened, .executionWaiting, .checkpointSucceeded, .checkpointFailed,
            .operationRecorded, .operationStarted, .branchesStarted, .branchSettled,
            .timerStarted, .signalAwaited, .operationRetried, .timerFired, .signalDelivered,
            .executionCompleted, .executionFailed, .executionTimedOut, .executionCancelled,
            .executionExpired, .executionContinued, .executionClosed, .cleaningEnded,
            .cleaningSkipped, .operationResolved, .childStarted, .childEnded, .childrenAwaited,
            .childrenSettled, .payloadsErased, .executionArchived,
        ],
        apply: Lifecycle.apply,
        write: Lifecycle.write,
        read: Lifecycle.read
    )
}

extension Lifecycle {
    @Sendable
    static func apply(
        _ state: inout ExecutionState,
        _ entry: EntryView,
        _ change: inout ExecutionState.Change
    ) throws(WireError) {
        switch change.kind {
        case .checkpointSucceeded, .checkpointFailed, .operationRecorded, .operationStarted,
            .branchesStarted, .branchSettled:
            // After a branch was settled it may have waited for nothing else.
            if state.lifecycle.status == .waiting { state.lifecycle.status = .running }
        case .timerStarted, .signalAwaited, .operationRetried, .childStarted, .childrenAwaited:
            if change.kind == .childStarted, try entry.flag(Wire.ChildStarted.spawned) {
                // It goes on, as after any operation that has an outcome.
                if state.lifecycle.status == .waiting { state.lifecycle.status = .running }
            } else if state.lifecycle.status == .running, try entry.isIdle(change.kind) {
                state.lifecycle.status = .waiting
            }
        case .executionWaiting:
            if state.lifecycle.status == .running { state.lifecycle.status = .waiting }
        case .timerFired, .signalDelivered, .childEnded, .childrenSettled:
            try state.lifecycle.wake(change.kind, entry)
        case .executionSubmitted:
            state.lifecycle.deadline = try entry.time(Wire.ExecutionSubmitted.expiresAt)
            change.timer = state.ownTimer
        case .executionReadied:
            let time = try entry.time(Wire.ExecutionReadied.notBefore)
            state.lifecycle.status = .ready
            if state.startAt.rawValue == 0 {
                state.lifecycle.startAt = time.rawValue == 0 ? entry.header.time : time
            }
            state.hold(until: time, &change)
        case .executionClaimed: try state.claim(entry, &change)
        case .leaseLost, .leaseReleased:
            if state.lifecycle.status == .running { state.lifecycle.status = .ready }
        case .attemptFailed:
            state.lifecycle.status = .ready
            state.hold(until: try entry.time(Wire.AttemptFailed.retryAt), &change)
        case .executionParked: state.lifecycle.parkedBy = entry.header.sequence
        case .operationResolved:
            guard try entry.flag(Wire.OperationResolved.readies) else { return }
            state.lifecycle.parkedBy = 0
            // What cleans up goes on with that.
            if !change.wasFinal { state.lifecycle.status = .ready }
        case .executionPaused: state.lifecycle.isPaused = true
        case .executionResumed: state.lifecycle.isPaused = false
        case .executionReopened:
            if change.wasFinal, !change.beginsAttempt {
                // It goes on with its cleaning.
                state.lifecycle.parkedBy = 0
            } else {
                state.reopen(entry)
            }
        case .executionClosed:
            guard change.wasFinal else { throw WireError("it closes what has not ended") }
            state.lifecycle.parkedBy = 0
            change.closed = true
        case .cleaningEnded:
            guard change.wasFinal else { throw WireError("it cleans up what has not ended") }
        case .cleaningSkipped: break
        case .payloadsErased: try state.erase(entry, change)
        case .executionArchived: try state.archive(entry, change)
        default: try state.end(entry, &change)
        }
    }

    /// What an operation waited for has come.
    private mutating func wake(_ kind: EventKind, _ entry: EntryView) throws(WireError) {
        let field =
            switch kind {
            case .timerFired: Wire.TimerFired.readies
            case .signalDelivered: Wire.SignalDelivered.readies
            case .childrenSettled: Wire.ChildrenSettled.readies
            default: Wire.ChildEnded.readies
            }
        // Nobody waits for a child any more whose end is not heard of.
        if kind == .childEnded, try entry.flag(Wire.ChildEnded.unheard) { return }
        if try entry.flag(field) {
            if status == .waiting || status == .running { status = .ready }
        } else if status == .waiting {
            status = .running
        }
    }
}

extension ExecutionState {
    /// It becomes ready then; zero: it is so now.
    fileprivate mutating func hold(until time: Timestamp, _ change: inout Change) {
        lifecycle.isDelayed = time.rawValue != 0
        lifecycle.deadline = time
        change.timer = ownTimer
    }

    fileprivate mutating func claim(
        _ entry: EntryView,
        _ change: inout Change
    ) throws(WireError) {
        // For cleaning: it stays what it came to.
        if change.wasFinal { return }
        lifecycle.status = .running
        if startedAt.rawValue == 0 { lifecycle.startedAt = entry.header.time }
        let deadline = try entry.time(Wire.ExecutionClaimed.deadline)
        guard deadline != lifecycle.deadline else { return }
        lifecycle.deadline = deadline
        change.timer = ownTimer
    }

    fileprivate mutating func reopen(_ entry: EntryView) {
        lifecycle.status = .ready
        lifecycle.parkedBy = 0
        lifecycle.isDelayed = false
        // It may have been cancelled before anybody asked for it to run.
        if startAt.rawValue == 0 { lifecycle.startAt = entry.header.time }
        // An attempt that goes on goes on with its time.
        if beginsAttempt { lifecycle.deadline = Timestamp(rawValue: 0) }
        lifecycle.finishedAt = Timestamp(rawValue: 0)
        if !errorCode.isEmpty { rare.errorCode = "" }
    }

    fileprivate mutating func end(_ entry: EntryView, _ change: inout Change) throws(WireError) {
        lifecycle.status =
            switch change.kind {
            case .executionCompleted, .executionContinued: .completed
            case .executionTimedOut: .timedOut
            case .executionCancelled: .cancelled
            case .executionExpired: .expired
            case .executionFailed: try entry.failedStatus()
            default: .failed
            }
        lifecycle.finishedAt = entry.header.time
        if change.kind == .executionFailed {
            let first = try entry.time(Wire.ExecutionFailed.finishedAt)
            if first.rawValue != 0 { lifecycle.finishedAt = first }
        }
        lifecycle.isDelayed = false
        // Who ends it knows that it is parked; what it registered for its end is tried.
        lifecycle.parkedBy = 0
        lifecycle.deadline = Timestamp(rawValue: 0)
        let code = try entry.errorCode()
        if !code.isEmpty { rare.errorCode = code }
        change.closed = try entry.flag(Wire.ExecutionFailed.closes)
    }
}

extension EntryView {
    /// Whether all of an execution waits from this entry on.
    func isIdle(_ kind: EventKind) throws(WireError) -> Bool {
        switch kind {
        case .timerStarted: try flag(Wire.TimerStarted.idle)
        case .signalAwaited: try flag(Wire.SignalAwaited.idle)
        case .childStarted: try flag(Wire.ChildStarted.idle)
        case .childrenAwaited: try flag(Wire.ChildrenAwaited.idle)
        case .operationRetried: try flag(Wire.OperationRetried.idle)
        case .executionWaiting: true
        default: false
        }
    }

    /// Which status an execution has failed with.
    fileprivate func failedStatus() throws(WireError) -> ExecutionStatus {
        let number = Int(truncatingIfNeeded: try number(Wire.ExecutionFailed.cause))
        return switch ProtoExecutionFailed.Cause(rawValue: number) {
        case .children: .childrenTasksFailed
        case .finalizer: .finalizeTaskFailed
        default: .failed
        }
    }

    /// The code of the error that an execution ends with; all final events have it in the same field.
    fileprivate func errorCode() throws(WireError) -> String {
        var code = ""
        var reader = WireReader(eventBytes)
        while let field = try reader.field() {
            guard field == Wire.ExecutionFailed.error else {
                try reader.skip(field)
                continue
            }
            var error = WireReader(try reader.bytes())
            while let field = try error.field() {
                if field == Wire.Error.code {
                    code = try error.string()
                } else {
                    try error.skip(field)
                }
            }
        }
        return code
    }
}

// MARK: In a snapshot

/// A `daybook.v1.ExecutionLifecycle`.
extension Lifecycle {
    @Sendable
    fileprivate static func write(
        _ state: borrowing ExecutionState,
        to writer: inout WireWriter,
        _ nested: inout WireWriter
    ) {
        writer.varint(UInt64(state.status.proto.rawValue), Wire.ExecutionLifecycle.status)
        writer.varint(state.parkedBy, Wire.ExecutionLifecycle.parkedBy)
        writer.bool(state.isPaused, Wire.ExecutionLifecycle.paused)
        writer.bool(state.isDelayed, Wire.ExecutionLifecycle.delayed)
        writer.time(state.startAt, Wire.ExecutionLifecycle.startAt)
        writer.time(state.startedAt, Wire.ExecutionLifecycle.startedAt)
        writer.time(state.finishedAt, Wire.ExecutionLifecycle.finishedAt)
        writer.time(state.deadline, Wire.ExecutionLifecycle.deadline)
        writer.varint(state.readySequence, Wire.ExecutionLifecycle.readySequence)
        writer.string(state.errorCode, Wire.ExecutionLifecycle.errorCode)
    }

    @Sendable
    fileprivate static func read(
        _ state: inout ExecutionState,
        _ bytes: UnsafeRawBufferPointer
    ) throws(WireError) {
        var reader = WireReader(bytes)
        var read = Lifecycle()
        while let field = try reader.field() {
            switch field {
            case Wire.ExecutionLifecycle.status: read.status = try status(try reader.varint())
            case Wire.ExecutionLifecycle.parkedBy: read.parkedBy = try reader.varint()
            case Wire.ExecutionLifecycle.paused: read.isPaused = try reader.varint() != 0
            case Wire.ExecutionLifecycle.delayed: read.isDelayed = try reader.varint() != 0
            case Wire.ExecutionLifecycle.startAt: read.startAt = try reader.time()
            case Wire.ExecutionLifecycle.startedAt: read.startedAt = try reader.time()
            case Wire.ExecutionLifecycle.finishedAt: read.finishedAt = try reader.time()
            case Wire.ExecutionLifecycle.deadline: read.deadline = try reader.time()
            case Wire.ExecutionLifecycle.readySequence: read.readySequence = try reader.varint()
            case Wire.ExecutionLifecycle.errorCode: state.rare.errorCode = try reader.string()
            default: try reader.skip(field)
            }
        }
        state.lifecycle = read
    }

    private static func status(_ number: UInt64) throws(WireError) -> ExecutionStatus {
        guard let raw = Int(exactly: number),
            let proto = ProtoExecutionSummary.Status(rawValue: raw),
            let status = ExecutionStatus(proto)
        else { throw WireError("there is no status \(number)") }
        return status
    }
}
