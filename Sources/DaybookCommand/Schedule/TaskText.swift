#if CLI
import Daybook
import DaybookFormat
import DaybookInspector
import DaybookJournal
import DaybookModel
import DaybookView

extension TaskType {
    /// The lines of a list of types.
    func lines(isLong: Bool) -> [String] {
        let head = isLong ? "\(name): \(backend)" : "\(name):"
        guard isLong else { return [head, "  \(description)"] }
        let (usual, low, high) = (
            PythonText.span(defaultInterval), PythonText.span(minInterval),
            PythonText.span(maxInterval)
        )
        return [
            head, "  \(description)", "  interval: \(usual) [\(low), \(high)]",
            "  backoff_factor: \(backoffFactor)", "  max_queue_length: \(maxQueueLength)",
            "  num_retries: \(retries == 0 ? "None" : "\(retries)")",
            "  retry_delay: \(retryDelay.map { PythonText.span($0) } ?? "None")",
        ]
    }

    func write(to json: inout JSONWriter) {
        json.member("name", name)
        json.member("description", description)
        json.member("backend", backend)
        json.member("defaultInterval", DurationText(defaultInterval).text)
        json.member("minInterval", DurationText(minInterval).text)
        json.member("maxInterval", DurationText(maxInterval).text)
        json.key("backoffFactor")
        json.raw("\(backoffFactor)".utf8)
        json.member("maxQueueLength", maxQueueLength)
        json.member("retries", retries)
        json.member("retryDelay", retryDelay.map { DurationText($0).text })
    }
}

extension ScheduledTask {
    /// The lines of a list of tasks.
    /// - Parameters:
    ///   - isFull: with its status and its priority.
    ///   - runs: its runs; nil: they are not asked for.
    func lines(now: Timestamp, isFull: Bool = true, runs: [TaskRun]? = nil) -> [String] {
        let age = PythonText.age(nextRun, now: now)
        var lines = [
            "Task \(number)", "  Next run: \(age) (\(PythonText.time(nextRun)))",
            "  Interval: \(PythonText.span(interval))", "  Type: \(type)",
            "  Policy: \(policy.rawValue)",
        ]
        if isFull {
            lines.append("  Status: \(status.rawValue)")
            lines.append("  Priority:" + (priority.map { " \($0.rawValue)" } ?? ""))
        }
        lines.append("  Args:")
        lines += arguments.positional.map { "    \(PythonText.value($0))" }
        lines.append("  Keyword args:")
        for (name, value) in arguments.named.sorted(by: { $0.key < $1.key }) {
            lines.append("    \(name): \(PythonText.value(value))")
        }
        guard let runs else { return lines }
        lines.append("  Executions:")
        for run in runs { lines += run.lines }
        return lines
    }

    func write(to json: inout JSONWriter, runs: [TaskRun]? = nil) {
        json.member("id", number)
        json.member("type", type)
        json.member("policy", policy.rawValue)
        json.member("priority", priority?.rawValue)
        json.member("status", status.rawValue)
        json.member("nextRun", "\(nextRun)")
        json.member("interval", DurationText(interval).text)
        json.member("retriesLeft", retriesLeft)
        json.member("createdAt", "\(createdAt)")
        json.member("run", run)
        json.key("args")
        json.raw(TaskValue.array(arguments.positional).json.utf8)
        json.key("kwargs")
        json.raw(TaskValue.object(arguments.named).json.utf8)
        guard let runs else { return }
        json.key("runs")
        json.array { json in
            for run in runs { json.object { run.write(to: &$0) } }
        }
    }
}

extension TaskRun {
    fileprivate var lines: [String] {
        var lines = ["    Execution \(id ?? "none")"]
        if let scheduledAt { lines.append("      Scheduled: \(PythonText.time(scheduledAt))") }
        if let startedAt { lines.append("      Started: \(PythonText.time(startedAt))") }
        if let endedAt { lines.append("      Ended: \(PythonText.time(endedAt))") }
        lines.append("      Status: \(status?.rawValue ?? "scheduled")")
        for (name, value) in metadata.sorted(by: { $0.key < $1.key }) {
            lines.append("      \(name): \(value)")
        }
        return lines
    }

    fileprivate func write(to json: inout JSONWriter) {
        json.member("execution", id)
        json.member("number", execution)
        json.member("scheduledAt", scheduledAt.map { "\($0)" })
        json.member("startedAt", startedAt.map { "\($0)" })
        json.member("endedAt", endedAt.map { "\($0)" })
        json.member("status", status?.rawValue ?? "scheduled")
        json.key("metadata")
        json.object { json in
            for (name, value) in metadata.sorted(by: { $0.key < $1.key }) {
                json.member(name, value)
            }
        }
    }
}

extension CommonOptions {
    /// Prints tasks below each other, or as one JSON document.
    func show(
        _ tasks: [ScheduledTask],
        _ head: String,
        _ schema: String,
        isFull: Bool = true,
        runs: [UInt64: [TaskRun]]? = nil
    ) {
        if json {
            return write(schema) { json in
                json.key("tasks")
                json.array { json in
                    for task in tasks {
                        json.object { task.write(to: &$0, runs: runs?[task.number]) }
                        flush(&json)
                    }
                }
            }
        }
        output.line(TerminalText(lines: head))
        let now = SystemClock().now()
        for task in tasks {
            let lines = task.lines(now: now, isFull: isFull, runs: runs?[task.number])
            output.line(TerminalText(lines: "\n" + lines.joined(separator: "\n")))
        }
    }
}
#endif
