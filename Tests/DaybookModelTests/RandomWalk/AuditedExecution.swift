import DaybookFormat
import SwiftProtobuf

/// What an auditor remembers of one run.
struct AuditedExecution {
    struct Broken: Error {
        let rule: String
    }

    private struct Place: Hashable {
        let scope: [UInt32]
        let position: UInt32

        init(_ operation: ProtoOperation) {
            self.init(scope: operation.scope, position: operation.position)
        }

        init(scope: [UInt32], position: UInt32) {
            self.scope = scope
            self.position = position
        }
    }

    private struct Waiting {
        let deadline: UInt64
        let isRetry: Bool
        var isForChild = false
    }

    /// The run that it hands on to.
    private(set) var next: UInt64?
    /// Session and epoch of the lease.
    private var holder: (session: UInt64, epoch: UInt64)?
    private var epoch: UInt64 = 0
    private var isFinal = false
    private(set) var isClosed = false
    private var isPaused = false
    /// Recorded since the last attempt began; and recorded for good.
    private var recorded: Set<Place> = []
    private var kept: Set<Place> = []
    private var settled: Set<Place> = []
    /// Operations that split into branches which may go on: they are under way, or one of them
    /// decided the operation with an error.
    private var splits: Set<Place> = []
    /// Operations that a branch decided with an error.
    private var failures: Set<Place> = []
    /// Operations after which their scope has gone on.
    private var passed: Set<Place> = []
    private var refused: Set<UInt64> = []
    private var waits: [Place: Waiting] = [:]
    /// Of branches that were stopped because another one failed, and may go on.
    private var stopped: [Place: Waiting] = [:]
    /// Signals that nobody was given, by name, in the order of their coming.
    private var signals: [String: [UInt64]] = [:]
    private var signalIDs: Set<String> = []
    private var isParked = false
    private var cleaning = AuditedCleaning()
    /// The failure that it has ended with, if what follows it is taken back later.
    private var endedBy: ProtoOperationPath?
    /// Places that may be recorded anew by themselves.
    private var renewed: Set<Place> = []
    /// What is parked for.
    private var doubts: Set<Place> = []
    /// Children that are not closed.
    private var children: Set<UInt64> = []
    /// Spawned children that have failed, with their operations.
    private var failedChildren: [UInt64: Place] = [:]
    private var isPinned = false
    /// The revision that it is pinned to.
    private var revision = ""

    /// - Parameters:
    ///   - sessions: those that are open.
    ///   - revisions: those of their code.
    mutating func read(
        _ entry: ProtoEntry,
        _ sessions: Set<UInt64>,
        _ revisions: [UInt64: String]
    ) throws {
        try checkEnd(entry)
        switch entry.event {
        case .executionClaimed(let event):
            guard holder == nil else { throw Broken(rule: "two hold the lease") }
            guard event.epoch == epoch + 1 else { throw Broken(rule: "bad epoch") }
            guard !isPaused else { throw Broken(rule: "it is paused, and runs") }
            guard !isParked else { throw Broken(rule: "it is parked, and runs") }
            if isFinal { try cleaning.claim() }
            guard doubts.isEmpty else { throw Broken(rule: "it is in doubt, and runs") }
            guard event.revision.isEmpty || isPinned && revision.isEmpty else {
                throw Broken(rule: "a claim pins what is not to be pinned, or is")
            }
            if !event.revision.isEmpty { revision = event.revision }
            guard revision.isEmpty || revision == revisions[entry.session] else {
                throw Broken(rule: "claimed by code of another revision")
            }
            epoch = event.epoch
            holder = (entry.session, event.epoch)
            try checkLease(entry, epoch, sessions)
        case .leaseReleased(let event):
            guard holder?.epoch == event.epoch, holder?.session == entry.session else {
                throw Broken(rule: "given back by somebody else")
            }
            holder = nil
        case .leaseLost(let event):
            guard holder?.epoch == event.epoch, holder?.session != entry.session else {
                throw Broken(rule: "a loss of what nobody holds")
            }
            holder = nil
        case .executionParked(let event):
            if event.reason != .losses { try checkLease(entry, event.epoch, sessions) }
            guard event.doubts.isEmpty == (event.reason != .doubt) else {
                throw Broken(rule: "doubts without that reason, or the reason without doubts")
            }
            doubts = Set(event.doubts.map { Place($0.operation) })
            holder = nil
            isParked = true
        case .operationResolved(let event):
            guard doubts.remove(Place(event.operation)) != nil else {
                throw Broken(rule: "resolved what is not in doubt")
            }
            guard event.readies == doubts.isEmpty else {
                throw Broken(rule: "it goes on in doubt, or does not without")
            }
            if event.readies { isParked = false }
            if event.verdict != .done { cleaning.resolve(event.operation) }
        case .executionRepinned(let event):
            guard isPinned, revision != event.revision else {
                throw Broken(rule: "repinned what is not pinned, or is so")
            }
            revision = event.revision
        case .executionPaused: isPaused = true
        case .executionResumed: isPaused = false
        case .commandRefused(let event):
            guard refused.insert(event.epoch).inserted else {
                throw Broken(rule: "a second refusal of epoch \(event.epoch)")
            }
        case .signalReceived(let event):
            if !event.signalID.isEmpty, !signalIDs.insert(event.signalID).inserted {
                throw Broken(rule: "the signal \(event.signalID) came twice")
            }
            guard (event.origin != 0) == entry.commitments.isEmpty else {
                throw Broken(rule: "a signal without a value, or with two")
            }
            let source = event.origin == 0 ? entry.sequence : event.origin
            signals[event.name, default: []].append(source)
        case .executionSubmitted(let event):
            signalIDs.formUnion(event.signalIds)
            isPinned = event.pinned
            revision = event.pinnedRevision
        case .attemptFailed(let event):
            guard event.epoch == epoch else { throw Broken(rule: "not the attempt that ran") }
            if !event.held { holder = nil }
            if event.hasFailedOperation { undo(event.failedOperation) }
            beginAttempt()
        case .cleaningEnded(let event):
            try checkLease(entry, event.epoch, sessions)
            try cleaning.end(
                event.operation.scope + [event.operation.position],
                failed: event.hasError
            )
        case .cleaningSkipped(let event):
            try cleaning.skip(isFinal: isFinal, keepsCheckpoints: event.keepsCompensations)
        case .executionReopened:
            doubts = []
            defer { isParked = false }
            // It goes on with its cleaning.
            if isFinal, isParked { break }
            if isFinal {
                if let endedBy { undo(endedBy) }
                endedBy = nil
                for place in cleaning.reopen() { takeBack(place) }
                for place in cleaning.renew() { renew(place) }
                beginAttempt()
            }
            (isFinal, isClosed, holder) = (false, false, nil)
        default:
            try readOperation(entry, sessions)
            try readEnd(entry, sessions)
        }
    }

    /// After the end nothing comes but what was under way, and a person.
    private func checkEnd(_ entry: ProtoEntry) throws {
        guard isFinal else { return }
        switch entry.event {
        case .executionReopened: if isClosed || isParked { return }
        case .executionClosed, .checkpointSucceeded, .logRecorded, .commandRefused,
            .workspaceSaved, .workspaceUnsaved,
            .executionClaimed, .leaseReleased, .leaseLost, .executionParked, .executionPaused,
            .executionResumed, .executionRepinned, .operationResolved, .cleaningEnded,
            .cleaningSkipped, .childEnded:
            if !isClosed { return }
        case .operationStarted(let event): if cleans(event.operation) { return }
        case .checkpointFailed(let event): if cleans(event.operation) { return }
        case .operationRecorded(let event): if cleans(event.operation) { return }
        case .branchesStarted(let event): if cleans(event.operation) { return }
        case .branchSettled(let event): if cleans(event.operation) { return }
        default: break
        }
        throw Broken(rule: "after the end")
    }

    /// Whether an operation is of what runs now because of the end.
    private func cleans(_ operation: ProtoOperation) -> Bool {
        !isClosed && cleaning.root.map { operation.scope.starts(with: $0) } ?? false
    }

    /// What was cleaned up, and what came after it, may be recorded anew: if it is in a branch of what
    /// is over, the whole of that.
    private mutating func takeBack(_ place: [UInt32]) {
        var key = place
        for depth in stride(from: 0, to: place.count - 1, by: 2) {
            let around = Place(scope: Array(place.prefix(depth)), position: place[depth])
            if splits.contains(around), !settled.contains(around) { continue }
            key = Array(place.prefix(depth + 1))
            break
        }
        undo(
            .with {
                $0.scope = Array(key.dropLast())
                $0.position = key.last ?? 0
            },
            whole: true
        )
        cleaning.undo(key, whole: true)
    }

    /// What was undone may be recorded anew, by itself.
    private mutating func renew(_ place: [UInt32]) {
        let place = Place(scope: Array(place.dropLast()), position: place.last ?? 0)
        kept.remove(place)
        recorded.remove(place)
        renewed.insert(place)
    }

    /// What an execution has ended with. What is to be undone first is taken back when it is opened again.
    private mutating func end(with path: ProtoOperationPath) {
        if cleaning.undoes { endedBy = path } else { undo(path) }
    }

    /// What an attempt ended with, and what came after it, may be recorded anew.
    private mutating func undo(_ path: ProtoOperationPath, whole: Bool = false) {
        let key = path.scope + [path.position]
        if !whole { cleaning.undo(key, whole: false) }
        func isUndone(_ place: Place) -> Bool {
            let other = place.scope + [place.position]
            if whole, other.starts(with: key) { return true }
            if other == key { return !splits.contains(place) }
            guard let index = zip(key, other).enumerated().first(where: { $1.0 != $1.1 })?.offset
            else { return false }
            return index % 2 == 0 && other[index] > key[index]
        }
        func isOpen(_ place: Place) -> Bool {
            isUndone(place) || key.starts(with: place.scope + [place.position])
        }
        // A child that is under way is the last of its scope again: nothing has gone on after it.
        if path.position > 0, !splits.contains(Place(scope: path.scope, position: path.position)) {
            let before = Place(scope: path.scope, position: path.position - 1)
            if waits[before]?.isForChild ?? false { kept.remove(before) }
        }
        failures = failures.filter { !isOpen($0) }
        passed = passed.filter { !isOpen($0) }
        recorded = recorded.filter { !isUndone($0) }
        kept = kept.filter { !isUndone($0) }
        splits = splits.filter { !isUndone($0) }
        settled = settled.filter { !isOpen($0) }
        waits = waits.filter { !isUndone($0.key) }
        failedChildren = failedChildren.filter { !isUndone($0.value) }
    }

    private mutating func beginAttempt() {
        recorded = []
        // They are wanted again.
        children.formUnion(failedChildren.keys)
        failedChildren = [:]
        // What nobody has gone on after is under way again, and may end otherwise now.
        failures = failures.filter { place in
            passed.contains(place)
                || stride(from: 0, to: place.scope.count, by: 2).contains { depth in
                    passed.contains(
                        Place(scope: Array(place.scope[..<depth]), position: place.scope[depth])
                    )
                }
        }
        waits = waits.filter { !$0.value.isRetry }
    }

    private func checkLease(_ entry: ProtoEntry, _ epoch: UInt64, _ sessions: Set<UInt64>) throws {
        guard let holder, holder == (entry.session, epoch), sessions.contains(entry.session) else {
            throw Broken(rule: "not by the holder of the lease")
        }
    }

    // MARK: Operations

    private mutating func readOperation(_ entry: ProtoEntry, _ sessions: Set<UInt64>) throws {
        switch entry.event {
        case .operationStarted(let event):
            try checkLease(entry, event.epoch, sessions)
            start(event.operation)
            if event.compensates { cleaning.start(event.operation, entry.sequence) }
        case .logRecorded(let event): try checkLease(entry, event.epoch, sessions)
        case .workspaceSaved(let event): try checkLease(entry, event.epoch, sessions)
        case .workspaceUnsaved(let event): try checkLease(entry, event.epoch, sessions)
        case .executionWaiting(let event): try checkLease(entry, event.epoch, sessions)
        case .checkpointSucceeded(let event):
            try checkLease(entry, event.epoch, sessions)
            try record(event.operation, isKept: true)
            cleaning.end(
                event.operation,
                entry.sequence,
                failed: false,
                undoes: event.compensates
            )
        case .checkpointFailed(let event):
            try checkLease(entry, event.epoch, sessions)
            try record(event.operation, isKept: event.handled)
            cleaning.end(event.operation, entry.sequence, failed: true, undoes: event.compensates)
        case .operationRecorded(let event):
            try checkLease(entry, event.epoch, sessions)
            try record(event.operation, isKept: true)
            try cleaning.record(event, entry.sequence)
        case .branchesStarted(let event):
            try checkLease(entry, event.epoch, sessions)
            try record(event.operation, isKept: true)
            splits.insert(Place(event.operation))
        case .branchSettled(let event):
            try checkLease(entry, event.epoch, sessions)
            let place = Place(event.operation)
            if event.failed {
                failures.insert(place)
            } else if !settled.insert(place).inserted {
                throw Broken(rule: "settled twice")
            }
            let path = place.scope + [place.position]
            if !event.failed, event.counted.isEmpty { cleaning.lose(path, except: event.branch) }
            let isKept = { (place: Place) in
                !place.scope.starts(with: path) || place.scope.starts(with: path + [event.branch])
            }
            if event.failed {
                stopped.merge(waits.filter { !isKept($0.key) && !$0.value.isForChild }) { $1 }
            }
            waits = waits.filter { isKept($0.key) }
        case .timerStarted(let event):
            try checkLease(entry, event.epoch, sessions)
            try record(event.operation, isKept: true)
            try wait(event.operation, event.deadline, isRetry: false)
        case .signalAwaited(let event):
            try checkLease(entry, event.epoch, sessions)
            guard signals[event.operation.name, default: []].isEmpty else {
                throw Broken(rule: "it waits for a signal that is there")
            }
            try record(event.operation, isKept: true)
            try wait(event.operation, event.deadline, isRetry: false)
        case .operationRetried(let event):
            try checkLease(entry, event.epoch, sessions)
            start(event.operation)
            try wait(event.operation, event.retryAt, isRetry: true)
            cleaning.end(event.operation, entry.sequence, failed: true, undoes: event.compensates)
        case .timerFired(let event): try fire(event, entry)
        case .signalDelivered(let event): try deliver(event)
        case .childStarted(let event):
            try checkLease(entry, event.epoch, sessions)
            try record(event.operation, isKept: event.spawned)
            if !event.spawned {
                try wait(event.operation, 0, isRetry: false, isForChild: true)
            }
            children.insert(event.child)
            failedChildren[event.child] = nil
        case .childrenAwaited(let event):
            try checkLease(entry, event.epoch, sessions)
            try record(event.operation, isKept: false)
            try wait(event.operation, 0, isRetry: false)
        case .childrenSettled(let event):
            let place = Place(event.operation)
            guard !isFinal, waits.removeValue(forKey: place) != nil else {
                throw Broken(rule: "told of children that it does not wait for")
            }
            if failedChildren.isEmpty { kept.insert(place) }
            if event.readies { holder = nil }
        case .childEnded(let event): try endChild(event)
        default: break
        }
    }

    /// What failed before a body that begins was dealt with.
    private mutating func start(_ operation: ProtoOperation) {
        guard operation.position > 0 else { return }
        let before = Place(
            .with {
                $0.scope = operation.scope
                $0.position = operation.position - 1
            }
        )
        // What is under way has not failed: if it does later, nobody has dealt with that.
        let isUnderWay = waits[before] != nil
        let isOpen = recorded.contains(before) && !kept.contains(before) && !isUnderWay
        guard isOpen || failures.contains(before) else { return }
        kept.insert(before)
        passed.insert(before)
    }

    private mutating func record(_ operation: ProtoOperation, isKept: Bool) throws {
        let place = Place(operation)
        guard !kept.contains(place), recorded.insert(place).inserted else {
            throw Broken(rule: "a second outcome of one operation")
        }
        if isKept { kept.insert(place) }
        // What is before it was there before it.
        if renewed.contains(place) {
            if isKept { renewed.remove(place) }
            return
        }
        guard operation.position > 0 else { return }
        let before = Place(
            .with {
                $0.scope = operation.scope
                $0.position = operation.position - 1
            }
        )
        // What failed and was dealt with is not run again either.
        if !renewed.contains(before) { kept.insert(before) }
        passed.insert(before)
        // Nothing of its branches is left: it would split anew.
        if !failures.contains(before) { splits.remove(before) }
    }

    private mutating func wait(
        _ operation: ProtoOperation,
        _ deadline: UInt64,
        isRetry: Bool,
        isForChild: Bool = false
    ) throws {
        let waiting = Waiting(deadline: deadline, isRetry: isRetry, isForChild: isForChild)
        guard waits.updateValue(waiting, forKey: Place(operation)) == nil else {
            throw Broken(rule: "one operation waits twice")
        }
    }

    /// Each child once; and whoever waits for it is told, unless it is opened again.
    private mutating func endChild(_ event: ProtoChildEnded) throws {
        guard children.contains(event.child) else { throw Broken(rule: "a child ends twice") }
        guard event.hasError == (event.status != .completed) else {
            throw Broken(rule: "a child fails without an error, or completes with one")
        }
        if event.reopened { return }
        children.remove(event.child)
        let place = Place(event.operation)
        if event.spawned, event.hasError { failedChildren[event.child] = place }
        guard event.unheard || !event.spawned else {
            throw Broken(rule: "an operation is told of a child that it has spawned")
        }
        if event.unheard { return }
        guard !isFinal, waits.removeValue(forKey: place)?.isForChild == true else {
            throw Broken(rule: "told of a child that it does not wait for")
        }
        if !event.hasError { kept.insert(place) }
        if event.readies { holder = nil }
    }

    /// Each timer once, and never early.
    private mutating func fire(_ event: ProtoTimerFired, _ entry: ProtoEntry) throws {
        let place = Place(event.operation)
        guard let wait = waits.removeValue(forKey: place) ?? stopped.removeValue(forKey: place),
            wait.deadline != 0
        else {
            throw Broken(rule: "a timer that was not started, or a second time")
        }
        guard wait.deadline <= entry.time else { throw Broken(rule: "a timer fires early") }
        if event.readies { holder = nil }
    }

    /// First in, first out, each once.
    private mutating func deliver(_ event: ProtoSignalDelivered) throws {
        let name = event.operation.name
        guard signals[name]?.first == event.signal else {
            throw Broken(rule: "the signal \(event.signal) is not the next \(name)")
        }
        signals[name]?.removeFirst()
        let place = Place(event.operation)
        if waits.removeValue(forKey: place) == nil, stopped.removeValue(forKey: place) == nil {
            try record(event.operation, isKept: true)
        }
        if event.readies { holder = nil }
    }

    // MARK: The end

    private mutating func readEnd(_ entry: ProtoEntry, _ sessions: Set<UInt64>) throws {
        switch entry.event {
        case .executionCompleted(let event):
            try checkLease(entry, event.epoch, sessions)
            try end(closes: event.closes, event.signalsLeft)
        case .executionContinued(let event):
            try checkLease(entry, event.epoch, sessions)
            next = event.next
            try end(closes: event.closes, event.signalsLeft)
        case .executionFailed(let event):
            if event.hasFailedOperation { end(with: event.failedOperation) }
            try end(closes: event.closes, event.signalsLeft)
        case .executionTimedOut(let event):
            if event.hasFailedOperation { end(with: event.failedOperation) }
            try end(closes: event.closes, event.signalsLeft)
        case .executionCancelled(let event):
            if event.hasFailedOperation { end(with: event.failedOperation) }
            try end(closes: event.closes, event.signalsLeft)
        case .executionExpired(let event):
            guard epoch == 0 else { throw Broken(rule: "what has run does not expire") }
            try end(closes: event.closes, event.signalsLeft)
        case .executionClosed:
            guard isFinal else { throw Broken(rule: "closed before its end") }
            guard !cleaning.owes else { throw Broken(rule: "closed with something to clean up") }
            guard children.isEmpty else { throw Broken(rule: "closed before its children") }
            isClosed = true
            isParked = false
            holder = nil
        default: break
        }
    }

    private mutating func end(closes: Bool, _ signalsLeft: UInt64) throws {
        isFinal = true
        isClosed = closes
        waits = waits.filter { !$0.value.isForChild }
        guard !closes || children.isEmpty || next != nil else {
            throw Broken(rule: "closed before its children")
        }
        doubts = []
        isParked = false
        if closes { holder = nil }
        guard signalsLeft == signals.values.reduce(0, { $0 + UInt64($1.count) }) else {
            throw Broken(rule: "another number of signals is left")
        }
    }
}
