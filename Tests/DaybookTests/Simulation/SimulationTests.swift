import DaybookFormat
import DaybookSystem
import DaybookTestKit
import Testing

@testable import Daybook
@testable import DaybookJournal
@testable import DaybookModel

/// How many do something at once, and how many at most.
final class Crowding: Sendable {
    private let state = Locked((now: 0, most: 0, all: 0))

    func enter() {
        state.withLock { state in
            state.now += 1
            state.all += 1
            state.most = max(state.most, state.now)
        }
    }

    func leave() { state.withLock { $0.now -= 1 } }
    var most: Int { state.withLock { $0.most } }
    var all: Int { state.withLock { $0.all } }
}

@Suite struct SimulationTests {
    /// Branches, waits, retries and signals of a few executions at once.
    private func journal(seed: UInt64) throws -> [[UInt8]] {
        var options = EngineOptions()
        options.maxConcurrent = 3
        options.maxResident = 2
        let simulation = try Simulation(seed: seed, options) { input, context in
            let sums = try await context.map("each", [1, 2, 3]) { scope, element in
                if element == 2 { try await scope.sleep(for: .seconds(input)) }
                return try await scope.checkpoint("add") { _ in
                    await Task.yield()
                    return element + input
                }
            }
            let more: Int = try await context.receive("more")
            return "\(sums.reduce(more, +))"
        }
        try simulation.run { simulation in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<6 {
                    group.addTask {
                        try await simulation.start("e\(number)", number)
                        try await simulation.signal("e\(number)", "more", number)
                        let record = try await simulation.end("e\(number)")
                        #expect(record.status == .completed)
                    }
                }
                try await group.waitForAll()
            }
        }
        return try simulation.entries()
    }

    @Test(arguments: 0..<10)
    func theSameSeedGivesTheSameJournal(_ seed: UInt64) throws {
        let first = try journal(seed: seed)
        #expect(first.count > 60)
        #expect(try journal(seed: seed) == first)
    }

    @Test func anotherSeedGivesAnotherOrder() throws {
        #expect(try journal(seed: 1) != journal(seed: 2))
    }

    // MARK: Turns

    @Test(arguments: [UInt64(1), 2, 3], [0, 3, 1_000])
    func whatWakesTogetherRunsNoMoreThanTheLimitAtOnce(
        _ seed: UInt64,
        _ maxResident: Int
    ) throws {
        let crowding = Crowding()
        var options = EngineOptions()
        options.maxConcurrent = 3
        options.maxResident = maxResident
        let simulation = try Simulation(seed: seed, options) { _, context in
            try await context.sleep(for: .seconds(3_600))
            crowding.enter()
            for _ in 0..<5 { await Task.yield() }
            crowding.leave()
            return ""
        }
        try simulation.run { simulation in
            for number in 0..<60 { try await simulation.start("e\(number)") }
            for number in 0..<60 { _ = try await simulation.end("e\(number)") }
        }
        #expect(crowding.all == 60)
        #expect(crowding.most <= 3)
    }

    @Test(arguments: 0..<30)
    func aWakeForABranchThatLostKeepsNothingBusy(_ seed: UInt64) throws {
        let simulation = try Simulation(seed: seed) { _, context in
            let branches: [@Sendable (WorkflowContext) async throws -> Int] = [
                { scope in
                    try await scope.sleep(for: .seconds(10))
                    return 1
                },
                { scope in
                    try await scope.sleep(for: .seconds(10))
                    return 2
                },
                { try await $0.receive("go", as: Int.self) },
            ]
            _ = try await context.race("first", branches)
            let last: Int = try await context.receive("last")
            return "\(last)"
        }
        try simulation.run { simulation in
            try await simulation.start("a")
            _ = try await simulation.wait("a") { $0.waits.count == 3 }
            simulation.clock.pass(.seconds(10))
            try await simulation.signal("a", "go", 3)
            _ = try await simulation.wait("a") { record in
                record.status == .waiting && record.waits.contains { $0.kind == .signal }
                    && record.waits.count == 1
            }
            let engine = try simulation.engine
            try await engine.waitUntilIdle()
            let isBusy = engine.machines.tell { $0.residency.isBusy }
            #expect(!isBusy)
            try await simulation.signal("a", "last", 4)
            let record = try await simulation.end("a")
            #expect(record.status == .completed)
        }
    }

    @Test func anExecutionThatThisProcessWasAskedToRunHasItsNextAttemptToo() throws {
        var options = EngineOptions()
        options.claims = .named
        let calls = CallLog()
        let simulation = try Simulation(seed: 1, options) { _, context in
            calls.add("attempt \(context.attempt)")
            if context.attempt < 3 { throw OperationError(code: "no", message: "not yet") }
            return "done"
        }
        try simulation.run { simulation in
            let retry = RetryPolicy(maxAttempts: 3, baseDelay: .seconds(5))
            try await simulation.start("a", retry: retry)
            let record = try await simulation.end("a")
            #expect(record.status == .completed)
        }
        #expect(calls.lines == ["attempt 1", "attempt 2", "attempt 3"])
    }

    // MARK: Writes that fail

    /// Whichever write fails, and however: the work goes on after a pause, and each body runs again
    /// only if its outcome was not recorded.
    @Test(arguments: [MemoryStore.Fault.full, .lostInCommit, .writtenInCommit], 1...10)
    func afterAWriteThatFailsTheWorkGoesOn(_ fault: MemoryStore.Fault, _ write: Int) throws {
        let calls = CallLog()
        let simulation = try Simulation(seed: UInt64(write)) { input, context in
            for step in 0..<3 {
                try await context.checkpoint("step \(step)") { _ in calls.add("\(step)") }
            }
            return "done"
        }
        try simulation.run { simulation in
            try await simulation.start("a")
            simulation.inject(fault, at: simulation.counted.batches + write)
            var failures = 0
            while true {
                do {
                    let record = try await simulation.end("a")
                    #expect(record.status == .completed)
                    break
                } catch is JournalError {
                    failures += 1
                    // Until it is tried again.
                    while try await simulation.engine.failure(
                        of: simulation.wait("a") { _ in true }.number
                    ) != nil {
                        await simulation.pass(.seconds(1))
                    }
                }
            }
            #expect(failures <= 1)
        }
        #expect(calls.lines.count <= 4)
        #expect(Set(calls.lines) == ["0", "1", "2"])
        let done = try simulation.events().filter { $0 == "checkpoint_succeeded" }
        #expect(done.count == 3)
    }

    @Test(arguments: 0..<10)
    func aClaimThatFailsIsSaidToWhoeverWaitsForFailuresAndTriedAgain(_ seed: UInt64) throws {
        let held = Locked<Simulation?>(nil)
        var options = EngineOptions()
        options.maxConcurrent = 1
        options.observers.append { event in
            guard case .ended(let lease, _, _) = event, lease.id == "a" else { return }
            // The next batches have to claim what had no room before.
            held.withLock { simulation in
                let next = (simulation?.counted.batches ?? 0) + 1
                for write in next..<next + 3 { simulation?.inject(.full, at: write) }
            }
        }
        let simulation = try Simulation(seed: seed, options) { _, context in
            for step in 0..<5 { try await context.checkpoint("step \(step)") { _ in } }
            return "done"
        }
        held.withLock { $0 = simulation }
        defer { held.withLock { $0 = nil } }
        try simulation.run { simulation in
            let engine = try simulation.engine
            let failure = Task(executorPreference: simulation.executor) {
                try await engine.waitForHalt()
            }
            for id in ["a", "b"] { try await simulation.start(id) }
            await #expect(throws: JournalError.self) { try await failure.value }
            await #expect(throws: JournalError.self) { try await engine.waitUntilIdle() }
            let record = try await simulation.end("b")
            #expect(record.status == .completed)
            try await engine.waitUntilIdle()
            #expect(engine.halt == nil)
        }
    }

    // MARK: Shortages

    @Test(arguments: [EngineOptions.Claims.registered, .named])
    func aShortageIsNotTheWorkflowsFailure(_ claims: EngineOptions.Claims) throws {
        var options = EngineOptions()
        options.claims = claims
        let calls = CallLog()
        let simulation = try Simulation(seed: 4, options) { _, context in
            try await context.checkpoint("spawn") { _ in
                calls.add("spawn")
                if calls.lines.count < 4 {
                    throw SystemError(number: 24, operation: "pipe of the job's output")
                }
            }
            return "done"
        }
        try simulation.run { simulation in
            try await simulation.start("a")
            do {
                _ = try await simulation.end("a")
                Issue.record("it says nothing")
            } catch let shortage as Shortage {
                #expect(shortage.number == 24)
            }
            // What is due runs, and the time passes, until it is tried again.
            while try await simulation.wait("a", until: { _ in true }).status != .completed {
                await simulation.pass(.seconds(1))
            }
            let record = try await simulation.end("a")
            #expect(record.attempt == 1)
            #expect(record.losses == 0)
        }
        #expect(calls.lines.count == 4)
        let events = try simulation.events()
        #expect(!events.contains("checkpoint_failed"))
        #expect(events.count { $0 == "lease_released" } == 3)
        #expect(simulation.counted.jumps < 40)
    }

    // MARK: Damage

    /// Of two executions the input of one, or the outcome of its operation, is damaged.
    @Test(arguments: ["input", "checkpoint_succeeded"])
    func whatCannotBeReadIsSetAsideAndTheOthersGoOn(_ what: String) throws {
        let store = MemoryStore()
        let clock = ManualClock()
        let code: @Sendable (Int, WorkflowContext) async throws -> String = { _, context in
            try await context.checkpoint("one") { _ in }
            if what != "input" { _ = try await context.receive("go", as: Int.self) }
            return "done"
        }
        var options = EngineOptions()
        if what == "input" { options.claims = .nothing }
        let first = try Simulation(seed: 5, options, in: store, clock: clock, code: code)
        let numbers = try first.run { simulation in
            var numbers: [UInt64] = []
            for id in ["a", "b"] {
                try await simulation.start(id)
                let record = try await simulation.wait(id) {
                    $0.status == (what == "input" ? .ready : .waiting)
                }
                numbers.append(record.number)
            }
            _ = try await simulation.engine.perform { CloseSession() }
            return numbers
        }
        let all = try first.sequences(of: what == "input" ? "execution_submitted" : what)
        let damaged = try #require(all.first)
        store.tamper { $0.payloads[damaged] = [0xFF, 0xFF, 0xFF] }
        let second = try Simulation(seed: 5, in: store, clock: clock, code: code)
        try second.run { simulation in
            let engine = try simulation.engine
            if what != "input" {
                for id in ["a", "b"] { try await simulation.signal(id, "go", 1) }
            }
            let record = try await simulation.end("b")
            #expect(record.status == .completed)
            await #expect(throws: (any Error).self) { try await simulation.end("a") }
            // It does not keep the process from being idle, and is not passed over in silence.
            await #expect(throws: (any Error).self) { try await engine.waitUntilIdle() }
            #expect(engine.halt == nil)
            let jobs = simulation.counted.jobs
            await simulation.pass(.seconds(1_000))
            #expect(simulation.counted.jobs - jobs < 20)
            let kept = try await simulation.wait("a") { _ in true }
            #expect(kept.status == .running)
            #expect(kept.session == engine.sessionNumber)
        }
        let claims = try second.events(numbers[0]).count { $0 == "execution_claimed" }
        #expect(claims == (what == "input" ? 1 : 2))
    }

    // MARK: Costs

    @Test func whatWaitsCostsNothing() throws {
        var options = EngineOptions()
        options.maxResident = 10
        options.maxConcurrent = 8
        let count = 300
        let simulation = try Simulation(seed: 6, options) { _, context in
            _ = try await context.receive("go", as: Int.self, timeout: .seconds(86_400))
            return ""
        }
        try simulation.run { simulation in
            for number in 0..<count { try await simulation.start("e\(number)") }
            for number in 0..<count {
                _ = try await simulation.wait("e\(number)") { $0.status == .waiting }
            }
            await simulation.pass(.zero)
            let engine = try simulation.engine
            #expect(engine.machines.tell { $0.residency.residents } == 10)
            // What each costs until it waits: its share of claims, activations and evictions.
            #expect(simulation.counted.jobs < count * 40)
            #expect(simulation.counted.batches < count * 6)
            let before = simulation.counted
            for _ in 0..<100 { await simulation.pass(.seconds(1)) }
            let after = simulation.counted
            #expect(after.batches == before.batches)
            // No more than what the test itself does.
            #expect(after.jobs - before.jobs <= 300)
        }
    }

    @Test func recoveryIsNewsToNobody() throws {
        let store = MemoryStore()
        let clock = ManualClock()
        let code: @Sendable (Int, WorkflowContext) async throws -> String = { _, _ in "done" }
        let first = try Simulation(seed: 7, in: store, clock: clock, code: code)
        try first.run { simulation in
            for number in 0..<50 {
                try await simulation.start("e\(number)")
                _ = try await simulation.end("e\(number)")
            }
        }
        let second = try Simulation(seed: 7, in: store, clock: clock, code: code)
        #expect(second.board.takeMail().executions == [])
        let writer = second.writer
        try second.run { simulation in
            #expect(simulation.counted.jobs < 20)
            #expect(writer.inspect { $0.next } > 200)
        }
    }
}

extension Simulation {
    /// Lets all that is ready run, and then the time pass.
    func pass(_ duration: Duration) async {
        clock.pass(duration)
        while executor.ready > 0 || write() { await Task.yield() }
    }
}
