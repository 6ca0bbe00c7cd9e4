import DaybookSystem
import Testing

@testable import DaybookCommand
@testable import DaybookRunbook

#if canImport(Glibc)
import Glibc
#endif

/// How an approval is answered: approve, reject, and signals.
@Suite struct ApprovalTests {
    private static let text = """
        name: pay
        blocks:
          - name: reserve
            jobs: [{ name: reserve, run: echo reserving }]
          - name: consent
            approval: { signal: go OPTIONS }
          - name: pay
            jobs: [{ name: pay, run: 'echo "paying, the answer was $OUTPUT_CONSENT_VALUE"' }]
          - name: tidy
            always: true
            jobs: [{ name: tidy, run: echo tidying }]
        """

    /// Runs `body` with the execution `x`, which waits for an answer.
    /// - Parameter options: more of the approval.
    private func withWaiting(
        _ options: String = "",
        _ body: (Sandbox) async throws -> Void
    ) async throws {
        try await withSandbox { sandbox in
            try sandbox.write(Self.text.replacing(" OPTIONS", with: options))
            try await sandbox.succeed("submit", "runbook.yaml", "--id", "x")
            try await sandbox.succeed("exec", "x")
            try await sandbox.succeed("work", "--until-idle")
            #expect(try await sandbox.succeed("status", "x").text == "waiting\n")
            try await body(sandbox)
            try await sandbox.succeed("verify")
        }
    }

    private func run(_ sandbox: Sandbox) async throws -> CommandResult {
        try await sandbox.daybook("run", "runbook.yaml", "--id", "x")
    }

    // MARK: Answers

    @Test(arguments: ["", ", timeout: 1h"])
    func whatIsApprovedGoesOn(_ options: String) async throws {
        try await withWaiting(options) { sandbox in
            let approved = try await sandbox.succeed("approve", "x", "--actor", "Ada")
            #expect(approved.text == "x: consent is approved\n")
            #expect(try await run(sandbox).status == 0)
            #expect(
                try await sandbox.loggedLines() == [
                    "reserving", "paying, the answer was {\"approved\":true}", "tidying",
                ]
            )
            let show = try await sandbox.succeed("show", "x").text
            let user = try await sandbox.user()
            #expect(show.contains("the signal go, given by Ada (os: \(user)): {\"approved\":true}"))
        }
    }

    @Test(arguments: ["", ", timeout: 1h"])
    func whatIsRejectedFailsAndCleansUpAndARetryAsksAgain(_ options: String) async throws {
        try await withWaiting(options) { sandbox in
            let rejected = try await sandbox.succeed(
                ["reject", "x", "--reason", "too dear", "--actor", "Ada"]
            )
            #expect(rejected.text == "x: consent is rejected\n")
            let first = try await run(sandbox)
            #expect(first.status == 7)
            #expect(first.errors.contains("Ada rejected the block consent: too dear"))
            #expect(try await sandbox.loggedLines() == ["reserving", "tidying"])
            let show = try await sandbox.succeed("show", "x")
            #expect(
                show.text.contains("error   rejected: Ada rejected the block consent: too dear")
            )
            let row = show.text.split(separator: "\n").first { $0.contains(" consent ") }
            #expect(row?.contains(" rejected ") == true, "\(show.text)")
            #expect(!show.text.contains("consent answered"))
            // Nothing tries it again but a person.
            #expect(try await sandbox.events().contains("attempt_failed") == false)
            try await sandbox.succeed("retry", "x", "--yes")
            try await sandbox.succeed("work", "--until-idle")
            #expect(try await sandbox.succeed("status", "x").text == "waiting\n")
            try await sandbox.succeed("approve", "x", "--reason", "cheaper now")
            #expect(try await run(sandbox).status == 0)
            #expect(
                try await sandbox.loggedLines().last { $0.hasPrefix("paying") }
                    == "paying, the answer was {\"approved\":true,\"reason\":\"cheaper now\"}"
            )
            #expect(try await sandbox.loggedLines().count { $0 == "reserving" } == 1)
            let rows = try await sandbox.succeed("show", "x").text.split(separator: "\n")
                .filter { $0.contains(" consent ") }
            #expect(rows.count == 2, "\(rows)")
            let words = "Ada rejected the block consent: too dear; it is asked for once more"
            #expect(rows.first?.hasSuffix(words) == true, "\(rows)")
        }
    }

    @Test(arguments: ["false", "null", "\"no\"", "{\"approved\":false,\"by\":\"the board\"}"])
    func aSignalThatSaysNoDoesNotPass(_ value: String) async throws {
        try await withWaiting { sandbox in
            try await sandbox.succeed("signal", "x", "go", value, "--actor", "Ada")
            let result = try await run(sandbox)
            #expect(result.status == 7)
            #expect(
                result.errors.contains("Ada rejected the block consent, with the answer \(value)")
            )
            #expect(try await sandbox.loggedLines() == ["reserving", "tidying"])
            let record = try await sandbox.succeed("show", "x", "--json").json
            #expect(record["errorCode"] == "rejected")
        }
    }

    /// A wait outlives the attempt that began it; an answer counts in the attempt in which it comes.
    @Test func anAnswerToWhatAnEarlierAttemptAskedCounts() async throws {
        try await withWaiting(", timeout: 1h") { sandbox in
            try await sandbox.succeed("cancel", "x", "--yes")
            try await sandbox.succeed("retry", "x", "--yes")
            try await sandbox.succeed("work", "--until-idle")
            try await sandbox.succeed("reject", "x", "--reason", "still too dear")
            let result = try await run(sandbox)
            #expect(result.status == 7, "\(result.errors)")
            #expect(result.errors.contains("still too dear"))
            #expect(try await sandbox.loggedLines().contains { $0.hasPrefix("paying") } == false)
        }
    }

    @Test func aRejectionThatIsPassedOverIsNotAskedForAgain() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(
                """
                name: x
                blocks:
                  - name: maybe
                    continueOnError: true
                    approval: { signal: go }
                  - name: then
                    jobs: [{ name: then, run: 'echo then; test -e "$WORKSPACE/ok" || { touch "$WORKSPACE/ok"; exit 1; }' }]
                """
            )
            try await sandbox.succeed("submit", "runbook.yaml", "--id", "x")
            try await sandbox.succeed("signal", "x", "go", "false")
            #expect(try await run(sandbox).status == 7)
            try await sandbox.succeed("retry", "x", "--yes")
            let second = try await run(sandbox)
            #expect(second.status == 0, "\(second.errors)")
            #expect(second.errors.contains("with errors in maybe"))
        }
    }

    // MARK: What is accepted

    @Test func onlyWhatIsAcceptedApproves() async throws {
        try await withWaiting(", accept: [ship it, { level: 2 }]") { sandbox in
            let plain = try await sandbox.daybook("approve", "x")
            expect(
                plain,
                exits: 64,
                saying: "does not accept {\"approved\":true}",
                "it accepts \"ship it\" or an object with \"level\":2",
                "--value"
            )
            let wrong = try await sandbox.daybook("approve", "x", "--value", "{\"level\":1}")
            expect(wrong, exits: 64, saying: "does not accept {\"approved\":true,\"level\":1}")
            let reason = try await sandbox.daybook(
                ["approve", "x", "--value", "\"ship it\"", "--reason", "r"]
            )
            expect(reason, exits: 64, saying: "no place for a reason")
            try await sandbox.succeed(
                ["approve", "x", "--value", " { \"level\": 2.0 } ", "--reason", "r"]
            )
            #expect(try await run(sandbox).status == 0)
            #expect(
                try await sandbox.loggedLines()[1]
                    == "paying, the answer was {\"approved\":true,\"level\":2,\"reason\":\"r\"}"
            )
        }
    }

    @Test func anyOtherAnswerIsARejection() async throws {
        try await withWaiting(", accept: ship it") { sandbox in
            try await sandbox.succeed("signal", "x", "go", "true", "--actor", "Ada")
            let result = try await run(sandbox)
            #expect(result.status == 7)
            #expect(result.errors.contains("Ada rejected the block consent, with the answer true"))
        }
    }

    @Test func anAnswerThatIsMadeOfAValueKeepsItAsItIsWritten() throws {
        func answer(_ value: String?, _ reason: String? = nil) throws -> String {
            String(decoding: try ApprovalAnswer.approving(value, reason: reason), as: UTF8.self)
        }
        #expect(try answer(nil) == "{\"approved\":true}")
        #expect(try answer(nil, "r") == "{\"approved\":true,\"reason\":\"r\"}")
        #expect(try answer("[1.0]") == "[1.0]")
        #expect(try answer("{}") == "{\"approved\":true}")
        #expect(try answer("{ \"a\": 1.10 }") == "{\"approved\":true, \"a\": 1.10 }")
        #expect(throws: UsageError.self) { try answer("{\"approved\": true}") }
        #expect(throws: UsageError.self) { try answer("{\"reason\": 1}") }
        #expect(throws: UsageError.self) { try answer("ship it") }
        #expect(throws: UsageError.self) { try answer("1", "r") }
    }

    // MARK: What is shown

    @Test func whatShowsAWaitNamesBothCommands() async throws {
        try await withWaiting { sandbox in
            let advice = "`daybook approve x` approves, `daybook reject --reason TEXT x` rejects"
            for command in ["why", "show"] {
                let text = try await sandbox.succeed(command, "x").text
                #expect(
                    text.contains("waits for the approval of consent (the signal go)"),
                    "\(text)"
                )
                #expect(text.contains(advice), "\(text)")
            }
            let pending = try await sandbox.succeed("pending")
            #expect(pending.text.contains("the approval of consent (the signal go)"))
            #expect(pending.errors == advice + "\n")
            let named = try await sandbox.succeed("why", "x", "--journal", sandbox.journal).text
            #expect(named.contains("`daybook approve --journal \(sandbox.journal) x`"))
            for command in [["why", "x"], ["pending"]] {
                let json = try await sandbox.succeed(command + ["--json"]).json
                #expect(json["pending"][0]["approval"] == "consent")
                #expect(json["pending"][0]["operation"] == "go")
            }
            try await sandbox.succeed("approve", "x")
            #expect(try await !sandbox.succeed("show", "x").text.contains("daybook approve"))
        }
    }

    @Test func whatIsAdvisedIsAccepted() async throws {
        try await withWaiting(", accept: ship it") { sandbox in
            let words = "(the signal go, which accepts \"ship it\")"
            for command in [["why", "x"], ["show", "x"], ["pending"]] {
                let result = try await sandbox.succeed(command)
                let text = result.text + result.errors
                #expect(text.contains(words), "\(text)")
                #expect(text.contains("`daybook approve --value JSON x` approves"), "\(text)")
            }
            let silent = try await sandbox.daybook("signal", "x", "go")
            #expect(silent.errors.contains("`daybook approve --value JSON x`"), "\(silent.errors)")
        }
        // An object that the usual answer is one of.
        try await withWaiting(", accept: [{ approved: true }]") { sandbox in
            #expect(try await sandbox.succeed("why", "x").text.contains("`daybook approve x`"))
            try await sandbox.succeed("approve", "x")
        }
    }

    @Test func answersAreWrittenAsJSON() async throws {
        try await withWaiting { sandbox in
            let rehearsal = try await sandbox.succeed("approve", "x", "--dry-run", "--json").json
            #expect(rehearsal["schema"] == "daybook.approve/1")
            #expect(rehearsal["events"].elements == ["signal_received", "signal_delivered"])
            let rejected = try await sandbox.succeed(
                ["reject", "x", "--reason", "r", "--json"]
            ).json
            #expect(rejected["schema"] == "daybook.reject/1")
            #expect(rejected["id"] == "x")
            #expect(rejected["block"] == "consent")
            #expect(rejected["signal"] == "go")
            #expect(rejected["delivered"] == true)
            let entry = try #require(rejected["sequence"].integer)
            #expect(try await sandbox.events()[entry] == "signal_received")
        }
    }

    // MARK: Refusals

    @Test func whatIsNotAskedIsNotAnswered() async throws {
        try await withWaiting { sandbox in
            let other = try await sandbox.daybook("approve", "x", "--signal", "gone")
            expect(
                other,
                exits: 4,
                saying: "waits for no approval with the signal gone",
                "daybook why x"
            )
            let silent = try await sandbox.daybook("reject", "x")
            #expect(silent.status == 64)
            #expect(silent.errors.contains("--reason"))
            let wordless = try await sandbox.daybook("reject", "x", "--reason", " ")
            #expect(wordless.status == 64)
            #expect(wordless.errors.contains("--reason must say something"))
            let valueless = try await sandbox.daybook("signal", "x", "go")
            expect(valueless, exits: 64, saying: "no value would reject it", "`daybook approve x`")
            #expect(try await sandbox.succeed("status", "x").text == "waiting\n")
            try await sandbox.succeed("approve", "x", "--signal", "go")
            let late = try await sandbox.daybook("reject", "x", "--reason", "r")
            expect(late, exits: 4, saying: "waits for no approval;")
            let none = try await sandbox.daybook("approve", "none")
            expect(none, exits: 3, saying: "no execution has the id none")
            #expect(try await run(sandbox).status == 0)
            let ended = try await sandbox.daybook("approve", "x")
            expect(ended, exits: 4, saying: "waits for no approval;")
        }
    }

    /// Of several who answer at the same time one is told so, and the others that they came late.
    @Test func theFirstAnswerCounts() async throws {
        try await withWaiting { sandbox in
            let answers = try (0..<4).map { _ in try sandbox.start("approve", "x") }
            var statuses: [Int32] = []
            for answer in answers { statuses.append(try await answer.finish().status) }
            #expect(statuses.sorted() == [0, 4, 4, 4])
            #expect(try await sandbox.events().count { $0 == "signal_received" } == 1)
        }
    }

    @Test func ofSeveralApprovalsOneIsNamed() throws {
        let all = ["go", "ship"].map {
            WaitingApproval(
                block: "the \($0)",
                approval: Runbook.Approval(signal: $0, timeout: nil),
                sequence: 1
            )
        }
        #expect {
            try ApprovalOptions.choice(of: all, named: nil, in: "x", "")
        } throws: { error in
            "\(error)".contains("name one with --signal: go (the go), ship (the ship)")
        }
        let chosen = try ApprovalOptions.choice(of: all, named: "ship", in: "x", "")
        #expect(chosen.block == "the ship")
    }
}
