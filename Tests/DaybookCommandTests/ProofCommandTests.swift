import DaybookSystem
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// Heads and proofs, from the command line to whoever has the file only.
@Suite struct ProofCommandTests {
    private func key(_ sandbox: Sandbox) async throws -> String {
        let line = try await sandbox.succeed("keygen", "--output", "log.key").text
        return String(line.dropLast())
    }

    @Test func anEntryIsProvenWithoutTheJournal() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(runbook(["a": "true", "b": "true"]))
            try await sandbox.succeed("run", "runbook.yaml", "--id", "x")
            let key = try await key(sandbox)
            #expect(try permissions(of: sandbox.folder + "/log.key") == 0o600)
            let proof = try await sandbox.succeed("prove", "3", "--key", "log.key").text
            try sandbox.write(proof, to: "3.tlog-proof")
            try Folder.removeAll(sandbox.journal)
            let good = try await sandbox.succeed("verify-proof", "3.tlog-proof", "--trust", key)
                .text
            #expect(good.hasPrefix("entry 3 is in "))
            let cut = proof.split(separator: "\n", omittingEmptySubsequences: false)
            for (text, status) in [
                (proof.replacing("index 3", with: "index 2"), 5),
                ((cut[..<3] + cut[4...]).joined(separator: "\n"), 5),
                ("nothing", 64),
            ] {
                try sandbox.write(text, to: "bad.tlog-proof")
                let bad = try await sandbox.daybook(
                    "verify-proof",
                    "bad.tlog-proof",
                    "--trust",
                    key
                )
                #expect(bad.status == Int32(status), "\(bad.errors)")
            }
        }
    }

    @Test func aJournalThatWasCutOrReplacedShowsAgainstAHead() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(runbook(["a": "true"]))
            try await sandbox.succeed("run", "runbook.yaml", "--id", "x")
            let key = try await key(sandbox)
            let older = sandbox.folder + "/older"
            func copy(_ from: String, _ to: String) async throws {
                let result = try await RunningCommand(["cp", "-r", from, to]).finish()
                try #require(result.status == 0, "\(result.errors)")
            }
            try await copy(sandbox.journal, older)
            try await sandbox.succeed("run", "runbook.yaml", "--id", "y")
            let head = try await sandbox.succeed("head", "--key", "log.key").text
            try sandbox.write(head, to: "head")
            let against = ["verify", "--against", "head", "--trust", key]
            try await sandbox.succeed(against)
            try await sandbox.succeed("run", "runbook.yaml", "--id", "z")
            try await sandbox.succeed(against)
            // A proof may end at a head that was signed before.
            try await sandbox.succeed("prove", "2", "--head", "head")
            let size = String(head.split(separator: "\n")[1])
            let late = try await sandbox.daybook("prove", size, "--head", "head")
            #expect(late.status == 64 && late.errors.contains("the head is of"))
            // An older copy in its place is in itself as it should be.
            try Folder.removeAll(sandbox.journal)
            try await copy(older, sandbox.journal)
            try await sandbox.succeed("verify")
            let back = try await sandbox.daybook(against)
            #expect(back.status == 5 && back.errors.contains("entries at its end are gone"))
            // So it is when it has grown again.
            try await sandbox.succeed("adopt", "--reason", "restored", "--yes")
            try await sandbox.succeed("run", "runbook.yaml", "--id", "y")
            try await sandbox.succeed("run", "runbook.yaml", "--id", "z")
            try await sandbox.succeed("verify")
            let grown = try await sandbox.daybook(against)
            #expect(grown.status == 5 && grown.errors.contains("are not those that the head is of"))
            // Nobody has signed this one.
            try sandbox.write(head.replacing("\n\u{2014} ", with: "\n\u{2014} x"), to: "head")
            let unsigned = try await sandbox.daybook(against)
            #expect(unsigned.status == 5 && unsigned.errors.contains("none of the keys"))
            try await sandbox.succeed("init", "other.daybook")
            let other = try await sandbox.succeed("head", "--journal", "other.daybook").text
            try sandbox.write(other, to: "head")
            let wrong = try await sandbox.daybook("verify", "--against", "head")
            #expect(wrong.status == 5 && wrong.errors.contains("name the journal that it is of"))
        }
    }

    @Test func aKeySignsNoSecondHistory() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(runbook(["a": "true"]))
            let key = try await key(sandbox)
            let older = sandbox.folder + "/older"
            let copied = try await RunningCommand(["cp", "-r", sandbox.journal, older]).finish()
            try #require(copied.status == 0, "\(copied.errors)")
            try await sandbox.succeed("run", "runbook.yaml", "--id", "x")
            let head = try await sandbox.succeed("head", "--key", "log.key").text
            #expect(try File.contents(of: sandbox.folder + "/log.key.head") == Array(head.utf8))
            #expect(try permissions(of: sandbox.folder + "/log.key.head") == 0o600)
            // An earlier size contradicts nothing, and does not take the place of the greater one.
            try await sandbox.succeed("head", "--key", "log.key", "--size", "2")
            #expect(try File.contents(of: sandbox.folder + "/log.key.head") == Array(head.utf8))
            try Folder.removeAll(sandbox.journal)
            try Folder.rename(older, to: sandbox.journal)
            for command in [["head"], ["prove", "0"]] {
                let refused = try await sandbox.daybook(command + ["--key", "log.key"])
                #expect(refused.status == 5 && refused.text.isEmpty)
                #expect(refused.errors.contains("nothing was signed"), "\(refused.errors)")
            }
            // The key of another journal signs nothing here.
            try await sandbox.succeed("init", "other.daybook")
            let other = try await sandbox.daybook(
                "head",
                "--journal",
                "other.daybook",
                "--key",
                "log.key"
            )
            #expect(other.status == 64 && other.errors.contains("use this journal's"))
            #expect(try await sandbox.succeed("keygen", "--public", "log.key").text == key + "\n")
            chmod(sandbox.folder + "/log.key", 0o644)
            let open = try await sandbox.daybook("head", "--key", "log.key")
            #expect(open.status == 64 && open.errors.contains("can be read by others"))
        }
    }

    @Test func aLaterHeadGoesOnFromAnEarlierOne() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(runbook(["a": "true"]))
            try await sandbox.succeed("run", "runbook.yaml", "--id", "x")
            let key = try await key(sandbox)
            try sandbox.write("\(key)\n", to: "log.pub")
            for size in ["3", "7"] {
                let head = try await sandbox.succeed("head", "--key", "log.key", "--size", size)
                try sandbox.write(head.text, to: size)
            }
            let hashes = try await sandbox.succeed("prove-consistency", "3", "7").text
            try sandbox.write(hashes, to: "hashes")
            let good = ["verify-consistency", "3", "7", "hashes", "--trust"]
            let said = try await sandbox.succeed(good + [key]).text
            #expect(said.hasSuffix(", of 7 entries, goes on from its head of 3\n"))
            try await sandbox.succeed(good + ["@log.pub"])
            #expect(try await sandbox.succeed(good + [key, "--json"]).json["from"].integer == 3)
            let lines = hashes.split(separator: "\n")
            for (text, status) in [
                (lines.dropLast().joined(separator: "\n"), 5),
                (lines.reversed().joined(separator: "\n"), 5), ("none", 64),
            ] {
                try sandbox.write(text, to: "hashes")
                let bad = try await sandbox.daybook(good + [key])
                #expect(bad.status == Int32(status), "\(bad.errors)")
            }
        }
    }

    /// A witness vouches for no log: beside the log's key its own would ask for nothing.
    @Test func theKeyOfAWitnessIsNotTrustedAsThatOfALog() async throws {
        try await withSandbox { sandbox in
            let key = try await key(sandbox)
            let keygen = ["keygen", "--witness", "--name", "example.org/w", "--output", "w"]
            let witness = String(try await sandbox.succeed(keygen).text.dropLast())
            let head = try await sandbox.succeed("head", "--key", "log.key").text
            try sandbox.write(head, to: "head")
            try sandbox.write("\(key)\n\(witness)\n", to: "both")
            for keys in [[key, witness], [witness], ["@both"]] {
                let words = keys.flatMap { ["--trust", $0] }
                expect(
                    try await sandbox.daybook(["verify", "--against", "head"] + words),
                    exits: 64,
                    saying: "is that of a witness",
                    "--policy"
                )
            }
            try await sandbox.succeed("verify", "--against", "head", "--trust", key)
        }
    }

    @Test func aProofIsJSONOnRequestAndReadFromAPipe() async throws {
        try await withSandbox { sandbox in
            let key = try await key(sandbox)
            let made = try await sandbox.succeed("prove", "0", "--key", "log.key", "--json").json
            #expect(made["schema"] == "daybook.prove/1" && made["entry"].integer == 0)
            let proof = try #require(made["proof"].string)
            try sandbox.write(proof, to: "0.tlog-proof")
            let piped = try await RunningCommand([
                "sh", "-c",
                "cat \(sandbox.folder)/0.tlog-proof | \(DaybookProgram.path) verify-proof - --trust \(key)",
            ]).finish()
            #expect(piped.status == 0, "\(piped.errors)")
            #expect(piped.text.contains("journal_created"))
            let nothing = try await sandbox.daybook("prove", "999", "--key", "log.key")
            #expect(nothing.status == 3 && nothing.errors.contains("there is no entry 999"))
        }
    }
}
