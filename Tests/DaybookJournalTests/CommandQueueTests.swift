import Testing

@testable import DaybookJournal

/// When there are enough commands for a batch.
@Suite struct CommandQueueTests {
    /// A queue whose last batch answered so many callers.
    private func queue(answered count: Int) -> CommandQueue {
        var queue = CommandQueue()
        queue.expected = count
        return queue
    }

    private func add(_ count: Int, to queue: inout CommandQueue) {
        for _ in 0..<count {
            queue.commands.append(QueuedCommand(bytes: 0))
            queue.noteArrival()
        }
    }

    @Test func oneCallerIsNotWaitedForTwice() {
        var queue = queue(answered: 1)
        add(1, to: &queue)
        #expect(queue.isGathered)
    }

    @Test func aBatchIsGatheredOnceTwoThirdsOfTheCallersAreBack() {
        var queue = queue(answered: 6)
        add(3, to: &queue)
        #expect(!queue.isGathered)
        add(1, to: &queue)
        #expect(queue.isGathered)
        #expect(queue.expected == 2)
    }

    @Test func aFullBatchIsNotWaitedBeyond() {
        var queue = queue(answered: 100)
        queue.limit = 5
        add(5, to: &queue)
        #expect(queue.isGathered)
    }

    @Test func callersThatNobodyExpectsAreNotCounted() {
        var queue = queue(answered: 2)
        add(10, to: &queue)
        #expect(queue.expected == 0)
        #expect(queue.isGathered)
    }

    @Test func nobodyGathersWhenCallersWaitForRoomOrSomethingElseIsToBeDone() async {
        var stale = queue(answered: 6)
        add(1, to: &stale)
        stale.isStale = true
        #expect(stale.isGathered)
        var stopping = queue(answered: 6)
        add(1, to: &stopping)
        stopping.isStopping = true
        #expect(stopping.isGathered)
        await withCheckedContinuation { continuation in
            var full = queue(answered: 6)
            add(1, to: &full)
            full.waiting.append((1, continuation))
            #expect(full.isGathered)
            full.waiting.removeAll()
            continuation.resume()
        }
    }
}
