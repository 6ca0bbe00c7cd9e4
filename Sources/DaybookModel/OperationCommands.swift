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
        guard count < OperationPath.firstEnd else {
            throw Refusal(
                .invalidArgument,
                "the operation \(operation.name) splits \(lease.id) into \(count) branches; fewer than \(OperationPath.firstEnd) can be"
            )
        }
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
