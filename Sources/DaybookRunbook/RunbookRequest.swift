#if CLI
import Daybook

/// The input of a runbook's execution: everything that it depends on, recorded with it.
package struct RunbookRequest: Codable, Sendable, Equatable {
    /// The text of the runbook.
    package var runbook: String
    /// The inputs' values, as text.
    package var inputs: [String: String]
    /// The variables of the caller's environment that jobs see.
    package var environment: [String: String]

    /// Nothing is checked: ``Runbook/resolveInputs(_:)`` and ``environment(for:from:)`` come before.
    package init(runbook: String, inputs: [String: String], environment: [String: String]) {
        self.runbook = runbook
        self.inputs = inputs
        self.environment = environment
    }

    /// Variables that jobs see without being asked for, where the caller has them.
    package static let alwaysPassed = [
        "HOME", "LANG", "LC_ALL", "LOGNAME", "PATH", "TMPDIR", "TZ", "USER",
    ]

    /// Picks what a runbook's jobs see from a caller's environment.
    /// - Throws: ``MissingVariable`` for one that the runbook names and the caller does not have.
    package static func environment(
        for runbook: Runbook,
        from all: [String: String]
    ) throws(MissingVariable) -> [String: String] {
        var picked: [String: String] = [:]
        for name in alwaysPassed { picked[name] = all[name] }
        for name in runbook.environment {
            guard let value = all[name] else { throw MissingVariable(name: name) }
            picked[name] = value
        }
        return picked
    }
}

/// A runbook asks for a variable of the environment that is not set.
package struct MissingVariable: Error, Equatable, Sendable, CustomStringConvertible {
    /// The variable.
    package let name: String

    /// What is asked for and what to do.
    package var description: String {
        "the runbook needs the environment variable \(name), and it is not set; set it and try again"
    }
}

/// What a runbook gives: the outputs of its jobs, by job and key.
package struct RunbookResult: Codable, Sendable, Equatable {
    /// Outputs by job and key; what an approval was given, as `value` by the name of its block.
    package var outputs: [String: [String: String]]
    /// Whether a block failed and the next one ran all the same; nil: none did.
    package var hadErrors: Bool?
    /// The blocks that failed so, in order.
    package var failedBlocks: [String]?

    /// No failed blocks leave ``hadErrors`` and ``failedBlocks`` out of the JSON.
    package init(outputs: [String: [String: String]], failedBlocks: [String] = []) {
        self.outputs = outputs
        hadErrors = failedBlocks.isEmpty ? nil : true
        self.failedBlocks = failedBlocks.isEmpty ? nil : failedBlocks
    }
}

/// What is recorded of a job that went well.
package struct JobResult: Codable, Sendable, Equatable {
    /// The exit status of its script; nil: `verify` found the work done.
    package var exitStatus: Int32?
    /// Its outputs.
    package var outputs: [String: String]
    /// What it has put into the execution's store, by key; nil: nothing.
    package var stored: [String: String]?
    /// The keys that it has removed from there, sorted; nil: none.
    package var removed: [String]?

    /// The same without secrets: where a script has put one into an output or the store there is
    /// `***`.
    func redacted(_ redactor: Redactor) -> JobResult {
        var result = self
        result.outputs = outputs.mapValues { redactor.redacted($0) }
        result.stored = stored?.mapValues { redactor.redacted($0) }
        return result
    }

    /// - Parameter exitStatus: nil when the script did not run.
    package init(exitStatus: Int32?, outputs: [String: String]) {
        self.exitStatus = exitStatus
        self.outputs = outputs
    }
}
#endif
