import DaybookSystem
import Testing

/// Witnesses that sign heads offline, and policies that ask for them.
@Suite struct CosignTests {
    /// A journal whose heads of these sizes are signed, in files of these names.
    private func signedHeads(_ sandbox: Sandbox, _ sizes: [Int]) async throws -> String {
        try sandbox.write(runbook(["a": "true"]))
        try await sandbox.succeed("run", "runbook.yaml", "--id", "x")
        let key = try await sandbox.succeed("keygen", "--output", "log.key").text
        for size in sizes {
            let words = ["head", "--key", "log.key", "--size", "\(size)"]
            try sandbox.write(try await sandbox.succeed(words).text, to: "\(size)")
        }
        return String(key.dropLast())
    }

    private func witness(_ sandbox: Sandbox, _ name: String) async throws -> String {
        let words = ["keygen", "--witness", "--name", "example.org/\(name)", "--output", name]
        return String(try await sandbox.succeed(words).text.dropLast())
    }

    private func hashes(_ sandbox: Sandbox, _ old: Int, _ new: Int) async throws {
        let hashes = try await sandbox.succeed("prove-consistency", "\(old)", "\(new)").text
        try sandbox.write(hashes, to: "hashes")
    }

    @Test func aWitnessSignsWhatGoesOn() async throws {
        try await withSandbox { sandbox in
            let key = try await signedHeads(sandbox, [3, 5, 7])
            let witness = try await witness(sandbox, "w")
            #expect(try permissions(of: sandbox.folder + "/w") == 0o600)
            #expect(try await sandbox.succeed("keygen", "--public", "w").text == witness + "\n")
            func cosign(_ size: Int, _ more: String...) async throws -> CommandResult {
                try await sandbox.daybook(
                    ["head", "--cosign", "\(size)", "--key", "w", "--trust", key] + more
                )
            }
            let first = try await cosign(3)
            #expect(first.status == 0 && first.errors.contains("is taken on trust"))
            #expect(try permissions(of: sandbox.folder + "/w.seen") == 0o600)
            let seen = try File.contents(of: sandbox.folder + "/w.seen")
            expect(try await cosign(5), exits: 64, saying: "--consistency", "prove-consistency 3 5")
            try await hashes(sandbox, 3, 7)
            expect(
                try await cosign(5, "--consistency", "hashes"),
                exits: 5,
                saying: "does not begin with"
            )
            #expect(try File.contents(of: sandbox.folder + "/w.seen") == seen)
            let later = try await cosign(7, "--consistency", "hashes")
            #expect(later.status == 0 && later.errors.isEmpty, "\(later.errors)")
            expect(try await cosign(5), exits: 64, saying: "goes to no smaller one")
            // The same again has a time of its own.
            let again = try await cosign(7, "--json")
            #expect(try again.json["first"] == .boolean(false))
            #expect(try again.json["witness"] == "example.org/w")
            // With the log's signature and that of the witness, which others can check.
            try sandbox.write(later.text, to: "seen")
            try sandbox.write("log \(key)\nwitness w \(witness)\nquorum w\n", to: "policy")
            try await sandbox.succeed("verify", "--against", "seen", "--policy", "policy")
            for own in [key, witness] {
                for theirs in [
                    try await Verifiers.python("note", own, "seen", in: sandbox.folder),
                    try await Verifiers.go("note", own, "seen", in: sandbox.folder),
                ] {
                    #expect(theirs.status == 0, "\(theirs.errors)")
                }
            }
        }
    }

    @Test func aWitnessSignsNoSecondHistory() async throws {
        try await withSandbox { sandbox in
            let key = try await signedHeads(sandbox, [3])
            _ = try await witness(sandbox, "w")
            let words = ["head", "--cosign", "3", "--key", "w", "--trust", key]
            try await sandbox.succeed(words)
            // The log itself has signed another root, as one does that shows two histories.
            try await sandbox.succeed(
                "init",
                "other.daybook",
                "--origin",
                String(key.prefix { $0 != "+" })
            )
            let other = try await sandbox.succeed(
                "head",
                "--journal",
                "other.daybook",
                "--size",
                "1"
            ).text.split(separator: "\n")
            try Folder.removeFile(sandbox.folder + "/log.key.head")
            try sandbox.write(runbook(["a": "true"]))
            try await sandbox.succeed("run", "runbook.yaml", "--id", "y", "-j", "other.daybook")
            let second = try await sandbox.succeed(
                "head",
                "--key",
                "log.key",
                "--size",
                "3",
                "-j",
                "other.daybook"
            ).text
            #expect(other.count == 3 && second.hasPrefix(other[0]))
            try sandbox.write(second, to: "3")
            expect(try await sandbox.daybook(words), exits: 5, saying: "shows two histories")
            // A head that the log has not signed is nothing to a witness.
            try sandbox.write(second.replacing("\n3\n", with: "\n4\n"), to: "3")
            expect(try await sandbox.daybook(words), exits: 5, saying: "is wrong")
            // What it has signed is not forgotten.
            try sandbox.write(second, to: "3")
            try sandbox.write("nothing", to: "w.seen")
            expect(try await sandbox.daybook(words), exits: 64, saying: "put it back from a copy")
        }
    }

    @Test func eachKindOfKeySignsItsOwn() async throws {
        try await withSandbox { sandbox in
            let key = try await signedHeads(sandbox, [3])
            _ = try await witness(sandbox, "w")
            let origin = String(key.prefix { $0 != "+" })
            let named = ["keygen", "--witness", "--name", origin, "--output", "n"]
            try await sandbox.succeed(named)
            for key in ["w", "n"] {
                expect(
                    try await sandbox.daybook("head", "--key", key),
                    exits: 64,
                    saying: "that of a witness",
                    "--cosign FILE"
                )
            }
            let own = ["head", "--cosign", "3", "--key", "log.key", "--trust", key]
            expect(try await sandbox.daybook(own), exits: 64, saying: "keygen --witness")
            for words in [
                ["keygen", "--witness", "--output", "v"], ["keygen", "--witness", "--public", "w"],
                ["head", "--cosign", "3", "--key", "w"], ["head", "--cosign", "3", "--trust", key],
                ["head", "--trust", key], ["head", "--consistency", "3"],
                ["head", "--cosign", "3", "--key", "w", "--trust", key, "--size", "3"],
            ] {
                #expect(try await sandbox.daybook(words).status == 64, "\(words)")
            }
        }
    }

    /// Of many that sign at once none goes back: what is kept is the greatest.
    @Test func manyAtOnceKeepTheGreatest() async throws {
        try await withSandbox { sandbox in
            let sizes = Array(3...8)
            let key = try await signedHeads(sandbox, sizes)
            _ = try await witness(sandbox, "w")
            try await sandbox.succeed("head", "--cosign", "3", "--key", "w", "--trust", key)
            var running: [(Int, RunningCommand)] = []
            for size in sizes {
                let hashes = try await sandbox.succeed("prove-consistency", "3", "\(size)").text
                try sandbox.write(hashes, to: "\(size).hashes")
            }
            for size in sizes {
                let words = [
                    "head", "--cosign", "\(size)", "--key", "w", "--trust", key, "--consistency",
                    "\(size).hashes",
                ]
                running.append((size, try sandbox.start(words)))
            }
            var signed: [Int] = []
            for (size, command) in running {
                if try await command.finish().status == 0 { signed.append(size) }
            }
            // The hashes lead from 3: who comes after the first other one is refused.
            let greatest = try #require(signed.max())
            #expect(signed.filter { $0 > 3 }.count == 1)
            let seen = try File.contents(of: sandbox.folder + "/w.seen")
            #expect(String(decoding: seen, as: UTF8.self).contains("\n\(greatest) "))
        }
    }

    @Test func aPolicyIsAskedForEverywhere() async throws {
        try await withSandbox { sandbox in
            let key = try await signedHeads(sandbox, [3, 7])
            let witnesses = [
                try await witness(sandbox, "a"), try await witness(sandbox, "b"),
                try await witness(sandbox, "c"),
            ]
            var lines = "log \(key)\n"
            for (name, witness) in zip("abc", witnesses) { lines += "witness \(name) \(witness)\n" }
            lines += "group two 2 a b c\nquorum two\n"
            try sandbox.write(lines, to: "policy")
            try await hashes(sandbox, 3, 7)
            func sign(_ name: String) async throws {
                for size in ["3", "7"] {
                    let words = [
                        "head", "--cosign", size, "--key", name, "--trust", key, "--consistency",
                        size == "3" ? "none" : "hashes",
                    ]
                    try sandbox.write("", to: "none")
                    try sandbox.write(try await sandbox.succeed(words).text, to: size)
                }
            }
            func commands() async throws -> [[String]] {
                let proof = try await sandbox.succeed("prove", "2", "--head", "7").text
                try sandbox.write(proof, to: "proof")
                return [
                    ["verify", "--against", "7"], ["verify-proof", "proof"],
                    ["verify-consistency", "3", "7", "hashes"],
                ].map { $0 + ["--policy", "policy"] }
            }
            try await sign("a")
            for words in try await commands() {
                expect(
                    try await sandbox.daybook(words),
                    exits: 5,
                    saying: "too few witnesses",
                    "two needs 2 of 3 and has 1, without b, c"
                )
            }
            try await sign("c")
            let commands = try await commands()
            for words in commands { try await sandbox.succeed(words) }
            let seen = try await sandbox.succeed(commands[1] + ["--json"]).json["witnesses"]
            #expect(seen.elements.compactMap { $0["name"].string } == ["a", "c"])
            let said = try await sandbox.succeed(commands[1]).text
            #expect(said.contains("seen by a\n") && said.contains("seen by c\n"))
            // The log's key may come from elsewhere, and not from two places.
            let both = try await sandbox.daybook(commands[1] + ["--trust", key])
            expect(both, exits: 64, saying: "it names the keys of logs itself")
            try sandbox.write(String(lines.drop { $0 != "\n" }), to: "policy")
            expect(try await sandbox.daybook(commands[1]), exits: 64, saying: "whose heads")
            try await sandbox.succeed(commands[1] + ["--trust", key])
            try sandbox.write(lines + "quorum two\n", to: "policy")
            expect(try await sandbox.daybook(commands[1]), exits: 64, saying: "line 7: the quorum")
            let alone = try await sandbox.daybook("verify", "--policy", "policy")
            #expect(alone.status == 64 && alone.errors.contains("--policy needs --against FILE"))
        }
    }
}
