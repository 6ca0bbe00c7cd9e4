import DaybookFormat
import SwiftProtobuf

extension Transaction {
    /// Decides a command, and does what follows from it for the families of the executions that it
    /// is about, in the same batch: parents are told of children that were closed, and children for
    /// which nobody waits any more are cancelled.
    /// - Throws: ``Refusal``; what ``Ledger`` throws.
    public mutating func carryOut<C: Command>(_ command: C) throws -> C.Answer {
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

    /// Tells parents of all children that were closed, and cancels some of those for which nobody
    /// waits any more.
    /// - Parameter limit: how many are cancelled at most.
    /// - Returns: how many were.
    @discardableResult
    mutating func settleFamilies(upTo limit: Int) throws -> Int {
        var count = 0
        while true {
            // One after the other, not one inside the other: however deep a family is.
            while let ended = takeEndedChild() { try tell(ended) }
            guard count < limit, let child = state.removeOrphan() else { return count }
            if try cancel(child, causation: child.stoppedBy) { count += 1 }
        }
    }

    private mutating func takeEndedChild() -> EndedChild? {
        guard !state.batch.endedChildren.isEmpty else { return nil }
        return state.batch.endedChildren.removeFirst()
    }

    /// Cancels a child for which nobody waits any more, unless it has ended.
    /// - Parameter causation: the entry that says so.
    /// - Returns: whether it was.
    @discardableResult
    mutating func cancel(_ child: Family.Child, causation: UInt64) throws -> Bool {
        // It may have gone on as a new run.
        let number =
            isOpen(child.number) ? child.number : try row(of: child.id)?.number ?? child.number
        guard isOpen(number), !self[known: number].status.isFinal else { return false }
        try cancel(number, causation: causation)
        return true
    }

    /// Tells the parent of a child that was closed, unless it is closed itself.
    private mutating func tell(_ ended: EndedChild) throws {
        let parent = ended.parent
        guard isOpen(parent),
            let child = self[known: parent].rare.family.children[ended.firstRun]
        else { return }
        let reopens = child.reopens && ended.status != .completed
        let isAwaited = child.stoppedBy == 0 && !self[known: parent].status.isFinal
        let unheard = reopens || !isAwaited
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
                }
            ),
            to: .run(parent),
            causation: ended.end
        )
        if reopens { return try reopen(ended.number, in: rootOfChildren(of: parent), for: child) }
        try closeAfterChildren(parent)
    }

    /// Has a child run again under its id.
    mutating func reopen(_ number: UInt64, in root: UInt64, for child: Family.Child) throws {
        try append(
            ProtoEntry.OneOf_Event.executionReopened(.init()).encoded(),
            to: .run(number),
            nil,
            child.started,
            root
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
    mutating func cancel(
        _ number: UInt64,
        by request: Request = .session,
        causation: UInt64 = 0
    ) throws {
        // Code that may be running is told, and closes it once it has ended.
        let closes = !hasLoose(number)
        let signalsLeft = self[known: number].signalsLeft
        let event = ProtoEntry.OneOf_Event.executionCancelled(
            .with {
                $0.error = ErrorFacts.cancelled.proto
                $0.closes = closes
                $0.signalsLeft = signalsLeft
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
