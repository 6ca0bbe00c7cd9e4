import DaybookTestKit
import Testing

@testable import Daybook

/// What an engine says of itself: how much there is of what, and whether it can work.
@Suite(.timeLimit(.minutes(20))) struct FiguresTests {
    private let room = ClockedJournal()

    private let code: Scripted.Code = { input, context in
        if input == 1 { throw OperationError(code: "bad", message: "no") }
        return input == 2 ? try await context.receive("go", as: String.self) : "done"
    }

    @Test func theyCountWhatIsOpenAndWhatHasEnded() async throws {
        try await withJournal(room.creation) { path in
            try await withEngine(path, room.options, code: code) { engine in
                let before = try await engine.figures()
                #expect(before.open == 0)
                #expect(before.oldestReady == nil)
                #expect(before.endings == EndingCounts())
                for (id, input) in [("a", 0), ("b", 1), ("c", 2), ("d", 2)] {
                    try await engine.start(Scripted.self, id: id, input: input)
                    _ = try await engine.wait(for: id) { $0.isClosed || $0.status == .waiting }
                }
                try await engine.submit(Scripted.self, id: "e", input: 0)
                _ = try await engine.submit(type: "of nobody", id: "f", data: [0x31])
                try await engine.execute("f")
                try await engine.pause("d")
                room.clock.pass(.seconds(90))
                let figures = try await engine.figures()
                #expect(figures.open == 4)
                #expect(figures.submitted == 1)
                #expect(figures.ready == 1)
                #expect(figures.running == 0)
                #expect(figures.waiting == 2)
                #expect(figures.paused == 1)
                #expect(figures.parked == 0)
                #expect(try #require(figures.oldestReady) >= .seconds(90))
                #expect(try #require(figures.oldestReady) < .seconds(100))
                #expect(figures.endings.completed == 1)
                #expect(figures.endings.failed == 1)
                #expect(figures.commits > before.commits)
                #expect(try #require(figures.lastCommit) > .zero)
                #expect(figures.entries > before.entries)
                #expect(try figures.entries <= engine.journal.store.read { try $0.entryCount() })
                #expect(try #require(figures.journalBytes) > 10_000)
                try await engine.cancel("c")
                #expect(try await engine.figures().endings.cancelled == 1)
            }
        }
    }

    @Test func anEngineIsReadyUntilItIsClosed() async throws {
        try await withJournal { path in
            let engine = try await Engine.open(at: path, workflows: [Scripted(body: code)])
            let readiness = await engine.readiness
            #expect(readiness.isReady)
            #expect(readiness.canClaim)
            #expect(readiness.problem == nil)
            #expect(readiness.lastCommitAt != nil)
            #expect(try #require(readiness.freeBytes) > 0)
            try await engine.close()
            let closed = await engine.readiness
            #expect(!closed.isReady)
            #expect(closed.problem?.contains("closed") == true)
        }
    }

    @Test func anEngineThatClaimsNothingIsReadyAndSaysSo() async throws {
        try await withJournal { path in
            var options = EngineOptions()
            options.claims = .nothing
            try await withEngine(path, options, code: code) { engine in
                let readiness = await engine.readiness
                #expect(readiness.isReady)
                #expect(!readiness.canClaim)
            }
        }
    }
}
