public import DaybookFormat
import DaybookJournal
public import DaybookModel
package import DaybookView

/// Something that an open execution waits for.
public struct PendingWait: Sendable {
    /// What it waits for.
    @nonexhaustive
    public enum Reason: Sendable, Equatable {
        /// To be executed; it expires otherwise.
        case execution
        /// The time until which it is held back.
        case delay
        /// Somebody who runs it.
        case claim
        /// An operation waits.
        case operation(Wait)
        /// A person, because it is paused.
        case resumption
        /// A person, because it is parked.
        case person
        /// Code that was told to stop.
        case cleaning
        /// What was registered for an end from outside, by this name, and runs now.
        case unfinished(String)
        /// Children, so many, that are not closed.
        case children(Int)
        /// The execution of this id, in whose place it goes on, and which is not closed.
        case origin(String)
    }

    /// The execution's id.
    public let id: String
    /// The execution's number.
    public let number: UInt64
    /// The name of its workflow.
    public let type: String
    /// What it waits for.
    public let reason: Reason
    /// Since when.
    public let since: Timestamp
    /// The entry by which it began.
    public let sequence: UInt64
    /// When it ends by itself; nil: it does not.
    public let until: Timestamp?
    /// Whether the execution has its final status.
    public let isEnded: Bool
}

extension Inspector {
    /// What all open executions wait for, the soonest end first; those without an end last, in the
    /// order in which they began.
    public func pending() throws -> [PendingWait] {
        let state = try state()
        var all: [PendingWait] = []
        for number in state.openExecutions {
            guard let execution = state.execution(number) else { continue }
            all += try waits(of: execution)
        }
        return all.sorted { left, right in
            let (first, second) = (left.until?.rawValue ?? .max, right.until?.rawValue ?? .max)
            return first != second ? first < second : left.sequence < right.sequence
        }
    }

    /// What an open execution waits for; nothing while its code runs.
    package func waits(of execution: ExecutionState) throws -> [PendingWait] {
        var all: [PendingWait] = []
        let deadline = execution.deadline.rawValue == 0 ? nil : execution.deadline
        if execution.isPaused {
            all.append(try wait(execution, .resumption, at: last(.executionPaused, of: execution)))
        }
        if execution.isParked {
            all.append(try wait(execution, .person, at: last(.executionParked, of: execution)))
        } else if execution.isClaimable {
            all.append(try wait(execution, .claim, at: execution.readySequence))
        } else if let due = execution.dueCleaning.first, execution.isClaimedForCleaning {
            // It began when the one before it ended, or with the claim.
            let begun = try last([.cleaningEnded, .executionClaimed], of: execution)
            all.append(try wait(execution, .unfinished(due.title), at: begun))
        } else if execution.isCleaning, execution.session == nil, !execution.openChildren.isEmpty {
            let count = execution.openChildren.count
            all.append(try wait(execution, .children(count), at: execution.last))
        } else if execution.isCleaning, execution.session == nil {
            // It is paused.
        } else if execution.isCleaning || (execution.status == .ready && execution.session != nil) {
            all.append(try wait(execution, .cleaning, at: execution.last))
        } else if let origin = execution.awaitedOrigin {
            let id = try store.read { try $0.history(of: origin, upTo: origin).id.text }
            all.append(try wait(execution, .origin(id), at: execution.number))
        } else if execution.status == .submitted {
            all.append(try wait(execution, .execution, at: execution.number, until: deadline))
        } else if execution.isDelayed {
            all.append(try wait(execution, .delay, at: execution.last, until: deadline))
        }
        for wait in execution.waits {
            all.append(
                try self.wait(
                    execution,
                    .operation(wait),
                    at: wait.sequence,
                    until: wait.deadline
                )
            )
        }
        return all
    }

    private func wait(
        _ execution: ExecutionState,
        _ reason: PendingWait.Reason,
        at sequence: UInt64,
        until: Timestamp? = nil
    ) throws -> PendingWait {
        PendingWait(
            id: execution.id.text,
            number: execution.number,
            type: execution.type.text,
            reason: reason,
            since: try entry(sequence).time,
            sequence: sequence,
            until: until,
            isEnded: execution.status.isFinal
        )
    }

    private func last(_ kind: EventKind, of execution: ExecutionState) throws -> UInt64 {
        try last([kind], of: execution)
    }

    /// The last entry of an execution with one of some events; its last one if there is none.
    private func last(_ kinds: [EventKind], of execution: ExecutionState) throws -> UInt64 {
        try store.read { reader in
            var sequence = execution.last
            while true {
                let found = try reader.withView(of: sequence) { entry in
                    (kinds.contains { $0.rawValue == entry.event }, entry.header.previous)
                }
                guard let (isFound, previous) = found else { return execution.last }
                if isFound { return sequence }
                guard previous >= execution.number, previous < sequence else {
                    return execution.last
                }
                sequence = previous
            }
        }
    }

    /// The state of an open execution, folded from its own history.
    /// - Returns: nil when it is closed.
    package func openState(of record: ExecutionRecord) throws -> ExecutionState? {
        guard !record.isClosed else { return nil }
        return try store.read { try $0.history(of: record.number) }
    }

    /// What a command would come to now, without writing anything.
    /// - Returns: the names of the events that it would record.
    /// - Throws: the refusal that it would get.
    package func rehearse(_ command: some Command, at now: Timestamp) throws -> [String] {
        let state = try state()
        return try store.read { reader in
            let ledger = RehearsalLedger(reader, from: state.next, at: now)
            var tx = Transaction(state, ledger)
            _ = try tx.carryOut(command)
            _ = tx.finish()
            return ledger.events
        }
    }
}

/// Notes what a command would append, and writes nothing.
private final class RehearsalLedger: Ledger {
    let now: Timestamp
    private(set) var nextSequence: UInt64
    /// The names of the events.
    private(set) var events: [String] = []
    /// Their bytes, by stream.
    private var appended: [StreamID: [[UInt8]]] = [:]
    private let reader: any StoreReader
    private var ends: [StreamID: HistoryEnd] = [:]
    private var buffer = WireWriter()

    init(_ reader: any StoreReader, from next: UInt64, at now: Timestamp) {
        self.reader = reader
        self.now = now
        nextSequence = next
    }

    func append(_ draft: EntryDraft, _ apply: (EntryView) throws -> Void) throws {
        var header = EntryHeader()
        header.sequence = nextSequence
        header.time = now
        header.stream = draft.stream
        header.session = draft.session
        header.causation = draft.causation
        if let end = try ends[draft.stream] ?? reader.historyEnd(of: draft.stream.rawValue) {
            header.ordinal = end.count
            header.previous = end.last
        }
        buffer.removeAll()
        draft.event.withUnsafeBytes {
            buffer.entry(header, draft.payloads, event: $0)
        }
        let entry = try EntryView(buffer.bytes)
        events.append(EventKind(rawValue: entry.event)?.name ?? "event \(entry.event)")
        appended[draft.stream, default: []].append(Array(buffer.bytes))
        ends[draft.stream] = HistoryEnd(count: header.ordinal + 1, last: nextSequence)
        nextSequence += 1
        try apply(entry)
    }

    func put(_ row: ExecutionIndexRow) throws {}

    func row(of id: Name) throws -> ProtoExecutionRow? { try FactLookup.row(of: id, reader) }

    func input(of number: UInt64) throws -> RecordedInput? {
        try FactLookup.input(of: number, reader)
    }

    func history(of number: UInt64, before sequence: UInt64) throws -> ExecutionState {
        var state = try reader.history(of: number, upTo: sequence - 1)
        for bytes in appended[StreamID(number)] ?? [] {
            try bytes.withUnsafeBytes { bytes in
                let entry = try EntryView(bytes)
                if entry.header.sequence < sequence { try state.apply(entry) }
            }
        }
        return state
    }

    func erasable(
        of stream: UInt64,
        before sequence: UInt64,
        limit: Int
    ) throws -> ErasableRange? {
        try FactLookup.erasable(of: stream, before: sequence, limit: limit, reader)
    }

    func forks(of number: UInt64) throws -> [UInt64] {
        try FactLookup.members(of: .forks(of: number), reader)
    }

    func isDamage(_ error: any Error) -> Bool { Contradiction.isFound(by: error) }
}
