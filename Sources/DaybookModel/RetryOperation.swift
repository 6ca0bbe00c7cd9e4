import DaybookFormat
import SwiftProtobuf

/// Records that a body threw and is tried again, or that a poll has looked and is to look again.
package struct RetryOperation: LeasedCommand, SuspendingCommand {
    /// The lease under which it ran.
    package let lease: Lease
    /// The operation.
    package let operation: Operation
    /// The error without its free text; nil: it is a poll.
    package let error: ErrorFacts?
    /// Message and details, sealed; of a poll what its body is given next.
    package let payloads: SealedPayloads
    /// How often it has been tried.
    package let tries: UInt32
    /// How it is tried again.
    package let policy: RetryPolicy
    /// When a poll looks for the last time, whatever the policy says; nil: it has no end.
    package let deadline: Timestamp?
    /// Nobody knows what the try did before it failed: it is to be undone should the execution end badly.
    package let compensates: Bool
    /// See ``SuspendingCommand``.
    package var suspended: Int?
    /// See ``SuspendingCommand``.
    package var ahead: [OperationPath] = []
    /// Lines that were logged meanwhile.
    package let logs: [LogChunk]

    /// Nothing is checked here: a command is checked when it is decided.
    package init(
        _ lease: Lease,
        _ operation: Operation,
        _ error: ErrorFacts?,
        payloads: SealedPayloads,
        tries: UInt32,
        policy: RetryPolicy,
        deadline: Timestamp? = nil,
        compensates: Bool = false,
        suspended: Int?,
        logs: [LogChunk] = []
    ) {
        self.lease = lease
        self.operation = operation
        self.error = error
        self.payloads = payloads
        self.tries = tries
        self.policy = policy
        self.deadline = deadline
        self.compensates = compensates
        self.suspended = suspended
        self.logs = logs
    }

    var name: String { "retry operation" }

    func decideUnderLease(_ tx: inout Transaction) throws -> Suspension {
        try operation.check(tx[known: lease.execution])
        try policy.check()
        if compensates { try operation.checkMayBeUndone(tx[known: lease.execution]) }
        guard (error == nil) == (operation.kind == .poll) else {
            throw Refusal(
                .invalidArgument,
                "the \(operation.kind.rawValue) \(operation.name) of \(lease.id) is to go on \(error == nil ? "without" : "with") an error; a poll looks again, and everything else is tried again after an error"
            )
        }
        let isIdle = tx[known: lease.execution].becomesIdle(suspended, ahead)
        let seed =
            [lease.execution, UInt64(operation.position)] + operation.scope.map(UInt64.init)
        let next = tx.now.adding(max(policy.delay(after: tries, seed: seed), 1))
        // Not later than the end, but not now either: a wait has a time that is to come.
        let last = deadline.map { max($0, tx.now.adding(1)) }
        let retryAt = min(next, last ?? next)
        try tx.append(logs, of: operation, lease)
        try tx.append(
            .operationRetried(
                .with {
                    $0.operation = operation.proto
                    $0.epoch = lease.epoch
                    if let error { $0.error = error.proto }
                    $0.tries = tries
                    $0.retryAt = retryAt.rawValue
                    $0.deadline = deadline?.rawValue ?? 0
                    $0.idle = isIdle
                    $0.compensates = compensates
                }
            ),
            to: .run(lease.execution),
            payloads: payloads
        )
        return Suspension(
            sequence: tx.nextSequence - 1,
            waits: true,
            isIdle: isIdle,
            deadline: retryAt
        )
    }
}
