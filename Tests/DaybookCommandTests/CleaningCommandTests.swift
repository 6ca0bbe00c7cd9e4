import Daybook
import DaybookSystem
import Testing

/// What the command says of an execution that was ended from outside, and has something to clean up.
@Suite struct CleaningCommandTests {
    private struct Trip: Workflow {
        static let name = "trip"

        func run(_ input: Int, _ context: WorkflowContext) async throws -> String {
            for name in ["room", "flight"] {
                try await context.onUnfinished("release \(name)") { scope in
                    try await scope.checkpoint("release") { _ in }
                }
            }
            return try await context.receive("word")
        }
    }

    private func waiting(_ sandbox: Sandbox) async throws {
        try await Engine.withOpen(at: sandbox.journal, workflows: [Trip()]) { engine in
            try await engine.start(Trip.self, id: "a", input: 1)
            _ = try await engine.wait(for: "a") { $0.status == .waiting }
        }
    }

    @Test func itIsShownUntilSomebodyRunsIt() async throws {
        try await withSandbox { sandbox in
            try await waiting(sandbox)
            let answer = try await sandbox.succeed("cancel", "a", "--yes").text
            #expect(answer == "a cancelled\n")
            #expect(try await sandbox.succeed("status", "a").text == "cancelled, cleaning\n")
            let show = try await sandbox.succeed("show", "a").text
            #expect(show.contains("to clean   release flight, release room"))
            #expect(show.contains("registered for an end from outside"))
            let why = try await sandbox.succeed("why", "a").text
            #expect(why.contains("a was cancelled, and is cleaning up"))
            #expect(why.contains("waits for a worker that serves the workflow trip"))
            let json = try await sandbox.succeed("show", "a", "--json").json
            #expect(json["cleaning"].elements == ["release flight", "release room"])
            try await Engine.withOpen(at: sandbox.journal, workflows: [Trip()]) { engine in
                _ = try await engine.waitForEnd(of: "a")
            }
            #expect(try await sandbox.succeed("status", "a").text == "cancelled\n")
            let shown = try await sandbox.succeed("show", "a").text
            #expect(shown.contains("cleaned up"))
            let log = try await sandbox.succeed("log", "--type", "cleaning_ended").text
            #expect(log.contains("release flight") && log.contains("release room"))
            try await check(sandbox)
        }
    }

    @Test func forceLeavesItOut() async throws {
        try await withSandbox { sandbox in
            try await waiting(sandbox)
            try await sandbox.succeed("cancel", "a", "--yes")
            let rehearsal = try await sandbox.succeed("cancel", "a", "--force", "--dry-run").text
            #expect(rehearsal == "would be recorded: cleaning_skipped, execution_closed\n")
            try await sandbox.succeed("cancel", "a", "--force", "--yes", "--reason", "enough")
            #expect(try await sandbox.succeed("status", "a").text == "cancelled\n")
            #expect(try await sandbox.succeed("log").text.contains("enough"))
            try await check(sandbox)
        }
    }

    /// Two readers that have nothing in common find nothing wrong.
    private func check(_ sandbox: Sandbox) async throws {
        try await sandbox.succeed("verify")
        let python = try await Python.withPackages("lmdb", "google.protobuf")
        let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let result = try await RunningCommand(
            [python, "/\(root)/tools/journal.py", "verify", sandbox.journal]
        ).finish()
        #expect(result.status == 0, "\(result.errors)")
    }
}
