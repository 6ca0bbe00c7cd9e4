import DaybookFormat
import SwiftProtobuf

extension StatePart {
    /// Executions that are open: each run has a stream of its own, and is made of parts
    /// (`ExecutionPart`).
    ///
    /// A refusal is about the stream that it is in: one in the journal's own is worth keeping, and
    /// changes nothing here.
    static let executions = StatePart(
        name: "executions",
        schema: 2,
        // The first entry makes one, and lines of a log change nothing.
        kinds: EventKind.allCases.filter { kind in
            kind == .executionSubmitted || kind == .logRecorded
                || ExecutionPart.all.contains { $0.kinds.contains(kind) }
        },
        apply: { state, kind, entry, history in
            guard entry.header.stream == .journal else {
                return try state.applyToExecution(kind, entry, history)
            }
            guard kind == .commandRefused else {
                throw WireError("\(kind.name) belongs into an execution's history")
            }
            try state.journal.link(entry)
            return false
        },
        items: { $0.executions.numbers },
        write: { state, number, writer, _ in
            state.executions[number]?.writeSnapshot(to: &writer)
        },
        read: State.readExecution
    )
}

extension State {
    @Sendable
    fileprivate static func readExecution(
        _ state: inout State,
        _ bytes: UnsafeRawBufferPointer
    ) throws(WireError) {
        let execution = try ExecutionState(snapshot: bytes) { state.intern($0) }
        state.executions.insert(execution)
    }

    /// - Throws: `WireError` when an event of something else is in the stream of an execution.
    func checkIsOfNoExecution(_ kind: EventKind, _ entry: EntryView) throws(WireError) {
        guard !executions.contains(entry.header.stream.rawValue) else {
            throw WireError("\(kind.name) does not belong into an execution's history")
        }
    }

    /// Has an execution take in an entry of its history.
    /// - Returns: whether its execution is closed by it, or stays so, and is to be taken out.
    mutating func applyToExecution(
        _ kind: EventKind,
        _ entry: EntryView,
        _ history: HistoryFold
    ) throws -> Bool {
        let number = entry.header.stream.rawValue
        if kind == .executionSubmitted {
            let (state, change) = try newState(entry, history)
            executions.insert(state)
            follow(change, number)
            return false
        }
        if kind == .executionReopened, !executions.contains(number) {
            var state = try history(number, entry.header.sequence)
            try state.checkMayGoOn(kind)
            let change = try state.apply(kind, entry)
            state.type = intern(state.type)
            executions.insert(state)
            follow(change, number)
            return false
        }
        if !executions.contains(number), try entry.leavesClosed(kind) {
            // What is closed stays so, with one entry more.
            var state = try history(number, entry.header.sequence)
            try state.checkMayGoOn(kind)
            _ = try state.apply(kind, entry)
            state.type = intern(state.type)
            executions.insert(state)
            return true
        }
        guard kind != .payloadsErased, kind != .executionArchived else {
            throw WireError(
                "it \(kind == .payloadsErased ? "erases payloads of" : "archives") an execution that is not closed"
            )
        }
        let change = try executions.update(number) { state throws(WireError) in
            try state.apply(kind, entry)
        }
        guard let change else { throw Self.notOpen(entry) }
        if change.concernsOthers { follow(change, number) }
        return change.closed
    }

    /// Has the parts follow that come from what the executions are.
    private mutating func follow(_ change: ExecutionState.Change, _ number: UInt64) {
        guard executions.contains(number) else { return }
        for part in DerivedPart.all { part.follow(&self, change, number) }
    }

    private mutating func newState(
        _ entry: EntryView,
        _ history: HistoryFold
    ) throws -> (ExecutionState, ExecutionState.Change) {
        guard entry.header.stream.rawValue == entry.header.sequence else {
            throw InconsistentEntry(
                sequence: entry.header.sequence,
                reason:
                    "it submits the execution \(entry.header.stream), which is not its own sequence"
            )
        }
        var (state, change) = try ExecutionState.submitted(entry) { intern($0) }
        if let point = state.forkPoint {
            guard point.origin < point.before, point.before <= entry.header.sequence else {
                throw WireError("it is a fork before an entry that comes after it")
            }
            try state.begin(as: try history(point.origin, point.before), &change)
        }
        return (state, change)
    }

    private static func notOpen(_ entry: EntryView) -> InconsistentEntry {
        InconsistentEntry(
            sequence: entry.header.sequence,
            reason: "the execution \(entry.header.stream) that it is about is not open"
        )
    }
}

extension EntryView {
    /// Whether it may say something of an execution that is closed, and stays so.
    fileprivate func leavesClosed(_ kind: EventKind) throws(WireError) -> Bool {
        switch kind {
        case .secretsWiped, .payloadsErased, .executionArchived: true
        // A fork owes what the execution had registered.
        case .cleaningSkipped: try number(Wire.CleaningSkipped.heir) != 0
        default: false
        }
    }
}

extension EventKind {
    /// Whether it belongs into the history of a run of an execution.
    package var isOfExecution: Bool {
        switch self {
        case .journalCreated, .contentTypeInterned, .snapshotTaken, .journalAdopted,
            .journalRestored, .journalRewritten, .archiveSealed, .archiveDropped, .sessionOpened,
            .sessionClosed, .sessionLost, .taskTypeRegistered, .taskCreated, .taskDispatched,
            .taskRunEnded, .taskDisabled, .taskRespawned, .taskArchived, .runbookStored:
            false
        default: true
        }
    }
}
