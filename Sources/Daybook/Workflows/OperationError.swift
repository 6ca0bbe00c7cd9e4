import DaybookFormat
import DaybookJournal
public import DaybookModel
import DaybookSystem

/// What an operation or a workflow failed with: code, message and details, as they are recorded.
///
/// A handler sees this type when a body throws and when the failure is replayed, so that a `catch`
/// takes the same path both times. A body that wants a code of its own throws it too. There is no
/// stack trace in it: that would differ from one build to the next.
public struct OperationError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Kind, code, and whether trying again may help.
    public var facts: ErrorFacts
    /// What went wrong, for people. Kept as a payload: it can be erased.
    public var message: String
    /// JSON for programs, if any. Kept as a payload.
    public var details: [UInt8]?
    /// The operation whose recorded failure this is; nil: it is none's. A handler that throws it out
    /// again has not dealt with it. Two errors that differ in nothing else are equal.
    var origin: OperationPath?

    /// What threw it has done its work all the same: it is undone, should the execution end badly. Not
    /// recorded with the error; two errors that differ in nothing else are equal.
    package var leavesWork = false

    /// Which branch of a `map`, `parallel` or `race` it came out of: its number, from 0; of branches
    /// in branches the outermost first. Empty: it came out of none. Known to the handler that it is
    /// thrown to, and not recorded; two errors that differ in nothing else are equal.
    public internal(set) var branch: [Int] = []

    /// A body throws it, and the operation fails with it. A message or details beyond the journal's
    /// payload limit are cut when they are recorded.
    /// - Parameters:
    ///   - code: a stable word of at most 255 bytes; longer ones are cut between characters.
    ///   - isRetryable: false: no retry policy tries it again.
    public init(
        code: String,
        message: String,
        isRetryable: Bool = true,
        kind: ErrorFacts.Kind = .generic,
        details: [UInt8]? = nil
    ) {
        facts = ErrorFacts(kind: kind, code: Self.shortened(code), isRetryable: isRetryable)
        self.message = message
        self.details = details
    }

    init(facts: ErrorFacts, message: String, details: [UInt8]?) {
        self.facts = facts
        self.message = message
        self.details = details
    }

    /// Any error as it is recorded when a body or a handler throws it: its code is that of a
    /// ``DurableError``, or the name of its type.
    public init(recording error: any Error) {
        switch error {
        case let error as OperationError: self = error
        case let error as PayloadTooLarge:
            self.init(
                code: "payload-too-large",
                message: error.description,
                isRetryable: false
            )
        case let error as CancellationError:
            self.init(
                code: "cancelled",
                message: String(describing: error),
                kind: .cancelled
            )
        case let error as any DurableError: self.init(durable: error)
        case let error as SecretError:
            self.init(
                code: error.code.rawValue,
                message: error.description,
                // What this process lacks another one may have.
                isRetryable: [.noKey, .badKey, .wrongKey, .system].contains(error.code)
            )
        case let error as Refusal:
            self.init(
                code: error.code.rawValue,
                message: error.description,
                isRetryable: error.code != .invalidArgument
            )
        default:
            self.init(code: "\(type(of: error))", message: String(describing: error))
        }
    }

    private static func shortened(_ code: String) -> String {
        let bytes = Array(code.utf8)
        if bytes.count <= Names.limit { return code }
        let border = CharacterBorder.last(in: bytes[...], upTo: Names.limit)
        return String(decoding: bytes[..<border], as: UTF8.self)
    }

    /// The stable word for programs.
    public var code: String { facts.code }

    /// The message.
    public var description: String { message }

    /// Whether kind, code, message and details are the same.
    public static func == (left: OperationError, right: OperationError) -> Bool {
        left.facts == right.facts && left.message == right.message
            && left.details == right.details
    }

    /// Hashes what equality compares.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(facts)
        hasher.combine(message)
        hasher.combine(details)
    }

    /// The same error, dealt with: a handler that ends with it does not have the operation run again
    /// that failed with it.
    public var handled: OperationError {
        var error = self
        error.origin = nil
        return error
    }

    /// The same failure, of this operation unless it is another one's already.
    func from(_ operation: Operation) -> OperationError {
        var error = self
        error.origin = origin ?? OperationPath(operation)
        return error
    }

    /// What can be recorded of it where a payload may have so many bytes: a longer message is cut
    /// and says so, longer details are left out and the message says so.
    func fitting(_ limit: Int) -> OperationError {
        var error = self
        if let details, details.count > limit {
            error.details = nil
            error.message += " (its details are left out: they have \(details.count) bytes)"
        }
        let bytes = Array(error.message.utf8)
        guard bytes.count > limit else { return error }
        let notice = " … (cut: it had \(bytes.count) bytes)"
        let suffix = notice.utf8.count < limit ? notice : ""
        let border = CharacterBorder.last(in: bytes[...], upTo: limit - suffix.utf8.count)
        error.message = String(decoding: bytes[..<border], as: UTF8.self) + suffix
        return error
    }
}

/// An operation's body threw, and that could not be recorded either.
public struct RecordingFailed: Error, CustomStringConvertible {
    /// What the body threw; nil when it gave a value.
    public let bodyError: OperationError?
    /// Why it could not be recorded.
    public let recordingError: any Error

    /// Both, in words.
    public var description: String {
        let body =
            bodyError.map { "the operation failed (\($0.message))" } ?? "the operation succeeded"
        return "\(body), and that could not be recorded: \(recordingError)"
    }
}
