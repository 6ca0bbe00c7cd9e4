import DaybookFormat
import DaybookSystem
import DaybookTestKit
import Testing

@testable import Daybook
@testable import DaybookJournal
@testable import DaybookModel

/// Bodies that must not run twice, by a process that dies after each of its steps: those of
/// its tasks, between which a body has run or not, and its batches.
@Suite struct DoubtSimulationTests {
    private static let names = ["pay rent", "pay tax"]

    /// Two payments one after the other, or in two branches.
    private static func paying(
        _ calls: CallLog,
        _ policy: DoubtPolicy,
        inBranches: Bool
    ) -> Scripted.Code {
        { _, context in
            let options = CheckpointOptions(onDoubt: policy)
            guard inBranches else {
                for name in names {
                    try await context.checkpoint(name, options: options) { _ in calls.add(name) }
                }
                return ""
            }
            _ = try await context.map("all", names) { scope, name in
                try await scope.checkpoint(name, options: options) { _ in calls.add(name) }
                return 1
            }
            return ""
        }
    }

    private func count(_ name: String, _ calls: CallLog) -> Int {
        calls.lines.count { $0 == name }
    }

    /// Has a process die after so many steps, and another one take over.
    /// - Parameter body: what is done about it then.
    /// - Returns: whether the first process died before it had come to its end.
    private func tell(
        _ steps: Int,
        seed: UInt64,
        _ policy: DoubtPolicy,
        inBranches: Bool,
        _ calls: CallLog,
        _ body: @escaping @Sendable (Simulation) async throws -> Void
    ) throws -> Bool {
        let store = MemoryStore()
        let clock = ManualClock()
        let code = Self.paying(calls, policy, inBranches: inBranches)
        let first = try Simulation(seed: seed, in: store, clock: clock, code: code)
        let hasDied = try first.die(afterSteps: steps) { simulation in
            try await simulation.start("a")
            _ = try await simulation.end("a")
        }
        let second = try Simulation(seed: seed, in: store, clock: clock, code: code)
        try second.run { simulation in
            guard try simulation.engine.record(of: "a") != nil else { return }
            try await body(simulation)
        }
        return hasDied
    }

    @Test(arguments: 1..<4, [false, true])
    func whereverTheProcessDiesABodyThatFailsInDoubtRunsAtMostOnce(
        _ seed: UInt64,
        _ inBranches: Bool
    ) throws {
        var steps = 1
        let ends = Locked<[String: Int]>([:])
        var hasDied = true
        while hasDied {
            let calls = CallLog()
            hasDied = try tell(steps, seed: seed, .fail, inBranches: inBranches, calls) {
                guard let record = try $0.engine.record(of: "a") else { return }
                if record.status == .submitted { return }
                let end = try await $0.end("a")
                let how = end.status == .completed ? "completed" : end.errorCode ?? "\(end.status)"
                ends.withLock { $0[how, default: 0] += 1 }
                guard end.status == .completed else { return }
                for name in Self.names { #expect(self.count(name, calls) == 1) }
            }
            for name in Self.names { #expect(count(name, calls) <= 1, "\(steps), \(seed)") }
            steps += 1
        }
        let found = ends.withLock { $0 }
        #expect(Set(found.keys) == ["completed", "interrupted"])
        #expect(found["interrupted", default: 0] > 1)
    }

    /// A person looks at what has happened, and says so.
    @Test(arguments: 1..<4, [false, true])
    func whereverTheProcessDiesABodyThatIsAskedForRunsOnce(
        _ seed: UInt64,
        _ inBranches: Bool
    ) throws {
        var steps = 1
        let asked = Locked<[Bool: Int]>([:])
        var hasDied = true
        while hasDied {
            let calls = CallLog()
            hasDied = try tell(steps, seed: seed, .askPerson, inBranches: inBranches, calls) {
                simulation in
                guard let record = try simulation.engine.record(of: "a") else { return }
                if record.status == .submitted { return }
                var end = try await simulation.end("a")
                while end.isParked {
                    for doubt in end.doubts {
                        let isDone = self.count(doubt.operation.name.text, calls) == 1
                        asked.withLock { $0[isDone, default: 0] += 1 }
                        try await simulation.resolve("a", doubt, isDone: isDone)
                    }
                    end = try await simulation.end("a")
                }
                #expect(end.status == .completed, "\(seed)")
                for name in Self.names { #expect(self.count(name, calls) == 1) }
            }
            for name in Self.names { #expect(count(name, calls) <= 1, "\(steps), \(seed)") }
            steps += 1
        }
        #expect(asked.withLock { $0[true, default: 0] } > 0)
    }
}

extension Simulation {
    /// Runs so many steps, and is no more: nothing of it goes on.
    /// - Returns: false: it came to its end before.
    fileprivate func die(
        afterSteps steps: Int,
        _ body: @escaping @Sendable (Simulation) async throws -> Void
    ) throws -> Bool {
        let isOver = Locked(false)
        try begin(body) { isOver.withLock { $0 = true } }
        for _ in 0..<steps {
            if isOver.withLock({ $0 }) { return false }
            guard goOn() else { throw Stuck() }
        }
        return true
    }

    /// Says whether an operation happened.
    fileprivate func resolve(_ id: String, _ doubt: Doubt, isDone: Bool) async throws {
        let engine = try engine
        let answer = try await engine.perform {
            ResolveOperation(
                id: Name(id),
                OperationPath(doubt.operation),
                isDone ? .done : .notDone,
                payloads: isDone ? try engine.seal(Array("null".utf8)) : nil
            )
        }
        if answer.left.isEmpty { engine.claim(answer.number) }
    }
}
