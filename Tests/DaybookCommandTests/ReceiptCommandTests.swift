import DaybookSystem
import Testing

/// Receipts of COSE (RFC 9942), from the command line to programs of others.
@Suite struct ReceiptCommandTests {
    /// Runs `body` over a journal with one execution, and the public key of its log.
    private func withKey(_ body: (Sandbox, String) async throws -> Void) async throws {
        try await withSandbox { sandbox in
            try sandbox.write(runbook(["a": "true", "b": "true"]))
            try await sandbox.succeed("run", "runbook.yaml", "--id", "x")
            let line = try await sandbox.succeed("keygen", "--output", "log.key").text
            try await body(sandbox, String(line.dropLast()))
        }
    }

    private func make(_ sandbox: Sandbox, _ arguments: String..., to name: String) async throws {
        let made = try await sandbox.succeed(arguments + ["--format", "cose", "--key", "log.key"])
        try writeBytes(made.output, to: sandbox.folder + "/" + name)
    }

    private func theirs(_ sandbox: Sandbox, _ arguments: String...) async throws -> CommandResult {
        try await Verifiers.receipts(arguments, in: sandbox.folder)
    }

    @Test func anEntryAndAWholeExecutionAreProven() async throws {
        try await withKey { sandbox, key in
            try await make(sandbox, "prove", "3", to: "3.cose")
            try await make(sandbox, "prove", "x", to: "x.cose")
            let entries = try await sandbox.succeed("log", "x", "--json").json
            try Folder.removeAll(sandbox.journal)
            let one = try await sandbox.succeed("verify-proof", "3.cose", "--trust", key).text
            #expect(one.hasPrefix("1 entry is in ") && one.contains("\n  3  "), "\(one)")
            let all = try await sandbox.succeed("verify-proof", "x.cose", "--trust", key).text
            #expect(
                all.hasPrefix("execution x, from its first entry on and without a gap, is in ")
            )
            let json = try await sandbox.succeed("verify-proof", "x.cose", "--trust", key, "--json")
                .json
            #expect(json["execution"] == "x" && json["good"] == true)
            let numbers = json["entries"].elements.compactMap { $0["entry"].integer }
            #expect(numbers.count > 3, "\(entries)")
            // By scitt-cose, pycose and cbor2.
            let single = try await theirs(sandbox, "inclusion", key, "3.cose")
            #expect(single.status == 0 && single.text == "3\n", "\(single.errors)")
            let several = try await theirs(sandbox, "inclusion", key, "x.cose")
            #expect(several.status == 0, "\(several.errors)")
            #expect(several.text == numbers.map { "\($0)\n" }.joined())
        }
    }

    @Test func aLogGoesOnFromAnEarlierHead() async throws {
        try await withKey { sandbox, key in
            for size in [3, 7] {
                let head = try await sandbox.succeed(
                    "head",
                    "--key",
                    "log.key",
                    "--size",
                    "\(size)"
                )
                try writeBytes(head.output, to: sandbox.folder + "/\(size).head")
            }
            try await make(sandbox, "prove-consistency", "3", "7", to: "3-7.cose")
            try Folder.removeAll(sandbox.journal)
            let verify = ["verify-proof", "3-7.cose", "--trust", key, "--earlier"]
            let said = try await sandbox.succeed(verify + ["3.head"]).text
            #expect(said.hasSuffix(", of 7 entries, goes on from its head of 3\n"))
            let json = try await sandbox.succeed(verify + ["3.head", "--json"]).json
            #expect(json["from"].integer == 3 && json["size"].integer == 7)
            #expect(try await sandbox.daybook(verify + ["7.head"]).status == 64)
            let without = try await sandbox.daybook(Array(verify.dropLast()))
            #expect(without.status == 64 && without.errors.contains("--earlier"))
            let good = try await theirs(sandbox, "consistency", key, "3-7.cose", "3.head", "7.head")
            #expect(good.status == 0 && good.text == "3\n7\n", "\(good.errors)")
            let bad = try await theirs(sandbox, "consistency", key, "3-7.cose", "7.head", "3.head")
            #expect(bad.status == 1)
        }
    }

    /// What is refused here is refused by them, too: they look at the same bytes.
    @Test func whatIsWrongIsWrongToThemToo() async throws {
        try await withKey { sandbox, key in
            try await make(sandbox, "prove", "3", to: "3.cose")
            let bytes = try File.contents(of: sandbox.folder + "/3.cose")
            let other = try await sandbox.succeed(
                "keygen",
                "--output",
                "other.key",
                "--name",
                String(key.split(separator: "+")[0])
            ).text
            for (changed, key, status) in [
                (bytes, String(other.dropLast()), 5), (Array(bytes.dropLast()), key, 64),
                (bytes + [0], key, 64), (bytes.dropLast() + [bytes[bytes.count - 1] ^ 1], key, 5),
            ] as [([UInt8], String, Int32)] {
                try writeBytes(changed, to: sandbox.folder + "/bad.cose")
                let ours = try await sandbox.daybook("verify-proof", "bad.cose", "--trust", key)
                #expect(ours.status == status, "\(ours.errors)")
                #expect(try await theirs(sandbox, "inclusion", key, "bad.cose").status == 1)
            }
        }
    }

    @Test func whatIsAskedForIsSaidBeforeAnythingIsSigned() async throws {
        try await withKey { sandbox, key in
            let cose = ["--format", "cose"]
            for (arguments, status, word) in [
                (["prove", "3"] + cose, 64, "--key"),
                (["prove", "x", "--key", "log.key"], 64, "cose"),
                (["prove", "none", "--key", "log.key"] + cose, 3, "none"),
                (["prove", "999", "--key", "log.key"] + cose, 3, "999"),
                (["prove", "3", "--execution", "--key", "log.key"] + cose, 3, "3"),
                (["prove-consistency", "3", "7"] + cose, 64, "--key"),
                (["prove-consistency", "3", "7", "--key", "log.key"], 64, "cose"),
                (["prove-consistency", "9", "7", "--key", "log.key"] + cose, 64, "smaller"),
                (["prove-consistency", "7", "7", "--key", "log.key"] + cose, 64, "smaller"),
            ] as [([String], Int32, String)] {
                let refused = try await sandbox.daybook(arguments)
                #expect(refused.status == status, "\(arguments): \(refused.errors)")
                #expect(refused.errors.contains(word), "\(refused.errors)")
                #expect(refused.output.isEmpty)
            }
            // What is signed as a receipt is remembered as a head.
            try await make(sandbox, "prove", "3", to: "3.cose")
            let json = try await sandbox.succeed(
                ["prove", "3", "--key", "log.key", "--json"] + cose
            )
            .json
            #expect(json["schema"] == "daybook.prove/1" && json["receipt"].string != nil)
            #expect(try FileStatus.of(sandbox.folder + "/log.key.head") != nil)
            #expect(
                try await sandbox.succeed("verify-proof", "3.cose", "--trust", key).status == 0
            )
        }
    }
}
