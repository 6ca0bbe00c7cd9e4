import DaybookFormat
import SwiftProtobuf

extension ExecutionPart {
    /// What the operations of an execution wait for.
    static let waits = ExecutionPart(
        name: "waits",
        schema: 4,
        kinds: [
            .timerStarted, .signalAwaited, .operationRetried, .timerFired, .signalDelivered,
            .branchSettled, .attemptFailed, .executionReopened, .executionCompleted,
            .executionFailed, .executionTimedOut, .executionCancelled, .executionExpired,
            .executionContinued, .childStarted, .childEnded, .childrenAwaited, .childrenSettled,
        ],
        apply: WaitTable.apply,
        write: WaitTable.write,
        read: WaitTable.read
    )
}

extension ExecutionState {
    /// What its operations wait for, in the order in which they began. Once it has ended they wait
    /// for nothing; when it is reopened they go on.
    ///
    /// They are put into order for each who asks.
    package var waits: [Wait] { status.isFinal ? [] : rare.waits.inOrder }
    /// With how many operations it waits.
    var waitCount: Int { status.isFinal ? 0 : rare.waits.count }
    /// When the first of its waits ends by itself; nil: none does.
    var firstWaitDeadline: Timestamp? {
        status.isFinal ? nil : rare.waits.firstDeadline
    }
    /// What began to be waited for with an entry, and still is.
    func wait(since sequence: UInt64) -> Wait? { status.isFinal ? nil : rare.waits[sequence] }

    /// Whether an operation waits.
    func isWaiting(_ operation: Operation) -> Bool { isWaiting(OperationPath(operation)) }

    /// Whether the operation at a place waits.
    func isWaiting(_ path: OperationPath) -> Bool {
        !status.isFinal && rare.waits.sequence(at: path) != nil
    }

    /// The oldest wait for a signal of a name.
    func firstWait(forSignal name: Name) -> Wait? {
        status.isFinal ? nil : rare.waits.first(forSignal: name)
    }

    /// Whether a deadline of the heap still stands.
    func hasTimer(_ item: TimerItem) -> Bool {
        guard item.wait != 0 else { return deadline == item.deadline && deadline.rawValue != 0 }
        return wait(since: item.wait)?.deadline == item.deadline
    }

    /// Its deadlines.
    var timers: [TimerItem] {
        var items: [TimerItem] = []
        if let own = ownTimer { items.append(own) }
        guard !status.isFinal else { return items }
        for (deadline, sequence) in rare.waits.timed {
            items.append(TimerItem(deadline: deadline, execution: number, wait: sequence))
        }
        return items
    }
}

extension WaitTable {
    @Sendable
    fileprivate static func apply(
        _ state: inout ExecutionState,
        _ entry: EntryView,
        _ change: inout ExecutionState.Change
    ) throws(WireError) {
        switch change.kind {
        case .timerStarted: try state.begin(.timer, Wire.TimerStarted.deadline, entry, &change)
        case .signalAwaited: try state.begin(.signal, Wire.SignalAwaited.deadline, entry, &change)
        case .operationRetried:
            try state.begin(.retry, Wire.OperationRetried.retryAt, entry, &change)
        case .childStarted: try state.beginChild(entry)
        case .childrenAwaited:
            let operation = try entry.operation()
            state.rare.waits.insert(
                Wait(
                    kind: .children,
                    operation: operation,
                    deadline: nil,
                    sequence: entry.header.sequence
                )
            )
        case .childrenSettled:
            guard state.rare.waits.remove(of: try entry.operation())?.kind == .children else {
                throw WireError("children are settled that nobody waits for")
            }
        case .childEnded:
            guard try !entry.flag(Wire.ChildEnded.unheard) else { return }
            guard state.rare.waits.remove(of: try entry.operation())?.kind == .child else {
                throw WireError("a child ends that nobody waits for")
            }
        case .timerFired, .signalDelivered:
            let operation = try entry.operation()
            if state.waitCount > 0, let wait = state.rare.waits.remove(of: operation) {
                if wait.deadline != nil { change.droppedTimers += 1 }
            } else if change.kind == .timerFired {
                throw WireError("a timer fires that was not started")
            }
        case .branchSettled:
            guard state.waitCount > 0 else { return }
            // The other branches no longer count, and neither does what they wait for.
            let operation = try entry.operation()
            let ended = state.rare.waits.removeBranches(
                ofOperationAt: operation.position,
                in: operation.scope,
                except: UInt32(truncatingIfNeeded: try entry.number(Wire.BranchSettled.branch))
            )
            change.droppedTimers += ended.count { $0.deadline != nil }
            state.stopChildren(of: ended, by: entry.header.sequence, &change)
            guard !ended.isEmpty, try entry.flag(Wire.BranchSettled.failed) else { return }
            state.rare.stoppedWaits.insert(ended, state.progress)
        case .attemptFailed, .executionReopened:
            change.droppedTimers += try state.undoWaits(entry, &change)
            try state.resumeWaits(entry, &change)
        default:
            // With the end all of them are over; they are kept for whoever has it run again.
            if !change.wasFinal { change.droppedTimers += state.rare.waits.deadlineCount }
            _ = try state.undoWaits(entry, &change)
            let children = state.rare.waits.removeChildren()
            state.stopChildren(of: children, by: entry.header.sequence, &change)
            try state.resumeWaits(entry, &change)
        }
    }
}

extension ExecutionState {
    fileprivate mutating func begin(
        _ kind: Wait.Kind,
        _ field: WireField,
        _ entry: EntryView,
        _ change: inout Change
    ) throws(WireError) {
        let deadline = try entry.time(field)
        let wait = Wait(
            kind: kind,
            operation: try entry.operation(),
            deadline: deadline.rawValue == 0 ? nil : deadline,
            sequence: entry.header.sequence
        )
        rare.waits.insert(wait)
        guard let deadline = wait.deadline else { return }
        change.timer = TimerItem(deadline: deadline, execution: number, wait: wait.sequence)
    }

    /// - Returns: how many of the waits that this ends had a time.
    fileprivate mutating func undoWaits(
        _ entry: EntryView,
        _ change: inout Change
    ) throws(WireError) -> Int {
        guard !rare.waits.isEmpty else { return 0 }
        var ended: [Wait] = []
        if let path = try failedOperation(change.kind, entry) { ended += rare.waits.undo(path) }
        if change.kind == .executionReopened {
            for path in change.undone { ended += rare.waits.undo(path) }
        }
        stopChildren(of: ended, by: entry.header.sequence, &change)
        var count = ended.count { $0.deadline != nil }
        // A try that was to follow is not followed by one: the operation begins anew.
        if change.beginsAttempt { count += rare.waits.removeRetries() }
        return count
    }
}

extension ExecutionState {
    /// Branches that were stopped by a failure which was not dealt with wait again.
    fileprivate mutating func resumeWaits(
        _ entry: EntryView,
        _ change: inout Change
    ) throws(WireError) {
        guard !rare.stoppedWaits.waits.isEmpty else { return }
        if let path = try failedOperation(change.kind, entry) { rare.stoppedWaits.undo(path) }
        if change.kind == .executionReopened {
            for path in change.undone { rare.stoppedWaits.undo(path) }
        }
        for wait in rare.stoppedWaits.resume(progress) {
            rare.waits.insert(wait)
            // What has ended has no deadlines until it is reopened.
            guard !status.isFinal, let deadline = wait.deadline else { continue }
            change.resumedTimers.append(
                TimerItem(deadline: deadline, execution: number, wait: wait.sequence)
            )
        }
    }
}

// MARK: In a snapshot

/// A `daybook.v1.ExecutionWaits`.
extension WaitTable {
    @Sendable
    fileprivate static func write(
        _ state: borrowing ExecutionState,
        to writer: inout WireWriter,
        _ nested: inout WireWriter
    ) {
        var operation = WireWriter()
        for wait in state.rare.waits.inOrder {
            nested.removeAll()
            wait.writeSnapshot(to: &nested, &operation)
            writer.bytes(nested.bytes, Wire.ExecutionWaits.waits)
        }
        for wait in state.rare.stoppedWaits.waits.sorted(by: { $0.sequence < $1.sequence }) {
            nested.removeAll()
            wait.writeSnapshot(to: &nested, &operation)
            writer.bytes(nested.bytes, Wire.ExecutionWaits.stopped)
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
            case Wire.ExecutionWaits.waits:
                state.rare.waits.insert(try Wait(snapshot: try reader.bytes()))
            case Wire.ExecutionWaits.stopped:
                state.rare.stoppedWaits.insert(
                    [try Wait(snapshot: try reader.bytes())],
                    state.progress
                )
            default: try reader.skip(field)
            }
        }
    }
}

extension Wait {
    fileprivate func writeSnapshot(to writer: inout WireWriter, _ nested: inout WireWriter) {
        let kind: ProtoOpenWait.Kind =
            switch kind {
            case .timer: .timer
            case .signal: .signal
            case .retry: .retry
            case .child: .child
            case .children: .children
            }
        writer.varint(UInt64(kind.rawValue), Wire.OpenWait.kind)
        nested.removeAll()
        operation.write(to: &nested)
        writer.bytes(nested.bytes, Wire.OpenWait.operation)
        writer.time(deadline ?? Timestamp(rawValue: 0), Wire.OpenWait.deadline)
        writer.varint(sequence, Wire.OpenWait.sequence)
        writer.varint(child ?? 0, Wire.OpenWait.child)
    }

    fileprivate init(snapshot bytes: UnsafeRawBufferPointer) throws(WireError) {
        var kind = Kind.timer
        var operation: Operation?
        var deadline: Timestamp?
        var sequence: UInt64 = 0
        var child: UInt64?
        var reader = WireReader(bytes)
        while let field = try reader.field() {
            switch field {
            case Wire.OpenWait.child: child = try reader.varint()
            case Wire.OpenWait.kind:
                switch ProtoOpenWait.Kind(rawValue: Int(truncatingIfNeeded: try reader.varint())) {
                case .timer: kind = .timer
                case .signal: kind = .signal
                case .retry: kind = .retry
                case .child: kind = .child
                case .children: kind = .children
                default: throw WireError("it waits for something unknown")
                }
            case Wire.OpenWait.operation: operation = try Operation(reading: try reader.bytes())
            case Wire.OpenWait.deadline: deadline = try reader.time()
            case Wire.OpenWait.sequence: sequence = try reader.varint()
            default: try reader.skip(field)
            }
        }
        guard let operation else { throw WireError("nothing waits") }
        self.init(
            kind: kind,
            operation: operation,
            deadline: deadline,
            sequence: sequence,
            child: child
        )
    }
}
