import Daybook
import DaybookTestKit
import Testing

/// What `run` and `show` say at the end of a run.
@Suite struct RunSummaryTests {
    @Test func whatFailedIsCountedNamedAndCanBeRetried() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(
                """
                name: test
                blocks:
                - name: first
                  jobs: [{ name: one, run: "true" }]
                - name: many
                  each: [ada, eve]
                  limit: 1
                  jobs: [{ name: kyc, run: 'test "$EACH_ITEM" = ada' }]
                """
            )
            let run = try await sandbox.daybook("run", "runbook.yaml", "--id", "x")
            #expect(run.status == 7)
            for text in [
                "2 jobs done now, 1 failed, 0 taken from the journal",
                "the job kyc[1] (eve) exited with status 1", "`daybook retry x` opens it again",
            ] {
                #expect(run.errors.contains(text), "\(run.errors)")
            }
        }
    }

    private struct Part: Workflow {
        static let name = "part"
        func run(_ input: Int, _ context: WorkflowContext) async throws -> String {
            try await context.receive("never")
        }
    }

    private struct Whole: Workflow {
        static let name = "whole"
        func run(_ input: Int, _ context: WorkflowContext) async throws -> Int {
            try await context.spawn(Part.self, input: 1)
            return 1
        }
    }

    @Test func whatIsWaitedForIsToldUntilTheEnd() async throws {
        try await withSandbox { sandbox in
            try await Engine.withOpen(at: sandbox.journal, workflows: [Part(), Whole()]) { engine in
                try await engine.start(Whole.self, id: "w", input: 1)
                let record = try await engine.wait(for: "w") { record in
                    record.waits.contains { $0.kind == .children }
                }
                #expect(record.openChildren == 1)
            }
            let waiting = try await sandbox.succeed("show", "w").text
            #expect(waiting.contains("until all that was spawned has ended"), "\(waiting)")
            #expect(!waiting.contains("until it comes"), "\(waiting)")
            let code: Scripted.Code = { _, context in
                try await context.receive("approval", as: String.self, timeout: .seconds(600)).value
                    ?? ""
            }
            try await withEngine(sandbox.journal, code: code) { engine in
                try await engine.start()
                try await engine.untilWaiting()
                try await engine.cancel("a")
                _ = try await engine.waitForEnd(of: "a")
            }
            let ended = try await sandbox.succeed("show", "a").text
            #expect(ended.contains("stopped"), "\(ended)")
            #expect(ended.contains("until the execution ended"), "\(ended)")
            #expect(!ended.contains("waiting"), "\(ended)")
        }
    }
}
