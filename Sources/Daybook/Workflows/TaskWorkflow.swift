public import DaybookModel
import FoundationEssentials

/// A workflow that says how the arguments of a task become its input.
///
/// Any workflow can be the backend of a task type. One that does not say it takes the value of a single
/// positional argument as its input, or the object of those that have names.
public protocol TaskWorkflow: Workflow {
    /// The input of a run.
    /// - Throws: what is wrong with the arguments: such a task is refused.
    static func input(of arguments: TaskArguments) throws -> Input
}

/// A workflow that runs stored runbooks as tasks.
package protocol RunbookRunner: Workflow {
    /// The input of a run of a stored runbook.
    /// - Throws: what is wrong with the arguments.
    static func input(of arguments: TaskArguments, runbook: String) throws -> Input
}

extension RegisteredWorkflow {
    /// How the arguments of a task become the encoded input of a workflow.
    static func taskInput<W: Workflow>(
        of workflow: W.Type
    ) -> @Sendable (TaskArguments, _ runbook: String?, any PayloadCodec) throws -> [UInt8] {
        { arguments, runbook, codec in
            let input: W.Input
            if let runbook {
                guard let runner = workflow as? any RunbookRunner.Type else {
                    throw Refusal(.invalidArgument, "the workflow \(W.name) runs no runbooks")
                }
                input = try self.input(of: arguments, runbook, by: runner, as: W.Input.self)
            } else if let direct = workflow as? any TaskWorkflow.Type {
                input = try self.input(of: arguments, by: direct, as: W.Input.self)
            } else {
                input = try decode(arguments, as: W.Input.self, W.name)
            }
            try W.validate(input)
            return try codec.encode(input)
        }
    }

    private static func input<Runner: RunbookRunner, Input>(
        of arguments: TaskArguments,
        _ runbook: String,
        by runner: Runner.Type,
        as type: Input.Type
    ) throws -> Input {
        try cast(try runner.input(of: arguments, runbook: runbook), Runner.name)
    }

    private static func input<Direct: TaskWorkflow, Input>(
        of arguments: TaskArguments,
        by workflow: Direct.Type,
        as type: Input.Type
    ) throws -> Input {
        try cast(try workflow.input(of: arguments), Direct.name)
    }

    /// The type is the workflow's own: what opens it has lost that.
    private static func cast<Input>(_ value: some Any, _ name: String) throws -> Input {
        guard let input = value as? Input else {
            throw Refusal(.invalidArgument, "the input of \(name) is of another type")
        }
        return input
    }

    private static func decode<Input: Decodable>(
        _ arguments: TaskArguments,
        as type: Input.Type,
        _ name: String
    ) throws -> Input {
        let value: TaskValue
        switch (arguments.positional.count, arguments.named.isEmpty) {
        case (0, true): value = type == Nothing.self ? .null : .object([:])
        case (0, false): value = .object(arguments.named)
        case (1, true): value = arguments.positional[0]
        default:
            throw Refusal(
                .invalidArgument,
                "\(arguments.positional.count) positional and \(arguments.named.count) named arguments were given to \(name), which takes one positional argument, or named ones; give it one or the other"
            )
        }
        do {
            return try JSONPayloadCodec().decode(type, from: Array(value.json.utf8))
        } catch {
            throw Refusal(
                .invalidArgument,
                "the arguments cannot be decoded as \(type) of \(name): \(UndecodableValue.sentence(error))"
            )
        }
    }
}
