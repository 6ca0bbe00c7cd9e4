#if CLI
package import Daybook
import FoundationEssentials

/// A stored runbook as the backend of a task type.
extension RunbookWorkflow: RunbookRunner {
    /// Named arguments are inputs by name, positional ones in the order of declaration. Variables of the
    /// environment are those of the process that dispatches; one that it does not have is left out.
    /// - Throws: ``RunbookError``; ``InputError``; ``UnfitTask``.
    package static func input(
        of arguments: TaskArguments,
        runbook text: String
    ) throws -> RunbookRequest {
        let runbook = try Runbook(parsing: text, file: "runbook")
        guard runbook.secrets.isEmpty else {
            throw UnfitTask(
                description:
                    "the runbook \(runbook.name) asks for the secrets \(listed(runbook.secrets)), which a task cannot give; have its jobs fetch them"
            )
        }
        guard arguments.positional.count <= runbook.inputs.count else {
            throw UnfitTask(
                description:
                    "\(arguments.positional.count) positional arguments were given, and the runbook \(runbook.name) has \(runbook.inputs.count) inputs; leave some out"
            )
        }
        var given: [String: String] = [:]
        for (input, value) in zip(runbook.inputs, arguments.positional) {
            given[input.name] = value.inputText
        }
        for (name, value) in arguments.named {
            guard given.updateValue(value.inputText, forKey: name) == nil else {
                throw UnfitTask(
                    description:
                        "the input \(quoted(name)) is given by position and by name; give it once"
                )
            }
        }
        let all = ProcessInfo.processInfo.environment
        var picked: [String: String] = [:]
        for name in RunbookRequest.alwaysPassed + runbook.environment { picked[name] = all[name] }
        return RunbookRequest(
            runbook: text,
            inputs: try runbook.resolveInputs(given),
            environment: picked
        )
    }
}

/// Why the arguments of a task do not fit a runbook.
package struct UnfitTask: Error, Equatable, Sendable, CustomStringConvertible {
    /// What was given, what is wrong with it and what to do.
    package let description: String
}

extension TaskValue {
    /// The text of an input: a text as it is, anything else as JSON.
    fileprivate var inputText: String {
        if case .string(let text) = self { text } else { json }
    }
}
#endif
