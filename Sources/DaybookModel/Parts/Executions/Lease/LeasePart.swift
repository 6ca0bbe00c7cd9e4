import DaybookFormat
import SwiftProtobuf

extension ExecutionPart {
    /// Leases and attempts: who holds an execution, how often it was claimed, tried and lost.
    static let lease = ExecutionPart(
        name: "lease",
        schema: 4,
        kinds: [
            .executionClaimed, .leaseLost, .leaseReleased, .attemptFailed, .executionParked,
            .executionReopened, .commandRefused, .checkpointSucceeded, .checkpointFailed,
            .operationRecorded, .branchesStarted, .timerStarted, .signalAwaited,
            .operationRetried, .timerFired, .signalDelivered, .executionCompleted,
            .executionFailed, .executionTimedOut, .executionCancelled, .executionExpired,
            .executionContinued, .executionClosed, .cleaningEnded, .childStarted, .childEnded,
            .childrenAwaited, .childrenSettled,
        ],
        apply: LeaseState.apply,
        write: LeaseState.write,
        read: LeaseState.read
    )
}

extension LeaseState {
    @Sendable
    static func apply(
        _ state: inout ExecutionState,
        _ entry: EntryView,
        _ change: inout ExecutionState.Change
    ) throws(WireError) {
        switch change.kind {
        case .checkpointSucceeded, .checkpointFailed, .operationRecorded, .branchesStarted,
            .timerStarted, .signalAwaited, .operationRetried, .cleaningEnded, .childStarted,
            .childrenAwaited:
            // It gets on: whoever was lost before did not die of it.
            state.lease.losses = 0
        case .childEnded:
            if try entry.flag(Wire.ChildEnded.readies) { state.lease.session = nil }
        case .childrenSettled:
            if try entry.flag(Wire.ChildrenSettled.readies) { state.lease.session = nil }
        case .timerFired:
            if try entry.flag(Wire.TimerFired.readies) { state.lease.session = nil }
        case .signalDelivered:
            // Given at once it is the record of the operation.
            if try !state.isWaiting(entry.operation()) { state.lease.losses = 0 }
            if try entry.flag(Wire.SignalDelivered.readies) { state.lease.session = nil }
        case .executionClaimed where change.wasFinal:
            // For cleaning: the next attempt, should there be one, begins as it would have.
            let begins = state.lease.beginsAttempt
            try state.lease.take(LeaseFields(entry.eventBytes), change.kind, entry)
            state.lease.beginsAttempt = begins
        case .executionClaimed, .leaseLost, .leaseReleased:
            try state.lease.take(LeaseFields(entry.eventBytes), change.kind, entry)
        case .attemptFailed:
            if try !entry.flag(Wire.AttemptFailed.held) { state.lease.session = nil }
            state.rare.previousFailure = entry.header.sequence
            state.lease.beginsAttempt = true
        case .executionParked, .executionClosed: state.lease.session = nil
        case .executionReopened:
            if change.beginsAttempt { state.lease.beginsAttempt = true }
            state.lease.losses = 0
            state.lease.session = nil
            // The retry policy's count begins anew, with the attempt that is under way if there is one.
            let attempt = state.lease.attempt
            let before = state.lease.beginsAttempt ? attempt : max(attempt, 1) - 1
            if before != 0 { state.rare.attemptsBefore = before }
        case .commandRefused:
            let epoch = try entry.number(Wire.CommandRefused.epoch)
            if epoch != 0 { state.rare.refusedEpochs.append(epoch) }
        default:
            // Whoever has it run again is told.
            if change.kind == .executionFailed || change.kind == .executionTimedOut {
                state.rare.previousFailure = entry.header.sequence
            }
            if try entry.flag(Wire.ExecutionFailed.closes) { state.lease.session = nil }
        }
    }

    private mutating func take(
        _ fields: LeaseFields,
        _ kind: EventKind,
        _ entry: EntryView
    ) throws(WireError) {
        guard kind == .executionClaimed else {
            if kind == .leaseLost {
                guard fields.number <= UInt64(losses) + 1 else {
                    throw WireError("it counts \(fields.number) losses after \(losses)")
                }
                losses = UInt32(truncatingIfNeeded: fields.number)
            }
            session = nil
            return
        }
        guard fields.epoch > epoch, fields.epoch < .max else {
            throw WireError("it is claimed with the epoch \(fields.epoch) after \(epoch)")
        }
        session = entry.header.session == 0 ? nil : entry.header.session
        epoch = fields.epoch
        attempt = UInt32(truncatingIfNeeded: fields.number)
        beginsAttempt = false
    }
}

/// The numbers that the lease events begin with: the epoch, an attempt or a count.
private struct LeaseFields {
    var epoch: UInt64 = 0
    var number: UInt64 = 0

    init(_ bytes: UnsafeRawBufferPointer) throws(WireError) {
        var reader = WireReader(bytes)
        while let field = try reader.field() {
            switch field {
            case Wire.ExecutionClaimed.epoch: epoch = try reader.varint()
            case Wire.ExecutionClaimed.attempt: number = try reader.varint()
            default: try reader.skip(field)
            }
        }
    }
}

// MARK: In a snapshot

/// A `daybook.v1.ExecutionLease`.
extension LeaseState {
    @Sendable
    fileprivate static func write(
        _ state: borrowing ExecutionState,
        to writer: inout WireWriter,
        _ nested: inout WireWriter
    ) {
        writer.varint(state.session ?? 0, Wire.ExecutionLease.session)
        writer.varint(state.epoch, Wire.ExecutionLease.epoch)
        writer.varint(UInt64(state.attempt), Wire.ExecutionLease.attempt)
        writer.varint(UInt64(state.losses), Wire.ExecutionLease.losses)
        writer.bool(!state.beginsAttempt, Wire.ExecutionLease.continuesAttempt)
        writer.varint(state.previousFailure ?? 0, Wire.ExecutionLease.previousFailure)
        writer.packed(state.refusedEpochs, Wire.ExecutionLease.refusedEpochs)
        writer.varint(UInt64(state.rare.attemptsBefore), Wire.ExecutionLease.attemptsBefore)
    }

    @Sendable
    fileprivate static func read(
        _ state: inout ExecutionState,
        _ bytes: UnsafeRawBufferPointer
    ) throws(WireError) {
        var reader = WireReader(bytes)
        var read = LeaseState()
        while let field = try reader.field() {
            switch field {
            case Wire.ExecutionLease.session:
                let number = try reader.varint()
                read.session = number == 0 ? nil : number
            case Wire.ExecutionLease.epoch: read.epoch = try reader.varint()
            case Wire.ExecutionLease.attempt:
                read.attempt = UInt32(truncatingIfNeeded: try reader.varint())
            case Wire.ExecutionLease.losses:
                read.losses = UInt32(truncatingIfNeeded: try reader.varint())
            case Wire.ExecutionLease.continuesAttempt:
                read.beginsAttempt = try reader.varint() == 0
            case Wire.ExecutionLease.previousFailure:
                state.rare.previousFailure = try reader.varint()
            case Wire.ExecutionLease.refusedEpochs:
                state.rare.refusedEpochs = try reader.packed()
            case Wire.ExecutionLease.attemptsBefore:
                state.rare.attemptsBefore = UInt32(truncatingIfNeeded: try reader.varint())
            default: try reader.skip(field)
            }
        }
        state.lease = read
    }
}
