import Testing

#if canImport(Glibc)
import Glibc
#endif

/// What `daybook fork` makes sure of and says before work is undone by another runbook than it was done by.
@Suite struct ForkUndoTests {
    private static let undoing = """
        name: un
        inputs:
          target: { type: string, default: staging }
        blocks:
        - name: a
          jobs:
          - name: one
            run: 'echo "k=v1" >> "$DAYBOOK_OUTPUT"'
            verify: 'exit 1'
            output: { k: "" }
            undo: 'echo OLD undo'
        - name: tail
          jobs:
          - { name: plain, run: 'true' }
        - { name: ok, approval: { signal: go } }
        - name: b
          jobs:
          - { name: dos, run: 'exit 3', output: { hash: "" } }
        """

    /// An execution `u` that waits for its approval.
    private func withWaiting(
        _ text: String = undoing,
        _ body: (Sandbox) async throws -> Void
    ) async throws {
        try await withSandbox { sandbox in
            try sandbox.write(text)
            try await sandbox.succeed("submit", "runbook.yaml", "--id", "u")
            try await sandbox.succeed("exec", "u")
            try await sandbox.succeed("work", "--until-idle")
            try await body(sandbox)
            try await sandbox.succeed("verify")
        }
    }

    private func fork(
        _ sandbox: Sandbox,
        _ text: String,
        _ more: String...
    ) async throws -> CommandResult {
        try sandbox.write(text, to: "other.yaml")
        let words = ["fork", "u", "--at", "ok", "--runbook", "other.yaml", "--yes"]
        return try await sandbox.daybook(words + more)
    }

    // MARK: undo

    /// Whoever is to undo it would have nothing to do it with.
    @Test(arguments: [[], ["--dry-run"]])
    func aForkWhoseRunbookLacksAnUndoIsRefused(_ more: [String]) async throws {
        try await withWaiting { sandbox in
            let before = try await sandbox.events().filter { !$0.hasPrefix("session_") }
            try sandbox.write(
                Self.undoing.replacing("    undo: 'echo OLD undo'\n", with: ""),
                to: "other.yaml"
            )
            let words = ["fork", "u", "--at", "ok", "--runbook", "other.yaml", "--yes"]
            let refused = try await sandbox.daybook(words + more)
            expect(
                refused,
                exits: 4,
                saying: "u cannot be forked at go (",
                "is to be undone should the fork end badly",
                "the job one (runbook un:7) has no `undo` now",
                "which is one"
            )
            #expect(try await sandbox.events().filter { !$0.hasPrefix("session_") } == before)
        }
    }

    @Test func anotherUndoIsSaidAndRuns() async throws {
        try await withWaiting { sandbox in
            let other = Self.undoing.replacing("OLD", with: "NEW")
                .replacing("run: 'true' }", with: "run: 'true', undo: 'echo PLAIN' }")
            for more in ["--dry-run", "--id=v"] {
                let fork = try await fork(sandbox, other, more)
                #expect(fork.status == 0, "\(fork)")
                for words in [
                    "one: its undo is another one now, and the new one runs\n",
                    "plain: it has an undo now, and ran without one: the fork does not undo it\n",
                ] {
                    #expect(fork.errors.contains(words), "\(more): \(fork.errors)")
                }
            }
            try await sandbox.succeed("cancel", "v", "--yes")
            try await sandbox.succeed("work", "--until-idle")
            let log = try await sandbox.succeed("log", "v").text
            #expect(log.contains("NEW undo"), "\(log)")
            #expect(!log.contains("OLD undo") && !log.contains("PLAIN"), "\(log)")
        }
    }

    // MARK: What must agree

    @Test(arguments: [
        (
            "echo \"k=v1\"", "echo \"k=v2\"",
            "the script `run` of one (runbook un:7) is another one now"
        ),
        (
            "verify: 'exit 1'", "verify: 'exit 2'",
            "the script `verify` of one (runbook un:7) is another one now"
        ),
        ("    verify: 'exit 1'\n", "", "the script `verify` of one (runbook un:7) is gone"),
        (
            "- name: a\n", "- name: c\n",
            "one (runbook un:7) is in the block c now, and was in a"
        ),
    ])
    func whatDiffersIsSaidInTheWordsOfTheRunbook(
        _ old: String,
        _ new: String,
        _ words: String
    ) async throws {
        try await withWaiting { sandbox in
            let refused = try await fork(sandbox, Self.undoing.replacing(old, with: new))
            expect(refused, exits: 4, saying: words)
            #expect(!refused.errors.contains("with another input"), "\(refused)")
        }
    }

    @Test func onFailureComesAndGoesInTheWordsOfTheRunbook() async throws {
        let more = "\non_failure:\n- { name: tell, run: 'true' }\n"
        try await withWaiting { sandbox in
            let added = try await fork(sandbox, Self.undoing + more)
            let words =
                "the runbook has an `on_failure` now (runbook un:20), and the execution has none"
            expect(added, exits: 4, saying: words)
            #expect(!added.errors.contains(".swift"), "\(added)")
        }
        try await withWaiting(Self.undoing + more) { sandbox in
            let gone = try await fork(sandbox, Self.undoing)
            let words =
                "the execution has an `on_failure` (runbook un:20), and the runbook has none now"
            expect(gone, exits: 4, saying: words)
            // Each of its operations is of a line of the runbook.
            let export = try await sandbox.succeed("export").text
            #expect(!export.contains(".swift"), "\(export)")
        }
        let help = try await withSandbox { try await $0.succeed("help", "fork").text }
        #expect(help.contains("on_failure"), "\(help)")
    }

    @Test func aDefaultThatIsAnotherOneNowIsNotTakenSilently() async throws {
        try await withWaiting { sandbox in
            let other = Self.undoing.replacing("default: staging", with: "default: prod")
            let words =
                "the input target stays staging, as it was submitted; --input target=prod gives another"
            let given = try await fork(sandbox, other, "--input=target=prod", "--dry-run")
            #expect(given.status == 0 && !given.errors.contains("stays"), "\(given)")
            for more in ["--dry-run", "--id=v"] {
                let fork = try await fork(sandbox, other, more)
                #expect(fork.status == 0 && fork.errors.contains(words), "\(more): \(fork)")
            }
        }
    }

    // MARK: Rehearsals

    @Test func aRehearsalSaysWhatTheRealRunWouldSay() async throws {
        try await withWaiting { sandbox in
            let fork = try await sandbox.succeed("fork", "u", "--at", "plain", "--dry-run")
            #expect(fork.errors.contains("it would go on at plain ("), "\(fork.errors)")
            let nothing = "u would be cancelled, and has nothing to undo from there on"
            #expect(fork.errors.contains(nothing), "\(fork.errors)")
            let first = try await sandbox.succeed("fork", "u", "--at", "one", "--dry-run")
            let undone = "u would be cancelled, and undo what it has begun from there on: one"
            #expect(first.errors.contains(undone), "\(first.errors)")
            let cancel = try await sandbox.succeed("cancel", "u", "--dry-run")
            let cancelled = "u would be cancelled, and undo what it has done: one"
            #expect(cancel.errors.contains(cancelled), "\(cancel.errors)")
            let force = try await sandbox.succeed("cancel", "u", "--force", "--dry-run")
            #expect(
                force.errors.contains("leave as it is what it has done: one"),
                "\(force.errors)"
            )
        }
    }

    @Test func whatWasUndoneIsSaidToRunAgain() async throws {
        try await withWaiting { sandbox in
            try await sandbox.succeed("approve", "u")
            try await sandbox.succeed("work", "--until-idle")
            let words = "what failed runs again, and so does what was undone: one"
            let why = try await sandbox.succeed("why", "u").text
            #expect(why.contains("`daybook retry u` opens it again, and \(words)"), "\(why)")
            let dry = try await sandbox.succeed("retry", "u", "--dry-run")
            #expect(dry.errors.contains("u would be opened again, and \(words)"), "\(dry.errors)")
        }
    }

    // MARK: After a fork

    @Test func whatAForkCameToIsSaidOfItsOrigin() async throws {
        try await withWaiting { sandbox in
            let better = Self.undoing.replacing("exit 3", with: "true")
            let forked = try await fork(sandbox, better, "--id=v")
            #expect(forked.status == 0, "\(forked)")
            try await sandbox.succeed("work", "--until-idle")
            let open = try await sandbox.succeed("show", "u").text
            #expect(
                open.contains(", goes on with what it did") && open.contains("for its fork to undo")
            )
            try await sandbox.succeed("approve", "v")
            try await sandbox.succeed("work", "--until-idle")
            let why = try await sandbox.succeed("why", "u").text
            let words = "it was forked, and v went on with what it did, and has completed"
            #expect(why.contains(words) && !why.contains("waits for"), "\(why)")
            let show = try await sandbox.succeed("show", "u").text
            #expect(show.contains("v, completed, went on with what it did"), "\(show)")
            #expect(show.contains("success, kept by its fork"), "\(show)")
        }
    }

    // MARK: Advice

    /// What is advised can be pasted: it names the journal, and the execution.
    @Test func advisedCommandsNameJournalKeyAndExecution() async throws {
        try await withWaiting { sandbox in
            try await sandbox.succeed("cancel", "u", "--yes")
            try await sandbox.succeed("work", "--until-idle")
            let journal = ["--journal", sandbox.journal]
            let named = "--journal \(sandbox.journal)"
            let pause = try await sandbox.daybook(["pause", "u", "--yes"] + journal)
            #expect(pause.errors.contains("`daybook show \(named) u` shows"), "\(pause)")
            let fork = try await sandbox.daybook(["fork", "u", "--at", "no", "--yes"] + journal)
            #expect(fork.errors.contains("`daybook show \(named) --positions u`"), "\(fork)")
            chmod(try sandbox.write(String(repeating: "ab", count: 32) + "\n", to: "key"), 0o600)
            let key = ["--key-file", sandbox.folder + "/key"]
            let retry = try await sandbox.daybook(["retry", "u", "--yes"] + journal + key)
            let keyed = "`daybook work \(named) --key-file \(sandbox.folder)/key`"
            #expect(retry.errors.contains(keyed), "\(retry)")
        }
    }

    @Test func whoWorksIsToldWhatIsWaitedFor() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(Self.undoing)
            try await sandbox.succeed("submit", "runbook.yaml", "--id", "u")
            try await sandbox.succeed("exec", "u")
            let work = try await sandbox.succeed("work", "--until-idle").text
            let words =
                "u left: it waits for the approval of ok (the signal go); `daybook approve u`"
            #expect(work.contains(words), "\(work)")
            #expect(!work.contains("shutting down"), "\(work)")
        }
    }

    // MARK: Names and results

    @Test func operationsOfOneNameAreToldApart() async throws {
        let text = """
            name: fan
            blocks:
            - name: fan
              each: [x, y]
              jobs:
              - { name: pack, run: 'true' }
            """
        try await withSandbox { sandbox in
            try sandbox.write(text)
            try await sandbox.succeed("run", "runbook.yaml", "--id", "u")
            let refused = try await sandbox.daybook("fork", "u", "--at", "pack", "--yes")
            expect(
                refused,
                exits: 4,
                saying: "(branch 0), ",
                "(branch 1); ",
                "`daybook show --positions u`"
            )
        }
        let help = try await withSandbox { try await $0.succeed("help", "fork").text }
        let words = help.split { $0.isWhitespace }.joined(separator: " ")
        #expect(words.contains("`daybook show ID --positions`"), "\(help)")
    }

    @Test(arguments: [
        (
            #"{"outputs":{"hsh":"x"}}"#,
            "the job dos declares no output \"hsh\"; did you mean \"hash\"?"
        ),
        (#"{"outputs":{"hash":1}}"#, "the output \"hash\" is no text"),
        (#"{"outputs":[]}"#, "its \"outputs\" are no object"),
        (#"{"exitStatus":0}"#, "it has no \"outputs\""),
        (#"{"outputs":"#, "it is no JSON"),
        (#"[]"#, "it is no object"),
    ])
    func aResultByHandIsCheckedAgainstTheJob(_ given: String, _ words: String) async throws {
        try await withWaiting { sandbox in
            try await sandbox.succeed("approve", "u")
            try await sandbox.succeed("work", "--until-idle")
            // What was undone before it is in the way only after these.
            let fork = ["fork", "u", "--at", "dos", "--yes", "--with", given]
            expect(try await sandbox.daybook(fork), exits: 64, saying: words)
        }
    }

    @Test func anApprovalIsAnsweredAndNotGivenAResult() async throws {
        try await withWaiting { sandbox in
            for given in [#"{"outputs":{}}"#, "true"] {
                let fork = ["fork", "u", "--at", "ok", "--yes", "--with", given]
                expect(
                    try await sandbox.daybook(fork),
                    exits: 64,
                    saying: "ok is an approval",
                    "without --with",
                    "`daybook approve"
                )
            }
        }
    }
}
