import DaybookFormat
import SwiftProtobuf

/// Takes the lease of a ready execution for the asking session.
///
/// Exactly one claimer gets it. The lease has an epoch, and every later command about the
/// execution must show it.
public struct Claim: Command {
    /// What may be claimed.
    public enum Target: Sendable {
        /// The execution that has been ready for the longest, of these workflows.
        case first(of: [String])
        /// This one.
        case execution(UInt64)
    }

    /// What may be claimed.
    public let target: Target

    /// Puts the command together.
    public init(_ target: Target) { self.target = target }

    /// The lease; nil when nothing is ready.
    public typealias Answer = Lease?

    /// Grants the lease.
    public func decide(
        _ state: borrowing State,
        _ facts: Facts,
        _ moment: Moment
    ) throws(Refusal) -> Decision<Answer> {
        guard state.sessions.contains(where: { $0.number == moment.session }) else {
            throw .unknownSession(moment.session)
        }
        let candidate: ExecutionState?
        switch target {
        case .first(let types): candidate = state.firstReady(of: types)
        case .execution(let number):
            let state = state.execution(number)
            candidate = state?.status == .ready && state?.isParked == false ? state : nil
        }
        guard let execution = candidate else { return Decision([], nil) }
        // A claim after a lost lease goes on with the attempt that was under way.
        let attempt = max(execution.attempt, 1)
        var builder = DraftBuilder(state, moment)
        let sequence = builder.add(
            .executionClaimed(
                .with {
                    $0.epoch = execution.epoch + 1
                    $0.attempt = attempt
                }
            ),
            to: execution.number
        )
        return Decision(
            builder.drafts,
            Lease(
                execution: execution.number,
                epoch: execution.epoch + 1,
                id: execution.id,
                type: execution.type,
                attempt: attempt,
                claim: sequence
            )
        )
    }
}

/// The right of a session to run an execution.
public struct Lease: Equatable, Sendable {
    /// The execution's number.
    public let execution: UInt64
    /// Rises with each claim; an older one is refused.
    public let epoch: UInt64
    /// The execution's id.
    public let id: String
    /// The name of its workflow.
    public let type: String
    /// Which attempt it is, from 1.
    public let attempt: UInt32
    /// The entry that granted it.
    public let claim: UInt64
}

/// A command that is valid only under a lease.
protocol LeasedCommand: Command {
    var lease: Lease { get }
    /// What it asks for, in a word, for the record of a refusal.
    var name: String { get }
    /// Grants or refuses, with the lease checked.
    func decide(
        _ state: borrowing State,
        _ execution: ExecutionState,
        _ moment: Moment
    ) throws(Refusal) -> Decision<Answer>
}

extension LeasedCommand {
    /// Checks the lease, then decides. The first refusal of a stale lease is recorded, once per
    /// execution and epoch.
    public func decide(
        _ state: borrowing State,
        _ facts: Facts,
        _ moment: Moment
    ) throws(Refusal) -> Decision<Answer> {
        let refusal = Refusal(
            .staleLease,
            "the lease of \(lease.id) with epoch \(lease.epoch) is no longer valid: the execution was taken over or has ended; stop working on it"
        )
        guard let execution = state.execution(lease.execution) else { throw refusal }
        guard execution.status == .running, !execution.isParked,
            execution.session == moment.session, execution.epoch == lease.epoch
        else {
            guard !execution.refusedEpochs.contains(lease.epoch) else { throw refusal }
            var builder = DraftBuilder(state, moment)
            builder.add(
                .commandRefused(
                    .with {
                        $0.reason = .staleLease
                        $0.epoch = lease.epoch
                        $0.command = name
                    }
                ),
                to: execution.number
            )
            return Decision(builder.drafts, refusal: refusal)
        }
        return try decide(state, execution, moment)
    }
}
