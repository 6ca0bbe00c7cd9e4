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
                    reopens: reopens
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
            guard count < limit, let child = orphan else { return count }
            count += 1
            cancel(child)
        }
    }

    private var orphan: Child? {
        open.flatMap(\.children)
            .filter { child in
                child.stoppedBy != 0 && newest(child.id)?.status.isFinal == false
            }
            .min { ($0.stoppedBy, $0.started) < ($1.stoppedBy, $1.started) }
    }

    /// Nobody needs it any more.
    mutating func cancel(_ child: Child) {
        guard let known = newest(child.id), !known.status.isFinal else { return }
        let stands = known.registered.contains { $0.stands }
        let closes = !isHeld(known) && !stands && known.children.isEmpty
        end(known.number, .cancelled, "cancelled", closes: closes)
        if !closes { freeForCleaning(known.number) }
    }

    private mutating func tell(_ number: UInt64) {
        guard let ended = executions[number], let parent = executions[ended.parent],
            !parent.isClosed,
            let child = parent.children.first(where: { $0.number == ended.firstRun })
        else { return }
        if child.reopens, ended.status != .completed {
            write(parent.number) {
                for index in $0.children.indices where $0.children[index].number == child.number {
                    $0.children[index].reopens = false
                }
            }
            return reopen(number)
        }
        if child.stoppedBy == 0,
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
        guard let left = executions[parent.number], left.status.isFinal, left.children.isEmpty,
            !left.owes, !isHeld(left)
        else { return }
        write(left.number) { $0.close() }
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

    /// An operation has failed, if it is the last one of its scope.
    mutating func failLast(_ operation: Operation) {
        guard next(in: operation.scope) == operation.position + 1,
            let index = operations.lastIndex(where: { $0.scope == operation.scope })
        else { return }
        operations[index].isOpenFailure = true
    }
}
