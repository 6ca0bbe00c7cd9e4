import DaybookFormat

/// What a history says to a handler that runs again: a fold of its entries, in order, which hands
/// out the records of operations by scope, so that branches can consume theirs in any order.
///
/// It does no reading of its own. Whoever needs a record that is not there yet takes in more
/// entries, until the record is there or ``isOver(_:)`` says that it cannot come any more.
package struct Replay: Sendable {
    /// The first entry of an operation.
    package struct Record: Sendable {
        /// The entry.
        package let sequence: UInt64
        /// When it was written.
        package let time: Timestamp
        /// The operation.
        package let operation: Operation
        /// What it says.
        package let outcome: Outcome
    }

    /// What the first entry of an operation says.
    package enum Outcome: Sendable {
        /// A body gave a value.
        case success(StoredPayload)
        /// A body threw.
        case failure(ErrorFacts, message: StoredPayload?, details: StoredPayload?)
        /// It waits for what a ``Wake`` tells.
        case wait
        /// It was given a signal at once: that entry holds the value, or the message of an error.
        case signal(UInt64, failure: ErrorFacts?)
        /// It split into so many branches.
        case branches(UInt32)
        /// It has no body. The entry that holds the value, if there is one: this one or another.
        case recorded(source: UInt64?)
    }

    /// What a later entry says of an operation.
    package enum Wake: Sendable {
        /// Its time has come.
        case fired(Timestamp)
        /// It got a signal: the entry that holds its value, or the message of an error, and when it
        /// got it.
        case signal(UInt64, failure: ErrorFacts?, Timestamp)
        /// A branch has decided it.
        case settled(Settlement)
        /// The child that it waits for was closed.
        case child(ChildEnd)
    }

    /// How a branch has decided an operation.
    package struct Settlement: Sendable {
        /// The branch.
        package let branch: UInt32
        /// It ended with an error; of an operation that gathers: too many have.
        package let failed: Bool
        /// What an operation has gathered; nil: the branch alone counts.
        package let gathered: SettleBranches.Gathered?
        /// The entry.
        package let sequence: UInt64
        /// When it was written.
        package let time: Timestamp

        /// The branches that count.
        package var counted: CountedBranches {
            gathered.map { .several($0.branches) } ?? .one(branch)
        }
    }

    /// How a child has ended.
    package struct ChildEnd: Sendable {
        /// The child's entry by which it ended: it holds the output, or the message of the error.
        package let sequence: UInt64
        /// The entry that holds what its handler returned.
        package let output: UInt64
        /// What it came to.
        package let status: ExecutionStatus
        /// The child's error; nil: it has completed.
        package let failure: ErrorFacts?
        /// When its parent was told.
        package let time: Timestamp

        /// One that was told of.
        package init(
            sequence: UInt64,
            status: ExecutionStatus,
            failure: ErrorFacts?,
            time: Timestamp,
            output: UInt64? = nil
        ) {
            self.sequence = sequence
            self.output = output ?? sequence
            self.status = status
            self.failure = failure
            self.time = time
        }
    }

    /// How often the body of an operation was tried that is to be tried again.
    package struct Tries: Sendable {
        /// How often.
        package let count: UInt32
        /// The entry of the last of them: of a poll it holds what the body is given next.
        package let sequence: UInt64
        /// When a poll looks for the last time; nil: it has no end.
        package let deadline: Timestamp?
    }

    /// An operation that was undone by itself, and is to be recorded anew.
    package struct Undone: Sendable {
        /// The operation.
        package let operation: Operation
        /// The entry that recorded it.
        package let sequence: UInt64
    }

    /// A body that began.
    package struct Start: Sendable {
        /// The operation.
        package let operation: Operation
        /// The entry.
        package let sequence: UInt64
        /// When it was written.
        package let time: Timestamp
        /// The session that wrote it.
        package let session: UInt64
        /// Without an outcome a person is asked.
        package let asks: Bool
        /// Nothing else may be asked for in its place: its body must not run again unasked.
        package let once: Bool
        /// No body began: a person gives its result to a fork, whatever its input is there.
        package var isGiven = false

        /// Whether what code asks for is it.
        package func isOf(_ asked: Operation) -> Bool {
            guard isGiven else { return operation == asked }
            return OperationPath(operation) == OperationPath(asked) && operation.kind == asked.kind
                && operation.name == asked.name
        }
    }

    /// What a person has said of a body that may have run.
    package struct Resolution: Sendable {
        /// The entry.
        package let sequence: UInt64
        /// What became of it.
        package let verdict: ResolveOperation.Verdict
        /// The value, or the error's message; nil: there is none.
        package let payload: StoredPayload?
        /// The body; nil: it is not in what was taken in.
        package let start: Start?
    }

    /// Outcomes that a later attempt has undone.
    package let undoing: Undoing
    /// Records not yet consumed, by scope, oldest first.
    private var waiting: [[UInt32]: ArraySlice<Record>] = [:]
    private var wakes: [OperationPath: Wake] = [:]
    /// Operations that wait, by the entries so far.
    var pending = OperationPaths()
    /// Those of them to which the code has not come.
    var waitsAhead = OperationPaths()
    /// How things stood when all of the execution waited for the last time.
    var standstill: Standstill?
    /// The entry by which the last attempt followed another one; 0: none did.
    private(set) var attempt: UInt64 = 0
    /// How often bodies were tried that are to be tried again.
    private var tries: [OperationPath: Tries] = [:]
    /// Operations of whose branches not all count.
    private var decided: [OperationPath: CountedBranches] = [:]
    /// Operations that were undone by themselves.
    private var reopened: [OperationPath: Undone] = [:]
    /// Bodies that began, and of which no outcome is recorded.
    private var starts: [OperationPath: Start] = [:]
    private var resolutions: [OperationPath: Resolution] = [:]
    /// The entries from here on are the execution's own; before it are those of what it is a fork of.
    let own: UInt64
    /// What others had begun and not recorded, and whose it was: it stays theirs, whatever the fork records of
    /// it.
    private var begun: [OperationPath: UInt64] = [:]

    /// A replay of a history of which nothing has been taken in.
    /// - Parameter own: the first entry of the execution itself; of others come before it if it is a fork.
    package init(_ undoing: Undoing = Undoing(), own: UInt64 = 0) {
        self.undoing = undoing
        self.own = own
    }

    /// How many records wait to be consumed.
    package var recordsAhead: Int { waiting.values.reduce(0) { $0 + $1.count } }

    // MARK: Handing out

    /// The next record of a scope, which stays there.
    package func peek(in scope: [UInt32]) -> Record? {
        waiting.isEmpty ? nil : waiting[scope]?.first
    }

    /// The next record of a scope, which is consumed by this.
    package mutating func next(in scope: [UInt32]) -> Record? {
        // Nothing is looked up for a handler that has nothing behind it.
        guard !waiting.isEmpty, let record = waiting[scope]?.popFirst() else { return nil }
        if waiting[scope]?.isEmpty == true { waiting[scope] = nil }
        if !waitsAhead.isEmpty { waitsAhead.remove(OperationPath(record.operation)) }
        return record
    }

    /// The record of the operation at a place, which is consumed by this; what comes after it in its scope
    /// may be there alone.
    package mutating func next(at path: OperationPath) -> Record? {
        guard !waiting.isEmpty, let first = waiting[path.scope]?.first else { return nil }
        if first.operation.position > path.position, undoing.isReopened(path) { return nil }
        return next(in: path.scope)
    }

    /// The operation at a place that was undone by itself; nil: none was.
    package func reopened(at path: OperationPath) -> Undone? { reopened[path] }

    /// Whether nothing of a scope can come any more: a scope around it has gone on.
    package func isOver(_ scope: [UInt32]) -> Bool {
        guard !scope.isEmpty else { return false }
        return OperationPath(scope: scope, position: 0).enclosing.contains {
            hasGone(beyond: OperationPath(scope: $0.scope, position: $0.position))
        }
    }

    /// Whether the scope of an operation has gone on after it.
    package func hasGone(beyond path: OperationPath) -> Bool {
        (waiting[path.scope]?.first?.operation.position).map { $0 > path.position } ?? false
    }

    /// Whether nothing can come any more of what is at a place.
    package func isOver(at path: OperationPath) -> Bool {
        // It is recorded again later than what follows.
        !undoing.isReopened(path) && (hasGone(beyond: path) || isOver(path.scope))
    }

    /// Whether code that has come to a place was there before, so that its log lines are recorded:
    /// an operation is recorded there, or was tried, or a scope around it has gone on.
    package func hasBeen(at path: OperationPath) -> Bool {
        if tries[path] != nil { return true }
        if let first = waiting[path.scope]?.first {
            return first.operation.position == path.position || !undoing.isReopened(path)
        }
        return path.enclosing.contains { around in
            waiting[around.scope] != nil
                || tries[OperationPath(scope: around.scope, position: around.position + 1)] != nil
        }
    }

    /// What a later entry says of an operation; it is consumed by this.
    package mutating func wake(of path: OperationPath) -> Wake? { wakes.removeValue(forKey: path) }

    /// Whether a later entry says something of an operation.
    package func hasWake(of path: OperationPath) -> Bool { wakes[path] != nil }

    /// How often the body of an operation was tried that is to be tried again.
    package func tries(of path: OperationPath) -> Tries? { tries[path] }

    /// The body of an operation that began, if no outcome is recorded of it, and nobody has said what
    /// became of it.
    package func start(of path: OperationPath) -> Start? { starts[path] }

    /// The execution that a fork has an operation from which was under way there; nil: it has it from none.
    package func beginner(of path: OperationPath) -> UInt64? { begun[path] }

    /// What a person has said of the body of an operation, if no outcome is recorded since.
    package func resolution(of path: OperationPath) -> Resolution? { resolutions[path] }

    /// The bodies that began, of which no outcome is recorded, and of which a person is to be asked,
    /// in the order of their entries.
    package var doubts: [Doubt] {
        starts.values.filter(\.asks).sorted { $0.sequence < $1.sequence }
            .map { Doubt(operation: $0.operation, started: $0.sequence) }
    }

    /// The branches of an operation no longer count, but for these.
    package mutating func decide(_ path: OperationPath, by branches: CountedBranches) {
        decided[path] = branches
        _ = waitsAhead.dismiss(path, but: branches)
    }

    /// The oldest record that counts and that nobody has asked for.
    package var unconsumed: Record? {
        waiting.compactMap { scope, records -> Record? in
            isDismissed(scope) || OperationPath.isOfEnd(scope) ? nil : records.first
        }.min { $0.sequence < $1.sequence }
    }

    /// Operations that are recorded as waiting, and to which the code has not come, in the order of the code.
    package var recordedWaitsAhead: [OperationPath] { waitsAhead.paths }

    /// Whether an operation is recorded as waiting, and the code has not come to it.
    package func isAhead(_ path: OperationPath) -> Bool { waitsAhead.contains(path) }

    private func isDismissed(_ scope: [UInt32]) -> Bool {
        guard !decided.isEmpty else { return false }
        return OperationPath(scope: scope, position: 0).enclosing.contains { around in
            let path = OperationPath(scope: around.scope, position: around.position)
            return decided[path].map { !$0.contains(around.branch) } ?? false
        }
    }

    // MARK: Taking in

    /// Takes in the next entry of the history.
    /// - Parameter payloads: reads its payloads; asked only for those that a record holds.
    /// - Throws: `WireError` for one that cannot be read; ``UnknownEvent`` for one of a newer
    ///   version; what `payloads` throws.
    package mutating func take(
        _ entry: EntryView,
        _ payloads: () throws -> [StoredPayload]
    ) throws {
        let kind = try State.kind(of: entry)
        try checkValues(kind, entry)
        if undoing.attempts.contains(entry.header.sequence) { beginAttempt(entry.header.sequence) }
        if kind.isOfOperation { try take(kind, entry, payloads) }
        if try entry.isIdle(kind) { standstill = Standstill(sequence: entry.header.sequence) }
    }

    private mutating func take(
        _ kind: EventKind,
        _ entry: EntryView,
        _ payloads: () throws -> [StoredPayload]
    ) throws {
        let sequence = entry.header.sequence
        if kind == .operationRetried {
            let event = try ProtoOperationRetried(decoding: entry)
            let path = OperationPath(event.operation)
            tries[path] = Tries(
                count: event.tries,
                sequence: sequence,
                deadline: event.deadline == 0 ? nil : Timestamp(rawValue: event.deadline)
            )
            wakes[path] = nil
            beginWait(path)
            noteBeginning(of: path, entry)
            endDoubt(path)
        } else if kind == .operationStarted || kind == .operationResolved {
            try noteDoubt(kind, entry, payloads)
        } else if let (path, wake) = try Self.wake(kind, entry) {
            guard !undoing.covers(sequence, path, kind) else { return }
            let waited = endWait(path)
            if case .settled(let settlement) = wake {
                dismissWaits(path, but: settlement.counted)
            }
            if case .signal(let source, let failure, let time) = wake, !waited {
                // It was there before it was asked for: the operation begins and ends with this.
                let event = try ProtoSignalDelivered(decoding: entry)
                add(
                    Record(
                        sequence: sequence,
                        time: time,
                        operation: try Operation(event.operation),
                        outcome: .signal(source, failure: failure)
                    )
                )
            } else {
                wakes[path] = wake
            }
        } else if let record = try Self.record(kind, entry, payloads) {
            let path = OperationPath(record.operation)
            // Tries come to an end with it, and so does the wait before the last of them.
            tries[path] = nil
            wakes[path] = nil
            if !pending.isEmpty { endWait(path) }
            noteBeginning(of: path, entry)
            endDoubt(path)
            guard !undoing.covers(sequence, path, kind) else {
                if undoing.isReopened(path) {
                    reopened[path] = Undone(operation: record.operation, sequence: sequence)
                }
                return
            }
            if try keepsSuccess(path, kind, entry) { return }
            reopened[path] = nil
            // Whose it is, its record says.
            if begun[path] == entry.header.stream.rawValue { begun[path] = nil }
            if case .wait = record.outcome {
                beginWait(path)
                waitsAhead.insert(path)
            }
            add(record)
        }
    }

    /// A body begins, or somebody says what became of one.
    private mutating func noteDoubt(
        _ kind: EventKind,
        _ entry: EntryView,
        _ payloads: () throws -> [StoredPayload]
    ) throws {
        let sequence = entry.header.sequence
        guard kind == .operationStarted else {
            let event = try ProtoOperationResolved(decoding: entry)
            let path = OperationPath(event.operation)
            guard !undoing.covers(sequence, path, kind) else { return }
            let verdict = try ResolveOperation.Verdict(event)
            // Of a fork: no body began, and nothing else may be asked for in its place.
            let given = Start(
                operation: try Operation(event.operation),
                sequence: sequence,
                time: entry.header.time,
                session: entry.header.session,
                asks: true,
                once: true,
                isGiven: true
            )
            resolutions[path] = Resolution(
                sequence: sequence,
                verdict: verdict,
                payload: verdict == .notDone ? nil : try payloads().first,
                start: event.started == 0
                    ? given : starts.removeValue(forKey: path) ?? resolutions[path]?.start
            )
            return
        }
        let event = try ProtoOperationStarted(decoding: entry)
        let operation = try Operation(event.operation)
        let path = OperationPath(operation)
        noteBeginning(of: path, entry)
        guard !undoing.covers(sequence, path, kind) else { return }
        resolutions[path] = nil
        starts[path] = Start(
            operation: operation,
            sequence: sequence,
            time: entry.header.time,
            session: entry.header.session,
            asks: event.asks,
            once: event.once
        )
    }

    /// An operation begins, or goes on: whoever began it has told others of it, by a key that follows from
    /// that, unless it is taken back, and what is done there since is another one.
    private mutating func noteBeginning(of path: OperationPath, _ entry: EntryView) {
        let sequence = entry.header.sequence
        guard sequence < own, begun[path] == nil, sequence >= undoing.generation(of: path) ?? 0
        else { return }
        begun[path] = entry.header.stream.rawValue
    }

    /// What became of a body is recorded.
    private mutating func endDoubt(_ path: OperationPath) {
        if !starts.isEmpty { starts[path] = nil }
        if !resolutions.isEmpty { resolutions[path] = nil }
    }

    private func checkValues(_ kind: EventKind, _ entry: EntryView) throws {
        do throws(WireError) {
            try KnownValues.check(kind, entry)
        } catch  where error.unknown != nil {
            throw entry.error(error)
        }
    }

    /// Whether code that is run over its record and no further comes by with the success that was undone,
    /// because the operation has only failed since.
    private func keepsSuccess(
        _ path: OperationPath,
        _ kind: EventKind,
        _ entry: EntryView
    ) throws(WireError) -> Bool {
        guard undoing.keepsReopened, kind == .checkpointFailed, undoing.isReopened(path) else {
            return false
        }
        return try !entry.flag(Wire.CheckpointFailed.handled)
    }

    private mutating func add(_ record: Record) {
        let operation = record.operation
        guard let last = waiting[operation.scope]?.last,
            last.operation.position >= operation.position
        else {
            waiting[operation.scope, default: []].append(record)
            return
        }
        // It was undone by itself, and what follows counts.
        var records = waiting[operation.scope] ?? []
        let index = records.firstIndex { $0.operation.position >= operation.position }
        if let index, records[index].operation.position == operation.position {
            records[index] = record
        } else {
            records.insert(record, at: index ?? records.endIndex)
        }
        waiting[operation.scope] = records
    }

    /// Tries of the attempt before count no longer.
    private mutating func beginAttempt(_ sequence: UInt64) {
        attempt = sequence
        for path in tries.keys {
            wakes[path] = nil
            pending.remove(path)
        }
        tries = [:]
        // What had ended may run again.
        standstill = nil
    }
}
