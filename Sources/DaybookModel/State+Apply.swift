public import DaybookFormat
import DequeModule

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

extension State {
    /// Takes in an entry that is on the disk.
    /// - Throws: ``UnknownEvent``, ``InconsistentEntry``.
    public mutating func apply(committed entry: EntryView) throws {
        let kind = try Self.kind(of: entry)
        do {
            if entry.header.execution != 0 {
                try applyToExecution(kind, entry)
            } else {
                try base.journal.apply(kind, entry)
                try Self.apply(kind, entry, &base.sessions)
            }
            base.next = entry.header.sequence + 1
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

    private mutating func applyToExecution(_ kind: EventKind, _ entry: EntryView) throws {
        let number = entry.header.execution
        if kind == .executionSubmitted {
            insert(try newState(entry))
            return
        }
        let change = try base.executions.update(number) { state throws(WireError) in
            try state.apply(kind, entry)
        }
        switch change {
        case nil: throw Self.notOpen(entry)
        case .some(.none): break
        case .becameReady: enqueue(number)
        case .leftQueue:
            if let type = base.executions[number]?.type { trimQueue(type) }
        case .closed: base.executions.remove(number)
        }
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
        base.types[TypeName(state.type)] = state.type
    }

    private static func notOpen(_ entry: EntryView) -> InconsistentEntry {
        InconsistentEntry(
            sequence: entry.header.sequence,
            reason: "the execution \(entry.header.execution) that it is about is not open"
        )
    }

    private mutating func enqueue(_ number: UInt64) {
        guard let state = base.executions[number] else { return }
        enqueue(state.type, ReadyItem(number: number, sequence: state.readySequence))
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
    /// - Throws: ``UnknownEvent``, ``InconsistentEntry``.
    public mutating func apply(pending entry: EntryView) throws {
        let kind = try Self.kind(of: entry)
        do {
            try applyPending(kind, entry)
        } catch let error as WireError {
            throw InconsistentEntry(sequence: entry.header.sequence, reason: error.reason)
        }
    }

    private mutating func applyPending(_ kind: EventKind, _ entry: EntryView) throws {
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
        guard var state = execution(number) else { throw Self.notOpen(entry) }
        let change = try state.apply(kind, entry)
        overlay.executions[number] = .some(state)
        switch change {
        case .none: break
        case .becameReady:
            overlay.readied.append(
                (state.type, ReadyItem(number: number, sequence: state.readySequence))
            )
        case .leftQueue: overlay.unqueued.append(state.type)
        case .closed: overlay.executions[number] = .some(nil)
        }
    }

    /// Merges the batch: it is on the disk.
    public mutating func commit() {
        guard !overlay.isEmpty else { return }
        base.next = overlay.next
        for number in overlay.order {
            if let state = overlay.executions[number] ?? nil {
                if base.executions[number] == nil {
                    insert(state)
                } else {
                    base.executions.insert(state)
                }
            } else {
                base.executions.remove(number)
            }
        }
        for (type, item) in overlay.readied { enqueue(type, item) }
        if let sessions = overlay.sessions { base.sessions = sessions }
        if let journal = overlay.journal { base.journal = journal }
        let unqueued = overlay.unqueued
        overlay = Overlay()
        for type in unqueued { trimQueue(type) }
    }

    /// Drops the batch: it is not on the disk, and will not be.
    public mutating func rollBack() { overlay = Overlay() }
}
