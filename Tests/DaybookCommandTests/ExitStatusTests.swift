import DaybookJournal
import DaybookRunbook
import DaybookSystem
import FoundationEssentials
import Glibc
import Testing

@testable import DaybookCommand

/// How commands end when they cannot do what was asked: status and sentence.
@Suite struct ExitStatusTests {
    private static let oneInput = runbook(["a": "echo \"$INPUT_WHO\""], inputs: ["who"])

    private func withRunbook(
        _ text: String = oneInput,
        _ body: (Sandbox) async throws -> Void
    ) async throws {
        try await withSandbox { sandbox in
            try sandbox.write(text)
            try await body(sandbox)
            // Nothing of what was refused has left a trace that contradicts anything.
            try await sandbox.succeed("verify")
        }
    }

    /// The numbers are part of the interface: what is said of them is what there is.
    @Test func helpAndReadmeNameEveryStatusAndNoOther() async throws {
        let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let readme = try String(contentsOfFile: "/\(root)/README.md", encoding: .utf8)
        try await withFolder { folder in
            let help = try await Sandbox(folder: folder).succeed("--help").text
            for text in [readme, help] {
                let words = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
                let start = try #require(
                    words.firstRange(of: /[Ee]xit status( says what happened)?:/)
                )
                let sentence = words[start.upperBound...].prefix { $0 != "." }
                let numbers = sentence.matches(of: #/(?:^|[,;]) ?(\d+) /#).compactMap {
                    Int32($0.1)
                }
                #expect(numbers == [0] + ExitStatus.allCases.map(\.rawValue), "\(sentence)")
            }
        }
    }

    /// The journal says what is to be done about a full disk; nothing is said twice.
    @Test func adviceIsGivenOnce() {
        let cause = SystemError(number: ENOSPC, operation: "pwrite", path: "/a/journal.mdb")
        let advice = "make room and try again. Nothing of this batch was written"
        let full = JournalError(.full, "there is no room left; \(advice)", underlying: cause)
        for error in [full, cause, JournalError(.system, "it failed", underlying: cause)]
            as [any Error]
        {
            let sentence = Failure.sentence(for: error, in: nil).raw
            #expect(sentence.ranges(of: "make room").count == 1, "\(sentence)")
        }
    }

    // MARK: 3, not found

    @Test(arguments: ["exec", "status", "show", "log", "export"])
    func anUnknownIDIsNotFound(_ command: String) async throws {
        try await withRunbook { sandbox in
            expect(
                try await sandbox.daybook(command, "nobody"),
                exits: 3,
                saying: "nobody"
            )
        }
    }

    @Test func anUnknownEntryIsNotFound() async throws {
        try await withRunbook { sandbox in
            expect(
                try await sandbox.daybook("entry", "1"),
                exits: 3,
                saying: "there is no entry 1; the last one is 0"
            )
        }
    }

    @Test func anUnknownSessionIsNotFound() async throws {
        try await withRunbook { sandbox in
            expect(
                try await sandbox.daybook("session", "evict", "77"),
                exits: 3,
                saying: "no session 77 is open"
            )
        }
    }

    // MARK: 4, conflict

    @Test(arguments: ["run", "submit"])
    func aChangedRunbookUnderTheSameIDIsAConflictThatIsShown(_ command: String) async throws {
        try await withRunbook { sandbox in
            let arguments = [command, "runbook.yaml", "--id", "x", "--input", "who=you"]
            try await sandbox.succeed(arguments)
            try sandbox.write(Self.oneInput.replacing("echo", with: "printf '%s'"))
            let result = try await sandbox.daybook(arguments)
            #expect(result.status == 4)
            let lines = result.errors.split(separator: "\n").map(String.init)
            #expect(lines.first?.contains("x") == true)
            #expect(lines.contains(#"-       echo "$INPUT_WHO""#))
            #expect(lines.contains(#"+       printf '%s' "$INPUT_WHO""#))
            #expect(!lines.contains { $0.contains("name: test") }, "only what differs is shown")
            let status = try await sandbox.succeed("status", "x").text
            #expect(status == (command == "run" ? "completed\n" : "submitted\n"))
        }
    }

    @Test(arguments: ["run", "submit"])
    func otherInputsUnderTheSameIDAreAConflictThatIsShown(_ command: String) async throws {
        try await withRunbook { sandbox in
            let arguments = [command, "runbook.yaml", "--id", "x", "--input"]
            try await sandbox.succeed(arguments + ["who=you"])
            let result = try await sandbox.daybook(arguments + ["who=me"])
            #expect(result.status == 4)
            let lines = result.errors.split(separator: "\n").map(String.init)
            #expect(lines.contains("- input who=you"))
            #expect(lines.contains("+ input who=me"))
            #expect(lines.count == 4, "\(lines)")
        }
    }

    @Test func anotherEnvironmentUnderTheSameIDIsNoConflict() async throws {
        let text = runbook(["a": "echo $COLOUR"]).replacing(
            "blocks:",
            with: "environment: [COLOUR]\nblocks:"
        )
        try await withRunbook(text) { sandbox in
            for colour in ["red", "blue"] {
                let result = try await sandbox.daybook(
                    ["run", "runbook.yaml", "--id", "x"],
                    environment: ["COLOUR": colour]
                )
                #expect(result.status == 0, "\(result.errors)")
            }
            #expect(try await sandbox.loggedLines() == ["red"])
        }
    }

    // MARK: 7, the workflow failed

    @Test func aFailedJobEndsTheRunWith7AndItsLastWords() async throws {
        try await withRunbook(runbook(["a": "true", "b": "echo no >&2\nexit 9", "c": "true"])) {
            sandbox in
            let result = try await sandbox.daybook("run", "runbook.yaml", "--id", "x")
            #expect(result.status == 7)
            #expect(result.text == "x failed\n")
            #expect(result.errors.contains("the job b exited with status 9: no"))
            let checkpoints = try await sandbox.succeed("show", "x", "--json").json["state"]
            #expect(checkpoints["checkpoints"]["a"]["status"] == "success")
            #expect(
                checkpoints["checkpoints"]["c"]["status"] == "success",
                "a block runs to its end"
            )
            let document = try await sandbox.daybook("run", "runbook.yaml", "--id", "x", "--json")
            #expect(document.status == 7)
            #expect(try document.json["error"] == "the job b exited with status 9: no")
            #expect(try await sandbox.succeed("status", "x").text == "failed\n")
        }
    }

    // MARK: 64, usage

    @Test func inputsAreChecked() async throws {
        try await withRunbook { sandbox in
            let cases: [([String], String)] = [
                ([], #"the required input "who" must be given"#),
                (
                    ["--input", "wo=x", "--input", "who=x"],
                    #"has no input "wo"; did you mean "who"?"#
                ),
                (["--input", "who"], #"the input "who" does not have the form name=value"#),
                (["--input", "=x"], #"the input "=x" does not have the form name=value"#),
                (["--input", "who=a", "--input", "who=b"], "the input who is given twice"),
            ]
            for (arguments, words) in cases {
                for command in ["run", "submit"] {
                    expect(
                        try await sandbox.daybook([command, "runbook.yaml"] + arguments),
                        exits: 64,
                        saying: words
                    )
                }
            }
            #expect(try await sandbox.events() == ["journal_created"])
        }
    }

    @Test func valuesMayContainEqualsSignsAndBeEmpty() async throws {
        try await withRunbook { sandbox in
            for value in ["a=b=c", "", "=", "\u{301}x"] {
                let result = try await sandbox.daybook(
                    ["run", "runbook.yaml"] + inputs(["who": value])
                )
                #expect(result.status == 0, "\(value): \(result.errors)")
            }
        }
    }

    @Test(arguments: [
        ("name: x\nblocks: [\n", "runbook.yaml:3:1"),
        ("name: x\nblocks:\n- name: b\n  jobs:\n  - name: a\n    rum: x\n", "runbook.yaml:6:5"),
        ("name: x\nblocks: []\n", "runbook.yaml:2:9"),
        ("name: x\nlater: [A]\nblocks: []\n", "runbook.yaml:2:1"),
        ("name: x\n  y: z\n", "runbook.yaml:2:4"), ("", "runbook.yaml:1:1"),
    ])
    func aBadRunbookIsRefusedWithLineAndColumn(_ text: String, _ place: String) async throws {
        try await withRunbook(text) { sandbox in
            expect(try await sandbox.daybook("run", "runbook.yaml"), exits: 64, saying: place)
            expect(try await sandbox.daybook("submit", "runbook.yaml"), exits: 64, saying: place)
            #expect(try await sandbox.events() == ["journal_created"])
        }
    }

    @Test func anUnknownKeyIsRefusedWithAGuess() async throws {
        let text = Self.oneInput.replacing("run:", with: "rum:")
        try await withRunbook(text) { sandbox in
            expect(
                try await sandbox.daybook("run", "runbook.yaml", "--input", "who=x"),
                exits: 64,
                saying: #"a job has no key "rum"; did you mean "run"?"#
            )
        }
    }

    @Test func aRunbookThatCannotBeReadIsRefused() async throws {
        try await withRunbook { sandbox in
            expect(try await sandbox.daybook("run", "no.yaml"), exits: 64, saying: "no.yaml")
            expect(try await sandbox.daybook("run", "."), exits: 64, saying: "cannot be read")
            let bytes: [UInt8] = [0x6E, 0xFF, 0xFE]
            try writeBytes(bytes, to: sandbox.folder + "/latin.yaml")
            expect(try await sandbox.daybook("run", "latin.yaml"), exits: 64, saying: "UTF-8")
        }
    }

    @Test func aVariableThatIsMissingIsNamed() async throws {
        let text = runbook(["a": "true"]).replacing(
            "blocks:",
            with: "environment: [DEPLOY_HOST]\nblocks:"
        )
        try await withRunbook(text) { sandbox in
            expect(
                try await sandbox.daybook("run", "runbook.yaml"),
                exits: 64,
                saying: "DEPLOY_HOST"
            )
        }
    }

    @Test(arguments: [
        ["frobnicate"], ["entry", "x"], ["entry"], ["list", "--limit", "0"],
        ["list", "--status", "happy"], ["list", "--since", "soon"], ["list", "--since", "5y"],
        ["log", "--type", "nothing"], ["log", "--follow", "--json"],
        ["log", "--follow", "--reverse"], ["work", "--concurrency", "0"], ["verify", "--deeply"],
        ["run", "runbook.yaml", "--json", "--jsonl"], ["status"], ["info", "--time", "never"],
    ])
    func whatCannotBeAskedIsAUsageError(_ arguments: [String]) async throws {
        try await withRunbook { sandbox in
            let result = try await sandbox.daybook(arguments)
            #expect(result.status == 64)
            #expect(result.text == "")
            #expect(result.errors.contains("Error: "))
        }
    }

    @Test(arguments: ["", String(repeating: "x", count: 256)])
    func anIDHas1To255Bytes(_ id: String) async throws {
        try await withRunbook { sandbox in
            let arguments = ["submit", "runbook.yaml", "--input", "who=x", "--id", id]
            expect(try await sandbox.daybook(arguments), exits: 64, saying: "255")
        }
    }

    /// No execution can have such an id: there is nothing to look up.
    @Test(arguments: ["", String(repeating: "x", count: 256), String(repeating: "x", count: 600)])
    func anIDThatCannotBeIsAUsageErrorForWhoeverLooksToo(_ id: String) async throws {
        try await withRunbook { sandbox in
            for command in ["exec", "status", "show", "log", "export"] {
                expect(try await sandbox.daybook(command, id), exits: 64, saying: "1 to 255")
            }
        }
    }

    @Test func anIDOf255BytesWillDo() async throws {
        try await withRunbook { sandbox in
            let id = String(repeating: "é", count: 127) + "x"
            try await sandbox.succeed("run", "runbook.yaml", "--input", "who=x", "--id", id)
            #expect(try await sandbox.succeed("status", id).text == "completed\n")
        }
    }

    @Test func helpAndVersionAreFine() async throws {
        try await withRunbook { sandbox in
            let help = try await sandbox.succeed("--help").text
            #expect(help.contains("SUBCOMMANDS"))
            let version = try await sandbox.succeed("--version").text
            #expect(version.wholeMatch(of: /\d+\.\d+\.\d+\n/) != nil)
        }
    }

    // MARK: 75, try again

    @Test func whatRunsOutOfMemoryIsToBeTriedAgain() {
        func error(isShortage: Bool) -> RunbookError {
            RunbookError(
                file: "a.yaml",
                line: 1,
                column: 1,
                message: "it cannot be read",
                isShortage: isShortage
            )
        }
        #expect(Failure.status(of: error(isShortage: true)) == .tryAgain)
        #expect(Failure.status(of: SystemError(number: ENOMEM, operation: "read")) == .tryAgain)
        #expect(ExitStatus.tryAgain.rawValue == 75)
        #expect(Failure.status(of: error(isShortage: false)) == .usage)
    }
}
