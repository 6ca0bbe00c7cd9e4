#if CLI
import ArgumentParser
import Daybook
import DaybookModel

/// On what terms an execution runs, as far as the command line says so: they are recorded with its
/// submission, and those of an id that exists already stay as they are.
struct TermOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Hold it back for this span (30s, 5m, 12h) before its first attempt. Of an id that exists the recorded terms stay.",
            valueName: "span"
        )
    )
    var delay: Span?

    @Option(
        help: ArgumentHelp(
            "An attempt may take this span (30s, 5m, 12h), waits included.",
            valueName: "span"
        )
    )
    var timeout: Span?

    @Option(
        help: ArgumentHelp(
            "How an attempt is tried again, with the keys of a runbook's retry: attempts=3,delay=2s,backoff=2,cap=1m,jitter=0.1; all but attempts may be left out.",
            valueName: "policy"
        )
    )
    var retry: RetryArgument?

    func validate() throws {
        if let timeout, timeout.duration <= .zero {
            throw ValidationError("--timeout must be greater than 0.")
        }
    }

    /// The words that say the same in another command line.
    var words: String {
        (delay.map { shellOption("--delay", $0.description) } ?? "")
            + (timeout.map { shellOption("--timeout", $0.description) } ?? "")
            + (retry.map { shellOption("--retry", $0.text) } ?? "")
    }
}

/// A retry policy as it is given on the command line: the keys of a runbook's `retry`, each with its
/// value, separated by commas.
struct RetryArgument: ExpressibleByArgument {
    let policy: RetryPolicy
    let text: String

    init?(argument: String) {
        var values: [Substring: Substring] = [:]
        for pair in argument.split(separator: ",", omittingEmptySubsequences: false) {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, values.updateValue(parts[1], forKey: parts[0]) == nil else {
                return nil
            }
        }
        guard let attempts = values.removeValue(forKey: "attempts").flatMap({ UInt32($0) }),
            (1...1_000).contains(attempts)
        else { return nil }
        var policy = RetryPolicy(maxAttempts: attempts)
        for (key, value) in values {
            guard Self.set(key, value, in: &policy) else { return nil }
        }
        self.policy = policy
        text = argument
    }

    /// - Returns: whether there is such a key, and it can have that value.
    private static func set(
        _ key: Substring,
        _ value: Substring,
        in policy: inout RetryPolicy
    ) -> Bool {
        switch key {
        case "delay":
            guard let span = Span(argument: String(value)) else { return false }
            policy.baseDelay = span.duration
        case "cap":
            guard let span = Span(argument: String(value)) else { return false }
            policy.maxDelay = span.duration
        case "backoff":
            guard let factor = Double(value), (1...100).contains(factor) else { return false }
            policy.multiplier = factor
        case "jitter":
            guard let part = Double(value), (0...1).contains(part) else { return false }
            policy.jitter = part
        default: return false
        }
        return true
    }
}
#endif
