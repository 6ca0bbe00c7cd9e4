import DaybookFormat

/// Where an execution stands. Beside it an execution can be parked.
@nonexhaustive
public enum ExecutionStatus: String, Sendable, CaseIterable, Codable {
    /// It exists; nothing runs until it is executed.
    case submitted
    /// It waits for a session to claim it.
    case ready
    /// A session holds its lease.
    case running
    /// It waits for children, a finalizer, a signal or a timer.
    case waiting
    /// Final: it ended well.
    case completed
    /// Final: its handler threw.
    case failed
    /// Final: a child failed.
    case childrenTasksFailed = "children_tasks_failed"
    /// Final: its finalizer failed.
    case finalizeTaskFailed = "finalize_task_failed"
    /// Final: an attempt took too long.
    case timedOut = "timed_out"
    /// Final: it was cancelled.
    case cancelled
    /// Final: it was submitted and never executed.
    case expired

    /// Nothing changes it any more, except a person's retry.
    public var isFinal: Bool {
        switch self {
        case .submitted, .ready, .running, .waiting: false
        default: true
        }
    }

    /// What a sentence says of an execution that has ended so: "it has already failed".
    var end: String {
        switch self {
        case .completed: "has already completed"
        case .failed, .childrenTasksFailed, .finalizeTaskFailed: "has already failed"
        case .timedOut: "has already timed out"
        case .cancelled: "is cancelled already"
        case .expired: "has expired"
        case .submitted, .ready, .running, .waiting: "has not ended"
        }
    }

    /// Reads the status of a row.
    /// - Returns: nil for one that this version does not know.
    package init?(_ status: ProtoExecutionSummary.Status) {
        switch status {
        case .submitted: self = .submitted
        case .ready: self = .ready
        case .running: self = .running
        case .waiting: self = .waiting
        case .completed: self = .completed
        case .failed: self = .failed
        case .childrenTasksFailed: self = .childrenTasksFailed
        case .finalizeTaskFailed: self = .finalizeTaskFailed
        case .timedOut: self = .timedOut
        case .cancelled: self = .cancelled
        case .expired: self = .expired
        case .unspecified, .UNRECOGNIZED: return nil
        }
    }

    /// The status in the row of a closed execution.
    /// - Throws: ``Refusal/Code/newerVersion`` for one that this version does not know.
    package static func recorded(
        in row: ProtoExecutionRow,
        of id: String
    ) throws(Refusal) -> ExecutionStatus {
        guard let status = ExecutionStatus(row.closed.status) else {
            throw Refusal(
                .newerVersion,
                "the status of \(id) is number \(row.closed.status.rawValue), which this version does not know; use a newer version of Daybook"
            )
        }
        return status
    }

    /// The form that a row holds.
    package var proto: ProtoExecutionSummary.Status {
        switch self {
        case .submitted: .submitted
        case .ready: .ready
        case .running: .running
        case .waiting: .waiting
        case .completed: .completed
        case .failed: .failed
        case .childrenTasksFailed: .childrenTasksFailed
        case .finalizeTaskFailed: .finalizeTaskFailed
        case .timedOut: .timedOut
        case .cancelled: .cancelled
        case .expired: .expired
        }
    }
}
