#if CLI
/// The input of a runbook's execution: everything that it depends on, recorded with it.
public struct RunbookRequest: Codable, Sendable, Equatable {
    /// The text of the runbook.
    public var runbook: String
    /// The inputs' values, as text.
    public var inputs: [String: String]
    /// The variables of the caller's environment that jobs see.
    public var environment: [String: String]

    /// Nothing is checked: ``Runbook/resolveInputs(_:)`` and ``environment(for:from:)`` come before.
    public init(runbook: String, inputs: [String: String], environment: [String: String]) {
        self.runbook = runbook
        self.inputs = inputs
        self.environment = environment
    }

    /// Variables that jobs see without being asked for, where the caller has them.
    public static let alwaysPassed = [
        "HOME", "LANG", "LC_ALL", "LOGNAME", "PATH", "TMPDIR", "TZ", "USER",
    ]

    /// Picks what a runbook's jobs see from a caller's environment.
    /// - Throws: ``MissingVariable`` for one that the runbook names and the caller does not have.
    public static func environment(
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
public struct MissingVariable: Error, Equatable, Sendable, CustomStringConvertible {
    /// The variable.
    public let name: String

    /// What is asked for and what to do.
    public var description: String {
        "the runbook needs the environment variable \(name), and it is not set; set it and try again"
    }
}

/// What a runbook gives: the outputs of its jobs, by job and key.
public struct RunbookResult: Codable, Sendable, Equatable {
    /// Outputs by job and key; what an approval was given, as `value` by the name of its block.
    public var outputs: [String: [String: String]]
    /// Whether a block failed and the next one ran all the same; nil: none did.
    public var hadErrors: Bool?
    /// The blocks that failed so, in order.
    public var failedBlocks: [String]?

    /// No failed blocks leave ``hadErrors`` and ``failedBlocks`` out of the JSON.
    public init(outputs: [String: [String: String]], failedBlocks: [String] = []) {
        self.outputs = outputs
        hadErrors = failedBlocks.isEmpty ? nil : true
        self.failedBlocks = failedBlocks.isEmpty ? nil : failedBlocks
    }
}

/// What is recorded of a job that went well.
public struct JobResult: Codable, Sendable, Equatable {
    /// The exit status of its script; nil: `verify` found the work done.
    public var exitStatus: Int32?
    /// Its outputs.
    public var outputs: [String: String]
    /// What it has put into the execution's store, by key; nil: nothing.
    public var stored: [String: String]?
    /// The keys that it has removed from there, sorted; nil: none.
    public var removed: [String]?

    /// - Parameter exitStatus: nil when the script did not run.
    public init(exitStatus: Int32?, outputs: [String: String]) {
        self.exitStatus = exitStatus
        self.outputs = outputs
    }
}
#endif
