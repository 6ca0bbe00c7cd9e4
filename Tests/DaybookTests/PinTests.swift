import Daybook
import DaybookFormat
import DaybookModel
import DaybookTestKit
import Testing

/// Executions that only one revision of the code runs.
@Suite struct PinTests {
    private struct Pinned: Workflow {
        static let name = "pinned"
        static let isPinned = true
        let answer: String

        func run(_ input: Int, _ context: WorkflowContext) async throws -> String {
            let before = try await context.checkpoint("before") { _ in answer }
            _ = try await context.receive("go", as: Int?.self)
            return "\(before) \(answer)"
        }
    }

    private func withEngine<Result>(
        _ path: String,
        revision: String,
        _ body: (Engine) async throws -> Result
    ) async throws -> Result {
        var options = EngineOptions()
        options.revision = revision
        let engine = try await Engine.open(
            at: path,
            options,
            workflows: [Pinned(answer: revision)]
        )
        let result: Swift.Result<Result, any Error>
        do { result = .success(try await body(engine)) } catch { result = .failure(error) }
        try await engine.close()
        return try result.get()
    }

    @Test func onlyTheRevisionOfTheFirstClaimRunsIt() async throws {
        try await withJournal { path in
            try await withEngine(path, revision: "one") { engine in
                try await engine.start(Pinned.self, id: "a", input: 1)
                try await engine.untilWaiting("a")
                #expect(try engine.record(of: "a")?.revision == "one")
            }
            try await withEngine(path, revision: "two") { engine in
                try await engine.signal("a", "go", 1)
                try await engine.waitUntilIdle()
                let record = try #require(try engine.record(of: "a"))
                #expect(record.status == .ready && record.session == nil)
                // What is new is claimed by whoever comes.
                try await engine.start(Pinned.self, id: "b", input: 1)
                try await engine.untilWaiting("b")
            }
            let result = try await withEngine(path, revision: "one") {
                try await $0.result(of: "a")
            }
            #expect(result == "\"one one\"")
        }
    }

    @Test func aPersonHasAnotherRevisionRunIt() async throws {
        try await withJournal { path in
            try await withEngine(path, revision: "one") { engine in
                try await engine.start(Pinned.self, id: "a", input: 1)
                try await engine.untilWaiting("a")
                try await engine.signal("a", "go", 1, signalID: "s")
                _ = try await engine.waitForEnd(of: "a")
                try await engine.start(Pinned.self, id: "b", input: 1)
                try await engine.untilWaiting("b")
            }
            let result = try await withEngine(path, revision: "two") { engine in
                try await engine.signal("b", "go", 1)
                let answer = try await engine.repin(
                    "b",
                    to: "two",
                    by: Requester(reason: "one is gone")
                )
                #expect(!answer.wasSo)
                await #expect {
                    try await engine.repin("a", to: "two")
                } throws: {
                    ($0 as? Refusal)?.code == .wrongState
                }
                return try await engine.result(of: "b")
            }
            #expect(result == "\"one two\"")
        }
    }

    @Test func aRevisionIsTheProgramsDigestUnlessItIsGiven() async throws {
        try await withJournal { path in
            let engine = try await Engine.open(at: path, workflows: [Pinned(answer: "")])
            let revision = engine.sessions.last?.revision
            try await engine.close()
            #expect(revision?.text.utf8.count == 64)
        }
    }
}
