import DaybookFormat
import SwiftProtobuf

/// Records an operation that has no body of its own: a version, a step of the store, an output.
package struct RecordOperation: LeasedCommand {
    /// The lease under which it runs.
    package let lease: Lease
    /// The operation.
    package let operation: Operation
    /// Its value, if it has one.
    package let payloads: SealedPayloads?
    /// The entry of the registration that it withdraws; 0: it withdraws none.
    package let registration: UInt64
    /// Lines that were logged since the last operation.
    package let logs: [LogChunk]

    /// Nothing is checked here: a command is checked when it is decided.
    package init(
        _ lease: Lease,
        _ operation: Operation,
        payloads: SealedPayloads? = nil,
        registration: UInt64 = 0,
        logs: [LogChunk] = []
    ) {
        self.lease = lease
        self.operation = operation
        self.registration = registration
        self.payloads = payloads
        self.logs = logs
    }

    /// What was recorded.
    package struct Answer: Equatable, Sendable {
        /// The operation's entry.
        package let sequence: UInt64
        /// For a look into the store the entry that holds the value, nil when there is none.
        package let source: UInt64?
    }

    var name: String { "record operation" }
    var scope: [UInt32]? { operation.scope }

    func decideUnderLease(_ tx: inout Transaction) throws -> Answer {
        try operation.check(tx[known: lease.execution])
        try checkRegistration(tx[known: lease.execution])
        let source: UInt64? =
            switch operation.kind {
            case .storeGet: tx[known: lease.execution].rare.store[operation.name]
            case .finished: registration
            default: nil
            }
        try tx.append(logs, of: nil, lease)
        let sequence = try tx.append(
            .operationRecorded(
                .with {
                    $0.operation = operation.proto
                    $0.epoch = lease.epoch
                    $0.source = source ?? 0
                }
            ),
            to: .run(lease.execution),
            payloads: payloads
        )
        return Answer(sequence: sequence, source: source)
    }

    /// What is registered for an end is registered, and withdrawn once, before there is one.
    private func checkRegistration(_ execution: borrowing ExecutionState) throws(Refusal) {
        guard operation.kind == .onUnfinished || operation.kind == .finished else { return }
        guard !execution.status.isFinal else {
            throw Refusal(
                .wrongState,
                "\(operation.kind.rawValue) \(operation.name) was asked for while \(execution.id) cleans up; ask for it in the handler"
            )
        }
        guard operation.kind == .finished else { return }
        let found = execution.rare.cleaning.registrations.first { $0.sequence == registration }
        guard let found, found.stands else {
            throw Refusal(
                .conflict,
                "\(operation.name) was to be withdrawn in \(execution.id), and the registration of entry \(registration) does not stand; withdraw each registration once"
            )
        }
    }
}

/// Records that an operation splits into branches.
package struct StartBranches: LeasedCommand {
    /// The lease under which it runs.
    package let lease: Lease
    /// The operation.
    package let operation: Operation
    /// How many there are.
    package let count: UInt32
    /// Lines that were logged since the last operation.
    package let logs: [LogChunk]

    /// Nothing is checked here: a command is checked when it is decided.
    package init(_ lease: Lease, _ operation: Operation, count: UInt32, logs: [LogChunk] = []) {
        self.lease = lease
        self.operation = operation
        self.count = count
        self.logs = logs
    }

    /// The sequence of the entry.
    package typealias Answer = UInt64

    var name: String { "start branches" }
    var scope: [UInt32]? { operation.scope }

    func decideUnderLease(_ tx: inout Transaction) throws -> UInt64 {
        try operation.check(tx[known: lease.execution])
        guard operation.scope.count + 2 <= Operation.depthLimit * 2 else {
            throw Refusal(
                .invalidArgument,
                "the operation \(operation.name) splits \(lease.id) into branches of branches more than \(Operation.depthLimit) deep; make it flatter"
            )
        }
        try tx.append(logs, of: nil, lease)
        return try tx.append(
            .branchesStarted(
                .with {
                    $0.operation = operation.proto
                    $0.epoch = lease.epoch
                    $0.branches = count
                }
            ),
            to: .run(lease.execution)
        )
    }
}

extension Operation {
    /// How deep branches may be nested.
    static let depthLimit = 64
}

/// Ends a run and begins the next one of the same id, in one batch. Signals that nobody has asked
/// for go over to it, in order, and so do the newest ids of signals.
package struct ContinueAsNew: LeasedCommand {
    /// The lease under which it ran.
    package let lease: Lease
    /// The input of the next run, sealed.
    package let input: SealedPayloads
    /// Lines that were logged since the last operation.
    package let logs: [LogChunk]

    /// Nothing is checked here: a command is checked when it is decided.
    package init(_ lease: Lease, input: SealedPayloads, logs: [LogChunk] = []) {
        self.lease = lease
        self.input = input
        self.logs = logs
    }

    /// The number of the next run.
    package typealias Answer = UInt64

    var name: String { "continue as new" }

    func decideUnderLease(_ tx: inout Transaction) throws -> UInt64 {
        let number = lease.execution
        try tx.append(logs, of: nil, lease)
        let signalsLeft = tx[known: number].signalsLeft
        let run = tx[known: number].nextRun
        let root = tx[known: number].rare.family.root
        let signals = tx[known: number].rare.mailbox.all
        // What it leaves behind in branches that lost has nobody to be told once this run is closed.
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

extension ExecutionState {
    /// What the first entry of its next run says.
    fileprivate var nextRun: ProtoExecutionSubmitted {
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
        }
    }
}
