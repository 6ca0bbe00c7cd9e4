import DaybookSystem
import Testing

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
            let late = try await sandbox.daybook("prove", "999", "--head", "head")
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
}
