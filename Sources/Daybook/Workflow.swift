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

    /// The code.
    func run(_ input: Input, _ context: WorkflowContext) async throws -> Output
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
