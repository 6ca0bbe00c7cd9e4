import DaybookSystem
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// Several processes in one journal at the same time.
@Suite struct TwoProcessTests {
    /// A job that tells its process through `up` and waits at `go` for leave to end with a status.
    private static let waiting = runbook(
        ["wait": "echo $$ > \"$INPUT_UP\"\nread -r line < \"$INPUT_GO\"\nexit \"$INPUT_STATUS\""],
        inputs: ["up", "go", "status"]
    )

    private struct Stage {
        let sandbox: Sandbox
        let up: Gate
        let go: Gate

        init(_ sandbox: Sandbox) throws {
            self.sandbox = sandbox
            up = try Gate(sandbox.folder + "/up")
            go = try Gate(sandbox.folder + "/go")
            try sandbox.write(TwoProcessTests.waiting)
        }

        func run(_ id: String, status: Int = 0) throws -> RunningCommand {
            try sandbox.start([
                "run", "runbook.yaml", "--id", id, "--jsonl", "--input", "up=\(up.path)",
                "--input", "go=\(go.path)", "--input", "status=\(status)",
            ])
        }
    }

    @Test func runsOfDifferentIDsShareAJournal() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(runbook(["a": "echo \"$DAYBOOK_EXECUTION\"", "b": "true"]))
            for round in 0..<12 {
                let pair = try ["left", "right"].map {
                    try sandbox.start("run", "runbook.yaml", "--id", "\($0)-\(round)")
                }
                for (run, side) in zip(pair, ["left", "right"]) {
                    let result = try await run.finish()
                    #expect(result.status == 0, "\(result.errors)")
                    #expect(result.text == "\(side)-\(round) completed\n")
                    #expect(!result.errors.contains("took over"), "\(result.errors)")
                }
            }
            let entries = try await sandbox.entries()
            #expect(entries.compactMap { $0["sequence"].integer } == Array(0..<entries.count))
            let times = entries.compactMap { $0["time"].string }
            #expect(times == times.sorted())
            let completed = entries.count { $0["event"] == "execution_completed" }
            #expect(completed == 24)
            // Nobody was taken for dead.
            #expect(!entries.contains { $0["event"] == "session_lost" })
            try await sandbox.succeed("verify")
        }
    }

    @Test func fourSubmittersLoseNothing() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(runbook(["a": "true"]))
            let ids = (0..<24).map { "id-\($0)" }
            for first in stride(from: 0, to: ids.count, by: 4) {
                let started = try ids[first..<first + 4].map {
                    try sandbox.start("submit", "runbook.yaml", "--id", $0)
                }
                for submission in started { #expect(try await submission.finish().status == 0) }
            }
            let list = try await sandbox.succeed("list", "--json").json["executions"].elements
            #expect(Set(list.compactMap { $0["id"].string }) == Set(ids))
            try await sandbox.succeed("verify")
        }
    }

    @Test func oneIDIsSubmittedOnceByTwo() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(runbook(["a": "true"]))
            for round in 0..<8 {
                let pair = try (0..<2).map { _ in
                    try sandbox.start("submit", "runbook.yaml", "--id", "r\(round)", "--json")
                }
                var existed: [JSON] = []
                for submission in pair {
                    existed.append(try await submission.finish().json["existed"])
                }
                #expect(existed.count { $0 == true } == 1)
            }
        }
    }

    // MARK: A run of what another process runs

    @Test(arguments: [0, 3])
    func aRunOfWhatAnotherRunsWaitsAndReportsItsEnd(_ status: Int) async throws {
        try await withSandbox { sandbox in
            let stage = try Stage(sandbox)
            let first = try stage.run("x", status: status)
            try await stage.up.line()
            let second = try stage.run("x", status: status)
            try await second.line(containing: #""event":"submitted","id":"x","#)
            stage.go.pass()
            let expected: Int32 = status == 0 ? 0 : 7
            #expect(try await first.finish().status == expected)
            #expect(try await second.finish().status == expected)
            let show = try await sandbox.succeed("show", "x", "--json").json
            #expect(show["status"] == (status == 0 ? "completed" : "failed"))
            #expect(show["operations"].elements.map { $0["starts"] } == [1])
            try await sandbox.succeed("verify")
        }
    }

    @Test func aRunGoesOnWhenTheOneThatItWaitsForGivesItBack() async throws {
        try await withSandbox { sandbox in
            let stage = try Stage(sandbox)
            let first = try stage.run("x")
            try await stage.up.line()
            let second = try stage.run("x")
            try await second.line(containing: #""event":"submitted""#)
            first.signal(SIGINT)
            first.signal(SIGTERM)
            #expect(try await first.finish().status == 130)
            // Now the second one runs the job.
            try await stage.up.line()
            stage.go.pass()
            #expect(try await second.finish().status == 0)
            #expect(try await sandbox.succeed("status", "x").text == "completed\n")
        }
    }

    @Test func aRunGoesOnAtOnceWhenTheOneThatItWaitsForIsKilled() async throws {
        try await withSandbox { sandbox in
            let stage = try Stage(sandbox)
            let first = try stage.run("x")
            try await stage.up.line()
            let second = try stage.run("x")
            try await second.line(containing: #""event":"submitted""#)
            first.signal(SIGKILL)
            try await first.finish()
            try await second.line(containing: #""event":"took over""#)
            // The job that the dead process left has been ended, and runs again.
            try await stage.up.line()
            stage.go.pass()
            #expect(try await second.finish().status == 0)
            let events = try await sandbox.entries().compactMap { $0["event"].string }
            #expect(events.count { $0 == "session_lost" } == 1)
            #expect(events.count { $0 == "lease_lost" } == 1)
            try await sandbox.succeed("verify")
        }
    }

    @Test func workTakesWhatAnotherProcessMakesReady() async throws {
        try await withSandbox { sandbox in
            let work = try sandbox.start("work")
            try sandbox.write(runbook(["a": "true"]))
            // It is open once its session is there.
            try await waitForSession(sandbox)
            for id in ["a", "b"] {
                try await sandbox.succeed("submit", "runbook.yaml", "--id", id)
                try await sandbox.succeed("exec", id)
                try await work.line(containing: "\(id) completed")
            }
            work.signal(SIGTERM)
            #expect(try await work.finish().status == 0)
        }
    }

    private func waitForSession(_ sandbox: Sandbox) async throws {
        let follow = try sandbox.start("log", "--follow", "--jsonl")
        try await follow.line(containing: "session_opened")
        follow.signal(SIGKILL)
        try await follow.finish()
    }
}
