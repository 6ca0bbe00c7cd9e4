public import DaybookFormat
public import DaybookModel

public import struct DaybookJournal.SecretError

/// Something that an engine did, for progress displays and metrics. Told after it is on the disk.
///
/// Later versions tell of more: who switches over it writes `@unknown default`.
@nonexhaustive
public enum EngineEvent: Sendable {
    /// A handler begins to run. `resumed`: it has run before.
    case activated(Lease, resumed: Bool)
    /// An operation was answered from the journal.
    case replayed(Lease, Operation, sequence: UInt64, failed: Bool)
    /// The body of an operation is about to run; the entry that says so, if one was asked for.
    case started(Lease, Operation, sequence: UInt64?)
    /// An operation's outcome is recorded.
    case recorded(
        Lease,
        Operation,
        sequence: UInt64,
        from: OutcomeSource,
        failure: OperationError?
    )
    /// The body of an operation has failed, try number `tries`, and another one follows, then at the
    /// earliest. What is registered for an end from outside tells of no tries: they are not recorded.
    case retrying(
        Lease,
        Operation,
        sequence: UInt64,
        failure: OperationError,
        tries: UInt32,
        retryAt: Timestamp?
    )
    /// A sleep, a wait for a signal or a poll between two looks begins; nil: for as long as it takes.
    /// What has nothing to wait for is not told.
    case waiting(Lease, Operation, sequence: UInt64, until: Timestamp?)
    /// An operation that waited, for its next try too, goes on: with the signal of that entry, or,
    /// with nil, because its time has come. After a process has died it may be told again.
    case woke(Lease, Operation, signal: UInt64?)
    /// An operation splits into so many branches: `map`, `parallel`, `race` or `scope`.
    case branched(Lease, Operation, sequence: UInt64, branches: UInt32)
    /// The handler's outcome is recorded.
    case ended(Lease, sequence: UInt64, failure: OperationError?)
    /// The handler has thrown, and another attempt follows, then at the earliest.
    case attemptFailed(Lease, sequence: UInt64, failure: OperationError, retryAt: Timestamp)
    /// What was registered for an end from outside has run, and the execution is closed.
    case cleaned(Lease, sequence: UInt64)
    /// The activation ended without an outcome.
    case closed(Lease, ActivationEnd)
    /// A session whose process is gone was found, and what it ran was made ready again.
    case tookOver(session: UInt64, readied: [UInt64], parked: [UInt64], endedProcesses: Int)
    /// Executions that have secrets are ready and not claimed here: their secrets cannot be opened in this
    /// process. Told once; should they be opened and refused again, once more.
    case secretsUnopened(SecretError)
    /// A snapshot of the state is recorded: the fold of so many entries.
    case snapshotTaken(size: UInt64)
}

extension EngineEvent {
    /// What has said how an operation came out. Later versions may know of more: who switches over it
    /// writes `@unknown default`.
    @nonexhaustive
    public enum OutcomeSource: Sendable, Hashable {
        /// Its body, which ran.
        case body
        /// Its verification: the work was found done, and the body did not run.
        case verification
        /// A person, who resolved it or gave its result with a fork: the body did not run.
        case person
    }
}
