import DaybookSystem
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// What is said where the journal key is missing, and whether it works as it is pasted.
@Suite struct MissingKeyAdviceTests {
    private static let text = """
        name: k
        secrets: [TOKEN]
        blocks:
        - name: a
          jobs:
          - { name: use, secrets: [TOKEN], run: 'test -n "$TOKEN"' }
        """

    private func prepared(_ sandbox: Sandbox) throws {
        try sandbox.write("hunter2-and-more", to: "token")
        try sandbox.write(Self.text)
    }

    private func key(_ digits: String, _ sandbox: Sandbox) throws -> String {
        let path = try sandbox.write(
            String(repeating: digits, count: 32) + "\n",
            to: "key-\(digits)"
        )
        chmod(path, 0o600)
        return path
    }

    private func submit(_ id: String) -> [String] {
        ["submit", "runbook.yaml", "--id", id, "--secret", "TOKEN=@token"]
    }

    /// An execution `a` that is ready, and has a secret under the key that is given on.
    private func withReady(_ body: (Sandbox, String) async throws -> Void) async throws {
        try await withSandbox { sandbox in
            try prepared(sandbox)
            let key = try key("ab", sandbox)
            try await sandbox.succeed(submit("a") + ["--key-file", key])
            try await sandbox.succeed("exec", "a")
            try await body(sandbox, key)
        }
    }

    @Test func theFirstKeyIsMadeByWhatIsPasted() async throws {
        try await withSandbox { sandbox in
            try prepared(sandbox)
            let refused = try await sandbox.daybook(submit("a"))
            expect(refused, exits: 64, saying: "secrets need a journal key", "--key-file FILE")
            #expect(!refused.errors.contains("EngineOptions"), "\(refused.errors)")
            let pieces = refused.errors.split(separator: "`").map(String.init)
            let command = try #require(pieces.first { $0.contains("openssl") })
            let made = try await RunningCommand(
                ["/bin/sh", "-c", command.replacing("FILE", with: "made")],
                folder: sandbox.folder
            ).finish()
            try #require(made.status == 0, "\(made)")
            try await sandbox.succeed(submit("a") + ["--key-file", "made"])
        }
    }

    @Test func whereSecretsAreKeptAlreadyTheirKeyIsAskedFor() async throws {
        try await withReady { sandbox, _ in
            let theirs = "give the key that this journal's secrets are kept under"
            let short = try sandbox.write("abc", to: "short")
            chmod(short, 0o600)
            for words in [[], ["--key-file", "none"], ["--key-file", short]] {
                for command in [submit("b"), ["run", "runbook.yaml", "--id", "a"]] {
                    let refused = try await sandbox.daybook(command + words)
                    #expect(refused.status == 64, "\(refused)")
                    #expect(refused.errors.contains(theirs), "\(words): \(refused.errors)")
                    #expect(!refused.errors.contains("openssl"), "\(refused.errors)")
                    #expect(!refused.errors.contains("EngineOptions"), "\(refused.errors)")
                }
            }
        }
    }

    @Test func aFileThatOthersMayReadIsNotToBeReplacedByAnotherKey() async throws {
        try await withReady { sandbox, key in
            chmod(key, 0o644)
            let refused = try await sandbox.daybook(submit("b") + ["--key-file", key])
            expect(refused, exits: 64, saying: "chmod 600")
            #expect(!refused.errors.contains("make a new key"), "\(refused.errors)")
        }
    }

    @Test func whyAndPendingNameTheKeyThatIsMissing() async throws {
        try await withReady { sandbox, key in
            let wrong = try self.key("cd", sandbox)
            let advice = "`daybook work --key-file FILE`"
            for environment in [[:], ["DAYBOOK_KEY_FILE": wrong]] {
                for command in [["why", "a"], ["pending"]] {
                    let told = try await sandbox.daybook(command, environment: environment)
                    #expect(told.status == 0, "\(told)")
                    let all = told.text + told.errors
                    #expect(all.contains("has secrets, and needs the journal key"), "\(all)")
                    #expect(all.contains(advice), "\(all)")
                    #expect(!all.contains("`daybook work` runs"), "\(all)")
                }
            }
            for command in [["why", "a"], ["pending"]] {
                let told = try await sandbox.daybook(
                    command,
                    environment: ["DAYBOOK_KEY_FILE": key]
                )
                #expect(!(told.text + told.errors).contains("journal key"), "\(told)")
            }
        }
    }

    @Test func workThatIsLeftForWantOfAKeyIsNoSuccess() async throws {
        try await withReady { sandbox, key in
            let wrong = try self.key("cd", sandbox)
            for words in [[], ["--key-file", wrong]] {
                let left = try await sandbox.daybook(["work", "--until-idle"] + words)
                #expect(left.status == 64, "\(left)")
                #expect(left.errors.contains("a is left ready"), "\(left.errors)")
                #expect(!left.errors.contains("EngineOptions"), "\(left.errors)")
            }
            let json = try await sandbox.daybook(["work", "--until-idle", "--json"])
            #expect(json.status == 64)
            #expect(try json.json["left"].elements.map { $0.string } == ["a"])
            try await sandbox.succeed(["work", "--until-idle", "--key-file", key])
            #expect(try await sandbox.succeed("status", "a").text == "completed\n")
        }
    }
}
