import DaybookInspector
import DaybookSystem
import Foundation
import Testing

@testable import DaybookCommand

#if canImport(FoundationNetworking)
import FoundationNetworking
#endif

#if canImport(Glibc)
import Glibc
#endif

/// A witness that runs as a process of its own, in which no line is ours: `tools/verifiers/witness.go`.
private struct RunningWitness {
    let key: String
    let url: String
    let process: RunningCommand

    /// - Parameter kind: `honest`, or how it misbehaves.
    init(of log: String, _ kind: String = "honest", in folder: String) async throws {
        process = try Verifiers.startGo(["witness", log, kind], in: folder)
        key = try await process.line(containing: "+")
        url = try await process.line(containing: "http://")
    }
}

/// Heads that witnesses sign over HTTP.
@Suite struct WitnessSubmitTests {
    private func signedHeads(_ sandbox: Sandbox, _ sizes: [Int]) async throws -> String {
        try sandbox.write(runbook(["a": "true"]))
        try await sandbox.succeed("run", "runbook.yaml", "--id", "x")
        let key = String(
            try await sandbox.succeed("keygen", "--output", "log.key").text.dropLast()
        )
        for size in sizes {
            let words = ["head", "--key", "log.key", "--size", "\(size)"]
            try sandbox.write(try await sandbox.succeed(words).text, to: "\(size)")
        }
        return key
    }

    private func submit(
        _ sandbox: Sandbox,
        _ head: String,
        _ witness: RunningWitness,
        _ more: String...
    ) async throws -> CommandResult {
        try await sandbox.daybook(
            ["witness", "submit", head, "--url", witness.url, "--witness", witness.key] + more
        )
    }

    private func contents(_ sandbox: Sandbox, _ name: String) throws -> String {
        String(decoding: try File.contents(of: sandbox.folder + "/" + name), as: UTF8.self)
    }

    @Test func aWitnessOfOthersSignsWhatGoesOn() async throws {
        try await withSandbox { sandbox in
            let key = try await signedHeads(sandbox, [3, 5, 7])
            let witness = try await RunningWitness(of: key, in: sandbox.folder)
            defer { witness.process.signal(SIGKILL) }
            chmod(sandbox.folder + "/5", 0o644)
            let first = try await submit(sandbox, "3", witness)
            #expect(first.status == 0 && first.text.contains("the first that it has seen"))
            // It has seen another size than none, and says which.
            let later = try await submit(sandbox, "5", witness, "--json")
            #expect(later.status == 0, "\(later.errors)")
            #expect(try later.json["from"] == 3 && later.json["witness"] == "example.org/witness")
            // The same once more, and from the address with a slash.
            let again = try await sandbox.daybook([
                "witness", "submit", "5", "--url", witness.url + "/", "--witness", witness.key,
            ])
            #expect(again.status == 0, "\(again.errors)")
            let signatures = try contents(sandbox, "5").split(separator: "\n").dropFirst(3)
            #expect(signatures.count == 2)
            #expect(try permissions(of: sandbox.folder + "/5") == 0o644)
            #expect(try await submit(sandbox, "7", witness).status == 0)
            for name in ["3", "5", "7"] {
                for own in [key, witness.key] {
                    let go = try await Verifiers.go("note", own, name, in: sandbox.folder)
                    #expect(go.status == 0, "\(go.errors)")
                }
            }
            try sandbox.write("log \(key)\nwitness w \(witness.key)\nquorum w\n", to: "policy")
            try await sandbox.succeed("verify", "--against", "7", "--policy", "policy")
            expect(
                try await submit(sandbox, "5", witness),
                exits: 4,
                saying: "at 7 entries",
                "is of 5",
                "submit a head of today"
            )
            // Nothing is left beside the heads.
            let names = try Folder.names(in: sandbox.folder)
            #expect(names.filter { $0.hasPrefix("5") } == ["5"])
        }
    }

    /// Each adds its own, though both had read the same.
    @Test func twoAtOnceLoseNoSignature() async throws {
        try await withSandbox { sandbox in
            let key = try await signedHeads(sandbox, [5])
            let witnesses = [
                try await RunningWitness(of: key, in: sandbox.folder),
                try await RunningWitness(of: key, in: sandbox.folder),
                try await RunningWitness(of: key, in: sandbox.folder),
            ]
            defer { for witness in witnesses { witness.process.signal(SIGKILL) } }
            let running = try witnesses.map {
                try sandbox.start([
                    "witness", "submit", "5", "--url", $0.url, "--witness", $0.key,
                ])
            }
            for command in running {
                let result = try await command.finish()
                #expect(result.status == 0, "\(result.errors)")
            }
            for witness in witnesses {
                let go = try await Verifiers.go("note", witness.key, "5", in: sandbox.folder)
                #expect(go.status == 0, "\(go.errors)")
            }
        }
    }

    @Test func aWitnessThatHasSeenAnotherHistoryDoesNotSign() async throws {
        try await withSandbox { sandbox in
            let key = try await signedHeads(sandbox, [3])
            let witness = try await RunningWitness(of: key, in: sandbox.folder)
            defer { witness.process.signal(SIGKILL) }
            try #require(try await submit(sandbox, "3", witness).status == 0)
            // The same name and key, and another journal.
            let origin = String(key.prefix { $0 != "+" })
            try await sandbox.succeed("init", "other.daybook", "--origin", origin)
            try await sandbox.succeed("run", "runbook.yaml", "--id", "y", "-j", "other.daybook")
            try Folder.removeFile(sandbox.folder + "/log.key.head")
            for (size, status, word) in [(3, 4, "409"), (5, 5, "422")] {
                let head = try await sandbox.succeed(
                    "head",
                    "--key",
                    "log.key",
                    "--size",
                    "\(size)",
                    "-j",
                    "other.daybook"
                ).text
                try sandbox.write(head, to: "other")
                expect(
                    try await submit(sandbox, "other", witness, "-j", "other.daybook"),
                    exits: Int32(status),
                    saying: word,
                    "another history"
                )
                #expect(try contents(sandbox, "other") == head)
                // Nor is it handed out for the journal that it is not of.
                expect(
                    try await submit(sandbox, "other", witness),
                    exits: 5,
                    saying: "are not those that the head is of"
                )
            }
        }
    }

    @Test(arguments: [
        ("silent", 75, "has not answered in"), ("drip", 75, "has not answered in"),
        ("endless", 1, "more than 65536 bytes"), ("noise", 1, "answers with what is no signature"),
        ("empty", 1, "answers with what is no signature"), ("cut", 75, "cannot be asked"),
        ("foreign", 5, "signed by another key"),
        ("forged", 5, "a signature that is none of this head"),
        ("redirect", 1, "sends us somewhere else"), ("conflict", 4, "does not let the head"),
        ("greater", 4, "at 1000000 entries"), ("sizeless", 1, "not of how many entries (one)"),
        ("hidden", 1, "(\\u{1b}[2Jno \\u{202e} key)"), ("400", 1, "does not take the head"),
        ("404", 3, "does not know the log"), ("422", 5, "another history"),
        ("429", 75, "try again later"), ("503", 75, "try again later"),
        ("204", 1, "answers with 204"),
    ])
    func anAnswerThatIsNoneIsRefused(kind: String, status: Int32, words: String) async throws {
        try await withSandbox { sandbox in
            let key = try await signedHeads(sandbox, [3])
            let witness = try await RunningWitness(of: key, kind, in: sandbox.folder)
            defer { witness.process.signal(SIGKILL) }
            let before = try contents(sandbox, "3")
            // A busy machine takes its time for the others.
            let patience = kind == "silent" || kind == "drip" ? "1s" : "5m"
            expect(
                try await submit(sandbox, "3", witness, "--timeout", patience),
                exits: status,
                saying: words,
                witness.url
            )
            #expect(try contents(sandbox, "3") == before)
        }
    }

    /// Foundation gives up by itself after 60 seconds, unless it is told otherwise.
    @Test(arguments: [1, 59, 61, 86_400, Int64.max] as [Int64])
    func onlyOurOwnLimitCounts(seconds: Int64) throws {
        let key = try NoteSigner(name: "example.org/w", .cosignature).verifier
        let client = try WitnessClient(
            url: "https://example.org/w",
            key: key,
            patience: .seconds(seconds)
        )
        let limit = client.request([]).timeoutInterval
        #expect(limit > Double(min(seconds, 1_000_000)))
        #expect(limit < 2_000_000)
    }

    @Test func whatCannotBeAskedIsSaid() async throws {
        try await withSandbox { sandbox in
            let key = try await signedHeads(sandbox, [3])
            let witness = try await RunningWitness(of: key, in: sandbox.folder)
            witness.process.signal(SIGKILL)
            try await witness.process.finish()
            expect(try await submit(sandbox, "3", witness), exits: 75, saying: "cannot be asked")
            func refused(_ head: String, _ url: String, _ key: String) async throws -> CommandResult
            {
                try await sandbox.daybook([
                    "witness", "submit", head, "--url", url, "--witness", key,
                ])
            }
            for url in [
                "", "/", "witness.example.org", "ftp://example.org/w", "file:///etc/passwd",
                "http://",
                "http://user:secret@example.org/w", "http://example.org/w?a=b",
                "http://example.org/#a",
            ] {
                expect(
                    try await refused("3", url, witness.key),
                    exits: 64,
                    saying: "is not where a witness is asked"
                )
            }
            expect(
                try await refused("3", witness.url, key),
                exits: 64,
                saying: "one key of a witness"
            )
            expect(
                try await refused("none", witness.url, witness.key),
                exits: 64,
                saying: "not there"
            )
            try sandbox.write("nothing", to: "3")
            expect(
                try await refused("3", witness.url, witness.key),
                exits: 64,
                saying: "no signed note"
            )
        }
    }
}
