import DaybookFormat
import SwiftProtobuf

/// How an operation begins a child: it is recorded and asked to run by the same batch.
struct ChildBeginning {
    let lease: Lease
    let operation: Operation
    let child: Submit
    /// See ``SuspendingCommand``.
    var ahead: [OperationPath] = []

    /// Whether the operation does not wait.
    private var isSpawned: Bool { operation.kind == .spawn }

    /// Where a child stands that the operation began before.
    struct Existing {
        let number: UInt64
        let firstRun: UInt64
        let status: ExecutionStatus
        let isOpen: Bool
        let end: UInt64
        let runOutput: UInt64
    }

    // MARK: Checking

    /// Checks all that can be wrong, and changes nothing.
    /// - Returns: what is under the child's id, if the operation began it; nil: nothing is.
    func check(_ tx: borrowing Transaction) throws -> Existing? {
        try child.checkForm()
        if let row = try tx.row(of: child.id) { return try existing(row, tx) }
        let depth = tx[known: lease.execution].depth + 1
        guard depth <= Family.depthLimit else {
            throw Refusal(
                .tooDeep,
                "\(operation.name) of \(lease.id) begins an execution with \(depth) others above it; at most \(Family.depthLimit) are allowed: make the family flatter"
            )
        }
        return nil
    }

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
        guard row.closed.archived == 0 else {
            throw Refusal.isArchived(child.id, row.closed.archived, "be begun again")
        }
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
            end: state.rare.family.end,
            runOutput: state.rare.family.runOutput
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

    // MARK: Beginning

    /// Begins it, or goes on with what is there.
    func carryOut(
        _ existing: Existing?,
        _ suspended: Int?,
        _ tx: inout Transaction
    ) throws -> Suspension {
        if let existing { return try goOn(existing, suspended, &tx) }
        return try begin(suspended, &tx)
    }

    private func begin(_ suspended: Int?, _ tx: inout Transaction) throws -> Suspension {
        let root = tx[known: lease.execution].root
        // The entry of the operation names the child, which begins with the entry after it.
        try tx.intern(child.payloads)
        let number = tx.nextSequence + 1
        let suspension = try start(number, suspended, &tx)
        let parent = Submit.Parent(
            number: lease.execution,
            operation: OperationPath(operation),
            depth: tx[known: lease.execution].depth + 1,
            isFinalizer: operation.kind == .finalize
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

    private func start(
        _ number: UInt64,
        _ suspended: Int?,
        reopens: Bool = false,
        isOver: Bool = false,
        _ tx: inout Transaction
    ) throws -> Suspension {
        let waits = !isOver && !isSpawned
        let isIdle = waits && tx[known: lease.execution].becomesIdle(suspended, ahead)
        let sequence = try tx.append(
            .childStarted(
                .with {
                    $0.operation = operation.proto
                    $0.epoch = lease.epoch
                    $0.child = number
                    $0.idle = isIdle
                    $0.reopens = reopens
                    $0.id = child.id.text
                    $0.spawned = isSpawned
                }
            ),
            to: .run(lease.execution)
        )
        return Suspension(sequence: sequence, waits: waits, isIdle: isIdle)
    }

    private func goOn(
        _ known: Existing,
        _ suspended: Int?,
        _ tx: inout Transaction
    ) throws -> Suspension {
        if known.isOpen {
            // What has completed is only to be closed.
            let reopens = known.status.isFinal && known.status != .completed
            return try start(known.firstRun, suspended, reopens: reopens, &tx)
        }
        let root = tx[known: lease.execution].root
        let isOver = known.status == .completed
        let suspension = try start(known.firstRun, suspended, isOver: isOver, &tx)
        guard isOver else {
            try tx.reopen(known.number, in: root, since: suspension.sequence)
            return suspension
        }
        let sequence = try tx.append(
            .childEnded(
                .with {
                    $0.operation = operation.proto
                    $0.child = known.firstRun
                    $0.end = known.end
                    $0.status = known.status.proto
                    $0.unheard = isSpawned
                    $0.runOutput = known.runOutput
                    $0.spawned = isSpawned
                }
            ),
            to: .run(lease.execution)
        )
        let isFinal = known.runOutput == 0 || operation.kind == .finalize
        let output = isFinal ? known.end : known.runOutput
        return Suspension(sequence: sequence, signal: output, waits: false, isIdle: false)
    }
}

extension Refusal.Code {
    /// An execution would wait for itself.
    public static let circular = Refusal.Code(rawValue: "circular-family")
    /// Too many executions would be above one.
    public static let tooDeep = Refusal.Code(rawValue: "family-too-deep")
    /// More children are to be spawned at once than may be.
    public static let tooManyChildren = Refusal.Code(rawValue: "too-many-children")
    /// The inputs of children that are to be spawned at once are larger than one commit takes.
    public static let spawnTooLarge = Refusal.Code(rawValue: "spawn-too-large")
}
