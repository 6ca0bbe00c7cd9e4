import DaybookFormat
import SwiftProtobuf

/// Records that what a handler registered for an end from outside has run, or that a checkpoint was undone,
/// and whether that failed.
package struct EndCleaning: LeasedCommand {
    /// The lease under which it ran.
    package let lease: Lease
    /// The registration: the one that is to run now.
    package let operation: Operation
    /// The error without its free text; nil: it ended well.
    package let error: ErrorFacts?
    /// The error's message and details, sealed; nil: it ended well.
    package let payloads: SealedPayloads?
    /// Lines that were logged since its last operation.
    package let logs: [LogChunk]

    /// Nothing is checked here: a command is checked when it is decided.
    package init(
        _ lease: Lease,
        _ operation: Operation,
        _ failure: (error: ErrorFacts, payloads: SealedPayloads)? = nil,
        logs: [LogChunk] = []
    ) {
        self.lease = lease
        self.operation = operation
        error = failure?.error
        payloads = failure?.payloads
        self.logs = logs
    }

    /// The sequence of the entry.
    package typealias Answer = UInt64

    var name: String { "end cleaning" }

    /// Once the execution has ended, by whoever holds the lease for that.
    func isInTime(_ execution: borrowing ExecutionState) -> Bool {
        execution.isClaimedForCleaning && execution.owesCleaning
    }

    func decideUnderLease(_ tx: inout Transaction) throws -> UInt64 {
        let due = tx[known: lease.execution].nextCleaning
        guard let due, due.path == OperationPath(operation), due.name == operation.name else {
            throw Refusal(
                .conflict,
                "the cleaning \(operation.name) of \(lease.id) was to be ended, and it is not the next one; what was registered last runs first, each once"
            )
        }
        try tx.append(logs, of: nil, lease)
        return try tx.append(
            .cleaningEnded(
                .with {
                    $0.operation = operation.proto
                    $0.epoch = lease.epoch
                    if let error { $0.error = error.proto }
                }
            ),
            to: .run(lease.execution),
            payloads: payloads
        )
    }
}

extension AttemptEnd {
    /// The operation with whose recorded failure it ends.
    var failedOperation: OperationPath? {
        switch self {
        case .itself(let path), .family(let path, _): path
        case .time: nil
        }
    }
}

extension Transaction {
    /// Whether an execution cannot be closed by the entry that ends it from outside: its code may be
    /// running, something is registered for that, or children of it are open.
    func hasLoose(_ number: UInt64) -> Bool {
        isHeld(number) || self[known: number].rare.cleaning.stands
            || self[known: number].hasOpenChildren
    }

    /// An execution was ended from outside and is not closed: unless its code may be running, nobody
    /// holds it from now on, so that it can be claimed for cleaning.
    mutating func freeForCleaning(_ number: UInt64) throws {
        guard !isHeld(number), self[known: number].session != nil else { return }
        let (epoch, losses) = (self[known: number].epoch, self[known: number].losses)
        try append(
            .leaseLost(
                .with {
                    $0.epoch = epoch
                    $0.losses = losses
                }
            ),
            to: .run(number),
            causation: self[known: number].last
        )
    }

    /// An execution ends by itself, and is not closed yet: what it registered for an end from outside
    /// does not run.
    /// - Parameter compensates: checkpoints are undone, because it ends badly.
    mutating func leaveCleaningOut(_ number: UInt64, compensates: Bool = false) throws {
        guard compensates else {
            guard self[known: number].rare.cleaning.stands else { return }
            return try skipCleaning(number, by: .session)
        }
        guard self[known: number].rare.cleaning.registersMore else { return }
        let event = ProtoEntry.OneOf_Event.cleaningSkipped(.with { $0.keepsCompensations = true })
        try append(event, to: .run(number))
    }

    /// The code of an execution that waits for its children has ended.
    mutating func giveBack(_ number: UInt64) throws {
        let epoch = self[known: number].epoch
        try append(.leaseReleased(.with { $0.epoch = epoch }), to: .run(number))
    }

    /// Has what is registered for an end not run.
    mutating func skipCleaning(_ number: UInt64, by request: Request) throws {
        let event = ProtoEntry.OneOf_Event.cleaningSkipped(.init())
        try append(event.encoded(), to: .run(number), by: request)
    }
}
