import Testing

/// Task types, tasks and runbooks on the command line, run by `work`.
@Suite struct TaskCommandTests {
    private static let fetch = """
        name: fetch
        inputs:
          url: { required: true }
          depth: { type: integer, default: 1 }
        blocks:
          - name: get
            jobs:
              - name: job
                run: |
                  echo "$INPUT_URL $INPUT_DEPTH"
                  case "$INPUT_URL" in *news*) echo eventful=true >> "$DAYBOOK_OUTPUT" ;; esac
                  case "$INPUT_URL" in *bad*) exit 1 ;; esac
        """

    private func prepare(_ sandbox: Sandbox) async throws {
        try sandbox.write(Self.fetch, to: "fetch.yaml")
        let stored = try await sandbox.succeed("runbook", "add", "fetch.yaml")
        #expect(stored.text == "fetch version 1 stored\n")
        let added = try await sandbox.succeed([
            "task-type", "add", "load", "runbook:fetch", "Loads an origin", "--default-interval",
            "8d",
            "--min-interval", "1d", "--max-interval", "64d", "--backoff-factor", "2",
        ])
        #expect(added.text == "OK\n")
    }

    private func tasks(_ sandbox: Sandbox, _ words: String...) async throws -> [JSON] {
        try await sandbox.succeed(["task", "list", "--json"] + words).json["tasks"].elements
    }

    /// An auditor asks who has tasks run, and whoever stores a runbook later is not left waiting in silence.
    @Test func whoAsksIsRecordedAndWhatIsMissingIsNamed() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(Self.fetch, to: "fetch.yaml")
            let type = ["task-type", "add", "load", "runbook:fetch", "--actor", "ann"]
            let task = ["task", "add", "load", "url=http://old", "--actor", "ben"]
            for words in [type, task] {
                let early = try await sandbox.succeed(words)
                #expect(early.errors.contains("no runbook fetch is stored"), "\(early)")
                #expect(early.errors.contains("tasks of load wait"), "\(early)")
            }
            try await sandbox.succeed("runbook", "add", "fetch.yaml", "--actor", "cem")
            let late = try await sandbox.succeed(task)
            #expect(late.errors == "")
            try await sandbox.succeed("task", "disable", "5", "--actor", "dan")
            let log = try await sandbox.succeed("log").text
            for words in [
                "task_type_registered  load, run by runbook:fetch, by ann", "Z, by ben",
                "runbook_stored  fetch, version 1, by cem", ", by dan",
            ] {
                #expect(log.contains(words), "\(words): \(log)")
            }
            #expect(!log.contains("nobody"), "\(log)")
        }
    }

    @Test func aStoredRunbookIsRunAndItsTasksAdapt() async throws {
        try await withSandbox { sandbox in
            try await prepare(sandbox)
            let created = try await sandbox.succeed("task", "add", "load", "http://news", "depth=3")
            #expect(created.text.hasPrefix("Created 1 tasks\n\nTask "))
            #expect(
                created.text.contains("  Args:\n    'http://news'\n  Keyword args:\n    depth: 3\n")
            )
            try await sandbox.succeed("task", "add", "load", "http://old", "-p", "oneshot")
            let pending = try await sandbox.succeed("task", "list-pending", "load")
            #expect(pending.text.hasPrefix("Found 2 load tasks\n\nTask "))
            #expect(!pending.text.contains("Status:"))
            try await sandbox.succeed("work", "--until-idle")
            let all = try await tasks(
                sandbox,
                "-s",
                "next_run_not_scheduled",
                "-s",
                "completed",
                "-r"
            )
            #expect(all.compactMap { $0["interval"].string } == ["345600s", "691200s"])
            #expect(
                all.compactMap { $0["status"].string } == ["next_run_not_scheduled", "completed"]
            )
            #expect(all[0]["runs"].elements[0]["status"] == "eventful")
            #expect(all[1]["runs"].elements[0]["status"] == "uneventful")
            #expect(try await Set(sandbox.loggedLines()) == ["http://news 3", "http://old 1"])
            #expect(try await sandbox.succeed("task", "list").text.hasPrefix("Found 1 tasks\n"))
            #expect(
                try await sandbox.succeed("task", "list-pending", "load").text
                    == "Found 0 load tasks\n"
            )
            try await sandbox.succeed("verify")
        }
    }

    @Test func whatDoesNotFitIsRefusedWithItsLine() async throws {
        try await withSandbox { sandbox in
            try await prepare(sandbox)
            for (words, found) in [
                (["task", "add", "load"], "\"url\""),
                (["task", "add", "load", "a", "depth=x"], "\"depth\""),
                (["task", "add", "load", "a", "2", "3"], "3 positional"),
                (["task", "add", "load", "a", "url=b"], "by position and by name"),
                (["task", "add", "load", "a", "colour=red"], "\"colour\""),
            ] {
                let result = try await sandbox.daybook(words)
                #expect(result.status == 64, "\(words): \(result.errors)")
                #expect(result.errors.contains(found), "\(words): \(result.errors)")
            }
            #expect(try await sandbox.daybook("task", "add", "none").status == 3)
            try sandbox.write("load,\"[\"\"a\"\"]\",,\nload,[],,\n", to: "tasks.csv")
            let result = try await sandbox.daybook("task", "schedule", "tasks.csv")
            #expect(result.status == 64 && result.errors.contains("line 2"), "\(result.errors)")
            #expect(try await tasks(sandbox).isEmpty)
        }
    }

    @Test func aTableIsScheduledAndTasksAreRespawnedAndArchived() async throws {
        try await withSandbox { sandbox in
            try await prepare(sandbox)
            try sandbox.write(
                "load;[\"http://a\"];oneshot;;\nload;[\"http://bad\"];recurring;high;1h\n",
                to: "tasks.csv"
            )
            let words = [
                "task", "schedule", "tasks.csv", "-c", "type,args,policy,priority,next_run", "-d",
                ";",
            ]
            #expect(try await sandbox.succeed(words).text.hasPrefix("Created 2 tasks\n"))
            // The one that comes again is there; the other one is asked for at another time.
            #expect(try await sandbox.succeed(words).text.hasPrefix("Created 2 tasks\n"))
            #expect(try await tasks(sandbox).count == 3)
            let urgent = try #require(try await tasks(sandbox, "-P", "high").first?["id"].integer)
            try await sandbox.succeed("work", "--until-idle", "--with-priority")
            #expect(try await tasks(sandbox).count == 3)
            let respawned = try await sandbox.succeed("task", "respawn", "\(urgent)")
            #expect(respawned.text == "Respawn tasks [\(urgent)]\n")
            try await sandbox.succeed("work", "--until-idle", "--with-priority")
            #expect(
                try await tasks(sandbox, "-i", "\(urgent)", "-r")[0]["runs"].elements.count == 1
            )
            try await sandbox.succeed("work", "--until-idle", "--task-type", "other")
            try await sandbox.succeed("work", "--until-idle", "--no-schedules")
            #expect(try await tasks(sandbox, "-s", "completed").isEmpty)
            try await sandbox.succeed("work", "--until-idle")
            #expect(try await tasks(sandbox, "-s", "completed").count == 2)
            try await sandbox.succeed("task", "disable", "\(urgent)")
            let dry = try await sandbox.succeed("task", "archive", "--dry-run").text
            #expect(dry.hasPrefix("Would archive tasks ["))
            try await sandbox.succeed("task", "archive")
            #expect(try await tasks(sandbox, "-s", "completed", "-s", "disabled").isEmpty)
            try await sandbox.succeed("verify")
        }
    }

    @Test func typesAreListedAndRegisteredFromAFile() async throws {
        try await withSandbox { sandbox in
            try await prepare(sandbox)
            try sandbox.write(
                """
                [{"type": "index", "backend": "index", "description": "Indexes",
                  "default_interval": "1d", "num_retries": 2, "retry_delay": "5m"}]
                """,
                to: "types.json"
            )
            #expect(try await sandbox.succeed("task-type", "register", "types.json").text == "OK\n")
            let again = try await sandbox.succeed("task-type", "add", "index", "other")
            #expect(again.errors.contains("index is registered already"))
            #expect(
                try await sandbox.succeed("task-type", "list").text
                    == "Known task types:\nindex:\n  Indexes\nload:\n  Loads an origin\n"
            )
            #expect(
                try await sandbox.succeed("task-type", "list", "-v", "-t", "load").text
                    == """
                    Known task types:
                    load: runbook:fetch
                      Loads an origin
                      interval: 8 days, 0:00:00 [1 day, 0:00:00, 64 days, 0:00:00]
                      backoff_factor: 2.0
                      max_queue_length: 1000
                      num_retries: None
                      retry_delay: None

                    """
            )
            let listed = try await sandbox.succeed("task-type", "list", "-n", "index", "--json")
                .json
            #expect(listed["types"].elements.map { $0["retryDelay"].string } == ["300s"])
            try sandbox.write(
                "[{\"type\": \"x\", \"backend\": \"y\", \"colour\": 1}]",
                to: "types.json"
            )
            #expect(try await sandbox.daybook("task-type", "register", "types.json").status == 64)
        }
    }

    @Test func runbooksAreStoredInVersions() async throws {
        try await withSandbox { sandbox in
            try await prepare(sandbox)
            let again = try await sandbox.succeed("runbook", "add", "fetch.yaml")
            #expect(again.text == "fetch version 1 is there already\n")
            try sandbox.write(Self.fetch + "\n# changed\n", to: "fetch.yaml")
            try await sandbox.succeed("runbook", "add", "fetch.yaml")
            #expect(try await sandbox.succeed("runbook", "list").text == "fetch version 2\n")
            #expect(
                try await sandbox.succeed("runbook", "show", "fetch").text
                    == Self.fetch + "\n# changed\n"
            )
            #expect(try await sandbox.daybook("runbook", "show", "none").status == 3)
        }
    }

    /// A process that waits for nothing is told of a task that another one creates.
    @Test func aWorkerThatWaitsRunsWhatOthersCreate() async throws {
        try await withSandbox { sandbox in
            try await prepare(sandbox)
            let worker = try sandbox.start("work", "--jsonl")
            try await sandbox.succeed("task", "add", "load", "http://first", "-p", "oneshot")
            try await worker.line(containing: "completed")
            try sandbox.write(Self.fetch + "\n# changed\n", to: "fetch.yaml")
            try await sandbox.succeed("runbook", "add", "fetch.yaml")
            try await sandbox.succeed("task", "add", "load", "http://second", "-p", "oneshot")
            try await worker.line(containing: "completed")
            worker.signal(2)
            try await worker.finish()
            #expect(try await tasks(sandbox, "-s", "completed").count == 2)
        }
    }

    /// Two processes work at once, and one of them is killed in the middle: each task is dispatched once
    /// for each time that it was due.
    @Test func ofTwoProcessesEachTaskIsDispatchedOnce() async throws {
        try await withSandbox { sandbox in
            try await prepare(sandbox)
            let lines = (0..<40).map { "load,\"[\"\"http://\($0)\"\"]\",,\n" }
            try sandbox.write(lines.joined(), to: "tasks.csv")
            try await sandbox.succeed("task", "schedule", "tasks.csv")
            let killed = try sandbox.start("work", "--jsonl")
            let others = try (0..<2).map { _ in try sandbox.start("work", "--until-idle") }
            try await killed.line(containing: "completed")
            killed.signal(9)
            try await killed.finish()
            for other in others {
                let result = try await other.finish()
                #expect(result.status == 0, "\(result.errors)")
            }
            try await sandbox.succeed("work", "--until-idle")
            let events = try await sandbox.events()
            #expect(events.count { $0 == "task_dispatched" } == 40)
            #expect(events.count { $0 == "task_run_ended" } == 40)
            let all = try await tasks(sandbox, "-r")
            #expect(all.allSatisfy { $0["runs"].elements.count == 1 && $0["run"].string == nil })
            try await sandbox.succeed("verify")
        }
    }
}
