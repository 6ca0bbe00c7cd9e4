import DaybookFormat
import SwiftProtobuf

extension ExecutionPart {
    /// How far the operations of each scope are recorded.
    static let progress = ExecutionPart(
        name: "progress",
        schema: 8,
        kinds: [
            .checkpointSucceeded, .checkpointFailed, .operationRecorded, .branchesStarted,
            .branchSettled, .timerStarted, .signalAwaited, .signalDelivered, .operationStarted,
            .operationRetried, .attemptFailed,
            .executionReopened, .executionFailed, .executionTimedOut, .executionCancelled,
            .childStarted, .childrenAwaited,
        ],
        apply: ScopeProgress.apply,
        write: { state, writer, nested in
            guard !state.progress.isUntouched else { return }
            state.progress.writeSnapshot(to: &writer, &nested, Wire.ExecutionProgress.scopes)
            state.progress.reopenings.write(to: &writer, &nested)
        },
        read: ScopeProgress.read
    )
}

extension ScopeProgress {
    @Sendable
    static func apply(
        _ state: inout ExecutionState,
        _ entry: EntryView,
        _ change: inout ExecutionState.Change
    ) throws(WireError) {
        switch change.kind {
        case .checkpointSucceeded, .operationRecorded, .timerStarted, .signalAwaited,
            .childStarted, .childrenAwaited:
            try state.progress.record(entry)
        case .checkpointFailed:
            // A failure that the handler takes as a result is one.
            let isHandled = try entry.flag(Wire.CheckpointFailed.handled)
            try state.progress.record(entry, failed: !isHandled)
        // Who tries an operation has dealt with the failure of the one before, as who begins it has.
        case .operationStarted, .operationRetried: try state.progress.start(entry)
        case .branchesStarted: try state.progress.split(entry)
        case .branchSettled:
            let failed = try entry.flag(Wire.BranchSettled.failed)
            try state.progress.settle(entry, failed: failed)
        case .signalDelivered:
            // It was there before it was asked for: the operation begins and ends with this entry.
            if try !state.isWaiting(entry.operation()) { try state.progress.record(entry) }
        default:
            if let path = try state.failedOperation(change.kind, entry),
                state.progress.canUndo(path)
            {
                state.progress.undo(path, entry.header.sequence)
                change.undone = [path]
            }
            if change.kind == .executionReopened, change.wasFinal, change.beginsAttempt {
                state.takeBackCleaned(entry.header.sequence, &change)
            }
            if change.beginsAttempt { state.progress.beginAttempt(entry.header.sequence) }
        }
    }

    @Sendable
    fileprivate static func read(
        _ state: inout ExecutionState,
        _ bytes: UnsafeRawBufferPointer
    ) throws(WireError) {
        var reader = WireReader(bytes)
        while let field = try reader.field() {
            switch field {
            case Wire.ExecutionProgress.scopes:
                try state.progress.read(snapshot: try reader.bytes())
            case Wire.ExecutionProgress.reopened:
                try state.progress.reopenings.readPlace(try reader.bytes())
            case Wire.ExecutionProgress.failedAgain:
                try state.progress.reopenings.readFailure(try reader.bytes())
            default: try reader.skip(field)
            }
        }
    }
}

extension ExecutionState {
    /// The operation with whose failure an entry ends an attempt or the execution, and after which all is taken
    /// back by it. Where checkpoints are to be undone first, that is left to the entry that opens the
    /// execution again.
    func failedOperation(
        _ kind: EventKind,
        _ entry: EntryView
    ) throws(WireError) -> OperationPath? {
        if kind != .attemptFailed, rare.cleaning.compensates { return nil }
        return try entry.failedOperation(kind)
    }

    /// The execution is opened again: what followed the failure that it ended with is taken back, what was
    /// cleaned up is from its registration on, and each checkpoint that was undone is by itself.
    fileprivate mutating func takeBackCleaned(_ sequence: UInt64, _ change: inout Change) {
        let endedBy = rare.cleaning.endedBy
        if let endedBy, progress.canUndo(endedBy) {
            progress.undo(endedBy, sequence)
            change.undone = [endedBy]
        }
        let cleaned = rare.cleaning.undone.compactMap { progress.takeBack($0, sequence) }
        change.undone += cleaned
        for (path, undoes) in rare.cleaning.renewed(endedBy, cleaned) {
            progress.renew(path, sequence, undoes)
        }
        for path in rare.cleaning.valuesRenewed(endedBy, cleaned) {
            progress.renew(path, sequence, .success)
        }
    }
}

extension EntryView {
    /// The operation with whose recorded failure an attempt or an execution ends: it is open again
    /// from then on. Nil: none, or the event ends nothing.
    func failedOperation(_ kind: EventKind) throws(WireError) -> OperationPath? {
        let wanted: WireField
        switch kind {
        case .attemptFailed: wanted = Wire.AttemptFailed.failedOperation
        case .executionFailed: wanted = Wire.ExecutionFailed.failedOperation
        case .executionTimedOut: wanted = Wire.ExecutionTimedOut.failedOperation
        case .executionCancelled: wanted = Wire.ExecutionCancelled.failedOperation
        default: return nil
        }
        var reader = WireReader(eventBytes)
        while let field = try reader.field() {
            if field == wanted {
                return OperationPath(try ProtoOperationPath(wire: try reader.bytes()))
            }
            try reader.skip(field)
        }
        return nil
    }
}
