import Daybook
import DaybookModel
import DaybookSystem
import Testing

/// Gives outputs, in two runs of one id, and fails if it is told to.
struct Giving: Workflow {
    static let name = "giving"

    func run(_ input: Int, _ context: WorkflowContext) async throws -> String {
        try await context.output("url", "https://example.com/\(input)")
        try await context.output("count", input)
        try await context.output("url", "https://example.com/\(input)/last")
        if input == 1 { throw try context.continueAsNew(Giving.self, input: 2) }
        if input == 7 { throw OperationError(code: "bad", message: "no luck") }
        return "done"
    }

    /// Has executions of it run to their ends: `a` in two runs, `b` once, `c` to its failure.
    static func fill(_ path: String) async throws {
        try await Engine.withOpen(at: path, workflows: [Giving()]) { daybook in
            let retry = RetryPolicy(maxAttempts: 2, baseDelay: .zero)
            let all = ExecutionOptions(retry: retry, timeout: .seconds(600), delay: .nanoseconds(1))
            for (id, input) in [("a", 1), ("b", 2), ("c", 7)] {
                let options = id == "b" ? ExecutionOptions() : all
                try await daybook.start(Giving.self, id: id, options: options, input: input)
                let record = try await daybook.waitForEnd(of: id)
                #expect(record.status == (id == "c" ? .failed : .completed))
            }
        }
    }
}

/// What the commands tell of a record.
@Suite struct RecordCommandTests {
    @Test func whatHasEndedIsToldOfAsFullyAsWhatIsOpen() async throws {
        try await withSandbox { sandbox in
            try await Giving.fill(sandbox.journal)
            for command in ["status", "show", "why"] {
                let record = try await sandbox.succeed(command, "c", "--json").json
                #expect(record["status"] == "failed", "\(command)")
                #expect(record["errorCode"] == "bad", "\(command)")
                #expect(record["retry"]["maxAttempts"] == 2, "\(command)")
                #expect(record["timeout"] == "600.0 seconds", "\(command)")
                #expect(record["outputs"].elements.map { $0["name"] } == ["url", "count"])
                let entry = try #require(record["outputs"][0]["sequence"].integer)
                let value = try await sandbox.succeed("entry", "\(entry)").text
                #expect(value.contains("https://example.com/7/last"), "\(value)")
                #expect(record["lastError"] == .null, "\(command)")
            }
            let plain = try await sandbox.succeed("status", "b", "--json").json
            #expect(plain["retry"] == .null && plain["timeout"] == .null && plain["delay"] == .null)
            let first = try #require(
                try await sandbox.succeed("status", "a", "--json").json["continuedFrom"].integer
            )
            #expect(try await sandbox.entries()[first]["event"] == "execution_submitted")
        }
    }

    @Test func whatIsOpenAfterAFailureTellsOfIt() async throws {
        try await withSandbox { sandbox in
            try await Giving.fill(sandbox.journal)
            let end = try #require(
                try await sandbox.succeed("status", "c", "--json").json["last"].integer
            )
            #expect(!(try await sandbox.succeed("show", "c").text.contains("last error")))
            try await sandbox.succeed("retry", "c", "--yes")
            for command in ["status", "show", "why"] {
                let record = try await sandbox.succeed(command, "c", "--json").json
                #expect(record["status"] == "ready")
                #expect(record["lastError"]["code"] == "bad")
                #expect(record["lastError"]["message"] == "no luck")
                #expect(record["lastError"]["sequence"].integer == end)
            }
            let show = try await sandbox.succeed("show", "c").text
            #expect(show.contains("  last error bad: no luck (entry \(end))\n"), "\(show)")
            let why = try await sandbox.succeed("why", "c").text
            #expect(
                why.contains(
                    "  the last attempt that failed ended with bad: no luck (entry \(end))\n"
                ),
                "\(why)"
            )
            try await sandbox.succeed("verify")
        }
    }
}
