public import DaybookFormat
public import DaybookModel

extension JournalEntry {
    /// What the entry says, in one line without its header.
    public var summary: String {
        switch entry.event {
        case .journalCreated(let event): "origin \(event.origin)"
        case .sessionOpened(let event):
            "\(event.program) \(event.version), pid \(event.pid) on \(event.host), by \(event.actor)"
        case .sessionClosed(let event): "session \(event.session)"
        case .sessionLost(let event): "session \(event.session)"
        case .contentTypeInterned(let event): event.contentType
        case .executionSubmitted(let event): "\(event.id) (\(event.type))"
        case .executionReadied: ""
        case .executionClaimed(let event): "epoch \(event.epoch), attempt \(event.attempt)"
        case .executionCompleted(let event): "\(event.operations) operations"
        case .executionFailed(let event): describe(event.error)
        case .executionParked(let event):
            (event.reason == .divergence ? "divergence" : "losses") + message
        case .leaseLost(let event): "epoch \(event.epoch), \(event.losses) in a row"
        case .leaseReleased(let event): "epoch \(event.epoch)"
        case .commandRefused(let event): "\(event.command), epoch \(event.epoch)"
        case .operationStarted(let event): event.operation.name
        case .checkpointSucceeded(let event):
            event.operation.name + (event.verified ? " (found done)" : "")
        case .checkpointFailed(let event): "\(event.operation.name): \(describe(event.error))"
        case .logRecorded(let event):
            "\(event.lines) lines" + (event.hasOperation ? " of \(event.operation.name)" : "")
        case nil: ""
        }
    }

    private var message: String { text(ofPayload: 0).map { ": \($0)" } ?? "" }

    private func describe(_ error: ProtoError) -> String {
        "\(error.code)\(message)"
    }
}

/// An operation of an execution, put together from its entries.
public struct OperationRecord: Sendable {
    /// Where an operation stands.
    public enum Status: String, Sendable {
        /// Its body runs, or ran when its process died.
        case started
        /// It gave a value.
        case success
        /// It threw.
        case failed
    }

    /// Which operation it is.
    public let operation: Operation
    /// Where it stands.
    public internal(set) var status: Status
    /// How often its body was started, as far as that is recorded.
    public internal(set) var starts = 0
    /// The body did not run: the work was found done.
    public internal(set) var isVerified = false
    /// When the body began that gave the outcome.
    public internal(set) var startedAt: Timestamp?
    /// When the outcome was recorded.
    public internal(set) var endedAt: Timestamp?
    /// The entry of the outcome, or of the last start.
    public internal(set) var sequence: UInt64
    /// The JSON of its value.
    public internal(set) var value: [UInt8]?
    /// The code of its error.
    public internal(set) var errorCode: String?
    /// The message of its error.
    public internal(set) var message: String?
    /// Lines that it logged.
    public internal(set) var logLines: UInt32 = 0
}
