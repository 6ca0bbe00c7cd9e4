import Crypto
import DaybookFormat
import SwiftProtobuf

/// When and how often an attempt that failed is followed by another. Recorded at submission.
public struct RetryPolicy: Hashable, Sendable {
    /// Attempts in all, from 1. 1: no retries.
    public var maxAttempts: UInt32
    /// Before the second attempt.
    public var baseDelay: Duration
    /// Each further delay is the one before times this; at least 1.
    public var multiplier: Double
    /// No delay is longer. Nil: no limit.
    public var maxDelay: Duration?
    /// Up to this part of a delay is added or taken away, so that many do not try at once: 0 to 1.
    public var jitter: Double
    /// Codes of errors that are not retried.
    public var fatalCodes: [String]
    /// Codes of the only errors that are retried. Empty: all are, unless they are fatal.
    public var retryableCodes: [String] = []

    /// One attempt.
    public static let none = RetryPolicy(maxAttempts: 1)
    /// Five attempts: after a second, two, four and eight, each a fifth longer or shorter.
    public static let standard = RetryPolicy(maxAttempts: 5, jitter: 0.2)

    /// The values are checked when an execution is submitted with them.
    public init(
        maxAttempts: UInt32,
        baseDelay: Duration = .seconds(1),
        multiplier: Double = 2,
        maxDelay: Duration? = nil,
        jitter: Double = 0,
        fatalCodes: [String] = []
    ) {
        self.maxAttempts = maxAttempts
        self.baseDelay = baseDelay
        self.multiplier = multiplier
        self.maxDelay = maxDelay
        self.jitter = jitter
        self.fatalCodes = fatalCodes
    }

    /// Reads the recorded form.
    package init(_ proto: ProtoRetryPolicy) {
        self.init(
            maxAttempts: max(proto.maxAttempts, 1),
            baseDelay: Duration(nanoseconds: proto.baseDelay),
            multiplier: max(proto.multiplier, 1),
            maxDelay: proto.maxDelay == 0 ? nil : Duration(nanoseconds: proto.maxDelay),
            jitter: proto.jitter,
            fatalCodes: proto.fatalCodes
        )
        retryableCodes = proto.retryableCodes
    }

    /// The recorded form.
    package var proto: ProtoRetryPolicy {
        .with {
            $0.maxAttempts = maxAttempts
            $0.baseDelay = baseDelay.wholeNanoseconds
            $0.multiplier = multiplier
            $0.maxDelay = maxDelay?.wholeNanoseconds ?? 0
            $0.jitter = jitter
            $0.fatalCodes = fatalCodes
            $0.retryableCodes = retryableCodes
        }
    }

    /// Checks what a caller gave.
    /// - Throws: ``Refusal/Code/invalidArgument``.
    package func check() throws(Refusal) {
        guard maxAttempts >= 1 else {
            throw .policy("maxAttempts is 0", "give at least 1")
        }
        guard baseDelay >= .zero, maxDelay ?? .zero >= .zero else {
            throw .policy("a delay is negative", "give one that is not")
        }
        guard multiplier.isFinite, multiplier >= 1 else {
            throw .policy("the multiplier is \(multiplier)", "give at least 1")
        }
        guard (0...1).contains(jitter) else {
            throw .policy("the jitter is \(jitter)", "give 0 to 1")
        }
    }

    /// Whether `error`, of try number `tries`, is followed by another try. A cancellation never is.
    package func retries(_ error: ErrorFacts, after tries: UInt32) -> Bool {
        guard error.isRetryable, error.kind != .cancelled, tries < maxAttempts else { return false }
        if fatalCodes.contains(where: { $0.hasBytes(of: error.code) }) { return false }
        return retryableCodes.isEmpty
            || retryableCodes.contains { $0.hasBytes(of: error.code) }
    }

    /// How long to wait after try number `tries`, in nanoseconds.
    ///
    /// The jitter is not random: it follows from `seed`, so that deciding again gives the same.
    package func delay(after tries: UInt32, seed: [UInt64]) -> UInt64 {
        var delay = Double(baseDelay.wholeNanoseconds)
        let limit = maxDelay.map { Double($0.wholeNanoseconds) } ?? Double(UInt64.max / 4)
        // A loop and not a power: it ends as soon as the limit is reached.
        var step: UInt32 = 1
        while step < tries, delay < limit, multiplier > 1 {
            delay *= multiplier
            step += 1
        }
        delay = min(delay, limit)
        if jitter > 0 {
            delay *= 1 + jitter * (2 * Self.fraction(of: seed + [UInt64(tries)]) - 1)
        }
        return UInt64(max(0, min(delay, Double(UInt64.max / 4))))
    }

    /// A number from 0 up to 1 that follows from `seed`.
    private static func fraction(of seed: [UInt64]) -> Double {
        var hash = SHA256()
        for number in seed {
            withUnsafeBytes(of: number.littleEndian) { hash.update(bufferPointer: $0) }
        }
        let first = hash.finalize().prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return Double(first >> 11) / Double(UInt64(1) << 53)
    }
}

extension Refusal {
    fileprivate static func policy(_ found: String, _ advice: String) -> Refusal {
        Refusal(.invalidArgument, "in the retry policy \(found); \(advice)")
    }
}

extension Duration {
    /// A duration of so many nanoseconds.
    package init(nanoseconds: UInt64) {
        self =
            .seconds(Int64(nanoseconds / 1_000_000_000))
            + .nanoseconds(Int64(nanoseconds % 1_000_000_000))
    }

    /// Its nanoseconds, as far as they fit: 0 for a negative one, about 146 years at most.
    package var wholeNanoseconds: UInt64 {
        guard self > .zero else { return 0 }
        let (seconds, attoseconds) = components
        let (product, isOver) = UInt64(seconds).multipliedReportingOverflow(by: 1_000_000_000)
        return isOver
            ? UInt64.max / 4
            : min(product + UInt64(attoseconds / 1_000_000_000), UInt64.max / 4)
    }
}
