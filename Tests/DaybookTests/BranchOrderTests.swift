import DaybookSystem
import DaybookTestKit
import Testing

@testable import Daybook
@testable import DaybookModel

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

    // MARK: The order by itself

    private typealias Order = BranchOrder<Int>

    /// An order for branches of which something is recorded, where 2 and 3 waited last.
    private func order(of branches: [Int]) -> Order {
        var order = Order()
        for branch in branches { order.begin(branch, first: 10) }
        return order
    }

    private func end(
        _ branch: Int,
        failed: Bool = false,
        _ order: inout Order,
        _ tally: inout BranchTally
    ) -> [Int] {
        let result: Result<Int, any Error> = failed ? .failure(No()) : .success(branch)
        let end = Order.End(index: branch, result: result, time: Timestamp(rawValue: 1))
        let ends = order.ends(after: end, tally) {
            Replay.BranchesAtRest(sequence: 100, known: 0, waiting: [2, 3])
        }
        for end in ends { _ = tally.end(UInt32(end.index), failed: end.failure != nil) }
        return ends.map(\.index)
    }

    @Test func whatWouldDecideIsKeptUntilAllHaveEndedThatHad() {
        var order = order(of: [0, 1, 2, 3])
        var tally = BranchTally(.gather(Completion(minSuccesses: 2)), of: 4)
        #expect(end(2, &order, &tally) == [2])
        #expect(end(3, &order, &tally).isEmpty)
        // This one had ended, and would leave out the other one.
        #expect(end(0, &order, &tally).isEmpty)
        #expect(end(1, failed: true, &order, &tally) == [1, 0, 3])
    }

    @Test func nothingIsKeptForWhatIsNotUnderWay() {
        var order = order(of: [2])
        // Nothing is recorded of it: it had not begun.
        order.begin(1, first: nil)
        var tally = BranchTally(.gather(Completion(minSuccesses: 1)), of: 4)
        #expect(end(2, &order, &tally) == [2])
    }

    @Test func whatBeginsLaterAndHadEndedIsWaitedForToo() {
        var order = order(of: [0, 2])
        var tally = BranchTally(.gather(Completion(minSuccesses: 1)), of: 4)
        #expect(end(2, &order, &tally).isEmpty)
        order.begin(1, first: 20)
        order.begin(3, first: 30)
        #expect(end(0, failed: true, &order, &tally) == [0])
        #expect(end(1, failed: true, &order, &tally) == [1, 2])
    }

    // MARK: Attempts

    /// Branches that an attempt has not come to yet, because it waits before them, are not waited for.
    @Test func anAttemptThatHasNotComeToABranchDoesNotWaitForIt() async throws {
        let fails = Locked(true)
        var options = EngineOptions()
        options.maxResident = 0
        let code: Scripted.Code = { _, context in
            let outcomes = try await context.map(
                "all",
                0..<3,
                maxConcurrent: 1,
                until: Completion(minSuccesses: 1)
            ) { scope, number in
                guard number < 2 else { return try await scope.receive("late", as: Int.self) }
                try await scope.checkpoint("work") { _ in
                    if fails.withLock({ $0 }) { throw No() }
                }
                return try await scope.receive("go", as: Int.self)
            }
            return "\(outcomes.results.map { $0 == nil ? "-" : "ended" }) \(outcomes.reason)"
        }
        try await withJournal { path in
            try await withEngine(path, options, code: code) { daybook in
                try await daybook.start()
                try await daybook.untilWaiting()
                try await daybook.cancel("a", by: Requester(reason: "it is to be mended"))
                _ = try await daybook.waitForEnd(of: "a")
                fails.withLock { $0 = false }
                try await daybook.retry("a")
                _ = try await daybook.wait(for: "a") { record in
                    record.status == .waiting
                        && record.waits.contains { $0.operation.name.text == "go" }
                }
                try await daybook.waitUntilIdle()
                try await daybook.signal("a", "go", 1)
                let result = try await daybook.result()
                #expect(result == #""[\"ended\", \"-\", \"-\"] min_successes""#)
            }
        }
    }
}
