import Testing

#if canImport(Glibc)
import Glibc
#endif

/// `daybook fork` where something is registered for the end, where the execution is open, and with secrets.
@Suite struct ForkedRunbookTests {
    private static let undoing = """
        name: release
        blocks:
        - name: build
          jobs:
          - { name: one, run: 'echo one >> ran', undo: 'echo undo one >> ran' }
        - { name: ok, approval: { signal: go } }
        - name: publish
          jobs:
          - { name: two, run: 'echo two >> ran', undo: 'echo undo two >> ran' }
        - { name: last, approval: { signal: end } }
        """

    /// An execution `a` that waits for its second approval.
    private func wait(_ sandbox: Sandbox) async throws {
        try sandbox.write(Self.undoing)
        try await sandbox.succeed("submit", "runbook.yaml", "--id", "a")
        try await sandbox.succeed("exec", "a")
        try await sandbox.succeed("work", "--until-idle")
        try await sandbox.succeed("approve", "a")
        try await sandbox.succeed("work", "--until-idle")
    }

    @Test func aRehearsalAsksNothingAndRecordsNothing() async throws {
        try await withSandbox { sandbox in
            try await wait(sandbox)
            let before = try await sandbox.events()
            let dry = try await sandbox.succeed("fork", "a", "--at", "ok", "--dry-run")
            #expect(dry.text.hasPrefix("would be recorded: execution_submitted"), "\(dry.text)")
            #expect(dry.text.contains("execution_cancelled"), "\(dry.text)")
            let json = try await sandbox.succeed("fork", "a", "--at", "ok", "--dry-run", "--json")
                .json
            #expect(json["schema"].string == "daybook.fork/1")
            let isDry = json["dryRun"]
            #expect(isDry == true)
            // What would be refused is refused.
            let unknown = try await sandbox.daybook("fork", "a", "--at", "no", "--dry-run")
            #expect(unknown.status == 3)
            #expect(try await sandbox.events() == before)
        }
    }

    @Test func whoForksAnOpenExecutionIsToldWhatBecomesOfIt() async throws {
        try await withSandbox { sandbox in
            try await wait(sandbox)
            let asked = try await sandbox.daybook("fork", "a", "--at", "two", "--id", "b")
            let words = "cancel a, and undo what that has begun from there on"
            #expect(asked.status == 64 && asked.errors.contains(words), "\(asked)")
            let fork = try await sandbox.succeed("fork", "a", "--at", "two", "--id", "b", "--yes")
            let told = "a is cancelled, and undoes what it has begun from there on"
            #expect(fork.errors.contains(told), "\(fork.errors)")
            // Who approved before the fork has approved for it too.
            let forked = try await sandbox.succeed("show", "b").text
            #expect(forked.contains("the signal go, given by "), "\(forked)")
            try await sandbox.succeed("work", "--until-idle")
            #expect(try await sandbox.succeed("status", "a").text == "cancelled\n")
            let show = try await sandbox.succeed("show", "a").text
            #expect(show.contains("success, undone") && show.contains("for its fork to undo"))
        }
    }

    @Test func aForkNeedsTheSecretsOfItsRunbook() async throws {
        try await withSandbox { sandbox in
            let key = try sandbox.write(String(repeating: "ab", count: 32) + "\n", to: "key")
            chmod(key, 0o600)
            let environment = ["DAYBOOK_KEY_FILE": key, "TOKEN": "hunter2-and-more"]
            try sandbox.write(
                """
                name: s
                secrets: [TOKEN]
                blocks:
                - name: b
                  jobs:
                  - { name: one, run: 'true', undo: 'echo undone' }
                - name: c
                  jobs:
                  - { name: two, secrets: [TOKEN], run: 'test -e fixed && test -n "$TOKEN"' }
                """
            )
            let run = ["run", "runbook.yaml", "--id", "a", "--secret", "TOKEN"]
            let failed = try await sandbox.daybook(run, environment: environment)
            #expect(failed.status == 7, "\(failed)")
            let before = try await sandbox.events()
            let fork = ["fork", "a", "--at", "one", "--id", "b", "--yes"]
            for more in [[], ["--dry-run"]] {
                let bare = try await sandbox.daybook(fork + more, environment: environment)
                #expect(bare.status == 64, "\(bare)")
                #expect(bare.errors.contains("the runbook needs the secret TOKEN"), "\(bare)")
            }
            #expect(try await sandbox.events() == before)
            let given = try await sandbox.daybook(
                fork + ["--secret", "TOKEN"],
                environment: environment
            )
            #expect(given.status == 0, "\(given)")
            #expect(try await sandbox.succeed("secret", "list", "b").text.contains("TOKEN"))
            // What is run again takes no others, and says so.
            let same = try await sandbox.daybook(run, environment: environment)
            #expect(same.status == 7, "\(same)")
            let other = try await sandbox.daybook(
                run,
                environment: environment.merging(["TOKEN": "hunter3-and-more"]) { $1 }
            )
            #expect(other.status == 4, "\(other)")
            #expect(other.errors.contains("keeps no such value of TOKEN"), "\(other)")
            #expect(!other.errors.contains("hunter3"))
            try sandbox.write("", to: "fixed")
            // It is there, and has been given them.
            #expect(try await sandbox.daybook(fork, environment: environment).status == 0)
            try await sandbox.succeed("verify")
        }
    }

    /// A failed execution `a` with a secret, and its fork `b` with the same one.
    private func withSecretFork(
        _ options: [String] = [],
        _ body: (Sandbox, [String: String]) async throws -> Void
    ) async throws {
        try await withSandbox(options) { sandbox in
            let key = try sandbox.write(String(repeating: "ab", count: 32) + "\n", to: "key")
            chmod(key, 0o600)
            let environment = ["DAYBOOK_KEY_FILE": key, "TOKEN": "hunter2-and-more"]
            try sandbox.write(Self.secret)
            let run = ["run", "runbook.yaml", "--id", "a", "--secret", "TOKEN"]
            let failed = try await sandbox.daybook(run, environment: environment)
            #expect(failed.status == 7, "\(failed)")
            let forked = try await sandbox.daybook(
                Self.fork + ["--secret", "TOKEN"],
                environment: environment
            )
            #expect(forked.status == 0, "\(forked)")
            try await body(sandbox, environment)
        }
    }

    private static let secret = """
        name: s
        secrets: [TOKEN]
        inputs:
          v: { type: string, default: one }
        blocks:
        - name: b
          jobs:
          - { name: one, run: 'true' }
        - name: c
          jobs:
          - { name: two, secrets: [TOKEN], run: 'exit 3' }
        """
    private static let fork = ["fork", "a", "--at", "two", "--id", "b", "--yes"]

    /// Whoever gives it takes it for used.
    @Test func aForkThatIsThereDropsNoSecretWithoutAWord() async throws {
        try await withSecretFork { sandbox, environment in
            let given = Self.fork + ["--secret", "TOKEN"]
            #expect(try await sandbox.daybook(given, environment: environment).status == 0)
            let other = environment.merging(["TOKEN": "hunter3-and-more"]) { $1 }
            let refused = try await sandbox.daybook(given, environment: other)
            #expect(refused.status == 4, "\(refused)")
            #expect(refused.errors.contains("b is there already, and keeps no such value of TOKEN"))
            #expect(!refused.errors.contains("hunter3"))
            let dry = try await sandbox.daybook(given + ["--dry-run"], environment: other)
            #expect(dry.status == 0, "\(dry)")
            #expect(dry.errors.contains("whether b keeps these values of TOKEN"), "\(dry)")
            try await sandbox.succeed("secret", "wipe", "b", "--yes")
            let wiped = try await sandbox.daybook(given, environment: environment)
            #expect(wiped.status == 4, "\(wiped)")
            let rehearsal = given + ["--dry-run"]
            let rehearsed = try await sandbox.daybook(rehearsal, environment: environment)
            #expect(rehearsed.status == 4 && rehearsed.errors == wiped.errors, "\(rehearsed)")
        }
    }

    @Test(arguments: [
        ["--input", "v=other"], ["--with", #"{"outputs":{}}"#], ["--runbook", "other.yaml"],
        ["--at", "one"],
    ])
    func aRehearsalAndAForkSayTheSameOfAForkThatIsThere(_ words: [String]) async throws {
        try await withSecretFork { sandbox, environment in
            try sandbox.write(Self.secret.replacing("exit 3", with: "exit 4"), to: "other.yaml")
            let before = try await sandbox.events()
            let same = try await sandbox.succeed(Self.fork + ["--dry-run"])
            #expect(same.text == "nothing would be recorded: it is so already\n")
            let asked = try await sandbox.daybook(Self.fork + words, environment: environment)
            #expect(asked.status == 4, "\(asked)")
            let dry = try await sandbox.daybook(Self.fork + words + ["--dry-run"])
            #expect(dry.status == 4, "\(dry)")
            #expect(dry.errors == asked.errors)
            let events = try await sandbox.events().filter { !$0.hasPrefix("session_") }
            #expect(events == before.filter { !$0.hasPrefix("session_") })
        }
    }

    /// What a person gives is recorded as what a job gives is.
    @Test func aResultByHandIsCheckedAsOneThatIsRecorded() async throws {
        try await withSecretFork(["--payload-limit", "4096"]) { sandbox, environment in
            let before = try await sandbox.events().filter { !$0.hasPrefix("session_") }
            let fork = ["fork", "a", "--at", "two", "--id", "c", "--yes", "--secret", "TOKEN"]
            let fresh = environment.merging(["TOKEN": "hunter3-and-more"]) { $1 }
            let journalKey = String(repeating: "ab", count: 32)
            for text in ["hunter2-and-more", "hunter3-and-more", journalKey] {
                let given = ["--with", #"{"outputs":{"k":"x\#(text)"}}"#]
                let refused = try await sandbox.daybook(fork + given, environment: fresh)
                #expect(refused.status == 64, "\(refused)")
                #expect(refused.errors.contains("the given result contains a secret"), "\(refused)")
                #expect(!refused.errors.contains(text))
            }
            let large = #"{"outputs":{"k":"\#(String(repeating: "x", count: 5_000))"}}"#
            for more in [[], ["--dry-run"]] {
                let refused = try await sandbox.daybook(
                    fork + ["--with", large] + more,
                    environment: fresh
                )
                #expect(refused.status == 1, "\(refused)")
                #expect(refused.errors.contains("4096"), "\(refused)")
            }
            #expect(try await sandbox.events().filter { !$0.hasPrefix("session_") } == before)
        }
    }

    /// The journal key is kept out of what a job gives, also where nothing has a secret.
    @Test func theJournalKeyIsNoResultByHand() async throws {
        try await withSandbox { sandbox in
            let digits = String(repeating: "ab", count: 32)
            let key = try sandbox.write(digits + "\n", to: "key")
            chmod(key, 0o600)
            try sandbox.write(runbook(["one": "exit 3"]))
            #expect(try await sandbox.daybook("run", "runbook.yaml", "--id", "a").status == 7)
            let given = #"{"outputs":{"k":"\#(digits)"}}"#
            let fork = ["fork", "a", "--at", "one", "--yes", "--key-file", key, "--with", given]
            let refused = try await sandbox.daybook(fork)
            #expect(refused.status == 64, "\(refused)")
            #expect(refused.errors.contains("the given result contains a secret"), "\(refused)")
            #expect(try await sandbox.events().filter { $0 == "execution_submitted" }.count == 1)
        }
    }

    @Test func whatRunsOnFailureIsNoObstacleToAForkAndRunsForTheForkToo() async throws {
        try await withSandbox { sandbox in
            let place = sandbox.folder + "/ran"
            try sandbox.write(
                """
                name: f
                blocks:
                - name: b
                  jobs: [ { name: clone, run: 'echo clone >> \(place)' } ]
                - name: c
                  jobs: [ { name: push, run: 'echo push >> \(place); exit 1' } ]
                on_failure:
                - { name: tell, run: 'echo tell >> \(place)' }
                """
            )
            #expect(try await sandbox.daybook("run", "runbook.yaml", "--id", "a").status == 7)
            for id in ["b", "c"] {
                try await sandbox.succeed("fork", "a", "--at", "push", "--id", id, "--yes")
            }
            try await sandbox.succeed("work", "--until-idle")
            #expect(try await sandbox.succeed("status", "b").text == "failed\n")
            let ran = try await RunningCommand(["cat", place]).finish().text
            let lines = ran.split(separator: "\n")
            #expect(lines.count { $0 == "tell" } == 3 && lines.count { $0 == "clone" } == 1)
            // It is not undone: it can be tried again, too.
            try await sandbox.succeed("retry", "a", "--yes")
            try await sandbox.succeed("verify")
        }
    }

    /// What has completed registers `on_failure` still: the first fork takes it over, and bars no other one.
    @Test func whatHasCompletedIsForkedMoreThanOnce() async throws {
        try await withSandbox { sandbox in
            let place = sandbox.folder + "/ran"
            try sandbox.write(
                """
                name: f
                blocks:
                - name: b
                  jobs: [ { name: clone, run: 'echo clone >> \(place)' } ]
                - name: c
                  jobs: [ { name: push, run: 'echo push >> \(place); ! test -e \(place).broken' } ]
                on_failure:
                - { name: tell, run: 'echo tell >> \(place)' }
                """
            )
            try await sandbox.succeed("run", "runbook.yaml", "--id", "a")
            try await sandbox.succeed("fork", "a", "--at", "push", "--id", "b", "--yes")
            try sandbox.write("", to: "ran.broken")
            try await sandbox.succeed("fork", "a", "--at", "push", "--id", "c", "--yes")
            try await sandbox.succeed("work", "--until-idle")
            #expect(try await sandbox.succeed("status", "b").text == "failed\n")
            #expect(try await sandbox.succeed("status", "c").text == "failed\n")
            // Every view names them.
            #expect(try await sandbox.succeed("tree", "a").text.contains(", forked as b, c  <\n"))
            let tree = try await sandbox.succeed("tree", "a", "--json").json
            #expect(tree["family"][0]["forks"].elements.compactMap(\.string) == ["b", "c"])
            let list = try await sandbox.succeed("list", "--fork-of", "a", "--json").json
            #expect(list["executions"].elements.compactMap { $0["id"].string } == ["c", "b"])
            #expect(try await sandbox.daybook("list", "--fork-of", "none").status == 3)
            let ran = try await RunningCommand(["cat", place]).finish().text
            let lines = ran.split(separator: "\n")
            #expect(lines.count { $0 == "tell" } == 2 && lines.count { $0 == "clone" } == 1)
            try await sandbox.succeed("verify")
        }
    }

    /// A job may have the name under which `on_failure` is recorded: what undoes it is owed by one fork.
    @Test func aJobCalledOnFailureIsOwedByOneFork() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(
                """
                name: f
                blocks:
                - name: b
                  jobs: [ { name: on failure, run: 'true', undo: 'true' } ]
                - name: c
                  jobs: [ { name: push, run: 'true' } ]
                """
            )
            try await sandbox.succeed("run", "runbook.yaml", "--id", "a")
            try await sandbox.succeed("fork", "a", "--at", "push", "--id", "b", "--yes")
            let second = try await sandbox.daybook(
                "fork",
                "a",
                "--at",
                "push",
                "--id",
                "c",
                "--yes"
            )
            #expect(second.status == 4, "\(second)")
        }
    }

    /// Inputs of jobs are not compared, so it is said where one has had another value.
    @Test func jobsThatRanWithAnotherInputAreNamed() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(
                """
                name: f
                inputs: { v: { type: string, required: true } }
                blocks:
                - name: b
                  jobs: [ { name: clone, run: 'test -n "$INPUT_V"' } ]
                - name: c
                  jobs: [ { name: look, run: 'true' } ]
                - name: d
                  jobs: [ { name: push, run: 'test "$INPUT_V" = 2' } ]
                """
            )
            let run = ["run", "runbook.yaml", "--id", "a", "--input", "v=1"]
            #expect(try await sandbox.daybook(run).status == 7)
            let fork = ["fork", "a", "--at", "push", "--yes"]
            let words = "the input v is another one now"
            let same = try await sandbox.succeed(fork + ["--input", "v=1"])
            #expect(!same.errors.contains(words), "\(same.errors)")
            let other = try await sandbox.succeed(fork + ["--id", "b", "--input", "v=2"])
            #expect(other.errors.contains(words), "\(other.errors)")
            #expect(other.errors.contains("is not run again: clone\n"), "\(other.errors)")
            #expect(try await sandbox.succeed("list").text.contains("f, fork of a"))
            #expect(try await sandbox.succeed("tree", "b").text.contains("ready, fork of a  <"))
            let list = try await sandbox.succeed("list", "--json").json
            #expect(list["executions"][0]["forkedFromID"].string == "a")
        }
    }

    /// What has been undone is named by its numbers, which always can be given.
    @Test func whatIsAdvisedWhereWorkHasBeenUndoneCanBeDone() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(
                """
                name: f
                blocks:
                - name: b
                  jobs: [ { name: clone, run: 'true', undo: 'true' } ]
                - name: c
                  jobs: [ { name: copy, run: 'true', undo: 'true' } ]
                - name: d
                  jobs: [ { name: push, run: 'exit 1' } ]
                on_failure:
                - { name: tell, run: 'true' }
                """
            )
            #expect(try await sandbox.daybook("run", "runbook.yaml", "--id", "a").status == 7)
            let refused = try await sandbox.daybook("fork", "a", "--at", "push", "--yes")
            #expect(refused.status == 4, "\(refused)")
            let advice = try #require(refused.errors.split(separator: "fork at ").last)
            #expect(advice.contains("which is clone"), "\(refused.errors)")
            let place = String(advice.prefix { $0 != "," })
            try await sandbox.succeed("fork", "a", "--at", place, "--id", "b", "--yes")
        }
    }

    /// Whoever asks how an execution goes on that was forked is led to the fork, and never in a circle.
    @Test func whatGoesOnWithAForkedExecutionIsNamed() async throws {
        try await withSandbox { sandbox in
            try await wait(sandbox)
            try await sandbox.succeed("fork", "a", "--at", "two", "--id", "b", "--yes")
            try await sandbox.succeed("work", "--until-idle")
            let words = "it was forked, and b goes on with what it did"
            let why = try await sandbox.succeed("why", "a").text
            #expect(why.contains(words) && !why.contains("retry"), "\(why)")
            let run = try await sandbox.daybook("run", "runbook.yaml", "--id", "a")
            #expect(run.errors.contains(words) && !run.errors.contains("retry"), "\(run)")
            let show = try await sandbox.succeed("show", "a").text
            #expect(show.contains("forked as  b") && show.contains(", goes on with what it did"))
            // It is under way, and a retry of it would be refused.
            let retry = try await sandbox.daybook("retry", "a", "--yes")
            #expect(retry.status == 4, "\(retry)")
            #expect(retry.errors.contains("b has not ended; let it go on"), "\(retry)")
            // Forked once more, the last one is named, and where there is something to fork.
            try await sandbox.succeed("fork", "b", "--at", "last", "--id", "c", "--yes")
            try await sandbox.succeed("work", "--until-idle")
            let again = try await sandbox.succeed("why", "a").text
            #expect(again.contains("it was forked, and c"), "\(again)")
            let fork = try await sandbox.daybook("fork", "a", "--at", "two", "--yes")
            #expect(fork.status == 4, "\(fork)")
            #expect(fork.errors.contains("its fork c owes"), "\(fork)")
            #expect(fork.errors.contains("or a at 0, which is one"), "\(fork)")
            try await sandbox.succeed("fork", "a", "--at", "0", "--id", "d", "--yes")
            try await sandbox.succeed("verify")
        }
    }
}
