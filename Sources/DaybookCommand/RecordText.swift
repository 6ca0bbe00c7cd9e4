#if CLI
import Daybook
import DaybookFormat
import DaybookInspector
import DaybookModel

extension ExecutionRecord {
    /// Status and flags in a word or two.
    var statusText: String { isParked ? "\(status.rawValue), parked" : status.rawValue }

    /// How a command that waited for it ends.
    var exitStatus: ExitStatus? {
        if isParked { return .workflowHeld }
        return switch status {
        case .completed: nil
        case .timedOut: .workflowTimedOut
        default: status.isFinal ? .workflowFailed : nil
        }
    }

    func color(_ terminal: Terminal) -> String {
        let style: Terminal.Style =
            if isParked {
                .yellow
            } else if status == .completed {
                .green
            } else if status.isFinal {
                .red
            } else {
                .cyan
            }
        return terminal.styled(statusText, style)
    }

    func write(to json: inout JSONWriter) {
        json.member("id", id)
        json.member("number", number)
        json.member("type", type)
        json.member("status", status.rawValue)
        json.member("closed", isClosed)
        json.member("parked", isParked)
        json.member("session", session)
        json.member("attempts", attempt)
        json.member("losses", losses)
        json.member("createdAt", submittedAt.description)
        json.member("startedAt", startedAt?.description)
        json.member("finishedAt", finishedAt?.description)
        json.member("entries", entries)
        json.member("last", last)
        json.member("errorCode", errorCode)
    }
}
#endif
