import DaybookFormat
import SwiftProtobuf

/// A command that is valid only under a lease.
protocol LeasedCommand: Command {
    var lease: Lease { get }
    /// What it asks for, in a word, for the record of a refusal.
    var name: String { get }
    /// When it is granted.
    var phase: LeasePhase { get }
    /// Grants or refuses, with the lease checked.
    func decide(
        _ state: borrowing State,
        _ execution: ExecutionState,
        _ moment: Moment
    ) throws(Refusal) -> Decision<Answer>
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

    /// Checks the lease, then decides. The first refusal of a stale lease, or of an end that comes
    /// after another, is recorded, once per execution and epoch.
    public func decide(
        _ state: borrowing State,
        _ facts: Facts,
        _ moment: Moment
    ) throws(Refusal) -> Decision<Answer> {
        let stale = Refusal(
            .staleLease,
            "the lease of \(lease.id) with epoch \(lease.epoch) is no longer valid: the execution was taken over or has ended; stop working on it"
        )
        guard let execution = state.execution(lease.execution) else { throw stale }
        guard !execution.isParked, execution.session == moment.session,
            execution.epoch == lease.epoch, state.isOpen(session: moment.session)
        else {
            return try refuse(execution, stale, .staleLease, state, moment)
        }
        switch execution.status {
        case .running, .waiting: break
        default:
            guard phase == .running else { break }
            let ended = Refusal(
                .ended,
                "\(lease.id) is \(execution.status.rawValue), and was ended while it ran; stop working on it"
            )
            return try refuse(execution, ended, .ended, state, moment)
        }
        return try decide(state, execution, moment)
    }

    private func refuse(
        _ execution: ExecutionState,
        _ refusal: Refusal,
        _ reason: ProtoCommandRefused.Reason,
        _ state: borrowing State,
        _ moment: Moment
    ) throws(Refusal) -> Decision<Answer> {
        guard !execution.refusedEpochs.contains(lease.epoch) else { throw refusal }
        var builder = DraftBuilder(state, moment)
        builder.add(
            .commandRefused(
                .with {
                    $0.reason = reason
                    $0.epoch = lease.epoch
                    $0.command = name
                }
            ),
            to: execution.number
        )
        return Decision(builder.drafts, refusal: refusal)
    }
}
