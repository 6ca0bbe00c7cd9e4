/// Why a proof, a signed head or a key was refused.
///
/// The message is a sentence for people: what was asked, what was found, what to do. Programs look at
/// the ``code``.
public struct ProofError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What kind of error it is. New ones may be added.
    public struct Code: RawRepresentable, Hashable, Sendable {
        /// A stable word.
        public let rawValue: String

        /// Any word is a code; those below are in use.
        public init(rawValue: String) { self.rawValue = rawValue }

        /// It has not the form of what it was taken for.
        public static let malformed = Code(rawValue: "malformed")
        /// No key that was given has signed it.
        public static let notSigned = Code(rawValue: "not-signed")
        /// A key that was given is named, and its signature is wrong.
        public static let badSignature = Code(rawValue: "bad-signature")
        /// It is of another log.
        public static let otherLog = Code(rawValue: "other-log")
        /// Fewer witnesses have signed it than the policy asks for.
        public static let tooFewWitnesses = Code(rawValue: "too-few-witnesses")
        /// The hashes do not lead to the root.
        public static let badProof = Code(rawValue: "bad-proof")
        /// The journal is not a continuation of what the head says.
        public static let inconsistent = Code(rawValue: "inconsistent")
        /// A size or an index is not in the tree.
        public static let outOfRange = Code(rawValue: "out-of-range")
    }

    /// What kind of error it is.
    public let code: Code
    /// What was asked, what was found, what to do.
    public let message: String

    /// - Parameter message: what was asked, what was found, what to do; it ends without a full stop.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The message.
    public var description: String { message }
}
