import DaybookFormat
import DaybookJournal
import DaybookSystem
import FoundationEssentials
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// A journal whose file of keys is missing, as in a backup, or damaged: what is said, and what helps.
@Suite struct LostKeysTests {
    /// What becomes of the file of keys.
    enum Loss: CaseIterable, Sendable {
        case missing
        case empty
        case headerCut
        case slotCut
        case random
        case anotherKey

        var word: String { self == .missing ? "missing" : "damaged" }

        /// - Parameter path: of the file, in which two slots are in use.
        func happen(to path: String) throws {
            if self == .missing { return try Folder.removeFile(path) }
            let url = URL(filePath: path)
            var bytes = [UInt8](try Data(contentsOf: url))
            switch self {
            case .missing: break
            case .empty: bytes = []
            case .headerCut: bytes = Array(bytes.prefix(64))
            case .slotCut: bytes = Array(bytes.prefix(200))
            case .random:
                // The same ones each time.
                bytes = bytes.indices.map { UInt8(truncatingIfNeeded: $0 &* 167 &+ 13) }
            case .anotherKey: return try Self.putOtherKeys(path, bytes)
            }
            try Data(bytes).write(to: url)
        }

        /// Overwrites both keys, and has others in their slots: in the file itself nothing is wrong.
        private static func putOtherKeys(_ path: String, _ bytes: [UInt8]) throws {
            let journal = try #require(Identifier(Array(bytes[16..<32])))
            let key = try #require(JournalKey([UInt8](repeating: 0xAB, count: 32)))
            let keys = KeysFile(path, journal: journal)
            try keys.destroy(
                [0, 1].map { slot in
                    let start = 128 + 128 * slot + 8
                    return KeyName(slot: UInt32(slot), id: Array(bytes[start..<start + 16]))
                }
            )
            let places = ["X", "Y"].map {
                SecretPlace(journal: journal, execution: "another", name: Name($0))
            }
            _ = try keys.reserve(places, key)
        }
    }

    private static let text = """
        name: deploy
        secrets: [TOKEN, OTHER]
        blocks:
        - name: deploy
          jobs:
          - { name: push, secrets: [TOKEN], run: 'echo pushed; test ! -e FOLDER/fail' }
        """

    /// An execution `a` that has failed, with two secrets, and what a command needs to open them.
    private func withFailed(
        _ body: (Sandbox, [String: String]) async throws -> Void
    ) async throws {
        try await withSandbox { sandbox in
            let key = try sandbox.write(String(repeating: "ab", count: 32) + "\n", to: "key")
            chmod(key, 0o600)
            try sandbox.write("hunter2-and-more", to: "token")
            try sandbox.write("", to: "fail")
            try sandbox.write(Self.text.replacing("FOLDER", with: sandbox.folder))
            let environment = ["DAYBOOK_KEY_FILE": key]
            let failed = try await sandbox.daybook(Self.run + Self.given, environment: environment)
            #expect(failed.status == 7, "\(failed)")
            try Folder.removeFile(sandbox.folder + "/fail")
            try await body(sandbox, environment)
        }
    }

    private static let run = ["run", "runbook.yaml", "--id", "a"]
    private static let given = ["--secret", "TOKEN=@token", "--secret", "OTHER=@token"]

    private func keys(_ sandbox: Sandbox) -> String { sandbox.journal + "/keys" }

    private func pythonVerifies(_ journal: String) async throws -> CommandResult {
        let python = try await Python.withPackages("lmdb", "google.protobuf")
        let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        return try await RunningCommand([python, "/\(root)/tools/journal.py", "verify", journal])
            .finish()
    }

    // MARK: Verifying

    @Test func aCopyWithoutKeysIsSoundAndSaysWhatCannotBeOpened() async throws {
        try await withFailed { sandbox, _ in
            let copy = sandbox.folder + "/copy.daybook"
            try Folder.create(copy)
            try FileManager.default.copyItem(
                atPath: sandbox.dataFile,
                toPath: copy + "/journal.mdb"
            )
            let line =
                "2 secrets of 1 execution cannot be opened here: the file keys is missing"
            let verified = try await sandbox.succeed("verify", "--journal", copy)
            #expect(verified.text.contains("\nverified ") || verified.text.hasPrefix("verified "))
            #expect(verified.text.contains(line), "\(verified)")
            #expect(verified.errors == "", "\(verified.errors)")
            let json = try await sandbox.succeed("verify", "--journal", copy, "--json").json
            #expect(json["good"] == true)
            #expect(json["unopenable"]["secrets"] == 2, "\(json)")
            #expect(json["unopenable"]["executions"] == 1)
            let other = try await pythonVerifies(copy)
            #expect(other.status == 0, "\(other)")
            #expect(other.text.contains(line), "\(other)")
        }
    }

    /// What can be made anew is, and what cannot is not said to be.
    @Test(arguments: Loss.allCases.filter { $0 != .missing }, ["lists", "histories"])
    func aRepairNamesTheKeysThatItCannotMakeAnew(_ loss: Loss, _ index: String) async throws {
        try await withFailed { sandbox, _ in
            var damaged = JournalBytes(try File.contents(of: sandbox.dataFile))
            damaged.fill(try damaged.root(of: index), 0xFF)
            try writeBytes(damaged.bytes, to: sandbox.dataFile)
            try loss.happen(to: keys(sandbox))
            let look = try await sandbox.daybook("doctor")
            #expect(look.status == 5)
            #expect(!look.errors.contains("all that is damaged can be made anew"), "\(look)")
            #expect(look.errors.contains("the file keys"), "\(look)")
            let repair = ["doctor", "--repair", "--reason", "a bit flipped", "--yes"]
            for words in [["--dry-run"], []] {
                let repaired = try await sandbox.daybook(repair + words)
                #expect(repaired.status == 5, "\(repaired)")
                #expect(repaired.text.contains("made anew from"), "\(repaired)")
                #expect(repaired.errors.contains("the file keys is damaged"), "\(repaired)")
                #expect(repaired.errors.contains("restore it from a backup"), "\(repaired)")
            }
            // Now nothing else is.
            let json = try await sandbox.daybook("doctor", "--json").json
            #expect(json["parts"]["keys"] == "damaged", "\(json)")
            #expect(json["repairable"] == false, "\(json)")
        }
    }

    @Test func aJournalWithItsKeysSaysNothingOfThem() async throws {
        try await withFailed { sandbox, _ in
            let text = try await sandbox.succeed("verify").text
            #expect(!text.contains("cannot be opened"), "\(text)")
            #expect(try await sandbox.succeed("verify", "--json").json["unopenable"] == .null)
            let other = try await pythonVerifies(sandbox.journal)
            #expect(!other.text.contains("cannot be opened"), "\(other)")
        }
    }

    @Test(arguments: Loss.allCases.filter { $0 != .missing })
    func aDamagedFileOfKeysIsAFindingAndTheEntriesAreSound(_ loss: Loss) async throws {
        try await withFailed { sandbox, _ in
            try loss.happen(to: keys(sandbox))
            let verified = try await sandbox.daybook("verify")
            #expect(verified.status == 5, "\(verified)")
            #expect(!verified.errors.contains("contradicts itself"), "\(verified.errors)")
            let last = verified.errors.split(separator: "\n").last ?? ""
            #expect(last.contains("the entries are sound"), "\(last)")
            #expect(last.contains("`daybook secret wipe ID`"), "\(last)")
            let json = try await sandbox.daybook("verify", "--json").json
            #expect(json["good"] == false && json["entriesSound"] == true)
            #expect(try await pythonVerifies(sandbox.journal).status == 5)
        }
    }

    // MARK: Looking

    @Test(arguments: Loss.allCases)
    func whatNothingCanOpenIsSaidToBeSo(_ loss: Loss) async throws {
        try await withFailed { sandbox, _ in
            try loss.happen(to: keys(sandbox))
            // In the order of their names.
            let words = "OTHER, kept, and its key is \(loss.word)"
            let list = try await sandbox.succeed("secret", "list", "a").text
            #expect(list.contains(", kept, and its key is \(loss.word)\n"), "\(list)")
            let show = try await sandbox.succeed("show", "a").text
            #expect(show.contains("  secret     \(words)\n"), "\(show)")
            for command in [["show", "a", "--json"], ["secret", "list", "a", "--json"]] {
                let json = try await sandbox.succeed(command).json
                #expect(json["secrets"][0]["state"] == "kept")
                #expect(json["secrets"][0]["key"].string == loss.word, "\(json)")
                #expect(json["secretsError"].string?.contains("keys") == true, "\(json)")
            }
        }
    }

    @Test func whatIsOpenSaysItToo() async throws {
        try await withFailed { sandbox, _ in
            try await sandbox.succeed("retry", "a", "--yes")
            let before = try await sandbox.succeed("show", "a").text
            #expect(!before.contains("  secret "), "\(before)")
            try Loss.missing.happen(to: keys(sandbox))
            let show = try await sandbox.succeed("show", "a").text
            #expect(show.contains("  secret     TOKEN, kept, and its key is missing\n"), "\(show)")
        }
    }

    @Test func whereNothingIsLostTheKeyIsHeld() async throws {
        try await withFailed { sandbox, _ in
            let json = try await sandbox.succeed("secret", "list", "a", "--json").json
            #expect(json["secrets"].elements.map { $0["key"].string } == ["held", "held"])
            #expect(json["secretsError"] == .null)
            #expect(try await sandbox.succeed("secret", "list", "a").text.contains(", kept\n"))
        }
    }

    // MARK: Retrying

    @Test(arguments: [Loss.missing, .slotCut, nil])
    func aRetryThatLacksASecretIsRefusedBeforeAnythingRuns(_ loss: Loss?) async throws {
        try await withFailed { sandbox, environment in
            if let loss {
                try loss.happen(to: keys(sandbox))
            } else {
                try await sandbox.succeed("secret", "wipe", "a", "--yes")
            }
            let before = try await sandbox.entries().count
            for words in [["--yes"], ["--dry-run"]] {
                let refused = try await sandbox.daybook(
                    ["retry", "a"] + words,
                    environment: environment
                )
                expect(
                    refused,
                    exits: 64,
                    saying: "the secrets TOKEN, OTHER",
                    "`daybook retry a --secret TOKEN=@FILE --secret OTHER=@FILE`"
                )
            }
            #expect(try await sandbox.entries().count == before)
            // What is advised is enough.
            let retried = try await sandbox.daybook(
                ["retry", "a", "--yes"] + Self.given,
                environment: environment
            )
            #expect(retried.status == 0, "\(retried)")
            let ran = try await sandbox.daybook(Self.run, environment: environment)
            #expect(ran.status == 0, "\(ran)")
        }
    }

    @Test func whereTheFileIsGoneWhyAndRunAdviseWhatWorks() async throws {
        try await withFailed { sandbox, environment in
            try Loss.missing.happen(to: keys(sandbox))
            let advice = "`daybook retry a --secret TOKEN=@FILE --secret OTHER=@FILE"
            let why = try await sandbox.succeed("why", "a").text
            #expect(why.contains(advice + " --key-file FILE` opens it again"), "\(why)")
            // Who has the key already need not be told of it.
            let known = try await sandbox.daybook(["why", "a"], environment: environment).text
            #expect(known.contains(advice + "` opens it again"), "\(known)")
        }
    }

    @Test func aRunThatFailsForALostKeyAdvisesWhatWorks() async throws {
        try await withFailed { sandbox, environment in
            try await sandbox.succeed("retry", "a", "--yes")
            try Loss.missing.happen(to: keys(sandbox))
            let failed = try await sandbox.daybook(Self.run, environment: environment)
            #expect(failed.status == 7, "\(failed)")
            let advice =
                "`daybook retry a --secret TOKEN=@FILE --secret OTHER=@FILE` opens it again"
            #expect(failed.errors.contains(advice), "\(failed.errors)")
            #expect(!failed.errors.contains("run `chmod"), "\(failed.errors)")
            let retried = try await sandbox.daybook(
                ["retry", "a", "--yes"] + Self.given,
                environment: environment
            )
            #expect(retried.status == 0, "\(retried)")
        }
    }
}
