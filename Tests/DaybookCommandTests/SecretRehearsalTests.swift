import DaybookSystem
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// What would be refused because of its secrets is refused when it is rehearsed.
@Suite struct SecretRehearsalTests {
    private static let text = """
        name: deploy
        secrets: [TOKEN]
        blocks:
        - name: deploy
          jobs:
          - { name: push, secrets: [TOKEN], run: 'exit 3' }
        """

    /// An execution `a` that has failed, and what a command needs to open its secret.
    private func withFailed(
        _ body: (Sandbox, [String: String]) async throws -> Void
    ) async throws {
        try await withSandbox { sandbox in
            let key = try sandbox.write(String(repeating: "ab", count: 32) + "\n", to: "key")
            let other = try sandbox.write(String(repeating: "cd", count: 32) + "\n", to: "other")
            for path in [key, other] { chmod(path, 0o600) }
            try sandbox.write("hunter2-and-more", to: "token")
            try sandbox.write("abc", to: "short")
            try sandbox.write(Self.text)
            let environment = ["DAYBOOK_KEY_FILE": key]
            let failed = try await sandbox.daybook(
                ["run", "runbook.yaml", "--id", "a", "--secret", "TOKEN=@token"],
                environment: environment
            )
            #expect(failed.status == 7, "\(failed)")
            try await body(sandbox, environment)
            try await sandbox.succeed("verify")
        }
    }

    private static let faults: [(given: [String], key: String?)] = [
        // What is given cannot be read, is none, or is not asked for.
        (["--secret", "TOKEN=@nothing"], "key"), (["--secret", "TOKEN"], "key"),
        (["--secret", "TOKEN=@short"], "key"), (["--secret", "OTHER=@token"], "key"),
        (["--secret", "TOKEN=@token", "--secret", "TOKEN=@token"], "key"),
        // It cannot be sealed.
        (["--secret", "TOKEN=@token"], nil), (["--secret", "TOKEN=@token"], "other"),
        (["--secret", "TOKEN=@token"], "none"),
        // What is kept cannot be opened by the key that is named.
        (["--key-file", "other"], nil), (["--key-file", "none"], nil),
    ]

    @Test(arguments: ["retry", "fork"], faults.indices)
    func aRehearsalIsRefusedAsTheRealOneIs(_ verb: String, _ index: Int) async throws {
        let (given, key) = Self.faults[index]
        try await withFailed { sandbox, _ in
            var environment: [String: String] = [:]
            if let key { environment["DAYBOOK_KEY_FILE"] = sandbox.folder + "/" + key }
            let words = [verb, "a", "--yes"] + (verb == "fork" ? ["--at", "push"] : []) + given
            let before = try await sandbox.events().filter { !$0.hasPrefix("session_") }
            let rehearsed = try await sandbox.daybook(
                words + ["--dry-run"],
                environment: environment
            )
            let real = try await sandbox.daybook(words, environment: environment)
            #expect(real.status == 64, "\(real)")
            #expect(rehearsed.status == real.status, "\(rehearsed)")
            #expect(rehearsed.errors == real.errors)
            #expect(rehearsed.text == "")
            #expect(try await sandbox.events().filter { !$0.hasPrefix("session_") } == before)
        }
    }

    /// What nothing is kept of any more is asked for by both.
    @Test func aRetryThatLacksASecretIsRefusedInBoth() async throws {
        try await withFailed { sandbox, environment in
            try await sandbox.succeed("secret", "wipe", "a", "--yes")
            var ends: [CommandResult] = []
            for more in [["--dry-run"], []] {
                let words = ["retry", "a", "--yes"] + more
                ends.append(try await sandbox.daybook(words, environment: environment))
            }
            for end in ends { expect(end, exits: 64, saying: "the runbook needs the secret TOKEN") }
            #expect(ends[0].errors == ends[1].errors)
            let given = ["retry", "a", "--yes", "--dry-run", "--secret", "TOKEN=@token"]
            let granted = try await sandbox.daybook(given, environment: environment)
            #expect(granted.status == 0, "\(granted)")
        }
    }
}
