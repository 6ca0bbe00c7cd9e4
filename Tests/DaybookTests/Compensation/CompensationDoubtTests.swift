import Daybook
import DaybookModel
import DaybookSystem
import DaybookTestKit
import Testing

/// What is undone of checkpoints whose process ended before they did.
@Suite struct CompensationDoubtTests {
    private let room = ClockedJournal()

    /// What is known of the first run of a body whose process ended, when the second one fails.
    enum FirstRun: CaseIterable { case unknown, lookedAt, lookFailed, saidNotDone }

    /// The failure is that of the second run: it says nothing of what the first one did.
    @Test(arguments: FirstRun.allCases)
    func whatBeganBeforeIsUndoneThoughItFailsWhenItRunsAgain(_ known: FirstRun) async throws {
        try await withJournal(room.creation) { path in
            let trip = Trip()
            let (reached, signal) = AsyncStream.makeStream(of: Void.self)
            let runs = Locked(0)
            let code: Scripted.Code = { _, context in
                let calls = trip.calls
                _ = try await trip.book("flight", context)
                var options = CheckpointOptions(recordsStart: true)
                if known == .saidNotDone { options.onDoubt = .askPerson }
                let looks:
                    ((OperationContext) async throws -> WorkflowContext.Verification<String>)? = {
                        _ in
                        if known == .lookFailed, runs.withLock({ $0 }) > 0 {
                            throw Unwilling("blind")
                        }
                        return .notDone
                    }
                return try await context.checkpoint(
                    "car",
                    options: options,
                    verify: known == .lookedAt || known == .lookFailed ? looks : nil,
                    compensate: { value, _ in calls.add("undo \(value ?? "a doubt")") },
                    { _ in
                        let run = runs.withLock {
                            $0 += 1
                            return $0
                        }
                        guard run == 1 else { throw Unwilling("there is one") }
                        signal.yield()
                        try await untilCancelled()
                        return "car"
                    }
                )
            }
            try await withEngine(path, room.options, code: code) { daybook in
                try await daybook.start()
                for await _ in reached { break }
            }
            try await withEngine(path, room.options, code: code) { daybook in
                if known == .saidNotDone {
                    #expect(try await daybook.waitForEnd(of: "a").isParked)
                    _ = try await daybook.resolve(
                        "a",
                        OperationPath(scope: [], position: 1),
                        .notDone
                    )
                }
                let end = try await daybook.waitForEnd(of: "a")
                #expect(end.isClosed && end.status == .failed)
            }
            switch known {
            case .unknown, .lookFailed: #expect(trip.undone == ["a doubt", "flight"])
            case .lookedAt, .saidNotDone: #expect(trip.undone == ["flight"])
            }
        }
    }
}
