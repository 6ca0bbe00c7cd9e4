import DaybookFormat
import DaybookModel

/// A child that is to be spawned: of any workflow, with any input. See
/// ``WorkflowContext/spawn(_:file:line:)``.
public struct ChildPlan: Sendable {
    /// The name of the operation.
    let name: String
    let id: String?
    let type: Name
    let input: any Encodable & Sendable
    /// What the child is submitted as, under an id.
    let submit: @Sendable (WorkflowContext, String, [UInt8]) throws -> Submit

    /// - Parameters:
    ///   - workflow: what runs.
    ///   - name: names the operation; nil: the workflow's name.
    ///   - id: the child's id, 1 to 255 bytes. Nil, the best choice: one that follows from the parent and
    ///     the operation.
    ///   - options: retries, time-out, delay and labels of this child; what is nil is as the workflow
    ///     says.
    ///   - input: its encoding is compared when this code runs again.
    public init<W: Workflow>(
        _ workflow: W.Type,
        _ name: String? = nil,
        id: String? = nil,
        options: ExecutionOptions = ExecutionOptions(),
        input: W.Input
    ) {
        self.name = name ?? W.name
        self.id = id
        type = Name(W.name)
        self.input = input
        submit = { context, id, data in
            try W.validate(input)
            try options.checkHasNoSecrets()
            let terms = options.terms(over: RegisteredWorkflow.terms(of: workflow))
            return try context.child(workflow, id, terms, data)
        }
    }
}

/// A child that was spawned.
public struct SpawnedChild: Hashable, Sendable {
    /// Its place among all that the execution spawns, from 0.
    public let index: Int
    /// The name of its workflow.
    public let type: String
    /// Its id.
    public let id: String
}

/// What one failed child means for the others, once the handler has returned.
@nonexhaustive
public enum ChildFailures: Sendable {
    /// The first that fails has the others cancelled.
    case failFast
    /// All of them come to their ends.
    case allSettled
}

/// What an execution that has spawned children completes with.
public struct FamilyOutput<Output: Codable & Sendable, Child: Codable & Sendable>: Codable, Sendable
{
    /// What its handler returned.
    public let output: Output
    /// What its children gave, in the order in which they were spawned.
    public let children: [ChildOutput<Child>]
}

/// What a finalizer is given.
public struct FinalizerInput<
    Input: Codable & Sendable,
    Output: Codable & Sendable,
    Child: Codable & Sendable
>: Codable, Sendable {
    /// The input of the execution that it finishes.
    public let input: Input
    /// What the handler of that returned.
    public let output: Output
    /// What its children gave, in the order in which they were spawned.
    public let children: [ChildOutput<Child>]
}

/// What a spawned child gave.
public struct ChildOutput<Output: Codable & Sendable>: Codable, Sendable {
    /// Its place among all that were spawned, from 0.
    public let index: Int
    /// The name of its workflow.
    public let type: String
    /// Its id.
    public let id: String
    /// Its output.
    public let output: Output
}
