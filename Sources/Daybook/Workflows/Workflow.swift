public import DaybookModel

/// A workflow: code whose progress is kept in a journal.
///
/// The code may run many times for one execution: after a crash it starts from the beginning, and
/// what it did through its ``WorkflowContext`` is answered from the journal instead of being done
/// again. So it must be deterministic: everything with an effect, or with a result that may differ
/// next time, goes through the context.
public protocol Workflow: Sendable {
    /// What it is given. Its encoding must be the same in every process: no `Set`, no dictionary
    /// with keys other than strings.
    associatedtype Input: Codable & Sendable
    /// What it gives back.
    associatedtype Output: Codable & Sendable

    /// The name that journals know it by, 1 to 255 bytes. It must not change while executions are
    /// open.
    static var name: String { get }

    /// How often and when an execution that fails is tried again, unless its submission says
    /// otherwise. By default not at all.
    static var retry: RetryPolicy { get }

    /// How long an attempt may take, waits included, unless its submission says otherwise. By
    /// default as long as it likes.
    static var timeout: Duration? { get }

    /// How long an execution is held back before its first attempt, unless its submission says
    /// otherwise. By default not at all.
    static var delay: Duration { get }

    /// The signals that it takes, with their types: a value that is none of its signal's type is then
    /// refused where it is sent. By default none is known.
    static var signals: [any SignalDeclaration] { get }

    /// Whether an execution is run, from its first claim on, only by processes of the revision that
    /// claimed it first: ``EngineOptions/revision``. What it was submitted as holds for all of its
    /// runs. By default any process that has the workflow runs it.
    static var isPinned: Bool { get }

    /// Whether operations keep their declared inputs, unless they say otherwise. Nil, the default: as
    /// ``EngineOptions/recordsInputs`` says.
    static var recordsInputs: Bool? { get }

    /// What one failed child of those that an execution has spawned means for the others. By default the
    /// first that fails has them cancelled.
    static var childFailures: ChildFailures { get }

    /// The workflow that finishes an execution, as a child of it, once all that it has spawned has
    /// completed, also if that is nothing. Its input has the form of ``FinalizerInput``, and its output is
    /// that of the execution. It may have children, and a finalizer of its own. By default there is none.
    static var finalizer: (any Workflow.Type)? { get }

    /// Looks at an input before anything is recorded; what it throws is thrown by the submission.
    /// By default every input will do.
    static func validate(_ input: Input) throws

    /// Whether trying again may help after an error; asked only of one that says so of itself.
    func isRetryable(_ error: OperationError) -> Bool

    /// The code.
    func run(_ input: Input, _ context: WorkflowContext) async throws -> Output
}

extension Workflow {
    /// Not at all.
    public static var retry: RetryPolicy { .none }
    /// As long as it likes.
    public static var timeout: Duration? { nil }
    /// Not at all.
    public static var delay: Duration { .zero }
    /// None is known.
    public static var signals: [any SignalDeclaration] { [] }
    /// Any process runs it.
    public static var isPinned: Bool { false }
    /// As the engine says.
    public static var recordsInputs: Bool? { nil }
    /// The first that fails has the others cancelled.
    public static var childFailures: ChildFailures { .failFast }
    /// There is none.
    public static var finalizer: (any Workflow.Type)? { nil }
    /// Every input will do.
    public static func validate(_ input: Input) throws {}
    /// Always.
    public func isRetryable(_ error: OperationError) -> Bool { true }
}

/// Stands for "nothing" where a workflow takes no input or gives no output.
public struct Nothing: Codable, Hashable, Sendable {
    /// Nothing.
    public init() {}

    /// Accepts whatever was recorded.
    public init(from decoder: any Decoder) throws {}

    /// Encodes as `null`.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encodeNil()
    }
}
