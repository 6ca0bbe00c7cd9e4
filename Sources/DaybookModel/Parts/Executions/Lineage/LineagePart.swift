import DaybookFormat

/// Where an execution comes from: the runs of the same id before it, and a trace.
struct Lineage: Sendable {
    /// The run before; 0: there is none.
    var continuedFrom: UInt64 = 0
    /// The first run of its id; 0: it is that itself.
    var firstRun: UInt64 = 0
    /// Where in a trace it was asked for; empty: nobody said.
    var traceContext = ""
    /// The execution that it is a fork of; 0: it is none.
    var forkedFrom: UInt64 = 0
    /// The first entry of that one that does not count for it.
    var forkedBefore: UInt64 = 0
    /// The fork that is readied once this execution is closed; 0: none.
    var successor: UInt64 = 0
    /// The execution in whose place it goes on, and after whose end it begins; 0: it began at once.
    var beginsAfter: UInt64 = 0
    /// The run that follows it; 0: none does yet.
    var continuedAs: UInt64 = 0
    /// The task that it is a run of; 0: of none.
    var task: UInt64 = 0
    /// It has said that it found something new.
    var isEventful = false
    /// It is the run of a task, and has failed with an error that trying again does not help.
    var isPermanent = false
}

extension ExecutionState {
    /// The number of the run that it goes on from, under the same id; nil: none.
    package var continuedFrom: UInt64? {
        rare.lineage.continuedFrom == 0 ? nil : rare.lineage.continuedFrom
    }
    /// The number of the run that follows it, under the same id; nil: none does yet.
    package var continuedAs: UInt64? {
        rare.lineage.continuedAs == 0 ? nil : rare.lineage.continuedAs
    }
    /// Where it was forked; nil: it is no fork.
    package var forkPoint: ForkPoint? {
        ForkPoint(origin: rare.lineage.forkedFrom, before: rare.lineage.forkedBefore)
    }
    /// The number of the execution that is to be closed before it begins, because it is a fork that goes on in
    /// the place of that; nil: it waits for none.
    package var awaitedOrigin: UInt64? {
        rare.lineage.beginsAfter != 0 && status == .submitted ? rare.lineage.beginsAfter : nil
    }
    /// The task that it is a run of; nil: of none.
    package var task: UInt64? { rare.lineage.task == 0 ? nil : rare.lineage.task }

    /// Whether what a run of a task has failed with may be better next time. One that is opened again has
    /// not failed.
    fileprivate mutating func noteEnd(of kind: EventKind, _ entry: EntryView) throws(WireError) {
        guard kind == .executionFailed else {
            rare.lineage.isPermanent = false
            return
        }
        let event = try ProtoExecutionFailed(decoding: entry)
        rare.lineage.isPermanent = !event.error.retryable
    }
    /// The number of the first run of its id.
    package var firstRun: UInt64 { rare.lineage.firstRun == 0 ? number : rare.lineage.firstRun }
}

extension ExecutionPart {
    /// The runs before it, under the same id, what it is a fork of, and where in a trace it was asked for.
    static let lineage = ExecutionPart(
        name: "lineage",
        schema: 6,
        kinds: [
            .executionSubmitted, .executionCancelled, .executionContinued, .executionCompleted,
            .executionFailed, .executionReopened,
        ],
        apply: { state, entry, change throws(WireError) in
            if change.kind == .executionCompleted {
                guard try entry.flag(Wire.ExecutionCompleted.eventful) else { return }
                state.rare.lineage.isEventful = true
                return
            }
            if change.kind == .executionFailed || change.kind == .executionReopened {
                if state.rare.lineage.task != 0 { try state.noteEnd(of: change.kind, entry) }
                return
            }
            if change.kind == .executionContinued {
                state.rare.lineage.continuedAs = try entry.number(Wire.ExecutionContinued.next)
                return
            }
            if change.kind == .executionCancelled {
                let successor = try entry.number(Wire.ExecutionCancelled.successor)
                if successor != 0 { state.rare.lineage.successor = successor }
                return
            }
            var reader = WireReader(entry.eventBytes)
            while let field = try reader.field() {
                switch field {
                case Wire.ExecutionSubmitted.continuedFrom:
                    state.rare.lineage.continuedFrom = try reader.varint()
                case Wire.ExecutionSubmitted.firstRun:
                    state.rare.lineage.firstRun = try reader.varint()
                case Wire.ExecutionSubmitted.traceContext:
                    state.rare.lineage.traceContext = try reader.string()
                case Wire.ExecutionSubmitted.forkedFrom:
                    state.rare.lineage.forkedFrom = try reader.varint()
                case Wire.ExecutionSubmitted.forkedBefore:
                    state.rare.lineage.forkedBefore = try reader.varint()
                case Wire.ExecutionSubmitted.beginsAfter:
                    state.rare.lineage.beginsAfter = try reader.varint()
                case Wire.ExecutionSubmitted.task: state.rare.lineage.task = try reader.varint()
                case Wire.ExecutionSubmitted.eventful:
                    state.rare.lineage.isEventful = try reader.varint() != 0
                default: try reader.skip(field)
                }
            }
        },
        write: { state, writer, _ in
            let lineage = state.rare.lineage
            writer.varint(lineage.continuedFrom, Wire.ExecutionLineage.continuedFrom)
            writer.varint(lineage.firstRun, Wire.ExecutionLineage.firstRun)
            writer.string(lineage.traceContext, Wire.ExecutionLineage.traceContext)
            writer.varint(lineage.forkedFrom, Wire.ExecutionLineage.forkedFrom)
            writer.varint(lineage.forkedBefore, Wire.ExecutionLineage.forkedBefore)
            writer.varint(lineage.successor, Wire.ExecutionLineage.successor)
            writer.varint(lineage.beginsAfter, Wire.ExecutionLineage.beginsAfter)
            writer.varint(lineage.continuedAs, Wire.ExecutionLineage.nextRun)
            writer.varint(lineage.task, Wire.ExecutionLineage.task)
            writer.bool(lineage.isEventful, Wire.ExecutionLineage.eventful)
            writer.bool(lineage.isPermanent, Wire.ExecutionLineage.permanent)
        },
        read: { state, bytes throws(WireError) in
            var reader = WireReader(bytes)
            while let field = try reader.field() {
                switch field {
                case Wire.ExecutionLineage.continuedFrom:
                    state.rare.lineage.continuedFrom = try reader.varint()
                case Wire.ExecutionLineage.firstRun:
                    state.rare.lineage.firstRun = try reader.varint()
                case Wire.ExecutionLineage.traceContext:
                    state.rare.lineage.traceContext = try reader.string()
                case Wire.ExecutionLineage.forkedFrom:
                    state.rare.lineage.forkedFrom = try reader.varint()
                case Wire.ExecutionLineage.forkedBefore:
                    state.rare.lineage.forkedBefore = try reader.varint()
                case Wire.ExecutionLineage.successor:
                    state.rare.lineage.successor = try reader.varint()
                case Wire.ExecutionLineage.beginsAfter:
                    state.rare.lineage.beginsAfter = try reader.varint()
                case Wire.ExecutionLineage.nextRun:
                    state.rare.lineage.continuedAs = try reader.varint()
                case Wire.ExecutionLineage.task: state.rare.lineage.task = try reader.varint()
                case Wire.ExecutionLineage.eventful:
                    state.rare.lineage.isEventful = try reader.varint() != 0
                case Wire.ExecutionLineage.permanent:
                    state.rare.lineage.isPermanent = try reader.varint() != 0
                default: try reader.skip(field)
                }
            }
        }
    )
}
