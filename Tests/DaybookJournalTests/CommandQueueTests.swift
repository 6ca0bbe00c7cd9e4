import DaybookFormat
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

    /// The thread that waits for a time looks again when it is to come sooner, or when what was paused is
    /// not any more; and not for every batch that somebody else has written.
    @Test(arguments: [
        (DueTime(deadline: .init(rawValue: 10), pause: 5), false),
        (DueTime(deadline: .init(rawValue: 11), pause: 6), false),
        (DueTime(deadline: .init(rawValue: 9), pause: 5), true),
        (DueTime(deadline: .init(rawValue: 10), pause: 0), true),
        (DueTime(deadline: .init(rawValue: 12), pause: 4), true),
    ])
    func theThreadLooksAgainWhenItsTimeComesSooner(_ next: DueTime, _ isSooner: Bool) {
        var queue = CommandQueue()
        queue.due = .some(DueTime(deadline: .init(rawValue: 10), pause: 5))
        queue.note(next)
        #expect(queue.isRescheduled == isSooner)
        queue.isRescheduled = false
        queue.note(nil)
        #expect(!queue.isRescheduled)
    }
}
