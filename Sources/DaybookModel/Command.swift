public import DaybookFormat

/// Something that is asked of a journal: the one way to a state transition.
///
/// Deciding is pure: it depends on the state, on the facts that the shell looked up, and on the
/// moment, and it changes nothing.
public protocol Command: Sendable {
    /// What the asker gets when it is granted.
    associatedtype Answer: Sendable

    /// The id of the execution whose facts the shell must look up, if any.
    var subject: String? { get }

    /// Whether the shell must fold its history if it is closed.
    var needsHistory: Bool { get }

    /// Grants or refuses.
    /// - Throws: ``Refusal``; nothing is recorded then.
    func decide(
        _ state: borrowing State,
        _ facts: Facts,
        _ moment: Moment
    ) throws(Refusal) -> Decision<Answer>
}

extension Command {
    /// No facts are needed.
    public var subject: String? { nil }
    /// The row is enough.
    public var needsHistory: Bool { false }
}

/// When a command is decided, and by whom.
public struct Moment: Sendable {
    /// The time that its entries will have.
    public let now: Timestamp
    /// The sequence that its first entry will have.
    public let nextSequence: UInt64
    /// The session that asks; 0 for the one that opens a session.
    public let session: UInt64

    /// Puts a moment together.
    public init(now: Timestamp, nextSequence: UInt64, session: UInt64) {
        self.now = now
        self.nextSequence = nextSequence
        self.session = session
    }
}

/// What a command needs to know and the state does not hold.
public struct Facts: Sendable {
    /// The row under the id that the command names, if there is one.
    public var row: ProtoExecutionRow?
    /// What is recorded of that id's input: of its first run's.
    public var input: RecordedInput?
    /// The execution, folded from its history, if it is closed and the command asks for that.
    public var closed: ExecutionState?

    /// No facts.
    public init() {}

    /// What the first entry of an execution says about its input.
    public struct RecordedInput: Sendable {
        /// HMAC of the input under its salt.
        public let mac: [UInt8]
        /// The salt; nil once the input is erased.
        public let salt: Salt?

        /// Puts the two together.
        public init(mac: [UInt8], salt: Salt?) {
            self.mac = mac
            self.salt = salt
        }
    }
}

/// What a command comes to.
public struct Decision<Answer: Sendable>: Sendable {
    /// The entries to write; none when what is asked for holds already.
    public let drafts: [EntryDraft]
    /// The answer once they are on the disk; a refusal that is worth an entry is one too.
    public let outcome: Result<Answer, Refusal>

    init(_ drafts: [EntryDraft], _ answer: Answer) {
        self.drafts = drafts
        outcome = .success(answer)
    }

    init(_ drafts: [EntryDraft], refusal: Refusal) {
        self.drafts = drafts
        outcome = .failure(refusal)
    }
}

/// A command that is not granted.
public struct Refusal: Error, Equatable, Sendable, CustomStringConvertible {
    /// What kind of refusal it is. New ones may be added.
    public struct Code: RawRepresentable, Hashable, Sendable {
        /// A stable word.
        public let rawValue: String

        /// Wraps a word.
        public init(rawValue: String) { self.rawValue = rawValue }

        /// There is no such execution or session.
        public static let notFound = Code(rawValue: "not-found")
        /// Something else is recorded under the same name.
        public static let conflict = Code(rawValue: "conflict")
        /// What is recorded there has been erased, so that it cannot be compared.
        public static let erased = Code(rawValue: "erased")
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

    /// Puts a refusal together.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The message.
    public var description: String { message }
}
