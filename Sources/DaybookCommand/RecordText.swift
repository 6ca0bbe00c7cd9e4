#if CLI
import Daybook
import DaybookFormat
import DaybookInspector
import DaybookModel

extension ExecutionRecord {
    /// Status and flags in a word or two.
    func statusText(isInterrupted: Bool) -> String {
        isInterrupted ? "\(statusText) (interrupted)" : statusText
    }

    /// The same of what is not interrupted.
    var statusText: String {
        var words = [status.rawValue + detail]
        if isParked { words.append("parked") }
        if !doubts.isEmpty { words.append("in doubt") }
        if isPaused { words.append("paused") }
        if status.isFinal, !isClosed { words.append(undoing.isEmpty ? "cleaning" : "undoing") }
        return words.joined(separator: ", ")
    }

    /// What it waits for once its handler has returned: `(children)` or `(finalize)`; empty otherwise.
    private var detail: String {
        guard status == .waiting else { return "" }
        if waits.contains(where: { $0.kind == .children }) { return "(children)" }
        return waits.contains { $0.operation.kind == .finalize } ? "(finalize)" : ""
    }

    /// Where it stands, as the rest of a sentence about it.
    func standing(isInterrupted: Bool) -> String {
        guard !isParked, !isPaused, !isInterrupted else {
            return "is \(statusText(isInterrupted: isInterrupted))"
        }
        let cleaning =
            isClosed ? "" : undoing.isEmpty ? ", and is cleaning up" : ", and is being undone"
        return switch status {
        case .completed: "has completed" + cleaning
        case .failed: "has failed" + cleaning
        case .childrenTasksFailed: "has failed with its children" + cleaning
        case .finalizeTaskFailed: "has failed with its finalizer" + cleaning
        case .timedOut: "has timed out" + cleaning
        case .cancelled: "was cancelled" + cleaning
        case .expired: "has expired" + cleaning
        default: "is \(statusText)"
        }
    }

    /// How a command that waited for it ends.
    var exitStatus: ExitStatus? {
        if isParked { return .workflowHeld }
        return switch status {
        case .completed: nil
        case .timedOut: .workflowTimedOut
        default: status.isFinal ? .workflowFailed : nil
        }
    }

    /// Its labels, by name: `a=1, b=2`.
    var labelsText: String {
        labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ", ")
    }

    func color(_ terminal: Terminal, isInterrupted: Bool = false) -> TerminalText {
        let style: Terminal.Style =
            if isParked || isPaused || isInterrupted {
                .yellow
            } else if status == .completed {
                .green
            } else if status.isFinal {
                .red
            } else {
                .cyan
            }
        return terminal.styled("\(statusText(isInterrupted: isInterrupted))", style)
    }

    /// - Parameter isInterrupted: whether the process is gone that holds it.
    func write(to json: inout JSONWriter, isInterrupted: Bool = false) {
        json.member("id", id)
        json.member("number", number)
        json.member("type", type)
        json.member("status", status.rawValue)
        json.member("closed", isClosed)
        if isFinalizer { json.member("finalizer", true) }
        json.member("parked", isParked)
        if let parkingReason {
            json.key("parkingReason")
            json.object { parkingReason.write(to: &$0) }
        }
        if !doubts.isEmpty {
            json.key("doubts")
            json.array { json in for doubt in doubts { json.object { doubt.write(to: &$0) } } }
        }
        if isPinned { json.member("pinned", true) }
        json.member("revision", revision)
        json.member("paused", isPaused)
        json.member("interrupted", isInterrupted)
        json.member("session", session)
        json.member("attempts", attempt)
        json.member("losses", losses)
        json.member("createdAt", submittedAt.description)
        json.member("updatedAt", updatedAt.description)
        json.member("startAt", startAt?.description)
        json.member("startedAt", startedAt?.description)
        json.member("finishedAt", finishedAt?.description)
        json.member(status == .submitted ? "expiresAt" : "deadline", deadline?.description)
        json.member("timeout", timeout.map { "\($0)" })
        json.member("delay", delay == .zero ? nil : "\(delay)")
        if retry != .none {
            json.key("retry")
            json.object { retry.write(to: &$0) }
        }
        if !waits.isEmpty {
            json.key("waits")
            json.array { json in for wait in waits { json.object { wait.write(to: &$0) } } }
        }
        if !cleaning.isEmpty {
            json.key("cleaning")
            json.array { json in for name in cleaning { json.string(name) } }
        }
        if !undoing.isEmpty {
            json.key("undoing")
            json.array { json in for name in undoing { json.string(name) } }
        }
        if !outputs.isEmpty {
            json.key("outputs")
            json.array { json in for output in outputs { json.object { output.write(to: &$0) } } }
        }
        if !labels.isEmpty {
            json.key("labels")
            json.object { json in
                for (name, value) in labels.sorted(by: { $0.key < $1.key }) {
                    json.member(name, value)
                }
            }
        }
        if let submittedBy {
            json.key("submittedBy")
            json.object { submittedBy.write(to: &$0) }
        }
        json.member("continuedFrom", continuedFrom)
        json.member("parent", parent)
        json.member("forkedFrom", forkedFrom)
        json.member("erasedBy", erasedBy)
        json.member("archivedBy", archivedBy)
        if openChildren > 0 { json.member("openChildren", openChildren) }
        json.member("entries", entries)
        json.member("last", last)
        json.member("errorCode", errorCode)
        if let lastError {
            json.key("lastError")
            json.object { lastError.write(to: &$0) }
        }
    }

    /// How the last attempt ended that failed, as long as that is not how the execution did; nil:
    /// none has failed, or it is closed.
    var lastErrorText: String? {
        guard let lastError, !status.isFinal else { return nil }
        return lastError.text
    }
}

extension Doubt {
    func write(to json: inout JSONWriter) {
        json.member("operation", OperationPath(operation).description)
        json.member("name", operation.name.text)
        json.member("started", started)
    }
}

extension NamedOutput {
    func write(to json: inout JSONWriter) {
        json.member("name", name.text)
        json.member("sequence", sequence)
    }
}

extension RecordedError {
    /// In one line.
    var text: String { "\(code): \(message ?? "(erased)") (entry \(sequence))" }

    func write(to json: inout JSONWriter) {
        json.member("code", code)
        json.member("message", message)
        json.member("sequence", sequence)
    }
}

extension RetryPolicy {
    func write(to json: inout JSONWriter) {
        json.member("maxAttempts", maxAttempts)
        json.member("baseDelay", "\(baseDelay)")
        json.member("multiplier", "\(multiplier)")
        json.member("maxDelay", maxDelay.map { "\($0)" })
        json.member("jitter", "\(jitter)")
    }
}

extension Wait {
    func write(to json: inout JSONWriter) {
        json.member("kind", kind.rawValue)
        json.member("name", operation.name.text)
        json.member("sequence", sequence)
        json.member("deadline", deadline?.description)
    }
}
#endif
