import DaybookFormat
import DaybookModel
import Testing

@testable import Daybook

/// Who is told of what.
@Suite(.timeLimit(.minutes(20))) struct NewsBoardTests {
    private static func made<Value>(_ value: Value, _ fill: (inout Value) -> Void) -> Value {
        var value = value
        fill(&value)
        return value
    }

    /// What comes while the code runs: it goes on by itself.
    private static let steps: [ProtoEntry.OneOf_Event] = [
        .childStarted(made(.init()) { $0.child = 9 }), .childEnded(made(.init()) { $0.child = 9 }),
        .timerFired(.init()), .signalDelivered(.init()),
    ]

    /// What has ended, or may be ready, so that it is seen whether it can go on here.
    private static let ends: [ProtoEntry.OneOf_Event] = [
        .executionFailed(.init()), .executionParked(.init()), .executionClosed(.init()),
        .executionContinued(.init()), .attemptFailed(.init()), .executionReadied(.init()),
        .childEnded(
            made(.init()) {
                $0.child = 9
                $0.readies = true
            }
        ), .timerFired(made(.init()) { $0.readies = true }),
        .signalDelivered(made(.init()) { $0.readies = true }),
    ]

    private func isTold(_ subject: NewsBoard.Subject, of event: ProtoEntry.OneOf_Event)
        async throws -> Bool
    {
        let board = NewsBoard()
        let waiting = Task { await board.wait(for: subject) { false } }
        while !board.isAwaited(subject) { await Task.yield() }
        let entry = Self.made(ProtoEntry()) {
            $0.sequence = 8
            $0.stream = 7
            $0.event = event
        }
        var news = News()
        try entry.encoded().withUnsafeBytes { news.note(try EntryView($0)) }
        board.publish(news)
        let isTold = !board.isAwaited(subject)
        board.close()
        _ = await waiting.value
        return isTold
    }

    /// Of a family of 100,000 as well: each look reads the history of what is in the batch under way.
    @Test func whoeverWaitsForAnEndDoesNotLookAtEachStep() async throws {
        for event in Self.steps {
            #expect(try await !isTold(.output(7), of: event), "\(event)")
            #expect(try await isTold(.execution(7), of: event), "\(event)")
        }
    }

    @Test func whoeverWaitsForAnEndIsToldOfIt() async throws {
        for event in Self.ends {
            #expect(try await isTold(.output(7), of: event), "\(event)")
            #expect(try await isTold(.execution(7), of: event), "\(event)")
        }
    }
}
