import DaybookSystem
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// Evidence that somebody checks who has none of our code.
@Suite struct AuditTests {
    private func key(_ sandbox: Sandbox) async throws -> String {
        String(try await sandbox.succeed("keygen", "--output", "log.key").text.dropLast())
    }

    private func audit(_ sandbox: Sandbox, _ id: String, _ more: String...) async throws {
        try await sandbox.succeed(["audit", id, "-o", "bundle", "--key", "log.key"] + more)
    }

    private func contents(_ sandbox: Sandbox, _ name: String) throws -> String {
        let path = "\(sandbox.folder)/bundle/\(name)"
        return String(decoding: try File.contents(of: path), as: UTF8.self)
    }

    /// The commands that the README gives, and how each ends.
    private func followReadMe(_ sandbox: Sandbox) async throws -> [CommandResult] {
        var results: [CommandResult] = []
        for line in try contents(sandbox, "README").split(separator: "\n") {
            guard let command = line.firstRange(of: "   $ ") else { continue }
            results.append(
                try await Verifiers.shell(
                    String(line[command.upperBound...]),
                    sandbox.folder + "/bundle"
                )
            )
        }
        return results
    }

    private func names(_ sandbox: Sandbox, _ folder: String) throws -> [String] {
        try Folder.names(in: "\(sandbox.folder)/bundle/\(folder)")
    }

    /// No signature is over where an execution ends: the check says that it does not prove it.
    @Test func whatIsCutOffAtTheEndIsSaidNotToBeProven() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(runbook(["a": "true", "b": "true"]))
            try await sandbox.succeed("run", "runbook.yaml", "--id", "x")
            _ = try await key(sandbox)
            try await sandbox.succeed("audit", "x", "-o", "bundle", "--key", "log.key")
            let whole = try await followReadMe(sandbox)
            let cut = try await Verifiers.shell(
                """
                set -e
                last=$(ls entries | grep -v proof | sort -n | tail -1)
                rm entries/$last entries/$last.tlog-proof
                rm -f payloads/$last-*
                awk 'NR == 2 { $2 = $2 - 1 } 1' executions > cut
                mv cut executions
                find * -type f ! -name SHA256SUMS | LC_ALL=C sort | xargs sha256sum > ../sums
                mv ../sums SHA256SUMS
                """,
                sandbox.folder + "/bundle"
            )
            try #require(cut.status == 0, "\(cut)")
            let results = try await followReadMe(sandbox)
            #expect(results.count == 4)
            for result in results { #expect(result.status == 0, "\(result.errors)") }
            #expect(results[1].text != whole[1].text)
            for text in [whole[2].text, results[2].text] {
                #expect(text.contains("\nnot proven: that no execution had later"), "\(text)")
            }
            let readMe = try contents(sandbox, "README")
            #expect(readMe.contains("left off at the end of an execution is not proven"))
        }
    }

    @Test func aStrangerChecksItByTheReadMe() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(
                runbook(["a": "echo one; echo two >&2", "b": "echo three"], inputs: ["who"])
            )
            try await sandbox.succeed(
                ["run", "runbook.yaml", "--id", "x"] + inputs(["who": "eve"])
            )
            try await sandbox.succeed(
                ["run", "runbook.yaml", "--id", "y"] + inputs(["who": "bob"])
            )
            let key = try await key(sandbox)
            let said = try await sandbox.succeed("audit", "x", "-o", "bundle", "--key", "log.key")
                .text
            let results = try await followReadMe(sandbox)
            #expect(results.count == 4)
            for result in results { #expect(result.status == 0, "\(result.errors)") }
            // The digest that is handed on by another way.
            let digest = String(results[1].text.prefix(64))
            #expect(digest.count == 64 && said.contains(digest))
            #expect(results[2].text.contains("runs 1,"), "\(results[2].text)")
            #expect(results[2].text.contains(", erased 0: all as the head of "))
            let count = try names(sandbox, "entries").count / 2
            #expect(results[3].text == "\(count) entries are in the tree of the head\n")
            // Nobody else can read it.
            #expect(try permissions(of: sandbox.folder + "/bundle") == 0o700)
            #expect(try permissions(of: sandbox.folder + "/bundle/entries") == 0o700)
            #expect(try permissions(of: sandbox.folder + "/bundle/report.html") == 0o600)
            #expect(try contents(sandbox, "report.html").contains("three\n"))
            // Its proofs are those of `prove`.
            let entry = try #require(try names(sandbox, "entries").first { $0.hasSuffix("proof") })
            try await sandbox.succeed("verify-proof", "bundle/entries/\(entry)", "--trust", key)
            // A stranger with another key is told so.
            let other = try await sandbox.succeed(
                "keygen",
                "--output",
                "o",
                "--name",
                String(key.prefix { $0 != "+" })
            ).text.dropLast()
            let wrong = try await Verifiers.shell(
                "python3 -I check.py '\(other)'",
                sandbox.folder + "/bundle"
            )
            #expect(wrong.status == 1 && wrong.errors.contains("has not signed the head"))
        }
    }

    @Test func everyChangeIsFound() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(runbook(["a": "echo one"], inputs: ["who"]))
            for id in ["x", "y"] {
                try await sandbox.succeed(
                    ["run", "runbook.yaml", "--id", id] + inputs(["who": "eve"])
                )
            }
            try await sandbox.succeed("redact", "y", "--reason", "asked", "--yes")
            let key = try await key(sandbox)
            for id in ["x", "y"] {
                try await audit(sandbox, id)
                let found = try await Verifiers.flips(sandbox.folder + "/bundle", key)
                #expect(
                    found.status == 0 && found.text.hasSuffix(": all are found\n"),
                    "\(found.errors)"
                )
                let check = "python3 -I check.py '\(key)'"
                // A file too few, and one too many.
                for command in ["rm \"$(ls -d payloads/*-0 | head -1)\"", "touch entries/more"] {
                    let place = sandbox.folder + "/copy"
                    let copied =
                        "cp -r bundle copy && cd copy && \(command) && \(check); x=$?; rm -r \(place); exit $x"
                    #expect(
                        try await Verifiers.shell(copied, sandbox.folder).status == 1,
                        "\(command)"
                    )
                }
                // What the README gives first finds a change of the script itself.
                let script =
                    "sed -i s/Wrong/Right/ check.py; sha256sum --strict --quiet --check SHA256SUMS"
                #expect(try await Verifiers.shell(script, sandbox.folder + "/bundle").status == 1)
                try Folder.removeAll(sandbox.folder + "/bundle")
            }
        }
    }

    @Test func whatIsErasedIsSaidByWhomWhenAndWhy() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(runbook(["a": "echo the words of eve"], inputs: ["who"]))
            try await sandbox.succeed(
                ["run", "runbook.yaml", "--id", "x"] + inputs(["who": "eve-1"])
            )
            _ = try await key(sandbox)
            let early = try await sandbox.succeed("head", "--key", "log.key").text
            try sandbox.write(early, to: "early")
            let reason = "she has <b>asked</b> for it"
            try await sandbox.succeed("redact", "x", "--reason", reason, "--actor", "dpo", "--yes")
            try await audit(sandbox, "x")
            let report = try contents(sandbox, "report.html")
            #expect(report.contains("erased by dpo"))
            #expect(report.contains(": she has &lt;b&gt;asked&lt;/b&gt; for it"))
            #expect(!report.contains("<b>") && !report.contains("eve-1"))
            for result in try await followReadMe(sandbox) {
                #expect(result.status == 0, "\(result.errors)")
                #expect(!result.text.contains("erased 0:"))
            }
            // A head from before the erasure does not say why they are gone.
            let key = try await sandbox.succeed("keygen", "--public", "log.key").text.dropLast()
            let words = ["audit", "x", "-o", "other", "--head", "early", "--trust", String(key)]
            expect(try await sandbox.daybook(words), exits: 64, saying: "sign one with --key")
            #expect(try !Folder.names(in: sandbox.folder).contains { $0.hasPrefix("other") })
        }
    }

    @Test func noTextIsTakenForAMark() async throws {
        try await withSandbox { sandbox in
            let mark = "</pre><script>alert('\"&\u{202E}</script><img src=//x.example>"
            try sandbox.write(runbook(["a": "printf '%s\\n' \"$INPUT_WHO\""], inputs: ["who"]))
            try await sandbox.succeed(
                [
                    "run", "runbook.yaml", "--id", "<img src=x>", "--label", "l=<i>", "--reason",
                    mark,
                ]
                    + inputs(["who": mark])
            )
            _ = try await key(sandbox)
            try await audit(sandbox, "<img src=x>")
            let report = try contents(sandbox, "report.html")
            for forbidden in ["<script", "<img", "<i>", "\u{202E}", "http:", "https:", "src="] {
                let isShown = forbidden == "src=" || forbidden == "http:"
                #expect(isShown || !report.contains(forbidden), "\(forbidden)")
            }
            #expect(report.contains("default-src 'none'"))
            #expect(report.contains("&lt;img src=x&gt;"))
            let parsed = try await Verifiers.shell(
                "python3 -c \"\(Self.parser)\"",
                sandbox.folder + "/bundle"
            )
            #expect(parsed.status == 0 && parsed.text == "[]\n", "\(parsed.text)\(parsed.errors)")
            for result in try await followReadMe(sandbox) {
                #expect(result.status == 0, "\(result.errors)")
            }
        }
    }

    /// Lists elements and attributes of the report that are not ours.
    private static let parser = """
        from html.parser import HTMLParser
        odd = []
        class P(HTMLParser):
            def handle_starttag(self, tag, attributes):
                known = 'html head meta title style body h1 h2 p small table tr th td code a br pre'.split()
                for name, value in attributes:
                    if name not in ('lang', 'charset', 'http-equiv', 'content', 'name', 'class', 'href', 'id'):
                        odd.append(name)
                    if name == 'href' and not value.startswith(('entries/', 'payloads/')):
                        odd.append(value)
                if tag not in known:
                    odd.append(tag)
        P().feed(open('report.html').read())
        print(odd)
        """

    @Test func nothingSecretIsInIt() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(
                """
                name: test
                secrets: [TOKEN]
                blocks:
                - name: block
                  jobs:
                  - name: a
                    secrets: [TOKEN]
                    run: |
                      echo "it is $TOKEN"
                      exit 1
                """
            )
            try sandbox.write("correct horse battery", to: "secret")
            try sandbox.write(
                String(repeating: "0123456789abcdef", count: 4) + "\n",
                to: "journal.key"
            )
            chmod(sandbox.folder + "/journal.key", 0o600)
            let words = ["run", "runbook.yaml", "--id", "x", "--secret", "TOKEN=@secret"]
            let run = try await sandbox.daybook(words + ["--key-file", "journal.key"])
            #expect(run.status == 7, "\(run.errors)")
            _ = try await self.key(sandbox)
            try await audit(sandbox, "x")
            let found = try await Verifiers.shell(
                "grep -rl 'horse battery' .",
                sandbox.folder + "/bundle"
            )
            #expect(found.status == 1 && found.text.isEmpty, "\(found.text)")
            let stored = try #require(
                try await sandbox.entries().first { $0["event"] == "secrets_stored" }?["sequence"]
                    .integer
            )
            #expect(try !names(sandbox, "payloads").contains { $0.hasPrefix("\(stored)-") })
            #expect(try contents(sandbox, "report.html").contains("a secret, sealed; left out"))
            for result in try await followReadMe(sandbox) {
                #expect(result.status == 0, "\(result.errors)")
            }
        }
    }

    @Test func aPolicyGoesWithIt() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(runbook(["a": "true"]))
            try await sandbox.succeed("run", "runbook.yaml", "--id", "x")
            let key = try await key(sandbox)
            let witness = try await sandbox.succeed(
                "keygen",
                "--witness",
                "--name",
                "w.example.org",
                "--output",
                "w"
            ).text.dropLast()
            let head = try await sandbox.succeed("head", "--key", "log.key").text
            try sandbox.write(head, to: "head")
            try sandbox.write("log \(key)\nwitness w \(witness)\nquorum w\n", to: "policy")
            let words = ["audit", "x", "-o", "bundle", "--head", "head", "--policy", "policy"]
            expect(try await sandbox.daybook(words), exits: 5, saying: "too few witnesses")
            let cosign = ["head", "--cosign", "head", "--key", "w", "--trust", key]
            try sandbox.write(try await sandbox.succeed(cosign).text, to: "head")
            try await sandbox.succeed(words)
            #expect(try contents(sandbox, "keys") == "\(key)\n\(witness)\n")
            #expect(try contents(sandbox, "policy").hasSuffix("quorum w\n"))
            #expect(try contents(sandbox, "report.html").contains("seen by<td>"))
            for result in try await followReadMe(sandbox) {
                #expect(result.status == 0, "\(result.errors)")
            }
            let found = try await Verifiers.flips(sandbox.folder + "/bundle", key, String(witness))
            #expect(found.status == 0, "\(found.errors)")
        }
    }

    @Test func whereSomethingIsNothingIsWritten() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(runbook(["a": "true"]))
            try await sandbox.succeed("run", "runbook.yaml", "--id", "x")
            let key = try await key(sandbox)
            let before = try Folder.names(in: sandbox.folder) + ["log.key.head"]
            for place in ["log.key", "test.daybook/", "none/at/all"] {
                let words = ["audit", "x", "-o", place, "--key", "log.key"]
                expect(try await sandbox.daybook(words), exits: 64, saying: "name a")
            }
            for words in [
                ["audit", "x", "-o", "b"], ["audit", "x", "--key", "log.key"],
                ["audit", "x", "-o", "b", "--key", "log.key", "--trust", key],
                ["audit", "x", "-o", "b", "--head", "log.key.head"],
                ["audit", "x", "-o", "b", "--head", "none", "--trust", key],
            ] {
                #expect(try await sandbox.daybook(words).status == 64, "\(words)")
            }
            #expect(
                try await sandbox.daybook("audit", "z", "-o", "b", "--key", "log.key").status == 3
            )
            #expect(try Folder.names(in: sandbox.folder) == before.sorted())
        }
    }
}
