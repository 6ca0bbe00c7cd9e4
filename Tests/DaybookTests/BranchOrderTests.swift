import DaybookModel
import DaybookSystem
import DaybookTestKit
import Testing

@testable import Daybook

/// In which order the ends of branches count that run over their record again.
@Suite(.timeLimit(.minutes(20))) struct BranchOrderTests {
    private struct No: Error {}

    /// The branch whose failure is recorded takes long to come to its end again, and the other one decides.
    @Test func whatHadEndedCountsBeforeWhatEndsNow() async throws {
        let (opened, open) = AsyncStream.makeStream(of: Void.self)
        let isSlow = Locked(false)
        var options = EngineOptions()
        // Whatever only waits is let go of, and runs over its record when it goes on.
        options.maxResident = 0
        let code: Scripted.Code = { _, context in
            let outcomes = try await context.map("all", 0..<2, until: Completion(minSuccesses: 1)) {
                scope,
                number in
                _ = try await scope.receive("end\(number)", as: Int.self)
                guard number == 0 else {
                    Task {
                        for _ in 0..<50 { await Task.yield() }
                        open.finish()
                    }
                    return number
                }
                do {
                    try await scope.checkpoint("work") { _ in throw No() }
                } catch {
                    if isSlow.withLock({ $0 }) { for await _ in opened {} }
                    throw error
                }
                return number
            }
            return outcomes.results.map { $0 == nil ? "-" : "ended" }.joined(separator: " ")
        }
        try await withJournal { path in
            try await withEngine(path, options, code: code) { daybook in
                try await daybook.start()
                try await daybook.untilWaiting()
                try await daybook.signal("a", "end0", 1)
                _ = try await daybook.wait(for: "a") {
                    $0.status == .waiting && $0.waits.count == 1
                }
                try await daybook.waitUntilIdle()
                isSlow.withLock { $0 = true }
                try await daybook.signal("a", "end1", 1)
                #expect(try await daybook.result() == "\"ended ended\"")
            }
        }
    }

    /// What had ended follows from what waited: branches begin in their order, and when less than may be under
    /// way waits, all have begun.
    @Test(
        arguments: [
            (nil, 4, 4, []),
            ([], 3, 3, [0, 1, 2]),
            ([0, 1, 2], 3, 3, []),
            ([1], 4, 4, [0, 2, 3]),
            ([1, 4], 9, 2, [0, 2, 3]),
            ([1], 5, 2, [0, 2, 3, 4]),
            ([0], 5, 1, []),
            ([4], 5, 1, [0, 1, 2, 3]),
            ([2, 3], 4, 2, [0, 1]),
            // The scope of an end, which is none of the branches.
            ([1, 1 << 31], 2, 2, [0]),
        ] as [([UInt32]?, Int, Int, [Int])]
    )
    func whatHadEnded(_ waiting: [UInt32]?, _ count: Int, _ limit: Int, _ ended: [Int]) {
        let found = BranchOrder<Int>.ended(waiting.map { Set($0) }, count: count, limit: limit)
        #expect(found.sorted() == ended)
    }
}
