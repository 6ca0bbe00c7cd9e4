import DaybookFormat
import DaybookJournal
import DaybookModel
package import DaybookView

/// Puts operations together from the entries of an execution. Which outcomes count is a ``Replay``'s
/// to know; what else is shown of an operation is taken from its entries.
package struct OperationFold {
    private var all: [OperationRecord] = []
    /// Those that are not undone.
    private var places = OperationPlaces()
    /// Operations that may be under way again when the handler next runs.
    private var unsettled: Set<OperationPath> = []
    private var replay: Replay
    /// The handler came to its end by itself, so that every branch has ended too.
    private var hasCompleted = false
    /// How often the execution was opened again after an end.
    private let reopenings: UInt32
    /// How it stands with checkpoints that are to be undone: the model's to know.
    private let compensations: [OperationPath: ExecutionState.Compensation]
    private var looks = 0

    /// How many operations were looked at for entries that are about others.
    package var steps: Int { looks + places.steps }

    /// Takes in the history of an execution.
    /// - Throws: ``JournalError/Code/integrity``.
    package init(_ history: some HistorySource, of number: UInt64) throws {
        let end = try history.history(of: number, undone: true)
        reopenings = end.reopenings
        compensations = end.compensations
        replay = Replay(end.undoing)
        try history.scan(from: try history.beginning(of: number) + 1) { entry, payloads in
            try take(entry, payloads)
            return true
        }
    }

    /// The operations in the order of their first entries.
    /// - Parameters:
    ///   - number: the execution that the history is of.
    ///   - undone: also those that a later attempt has undone.
    /// - Throws: ``JournalError/Code/integrity``.
    package static func records(
        in history: some HistorySource,
        of number: UInt64,
        undone: Bool = false
    ) throws -> [OperationRecord] {
        try Self(history, of: number).finish(undone: undone)
    }

    private mutating func take(
        _ view: EntryView,
        _ payloads: () throws -> [StoredPayload]
    ) throws {
        // Lines of output are only counted.
        let isLog = view.event == EventKind.logRecorded.rawValue
        let entry = try JournalEntry(view, isLog ? [] : payloads())
        try replay.take(view) { entry.payloads }
        switch entry.entry.event {
        case .executionClaimed: openAgain()
        case .executionCompleted, .executionContinued: hasCompleted = true
        case .attemptFailed: openChildrenAgain()
        case .executionReopened:
            openChildrenAgain()
        default: break
        }
        takeBack(by: entry.sequence)
        guard let operation = try entry.operation.map({ try entry.operation($0) }) else { return }
        let path = OperationPath(operation)
        // It is about the child alone: what has spawned it may be undone, and something else be there.
        if case .childEnded(let event) = entry.entry.event, event.unheard,
            operation.kind == .spawn || places[path] == nil
        {
            if let place = places[path] { all[place].noteSpawned(event) }
            return
        }
        let place = places[path] ?? all.count
        if place == all.count {
            places.insert(path, at: place)
            all.append(
                OperationRecord(operation: operation, status: .started, sequence: entry.sequence)
            )
        }
        all[place].describe(entry)
        // Consumed as it comes, so that no more is held than is shown.
        let answer = replay.next(in: path.scope)
        let wake = replay.wake(of: path)
        all[place].note(answer, wake, isTriedAgain: replay.tries(of: path) != nil)
        noteUnsettled(path, place)
    }

    /// An attempt that ended with a failure takes back what followed it.
    private mutating func takeBack(by sequence: UInt64) {
        for mark in replay.undoing.marks(of: sequence) { takeBack(mark) }
    }

    private mutating func takeBack(_ mark: Undoing.Mark) {
        for (path, place) in places.takeBack(mark) {
            all[place].isUndone = true
            all[place].isReplayed = false
            unsettled.remove(path)
        }
        // What it is in goes on as it was.
        if mark.isAlone { return }
        let around = mark.path.enclosing.map {
            OperationPath(scope: $0.scope, position: $0.position)
        }
        for path in around + [mark.path] {
            guard let place = places[path] else { continue }
            all[place].isReplayed = false
            if all[place].status == .success { all[place].status = .started }
            noteUnsettled(path, place)
        }
    }

    /// Another attempt begins: spawned children that have failed are opened again.
    private mutating func openChildrenAgain() {
        for place in places.all.values {
            guard let status = all[place].childStatus, status != .completed else { continue }
            all[place].childStatus = nil
            all[place].errorCode = nil
        }
    }

    private mutating func noteUnsettled(_ path: OperationPath, _ place: Int) {
        if all[place].isFailedSplit || all[place].awaitsTry {
            unsettled.insert(path)
        } else {
            unsettled.remove(path)
        }
    }

    /// The handler runs again: what was split and failed is under way, if the failure counts no
    /// more, and a try that was to follow in the attempt before does not.
    private mutating func openAgain() {
        looks += unsettled.count
        for path in unsettled {
            guard let place = places[path] else { continue }
            let waitsInVain = all[place].awaitsTry && replay.tries(of: path) == nil
            guard all[place].isFailedSplit || waitsInVain else { continue }
            all[place].status = .started
            unsettled.remove(path)
        }
    }

    private consuming func finish(undone: Bool) -> [OperationRecord] {
        // What no replay is answered with has not succeeded, whatever an entry said of it.
        for place in places.all.values
        where all[place].status == .success && !all[place].isReplayed {
            all[place].status = .started
        }
        endBranches()
        if reopenings > 0 { markEarlierEnds() }
        for place in all.indices where !all[place].isUndone {
            all[place].compensation =
                switch compensations[OperationPath(all[place].operation)] {
                case .registered: .registered
                case .undone: .undone
                case .failed: .failed
                case .leftOut: .leftOut
                case .handedOn: .handedOn
                case nil: nil
                }
        }
        return undone ? all : all.filter { !$0.isUndone }
    }

    /// What runs at an end lies in a scope that has the number of that end.
    private mutating func markEarlierEnds() {
        for place in all.indices where !all[place].operation.scope.isEmpty {
            all[place].isOfEarlierEnd = OperationPath(all[place].operation).enclosing.contains {
                $0.branch >= OperationPath.firstEnd
                    && $0.branch - OperationPath.firstEnd < reopenings
            }
        }
    }

    /// No entry says that the branches of an operation have all ended: that the scope around them
    /// has gone on does, and so does the end of the handler, or of an operation around them.
    private mutating func endBranches() {
        var ends: [[UInt32]: UInt32] = [:]
        for path in places.all.keys { ends[path.scope] = max(ends[path.scope] ?? 0, path.position) }
        // Those that are around others come first.
        let split = places.all.filter { all[$0.value].branches != nil }
            .sorted { $0.key.scope.count < $1.key.scope.count }
        for (path, place) in split where all[place].status == .started {
            let hasGoneOn = ends[path.scope] ?? 0 > path.position
            // A race that is won leaves branches that have not ended by themselves.
            let isInEnded =
                enclosing(path).map {
                    all[$0].status == .success && all[$0].operation.kind != .race
                } ?? hasCompleted
            guard hasGoneOn || isInEnded else { continue }
            all[place].status = .success
            all[place].isReplayed = true
        }
    }

    /// The place of the operation that has the branch which an operation is in; nil: it is in none.
    private func enclosing(_ path: OperationPath) -> Int? {
        guard path.scope.count >= 2 else { return nil }
        let scope = Array(path.scope.dropLast(2))
        return places[OperationPath(scope: scope, position: path.scope[path.scope.count - 2])]
    }
}

extension OperationRecord {
    /// It was split, and a failure of a branch has ended it that may not count.
    fileprivate var isFailedSplit: Bool { branches != nil && status == .failed && !isReplayed }

    /// It waits for another try.
    fileprivate var awaitsTry: Bool { status == .waiting && tries > 0 && !isReplayed }

    /// Takes over what a replay makes of an entry.
    fileprivate mutating func note(
        _ record: Replay.Record?,
        _ wake: Replay.Wake?,
        isTriedAgain: Bool
    ) {
        switch record?.outcome {
        case .success, .signal(_, failure: nil), .recorded: end(.success)
        case .failure, .signal: end(.failed)
        case .branches: status = .started
        case .wait: status = .waiting
        case nil: break
        }
        switch wake {
        // A body that is tried again has not ended with that.
        case .fired where isTriedAgain: status = .started
        case .fired, .signal(_, failure: nil, _): end(.success)
        case .child(let child): end(child.failure == nil ? .success : .failed)
        case .signal: end(.failed)
        case .settled(let settlement): end(settlement.failed ? .failed : .success)
        case nil: break
        }
    }

    private mutating func end(_ status: Status) {
        self.status = status
        isReplayed = true
    }

    /// Takes in what an entry says of the operation, whether that counts or not.
    fileprivate mutating func describe(_ entry: JournalEntry) {
        if case .logRecorded(let event) = entry.entry.event {
            // Nothing has compared the number with the lines.
            let sum = logLines.addingReportingOverflow(event.lines)
            logLines = sum.overflow ? .max : sum.partialValue
            return
        }
        if case .cleaningEnded(let event) = entry.entry.event {
            return describeCleaning(event, entry)
        }
        isReplayed = false
        if let index = entry.inputPayload, !entry.payloads[index].isErased {
            input = entry.payloads[index].data
        }
        switch entry.entry.event {
        case .operationResolved(let event): isGiven = event.verdict == .done
        case .operationStarted(let event):
            isGiven = false
            begin(entry, event)
        case .checkpointSucceeded(let event):
            status = .success
            isVerified = event.verified
            end(entry, startedAt: event.startedAt)
            (errorCode, message) = (nil, nil)
            value = entry.payloads.first.flatMap { $0.isErased ? nil : $0.data }
        case .checkpointFailed(let event):
            status = .failed
            end(entry, startedAt: event.startedAt)
            errorCode = event.error.code
            message = entry.text(ofPayload: 0)
        case .timerStarted(let event): wait(entry, until: event.deadline)
        case .signalAwaited(let event): wait(entry, until: event.deadline)
        case .childStarted(let event):
            wait(entry, until: 0)
            child = event.id
            guard event.spawned else { break }
            end(entry, startedAt: entry.entry.time)
            spawned = event.child
            childStatus = nil
        case .childrenAwaited:
            wait(entry, until: 0)
            value = entry.payloads.first.flatMap { $0.isErased ? nil : $0.data }
        case .childrenSettled:
            status = .success
            endedAt = entry.time
        case .childEnded(let event):
            // What was stopped is shown as it stood then.
            if event.unheard { return }
            endedAt = entry.time
            status = event.hasError ? .failed : .success
            if event.hasError { errorCode = event.error.code }
        case .operationRetried(let event):
            wait(entry, until: event.retryAt)
            tries = event.tries
            guard event.hasError else { return }
            errorCode = event.error.code
            message = entry.text(ofPayload: 0)
        case .timerFired:
            status = .success
            endedAt = entry.time
        case .signalDelivered(let event):
            status = event.hasError ? .failed : .success
            if event.hasError { errorCode = event.error.code }
            endedAt = entry.time
        case .branchesStarted(let event):
            startedAt = entry.time
            branches = event.branches
        case .branchSettled(let event):
            status = event.failed ? .failed : .success
            endedAt = entry.time
        case .operationRecorded:
            status = .success
            end(entry, startedAt: entry.entry.time)
            value = entry.payloads.first.flatMap { $0.isErased ? nil : $0.data }
        default: break
        }
    }

    private mutating func begin(_ entry: JournalEntry, _ event: ProtoOperationStarted) {
        status = .started
        starts += 1
        startedAt = entry.time
        sequence = entry.sequence
    }

    /// The child that it has spawned is closed, if it is that one and not an earlier one's.
    fileprivate mutating func noteSpawned(_ event: ProtoChildEnded) {
        guard event.spawned, event.child == spawned else { return }
        childStatus = event.reopened ? nil : ExecutionStatus(event.status)
        errorCode = event.hasError && !event.reopened ? event.error.code : nil
    }

    /// What it registered has run: the registration stays what it is.
    private mutating func describeCleaning(
        _ event: ProtoCleaningEnded,
        _ entry: JournalEntry
    ) {
        if event.operation.kind == .checkpoint {
            compensation = event.hasError ? .failed : .undone
            compensationCode = event.hasError ? event.error.code : nil
            compensationMessage = event.hasError ? entry.text(ofPayload: 0) : nil
            return
        }
        isCleaned = true
        endedAt = entry.time
        guard event.hasError else { return }
        errorCode = event.error.code
        message = entry.text(ofPayload: 0)
    }

    private mutating func wait(_ entry: JournalEntry, until deadline: UInt64) {
        status = .waiting
        startedAt = startedAt ?? entry.time
        sequence = entry.sequence
        self.deadline = deadline == 0 ? nil : Timestamp(rawValue: deadline)
    }

    private mutating func end(_ entry: JournalEntry, startedAt began: UInt64) {
        startedAt = Timestamp(rawValue: began)
        endedAt = entry.time
        sequence = entry.sequence
    }
}
