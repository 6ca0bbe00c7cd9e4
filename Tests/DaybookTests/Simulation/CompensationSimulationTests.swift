import DaybookFormat
import DaybookSystem
import DaybookTestKit
import Testing

@testable import Daybook
@testable import DaybookJournal
@testable import DaybookModel

/// A saga that fails, or is cancelled, by a process that dies after each of its batches; and one that is
/// opened again after that.
@Suite struct CompensationSimulationTests {
    private struct SoldOut: Error {}

    /// What the world has come to.
    private struct World: Sendable {
        let booked = Locked<[String: Int]>([:])
        let isSoldOut = Locked(true)

        func add(_ name: String, _ count: Int) {
            booked.withLock { $0[name, default: 0] += count }
        }
    }

    private static func saga(_ world: World, waits: Bool) -> Scripted.Code {
        { _, context in
            for name in ["flight", "hotel"] {
                // Idempotent, as the page on the execution model says: each key counts once.
                let seen = Locked<Set<String>>([])
                try await context.checkpoint(
                    name,
                    compensate: { _, operation in
                        let isNew = seen.withLock { $0.insert(operation.idempotencyKey).inserted }
                        if isNew { world.add(name, -1) }
                    },
                    { _ in world.add(name, 1) }
                )
            }
            if waits {
                let word: Int = try await context.receive("word")
                return "\(word)"
            }
            try await context.checkpoint("car") { _ in
                if world.isSoldOut.withLock({ $0 }) { throw SoldOut() }
            }
            return "booked"
        }
    }

    /// Whether what is recorded of each success is undone once.
    private func check(_ simulation: Simulation, _ number: UInt64) throws {
        let events = try simulation.events(number)
        let ended = events.count { $0 == "cleaning_ended" }
        #expect(ended == 2)
        #expect(events.last == "execution_closed")
    }

    /// - Returns: whether the first process died before it had come to its end.
    private func tell(_ batches: Int, seed: UInt64, waits: Bool) throws -> Bool {
        let store = MemoryStore()
        let clock = ManualClock()
        let world = World()
        let code = Self.saga(world, waits: waits)
        let first = try Simulation(seed: seed, in: store, clock: clock, code: code)
        let hasDied = try first.die(after: batches) { simulation in
            try await simulation.start("a")
            if waits {
                _ = try await simulation.wait("a") { $0.status == .waiting }
                try await simulation.cancel("a")
            }
            _ = try await simulation.end("a")
        }
        let second = try Simulation(seed: seed, in: store, clock: clock, code: code)
        try second.run { simulation in
            let engine = try simulation.engine
            // Nobody has asked for it to run.
            guard let record = try engine.record(of: "a"), record.status != .submitted else {
                return
            }
            if waits, !record.status.isFinal {
                // Wherever the first process died: now somebody cancels it, once it waits.
                _ = try await simulation.wait("a") { $0.status == .waiting }
                try await simulation.cancel("a")
            }
            let end = try await simulation.end("a")
            #expect(end.status == (waits ? .cancelled : .failed))
            #expect(end.isClosed)
        }
        guard let number = try second.sequences(of: "execution_submitted").first,
            try second.events(number).contains("execution_readied")
        else { return hasDied }
        try check(second, number)
        return hasDied
    }

    @Test(arguments: [(1, false), (2, false), (1, true), (2, true)])
    func whateverWasBookedIsUndoneWhereverTheProcessDies(_ seed: Int, _ waits: Bool) throws {
        var batches = 1
        while try tell(batches, seed: UInt64(seed), waits: waits) { batches += 1 }
        #expect(batches > 8)
    }

    /// - Returns: whether the first process died before it had come to its end.
    private func cancel(after batches: Int, seed: UInt64) throws -> Bool {
        let store = MemoryStore()
        let clock = ManualClock()
        let code = Self.saga(World(), waits: true)
        let first = try Simulation(seed: seed, in: store, clock: clock, code: code)
        let hasDied = try first.die(after: batches) { simulation in
            try await simulation.start("a")
            _ = try await simulation.wait("a") { $0.status == .waiting }
        }
        let second = try Simulation(seed: seed, in: store, clock: clock, code: code)
        try second.run { simulation in
            let engine = try simulation.engine
            guard try engine.record(of: "a") != nil else { return }
            try await simulation.cancel("a")
            let end = try await simulation.end("a")
            #expect(end.status == .cancelled)
            #expect(end.isClosed)
        }
        guard let number = try second.sequences(of: "execution_submitted").first else {
            return hasDied
        }
        let events = try second.events(number)
        let undone = events.count { $0 == "cleaning_ended" }
        // Each success is undone, by a success.
        #expect(events.count { $0 == "checkpoint_succeeded" } == 2 * undone)
        #expect(undone <= 2)
        return hasDied
    }

    @Test(arguments: 1..<3)
    func whatIsCancelledAtAnyMomentUndoesWhatItHadDone(_ seed: UInt64) throws {
        var batches = 1
        while try cancel(after: batches, seed: seed) { batches += 1 }
        #expect(batches > 3)
    }

    /// - Returns: whether the first process died before it had come to its end.
    private func reopen(_ batches: Int, seed: UInt64) throws -> Bool {
        let store = MemoryStore()
        let clock = ManualClock()
        let world = World()
        let code = Self.saga(world, waits: false)
        let before = try Simulation(seed: seed, in: store, clock: clock, code: code)
        try before.run { simulation in
            try await simulation.start("a")
            _ = try await simulation.end("a")
        }
        world.isSoldOut.withLock { $0 = false }
        let first = try Simulation(seed: seed, in: store, clock: clock, code: code)
        let hasDied = try first.die(after: batches) { simulation in
            _ = try await simulation.engine.perform { Retry(Intervention(id: "a", by: .session)) }
            _ = try await simulation.end("a")
        }
        let second = try Simulation(seed: seed, in: store, clock: clock, code: code)
        try second.run { simulation in
            let engine = try simulation.engine
            guard let record = try engine.record(of: "a") else { return }
            if record.status == .failed {
                _ = try await simulation.engine.perform {
                    Retry(Intervention(id: "a", by: .session))
                }
            }
            let end = try await simulation.end("a")
            #expect(end.status == .completed)
        }
        let number = try #require(try second.sequences(of: "execution_submitted").first)
        let events = try second.events(number)
        #expect(events.count { $0 == "execution_reopened" } == 1)
        // Two before, undone by two, and then three.
        #expect(events.count { $0 == "checkpoint_succeeded" } == 7)
        return hasDied
    }

    @Test(arguments: 1..<3)
    func whatWasUndoneIsRecordedOnceMoreWhereverTheProcessDies(_ seed: UInt64) throws {
        var batches = 1
        while try reopen(batches, seed: seed) { batches += 1 }
        #expect(batches > 3)
    }
}
