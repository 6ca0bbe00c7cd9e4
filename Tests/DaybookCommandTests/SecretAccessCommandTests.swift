import DaybookSystem
import FoundationEssentials
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// What cannot be opened because of the machine, or of how a command was started, is no failure of the
/// work, and nothing is undone for it.
@Suite struct SecretAccessCommandTests {
    private static let runbook = """
        name: k
        secrets: [TOKEN]
        blocks:
        - name: a
          jobs:
          - { name: first, run: echo do, undo: echo undo }
          - { name: use, secrets: [TOKEN], run: 'test -n "$TOKEN"' }
        """

    private func key(_ digits: String, _ sandbox: Sandbox, mode: mode_t = 0o600) throws -> String {
        let path = try sandbox.write(
            String(repeating: digits, count: 32) + "\n",
            to: "key-\(digits)"
        )
        chmod(path, mode)
        return path
    }

    private func submitted(_ sandbox: Sandbox) async throws -> String {
        let key = try key("ab", sandbox)
        try sandbox.write("hunter2-and-more", to: "token")
        try sandbox.write(Self.runbook)
        try await sandbox.succeed(
            "submit",
            "runbook.yaml",
            "--id",
            "a",
            "--secret",
            "TOKEN=@token",
            "--key-file",
            key
        )
        return key
    }

    private func nothingRan(_ sandbox: Sandbox) async throws {
        #expect(try await sandbox.loggedLines() == [])
        #expect(try await sandbox.succeed("status", "a").text == "ready\n")
    }

    @Test func aRunWithAnotherKeyOrNoneEndsBeforeAnythingRuns() async throws {
        try await withSandbox { sandbox in
            let good = try await submitted(sandbox)
            let bad: [([String], String)] = [
                ([], "secrets need a journal key"),
                (["--key-file", try key("cd", sandbox)], "is not the one"),
                (["--key-file", try key("xx", sandbox)], "has no journal key"),
                (["--key-file", try key("ef", sandbox, mode: 0o644)], "chmod 600"),
            ]
            for (words, sentence) in bad {
                let result = try await sandbox.daybook(
                    ["run", "runbook.yaml", "--id", "a"] + words
                )
                #expect(result.status == 64, "\(words): \(result)")
                #expect(result.errors.contains(sentence), "\(result.errors)")
                try await nothingRan(sandbox)
            }
            try await sandbox.succeed("run", "runbook.yaml", "--id", "a", "--key-file", good)
        }
    }

    @Test func workWithoutAKeyLeavesItReadyAndSaysSo() async throws {
        try await withSandbox { sandbox in
            let good = try await submitted(sandbox)
            try await sandbox.succeed("exec", "a")
            let result = try await sandbox.daybook("work", "--until-idle")
            #expect(result.status == 64, "\(result)")
            #expect(result.errors.contains("executions that have secrets are left to others"))
            #expect(result.errors.contains("secrets need a journal key"))
            try await nothingRan(sandbox)
            try await sandbox.succeed("work", "--until-idle", "--key-file", good)
            #expect(try await sandbox.succeed("status", "a").text == "completed\n")
        }
    }

    @Test(arguments: ["EMFILE", "EIO"])
    func whatTheMachineFailsAtIsTriedAgain(_ error: String) async throws {
        let strace = "/usr/bin/strace"
        if try FileStatus.of(strace) == nil {
            try Test.cancel("strace, which has a system call fail, is not installed")
        }
        try await withSandbox { sandbox in
            let good = try await submitted(sandbox)
            let traced = try RunningCommand(
                [
                    strace, "-f", "-qq", "-o", "/dev/null", "-P", sandbox.journal + "/keys",
                    "-e", "trace=openat", "-e", "inject=openat:error=\(error)",
                    DaybookProgram.path, "run", "runbook.yaml", "--id", "a", "--key-file", good,
                ],
                environment: ["DAYBOOK_JOURNAL": sandbox.journal],
                folder: sandbox.folder
            )
            let failed = try await traced.finish()
            if failed.errors.contains("not permitted") {
                try Test.cancel("strace may not trace here: \(failed.errors)")
            }
            #expect(failed.status == 75, "\(failed)")
            #expect(failed.errors.contains("/keys"))
            try await nothingRan(sandbox)
            try await sandbox.succeed("run", "runbook.yaml", "--id", "a", "--key-file", good)
        }
    }

    /// A job is a child of the process that was given them.
    @Test func aJobFindsNoneInTheEnvironmentOfItsParent() async throws {
        try await withSandbox { sandbox in
            let digits = String(repeating: "ab", count: 32)
            _ = try key("ab", sandbox)
            try sandbox.write(
                """
                name: k
                secrets: [TOKEN]
                blocks:
                - name: a
                  jobs:
                  - { name: use, secrets: [TOKEN], run: 'test -n "$TOKEN"' }
                  - name: spy
                    run: |
                      tr '\\0' '\\n' < /proc/$PPID/environ > \(sandbox.folder)/seen
                      grep -c PATH \(sandbox.folder)/seen
                      cat \(sandbox.folder)/key-ab
                      base64 -w0 \(sandbox.folder)/seen > \(sandbox.folder)/copy
                """
            )
            let run = ["run", "runbook.yaml", "--id", "a", "--secret", "TOKEN"]
            let result = try await sandbox.daybook(
                run,
                environment: ["TOKEN": "hunter2-and-more", "DAYBOOK_KEY": digits]
            )
            #expect(result.status == 0, "\(result)")
            let seen = String(
                decoding: try File.contents(of: sandbox.folder + "/seen"),
                as: UTF8.self
            )
            #expect(seen.contains("DAYBOOK_KEY=") && seen.contains("TOKEN="))
            #expect(!seen.contains(digits) && !seen.contains("hunter2"))
            #expect(try await sandbox.loggedLines().last == "***")
            #expect(try await !sandbox.succeed("log", "a").text.contains(digits))
        }
    }
}
