import Daybook
import DaybookInspector
import DaybookSystem
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// What `show` and what is advised after a failure say of secrets.
@Suite struct SecretShowTests {
    private static let text = """
        name: deploy
        secrets: [TOKEN, UNUSED]
        blocks:
        - name: deploy
          jobs:
          - { name: push, secrets: [TOKEN], run: 'exit 3' }
        """

    /// An execution `a` that has failed, and has two secrets.
    private func withFailed(
        _ options: [String] = [],
        _ body: (Sandbox, [String: String]) async throws -> Void
    ) async throws {
        try await withSandbox(options) { sandbox in
            let key = try sandbox.write(String(repeating: "ab", count: 32) + "\n", to: "key")
            chmod(key, 0o600)
            try sandbox.write(Self.text)
            let environment = [
                "DAYBOOK_KEY_FILE": key, "TOKEN": "hunter2-and-more", "UNUSED": "never-used",
            ]
            let failed = try await sandbox.daybook(
                ["run", "runbook.yaml", "--id", "a", "--secret", "TOKEN", "--secret", "UNUSED"],
                environment: environment
            )
            #expect(failed.status == 7, "\(failed)")
            try await body(sandbox, environment)
        }
    }

    private func secrets(_ sandbox: Sandbox) async throws -> JSON {
        try await sandbox.succeed("show", "a", "--json").json["secrets"]
    }

    @Test func theDocumentHasNamesAndStatesAndNoValue() async throws {
        try await withFailed { sandbox, _ in
            try await sandbox.succeed("secret", "wipe", "a", "TOKEN", "--yes")
            let show = try await sandbox.succeed("show", "a", "--json")
            #expect(!show.text.contains("hunter2") && !show.text.contains("never-used"))
            let secrets = try show.json["secrets"]
            let list = try await sandbox.succeed("secret", "list", "a", "--json").json["secrets"]
            #expect(secrets == list)
            #expect(secrets.elements.map { $0["name"].string } == ["TOKEN", "UNUSED"])
            #expect(secrets.elements.map { $0["state"].string } == ["wiped", "kept"])
            #expect(secrets[0]["cause"].string == "asked" && secrets[0]["overwritten"] == true)
            #expect(secrets[1]["storedAt"].string != nil)
        }
    }

    /// What it shows besides is shown, and what could not be read has a line.
    @Test(arguments: [true, false])
    func whereTheFileOfKeysCannotBeReadTheRestIsShown(_ isWiped: Bool) async throws {
        try await withFailed { sandbox, _ in
            if isWiped { try await sandbox.succeed("secret", "wipe", "a", "TOKEN", "--yes") }
            let keys = sandbox.journal + "/keys"
            try Folder.rename(keys, to: keys + ".aside")
            try Folder.create(keys)
            let show = try await sandbox.succeed("show", "a").text
            #expect(show.contains("the job push exited with status 3"), "\(show)")
            let unread = "  secret     UNUSED, kept, whether its key is there cannot be read\n"
            #expect(show.contains(unread), "\(show)")
            #expect(show.contains(keys), "\(show)")
            let json = try await sandbox.succeed("show", "a", "--json").json
            #expect(json["secretsError"].string?.contains(keys) == true)
            #expect(json["secrets"][1]["key"] == .null)
            if isWiped {
                #expect(show.contains("  secret     TOKEN, wipe recorded "), "\(show)")
                #expect(show.contains("whether its key is overwritten cannot be read"), "\(show)")
                #expect(json["secrets"][0]["state"].string == "wiped")
                #expect(json["secrets"][0]["overwritten"] == .null)
            }
        }
    }

    /// Nothing else gives them back.
    @Test func theAdviceToRetryNamesTheSecretsThatAreGone() async throws {
        try await withFailed { sandbox, environment in
            let bare = "`daybook retry a` opens it again"
            #expect(try await sandbox.succeed("why", "a").text.contains(bare))
            try await sandbox.succeed("secret", "wipe", "a", "TOKEN", "--yes")
            let one = "`daybook retry a --secret TOKEN=@FILE --key-file FILE` opens it again"
            #expect(try await sandbox.succeed("why", "a").text.contains(one))
            try await sandbox.succeed("secret", "wipe", "a", "--yes")
            let both = "`daybook retry a --secret TOKEN=@FILE --secret UNUSED=@FILE"
            let why = try await sandbox.succeed("why", "a").text
            #expect(why.contains(both + " --key-file FILE` opens it again"), "\(why)")
            // Who has the key in the environment need not name it.
            let known = try await sandbox.daybook(["why", "a"], environment: environment).text
            #expect(known.contains(both + "` opens it again"), "\(known)")
            // As it is advised, so it can be done; then nothing is gone.
            let retry = ["retry", "a", "--secret", "TOKEN", "--secret", "UNUSED", "--yes"]
            let retried = try await sandbox.daybook(retry, environment: environment)
            #expect(retried.status == 0, "\(retried)")
            let run = ["run", "runbook.yaml", "--id", "a"]
            let failed = try await sandbox.daybook(run, environment: environment)
            #expect(failed.status == 7)
            #expect(failed.errors.contains(bare), "\(failed)")
        }
    }

    /// Whoever retries it has them wiped first.
    @Test func whatIsExpiredIsGoneToo() async throws {
        try await withFailed(["--secret-lifetime", "1s"]) { sandbox, _ in
            while try await secrets(sandbox)[0]["state"].string == "kept" { await Task.yield() }
            let both = "`daybook retry a --secret TOKEN=@FILE --secret UNUSED=@FILE"
            let why = try await sandbox.succeed("why", "a").text
            #expect(why.contains(both), "\(why)")
            let states = try await secrets(sandbox).elements.map { $0["state"].string }
            #expect(states == ["expired", "expired"])
        }
    }

    /// What became of it is known, whatever can be looked up besides.
    @Test func aRunSaysItsLastLineWhereTheAdviceCannotBeLookedUp() async throws {
        try await withSandbox { sandbox in
            // The second job changes what the first one has given, on the disk.
            try sandbox.write(
                runbook([
                    "one": #"echo "o=MARK$(echo ER)-one" >> "$DAYBOOK_OUTPUT""#,
                    "two": """
                    FILE='\(sandbox.dataFile)'
                    for at in $(grep -abo "MARK""ER-one" "$FILE" | cut -d: -f1); do
                    printf MARKED | dd of="$FILE" bs=1 seek=$at conv=notrunc status=none
                    done
                    exit 3
                    """,
                ])
            )
            let run = try await sandbox.daybook("run", "runbook.yaml", "--id", "x")
            #expect(run.status == 7, "\(run)")
            #expect(run.text.hasSuffix("x failed\n"), "\(run)")
            let told = "what to do about it cannot be looked up: entry "
            #expect(run.errors.contains(told), "\(run)")
            #expect(try await sandbox.daybook("verify").status == 5)
        }
    }
}
