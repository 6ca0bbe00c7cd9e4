import DaybookFormat
import SwiftProtobuf

/// What somebody wants something of, and who.
package struct Intervention: Sendable {
    /// The execution's id.
    package let id: Name
    /// Who asks, and why.
    package let request: Request

    /// The id has 1 to 255 bytes, which is checked when the command is decided.
    package init(id: Name, by request: Request = .session) {
        self.id = id
        self.request = request
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
package struct Cancel: Command {
    /// Who wants what of which.
    package let intervention: Intervention
    /// What its handler registered for an end from outside does not run, also when the execution has
    /// ended and cleans up now.
    package let force: Bool

    /// Nothing is checked here: a command is checked when it is decided.
    package init(_ intervention: Intervention, force: Bool = false) {
        self.intervention = intervention
        self.force = force
    }

    /// Where it stands.
    package typealias Answer = InterventionAnswer

    /// Granted until it has ended otherwise.
    package func decide(_ tx: inout Transaction) throws -> Answer {
        try intervention.request.check()
        let id = intervention.id
        guard let row = try tx.row(of: id) else { throw Refusal.unknownExecution(id) }
        let number = row.number
        let open = tx[number]?.status
        let status: ExecutionStatus =
            if let open { open } else { try .recorded(in: row, of: id.text) }
        if force, open?.isFinal == true, tx[known: number].owesCleaning {
            return try skip(number, status, &tx)
        }
        if status == .cancelled {
            return InterventionAnswer(number: number, status: status, wasSo: true)
        }
        guard open != nil, !status.isFinal else {
            throw Refusal.hasEnded(id, status, "be cancelled")
        }
        if force, tx[known: number].rare.cleaning.stands {
            try tx.skipCleaning(number, by: intervention.request.withoutReason)
        }
        try tx.cancel(number, by: intervention.request)
        return InterventionAnswer(number: number, status: .cancelled, wasSo: false)
    }

    /// Ends the cleaning of what has ended. Code that runs is told, and closes it once it has ended.
    private func skip(
        _ number: UInt64,
        _ status: ExecutionStatus,
        _ tx: inout Transaction
    ) throws -> Answer {
        try tx.skipCleaning(number, by: intervention.request)
        if !tx.isHeld(number), !tx[known: number].hasOpenChildren { try tx.close(number) }
        return InterventionAnswer(number: number, status: status, wasSo: false)
    }
}

/// Has nothing of an execution run until it is resumed. Timers go on, and signals are kept.
package struct Pause: Command {
    /// Who wants what of which.
    package let intervention: Intervention

    /// Nothing is checked here: a command is checked when it is decided.
    package init(_ intervention: Intervention) { self.intervention = intervention }

    /// Where it stands.
    package typealias Answer = InterventionAnswer

    /// Granted until it has ended.
    package func decide(_ tx: inout Transaction) throws -> Answer {
        try intervention.set(paused: true, &tx)
    }
}

/// Lets an execution that was paused run again.
package struct Resume: Command {
    /// Who wants what of which.
    package let intervention: Intervention

    /// Nothing is checked here: a command is checked when it is decided.
    package init(_ intervention: Intervention) { self.intervention = intervention }

    /// Where it stands.
    package typealias Answer = InterventionAnswer

    /// Granted until it has ended.
    package func decide(_ tx: inout Transaction) throws -> Answer {
        try intervention.set(paused: false, &tx)
    }
}

extension Intervention {
    fileprivate func set(
        paused: Bool,
        _ tx: inout Transaction
    ) throws -> InterventionAnswer {
        try request.check()
        let number = try pausable(for: paused ? "be paused" : "be resumed", tx)
        let isSo = tx[known: number].isPaused == paused
        if !isSo {
            let event: ProtoEntry.OneOf_Event =
                paused ? .executionPaused(.init()) : .executionResumed(.init())
            try tx.append(event.encoded(), to: .run(number), by: request)
        }
        return InterventionAnswer(number: number, status: tx[known: number].status, wasSo: isSo)
    }
}

extension Intervention {
    /// The number of an execution of which something could run: its handler, or what cleans up.
    fileprivate func pausable(for what: String, _ tx: borrowing Transaction) throws -> UInt64 {
        if let row = try tx.row(of: id), tx[row.number]?.owesCleaning ?? false { return row.number }
        return try tx.open(id, for: what)
    }
}

/// Has an execution that failed, was cancelled, timed out, expired or was parked run again, from what
/// failed: recorded successes stay.
package struct Retry: Command {
    /// Who wants what of which.
    package let intervention: Intervention
    /// Fresh secrets, which take the place of those of the same names.
    package let secrets: SealedSecrets?

    /// Nothing is checked here: a command is checked when it is decided.
    package init(_ intervention: Intervention, secrets: SealedSecrets? = nil) {
        self.intervention = intervention
        self.secrets = secrets
    }

    /// Where it stands.
    package typealias Answer = InterventionAnswer

    /// Granted for what has ended badly, or is parked.
    package func decide(_ tx: inout Transaction) throws -> Answer {
        try intervention.request.check()
        try secrets?.check()
        let id = intervention.id
        guard let row = try tx.row(of: id) else { throw Refusal.unknownExecution(id) }
        let open = tx[row.number]?.status
        let isParked = tx[row.number]?.isParked ?? false
        if let open, open.isFinal {
            // Parked while it cleaned up, it goes on with that.
            if isParked { return try reopen(row, open, &tx) }
            throw Refusal(
                .conflict,
                "\(id) cannot be retried yet: it is \(open.rawValue), and its code or its cleaning is still ending; wait for it, then try again"
            )
        }
        let status: ExecutionStatus =
            if let open { open } else { try .recorded(in: row, of: id.text) }
        switch status {
        case .failed, .timedOut, .cancelled, .expired, .childrenTasksFailed, .finalizeTaskFailed:
            try checkIsNoChild(row, tx)
        case _ where isParked: break
        case .completed:
            throw Refusal.hasEnded(id, status, "be retried")
        default:
            throw Refusal(
                .conflict,
                "\(id) cannot be retried: it is \(status.rawValue), and has not failed; wait for it, or cancel it first"
            )
        }
        try checkNotHandedOn(row.number, tx)
        try tx.checkNotArchived(row, id, "be retried")
        try tx.checkNotErased(row, id, "be retried")
        return try reopen(row, .ready, &tx)
    }

    /// No fork goes on with what it has done, and owes what is registered for an end: both would undo the
    /// same work.
    private func checkNotHandedOn(_ number: UInt64, _ tx: borrowing Transaction) throws {
        guard let heir = try tx.lastHeir(of: number) else { return }
        let fork = try tx.id(of: heir)
        let status =
            try tx[heir]?.status ?? tx.row(of: fork).map { try .recorded(in: $0, of: fork.text) }
        let advice =
            switch status {
            case .failed?, .timedOut?, .cancelled?, .expired?, .childrenTasksFailed?,
                .finalizeTaskFailed?:
                "retry \(fork), or submit a new execution"
            case .completed?:
                "\(fork) has completed; submit a new execution if it is to be done again"
            default: "\(fork) has not ended; let it go on"
            }
        throw Refusal(
            .conflict,
            "\(intervention.id) was forked as \(fork), which goes on with what it did and owes what was registered for its end; \(advice)"
        )
    }

    /// A child that has ended is opened again by its parent: that was told of its end, and would wait
    /// for nothing any more.
    private func checkIsNoChild(
        _ row: ProtoExecutionRow,
        _ tx: borrowing Transaction
    ) throws(Refusal) {
        let parent = row.closed.parent
        guard parent != 0 else { return }
        let name = tx[parent].map { "\($0.id)" } ?? "the execution number \(parent)"
        throw Refusal(
            .conflict,
            "\(intervention.id) cannot be retried: it is a child of \(name), which was told how it ended; retry that, and what failed of its children runs again"
        )
    }

    private func reopen(
        _ row: ProtoExecutionRow,
        _ status: ExecutionStatus,
        _ tx: inout Transaction
    ) throws -> Answer {
        let number = row.number
        // Nobody may have seen to it when their time came.
        try tx.wipeSecrets(ifExpired: number)
        if let secrets {
            let parent = tx[number]?.parent ?? row.closed.parent
            try tx.checkRoom(for: secrets, of: number, parent: parent)
        }
        let event = ProtoEntry.OneOf_Event.executionReopened(.init())
        try tx.append(event.encoded(), to: .run(number), by: intervention.request)
        if let secrets { try tx.store(secrets, of: number) }
        // It may wait for nothing but children that have ended meanwhile.
        try tx.settleSpawned(of: number)
        return InterventionAnswer(number: number, status: status, wasSo: false)
    }
}

extension ErrorFacts {
    /// Somebody cancelled it.
    static let cancelled = ErrorFacts(kind: .cancelled, code: "cancelled", isRetryable: false)
    /// Another child of its parent has failed.
    public static let siblingFailed = ErrorFacts(
        kind: .cancelled,
        code: "sibling-failed",
        isRetryable: false
    )
    /// It took too long.
    static let timedOut = ErrorFacts(kind: .timedOut, code: "timed_out")
    /// It was not asked to run in time.
    static let expired = ErrorFacts(code: "expired", isRetryable: false)
}
