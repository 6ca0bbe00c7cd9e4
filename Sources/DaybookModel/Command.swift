/// Something that is asked of a journal: the one way to a state transition.
///
/// Deciding is pure: it depends on the transaction's state, on what its ledger looks up, and on its
/// time.
package protocol Command: Sendable {
    /// What the asker gets when it is granted.
    associatedtype Answer: Sendable

    /// Grants, by appending entries, or refuses.
    ///
    /// Whatever can be refused is refused before the first entry is appended. A ``Refusal`` that is
    /// thrown after an entry was appended is worth that entry: the asker gets it once the entry is
    /// on the disk.
    /// - Throws: ``Refusal``; what ``Ledger`` throws.
    func decide(_ tx: inout Transaction) throws -> Answer
}

/// A command that is not granted.
public struct Refusal: Error, Equatable, Sendable, CustomStringConvertible {
    /// What kind of refusal it is. New ones may be added.
    public struct Code: RawRepresentable, Hashable, Sendable {
        /// A stable word.
        public let rawValue: String

        /// Any word is a code; those below are in use.
        public init(rawValue: String) { self.rawValue = rawValue }

        /// There is no such execution or session.
        public static let notFound = Code(rawValue: "not-found")
        /// Something else is recorded under the same name.
        public static let conflict = Code(rawValue: "conflict")
        /// What is recorded there has been erased, so that it cannot be compared.
        public static let erased = Code(rawValue: "erased")
        /// It lies in an archive, and is not gone on with.
        public static let archived = Code(rawValue: "archived")
        /// The state does not allow it now.
        public static let wrongState = Code(rawValue: "wrong-state")
        /// What is recorded there is of a newer version.
        public static let newerVersion = Code(rawValue: "newer-version")
        /// The lease under which it was asked is no longer valid.
        public static let staleLease = Code(rawValue: "stale-lease")
        /// Its attempt was ended from outside: cancelled, or timed out.
        public static let ended = Code(rawValue: "ended")
        /// An argument is not of the form that is asked for.
        public static let invalidArgument = Code(rawValue: "invalid-argument")
    }

    /// What kind of refusal it is.
    public let code: Code
    /// What was asked, what was found, what to do.
    public let message: String
    /// Of several things that were asked for together, the place of the one that is refused, from 0;
    /// nil: one was, or all are.
    public package(set) var place: Int?

    /// - Parameter message: what was asked, what was found, what to do.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The message.
    public var description: String { message }
}
