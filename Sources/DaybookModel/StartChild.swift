import DaybookFormat
import SwiftProtobuf

/// Begins another execution as an operation of this one, which waits for its end.
///
/// The child is recorded and asked to run by the same batch. Under its id there may be what the same
/// operation began before: then that goes on. If it has ended badly, it is opened again; if it has
/// completed, that is the operation's end at once.
public struct StartChild: LeasedCommand, SuspendingCommand {
    /// The lease under which it runs.
    public let lease: Lease
    /// The operation.
    public let operation: Operation
    /// The child.
    public let child: Submit
    /// See ``SuspendingCommand``.
    public var suspended: Int?
    /// Lines that were logged since the last operation.
    public let logs: [LogChunk]

    /// Nothing is checked here: a command is checked when it is decided.
    public init(
        _ lease: Lease,
        _ operation: Operation,
        _ child: Submit,
        suspended: Int?,
        logs: [LogChunk] = []
    ) {
        self.lease = lease
        self.operation = operation
        self.child = child
        self.suspended = suspended
        self.logs = logs
    }

    var name: String { "start child" }

    func decideUnderLease(_ tx: inout Transaction) throws -> Suspension {
        try operation.check(tx[known: lease.execution])
        try child.checkForm()
        guard let row = try tx.row(of: child.id) else { return try begin(&tx) }
        return try goOn(row, &tx)
    }

    // MARK: A new one

    private func begin(_ tx: inout Transaction) throws -> Suspension {
        let depth = tx[known: lease.execution].depth + 1
        guard depth <= Family.depthLimit else {
            throw Refusal(
                .tooDeep,
                "\(operation.name) of \(lease.id) begins an execution with \(depth) others above it; at most \(Family.depthLimit) are allowed: make the family flatter"
            )
        }
        let root = tx[known: lease.execution].root
        try tx.append(logs, of: nil, lease)
        // The entry of the operation names the child, which begins with the entry after it.
        try tx.intern(child.payloads)
        let number = tx.nextSequence + 1
        let suspension = try wait(for: number, &tx)
        let parent = Submit.Parent(
            number: lease.execution,
            operation: OperationPath(operation),
            depth: depth
        )
        let begun = try tx.append(
            child.event(expiresAt: Timestamp(rawValue: 0), parent: parent),
            to: nil,
            child.payloads,
            suspension.sequence,
            root
        )
        assert(begun == number, "an entry came between an operation and the child that it begins")
        try tx.ready(number, by: .session)
        return suspension
    }

    private func wait(
        for number: UInt64,
        reopens: Bool = false,
        isOver: Bool = false,
        _ tx: inout Transaction
    ) throws -> Suspension {
        let isIdle = !isOver && tx[known: lease.execution].becomesIdle(suspended)
        let sequence = try tx.append(
            .childStarted(
                .with {
                    $0.operation = operation.proto
                    $0.epoch = lease.epoch
                    $0.child = number
                    $0.idle = isIdle
                    $0.reopens = reopens
                    $0.id = child.id.text
                }
            ),
            to: .run(lease.execution)
        )
        return Suspension(sequence: sequence, waits: true, isIdle: isIdle)
    }

    // MARK: One that is there

    /// Where a child stands that the operation began before.
    private struct Existing {
        let number: UInt64
        let firstRun: UInt64
        let status: ExecutionStatus
        let isOpen: Bool
        let end: UInt64
    }

    private func goOn(
        _ row: ProtoExecutionRow,
        _ tx: inout Transaction
    ) throws -> Suspension {
        let known = try existing(row, tx)
        try tx.append(logs, of: nil, lease)
        if known.isOpen {
            // What has completed is only to be closed.
            let reopens = known.status.isFinal && known.status != .completed
            return try wait(for: known.firstRun, reopens: reopens, &tx)
        }
        let root = tx[known: lease.execution].root
        let isOver = known.status == .completed
        let suspension = try wait(for: known.firstRun, isOver: isOver, &tx)
        guard isOver else {
            if let child = tx[known: lease.execution].rare.family.children[known.firstRun] {
                try tx.reopen(known.number, in: root, for: child)
            }
            return suspension
        }
        let sequence = try tx.append(
            .childEnded(
                .with {
                    $0.operation = operation.proto
                    $0.child = known.firstRun
                    $0.end = known.end
                    $0.status = known.status.proto
                }
            ),
            to: .run(lease.execution)
        )
        return Suspension(sequence: sequence, signal: known.end, waits: false, isIdle: false)
    }

    /// What is under the child's id, if the operation began it.
    private func existing(
        _ row: ProtoExecutionRow,
        _ tx: borrowing Transaction
    ) throws -> Existing {
        let number = row.number
        let isOpen = tx.isOpen(number)
        // What is closed is folded only if it may be the operation's own.
        guard isOpen || row.closed.parent == lease.execution else { throw taken(tx) }
        let state = isOpen ? tx[known: number] : try tx.closed(number)
        guard state.parent == lease.execution, state.parentOperation == OperationPath(operation)
        else { throw taken(tx) }
        guard state.type == child.type else { throw taken(tx) }
        guard let input = try tx.input(of: number), let salt = input.salt else {
            throw Refusal(
                .erased,
                "the child \(child.id) of \(lease.id) exists, and its input has been erased, so that it cannot be compared; give it another id"
            )
        }
        guard salt.commit(to: child.input) == input.mac else { throw taken(tx) }
        return Existing(
            number: number,
            firstRun: state.firstRun,
            status: state.status,
            isOpen: isOpen,
            end: state.rare.family.end
        )
    }

    /// The id is something else's.
    private func taken(_ tx: borrowing Transaction) -> Refusal {
        var above: UInt64? = lease.execution
        while let number = above, tx.isOpen(number) {
            if tx[known: number].id == child.id {
                return Refusal(
                    .circular,
                    "\(operation.name) of \(lease.id) begins a child with the id \(child.id), which is above it in its family, and would wait for itself; give the child another id, or none"
                )
            }
            above = tx[known: number].parent
        }
        return Refusal(
            .conflict,
            "\(operation.name) of \(lease.id) begins a child with the id \(child.id), and that is taken by something else, or by other input; give the child another id, or none"
        )
    }
}

extension Refusal.Code {
    /// An execution would wait for itself.
    public static let circular = Refusal.Code(rawValue: "circular-family")
    /// Too many executions would be above one.
    public static let tooDeep = Refusal.Code(rawValue: "family-too-deep")
}
