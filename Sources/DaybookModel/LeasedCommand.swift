import DaybookFormat
import SwiftProtobuf

/// A command that is valid only under a lease.
protocol LeasedCommand: Command {
    var lease: Lease { get }
    /// What it asks for, in a word, for the record of a refusal.
    var name: String { get }
    /// When it is granted.
    var phase: LeasePhase { get }
    /// The scope that it records something in; nil: it is about no operation.
    var scope: [UInt32]? { get }
    /// Whether the holder of the lease may still ask for it.
    func isInTime(_ execution: borrowing ExecutionState) -> Bool
    /// Grants or refuses; the lease is valid, and its execution is open.
    func decideUnderLease(_ tx: inout Transaction) throws -> Answer
}

/// What the holder of a lease may still do.
enum LeasePhase {
    /// Go on: the attempt has not ended.
    case running
    /// Say what it did: also after the attempt was ended from outside.
    case cleaning
}

extension LeasedCommand {
    var phase: LeasePhase { .running }
    var scope: [UInt32]? { nil }

    func isInTime(_ execution: borrowing ExecutionState) -> Bool {
        switch execution.status {
        case .running, .waiting: return true
        default: break
        }
        // Of what is cleaned up only the code may go on that is to run now.
        if let scope, execution.cleaningScope(around: scope) != nil { return true }
        return phase == .cleaning
    }

    /// Checks the lease, then decides. The first refusal of a stale lease, or of an end that comes
    /// after another, is recorded, once per execution and epoch.
    package func decide(_ tx: inout Transaction) throws -> Answer {
        let number = lease.execution
        guard tx.isOpen(number) else { throw Refusal.staleLease(lease) }
        guard tx.holds(lease) else {
            try refuse(.staleLease, &tx)
            throw Refusal.staleLease(lease)
        }
        guard isInTime(tx[known: number]) else {
            let status = tx[known: number].status
            try refuse(.ended, &tx)
            throw Refusal.ended(lease, status)
        }
        return try decideUnderLease(&tx)
    }

    /// Records a refusal, unless there is one of the lease.
    private func refuse(
        _ reason: ProtoCommandRefused.Reason,
        _ tx: inout Transaction
    ) throws {
        guard !tx[known: lease.execution].refusedEpochs.contains(lease.epoch) else { return }
        try tx.append(
            .commandRefused(
                .with {
                    $0.reason = reason
                    $0.epoch = lease.epoch
                    $0.command = name
                }
            ),
            to: .run(lease.execution)
        )
    }
}

extension Transaction {
    /// Whether a lease of an open execution is the last one granted, and the session's.
    fileprivate func holds(_ lease: Lease) -> Bool {
        let number = lease.execution
        return !self[known: number].isParked && self[known: number].session == session
            && self[known: number].epoch == lease.epoch && state.isOpen(session: session)
    }
}

extension Refusal {
    fileprivate static func staleLease(_ lease: Lease) -> Refusal {
        Refusal(
            .staleLease,
            "the lease of \(lease.id) with epoch \(lease.epoch) is no longer valid: the execution was taken over or has ended; stop working on it"
        )
    }

    fileprivate static func ended(_ lease: Lease, _ status: ExecutionStatus) -> Refusal {
        Refusal(
            .ended,
            "\(lease.id) is \(status.rawValue), and was ended while it ran; stop working on it"
        )
    }
}
