public import DaybookFormat
import DequeModule
import HeapModule

/// An entry that this version cannot take in.
public struct UnknownEvent: Error, Equatable, Sendable, CustomStringConvertible {
    /// The entry.
    public let sequence: UInt64
    /// The field number of its event in `daybook.v1.Entry`.
    public let event: UInt32
    /// The version of the event's meaning.
    public let schema: UInt32

    /// What was found and what to do.
    public var description: String {
        "entry \(sequence) holds an event (number \(event), schema \(schema)) of a newer version of Daybook; this process can read but not write this journal: use that version"
    }
}

/// An entry that contradicts those before it.
public struct InconsistentEntry: Error, Equatable, Sendable, CustomStringConvertible {
    /// The entry.
    public let sequence: UInt64
    /// What is wrong with it.
    public let reason: String

    /// The entry and what is wrong with it.
    public var description: String { "entry \(sequence): \(reason)" }
}

/// Folds the history of a closed execution, for an entry that opens it again: what is closed is
/// not kept in memory.
public typealias HistoryFold = (_ execution: UInt64, _ before: UInt64) throws -> ExecutionState

extension State {
    /// Stands for a fold that cannot look into the past.
    public static func noHistory(_ execution: UInt64, _ before: UInt64) throws -> ExecutionState {
        throw InconsistentEntry(
            sequence: before,
            reason: "the execution \(execution) that it is about is not open"
        )
    }

    /// Takes in an entry that is on the disk.
    /// - Parameter history: asked for an execution that was closed and that the entry opens again.
    /// - Returns: the execution that the entry closes, if it closes one.
    /// - Throws: ``UnknownEvent``, ``InconsistentEntry``; what `history` throws.
    @discardableResult
    public mutating func apply(
        committed entry: EntryView,
        _ history: HistoryFold = Self.noHistory
    ) throws -> ExecutionState? {
        let kind = try Self.kind(of: entry)
        do {
            var closed: ExecutionState?
            if entry.header.execution != 0 {
                closed = try applyToExecution(kind, entry, history)
            } else {
                try base.journal.apply(kind, entry)
                try Self.apply(kind, entry, &base.sessions)
            }
            base.next = entry.header.sequence + 1
            return closed
        } catch let error as WireError {
            throw InconsistentEntry(sequence: entry.header.sequence, reason: error.reason)
        }
    }

    static func kind(of entry: EntryView) throws(UnknownEvent) -> EventKind {
        guard let kind = EventKind(rawValue: entry.event), entry.header.schema <= 1 else {
            throw UnknownEvent(
                sequence: entry.header.sequence,
                event: entry.event,
                schema: entry.header.schema
            )
        }
        return kind
    }

    private mutating func applyToExecution(
        _ kind: EventKind,
        _ entry: EntryView,
        _ history: HistoryFold
    ) throws -> ExecutionState? {
        let number = entry.header.execution
        if kind == .executionSubmitted {
            insert(try newState(entry))
            return nil
        }
        if kind == .executionReopened, base.executions[number] == nil {
            var state = try history(number, entry.header.sequence)
            let change = try state.apply(kind, entry)
            insert(state)
            follow(change, state)
            return nil
        }
        let change = try base.executions.update(number) { state throws(WireError) in
            try state.apply(kind, entry)
        }
        guard let change else { throw Self.notOpen(entry) }
        if change.closed {
            return base.executions.remove(number)
        }
        if change.becameClaimable || change.leftQueue || change.timer != nil || change.droppedTimer,
            let state = base.executions[number]
        {
            follow(change, state)
        }
        return nil
    }

    /// Brings queues and timers up to date.
    private mutating func follow(_ change: ExecutionState.Change, _ state: ExecutionState) {
        if change.becameClaimable {
            enqueue(state.type, ReadyItem(number: state.number, sequence: state.readySequence))
        }
        if change.leftQueue { trimQueue(state.type) }
        if let timer = change.timer { base.timers.insert(timer) }
        if change.droppedTimer { base.timers.noteDropped() }
    }

    private func newState(_ entry: EntryView) throws -> ExecutionState {
        guard entry.header.execution == entry.header.sequence else {
            throw InconsistentEntry(
                sequence: entry.header.sequence,
                reason:
                    "it submits the execution \(entry.header.execution), which is not its own sequence"
            )
        }
        return try ExecutionState(submitted: entry) { base.types[TypeName($0)] ?? $0 }
    }

    /// Puts an execution into the base, and shares its type's name with those to come.
    private mutating func insert(_ state: ExecutionState) {
        base.executions.insert(state)
        if base.types[TypeName(state.type)] == nil { base.types[TypeName(state.type)] = state.type }
        for timer in state.timers { base.timers.insert(timer) }
    }

    private static func notOpen(_ entry: EntryView) -> InconsistentEntry {
        InconsistentEntry(
            sequence: entry.header.sequence,
            reason: "the execution \(entry.header.execution) that it is about is not open"
        )
    }

    private mutating func enqueue(_ type: String, _ item: ReadyItem) {
        var queue = base.ready.removeValue(forKey: TypeName(type)) ?? ReadyQueue()
        queue.items.append(item)
        if queue.items.count > queue.limit {
            queue.items.removeAll { item in
                base.executions[item.number].map { !isQueued($0, item) } ?? true
            }
            queue.limit = max(64, queue.items.count * 2)
        }
        base.ready[TypeName(type)] = queue
    }

    /// Drops places at the head of a queue that are void.
    private mutating func trimQueue(_ type: String) {
        let name = TypeName(type)
        while let item = base.ready[name]?.items.first {
            if let state = base.executions[item.number], isQueued(state, item) { return }
            base.ready[name]?.items.removeFirst()
        }
    }

    // MARK: The batch under way

    /// Takes in an entry of the batch under way.
    /// - Throws: ``UnknownEvent``, ``InconsistentEntry``; what `history` throws.
    public mutating func apply(pending entry: EntryView, _ history: HistoryFold = Self.noHistory)
        throws
    {
        let kind = try Self.kind(of: entry)
        do {
            try applyPending(kind, entry, history)
        } catch let error as WireError {
            throw InconsistentEntry(sequence: entry.header.sequence, reason: error.reason)
        }
    }

    private mutating func applyPending(
        _ kind: EventKind,
        _ entry: EntryView,
        _ history: HistoryFold
    ) throws {
        overlay.next = entry.header.sequence + 1
        let number = entry.header.execution
        guard number != 0 else {
            var journal = journal
            var sessions = sessions
            try journal.apply(kind, entry)
            try Self.apply(kind, entry, &sessions)
            overlay.journal = journal
            overlay.sessions = sessions
            return
        }
        if overlay.executions[number] == nil { overlay.order.append(number) }
        if kind == .executionSubmitted {
            overlay.executions[number] = .some(try newState(entry))
            return
        }
        var state: ExecutionState
        if let open = execution(number) {
            state = open
        } else if kind == .executionReopened {
            state = try history(number, entry.header.sequence)
        } else {
            throw Self.notOpen(entry)
        }
        let change = try state.apply(kind, entry)
        overlay.executions[number] = .some(change.closed ? nil : state)
        if !change.closed {
            overlay.changes.append((state.type, state.number, state.readySequence, change))
        }
    }

    /// Merges the batch: it is on the disk.
    public mutating func commit() {
        guard !overlay.isEmpty else { return }
        base.next = overlay.next
        for number in overlay.order {
            if let state = overlay.executions[number] ?? nil {
                // What had ended and was reopened has its deadlines back.
                if base.executions[number]?.status.isFinal ?? true {
                    insert(state)
                } else {
                    base.executions.insert(state)
                }
            } else {
                base.executions.remove(number)
            }
        }
        if let sessions = overlay.sessions { base.sessions = sessions }
        if let journal = overlay.journal { base.journal = journal }
        let changes = overlay.changes
        overlay = Overlay()
        for (type, number, readySequence, change) in changes {
            if change.becameClaimable {
                enqueue(type, ReadyItem(number: number, sequence: readySequence))
            }
            if let timer = change.timer { base.timers.insert(timer) }
            if change.droppedTimer { base.timers.noteDropped() }
        }
        for (type, _, _, change) in changes where change.leftQueue { trimQueue(type) }
    }

    /// Drops the batch: it is not on the disk, and will not be.
    public mutating func rollBack() { overlay = Overlay() }

    // MARK: Time

    /// When something happens by itself for the next time, by what is on the disk; nil: not ever.
    /// May be too early, never too late.
    public var nextDeadline: Timestamp? { base.timers.next }

    /// Lets the time pass: finds what is due, for ``FireTimers``.
    public mutating func advance(to now: Timestamp, limit: Int) {
        let executions = base.executions
        base.timers.advance(to: now, limit: limit) { item in
            executions[item.execution]?.hasTimer(item) ?? false
        }
    }
}
