public import DaybookFormat
import SwiftProtobuf

/// An entry that this version cannot take in.
public struct UnknownEvent: Error, Equatable, Sendable, CustomStringConvertible {
    /// The entry.
    public let sequence: UInt64
    /// The field number of its event in `daybook.v1.Entry`.
    public let event: UInt32
    /// The version of the event's meaning.
    public let schema: UInt32
    /// What in the event is not known; nil: the event itself, or its meaning.
    public let value: UnknownValue?

    /// Says what was found.
    public init(sequence: UInt64, event: UInt32, schema: UInt32, value: UnknownValue? = nil) {
        self.sequence = sequence
        self.event = event
        self.schema = schema
        self.value = value
    }

    /// What was found and what to do.
    public var description: String {
        let found = value?.description ?? "an event (number \(event), schema \(schema))"
        return
            "entry \(sequence) holds \(found) of a newer version of Daybook; this process can read but not write this journal: use that version"
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
        assert(!batch.isOpen, "an entry of others comes in the middle of a batch")
        let isClosed = try apply(entry, history)
        next = entry.header.sequence + 1
        // Hardly any entry closes one: a state is large, and is not handed through for nothing.
        return isClosed ? executions.remove(entry.header.execution) : nil
    }

    /// Takes in an entry of the batch under way.
    /// - Returns: the row that its execution's id has from now on, if the entry changes it.
    /// - Throws: ``UnknownEvent``, ``InconsistentEntry``; what `history` throws. The batch must end
    ///   then.
    mutating func apply(
        pending entry: EntryView,
        _ history: HistoryFold = Self.noHistory
    ) throws -> ExecutionIndexRow? {
        assert(batch.isOpen, "an entry of a batch comes before the batch has begun")
        let number = entry.header.execution
        if number != 0 { noteTouch(number) }
        batch.next = entry.header.sequence + 1
        if try apply(entry, history) { return executions.remove(number)?.closedIndexRow }
        switch EventKind(rawValue: entry.event) {
        case .executionSubmitted, .executionReopened: return executions[number]?.openIndexRow
        default: return nil
        }
    }

    /// - Returns: whether its execution is closed by it, and to be taken out.
    private mutating func apply(_ entry: EntryView, _ history: HistoryFold) throws -> Bool {
        let kind = try Self.kind(of: entry)
        do {
            guard entry.header.execution != 0 else {
                try journal.apply(kind, entry)
                try Self.apply(kind, entry, &sessions)
                return false
            }
            return try applyToExecution(kind, entry, history)
        } catch let error as WireError {
            throw entry.error(error)
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
    ) throws -> Bool {
        let number = entry.header.execution
        if kind == .executionSubmitted {
            insert(try newState(entry))
            return false
        }
        if kind == .executionReopened, !executions.contains(number) {
            var state = try history(number, entry.header.sequence)
            let change = try state.apply(kind, entry)
            state.type = intern(state.type)
            insert(state)
            follow(change, number)
            return false
        }
        let change = try executions.update(number) { state throws(WireError) in
            try state.apply(kind, entry)
        }
        guard let change else { throw Self.notOpen(entry) }
        if change.concernsOthers { follow(change, number) }
        return change.closed
    }

    /// Brings queues and timers up to date.
    private mutating func follow(_ change: ExecutionState.Change, _ number: UInt64) {
        let executions = executions
        guard executions.contains(number) else { return }
        if change.becameClaimable || change.leftQueue {
            let type = executions[known: number].type
            let isQueued = { (item: ReadyQueues.Item) in
                executions[item.number]?.isQueued(item) ?? false
            }
            if change.becameClaimable {
                let sequence = executions[known: number].readySequence
                let item = ReadyQueues.Item(number: number, sequence: sequence)
                ready.insert(item, type: type, isQueued)
            }
            if change.leftQueue { ready.trim(type: type, isQueued) }
        }
        if change.hasTimersAgain {
            for timer in executions[known: number].timers { timers.insert(timer) }
        } else if let timer = change.timer {
            timers.insert(timer)
        }
        if change.droppedTimers > 0 {
            timers.noteDropped(change.droppedTimers) { item in
                executions[item.execution]?.hasTimer(item) ?? false
            }
        }
    }

    private mutating func newState(_ entry: EntryView) throws -> ExecutionState {
        guard entry.header.execution == entry.header.sequence else {
            throw InconsistentEntry(
                sequence: entry.header.sequence,
                reason:
                    "it submits the execution \(entry.header.execution), which is not its own sequence"
            )
        }
        return try ExecutionState(submitted: entry) { intern($0) }
    }

    private mutating func insert(_ state: ExecutionState) {
        for timer in state.timers { timers.insert(timer) }
        executions.insert(state)
    }

    private static func notOpen(_ entry: EntryView) -> InconsistentEntry {
        InconsistentEntry(
            sequence: entry.header.sequence,
            reason: "the execution \(entry.header.execution) that it is about is not open"
        )
    }

    // MARK: Time

    /// When something happens by itself for the next time; nil: not ever. May be too early, never
    /// too late.
    public var nextDeadline: Timestamp? { timers.next }

    /// Takes out the first deadline that has come by `now` and stands.
    mutating func removeDue(by now: Timestamp) -> TimerItem? {
        let executions = executions
        return timers.removeFirst(by: now) { executions[$0.execution]?.hasTimer($0) ?? false }
    }
}

extension ExecutionState {
    /// The row of its id while it is open.
    fileprivate var openIndexRow: ExecutionIndexRow {
        ExecutionIndexRow(id: id, row: ProtoExecutionRow.with { $0.number = number }.encoded())
    }

    /// The row of its id once it is closed.
    fileprivate var closedIndexRow: ExecutionIndexRow {
        ExecutionIndexRow(id: id, row: closedRow.encoded())
    }
}
