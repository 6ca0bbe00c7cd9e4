import DaybookFormat
import Testing

@testable import DaybookModel

/// Types of tasks and tasks: what is created, found, refused, disabled, respawned, archived.
@Suite struct TaskCommandTests {
    private func begin() throws -> (ModelHarness, UInt64) {
        var harness = try ModelHarness()
        let session = try harness.open("ann")
        return (harness, session)
    }

    private func refusal<C: Command>(
        _ harness: inout ModelHarness,
        _ command: C,
        _ session: UInt64
    ) -> Refusal? {
        let before = harness.next
        defer { #expect(harness.next == before, "something was recorded") }
        return #expect(throws: Refusal.self) { try harness.run(command, session: session) }
    }

    @Test func registeringTwiceChangesNothing() throws {
        var (harness, session) = try begin()
        let number = try harness.register("load", by: session)
        let next = harness.next
        let other = TaskType("load", backend: "another")
        let answers = try harness.run(RegisterTaskTypes([other]), session: session)
        #expect(answers == [TaskTypeAnswer(number: number, existed: true, differs: true)])
        #expect(harness.next == next)
        #expect(harness.state.tasks.type(named: "load")?.definition.backend == "copy")
        #expect(harness.state.tasks.type(named: "load")?.definition.maxQueueLength == 1_000)
    }

    @Test func aTypeThatMakesNoSenseIsRefusedWithItsPlace() throws {
        var (harness, session) = try begin()
        let good = TaskType("good", backend: "copy")
        let day = Duration.seconds(86_400)
        let bad = [
            TaskType("", backend: "copy"), TaskType("a", backend: ""),
            TaskType("a", backend: "runbook:"),
            TaskType("a", backend: "copy", defaultInterval: day, minInterval: day * 2),
            TaskType("a", backend: "copy", defaultInterval: day, maxInterval: day / 2),
            TaskType("a", backend: "copy", defaultInterval: .zero),
            TaskType("a", backend: "copy", backoffFactor: 0.5),
            TaskType("a", backend: "copy", backoffFactor: .infinity),
            TaskType("a", backend: "copy", maxQueueLength: 0),
            TaskType("a", backend: "copy", retries: -1),
            TaskType("a", backend: "copy", retryDelay: .zero),
        ]
        for type in bad {
            let refused = refusal(&harness, RegisterTaskTypes([good, type]), session)
            #expect(refused?.code == .invalidArgument && refused?.place == 1, "\(type)")
        }
    }

    @Test func theSameTaskIsCreatedOnce() throws {
        var (harness, session) = try begin()
        try harness.register("load", by: session)
        let again = NewTask("load", TaskArguments([.string("a")]))
        var named = again
        named.arguments = TaskArguments(named: ["b": .integer(1), "a": .bool(true)])
        var once = again
        once.policy = .oneshot
        var later = once
        later.nextRun = harness.now.adding(1)
        var urgent = again
        urgent.priority = .high
        let all = [again, named, once, later, urgent]
        let first = try harness.run(CreateTasks(all + all), session: session)
        #expect(Set(first.map(\.number)).count == 5)
        #expect(
            first.map(\.existed) == [false, false, false, false, false]
                + Array(repeating: true, count: 5)
        )
        // One that comes again is the same whenever it is to come.
        var other = again
        other.nextRun = harness.now.adding(5)
        let second = try harness.run(CreateTasks([other]), session: session)
        #expect(second == [NewTaskAnswer(number: first[0].number, existed: true)])
    }

    @Test func aTaskIsTheSameAsWhatWasAskedForAlsoAfterItHasRun() throws {
        var (harness, session) = try begin()
        try harness.register("load", retries: 1, by: session)
        let time = harness.now
        let task = try harness.create("load", policy: .oneshot, at: time, by: session)
        let run = try #require(try harness.dispatch(by: session).first)
        try harness.fail(run, isRetryable: true, by: session)
        #expect(try harness.task(task).nextRun > time)
        #expect(try harness.create("load", policy: .oneshot, at: time, by: session) == task)
        // A recovery finds it too.
        harness.continueFrom(try snapshot(of: harness.recovered()).state())
        #expect(try harness.create("load", policy: .oneshot, at: time, by: session) == task)
    }

    @Test func tasksThatMakeNoSenseAreRefusedWithTheirPlace() throws {
        var (harness, session) = try begin()
        try harness.register("load", by: session)
        let good = NewTask("load")
        var large = good
        large.arguments = TaskArguments([.string(String(repeating: "x", count: 40_000))])
        var infinite = good
        infinite.arguments = TaskArguments(named: ["x": .array([.number(.infinity)])])
        for (task, code) in [
            (NewTask("unknown"), Refusal.Code.notFound), (large, .invalidArgument),
            (infinite, .invalidArgument),
        ] {
            let refused = refusal(&harness, CreateTasks([good, good, task]), session)
            #expect(refused?.code == code && refused?.place == 2)
        }
    }

    @Test func respawningIsRefusedWhileARunIsUnderWay() throws {
        var (harness, session) = try begin()
        try harness.register("load", by: session)
        let task = try harness.create("load", by: session)
        let other = try harness.create("load", "b", at: harness.now.adding(1 << 40), by: session)
        let run = try #require(try harness.dispatch(by: session).first)
        let refused = refusal(&harness, RespawnTasks([other, task]), session)
        #expect(refused?.code == .wrongState && refused?.place == 1)
        try harness.complete(run, eventful: false, by: session)
        let later = harness.now.adding(7)
        let both = RespawnTasks([task, other, task], at: later)
        #expect(try harness.run(both, session: session) == [task, other])
        #expect(try harness.task(task).nextRun == later)
        #expect(try harness.dispatch(by: session).isEmpty)
        harness.now = later
        #expect(try harness.dispatch(by: session).count == 2)
        #expect(refusal(&harness, RespawnTasks([999]), session)?.code == .notFound)
    }

    @Test func whatHasComeToItsEndIsArchivedAndForgotten() throws {
        var (harness, session) = try begin()
        try harness.register("load", by: session)
        let task = try harness.create("load", by: session)
        #expect(refusal(&harness, ArchiveTasks([task]), session)?.code == .wrongState)
        let run = try #require(try harness.dispatch(by: session).first)
        try harness.run(DisableTasks([task]), session: session)
        #expect(refusal(&harness, ArchiveTasks([task]), session)?.code == .wrongState)
        try harness.fail(run, isRetryable: true, by: session)
        #expect(try harness.run(ArchiveTasks([task]), session: session) == [task])
        #expect(harness.state.tasks.count == 0)
        #expect(refusal(&harness, RespawnTasks([task]), session)?.code == .notFound)
        // Its run can still be opened again: nobody is told.
        try harness.retry(Name("task-\(task)-1"), by: session)
        try harness.complete(run, eventful: false, by: session)
        #expect(try harness.create("load", by: session) != task)
    }

    @Test func aRunbookIsStoredInVersions() throws {
        var (harness, session) = try begin()
        for (digest, version, existed) in [
            (1, 1, false), (1, 1, true), (2, 2, false), (1, 3, false),
        ] {
            let command = StoreRunbook(
                "fetch",
                digest: Array(repeating: UInt8(digest), count: 32),
                text: try harness.sealed([.text("text \(digest)")])
            )
            let answer = try harness.run(command, session: session)
            #expect(answer == StoredRunbookAnswer(version: UInt64(version), existed: existed))
        }
        #expect(harness.state.tasks.runbook(named: "fetch")?.version == 3)
    }
}
