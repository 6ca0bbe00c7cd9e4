import DaybookFormat
import SwiftProtobuf

/// Ends a run and begins the next one of the same id, in one batch. Signals that nobody has asked
/// for go over to it, in order, and so do the newest ids of signals.
package struct ContinueAsNew: LeasedCommand {
    /// The lease under which it ran.
    package let lease: Lease
    /// The input of the next run, sealed.
    package let input: SealedPayloads
    /// The scope that asks for it: of a branch, if it is not empty.
    package let branch: [UInt32]
    /// Its code has said that it found something new.
    package let isEventful: Bool
    /// Lines that were logged since the last operation.
    package let logs: [LogChunk]

    /// Nothing is checked here: a command is checked when it is decided.
    package init(
        _ lease: Lease,
        input: SealedPayloads,
        in branch: [UInt32] = [],
        isEventful: Bool = false,
        logs: [LogChunk] = []
    ) {
        self.lease = lease
        self.input = input
        self.branch = branch
        self.isEventful = isEventful
        self.logs = logs
    }

    /// The number of the next run.
    package typealias Answer = UInt64

    var name: String { "continue as new" }

    func decideUnderLease(_ tx: inout Transaction) throws -> UInt64 {
        let number = lease.execution
        if let objection = tx[known: number].objectionToGoOn(in: branch) {
            throw Refusal(.conflict, objection)
        }
        try tx.append(logs, of: nil, lease)
        let signalsLeft = tx[known: number].signalsLeft
        let run = tx[known: number].nextRun(isEventful: isEventful)
        let root = tx[known: number].rare.family.root
        let signals = tx[known: number].rare.mailbox.all
        // What branches have begun has nobody to be told once this run is closed. Of many all but a few
        // have been cancelled before: see ``CancelLeftChildren``.
        for child in tx[known: number].rare.family.inOrder {
            try tx.cancel(child, causation: tx[known: number].last)
        }
        // The entry that ends this run names the next one, which begins with the entry after it.
        try tx.intern(input)
        let next = tx.nextSequence + 1
        try tx.append(
            .executionContinued(
                .with {
                    $0.epoch = lease.epoch
                    $0.next = next
                    $0.closes = true
                    $0.signalsLeft = signalsLeft
                }
            ),
            to: .run(number)
        )
        let begun = try tx.append(
            ProtoEntry.OneOf_Event.executionSubmitted(run).encoded(),
            to: nil,
            input,
            0,
            root
        )
        assert(begun == next, "an entry came between the end of a run and the next one")
        for signal in signals {
            try tx.append(
                .signalReceived(
                    .with {
                        $0.name = signal.name.text
                        $0.origin = signal.sequence
                        if let failure = signal.failure { $0.error = failure.proto }
                    }
                ),
                to: .run(next)
            )
        }
        try tx.append(.executionReadied(.init()), to: .run(next))
        return next
    }
}

/// Has children cancelled for which nobody waits any more, as many as one commit takes: before their
/// parent goes on as a new run, which would have to cancel all of them at once.
package struct CancelLeftChildren: LeasedCommand {
    /// The lease under which it runs.
    package let lease: Lease

    /// Nothing is checked here: a command is checked when it is decided.
    package init(_ lease: Lease) { self.lease = lease }

    /// Whether there may be more of them than one commit takes: then it is to be asked for again.
    package typealias Answer = Bool

    /// So many are cancelled at once.
    package static var limit: Int { Transaction.orphanLimit }

    var name: String { "cancel left children" }

    func decideUnderLease(_ tx: inout Transaction) throws -> Bool {
        var count = 0
        for child in tx[known: lease.execution].rare.family.children.values
        where child.stoppedBy != 0 && tx.isOpen(child.number) {
            guard !tx[known: child.number].status.isFinal else { continue }
            count += 1
            // Every command is followed by the cancelling of so many.
            if count > Self.limit { return true }
        }
        return false
    }
}

extension State {
    /// Why an execution cannot go on as a new run; nil: it can, or it is not open.
    /// - Parameter branch: the scope that asks for it.
    package func objectionToGoOn(_ number: UInt64, in branch: [UInt32]) -> String? {
        executions.contains(number) ? executions[known: number].objectionToGoOn(in: branch) : nil
    }
}

extension ExecutionState {
    fileprivate func objectionToGoOn(in branch: [UInt32]) -> String? {
        if progress.isDismissed(branch) {
            return
                "\(id) goes on as a new run in a branch that no longer counts: another branch has decided an operation around it; run the handler again"
        }
        if hasSpawned {
            return
                "\(id) goes on as a new run, and has spawned children that it has not waited for; let the handler return, or await children by run"
        }
        if rare.cleaning.compensates {
            return
                "\(id) goes on as a new run, and has checkpoints that are to be undone should it fail: the next run could not; do the work of a run in a child, which ends well first"
        }
        return nil
    }

    /// Whether children are open that it has spawned, or have failed.
    fileprivate var hasSpawned: Bool {
        rare.family.openSpawned > 0 || !rare.family.failed.isEmpty
    }

    /// What the first entry of its next run says.
    fileprivate func nextRun(isEventful: Bool) -> ProtoExecutionSubmitted {
        .with {
            $0.id = id.text
            $0.type = type.text
            $0.continuedFrom = number
            $0.firstRun = firstRun
            if retry != .none { $0.retry = retry.proto }
            $0.timeout = timeout?.wholeNanoseconds ?? 0
            $0.labels = labels.protos
            $0.traceContext = rare.lineage.traceContext
            $0.pinned = isPinned
            $0.pinnedRevision = pinnedRevision?.text ?? ""
            $0.parent = rare.family.parent
            $0.depth = rare.family.depth
            $0.finalizer = rare.family.isFinalizer
            if let path = rare.family.parentPath { $0.parentOperation = path.proto }
            $0.signalIds = rare.signalIDs.newest.map(\.text)
            $0.task = rare.lineage.task
            $0.eventful = isEventful || rare.lineage.isEventful
        }
    }
}
