import DaybookFormat

/// A part of an execution that is folded from events of its own: which these are, how it takes them
/// in, and what it is in a snapshot.
///
/// A new part is a folder beside the others, a place in ``ExecutionState`` or its ``ExecutionState/Rare``,
/// and a line in ``all``. An event may concern several parts: each takes from it what is its own, and
/// changes nothing else.
struct ExecutionPart: Sendable {
    /// Takes in an entry that is the next one of the execution.
    typealias Apply =
        @Sendable (inout ExecutionState, EntryView, inout ExecutionState.Change)
        throws(WireError) -> Void

    /// What its section of a snapshot is called, after `executions.`.
    let name: String
    /// Version of that section, and of the fold: to be raised whenever the section's items change,
    /// or the fold does.
    let schema: UInt32
    /// The events that it folds.
    let kinds: [EventKind]
    /// Takes in an entry with one of them.
    let apply: Apply
    /// Writes what it is of an execution, behind the first field; nothing: it is as it begins.
    /// What is in the second writer is lost.
    let write: @Sendable (borrowing ExecutionState, inout WireWriter, inout WireWriter) -> Void
    /// Takes in what was written.
    let read: @Sendable (inout ExecutionState, UnsafeRawBufferPointer) throws(WireError) -> Void

    /// All of them, in the order in which they take in an entry. A part sees those before it as the
    /// entry leaves them, and those after it as they were.
    static let all = [
        progress, lease, lifecycle, waits, cleaning, mailbox, store, outputs, terms, lineage,
        doubts, pin, family, workspace,
    ]

    /// Has the parts that fold a checkpoint's success take it in: the same as by the table, which costs
    /// a call through memory for each part. Every other entry of a history is one.
    @inline(__always)
    static func applyCheckpoint(
        _ entry: EntryView,
        to state: inout ExecutionState,
        _ change: inout ExecutionState.Change
    ) throws(WireError) {
        try ScopeProgress.apply(&state, entry, &change)
        try LeaseState.apply(&state, entry, &change)
        try Lifecycle.apply(&state, entry, &change)
        let marks = try CheckpointMarks(entry)
        try Cleaning.applyCheckpoint(&state, entry, compensates: marks.compensates)
        if marks.changesStore { try state.changeStore(by: entry) }
    }

    /// Who takes in which event: for each number of an event a range of calls.
    private static let table = Table()

    /// Has the parts that fold an event take in the entry.
    @inline(__always)
    static func apply(
        _ entry: EntryView,
        to state: inout ExecutionState,
        _ change: inout ExecutionState.Change
    ) throws(WireError) {
        let table = table
        let number = Int(change.kind.rawValue)
        for place in table.ends[number]..<table.ends[number + 1] {
            try table.all[place].apply(&state, entry, &change)
        }
    }

    /// The calls of all events one behind the other: nothing is searched or allocated on the way,
    /// and to be handed the table costs nothing.
    private final class Table: Sendable {
        /// A function in a place of its own: one that lies in an array itself is called by way of
        /// another, which costs more than most parts do.
        struct Call {
            let apply: Apply
        }

        let all: [Call]
        /// Where those of an event end, by the event's number; those of the next one begin there.
        let ends: [Int]

        init() {
            var all: [Call] = []
            var ends = [0]
            for number in 0...Int(EventKind.allCases.map(\.rawValue).max() ?? 0) {
                if let kind = EventKind(rawValue: UInt32(number)) {
                    all += ExecutionPart.all.filter { $0.kinds.contains(kind) }.map {
                        Call(apply: $0.apply)
                    }
                }
                ends.append(all.count)
            }
            self.all = all
            self.ends = ends
        }
    }
}

extension EntryView {
    /// A number in the event; 0: it is not there.
    package func number(_ wanted: WireField) throws(WireError) -> UInt64 {
        var reader = WireReader(eventBytes)
        var number: UInt64 = 0
        while let field = try reader.field() {
            if field == wanted { number = try reader.varint() } else { try reader.skip(field) }
        }
        return number
    }

    /// Whether something is said in the event.
    package func flag(_ wanted: WireField) throws(WireError) -> Bool { try number(wanted) != 0 }

    /// Whether a field is in the event.
    func has(_ wanted: WireField) throws(WireError) -> Bool {
        var reader = WireReader(eventBytes)
        while let field = try reader.field() {
            if field == wanted { return true }
            try reader.skip(field)
        }
        return false
    }

    /// A time in the event; zero: it is not there.
    func time(_ wanted: WireField) throws(WireError) -> Timestamp {
        var reader = WireReader(eventBytes)
        var time: UInt64 = 0
        while let field = try reader.field() {
            if field == wanted { time = try reader.fixed64() } else { try reader.skip(field) }
        }
        return Timestamp(rawValue: time)
    }

    /// The operation that the event is about.
    /// - Throws: `WireError`, also when there is none.
    func operation() throws(WireError) -> Operation {
        var reader = WireReader(eventBytes)
        while let field = try reader.field() {
            guard field == Wire.CheckpointSucceeded.operation else {
                try reader.skip(field)
                continue
            }
            return try Operation(reading: try reader.bytes())
        }
        throw WireError("it names no operation")
    }
}
