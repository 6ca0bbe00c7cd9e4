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
        ),
        transform: RetryArgument.init
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
struct RetryArgument {
    let policy: RetryPolicy
    let text: String

    /// - Throws: `ValidationError` that names the part that cannot be used, and what it may be.
    init(_ argument: String) throws {
        var values: [Substring: Substring] = [:]
        for pair in argument.split(separator: ",", omittingEmptySubsequences: false) {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2 else {
                throw Self.error(pair, "is not of the form KEY=VALUE")
            }
            guard values.updateValue(parts[1], forKey: parts[0]) == nil else {
                throw Self.error(parts[0], "is given twice")
            }
        }
        guard let count = values.removeValue(forKey: "attempts") else {
            throw ValidationError("attempts is missing: for example attempts=3.")
        }
        guard let attempts = UInt32(count), (1...1_000).contains(attempts) else {
            throw Self.error("attempts", "must be a whole number from 1 to 1000", count)
        }
        var policy = RetryPolicy(maxAttempts: attempts)
        for (key, value) in values.sorted(by: { $0.key < $1.key }) {
            try Self.set(key, value, in: &policy)
        }
        self.policy = policy
        text = argument
    }

    private static func set(
        _ key: Substring,
        _ value: Substring,
        in policy: inout RetryPolicy
    ) throws {
        switch key {
        case "delay": policy.baseDelay = try span(key, value)
        case "cap": policy.maxDelay = try span(key, value)
        case "backoff":
            guard let factor = Double(value), (1...100).contains(factor) else {
                throw error(key, "must be a number from 1 to 100", value)
            }
            policy.multiplier = factor
        case "jitter":
            guard let part = Double(value), (0...1).contains(part) else {
                throw error(key, "must be a number from 0 to 1", value)
            }
            policy.jitter = part
        default:
            throw error(
                key,
                "is no key of a policy: use attempts, delay, cap, backoff, jitter"
            )
        }
    }

    private static func span(_ key: Substring, _ value: Substring) throws -> Duration {
        guard let span = Span(argument: String(value)) else {
            throw error(key, "must be a whole number with a unit (ms, s, m, h, d or w)", value)
        }
        return span.duration
    }

    private static func error(
        _ part: Substring,
        _ fault: String,
        _ value: Substring? = nil
    ) -> ValidationError {
        let found = value.map { ", and is \"\($0)\"" } ?? ""
        return ValidationError("\"\(part)\" \(fault)\(found).")
    }
}
#endif
