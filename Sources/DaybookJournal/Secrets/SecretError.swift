import DaybookSystem

/// What a secret, or the key that it is kept under, was refused for.
///
/// The message is a sentence for people: what was asked, what was found, what to do. Programs look
/// at the ``code``.
public struct SecretError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What kind of error it is. New ones may be added.
    public struct Code: RawRepresentable, Hashable, Sendable {
        /// A stable word.
        public let rawValue: String

        /// Any word is a code; those below are in use.
        public init(rawValue: String) { self.rawValue = rawValue }

        /// There is no journal key, and secrets need one.
        public static let noKey = Code(rawValue: "no-journal-key")
        /// The journal key has not the form of one, or its file cannot be read or is readable by others.
        public static let badKey = Code(rawValue: "bad-journal-key")
        /// The journal key is not the one that the journal's secrets are kept under.
        public static let wrongKey = Code(rawValue: "wrong-journal-key")
        /// A name or a value has not the form of one.
        public static let invalid = Code(rawValue: "invalid-secret")
        /// No secret of that name was given.
        public static let unknown = Code(rawValue: "unknown-secret")
        /// It was given, and has been wiped.
        public static let wiped = Code(rawValue: "wiped-secret")
        /// What is kept of it on the disk has changed.
        public static let damaged = Code(rawValue: "damaged-secret")
        /// What is to be recorded contains a secret.
        public static let exposed = Code(rawValue: "exposed-secret")
        /// It is wiped by an entry, and its key could not be overwritten yet: who has it and the journal key
        /// can open what is sealed.
        public static let left = Code(rawValue: "secret-left")
        /// The file with the keys cannot be read or written.
        public static let system = Code(rawValue: "secret-file")
    }

    /// What kind of error it is.
    public let code: Code
    /// What was asked, what was found, what to do.
    public let message: String
    /// The secret's name, where it is about one.
    public let name: String?
    /// What the system has refused, where it has.
    package let cause: SystemError?

    /// - Parameter message: what was asked, what was found, what to do; it ends without a full stop.
    public init(_ code: Code, _ message: String, name: String? = nil) {
        self.init(code, message, name: name, cause: nil)
    }

    init(_ code: Code, _ message: String, name: String? = nil, cause: SystemError?) {
        self.code = code
        self.message = message
        self.name = name
        self.cause = cause
    }

    /// The message.
    public var description: String { message }

    /// The system has refused something of a file.
    init(_ error: SystemError, _ path: String) {
        self.init(
            .system,
            error.found != nil
                ? "the file of keys cannot be used: \(error)"
                : "the file of keys \(path) cannot be used (\(error)); look after its owner, its mode and the disk, then try again",
            cause: error
        )
    }
}
