import DaybookFormat

@testable import DaybookModel

/// Parents and children.
extension ReferenceModel {
    /// An operation begins a child, or goes on with the one that it began before.
    mutating func beginChild(
        _ known: Execution,
        _ operation: Operation,
        _ child: (id: Name, type: Name, input: String),
        _ types: [String],
        _ suspended: Int?
    ) -> Outcome<UInt64> {
        guard Names.isValid(child.id), Names.isValid(child.type) else {
            return .refused(.invalidArgument)
        }
        guard let existing = newest(child.id) else {
            intern(types)
            waitForChild(known, operation, next + 1, child.id, suspended)
            let number = writeSubmission(
                child.id,
                type: child.type,
                input: child.input,
                Submit.Terms(),
                types
            )
            change(number) {
                $0.parent = known.number
                $0.parentPlace = operation.scope + [operation.position]
                $0.depth = known.depth + 1
            }
            if let begun = executions[number] { ready(begun) }
            return .granted(1)
        }
        return goOn(known, operation, existing, child, suspended)
    }

    private mutating func goOn(
        _ known: Execution,
        _ operation: Operation,
        _ existing: Execution,
        _ child: (id: Name, type: Name, input: String),
        _ suspended: Int?
    ) -> Outcome<UInt64> {
        let isOwn =
            existing.parent == known.number
            && existing.parentPlace == operation.scope + [operation.position]
            && existing.type == child.type && firstRun(of: child.id)?.input == child.input
        guard isOwn else {
            return .refused(isAbove(child.id, known) ? .circular : .conflict)
        }
        let first = existing.firstRun
        if !existing.isClosed {
            let reopens = existing.status.isFinal && existing.status != .completed
            waitForChild(known, operation, first, child.id, suspended, reopens: reopens)
            return .granted(1)
        }
        if existing.status == .completed {
            waitForChild(known, operation, first, child.id, nil)
            endChild(known.number, first)
            return .granted(0)
        }
        waitForChild(known, operation, first, child.id, suspended)
        reopen(existing.number)
        return .granted(1)
    }

    /// Whether a run has gone on as a new one.
    func isContinued(_ number: UInt64) -> Bool { executions[number]?.isContinued ?? false }

    private func isAbove(_ id: Name, _ known: Execution) -> Bool {
        var above: Execution? = known
        while let one = above, !one.isClosed {
            if one.id == id { return true }
            above = executions[one.parent]
        }
        return false
    }

    private mutating func waitForChild(
        _ known: Execution,
        _ operation: Operation,
        _ first: UInt64,
        _ id: Name,
        _ suspended: Int?,
        reopens: Bool = false
    ) {
        wait(known, .child, operation, 0, suspended)
        change(known.number) {
            let started = $0.last
            $0.children.removeAll { $0.number == first }
            $0.children.append(
                Child(
                    number: first,
                    id: id,
                    started: started,
                    operation: operation,
                    reopens: reopens ? started : 0
                )
            )
        }
    }

    // MARK: What follows

    /// Parents are told, and what nobody waits for is cancelled, until nothing is left of that.
    @discardableResult
    mutating func settleFamilies(upTo limit: Int = .max) -> Int {
        var count = 0
        while true {
            while !endedChildren.isEmpty { tell(endedChildren.removeFirst()) }
            adaptTasks()
            guard count < limit, let (parent, child) = orphan else { return count }
            count += 1
            settle(child, of: parent)
        }
    }

    private var orphan: (parent: Execution, child: Child)? {
        open.flatMap { parent in parent.children.map { (parent, $0) } }
            .filter { _, child in
                guard let known = newest(child.id) else { return false }
                if known.isClosed { return child.wantedBy != 0 && child.ending != nil }
                return child.stoppedBy != 0 && !known.status.isFinal
            }
            .min { ($0.1.since, $0.1.started) < ($1.1.since, $1.1.started) }
    }

    /// Nobody needs it any more, or it is wanted again.
    private mutating func settle(_ child: Child, of parent: Execution) {
        guard let known = newest(child.id) else { return }
        if !known.isClosed {
            let isSibling = child.isSpawned && !parent.status.isFinal
            return cancel(child, isSibling ? "sibling-failed" : "cancelled")
        }
        if child.stoppedBy == 0 { return reopen(known.number) }
        write(parent.number) {
            $0.forgetChild(child.number)
            if child.isSpawned, let ending = child.ending {
                $0.failChild(child, ending.status, $0.updatedAt)
            }
        }
        settleSpawned(parent.number)
        closeAfterChildren(parent.number)
    }

    /// Nobody needs it any more.
    mutating func cancel(_ child: Child, _ code: String = "cancelled") {
        guard let known = newest(child.id), !known.status.isFinal else { return }
        let stands = known.registered.contains { $0.stands }
        let closes = !isHeld(known) && !stands && known.children.isEmpty
        end(known.number, .cancelled, code, closes: closes)
        if !closes { freeForCleaning(known.number) }
    }

    private mutating func tell(_ number: UInt64) {
        guard let ended = executions[number], let parent = executions[ended.parent],
            !parent.isClosed,
            let child = parent.children.first(where: { $0.number == ended.firstRun })
        else { return }
        let isAwaited = child.stoppedBy == 0 && !parent.status.isFinal
        if ended.ended < child.reopens, isAwaited, ended.status != .completed {
            write(parent.number) {
                for index in $0.children.indices where $0.children[index].number == child.number {
                    $0.children[index].reopens = 0
                }
            }
            return reopen(number)
        }
        if child.isSpawned {
            write(parent.number) {
                $0.forgetChild(child.number)
                if ended.status != .completed {
                    $0.failChild(child, ended.status, $0.updatedAt)
                }
            }
        } else if child.stoppedBy == 0,
            let wait = parent.waits.first(where: { $0.sequence == child.started })
        {
            wake(parent, wait)
            change(parent.number) {
                $0.forgetChild(child.number)
                if ended.status != .completed { $0.failLast(wait.operation) }
            }
        } else {
            write(parent.number) { $0.forgetChild(child.number) }
        }
        settleSpawned(parent.number)
        closeAfterChildren(parent.number)
    }

    private mutating func closeAfterChildren(_ number: UInt64) {
        guard let left = executions[number], left.status.isFinal, left.children.isEmpty,
            !left.owes, !isHeld(left)
        else { return }
        write(left.number) { $0.close() }
    }

    /// Nothing that was spawned is open any more.
    mutating func settleSpawned(_ number: UInt64) {
        guard let known = executions[number], known.joined != 0, !known.status.isFinal,
            !known.children.contains(where: \.isSpawned),
            let wait = known.waits.first(where: { $0.sequence == known.joined })
        else { return }
        wake(known, wait)
        change(number) {
            $0.joined = 0
            if !$0.failedChildren.isEmpty { $0.failLast(wait.operation) }
        }
    }

    private mutating func endChild(_ number: UInt64, _ first: UInt64) {
        write(number) {
            let started = $0.children.first { $0.number == first }?.started
            $0.waits.removeAll { $0.sequence == started }
            $0.forgetChild(first)
            $0.goOn()
        }
    }
}

extension ReferenceModel.Execution {
    mutating func forgetChild(_ number: UInt64) { children.removeAll { $0.number == number } }

    /// Nobody waits any more for what some children come to.
    mutating func stopChildren(_ isEnded: (ReferenceModel.Waiting) -> Bool) {
        for wait in waits where wait.kind == .child && isEnded(wait) {
            guard
                let index = children.firstIndex(where: {
                    $0.started == wait.sequence && $0.stoppedBy == 0
                })
            else { continue }
            children[index].stoppedBy = last
            failLast(wait.operation)
        }
    }

    /// Of those whose wait its end has stopped, nothing follows some any more.
    mutating func failStopped() {
        for child in children where child.stoppedBy == ended && !child.isSpawned {
            failLast(child.operation)
        }
    }

    /// An operation has failed, if it is the last one of its scope.
    mutating func failLast(_ operation: Operation) {
        guard next(in: operation.scope) == operation.position + 1,
            let index = operations.lastIndex(where: { $0.scope == operation.scope })
        else { return }
        operations[index].isOpenFailure = true
    }
}

/// Children that are spawned.
extension ReferenceModel {
    typealias Spawned = (operation: Operation, id: Name, type: Name, input: String)

    mutating func spawn(_ known: Execution, _ all: [Spawned], _ types: [String]) -> Outcome<UInt64>
    {
        if let refusal = refusal(known, all) { return .refused(refusal) }
        for one in all {
            guard let parent = executions[known.number] else { continue }
            guard let existing = newest(one.id) else {
                intern(types)
                start(parent, one, next + 1)
                let number = writeSubmission(
                    one.id,
                    type: one.type,
                    input: one.input,
                    Submit.Terms(),
                    types
                )
                change(number) {
                    $0.parent = parent.number
                    $0.parentPlace = [one.operation.position]
                    $0.depth = parent.depth + 1
                }
                if let begun = executions[number] { ready(begun) }
                continue
            }
            let isBad = existing.status.isFinal && existing.status != .completed
            start(parent, one, existing.firstRun, reopens: isBad && !existing.isClosed)
            guard existing.isClosed else { continue }
            if isBad {
                reopen(existing.number)
            } else {
                write(parent.number) { $0.forgetChild(existing.firstRun) }
            }
        }
        return .granted(next - 1)
    }

    private func refusal(_ known: Execution, _ all: [Spawned]) -> Refusal.Code? {
        guard let first = all.first else { return nil }
        if !known.takes(first.operation) || isJoined(known) { return .conflict }
        var ids: Set<Name> = []
        for (index, one) in all.enumerated() {
            let position = first.operation.position + UInt32(index)
            if !one.operation.scope.isEmpty || one.operation.position != position {
                return .invalidArgument
            }
            if !ids.insert(one.id).inserted { return .conflict }
            guard Names.isValid(one.id), Names.isValid(one.type) else { return .invalidArgument }
            guard let existing = newest(one.id) else { continue }
            let isOwn =
                existing.parent == known.number && existing.parentPlace == [position]
                && existing.type == one.type && firstRun(of: one.id)?.input == one.input
            if !isOwn { return isAbove(one.id, known) ? .circular : .conflict }
        }
        return nil
    }

    private func isJoined(_ known: Execution) -> Bool {
        known.joined != 0 && known.waits.contains { $0.sequence == known.joined }
    }

    private mutating func start(
        _ parent: Execution,
        _ one: Spawned,
        _ first: UInt64,
        reopens: Bool = false
    ) {
        write(parent.number) {
            $0.record(one.operation)
            $0.goOn()
            let started = $0.last
            $0.forgetChild(first)
            $0.failedChildren.removeAll { $0.number == first }
            $0.children.append(
                Child(
                    number: first,
                    id: one.id,
                    started: started,
                    operation: one.operation,
                    reopens: reopens ? started : 0,
                    isSpawned: true
                )
            )
        }
    }

    mutating func join(
        _ known: Execution,
        _ operation: Operation,
        isAllSettled: Bool,
        _ types: [String],
        _ suspended: Int?
    ) -> Outcome<UInt64> {
        guard operation.scope.isEmpty else { return .refused(.invalidArgument) }
        if isJoined(known) { return .refused(.conflict) }
        intern(types)
        let waits = known.children.contains(where: \.isSpawned)
        wait(known, .children, operation, 0, waits ? suspended : nil)
        change(known.number) {
            $0.joined = $0.last
            $0.isAllSettled = isAllSettled
            $0.stopSiblings()
        }
        if !waits { settleSpawned(known.number) }
        return .granted(waits ? 1 : 0)
    }
}

extension ReferenceModel.Execution {
    /// A spawned child has ended badly.
    mutating func failChild(
        _ child: ReferenceModel.Child,
        _ status: ExecutionStatus,
        _ time: UInt64
    ) {
        var child = child
        child.ending = (status, time)
        failedChildren.append(child)
        stopSiblings()
    }

    /// Once its handler has returned, the first child that fails has the others cancelled.
    mutating func stopSiblings() {
        guard joined != 0, !isAllSettled, !failedChildren.isEmpty, !status.isFinal else { return }
        stopSpawned()
    }

    /// Nobody waits any more for what it has spawned.
    mutating func stopSpawned() {
        for index in children.indices where children[index].isSpawned {
            if children[index].stoppedBy == 0 { children[index].stoppedBy = last }
        }
    }

    /// What was spawned by operations that are no longer recorded is nobody's.
    mutating func dropSpawned() {
        let isGone = { [operations] (child: ReferenceModel.Child) in
            !operations.contains {
                $0.scope.isEmpty && $0.position == child.operation.position
            }
        }
        failedChildren.removeAll(where: isGone)
        for index in children.indices where children[index].isSpawned && isGone(children[index]) {
            children[index].isSpawned = false
            if children[index].stoppedBy == 0 { children[index].stoppedBy = last }
        }
    }

    /// What was spawned and has failed is wanted again.
    mutating func wantSpawned() {
        if !waits.contains(where: { $0.sequence == joined }) { joined = 0 }
        for index in children.indices where children[index].isSpawned {
            children[index].reopens = last
            guard children[index].stoppedBy != 0 else { continue }
            children[index].stoppedBy = 0
            if children[index].wantedBy != 0 { children[index].wantedBy = last }
        }
        for var child in failedChildren {
            child.wantedBy = last
            child.stoppedBy = 0
            child.reopens = 0
            children.append(child)
        }
        failedChildren = []
        children.sort { $0.started < $1.started }
    }
}
