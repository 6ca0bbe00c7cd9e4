public import DaybookFormat
import SwiftProtobuf

/// Who wants something of an execution, and why.
public struct Intervention: Sendable {
    /// The execution's id.
    public let id: String
    /// Who asks.
    public let actor: String
    /// Why, in words; one payload, if a reason was given.
    public let reason: SealedPayloads?

    /// Puts the three together.
    public init(id: String, actor: String, reason: SealedPayloads?) {
        self.id = id
        self.actor = actor
        self.reason = reason
    }
}

/// Where an execution stands after somebody has intervened.
public struct InterventionAnswer: Equatable, Sendable {
    /// The execution's number.
    public let number: UInt64
    /// Its status.
    public let status: ExecutionStatus
    /// It was so before: nothing was recorded.
    public let wasSo: Bool
}

/// Ends an execution, whatever it does. Cancelling it again answers the same.
public struct Cancel: Command {
    /// Who wants what of which.
    public let intervention: Intervention

    /// Puts the command together.
    public init(_ intervention: Intervention) { self.intervention = intervention }

    /// Where it stands.
    public typealias Answer = InterventionAnswer

    /// The id's row is needed.
    public var subject: String? { intervention.id }

    /// Granted until it has ended otherwise.
    public func decide(
        _ state: borrowing State,
        _ facts: Facts,
        _ moment: Moment
    ) throws(Refusal) -> Decision<Answer> {
        try Names.check(intervention.actor, "actor")
        let id = intervention.id
        guard let row = facts.row else { throw .unknownExecution(id) }
        let open = state.execution(row.number)
        let status: ExecutionStatus =
            if let open { open.status } else { try .recorded(in: row, of: id) }
        if status == .cancelled {
            return Decision(
                [],
                InterventionAnswer(number: row.number, status: status, wasSo: true)
            )
        }
        guard let execution = open, !status.isFinal else {
            throw .hasEnded(id, status, "be cancelled")
        }
        // Code that may be running is told, and closes it once it has ended.
        let isHeld = execution.session != 0 && state.isOpen(session: execution.session)
        var builder = DraftBuilder(state, moment)
        builder.end(
            execution,
            .cancelled,
            .executionCancelled(
                .with {
                    $0.actor = intervention.actor
                    $0.error = ErrorFacts.cancelled.proto
                    $0.closes = !isHeld
                    $0.signalsLeft = execution.signalsLeft
                }
            ),
            payloads: intervention.reason,
            errorCode: ErrorFacts.cancelled.code,
            closes: !isHeld
        )
        return Decision(
            builder.drafts,
            InterventionAnswer(number: row.number, status: .cancelled, wasSo: false)
        )
    }
}

/// Has nothing of an execution run until it is resumed. Timers go on, and signals are kept.
public struct Pause: Command {
    /// Who wants what of which.
    public let intervention: Intervention

    /// Puts the command together.
    public init(_ intervention: Intervention) { self.intervention = intervention }

    /// Where it stands.
    public typealias Answer = InterventionAnswer

    /// The id's row is needed.
    public var subject: String? { intervention.id }

    /// Granted until it has ended.
    public func decide(
        _ state: borrowing State,
        _ facts: Facts,
        _ moment: Moment
    ) throws(Refusal) -> Decision<Answer> {
        try intervention.set(paused: true, state, facts, moment)
    }
}

/// Lets an execution that was paused run again.
public struct Resume: Command {
    /// Who wants what of which.
    public let intervention: Intervention

    /// Puts the command together.
    public init(_ intervention: Intervention) { self.intervention = intervention }

    /// Where it stands.
    public typealias Answer = InterventionAnswer

    /// The id's row is needed.
    public var subject: String? { intervention.id }

    /// Granted until it has ended.
    public func decide(
        _ state: borrowing State,
        _ facts: Facts,
        _ moment: Moment
    ) throws(Refusal) -> Decision<Answer> {
        try intervention.set(paused: false, state, facts, moment)
    }
}

extension Intervention {
    fileprivate func set(
        paused: Bool,
        _ state: borrowing State,
        _ facts: Facts,
        _ moment: Moment
    ) throws(Refusal) -> Decision<InterventionAnswer> {
        try Names.check(actor, "actor")
        let execution = try state.open(id, facts, for: paused ? "be paused" : "be resumed")
        let isSo = execution.isPaused == paused
        var builder = DraftBuilder(state, moment)
        if !isSo {
            let event: ProtoEntry.OneOf_Event =
                paused
                ? .executionPaused(.with { $0.actor = actor })
                : .executionResumed(.with { $0.actor = actor })
            builder.add(event, to: execution.number, payloads: reason)
        }
        return Decision(
            builder.drafts,
            InterventionAnswer(number: execution.number, status: execution.status, wasSo: isSo)
        )
    }
}

/// Has an execution that failed, was cancelled, timed out or was parked run again, from what
/// failed: recorded successes stay.
public struct Retry: Command {
    /// Who wants what of which.
    public let intervention: Intervention

    /// Puts the command together.
    public init(_ intervention: Intervention) { self.intervention = intervention }

    /// Where it stands.
    public typealias Answer = InterventionAnswer

    /// The id's row is needed.
    public var subject: String? { intervention.id }
    /// What was closed must be folded again.
    public var needsHistory: Bool { true }

    /// Granted for what has ended badly, or is parked.
    public func decide(
        _ state: borrowing State,
        _ facts: Facts,
        _ moment: Moment
    ) throws(Refusal) -> Decision<Answer> {
        try Names.check(intervention.actor, "actor")
        let id = intervention.id
        guard let row = facts.row else { throw .unknownExecution(id) }
        guard let execution = state.execution(row.number) ?? facts.closed else {
            throw .unknownExecution(id)
        }
        if execution.status.isFinal, state.execution(row.number) != nil {
            throw Refusal(
                .conflict,
                "\(id) cannot be retried yet: it is \(execution.status.rawValue), and its code is still ending; wait for it, then try again"
            )
        }
        switch execution.status {
        case .failed, .timedOut, .cancelled, .childrenTasksFailed, .finalizeTaskFailed: break
        case _ where execution.isParked: break
        case .completed, .expired:
            throw .hasEnded(id, execution.status, "be retried")
        default:
            throw Refusal(
                .conflict,
                "\(id) cannot be retried: it is \(execution.status.rawValue), and has not failed; wait for it, or cancel it first"
            )
        }
        var builder = DraftBuilder(state, moment)
        builder.add(
            .executionReopened(.with { $0.actor = intervention.actor }),
            to: execution.number,
            payloads: intervention.reason,
            row: ExecutionIndexRow(
                id: id,
                row: ProtoExecutionRow.with { $0.number = execution.number }.encoded()
            )
        )
        return Decision(
            builder.drafts,
            InterventionAnswer(number: execution.number, status: .ready, wasSo: false)
        )
    }
}

extension ErrorFacts {
    /// Somebody cancelled it.
    static let cancelled = ErrorFacts(kind: .cancelled, code: "cancelled", isRetryable: false)
    /// It took too long.
    static let timedOut = ErrorFacts(kind: .timedOut, code: "timed_out")
    /// It was not asked to run in time.
    static let expired = ErrorFacts(code: "expired", isRetryable: false)
}
