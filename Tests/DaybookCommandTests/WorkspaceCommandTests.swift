import DaybookSystem
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// An execution goes on in another process, with another folder of workspaces: with its files and its
/// secrets, and nothing of what was created before done again.
@Suite struct WorkspaceCommandTests {
    /// `create` makes something that must be made once, `check` needs the files, `push` the secret.
    private static let runbook = """
        name: scaffold
        secrets: [TOKEN]
        blocks:
        - name: scaffold
          jobs:
          - name: create
            run: |
              echo created >> FOLDER/ledger
              mkdir -p "$WORKSPACE/src"
              printf 'a repository' > "$WORKSPACE/src/readme"
              chmod 750 "$WORKSPACE/src/readme"
              ln -s src/readme "$WORKSPACE/link"
              head -c 300000 /dev/urandom > "$WORKSPACE/src/data"
              sha256sum < "$WORKSPACE/src/data" > FOLDER/sum
        - name: check
          jobs:
          - name: check
            run: |
              echo tried >> "$WORKSPACE/tries"
              test "$(cat "$WORKSPACE/link")" = "a repository"
              test "$(stat -c %a "$WORKSPACE/src/readme")" = 750
              test "$(sha256sum < "$WORKSPACE/src/data")" = "$(cat FOLDER/sum)"
              test ! -e FOLDER/block || { echo $$ > FOLDER/up; read -r line < FOLDER/go; }
              test ! -e FOLDER/fail
        - name: push
          jobs:
          - name: push
            secrets: [TOKEN]
            run: |
              test "$(printf %s "$TOKEN" | wc -c)" = 16
              echo "tries=$(wc -l < "$WORKSPACE/tries")" >> "$DAYBOOK_OUTPUT"
        """

    private func prepared(_ sandbox: Sandbox) throws -> [String: String] {
        let key = try sandbox.write(String(repeating: "ab", count: 32) + "\n", to: "key")
        try sandbox.write("hunter2-and-more\n", to: "token")
        try sandbox.write(Self.runbook.replacing("FOLDER", with: sandbox.folder))
        chmod(key, 0o600)
        return ["DAYBOOK_KEY_FILE": key]
    }

    private static func run(_ folder: String) -> [String] {
        [
            "run", "runbook.yaml", "--id", "a", "--secret", "TOKEN=@token", "--workspaces", folder,
        ]
    }

    private func ledger(_ sandbox: Sandbox) throws -> String {
        String(decoding: try File.contents(of: sandbox.folder + "/ledger"), as: UTF8.self)
    }

    @Test func aRetryElsewhereGoesOnFromTheFailedStep() async throws {
        try await withSandbox { sandbox in
            let environment = try prepared(sandbox)
            try sandbox.write("", to: "fail")
            let first = try await sandbox.daybook(Self.run("one"), environment: environment)
            #expect(first.status == 7, "\(first.errors)")
            try Folder.removeFile(sandbox.folder + "/fail")
            try await sandbox.succeed("retry", "a", "--yes")
            let second = try await sandbox.daybook(
                ["work", "--until-idle", "--workspaces", "two"],
                environment: environment
            )
            try #require(second.status == 0, "\(second.errors)")
            let shown = try await sandbox.succeed("show", "a").text
            // The failed job had written, and that came along.
            #expect(shown.contains(#""tries":"2""#), "\(shown)")
            #expect(try ledger(sandbox) == "created\n")
            try await verifies(sandbox)
        }
    }

    /// A process dies in the middle of a job; what that job wrote is on no disk but its own.
    @Test func afterADeathTheFilesAreThoseOfTheLastOutcome() async throws {
        try await withSandbox { sandbox in
            let environment = try prepared(sandbox)
            let (up, go) = (try Gate(sandbox.folder + "/up"), try Gate(sandbox.folder + "/go"))
            try sandbox.write("", to: "block")
            let first = try sandbox.start(Self.run("one"), environment: environment)
            try await up.line()
            first.signal(SIGKILL)
            try await first.finish()
            try Folder.removeFile(sandbox.folder + "/block")
            let second = try await sandbox.daybook(Self.run("two"), environment: environment)
            try #require(second.status == 0, "\(second.errors)")
            let shown = try await sandbox.succeed("show", "a").text
            #expect(shown.contains(#""tries":"1""#), "\(shown)")
            #expect(try ledger(sandbox) == "created\n")
            _ = go
            try await verifies(sandbox)
        }
    }

    @Test func whatIsSavedCanBeListedAndTakenOut() async throws {
        try await withSandbox { sandbox in
            let environment = try prepared(sandbox)
            let run = try await sandbox.daybook(Self.run("one"), environment: environment)
            try #require(run.status == 0, "\(run.errors)")
            let saved = try await sandbox.succeed("workspace", "a", "--json").json["saved"].elements
            #expect(saved.count == 2)
            #expect(saved.first?["files"].integer == 4)
            let entry = try #require(saved.first?["entry"].integer)
            let list = try await sandbox.succeed("workspace", "a").text
            #expect(list.contains("\(entry)  ") && list.contains("4 files, "))
            #expect(try await sandbox.succeed("show", "a").text.contains("  workspace  5 files, "))
            try await sandbox.succeed("workspace", "a", "--at", "\(entry)", "--output", "a.tar")
            let unpacked = try await RunningCommand(
                ["sh", "-c", "mkdir out && tar -xf a.tar -C out && cat out/link && ls -A out"],
                environment: ["PATH": "/usr/bin:/bin"],
                folder: sandbox.folder
            ).finish()
            #expect(unpacked.text == "a repositorylink\nsrc\n", "\(unpacked.errors)")
            // A file that is there stays.
            let again = try await sandbox.daybook("workspace", "a", "--output", "a.tar")
            #expect(again.status == 64 && again.errors.contains("a.tar, which exists"))
            // A fork begins with what its origin had saved before it.
            let fork = [
                "fork", "a", "--at", "check", "--id", "b", "--yes", "--secret", "TOKEN=@token",
            ]
            let forked = try await sandbox.daybook(fork, environment: environment)
            #expect(forked.status == 0, "\(forked.errors)")
            let inherited = try await sandbox.succeed("workspace", "b").text
            #expect(inherited.hasPrefix("\(entry)  "))
            #expect(inherited.hasSuffix(" (by what it was forked from)\n"))
            #expect(inherited.split(separator: "\n").count == 1)
            let none = try await sandbox.daybook("workspace", "a", "--at", "1", "--output", "b.tar")
            #expect(none.status == 3 && none.errors.contains("by the entries \(entry)"))
        }
    }

    @Test func oneThatIsTooLargeIsSaidAndNotLost() async throws {
        try await withSandbox { sandbox in
            let environment = try prepared(sandbox)
            try sandbox.write("", to: "fail")
            let first = try await sandbox.daybook(
                Self.run("one") + ["--workspace-limit", "100KB"],
                environment: environment
            )
            #expect(first.status == 7, "\(first.errors)")
            #expect(
                try await sandbox.succeed("show", "a").text.contains(
                    "not saved (workspace-too-large)"
                )
            )
            let refused = try await sandbox.daybook("workspace", "a", "--output", "-")
            #expect(refused.status == 4 && refused.errors.contains("at most 100000 are saved"))
            try Folder.removeFile(sandbox.folder + "/fail")
            try await sandbox.succeed("retry", "a", "--yes")
            let work = ["work", "--until-idle", "--workspaces"]
            _ = try await sandbox.daybook(work + ["two"], environment: environment)
            #expect(try await sandbox.succeed("show", "a").text.contains("workspace-not-saved"))
            // Where its files are it goes on.
            try await sandbox.succeed("retry", "a", "--yes")
            let last = try await sandbox.daybook(work + ["one"], environment: environment)
            #expect(last.status == 0, "\(last.errors)")
            #expect(try await sandbox.succeed("show", "a").text.contains(#""tries":"2""#))
            #expect(try ledger(sandbox) == "created\n")
        }
    }

    /// What is wholly the bytes of an earlier payload is stored without bytes of its own.
    @Test func whatIsStoredTwiceIsReadByBothReaders() async throws {
        try await withSandbox { sandbox in
            let job = #"echo "k=$(head -c 6000 /dev/zero | tr '\0' a)" >> "$DAYBOOK_OUTPUT""#
            try sandbox.write(DaybookCommandTests.runbook(["a": job, "b": job]))
            try await sandbox.succeed("run", "runbook.yaml", "--id", "x")
            try await verifies(sandbox)
        }
    }

    private func verifies(_ sandbox: Sandbox) async throws {
        try await sandbox.succeed("verify")
        let python = try await Python.withPackages("lmdb", "google.protobuf")
        let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let theirs = try await RunningCommand(
            [python, "/\(root)/tools/journal.py", "verify", sandbox.journal],
            environment: ["PYTHONDONTWRITEBYTECODE": "1"]
        ).finish()
        #expect(theirs.status == 0, "\(theirs.errors)")
    }
}
