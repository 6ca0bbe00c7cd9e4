import DaybookFormat
import SwiftProtobuf

extension Transaction {
    /// Decides a command, and does what follows from it for the families of the executions that it
    /// is about, in the same batch: parents are told of children that were closed, and children for
    /// which nobody waits any more are cancelled.
    /// - Throws: ``Refusal``; what ``Ledger`` throws.
    package mutating func carryOut<C: Command>(_ command: C) throws -> C.Answer {
        do {
            let answer = try command.decide(&self)
            try settleFamilies(upTo: Self.orphanLimit)
            return answer
        } catch let refusal as Refusal {
            // It may be worth an entry, by which something was closed.
            try settleFamilies(upTo: Self.orphanLimit)
            throw refusal
        }
    }

    /// Children that are cancelled at once. The others are so in batches of their own.
    static var orphanLimit: Int { 256 }

    /// Tells parents of all children that were closed, cancels some of those for which nobody waits
    /// any more, and opens some of those again that are wanted again.
    /// - Parameter limit: how many at most.
    /// - Returns: how many.
    @discardableResult
    mutating func settleFamilies(upTo limit: Int) throws -> Int {
        var count = 0
        while true {
            // One after the other, not one inside the other: however deep a family is.
            while let ended = takeEndedChild() { try tell(ended) }
            try adaptTasks()
            while !state.batch.successors.isEmpty {
                try begin(state.batch.successors.removeFirst())
            }
            guard count < limit, let (parent, child) = state.removeOrphan() else { return count }
            if try settle(child, of: parent) { count += 1 }
        }
    }

    private mutating func takeEndedChild() -> EndedChild? {
        guard !state.batch.endedChildren.isEmpty else { return nil }
        return state.batch.endedChildren.removeFirst()
    }

    /// Readies a fork whose origin is closed.
    private mutating func begin(_ successor: Successor) throws {
        // A person may have cancelled it meanwhile, or the origin was opened and closed again.
        guard isOpen(successor.fork), self[known: successor.fork].awaitedOrigin != nil
        else { return }
        let delay = self[known: successor.fork].delay.wholeNanoseconds
        try append(
            .executionReadied(.with { if delay > 0 { $0.notBefore = now.adding(delay).rawValue } }),
            to: .run(successor.fork),
            causation: successor.end
        )
    }

    /// Cancels a child for which nobody waits any more, or opens it again.
    /// - Returns: whether there was something to do.
    private mutating func settle(_ child: Family.Child, of parent: UInt64) throws -> Bool {
        guard child.wantedBy != 0, let ending = child.ending else {
            return try cancel(child, causation: child.stoppedBy, because: reason(child, parent))
        }
        // It may have been opened again since, and gone on as a new run.
        let number = try row(of: child.id)?.number ?? child.number
        if isOpen(number) {
            guard child.stoppedBy != 0 else { return false }
            return try cancel(child, causation: child.stoppedBy, because: reason(child, parent))
        }
        if child.stoppedBy == 0 {
            try reopen(number, in: rootOfChildren(of: parent), since: child.wantedBy)
            return true
        }
        // Nobody wants it any more, and it was not opened again: it stays as it ended.
        let error = try closed(number).rare.family.error
        try append(
            .childEnded(
                .with {
                    $0.operation = child.operation.proto
                    $0.child = child.number
                    $0.end = ending.end
                    $0.status = ending.status.proto
                    if let error { $0.error = error.proto }
                    $0.unheard = true
                    $0.spawned = child.isSpawned
                }
            ),
            to: .run(parent),
            causation: child.stoppedBy
        )
        try settleSpawned(of: parent)
        try closeAfterChildren(parent)
        return true
    }

    /// Why nobody waits any more for a child.
    private func reason(_ child: Family.Child, _ parent: UInt64) -> ErrorFacts {
        child.isSpawned && !self[known: parent].status.isFinal ? .siblingFailed : .cancelled
    }

    /// Cancels a child for which nobody waits any more, unless it has ended.
    /// - Parameter causation: the entry that says so.
    /// - Returns: whether it was.
    @discardableResult
    mutating func cancel(
        _ child: Family.Child,
        causation: UInt64,
        because error: ErrorFacts = .cancelled
    ) throws -> Bool {
        // It may have gone on as a new run.
        let number =
            isOpen(child.number) ? child.number : try row(of: child.id)?.number ?? child.number
        guard isOpen(number), !self[known: number].status.isFinal else { return false }
        try cancel(number, causation: causation, because: error)
        return true
    }

    /// Tells the parent of a child that was closed, unless it is closed itself.
    private mutating func tell(_ ended: EndedChild) throws {
        let parent = ended.parent
        guard isOpen(parent),
            let child = self[known: parent].rare.family.children[ended.firstRun]
        else { return }
        let isAwaited = child.stoppedBy == 0 && !self[known: parent].status.isFinal
        // One that goes on, and then ends badly by itself, has failed.
        let reopens = isAwaited && ended.end < child.reopens && ended.status != .completed
        let unheard = reopens || !isAwaited || child.isSpawned
        let readies = !unheard && state.hasNoHolder(parent)
        try append(
            .childEnded(
                .with {
                    $0.operation = child.operation.proto
                    $0.child = child.number
                    $0.end = ended.end
                    $0.status = ended.status.proto
                    if let error = ended.error { $0.error = error.proto }
                    $0.readies = readies
                    $0.unheard = unheard
                    $0.reopened = reopens
                    $0.runOutput = ended.runOutput
                    $0.spawned = child.isSpawned
                }
            ),
            to: .run(parent),
            causation: ended.end
        )
        if reopens {
            return try reopen(ended.number, in: rootOfChildren(of: parent), since: child.started)
        }
        try settleSpawned(of: parent)
        try closeAfterChildren(parent)
    }

    /// Has a child run again under its id.
    /// - Parameter sequence: the entry of its parent that it follows from.
    mutating func reopen(_ number: UInt64, in root: UInt64, since sequence: UInt64) throws {
        try append(
            ProtoEntry.OneOf_Event.executionReopened(.init()).encoded(),
            to: .run(number),
            nil,
            sequence,
            root
        )
        try settleSpawned(of: number)
    }

    /// Tells an execution whose handler has returned that nothing which it has spawned is open any
    /// more.
    mutating func settleSpawned(of number: UInt64) throws {
        let joined = self[known: number].rare.family.joined
        guard joined != 0, self[known: number].rare.family.openSpawned == 0,
            let operation = self[known: number].operation(waitingSince: joined)
        else { return }
        let readies = state.hasNoHolder(number)
        try append(
            .childrenSettled(
                .with {
                    $0.operation = operation.proto
                    $0.readies = readies
                }
            ),
            to: .run(number),
            causation: self[known: number].last
        )
    }

    /// The root of the family that the children of an execution are in.
    func rootOfChildren(of number: UInt64) -> UInt64 { self[known: number].root }

    /// An execution that has ended is closed once the last of its children is.
    private mutating func closeAfterChildren(_ number: UInt64) throws {
        guard self[known: number].status.isFinal, !self[known: number].hasOpenChildren,
            !isHeld(number), !self[known: number].owesCleaning
        else { return }
        try close(number, causation: self[known: number].last)
    }

    /// Nothing of the code of an execution that has ended runs any more: it is closed, unless
    /// children of it are open. Then it gives its lease back, and is closed after them.
    @discardableResult
    mutating func closeOrGiveBack(_ number: UInt64, causation: UInt64 = 0) throws -> UInt64 {
        guard self[known: number].hasOpenChildren else {
            return try close(number, causation: causation)
        }
        let (epoch, losses) = (self[known: number].epoch, self[known: number].losses)
        let event: ProtoEntry.OneOf_Event =
            self[known: number].session == session
            ? .leaseReleased(.with { $0.epoch = epoch })
            : .leaseLost(
                .with {
                    $0.epoch = epoch
                    $0.losses = losses
                }
            )
        return try append(event, to: .run(number), causation: causation)
    }

    /// Cancels an execution that has not ended.
    /// - Parameters:
    ///   - request: who asked for it; nobody did of a child whose parent needs it no more.
    ///   - causation: the entry that it follows from; 0: it was asked for.
    ///   - fork: what is readied once it is closed; 0: nothing.
    mutating func cancel(
        _ number: UInt64,
        by request: Request = .session,
        causation: UInt64 = 0,
        because error: ErrorFacts = .cancelled,
        succeededBy fork: UInt64 = 0
    ) throws {
        // Code that may be running is told, and closes it once it has ended.
        let closes = !hasLoose(number)
        let signalsLeft = self[known: number].signalsLeft
        let event = ProtoEntry.OneOf_Event.executionCancelled(
            .with {
                $0.error = error.proto
                $0.closes = closes
                $0.signalsLeft = signalsLeft
                $0.successor = fork
            }
        )
        if causation == 0 {
            try append(event.encoded(), to: .run(number), by: request)
        } else {
            try append(event, to: .run(number), causation: causation)
        }
        if !closes { try freeForCleaning(number) }
    }
}
