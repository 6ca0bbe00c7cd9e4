import FoundationEssentials
import Testing

/// Programs of others that tests need.
enum ForeignTool {
    /// One of them is not installed, where everything has to be checked.
    struct Missing: Error, CustomStringConvertible {
        let description: String
    }

    /// Ends a test that needs one: where DAYBOOK_STRICT is set, as in CI, it fails, so that nothing is left
    /// out unnoticed.
    static func isMissing(_ what: String, _ advice: String) throws -> Never {
        let sentence = "the test needs \(what), which is not installed here: \(advice)"
        guard ProcessInfo.processInfo.environment["DAYBOOK_STRICT"] == nil else {
            throw Missing(description: sentence)
        }
        try Test.cancel(Comment(rawValue: sentence))
    }
}

/// Verifiers in which no line is ours: see `tools/verifiers`.
enum Verifiers {
    private static let root =
        "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    private static let place = root + "/.build/verifiers"

    /// Runs the program that calls golang.org/x/mod/sumdb.
    static func go(_ arguments: String..., in folder: String = "/") async throws -> CommandResult {
        try await run([place + "/verifiers"] + arguments, folder)
    }

    /// Starts the program that calls golang.org/x/mod/sumdb.
    static func startGo(_ arguments: [String], in folder: String) throws -> RunningCommand {
        try start([place + "/verifiers"] + arguments, folder)
    }

    /// Runs the program that calls pymerkle and cryptography.
    static func python(
        _ arguments: String...,
        in folder: String = "/"
    ) async throws -> CommandResult {
        let script = root + "/tools/verifiers/check.py"
        return try await run([place + "/python/bin/python3", script] + arguments, folder)
    }

    /// Runs the program that calls scitt-cose, pycose and cbor2.
    static func receipts(_ arguments: [String], in folder: String) async throws -> CommandResult {
        let script = root + "/tools/verifiers/receipts.py"
        return try await run([place + "/python/bin/python3", script] + arguments, folder)
    }

    /// Changes a bundle of evidence, and looks whether its own check finds it.
    static func flips(_ bundle: String, _ keys: String...) async throws -> CommandResult {
        let script = root + "/tools/verifiers/flips.py"
        return try await run([place + "/python/bin/python3", script, bundle] + keys, "/")
    }

    /// Runs a command line by a shell that finds the Python that has cryptography.
    static func shell(_ line: String, _ folder: String) async throws -> CommandResult {
        let python = "PATH=\(place)/python/bin:$PATH HOME=${HOME:-/tmp} PYTHONDONTWRITEBYTECODE=1"
        let words = ["sh", "-c", "export \(python); \(line)"]
        guard FileManager.default.isExecutableFile(atPath: place + "/python/bin/python3") else {
            try ForeignTool.isMissing(place, "run `tools/verifiers/install`")
        }
        return try await RunningCommand(words, folder: folder).finish()
    }

    private static func run(_ command: [String], _ folder: String) async throws -> CommandResult {
        try await start(command, folder).finish()
    }

    private static func start(_ command: [String], _ folder: String) throws -> RunningCommand {
        guard FileManager.default.isExecutableFile(atPath: command[0]) else {
            try ForeignTool.isMissing(command[0], "run `tools/verifiers/install`")
        }
        return try RunningCommand(
            command,
            environment: ["PYTHONDONTWRITEBYTECODE": "1"],
            folder: folder
        )
    }
}
