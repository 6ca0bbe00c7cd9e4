import DaybookFormat
import Testing

@testable import DaybookModel

/// Which tasks are dispatched, and how many.
@Suite struct DispatchDueTests {
    private func begin(length: Int = 1_000) throws -> (ModelHarness, UInt64) {
        var harness = try ModelHarness()
        let session = try harness.open("ann")
        try harness.register("load", length: length, by: session)
        return (harness, session)
    }

    private func task(of run: UInt64, _ harness: ModelHarness) -> UInt64? {
        harness.state.execution(run)?.task
    }

    @Test func whatIsNotDueIsNotDispatchedAndWhatIsIsOnce() throws {
        var (harness, session) = try begin()
        let time = harness.now.adding(10)
        let number = try harness.create("load", at: time, by: session)
        #expect(harness.state.nextDue { _, _ in true } == time)
        #expect(harness.state.nextDue { _, _ in false } == nil)
        #expect(try harness.dispatch(by: session).isEmpty)
        harness.now = time
        let runs = try harness.dispatch(by: session)
        #expect(runs.compactMap { task(of: $0, harness) } == [number])
        #expect(harness.state.nextDue { _, _ in true } == nil)
        #expect(try harness.dispatch(by: session).isEmpty)
        // It is ready, like everything that was submitted and executed.
        #expect(harness.state.execution(runs[0])?.status == .ready)
        #expect(
            try harness.names(from: runs[0])
                == ["execution_submitted", "task_dispatched", "execution_readied"]
        )
    }

    @Test func theOldestNextRunComesFirstAndOfSeveralTheOldestTask() throws {
        var (harness, session) = try begin()
        let start = harness.now
        var numbers: [UInt64] = []
        for delay in [30, 10, 20, 10] as [UInt64] {
            let name = "\(numbers.count)"
            numbers.append(
                try harness.create("load", name, at: start.adding(delay), by: session)
            )
        }
        harness.now = start.adding(100)
        let runs = try harness.dispatch(by: session)
        let order = [1, 3, 2, 0].map { numbers[$0] }
        #expect(runs.compactMap { task(of: $0, harness) } == order)
    }

    @Test func slotsAreTakenOnlyWhenMoreThanAFifthIsFree() throws {
        var (harness, session) = try begin(length: 10)
        for index in 0..<40 { try harness.create("load", "\(index)", by: session) }
        var runs = try harness.dispatch(by: session)
        #expect(runs.count == 10)
        for free in 1...2 {
            try harness.complete(runs.removeFirst(), eventful: false, by: session)
            #expect(try harness.dispatch(by: session).isEmpty, "\(free) of 10 are free")
            #expect(harness.state.nextDue { _, _ in true } == nil, "nobody has to look")
        }
        try harness.complete(runs.removeFirst(), eventful: false, by: session)
        #expect(harness.state.nextDue { _, _ in true } != nil)
        #expect(try harness.dispatch(by: session).count == 3)
        #expect(harness.state.tasks.type(named: "load")?.length == 10)
    }

    @Test func thoseWithAPriorityNeitherStarveTheOthersNorAreStarved() throws {
        var (harness, session) = try begin(length: 5)
        let start = harness.now
        for index in 0..<20 {
            try harness.create("load", "\(index)", at: start, by: session)
        }
        let low = try harness.create("load", "x", priority: .low, at: start, by: session)
        let high = try harness.create("load", "x", priority: .high, at: start, by: session)
        harness.now = start.adding(1)
        let runs = try harness.dispatch(by: session)
        #expect(runs.count == 7)
        #expect(runs.prefix(2).compactMap { task(of: $0, harness) } == [high, low])
        let type = try #require(harness.state.tasks.type(named: "load"))
        #expect((type.length, type.lengthPrioritised) == (5, 2))
    }

    @Test func aLimitHoldsAndTheRestComesNext() throws {
        var (harness, session) = try begin()
        for index in 0..<10 { try harness.create("load", "\(index)", by: session) }
        #expect(try harness.dispatch(limit: 4, by: session).count == 4)
        #expect(try harness.dispatch(limit: 100, by: session).count == 6)
    }

    @Test func anIDThatIsTakenIsPassedOver() throws {
        var (harness, session) = try begin()
        let number = try harness.create("load", by: session)
        try harness.submit(Name("task-\(number)-1"), by: session)
        let run = try #require(try harness.dispatch(by: session).first)
        #expect(harness.state.execution(run)?.id == Name("task-\(number)-2"))
    }

    @Test func whatDoesNotFitIsDisabledAndWhatIsNotReadyWaits() throws {
        var (harness, session) = try begin()
        let number = try harness.create("load", by: session)
        let unready = DispatchDue(serves: { _, _ in true }, offer: { _, _, _ in .unready })
        #expect(try harness.run(unready, session: session).isEmpty)
        #expect(try harness.task(number).status == .nextRunNotScheduled)
        let unfit = DispatchDue(serves: { _, _ in true }, offer: { _, _, _ in .unfit(code: "no") })
        #expect(try harness.run(unfit, session: session).isEmpty)
        #expect(try harness.task(number).status == .disabled)
        #expect(try harness.dispatch(by: session).isEmpty)
    }

    @Test func aBatchThatIsNotWrittenLeavesNoTrace() throws {
        var (harness, session) = try begin(length: 10)
        for index in 0..<12 { try harness.create("load", "\(index)", by: session) }
        let runs = try harness.dispatch(by: session)
        let before = text(of: harness.state)
        harness.begin()
        for run in runs { try harness.complete(run, eventful: true, by: session) }
        let number = try harness.create("load", "another", priority: .low, by: session)
        try harness.dispatch(by: session)
        try harness.register("more", by: session)
        try harness.run(DisableTasks([number]), session: session)
        try harness.rollBack()
        #expect(text(of: harness.state) == before)
        #expect(try harness.dispatch(by: session).isEmpty)
        try harness.complete(runs[0], eventful: true, by: session)
        try harness.complete(runs[1], eventful: true, by: session)
        try harness.complete(runs[2], eventful: true, by: session)
        #expect(try harness.dispatch(by: session).count == 2)
    }
}
