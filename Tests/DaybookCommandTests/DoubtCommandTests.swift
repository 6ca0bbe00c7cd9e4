import Daybook
import DaybookTestKit
import Testing

/// What the command says and does about operations that may have happened, and about pinned
/// executions.
@Suite struct DoubtCommandTests {
    private static let options = CheckpointOptions(onDoubt: .askPerson, recordsInput: true)

    private static let code: Scripted.Code = { _, context in
        try await context.checkpoint("pay", input: "12 EUR", options: options) { _ in "paid" }
    }

    /// Leaves an execution that is parked because a payment may have happened.
    private func leaveInDoubt(_ path: String) async throws {
        let (reached, signal) = AsyncStream.makeStream(of: Void.self)
        try await withEngine(
            path,
            code: { _, context in
                try await context.checkpoint("pay", input: "12 EUR", options: Self.options) { _ in
                    signal.yield()
                    try await untilCancelled()
                    return ""
                }
            }
        ) { engine in
            try await engine.start()
            for await _ in reached { break }
        }
        try await withEngine(path, code: Self.code) { _ = try await $0.waitForEnd(of: "a") }
    }

    @Test func whatMayHaveHappenedIsNamedAndResolved() async throws {
        try await withSandbox { sandbox in
            try await leaveInDoubt(sandbox.journal)
            let why = try await sandbox.succeed("why", "a").text
            #expect(why.contains("a is running, parked, in doubt"))
            #expect(why.contains("the operation pay (0) began at "))
            #expect(why.contains("daybook resolve --done JSON a 0"))
            let list = try await sandbox.succeed("list", "--parked").text
            #expect(list.contains("in doubt"))
            let show = try await sandbox.succeed("show", "a", "--json").json
            #expect(show["doubts"].elements.first?["name"] == "pay")
            #expect(show["operations"].elements.first?["input"] == "12 EUR")
            let shown = try await sandbox.succeed("show", "a").text
            #expect(shown.contains("may have happened"))

            let wrong = try await sandbox.daybook("resolve", "a", "1", "--not-done", "--yes")
            #expect(wrong.status == 4)
            #expect(wrong.errors.contains("not in doubt"))
            let none = try await sandbox.daybook("resolve", "a", "0", "--yes")
            #expect(none.status == 64)
            let planned = try await sandbox.succeed(
                "resolve",
                "a",
                "pay",
                "--not-done",
                "--dry-run"
            )
            #expect(planned.text.contains("operation_resolved"))
            let resolved = try await sandbox.succeed(
                "resolve",
                "a",
                "pay",
                "--done",
                "\"paid by hand\"",
                "--reason",
                "bank says so",
                "--yes"
            )
            #expect(resolved.text == "pay of a is done\n")
            let again = try await sandbox.daybook("resolve", "a", "0", "--not-done", "--yes")
            #expect(again.status == 4)

            let result = try await withEngine(sandbox.journal, code: Self.code) {
                try await $0.result()
            }
            #expect(result == "\"paid by hand\"")
            let log = try await sandbox.succeed("log").text
            #expect(log.contains("pay, done"))
            #expect(log.contains("bank says so"))
            #expect(log.contains("pay (given)"))
            try await sandbox.succeed("verify")
        }
    }

    private struct Pinned: Workflow {
        static let name = "pinned"
        static let isPinned = true

        func run(_ input: Int, _ context: WorkflowContext) async throws -> String {
            try await context.receive("go", as: String.self)
        }
    }

    @Test func aPinnedExecutionSaysWhichRevisionItWaitsFor() async throws {
        try await withSandbox { sandbox in
            var options = EngineOptions()
            options.revision = "r1"
            let engine = try await Engine.open(
                at: sandbox.journal,
                options,
                workflows: [Pinned()]
            )
            try await engine.start(Pinned.self, id: "a", input: 1)
            try await engine.untilWaiting("a")
            try await engine.close()
            try await sandbox.succeed("signal", "a", "go", "\"now\"")
            let why = try await sandbox.succeed("why", "a").text
            #expect(why.contains("pinned to the revision r1"))
            #expect(why.contains("daybook repin a --revision"))
            let repinned = try await sandbox.succeed("repin", "a", "--revision", "r2", "--yes")
            #expect(repinned.text == "a pinned to r2\n")
            #expect(try await sandbox.succeed("log").text.contains("to r2, by"))
            options.revision = "r2"
            let next = try await Engine.open(at: sandbox.journal, options, workflows: [Pinned()])
            let result = try await next.result(of: "a")
            try await next.close()
            #expect(result == "\"now\"")
        }
    }

    private struct PinnedSaga: Workflow {
        static let name = "pinned.saga"
        static let isPinned = true

        func run(_ input: Int, _ context: WorkflowContext) async throws -> String {
            try await context.onUnfinished("undo") { scope in
                try await scope.checkpoint("refund") { _ in }
            }
            return try await context.receive("go", as: String.self)
        }
    }

    @Test func aCleaningThatNobodyMayRunSaysSo() async throws {
        try await withSandbox { sandbox in
            var options = EngineOptions()
            options.revision = "r1"
            let engine = try await Engine.open(
                at: sandbox.journal,
                options,
                workflows: [PinnedSaga()]
            )
            try await engine.start(PinnedSaga.self, id: "a", input: 1)
            try await engine.untilWaiting("a")
            try await engine.close()
            try await sandbox.succeed("cancel", "a", "--yes")
            let why = try await sandbox.succeed("why", "a").text
            #expect(why.contains("pinned to the revision r1"))
            #expect(why.contains("daybook repin a --revision"))
        }
    }

    @Test func aRetryGoesOnOnceTheCodeIsMended() async throws {
        try await withSandbox { sandbox in
            let steps: Scripted.Code = { _, context in
                try await context.checkpoint("one") { _ in }
                return try await context.receive("go", as: String.self)
            }
            try await withEngine(sandbox.journal, code: steps) { engine in
                try await engine.start()
                try await engine.untilWaiting()
            }
            var other = EngineOptions()
            other.revision = "other code"
            try await withEngine(
                sandbox.journal,
                other,
                code: { _, context in
                    try await context.checkpoint("uno") { _ in }
                    return ""
                }
            ) { engine in
                try await engine.signal("a", "go", "now")
                _ = try await engine.waitForEnd(of: "a")
            }
            let why = try await sandbox.succeed("why", "a").text
            #expect(why.contains("records the checkpoint \"one\" by DaybookCommandTests/"))
            #expect(why.contains("context.version"))
            try await sandbox.succeed("retry", "a", "--yes", "--reason", "mended")
            let result = try await withEngine(sandbox.journal, code: steps) {
                try await $0.result()
            }
            #expect(result == "\"now\"")
        }
    }
}
