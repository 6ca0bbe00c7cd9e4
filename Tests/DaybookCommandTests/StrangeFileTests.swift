import DaybookSystem
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// Something else lies where a file of the journal's own is to be: no command waits for it, or follows it.
@Suite struct StrangeFileTests {
    enum Kind: CaseIterable, Sendable {
        case pipe
        case link
        /// It leads nowhere.
        case dangling
        case folder

        var words: String {
            switch self {
            case .pipe: "is a named pipe"
            case .link, .dangling: "is a symbolic link"
            case .folder: "is a folder"
            }
        }

        /// Puts one in the place of what is at a path, which a link leads to.
        func put(at path: String) throws {
            if try FileStatus.of(path) != nil { try Folder.rename(path, to: path + ".aside") }
            switch self {
            case .pipe: try #require(mkfifo(path, 0o600) == 0)
            case .link: try #require(symlink(path + ".aside", path) == 0)
            case .dangling: try #require(symlink(path + ".nowhere", path) == 0)
            case .folder: try Folder.create(path)
            }
        }
    }

    private static let secret = """
        name: s
        secrets: [TOKEN]
        blocks:
        - name: b
          jobs:
          - { name: one, secrets: [TOKEN], run: 'exit 3' }
        """

    /// A failed execution `a` with a secret, and words that submit another one.
    private func withFailed(_ body: (Sandbox, [String]) async throws -> Void) async throws {
        try await withSandbox { sandbox in
            let key = try sandbox.write(String(repeating: "ab", count: 32) + "\n", to: "key")
            chmod(key, 0o600)
            try sandbox.write("hunter2-and-more", to: "token")
            try sandbox.write(Self.secret)
            let given = ["runbook.yaml", "--secret", "TOKEN=@token", "--key-file", key]
            let failed = try await sandbox.daybook(["run", "--id", "a"] + given)
            #expect(failed.status == 7, "\(failed)")
            try await body(sandbox, ["submit", "--id", "b"] + given)
        }
    }

    @Test(arguments: ["open.lock", "journal.mdb-lock"], Kind.allCases)
    func aStrangeLockIsRefused(_ name: String, _ kind: Kind) async throws {
        try await withSandbox { sandbox in
            let path = sandbox.journal + "/" + name
            try kind.put(at: path)
            for command in [["list"], ["verify"], ["work", "--until-idle"], ["info"]] {
                let refused = try await sandbox.daybook(command)
                #expect(refused.status == 1, "\(command): \(refused)")
                #expect(refused.errors.contains("\(path) \(kind.words)"), "\(refused)")
                #expect(!refused.errors.contains("errno"), "\(refused)")
            }
        }
    }

    @Test(arguments: Kind.allCases)
    func aStrangeFileOfKeysIsRefused(_ kind: Kind) async throws {
        try await withFailed { sandbox, submit in
            let path = sandbox.journal + "/keys"
            try kind.put(at: path)
            for (command, status) in [(submit, 75), (["verify"], 5)] {
                let refused = try await sandbox.daybook(command)
                #expect(refused.status == Int32(status), "\(refused)")
                #expect(refused.errors.contains("\(path) \(kind.words)"), "\(refused)")
                #expect(!refused.errors.contains("errno"), "\(refused)")
            }
            // What needs no keys goes on.
            try await sandbox.succeed("work", "--until-idle")
            try await sandbox.succeed("list")
            try await sandbox.succeed("show", "a")
        }
    }

    @Test(arguments: ["lock", "children", "eviction"], Kind.allCases)
    func aStrangeNoteOfASessionIsRefused(_ name: String, _ kind: Kind) async throws {
        try await withSandbox { sandbox in
            let gate = try Gate(sandbox.folder + "/gate")
            try sandbox.write(runbook(["wait": "echo up > '\(gate.path)'\nsleep 60"]))
            let run = try sandbox.start(["run", "runbook.yaml", "--id", "x"])
            try await gate.line()
            run.signal(SIGKILL)
            _ = try await run.finish()
            let sessions = sandbox.journal + "/sessions"
            let lock = try #require(
                Folder.names(in: sessions).first { $0.hasSuffix(".lock") }
            )
            let path = "\(sessions)/\(lock.dropLast(5)).\(name)"
            try kind.put(at: path)
            let refused = try await sandbox.daybook("work", "--until-idle")
            #expect(refused.status == 1, "\(refused)")
            #expect(refused.errors.contains("\(path) \(kind.words)"), "\(refused)")
        }
    }

    /// What became of them is told without the file of keys, but for whether their keys are gone.
    @Test(arguments: Kind.allCases)
    func secretsAreListedBesideAStrangeFileOfKeys(_ kind: Kind) async throws {
        try await withFailed { sandbox, _ in
            try await sandbox.succeed("secret", "wipe", "a", "--yes")
            let path = sandbox.journal + "/keys"
            try kind.put(at: path)
            let json = try await sandbox.succeed("secret", "list", "a", "--json").json
            #expect(json["secrets"][0]["state"] == "wiped")
            #expect(json["secrets"][0]["overwritten"] == .null)
            #expect(json["secretsError"].string?.contains("\(path) \(kind.words)") == true)
            let list = try await sandbox.succeed("secret", "list", "a")
            #expect(list.text.contains("whether its key is overwritten cannot be read"), "\(list)")
            #expect(list.errors.contains("\(path) \(kind.words)"), "\(list)")
        }
    }

    /// Whoever puts files there has them removed somewhere else.
    @Test func workspacesBehindALinkAreRefused() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(runbook(["a": "true"]))
            try await sandbox.succeed("run", "runbook.yaml", "--id", "x")
            let path = sandbox.journal + "/workspaces"
            try Kind.link.put(at: path)
            let refused = try await sandbox.daybook("work", "--until-idle")
            #expect(refused.status == 1, "\(refused)")
            #expect(refused.errors.contains("\(path) is a symbolic link"), "\(refused)")
            try await sandbox.succeed("list")
            let other = sandbox.folder + "/elsewhere"
            try await sandbox.succeed("work", "--until-idle", "--workspaces", other)
        }
    }
}
