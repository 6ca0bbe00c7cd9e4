import DaybookFormat
import SwiftProtobuf

/// Takes the lease of a ready execution, or of one that is to be cleaned up, for the asking session.
///
/// Exactly one claimer gets it. The lease has an epoch, and every later command about the
/// execution must show it.
package struct Claim: Command {
    /// What may be claimed.
    package enum Target: Sendable {
        /// The execution that has been ready for the longest, of these workflows.
        case first(of: [Name])
        /// This one.
        case execution(UInt64)
    }

    /// What may be claimed.
    package let target: Target
    /// Whether what has secrets may be claimed too.
    package let opensSecrets: Bool

    /// Nothing is checked here: a command is checked when it is decided.
    package init(_ target: Target, opensSecrets: Bool = true) {
        self.target = target
        self.opensSecrets = opensSecrets
    }

    /// The lease; nil when nothing is ready.
    package typealias Answer = Lease?

    /// Grants the lease.
    package func decide(_ tx: inout Transaction) throws -> Answer {
        guard tx.state.isOpen(session: tx.session) else {
            throw Refusal.unknownSession(tx.session)
        }
        let candidate: UInt64?
        switch target {
        case .first(let types):
            candidate = tx.state.firstReady(of: types, for: tx.claimant(opensSecrets))
        case .execution(let number):
            let claimant = tx.claimant(opensSecrets)
            let isOpen = opensSecrets || tx.state.secrets[number] == nil
            let isFree = tx[number].map {
                isOpen && $0.isClaimable && $0.isOpen(toRevision: claimant.revision)
            }
            candidate = isFree == true ? number : nil
        }
        return try candidate.map { try tx.grant($0) }
    }
}

extension Transaction {
    /// Who asks.
    fileprivate func claimant(_ opensSecrets: Bool) -> Claimant {
        Claimant(revision, opensSecrets: opensSecrets)
    }

    /// The revision of the session that asks; empty: it has not said which.
    var revision: Name { state.revision(ofSession: session) }

    /// Gives the leases of those that have been ready for the longest to the session that asks.
    /// - Parameters:
    ///   - limit: how many, at most.
    ///   - opensSecrets: also of what has secrets.
    package mutating func grant(
        upTo limit: Int,
        of types: [Name],
        opensSecrets: Bool = true
    ) throws -> [Lease] {
        var leases: [Lease] = []
        guard state.isOpen(session: session) else { return [] }
        let claimant = claimant(opensSecrets)
        while leases.count < limit, let number = state.firstReady(of: types, for: claimant) {
            leases.append(try grant(number))
        }
        return leases
    }

    /// Gives the lease of a claimable execution to the session that asks.
    package mutating func grant(_ number: UInt64) throws -> Lease {
        let now = now
        let begun = self[known: number].isPinned && self[known: number].pinnedRevision == nil
        let (claim, lease) = Lease.next(
            of: self[known: number],
            at: now,
            by: nextSequence,
            pinnedTo: begun ? revision : ""
        )
        try append(claim, to: .run(number))
        return lease
    }
}

/// What a session may claim.
package struct Claimant: Sendable {
    /// The revision of its code; empty: it has not said which.
    let revision: Name
    /// What has secrets too.
    let opensSecrets: Bool

    /// Says what it may claim.
    package init(_ revision: Name, opensSecrets: Bool = true) {
        self.revision = revision
        self.opensSecrets = opensSecrets
    }
}

/// The right of a session to run an execution.
public struct Lease: Equatable, Sendable {
    /// The execution's number.
    public let execution: UInt64
    /// Rises with each claim; an older one is refused.
    public let epoch: UInt64
    /// The execution's id.
    public let id: Name
    /// The name of its workflow.
    public let type: Name
    /// Which attempt it is, from 1.
    public let attempt: UInt32
    /// The retry policy has no other one follow it, whatever it fails with.
    public let isLastAttempt: Bool
    /// The entry that granted it.
    public let claim: UInt64
    /// The entry by which the attempt before failed; nil: there was none, or it did not.
    public let previousFailure: UInt64?
    /// What it is to run instead of the handler, in this order, because the execution was ended from
    /// outside; empty: it is to run the handler.
    package let cleaning: [DueCleaning]
    /// Checkpoints whose effect nobody knows, and that are to be undone: nothing else may be asked for in
    /// their places. In the order of their entries.
    package let unsettled: [DueCleaning]
    /// When the execution ended; zero: it has not.
    public let endedAt: Timestamp
    /// The execution is the finalizer of its parent.
    public let isFinalizer: Bool

    /// What the entry says that grants the next lease of an execution, and the lease.
    fileprivate static func next(
        of execution: borrowing ExecutionState,
        at now: Timestamp,
        by sequence: UInt64,
        pinnedTo revision: Name
    ) -> ([UInt8], Lease) {
        // A claim after a lost lease goes on with the attempt that was under way, and its time.
        let begins = execution.beginsAttempt && !execution.status.isFinal
        // A damaged journal may hold the largest number there is.
        let attempt =
            begins && execution.attempt < .max ? execution.attempt + 1 : execution.attempt
        let deadline =
            begins
            ? execution.timeout.map { now.adding($0.wholeNanoseconds) } : execution.deadline
        let epoch = execution.epoch + 1
        let claim = FrequentEvents.claimed(
            epoch: epoch,
            attempt: attempt,
            deadline: deadline,
            revision: revision
        )
        let lease = Lease(
            execution: execution.number,
            epoch: epoch,
            id: execution.id,
            type: execution.type,
            attempt: attempt,
            isLastAttempt: execution.isLast(attempt),
            claim: sequence,
            previousFailure: execution.previousFailure,
            cleaning: execution.dueCleaning,
            unsettled: execution.unsettledCompensations,
            endedAt: execution.finishedAt,
            isFinalizer: execution.isFinalizer
        )
        return (claim, lease)
    }

    /// Stands for the last lease of an execution where its history is only replayed.
    /// - Parameter cleaning: what is to be done at an end, where that is rehearsed.
    package init(replaying state: ExecutionState, cleaning: [DueCleaning] = []) {
        let attempt = max(state.attempt, 1)
        self.init(
            execution: state.number,
            epoch: state.epoch,
            id: state.id,
            type: state.type,
            attempt: attempt,
            isLastAttempt: state.isLast(attempt),
            claim: state.last,
            previousFailure: state.previousFailure,
            cleaning: cleaning,
            unsettled: state.unsettledCompensations,
            isFinalizer: state.isFinalizer
        )
    }

    init(
        execution: UInt64,
        epoch: UInt64,
        id: Name,
        type: Name,
        attempt: UInt32,
        isLastAttempt: Bool = false,
        claim: UInt64,
        previousFailure: UInt64? = nil,
        cleaning: [DueCleaning] = [],
        unsettled: [DueCleaning] = [],
        endedAt: Timestamp = Timestamp(rawValue: 0),
        isFinalizer: Bool = false
    ) {
        self.isFinalizer = isFinalizer
        self.cleaning = cleaning
        self.unsettled = unsettled
        self.endedAt = endedAt
        self.execution = execution
        self.epoch = epoch
        self.id = id
        self.type = type
        self.attempt = attempt
        self.isLastAttempt = isLastAttempt
        self.claim = claim
        self.previousFailure = previousFailure
    }
}
