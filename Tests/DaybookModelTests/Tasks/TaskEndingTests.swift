import DaybookFormat
import Testing

@testable import DaybookModel

/// What the end of a run makes of its task: the table of endings.
@Suite struct TaskEndingTests {
    private struct Story {
        var harness: ModelHarness
        let session: UInt64
        let task: UInt64
        var run: UInt64

        /// A type with 8 seconds between runs, within 1 to 64, and the factor 2.
        init(_ policy: TaskPolicy, retries: Int = 0, delay: Duration? = nil) throws {
            harness = try ModelHarness(lossLimit: 2)
            session = try harness.open("ann")
            try harness.register("load", retries: retries, retryDelay: delay, by: session)
            task = try harness.create("load", policy: policy, by: session)
            run = try #require(try harness.dispatch(by: session).first)
        }

        mutating func dispatchAgain() throws {
            harness.now = max(harness.now, try harness.task(task).nextRun)
            run = try #require(try harness.dispatch(by: session).first)
        }

        /// What has become of the task.
        func outcome() throws -> Found {
            let task = try harness.task(task)
            #expect(task.run == nil)
            let wait = task.nextRun.since(harness.now)
            let interval = Duration(nanoseconds: task.interval)
            return Found(task.status, in: wait, every: interval, retries: task.retriesLeft)
        }
    }

    /// How long after now the next run comes, and what else a task is.
    private struct Found: Equatable {
        let status: TaskStatus
        let wait: Duration
        let interval: Duration
        let retries: UInt32

        init(_ status: TaskStatus, in wait: Duration, every: Duration, retries: UInt32) {
            (self.status, self.wait, self.interval, self.retries) = (status, wait, every, retries)
        }

        /// It waits for its next run.
        static func next(in wait: Int, every: Int, retries: UInt32 = 0) -> Found {
            Found(
                .nextRunNotScheduled,
                in: .seconds(wait),
                every: .seconds(every),
                retries: retries
            )
        }
    }

    @Test func aRunIsScheduledAndThenAdapts() throws {
        var story = try Story(.recurring)
        let task = try story.harness.task(story.task)
        #expect(task.status == .nextRunScheduled)
        #expect(task.run?.execution == story.run)
        #expect(task.run?.id == Name("task-\(story.task)-1"))
        story.harness.now = story.harness.now.adding(5_000_000_000)
        try story.harness.complete(story.run, eventful: true, by: story.session)
        #expect(try story.outcome() == .next(in: 4, every: 4))
    }

    @Test func theIntervalStaysWithinItsLimits() throws {
        var story = try Story(.recurring)
        for (isEventful, seconds) in [
            (false, 16), (false, 32), (false, 64), (false, 64), (true, 32),
        ] {
            try story.harness.complete(story.run, eventful: isEventful, by: story.session)
            #expect(try story.outcome() == .next(in: seconds, every: seconds))
            try story.dispatchAgain()
        }
        for _ in 0..<8 {
            try story.harness.complete(story.run, eventful: true, by: story.session)
            try story.dispatchAgain()
        }
        #expect(try story.harness.task(story.task).interval == 1_000_000_000)
    }

    @Test(arguments: [true, false])
    func whatRunsOnceIsCompleted(_ isEventful: Bool) throws {
        var story = try Story(.oneshot)
        try story.harness.complete(story.run, eventful: isEventful, by: story.session)
        #expect(try story.outcome().status == .completed)
        #expect(try story.harness.dispatch(by: story.session).isEmpty)
    }

    @Test(arguments: TaskPolicy.allCases)
    func aPermanentFailureDisables(_ policy: TaskPolicy) throws {
        var story = try Story(policy, retries: 3)
        try story.harness.fail(story.run, isRetryable: false, by: story.session)
        #expect(try story.outcome().status == .disabled)
        #expect(try story.outcome().retries == 3)
    }

    @Test(arguments: TaskPolicy.allCases)
    func aFailureIsTriedAgainAfterTheDelay(_ policy: TaskPolicy) throws {
        for (delay, expected) in [(nil, 3_600), (Duration.seconds(7), 7)] {
            var story = try Story(policy, retries: 1, delay: delay)
            try story.harness.fail(story.run, isRetryable: true, by: story.session)
            #expect(try story.outcome() == .next(in: expected, every: 8))
            try story.dispatchAgain()
            try story.harness.fail(story.run, isRetryable: true, by: story.session)
            switch policy {
            case .oneshot: #expect(try story.outcome().status == .disabled)
            default:
                #expect(try story.outcome() == .next(in: 8, every: 8, retries: 1))
            }
        }
    }

    @Test func successGivesTheRetriesBack() throws {
        var story = try Story(.recurring, retries: 2)
        try story.harness.fail(story.run, isRetryable: true, by: story.session)
        #expect(try story.outcome().retries == 1)
        try story.dispatchAgain()
        try story.harness.complete(story.run, eventful: false, by: story.session)
        #expect(try story.outcome().retries == 2)
    }

    @Test(arguments: TaskPolicy.allCases)
    func aCancelledRunLeavesTheIntervalAsItIs(_ policy: TaskPolicy) throws {
        var story = try Story(policy, retries: 2)
        try story.harness.cancel(Name("task-\(story.task)-1"), by: story.session)
        switch policy {
        case .oneshot: #expect(try story.outcome().status == .disabled)
        default: #expect(try story.outcome() == .next(in: 8, every: 8, retries: 2))
        }
    }

    @Test func aParkedRunIsLostAndItsLaterEndChangesNothing() throws {
        var story = try Story(.recurring, retries: 1)
        let lease = try story.harness.claim(story.run, by: story.session)
        try story.harness.park(lease, by: story.session)
        let lost = try story.outcome()
        #expect(lost == .next(in: 3_600, every: 8))
        let before = story.harness.next
        try story.harness.retry(Name("task-\(story.task)-1"), by: story.session)
        try story.harness.complete(story.run, eventful: true, by: story.session)
        #expect(try story.outcome() == lost)
        let last = try story.harness.entry(story.harness.next - 1)
        #expect(story.harness.next > before)
        guard case .taskRunEnded(let event) = last.event else {
            Issue.record("the last entry is \(last)")
            return
        }
        #expect(event.again && event.status == .eventful && event.execution == story.run)
    }

    @Test func aReopenedRunIsUpdatedAndAdaptsNothing() throws {
        var story = try Story(.recurring)
        try story.harness.fail(story.run, isRetryable: true, by: story.session)
        let adapted = try story.outcome()
        try story.harness.retry(Name("task-\(story.task)-1"), by: story.session)
        try story.harness.complete(story.run, eventful: true, by: story.session)
        #expect(try story.outcome() == adapted)
    }

    @Test func disablingSurvivesTheEndOfTheRun() throws {
        var story = try Story(.recurring)
        let disable = DisableTasks([story.task])
        #expect(try story.harness.run(disable, session: story.session) == [story.task])
        #expect(try story.harness.run(disable, session: story.session) == [])
        try story.harness.complete(story.run, eventful: true, by: story.session)
        let task = try story.harness.task(story.task)
        #expect(task.status == .disabled && task.run == nil && task.interval == 8_000_000_000)
        story.harness.now = story.harness.now.adding(1 << 50)
        #expect(try story.harness.dispatch(by: story.session).isEmpty)
    }

    @Test func aContinuedRunGoesOnAsTheSame() throws {
        var story = try Story(.recurring)
        let lease = try story.harness.claim(story.run, by: story.session)
        let input = try story.harness.sealed([.json([0x31])])
        let next = try story.harness.run(
            ContinueAsNew(lease, input: input, isEventful: true),
            session: story.session
        )
        #expect(try story.harness.task(story.task).run?.execution == story.run)
        // The run before has said that it found something.
        try story.harness.complete(next, eventful: false, by: story.session)
        #expect(try story.outcome() == .next(in: 4, every: 4))
    }
}
