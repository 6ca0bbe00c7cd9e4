public import DaybookModel
public import DaybookSystem

/// Why an activation, one run of a handler's code, ended without an outcome.
///
/// The handler itself sees a `CancellationError` from every call on its context, whatever the
/// reason is: whatever it does with that, the execution goes on by what the journal says.
@nonexhaustive
public enum ActivationEnd: Sendable {
    /// The engine shuts down; the execution goes on when one is started again.
    case stopping
    /// The lease is lost: somebody else has the execution.
    case leaseLost
    /// The code asks for something else than what is recorded; the execution is parked.
    case diverged(Divergence)
    /// Something may have happened; the execution is parked until a person says whether it did.
    case inDoubt(InDoubt)
    /// The journal could not be written.
    case journalFailed(any Error)
    /// The machine has too little of something; the execution is tried again later.
    case shortage(Shortage)
    /// Somebody cancelled the execution, or its attempt took too long.
    case ended
    /// Somebody paused the execution.
    case paused
    /// Nothing of it runs: its code is run again when what it waits for has come.
    case evicted
    /// The handler has asked to go on as a new run with this input.
    case continuing([UInt8])
    /// A replay has come to the end of the recorded history.
    case historyEnded
}

extension ActivationEnd {
    /// Whether the handler has asked to go on as a new run.
    var isContinuing: Bool { if case .continuing = self { true } else { false } }
}

extension ActivationEnd: CustomStringConvertible {
    /// Why the activation is over, in words.
    public var description: String {
        switch self {
        case .stopping: "the engine is shutting down; the execution goes on when one starts again"
        case .leaseLost: "the lease of this execution is lost: another session has taken it over"
        case .diverged(let divergence): "the execution is parked: \(divergence)"
        case .inDoubt(let doubt): "the execution is parked: \(doubt)"
        case .journalFailed(let error): "the journal could not be written: \(error)"
        case .shortage(let shortage): "the execution is tried again later: \(shortage)"
        case .ended: "the execution was ended from outside: it was cancelled, or took too long"
        case .paused: "the execution is paused; it goes on when it is resumed"
        case .evicted: "the execution waits, and its code is run again when that is over"
        case .continuing: "the execution goes on as a new run"
        case .historyEnded: "the recorded history ends here"
        }
    }

    /// What was begun under it may still be recorded.
    var keepsLease: Bool {
        switch self {
        case .stopping, .ended, .paused, .continuing, .shortage, .inDoubt: true
        case .leaseLost, .diverged, .journalFailed, .evicted, .historyEnded: false
        }
    }

    /// The handler itself has ended by it: nothing has to be told to stop.
    var isEndOfHandler: Bool {
        if case .continuing = self { true } else { false }
    }
}

/// A replay has no more to say: what is asked for is not recorded.
struct HistoryEnded: Error {}
