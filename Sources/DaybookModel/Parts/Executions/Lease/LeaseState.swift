/// Who has the right to run an execution, which attempt it is, and how it went with those before.
///
/// The larger fields last: it is part of every open execution.
struct LeaseState: Sendable {
    /// See ``ExecutionState/session``.
    var session: UInt64?
    /// The next claim begins a new attempt.
    var beginsAttempt = true
    /// Which attempt runs, from 1; 0 before the first.
    var attempt: UInt32 = 0
    /// Leases lost in a row.
    var losses: UInt32 = 0
    /// How often it has been claimed.
    var epoch: UInt64 = 0
}

extension ExecutionState {
    /// The session that holds the lease, or held it last; nil: none does.
    package var session: UInt64? { lease.session }
    /// How often it has been claimed: each claim's commands carry this.
    package var epoch: UInt64 { lease.epoch }
    /// Which attempt runs, from 1; 0 before the first.
    package var attempt: UInt32 { lease.attempt }
    /// Leases lost in a row.
    package var losses: UInt32 { lease.losses }
    /// The next claim begins a new attempt.
    var beginsAttempt: Bool { lease.beginsAttempt }
    /// Which attempt runs of those that the retry policy counts: from 1 again after a person has had
    /// it run again.
    package var countedAttempt: UInt32 { attempt - min(attempt, rare.attemptsBefore) }
    /// Whether the retry policy has no other attempt follow this one, whatever it fails with.
    func isLast(_ attempt: UInt32) -> Bool {
        attempt - min(attempt, rare.attemptsBefore) >= retry.maxAttempts
    }
    /// The entry by which the attempt before failed; nil: there was none, or it did not.
    package var previousFailure: UInt64? {
        rare.previousFailure == 0 ? nil : rare.previousFailure
    }
    /// The epochs for which a refusal was recorded.
    package var refusedEpochs: [UInt64] { rare.refusedEpochs }
}
