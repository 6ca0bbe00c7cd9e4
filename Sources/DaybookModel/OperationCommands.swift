public import DaybookFormat
import SwiftProtobuf

/// Records an operation that has no body of its own: a version, a step of the store, an output.
public struct RecordOperation: LeasedCommand {
    /// The lease under which it runs.
    public let lease: Lease
    /// The operation.
    public let operation: Operation
    /// Its value, if it has one.
    public let payloads: SealedPayloads?
    /// Lines that were logged since the last operation.
    public let logs: [LogChunk]

    /// Puts the command together.
    public init(
        _ lease: Lease,
        _ operation: Operation,
        payloads: SealedPayloads? = nil,
        logs: [LogChunk] = []
    ) {
        self.lease = lease
        self.operation = operation
        self.payloads = payloads
        self.logs = logs
    }

    /// The entry that holds the operation's value: for a look into the store that of the step that
    /// put it there, nil when there is none.
    public typealias Answer = UInt64?

    var name: String { "record operation" }

    func decide(
        _ state: borrowing State,
        _ execution: ExecutionState,
        _ moment: Moment
    ) throws(Refusal) -> Decision<UInt64?> {
        try operation.check(execution)
        let source = operation.kind == .storeGet ? execution.rare.store[operation.name] : nil
        var builder = DraftBuilder(state, moment)
        builder.add(logs, of: nil, lease)
        let sequence = builder.add(
            .operationRecorded(
                .with {
                    $0.operation = operation.proto
                    $0.epoch = lease.epoch
                    $0.source = source ?? 0
                }
            ),
            to: execution.number,
            payloads: payloads
        )
        return Decision(builder.drafts, operation.kind == .storeGet ? source : sequence)
    }
}

/// Records that an operation splits into branches.
public struct StartBranches: LeasedCommand {
    /// The lease under which it runs.
    public let lease: Lease
    /// The operation.
    public let operation: Operation
    /// How many there are.
    public let count: UInt32
    /// Lines that were logged since the last operation.
    public let logs: [LogChunk]

    /// Puts the command together.
    public init(_ lease: Lease, _ operation: Operation, count: UInt32, logs: [LogChunk] = []) {
        self.lease = lease
        self.operation = operation
        self.count = count
        self.logs = logs
    }

    /// The sequence of the entry.
    public typealias Answer = UInt64

    var name: String { "start branches" }

    func decide(
        _ state: borrowing State,
        _ execution: ExecutionState,
        _ moment: Moment
    ) throws(Refusal) -> Decision<UInt64> {
        try operation.check(execution)
        guard operation.scope.count + 2 <= Operation.depthLimit * 2 else {
            throw Refusal(
                .invalidArgument,
                "the operation \(operation.name) splits \(execution.id) into branches of branches more than \(Operation.depthLimit) deep; make it flatter"
            )
        }
        var builder = DraftBuilder(state, moment)
        builder.add(logs, of: nil, lease)
        let sequence = builder.add(
            .branchesStarted(
                .with {
                    $0.operation = operation.proto
                    $0.epoch = lease.epoch
                    $0.branches = count
                }
            ),
            to: execution.number
        )
        return Decision(builder.drafts, sequence)
    }
}

/// Records which branch has decided what an operation comes to.
public struct SettleBranches: LeasedCommand {
    /// The lease under which it runs.
    public let lease: Lease
    /// The operation.
    public let operation: Operation
    /// The branch, from 0.
    public let branch: UInt32
    /// Whether it ended with an error.
    public let failed: Bool

    /// Puts the command together.
    public init(_ lease: Lease, _ operation: Operation, branch: UInt32, failed: Bool) {
        self.lease = lease
        self.operation = operation
        self.branch = branch
        self.failed = failed
    }

    /// The sequence of the entry.
    public typealias Answer = UInt64

    var name: String { "settle branches" }

    func decide(
        _ state: borrowing State,
        _ execution: ExecutionState,
        _ moment: Moment
    ) throws(Refusal) -> Decision<UInt64> {
        let progress = execution.progress
        guard branch < progress.undecidedBranches(in: operation.scope),
            progress.next(in: operation.scope) == operation.position &+ 1
        else {
            throw Refusal(
                .conflict,
                "the branches of \(operation.name) in \(execution.id) are not under way, or branch \(branch) is none of them; an operation is settled once, by one of its branches, before the next one"
            )
        }
        var builder = DraftBuilder(state, moment)
        let sequence = builder.add(
            .branchSettled(
                .with {
                    $0.operation = operation.proto
                    $0.epoch = lease.epoch
                    $0.branch = branch
                    $0.failed = failed
                }
            ),
            to: execution.number
        )
        return Decision(builder.drafts, sequence)
    }
}

extension Operation {
    /// How deep branches may be nested.
    static let depthLimit = 64
}

/// Ends a run and begins the next one of the same id, in one batch.
public struct ContinueAsNew: LeasedCommand {
    /// The lease under which it ran.
    public let lease: Lease
    /// The input of the next run, sealed.
    public let input: SealedPayloads
    /// Lines that were logged since the last operation.
    public let logs: [LogChunk]

    /// Puts the command together.
    public init(_ lease: Lease, input: SealedPayloads, logs: [LogChunk] = []) {
        self.lease = lease
        self.input = input
        self.logs = logs
    }

    /// The number of the next run.
    public typealias Answer = UInt64

    var name: String { "continue as new" }

    func decide(
        _ state: borrowing State,
        _ execution: ExecutionState,
        _ moment: Moment
    ) throws(Refusal) -> Decision<UInt64> {
        var builder = DraftBuilder(state, moment)
        builder.add(logs, of: nil, lease)
        // The entry that ends this run names the next one, which begins after the content types
        // that its input is the first to use.
        let next = builder.next + 1 + UInt64(builder.newTypes(input))
        builder.end(
            execution,
            .completed,
            .executionContinued(
                .with {
                    $0.epoch = lease.epoch
                    $0.next = next
                    $0.closes = true
                    $0.signalsLeft = execution.signalsLeft
                }
            ),
            closes: true
        )
        builder.add(
            .executionSubmitted(
                .with {
                    $0.id = execution.id
                    $0.type = execution.type
                    $0.continuedFrom = execution.number
                    $0.firstRun = execution.firstRun
                    if execution.retry != .none { $0.retry = execution.retry.proto }
                    $0.timeout = execution.timeout?.wholeNanoseconds ?? 0
                }
            ),
            to: next,
            payloads: input,
            row: ExecutionIndexRow(
                id: execution.id,
                row: ProtoExecutionRow.with { $0.number = next }.encoded()
            )
        )
        builder.add(.executionReadied(.init()), to: next)
        return Decision(builder.drafts, next)
    }
}
