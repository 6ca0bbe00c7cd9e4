import DaybookFormat
import SwiftProtobuf

/// Begins executions as children of this one, each by an operation of its own, which does not wait: the
/// execution waits for all of them once its handler has returned.
///
/// All of them are checked before the first is recorded. What is there under an id is taken as by
/// ``StartChild``.
package struct SpawnChildren: LeasedCommand {
    /// The lease under which it runs.
    package let lease: Lease
    /// The operations, one after the other, and their children.
    package let children: [(operation: Operation, child: Submit)]
    /// Lines that were logged since the last operation.
    package let logs: [LogChunk]

    /// So many children may be spawned at once.
    package static let limit = 1_000
    /// So many bytes their inputs may have together: they are written by one commit.
    package static let byteLimit = 64 << 20

    /// Nothing is checked here: a command is checked when it is decided.
    package init(
        _ lease: Lease,
        _ children: [(operation: Operation, child: Submit)],
        logs: [LogChunk] = []
    ) {
        self.lease = lease
        self.children = children
        self.logs = logs
    }

    /// The last entry.
    package typealias Answer = UInt64

    var name: String { "spawn children" }

    func decideUnderLease(_ tx: inout Transaction) throws -> UInt64 {
        guard children.count <= Self.limit else {
            throw Refusal(
                .tooManyChildren,
                "\(lease.id) spawns \(children.count) children at once; at most \(Self.limit) are allowed: spawn them in several calls"
            )
        }
        try Self.check(bytes: children.reduce(0) { $0 + $1.child.input.count }, of: lease.id)
        let beginnings = children.map {
            ChildBeginning(lease: lease, operation: $0.operation, child: $0.child)
        }
        let existing = try check(beginnings, tx)
        try tx.append(logs, of: nil, lease)
        for (beginning, existing) in zip(beginnings, existing) {
            _ = try beginning.carryOut(existing, nil, &tx)
        }
        return tx.nextSequence - 1
    }

    /// - Throws: ``Refusal/Code/spawnTooLarge``.
    package static func check(bytes: Int, of id: Name) throws(Refusal) {
        guard bytes <= byteLimit else {
            throw Refusal(
                .spawnTooLarge,
                "\(id) spawns children whose inputs have more than \(byteLimit) bytes together, which one commit does not take; spawn them in several calls"
            )
        }
    }

    private func check(
        _ beginnings: [ChildBeginning],
        _ tx: borrowing Transaction
    ) throws -> [ChildBeginning.Existing?] {
        try beginnings.first?.operation.check(tx[known: lease.execution])
        try tx.checkIsNotJoined(lease)
        var ids: Set<Name> = []
        let first = beginnings.first?.operation.position ?? 0
        var all: [ChildBeginning.Existing?] = []
        for (place, beginning) in beginnings.enumerated() {
            do {
                try check(beginning.operation, at: first &+ UInt32(place))
                guard ids.insert(beginning.child.id).inserted else {
                    throw Refusal(
                        .conflict,
                        "\(lease.id) spawns two children with the id \(beginning.child.id); give each an id of its own, or none"
                    )
                }
                all.append(try beginning.check(tx))
            } catch var refusal as Refusal {
                refusal.place = place
                throw refusal
            }
        }
        return all
    }

    private func check(_ operation: Operation, at position: UInt32) throws(Refusal) {
        // What belongs to a branch would have to end with it.
        guard operation.scope.isEmpty, operation.kind == .spawn, operation.position == position
        else {
            throw Refusal(
                .invalidArgument,
                "\(operation.name) of \(lease.id) spawns a child in a branch, or out of order; spawn it by the handler itself"
            )
        }
        try Names.check(operation.name, "name of an operation")
    }
}

/// Records that the handler has returned, and what: from now on the execution waits for all that it
/// has spawned.
package struct AwaitChildren: LeasedCommand, SuspendingCommand {
    /// The lease under which it runs.
    package let lease: Lease
    /// The operation: a join.
    package let operation: Operation
    /// What the handler has returned, sealed.
    package let output: SealedPayloads
    /// None of the children is cancelled because another one fails.
    package let isAllSettled: Bool
    /// See ``SuspendingCommand``.
    package var suspended: Int?
    /// See ``SuspendingCommand``.
    package var ahead: [OperationPath] = []
    /// Lines that were logged since the last operation.
    package let logs: [LogChunk]

    /// Nothing is checked here: a command is checked when it is decided.
    package init(
        _ lease: Lease,
        _ operation: Operation,
        output: SealedPayloads,
        isAllSettled: Bool = false,
        suspended: Int?,
        logs: [LogChunk] = []
    ) {
        self.lease = lease
        self.operation = operation
        self.output = output
        self.isAllSettled = isAllSettled
        self.suspended = suspended
        self.logs = logs
    }

    var name: String { "await children" }

    func decideUnderLease(_ tx: inout Transaction) throws -> Suspension {
        let number = lease.execution
        try operation.check(tx[known: number])
        guard operation.scope.isEmpty, operation.kind == .join else {
            throw Refusal(
                .invalidArgument,
                "\(operation.name) of \(lease.id) waits for all that was spawned; only the handler itself does"
            )
        }
        try tx.checkIsNotJoined(lease)
        try tx.append(logs, of: nil, lease)
        let waits = tx[known: number].rare.family.openSpawned > 0
        let isIdle = waits && tx[known: number].becomesIdle(suspended, ahead)
        // For that one the others are cancelled.
        let failed = isAllSettled ? nil : tx[known: number].firstFailedChild?.end
        let sequence = try tx.append(
            .childrenAwaited(
                .with {
                    $0.operation = operation.proto
                    $0.epoch = lease.epoch
                    $0.idle = isIdle
                    $0.allSettled = isAllSettled
                    $0.failed = failed ?? 0
                }
            ),
            to: .run(number),
            payloads: output
        )
        if !waits { try tx.settleSpawned(of: number) }
        return Suspension(sequence: sequence, waits: waits, isIdle: isIdle)
    }
}

extension Transaction {
    /// - Throws: ``Refusal/Code/conflict`` once the handler has returned.
    fileprivate func checkIsNotJoined(_ lease: Lease) throws(Refusal) {
        let joined = self[known: lease.execution].rare.family.joined
        guard joined == 0 || self[known: lease.execution].wait(since: joined) == nil else {
            throw Refusal(
                .conflict,
                "the handler of \(lease.id) has returned, and waits for what it has spawned; nothing more is spawned by it"
            )
        }
    }
}
