import Daybook
import DaybookJournal
import DaybookSystem
import FoundationEssentials
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// Secrets of runbooks, as a person gives, lists and wipes them.
@Suite struct SecretCommandTests {
    private static let runbook = """
        name: deploy
        secrets: [TOKEN, UNUSED]
        blocks:
        - name: deploy
          jobs:
          - name: push
            secrets: [TOKEN]
            run: |
              echo "with $TOKEN"
              echo "token=$TOKEN" >> "$DAYBOOK_OUTPUT"
              echo "base64: $(printf 'x%s' "$TOKEN" | base64)" >&2
              test -z "$UNUSED"
              test ! -e FOLDER/block || { touch FOLDER/ran; sleep 60; }
              test ! -e FOLDER/fail
          - name: look
            run: test -z "$TOKEN"
        """
    private static let value = "hunter2-and-more"

    private func prepared(_ sandbox: Sandbox) throws -> [String: String] {
        let key = try sandbox.write(String(repeating: "ab", count: 32) + "\n", to: "key")
        try sandbox.write(Self.value + "\n", to: "token")
        try sandbox.write(Self.runbook.replacing("FOLDER", with: sandbox.folder))
        chmod(key, 0o600)
        return ["DAYBOOK_KEY_FILE": key, "UNUSED": "never-used"]
    }

    private static let run = [
        "run", "runbook.yaml", "--id", "a", "--secret", "TOKEN=@token", "--secret", "UNUSED",
    ]

    /// Files of the journal in which the value is found.
    private func exposed(_ sandbox: Sandbox) throws -> [String] {
        let digits = Self.value.utf8.map { String($0, radix: 16) }.joined()
        let base64 = Data(Self.value.utf8).base64EncodedString()
        return try FileManager.default.subpathsOfDirectory(atPath: sandbox.journal).filter { name in
            let path = sandbox.journal + "/" + name
            guard try FileStatus.of(path)?.isFolder == false else { return false }
            let text = String(decoding: try File.contents(of: path), as: UTF8.self)
            return [Self.value, digits, base64, String(base64.dropLast(2))].contains {
                text.contains($0)
            }
        }
    }

    @Test func aJobSeesItsSecretAndTheRecordDoesNot() async throws {
        try await withSandbox { sandbox in
            let environment = try prepared(sandbox)
            let result = try await sandbox.daybook(Self.run, environment: environment)
            try #require(result.status == 0, "\(result.errors)")
            #expect(!result.text.contains(Self.value))
            #expect(!result.errors.contains(Self.value))
            let lines = try await sandbox.loggedLines()
            #expect(lines.contains("with ***"))
            #expect(lines.contains { $0.hasPrefix("base64: ") && $0.contains("***") })
            #expect(try exposed(sandbox) == [])
            let list = try await sandbox.succeed("secret", "list", "a").text
            #expect(list.contains("TOKEN  stored") && list.contains("(completed)"))
            #expect(
                try await sandbox.succeed("secret", "wipe", "a", "--yes").text
                    == "a keeps no secret any more\n"
            )
            try await check(sandbox)
        }
    }

    @Test func aRetryInAnotherProcessHasThem() async throws {
        try await withSandbox { sandbox in
            let environment = try prepared(sandbox)
            try await fail(sandbox, environment)
            #expect(try exposed(sandbox) == [])
            #expect(try await sandbox.succeed("secret", "list", "a").text.contains("kept"))
            // What is given again is not needed, and without its key nothing opens.
            try await sandbox.succeed("retry", "a", "--yes")
            let blind = try await sandbox.daybook("run", "runbook.yaml", "--id", "a")
            #expect(blind.status == 64)
            #expect(blind.errors.contains("secrets need a journal key"))
            let result = try await sandbox.daybook(
                ["run", "runbook.yaml", "--id", "a"],
                environment: environment
            )
            #expect(result.status == 0, "\(result.errors)")
            #expect(try exposed(sandbox) == [])
            try await check(sandbox)
        }
    }

    @Test func aPersonWipesThemAndGivesFreshOnes() async throws {
        try await withSandbox { sandbox in
            let environment = try prepared(sandbox)
            try await fail(sandbox, environment)
            let wiped = try await sandbox.succeed(
                "secret",
                "wipe",
                "a",
                "TOKEN",
                "--yes",
                "--reason",
                "it leaked"
            ).text
            #expect(wiped == "wiped TOKEN of a\n")
            #expect(try await sandbox.succeed("log").text.contains("it leaked"))
            try await check(sandbox)
            // Refused before anything runs.
            let refused = try await sandbox.daybook(
                ["retry", "a", "--yes"],
                environment: environment
            )
            #expect(refused.status == 64, "\(refused)")
            #expect(refused.errors.contains("the runbook needs the secret TOKEN"), "\(refused)")
            let retry = try await sandbox.daybook(
                ["retry", "a", "--yes", "--secret", "TOKEN=@token"],
                environment: environment
            )
            #expect(retry.status == 0, "\(retry.errors)")
            let result = try await sandbox.daybook(
                ["run", "runbook.yaml", "--id", "a"],
                environment: environment
            )
            #expect(result.status == 0, "\(result.errors)")
            try await check(sandbox)
        }
    }

    /// Killed between the entry and the overwriting: what only looks says so, with one status, and what
    /// writes next sees to it.
    @Test func aWipeThatWasCutShortIsToldAsItIs() async throws {
        try await withSandbox { sandbox in
            let environment = try prepared(sandbox)
            try await fail(sandbox, environment)
            let keys = URL(filePath: sandbox.journal + "/keys")
            let before = try Data(contentsOf: keys)
            try await sandbox.succeed("secret", "wipe", "a", "TOKEN", "--yes")
            // As if its process had been killed before it overwrote the key.
            try before.write(to: keys)
            let verified = try await sandbox.succeed("verify")
            #expect(verified.text.contains("\nowed: the wipe of the secret TOKEN of a is recorded"))
            // The other reader comes to the same verdict, and says it too.
            let other = try await check(sandbox)
            let owed = "owed: the wipe of the secret TOKEN is recorded in"
            #expect(other.text.contains(owed), "\(other)")
            #expect(verified.errors.contains("run `daybook secret wipe a`, or another"))
            #expect(!verified.errors.contains("contradicts"), "\(verified.errors)")
            let json = try await sandbox.succeed("verify", "--json").json
            #expect(json["good"] == true && json["owed"][0]["name"].string == "TOKEN")
            let list = try await sandbox.succeed("secret", "list", "a").text
            #expect(list.contains("(asked), its key is not overwritten yet"), "\(list)")
            #expect(list.contains("UNUSED  stored") && list.contains("kept"))
            let show = try await sandbox.succeed("show", "a").text
            #expect(show.contains("TOKEN, wipe recorded"), "\(show)")
            let again = try await sandbox.succeed("secret", "wipe", "a", "TOKEN", "--yes").text
            #expect(again == "a keeps no secret of these names any more\n")
            #expect(!(try await sandbox.succeed("verify").text.contains("owed")))
            #expect(
                try await sandbox.succeed("secret", "list", "a").text.contains("(asked)\n")
            )
        }
    }

    /// Runs it to a failure, and removes what it fails for.
    private func fail(_ sandbox: Sandbox, _ environment: [String: String]) async throws {
        try sandbox.write("", to: "fail")
        let result = try await sandbox.daybook(Self.run, environment: environment)
        #expect(result.status == 7, "\(result.errors)")
        try Folder.removeFile(sandbox.folder + "/fail")
    }

    @Test func whatIsGivenInAWrongWayIsRefusedWithASentence() async throws {
        try await withSandbox { sandbox in
            let environment = try prepared(sandbox)
            let run = ["run", "runbook.yaml", "--id", "a"]
            let cases: [([String], String)] = [
                (run + ["--secret", "TOKEN=\(Self.value)"], "stands on the command line"),
                (run + ["--secret", "TOKEN=@none"], "does not exist"),
                (run + ["--secret", "TOKEN=@token"], "needs the secret UNUSED"),
                (run + ["--secret", "NOWHERE"], "no variable NOWHERE"),
                (Self.run + ["--secret", "PATH"], "has no secret PATH"),
                (Self.run + ["--secret", "TOKEN=@token"], "is given twice"),
                (Self.run + ["--key-file", "token"], "can be read by others"),
                (Self.run + ["--key-file", "none"], "does not exist"),
            ]
            for (arguments, words) in cases {
                let result = try await sandbox.daybook(arguments, environment: environment)
                #expect(result.status == 64, "\(arguments)")
                #expect(result.errors.contains(words), "\(result.errors)")
                #expect(!result.errors.contains(Self.value))
            }
            let result = try await sandbox.daybook(Self.run, environment: ["UNUSED": "never-used"])
            #expect(result.status == 64)
            #expect(result.errors.contains("openssl rand -hex 32"))
            #expect(try await sandbox.succeed("list", "--json").json["executions"].elements == [])
        }
    }

    /// Killed in the middle of a job, the keys are as the entries say, and another process goes on.
    @Test func aKilledProcessLeavesItsSecretsToTheNext() async throws {
        try await withSandbox { sandbox in
            let environment = try prepared(sandbox)
            try sandbox.write("", to: "block")
            let running = try sandbox.start(Self.run, environment: environment)
            while try FileStatus.of(sandbox.folder + "/ran") == nil { await Task.yield() }
            running.signal(SIGKILL)
            _ = try await running.finish()
            try Folder.removeFile(sandbox.folder + "/block")
            // What a script that was killed has written into its own files is its own business.
            #expect(try exposed(sandbox).allSatisfy { $0.hasPrefix("sessions/") })
            try await check(sandbox)
            let result = try await sandbox.daybook(
                ["run", "runbook.yaml", "--id", "a"],
                environment: environment
            )
            #expect(result.status == 0, "\(result.errors)")
            #expect(try exposed(sandbox) == [])
            try await check(sandbox)
        }
    }

    /// What a job has written for its outputs and the store lies in files as long as its process lives.
    @Test(arguments: [["cancel", "a", "--yes"], ["secret", "wipe", "a", "--yes"], ["list"]])
    func aKilledProcessLeavesNoSecretInFiles(_ command: [String]) async throws {
        try await withSandbox { sandbox in
            let environment = try prepared(sandbox)
            try sandbox.write(
                """
                name: deploy
                secrets: [TOKEN, UNUSED]
                blocks:
                - name: deploy
                  jobs:
                  - name: push
                    secrets: [TOKEN]
                    onDoubt: ask
                    run: |
                      echo "o=$TOKEN" >> "$DAYBOOK_OUTPUT"
                      echo "s=$TOKEN" >> "$DAYBOOK_STORE"
                      echo begun
                      touch \(sandbox.folder)/ran
                      sleep 60
                """
            )
            let running = try sandbox.start(Self.run, environment: environment)
            while try FileStatus.of(sandbox.folder + "/ran") == nil { await Task.yield() }
            running.signal(SIGKILL)
            _ = try await running.finish()
            #expect(try exposed(sandbox) != [])
            // A command that only looks takes nothing over.
            let isLook = command == ["list"]
            let next = try await sandbox.daybook(isLook ? ["work", "--until-idle"] : command)
            // Without the key it takes over, and leaves the execution ready.
            #expect(next.status == (isLook ? 64 : 0), "\(next)")
            #expect(try exposed(sandbox) == [])
        }
    }

    /// Killed at random moments of a submission and of the end, no key is left that no entry names, and
    /// none is missing that one does.
    @Test func killedAtRandomMomentsKeysAndEntriesAgree() async throws {
        try await withSandbox { sandbox in
            let environment = try prepared(sandbox)
            for round in 0..<12 {
                let id = "round-\(round)"
                let run = [
                    "run", "runbook.yaml", "--id", id, "--secret", "TOKEN=@token", "--secret",
                    "UNUSED",
                ]
                let running = try sandbox.start(run, environment: environment)
                let clock = ContinuousClock()
                let end = clock.now + .milliseconds(15 * (round + 1))
                while clock.now < end { await Task.yield() }
                running.signal(SIGKILL)
                let status = try await running.finish().status
                // Whoever opens it next sees to what is left; whether it was submitted or not, the
                // same line goes on.
                let result = try await sandbox.daybook(run, environment: environment)
                #expect(result.status == 0, "round \(round), \(status): \(result.errors)")
                #expect(try exposed(sandbox) == [])
                try await check(sandbox)
            }
        }
    }

    /// What is mistyped would be kept and asked for by nobody, or taken for wiped.
    @Test func aNameThatTheRunbookHasNotIsRefused() async throws {
        try await withSandbox { sandbox in
            let environment = try prepared(sandbox)
            try sandbox.write("", to: "fail")
            let first = try await sandbox.daybook(Self.run, environment: environment)
            #expect(first.status == 7, "\(first.errors)")
            let before = try await sandbox.events()
            let retry = ["retry", "a", "--yes", "--secret", "TOKE=@token"]
            let retried = try await sandbox.daybook(retry, environment: environment)
            #expect(retried.status == 64)
            #expect(retried.errors.contains("no secret TOKE; it has TOKEN, UNUSED"))
            let wiped = try await sandbox.daybook("secret", "wipe", "a", "TOKE", "--yes")
            #expect(wiped.status == 3)
            #expect(wiped.errors.contains("none of that name; it has TOKEN, UNUSED\n"))
            #expect(try await sandbox.events() == before)
            try await check(sandbox)
        }
    }

    /// Two readers that have nothing in common find nothing wrong.
    @discardableResult
    private func check(_ sandbox: Sandbox) async throws -> CommandResult {
        try await sandbox.succeed("verify")
        let python = try await Python.withPackages("lmdb", "google.protobuf")
        let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let result = try await RunningCommand(
            [python, "/\(root)/tools/journal.py", "verify", sandbox.journal]
        ).finish()
        #expect(result.status == 0, "\(result.errors)")
        return result
    }
}
