import Daybook
import DaybookSystem
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// What the command advises for executions of programs whose secrets are gone: it does not know which of them
/// the code asks for, so it names all that were given.
@Suite struct ProgramSecretTests {
    private struct Deploy: Workflow {
        static let name = "deploy"

        func run(_ input: Int, _ context: WorkflowContext) async throws -> String {
            try await context.checkpoint("push") { operation in
                _ = try operation.secret("TOKEN")
                throw OperationError(code: "no", message: "no", isRetryable: false)
            }
            return ""
        }
    }

    /// An execution `a` of a program that has failed with two secrets, and the key that opens them.
    private func withFailed(_ body: (Sandbox, String) async throws -> Void) async throws {
        try await withSandbox { sandbox in
            let key = try sandbox.write(String(repeating: "ab", count: 32) + "\n", to: "key")
            chmod(key, 0o600)
            try sandbox.write("hunter2-and-more", to: "FILE")
            var options = EngineOptions()
            options.journalKey = .file(key)
            var terms = ExecutionOptions()
            terms.secrets = ["TOKEN": Secret("hunter2-and-more"), "OTHER": Secret("hunter3-and")]
            try await Engine.withOpen(at: sandbox.journal, options, workflows: [Deploy()]) {
                try await $0.start(Deploy.self, id: "a", options: terms, input: 1)
                _ = try await $0.wait(for: "a") { $0.isClosed }
            }
            try await body(sandbox, key)
        }
    }

    private func why(_ sandbox: Sandbox, _ key: String) async throws -> String {
        try await sandbox.daybook(["why", "a"], environment: ["DAYBOOK_KEY_FILE": key]).text
    }

    @Test func whatIsKeptIsNotAskedFor() async throws {
        try await withFailed { sandbox, key in
            let why = try await why(sandbox, key)
            #expect(why.contains("`daybook retry a` opens it again"), "\(why)")
        }
    }

    @Test func whatIsWipedIsAskedFor() async throws {
        try await withFailed { sandbox, key in
            try await sandbox.succeed("secret", "wipe", "a", "TOKEN", "--yes")
            let why = try await why(sandbox, key)
            let line = "daybook retry a --secret TOKEN=@FILE"
            #expect(why.contains("`\(line)` opens it again"), "\(why)")
            // What is advised can be pasted.
            let words = line.split(separator: " ").dropFirst().map(String.init) + ["--yes"]
            let retry = try await sandbox.daybook(words, environment: ["DAYBOOK_KEY_FILE": key])
            #expect(retry.status == 0, "\(retry)")
        }
    }

    @Test func whatCannotBeOpenedIsAskedFor() async throws {
        try await withFailed { sandbox, key in
            try Folder.removeFile(sandbox.journal + "/keys")
            let why = try await why(sandbox, key)
            let line = "`daybook retry a --secret OTHER=@FILE --secret TOKEN=@FILE` opens it again"
            #expect(why.contains(line), "\(why)")
        }
    }

    /// What was renewed since is not.
    @Test func whatWasGivenAgainIsNotAskedFor() async throws {
        try await withFailed { sandbox, key in
            try await sandbox.succeed("secret", "wipe", "a", "--yes")
            let retry = try await sandbox.daybook(
                ["retry", "a", "--yes", "--secret", "TOKEN=@FILE"],
                environment: ["DAYBOOK_KEY_FILE": key]
            )
            #expect(retry.status == 0, "\(retry)")
            try await sandbox.succeed("cancel", "a", "--yes")
            let why = try await why(sandbox, key)
            #expect(why.contains("`daybook retry a --secret OTHER=@FILE` opens it again"), "\(why)")
        }
    }
}
