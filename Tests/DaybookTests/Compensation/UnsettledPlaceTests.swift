import Daybook
import DaybookModel
import DaybookSystem
import DaybookTestKit
import Testing

/// A later attempt that asks for something else in the place of a checkpoint of which nobody knows what it has
/// done.
@Suite(.timeLimit(.minutes(20))) struct UnsettledPlaceTests {
    private let room = ClockedJournal()

    /// How the code asks for the place in its second attempt.
    enum Other: CaseIterable {
        case checkpoint
        case wait
        case value
    }

    /// Pays with the card, which takes too long in the first attempt.
    private func code(
        _ calls: CallLog,
        _ other: Locked<Other?>,
        _ reached: AsyncStream<Void>.Continuation
    ) -> Scripted.Code {
        { _, context in
            switch other.withLock({ $0 }) {
            case .checkpoint:
                try await context.checkpoint("bank", compensate: { _, _ in calls.add("undo bank") })
                { _ in calls.add("bank") }
            case .wait: _ = try await context.receive("bank", as: Int.self)
            case .value: try await context.output("bank", 1)
            case nil:
                // Code that is mended goes on with what has begun.
                if calls.lines.contains("card") {
                    #expect(try await !context.version("by bank"))
                }
                try await context.checkpoint(
                    "card",
                    options: CheckpointOptions(timeout: .seconds(5)),
                    compensate: { _, _ in calls.add("undo card") }
                ) { _ in
                    calls.add("card")
                    guard calls.lines.count == 1 else { return }
                    reached.finish()
                    try await untilCancelled()
                }
            }
            return "\(try await context.receive("go", as: Int.self))"
        }
    }

    @Test(arguments: Other.allCases) func itIsRefusedAndNothingIsLost(_ kind: Other) async throws {
        let calls = CallLog()
        let other = Locked<Other?>(nil)
        let (begun, reached) = AsyncStream.makeStream(of: Void.self)
        try await withJournal(room.creation) { path in
            let code = code(calls, other, reached)
            try await withEngine(path, room.options, code: code) { engine in
                try await engine.start("a", ExecutionOptions(retry: RetryPolicy(maxAttempts: 2)))
                for await _ in begun {}
                other.withLock { $0 = kind }
                room.clock.pass(.seconds(5))
                _ = try await engine.wait(for: "a") { $0.attempt == 1 && $0.isDelayed }
                room.clock.pass(.seconds(3600))
                let record = try await engine.wait(for: "a") {
                    $0.isParked || $0.status == .waiting
                }
                let message = try #require(record.parkingReason?.message)
                #expect(message.contains(#""card": it may have happened, and is to be undone"#))
                #expect(calls.lines == ["card"])
                // Code that goes on with it does, and what it has done is undone.
                other.withLock { $0 = nil }
                try await engine.retry("a")
                try await engine.untilWaiting()
                #expect(calls.lines == ["card", "card"])
                try await engine.cancel("a")
                _ = try await engine.waitForEnd(of: "a")
                #expect(calls.lines == ["card", "card", "undo card"])
            }
        }
    }
}
