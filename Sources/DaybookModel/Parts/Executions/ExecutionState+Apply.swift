import DaybookFormat

extension ExecutionState {
    /// What an entry did to an execution, as far as others must follow; and how the execution stood
    /// before it, for the parts that are asked after others.
    struct Change {
        /// The entry's event.
        let kind: EventKind
        /// It had ended before.
        let wasFinal: Bool
        /// Another attempt begins with the entry: what the one before left open begins anew.
        let beginsAttempt: Bool
        private let wasClaimable: Bool
        private let deadlineBefore: Timestamp

        /// It has a new place in the queue.
        private(set) var becameClaimable = false
        /// It had one.
        private(set) var leftQueue = false
        /// It has a new deadline.
        var timer: TimerItem?
        /// Deadlines that stand again.
        var resumedTimers: [TimerItem] = []
        /// So many deadlines fell away, or came.
        var droppedTimers = 0
        /// All its deadlines stand again.
        private(set) var hasTimersAgain = false
        /// Nothing of it is open any more.
        var closed = false
        /// Children for which nobody waits any more.
        var stoppedChildren: [UInt64] = []
        /// The operations that are open again: what followed them is undone.
        var undone: [OperationPath] = []

        /// Queues and timers must follow.
        var concernsOthers: Bool {
            becameClaimable || leftQueue || timer != nil || droppedTimers > 0 || hasTimersAgain
                || !resumedTimers.isEmpty || !stoppedChildren.isEmpty
        }

        init(_ kind: EventKind, of state: borrowing ExecutionState) {
            self.kind = kind
            wasFinal = state.status.isFinal
            wasClaimable = state.isClaimable
            deadlineBefore = state.deadline
            let reopens = kind == .executionReopened
            // What is parked goes on where it was, be that an attempt or its cleaning.
            beginsAttempt = kind == .attemptFailed || reopens && !state.isParked
            // What had ended had no deadlines.
            hasTimersAgain = reopens && wasFinal && !state.isParked
        }

        /// It begins with the deadlines of another one.
        mutating func takeOverTimers() { hasTimersAgain = true }

        /// All parts have taken in the entry.
        fileprivate mutating func settle(_ state: inout ExecutionState) {
            if deadlineBefore != state.deadline, deadlineBefore.rawValue != 0 { droppedTimers += 1 }
            let isClaimable = state.isClaimable
            // It leaves the queue of one revision for that of another.
            if isClaimable, !wasClaimable || kind == .executionRepinned {
                state.lifecycle.readySequence = state.last
                becameClaimable = true
            }
            leftQueue = wasClaimable && !isClaimable
        }
    }

    /// Takes in the next entry of its history.
    /// - Throws: `WireError`; ``UnknownEvent``.
    package mutating func apply(_ entry: EntryView) throws {
        let kind = try State.kind(of: entry)
        do throws(WireError) {
            _ = try apply(kind, entry)
        } catch  where error.unknown != nil {
            throw entry.error(error)
        }
    }

    /// Takes in one of its entries after the first.
    mutating func apply(_ kind: EventKind, _ entry: EntryView) throws(WireError) -> Change {
        guard kind.isOfExecution, kind != .executionSubmitted else {
            throw WireError("\(kind.name) does not belong into an execution's history")
        }
        try entry.header.check(follows: last, of: entries)
        try KnownValues.check(kind, entry)
        last = entry.header.sequence
        entries += 1
        updatedAt = entry.header.time
        var change = Change(kind, of: self)
        if kind == .checkpointSucceeded {
            // It moves no deadline, and nothing into a queue or out of one.
            try ExecutionPart.applyCheckpoint(entry, to: &self, &change)
            return change
        }
        try ExecutionPart.apply(entry, to: &self, &change)
        change.settle(&self)
        return change
    }

    /// Takes in the first entry of an execution.
    /// - Throws: `WireError` for an entry that says that others came before it in its stream, too.
    static func submitted(
        _ entry: EntryView,
        _ intern: (Name) -> Name
    ) throws(WireError) -> (ExecutionState, Change) {
        try entry.header.check(follows: 0, of: 0)
        var (id, type) = ("", "")
        // Most say nothing that terms, mailbox or lineage would have to look for.
        var saysMore = false
        var reader = WireReader(entry.eventBytes)
        while let field = try reader.field() {
            switch field {
            case Wire.ExecutionSubmitted.id: id = try reader.string()
            case Wire.ExecutionSubmitted.type: type = try reader.string()
            default:
                if field != Wire.ExecutionSubmitted.expiresAt { saysMore = true }
                try reader.skip(field)
            }
        }
        var state = ExecutionState(
            number: entry.header.stream.rawValue,
            id: Name(id),
            type: intern(Name(type)),
            submittedAt: entry.header.time
        )
        var change = Change(.executionSubmitted, of: state)
        if saysMore {
            try ExecutionPart.apply(entry, to: &state, &change)
        } else {
            try Lifecycle.apply(&state, entry, &change)
        }
        return (state, change)
    }

    /// Begins the fold of one execution's history. A fork begins with what its origin was: see
    /// ``init(fork:of:)``.
    /// - Throws: `WireError` when `entry` does not submit an execution; ``UnknownEvent``.
    package init(first entry: EntryView) throws {
        guard try State.kind(of: entry) == .executionSubmitted else {
            throw WireError("a history begins with \(EventKind.executionSubmitted.name)")
        }
        self = try Self.submitted(entry) { $0 }.0
    }

    /// Begins the fold of a fork's history.
    /// - Parameter origin: what its origin was before the fork.
    /// - Throws: as ``init(first:)`` does.
    package init(fork entry: EntryView, of origin: ExecutionState) throws {
        self = try ExecutionState(first: entry)
        var change = Change(.executionSubmitted, of: self)
        try begin(as: origin, &change)
    }
}
