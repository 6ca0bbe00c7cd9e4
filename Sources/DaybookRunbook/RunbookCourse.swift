#if CLI
import Daybook
import DaybookModel
import DaybookSystem

/// What a run has come to, for the jobs that run when it has ended badly: it is found by running the runbook over
/// its record, as what is to be undone is.
final class RunbookCourse: Sendable {
    private struct State {
        var outputs: RunbookInterpreter.Outputs = [:]
        var failures: [(job: String, error: OperationError)] = []
        var end: OperationError?
    }

    private let state = Locked(State())

    /// The outputs of the jobs that have ended well.
    var outputs: RunbookInterpreter.Outputs { state.withLock { $0.outputs } }

    func note(_ outputs: [String: String], of job: String) {
        state.withLock { $0.outputs[job] = outputs }
    }

    func note(_ error: OperationError, of job: String) {
        state.withLock { $0.failures.append((job, error)) }
    }

    /// The run has ended with an error.
    func end(_ error: OperationError) { state.withLock { $0.end = error } }

    /// Why it has ended.
    /// - Parameter status: what it was ended with from outside, if it has not ended by itself.
    func failure(_ status: ExecutionStatus?) -> RunFailure {
        state.withLock { state in
            guard let end = state.end else {
                return RunFailure(job: "", message: status?.rawValue ?? "")
            }
            let failed = state.failures.last {
                $0.error.code == end.code && $0.error.message == end.message
            }
            return RunFailure(job: failed?.job ?? "", message: end.message)
        }
    }
}
#endif
