import DaybookFormat
import SwiftProtobuf

/// Records that the body of an operation is about to run, so that a crash leaves word that it may
/// have happened.
package struct StartOperation: LeasedCommand {
    /// The lease under which it runs.
    package let lease: Lease
    /// The operation.
    package let operation: Operation
    /// Without an outcome a person is asked whether it happened.
    package let asks: Bool
    /// Its body must not run again unasked: nothing else may be asked for in its place. Also so where
    /// a person is asked.
    package let once: Bool
    /// Without an outcome it is to be undone should the execution end badly.
    package let compensates: Bool
    /// One payload: the declared input, if it is kept.
    package let input: SealedPayloads?

    /// Nothing is checked here: a command is checked when it is decided.
    package init(
        _ lease: Lease,
        _ operation: Operation,
        asks: Bool = false,
        once: Bool = false,
        compensates: Bool = false,
        input: SealedPayloads? = nil
    ) {
        self.lease = lease
        self.operation = operation
        self.asks = asks
        self.once = asks || once
        self.compensates = compensates
        self.input = input
    }

    /// The sequence of the entry.
    package typealias Answer = UInt64

    var name: String { "start operation" }
    var scope: [UInt32]? { operation.scope }

    func decideUnderLease(_ tx: inout Transaction) throws -> UInt64 {
        try operation.check(tx[known: lease.execution])
        if compensates { try operation.checkMayBeUndone(tx[known: lease.execution]) }
        return try tx.append(
            .operationStarted(
                .with {
                    $0.operation = operation.proto
                    $0.epoch = lease.epoch
                    $0.asks = asks
                    $0.once = once
                    $0.compensates = compensates
                }
            ),
            to: .run(lease.execution),
            payloads: input
        )
    }
}

extension Operation {
    /// What is to be undone is a checkpoint, and none of what cleans up.
    func checkMayBeUndone(_ execution: borrowing ExecutionState) throws(Refusal) {
        guard kind == .checkpoint else {
            throw Refusal(
                .invalidArgument,
                "the \(kind.rawValue) \(name) of \(execution.id) is to be undone, and only checkpoints are"
            )
        }
        guard execution.cleaningScope(around: scope) == nil else {
            throw Refusal(
                .wrongState,
                "the checkpoint \(name) is to be undone, and is recorded while \(execution.id) cleans up; what cleans up is not undone"
            )
        }
    }

    /// An operation can be recorded only after all before it in its scope, and once; not while it
    /// waits for its next try.
    func check(_ execution: borrowing ExecutionState) throws(Refusal) {
        try Names.check(name, "name of an operation")
        guard scope.count <= Operation.scopeLimit else {
            throw Refusal(
                .invalidArgument,
                "the operation \(name) is in \(scope.count / 2) others, one inside the other; at most \(Operation.scopeLimit / 2) are allowed"
            )
        }
        let next = execution.progress.due(in: scope)
        let isUndone = execution.progress.reopenings.contains(OperationPath(self))
        // Only such takes the place of what was undone.
        guard position == next, kind == .checkpoint || kind.isOfValues || !isUndone else {
            throw Refusal(
                .conflict,
                "the operation \(name) is number \(position) of its scope in \(execution.id), and number \(next) is the next to be recorded; one operation is recorded once, in order"
            )
        }
        guard !execution.isWaiting(self) else {
            throw Refusal(
                .conflict,
                "the operation \(name) is number \(position) of its scope in \(execution.id), and waits for its next try; begin it when that has come"
            )
        }
    }
}
