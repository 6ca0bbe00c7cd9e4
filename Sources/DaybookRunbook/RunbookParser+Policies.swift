#if CLI
import Daybook
import DaybookModel
import Yams

/// Numbers and spans of time.
extension RunbookParser {
    /// A span of time: a whole number and a unit.
    func duration(_ node: Node, _ what: String) throws(RunbookError) -> Duration {
        let text = try reader.scalar(node, what).string
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let units: [String: UInt64] = [
            "ms": 1_000_000, "s": 1_000_000_000, "m": 60_000_000_000, "h": 3_600_000_000_000,
            "d": 86_400_000_000_000,
        ]
        guard let count = UInt64(digits), let unit = units[String(text.dropFirst(digits.count))],
            case (let span, let isOver) = count.multipliedReportingOverflow(by: unit), !isOver,
            span <= Self.longest
        else {
            throw reader.error(
                at: node,
                "\(what) must be a whole number with a unit (ms, s, m, h or d), up to 36500d, and is"
                    + " \(quoted(text))"
            )
        }
        return Duration(nanoseconds: span)
    }

    /// A span of time that is not empty.
    func timeout(_ node: Node, _ what: String) throws(RunbookError) -> Duration {
        let duration = try duration(node, what)
        guard duration > .zero else {
            throw reader.error(at: node, "\(what) must not be zero: nothing would have time to run")
        }
        return duration
    }

    /// A hundred years, in nanoseconds.
    private static var longest: UInt64 { 36_500 * 86_400_000_000_000 }

    /// What is done about a job whose process died while it ran.
    func doubtPolicy(_ node: Node) throws(RunbookError) -> DoubtPolicy {
        switch try reader.scalar(node, "\"onDoubt\"").string {
        case "again": return .runAgain
        case "fail": return .fail
        case "ask": return .askPerson
        case let text:
            throw reader.error(
                at: node,
                "\"onDoubt\" must be again, fail or ask, and is \(quoted(text))"
            )
        }
    }

    func count(
        _ node: Node,
        _ what: String,
        _ range: ClosedRange<Int>
    ) throws(RunbookError) -> Int {
        let text = try reader.scalar(node, what).string
        guard let count = Int(text), range.contains(count), String(count) == text else {
            throw reader.error(
                at: node,
                "\(what) must be a whole number from \(range.lowerBound) to \(range.upperBound), and"
                    + " is \(quoted(text))"
            )
        }
        return count
    }

    private func number(
        _ node: Node,
        _ what: String,
        _ range: ClosedRange<Double>
    ) throws(RunbookError) -> Double {
        let text = try reader.scalar(node, what).string
        guard Runbook.Input.ValueType.number.accepts(text), let value = Double(text),
            range.contains(value)
        else {
            throw reader.error(
                at: node,
                "\(what) must be a number from \(range.lowerBound) to \(range.upperBound), and is"
                    + " \(quoted(text))"
            )
        }
        return value
    }

    func retryPolicy(_ node: Node) throws(RunbookError) -> RetryPolicy {
        let fields = try Fields(of: node, .retry, reader)
        let attempts = try count(fields.required("attempts"), "\"attempts\"", 1...1_000)
        var policy = RetryPolicy(maxAttempts: UInt32(attempts))
        if let node = fields["delay"] { policy.baseDelay = try duration(node, "\"delay\"") }
        if let node = fields["backoff"] {
            policy.multiplier = try number(node, "\"backoff\"", 1...100)
        }
        if let node = fields["cap"] { policy.maxDelay = try duration(node, "\"cap\"") }
        if let node = fields["jitter"] { policy.jitter = try number(node, "\"jitter\"", 0...1) }
        return policy
    }

    /// How a job is tried again, and after which exit statuses.
    func retry(_ node: Node, of job: inout Runbook.Job) throws(RunbookError) {
        var policy = try retryPolicy(node)
        let fields = try Fields(of: node, .retry, reader)
        if let node = fields["on"] {
            job.retriedStatuses = try statuses(node, "\"on\"")
            // Neither a signal nor the end of its time is an exit status.
            policy.retryableCodes = [JobRun.exitStatusCode]
        }
        if let node = fields["not"] {
            job.unretriedStatuses = try statuses(node, "\"not\"")
            if let status = job.unretriedStatuses.intersection(job.retriedStatuses).min() {
                throw reader.error(
                    at: node,
                    "the exit status \(status) is in \"on\" and in \"not\"; leave out one of the two"
                )
            }
        }
        job.retry = policy
    }

    /// Exit statuses of a job that has failed.
    func statuses(_ node: Node, _ what: String) throws(RunbookError) -> Set<Int32> {
        var statuses: Set<Int32> = []
        let items = try reader.items(of: node, what)
        guard !items.isEmpty else {
            throw reader.error(at: node, "\(what) must have at least one exit status; leave it out")
        }
        for item in items {
            let status = Int32(try count(item, "an exit status in \(what)", 1...255))
            guard statuses.insert(status).inserted else {
                throw reader.error(at: item, "the exit status \(status) is in \(what) twice")
            }
        }
        return statuses
    }

    func approval(_ node: Node) throws(RunbookError) -> Runbook.Approval {
        let fields = try Fields(of: node, .approval, reader)
        let signal = try reader.name(fields.required("signal"), "the name of a signal")
        let timeout = try fields["timeout"].map { node throws(RunbookError) -> Duration in
            try self.timeout(node, "\"timeout\"")
        }
        var approval = Runbook.Approval(signal: signal, timeout: timeout)
        if let node = fields["accept"] { approval.accept = try acceptance(node) }
        return approval
    }

    /// What the jobs of a block run for: a list, or one expression.
    func each(_ node: Node) throws(RunbookError) -> Runbook.Each {
        if case .sequence = node { return .elements(try textList(node, "\"each\"")) }
        let template = try namedTemplate("each", node).template
        switch template.segments.count == 1 ? template.segments.first : nil {
        case .input(let name):
            guard scope.lists.contains(name) else {
                throw reader.error(
                    at: node,
                    "the input \(quoted(name)) is not a list; declare it with type: list"
                )
            }
            return .input(name)
        case .output(let job, let key): return .output(job: job, key: key)
        default:
            throw reader.error(
                at: node,
                "\"each\" must be a list of texts, ${{ inputs.NAME }} of a list, or"
                    + " ${{ outputs.JOB.KEY }}"
            )
        }
    }
}
#endif
