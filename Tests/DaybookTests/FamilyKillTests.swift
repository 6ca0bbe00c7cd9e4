import Daybook
import DaybookFormat
import DaybookInspector
import DaybookJournal
import DaybookModel
import DaybookSystem
import DaybookTestKit
import Foundation
import Logging
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// Parents and children run in different processes, and either is killed with SIGKILL at any moment.
@Suite struct FamilyKillTests {
    private struct Parent: Workflow {
        static let name = "parent"

        func run(_ input: Int, _ context: WorkflowContext) async throws -> Int {
            var sum = 0
            try await context.spawn(
                [4, 5].map { ChildPlan(Child.self, "part \($0)", input: input * 10 + $0) }
            )
            for part in 0..<2 {
                sum += try await context.run(Child.self, "part \(part)", input: input * 10 + part)
            }
            let more = try await context.map("more", [2, 3]) { scope, part in
                try await scope.run(Child.self, "part \(part)", input: input * 10 + part)
            }
            return more.reduce(sum, +)
        }
    }

    private struct Child: Workflow {
        static let name = "child"

        func run(_ input: Int, _ context: WorkflowContext) async throws -> Int {
            let one = try await context.checkpoint("one") { _ in input }
            return try await context.checkpoint("two") { _ in one + 1 }
        }
    }

    private static let parents = 12
    private static let rounds = 8

    private static func options() -> EngineOptions {
        var options = EngineOptions()
        options.logger.logLevel = .critical
        options.snapshotInterval = 64
        return options
    }

    /// Works on a journal until it is killed, after so many microseconds.
    private static func work(_ path: String, parents: Bool, microseconds: UInt64) async throws {
        let engine = try await Engine.open(
            at: path,
            options(),
            workflows: parents ? [Parent()] : [Child()]
        )
        Thread {
            // By the clock, so that it may come in the middle of anything.
            let end = DispatchTime.now().uptimeNanoseconds + microseconds * 1_000
            while DispatchTime.now().uptimeNanoseconds < end { _ = getppid() }
            kill(getpid(), SIGKILL)
        }.start()
        for number in 0..<Self.parents {
            _ = try await engine.waitForEnd(of: "parent \(number)")
        }
        // Nothing is left to do: it is killed all the same.
        while true { try await untilCancelled() }
    }

    @Test(.timeLimit(.minutes(20))) func whoeverDiesAParentIsToldOnce() async throws {
        let seed =
            ProcessInfo.processInfo.environment["DAYBOOK_SEED"].flatMap { UInt64($0) }
            ?? UInt64.random(in: 0...(.max))
        var random = SplitMix(seed: seed)
        var creation = CreationOptions()
        creation.lossLimit = 1_000_000
        try await withJournal(creation) { path in
            let setting = try await Engine.open(at: path, Self.options(), workflows: [])
            for number in 0..<Self.parents {
                let input = Array("\(number)".utf8)
                _ = try await setting.submit(type: "parent", id: "parent \(number)", data: input)
                try await setting.execute("parent \(number)")
            }
            try await setting.close()
            var rounds = 0
            // As many more as it takes for a child to end: on a busy machine none may get so far.
            while try rounds < Self.rounds
                || (rounds < 100 && Self.count("child_ended", path) == 0)
            {
                rounds += 1
                let first = UInt64.random(in: 0...200_000, using: &random)
                let second = UInt64.random(in: 0...200_000, using: &random)
                async let parents: Void = Self.parentsThatDie(path, first)
                async let children: Void = Self.childrenThatDie(path, second)
                _ = await (parents, children)
            }
            // Or the test would say little.
            #expect(try Self.count("session_lost", path) >= Self.rounds, "seed \(seed)")
            #expect(try Self.count("child_ended", path) > 0, "seed \(seed)")
            try await Self.finish(path)
            try Self.check(path, "seed \(seed)")
        }
    }

    private static func parentsThatDie(_ path: String, _ microseconds: UInt64) async {
        await #expect(processExitsWith: .signal(SIGKILL)) {
            [path = path as String, microseconds = microseconds as UInt64] in
            try await FamilyKillTests.work(path, parents: true, microseconds: microseconds)
        }
    }

    private static func childrenThatDie(_ path: String, _ microseconds: UInt64) async {
        await #expect(processExitsWith: .signal(SIGKILL)) {
            [path = path as String, microseconds = microseconds as UInt64] in
            try await FamilyKillTests.work(path, parents: false, microseconds: microseconds)
        }
    }

    /// Nobody dies any more: everything comes to its end.
    private static func finish(_ path: String) async throws {
        let engine = try await Engine.open(at: path, options(), workflows: [Parent(), Child()])
        for number in 0..<parents {
            let output = try await engine.run(Parent.self, id: "parent \(number)", input: number)
            #expect(output == 4 * (number * 10) + 6 + 4)
            let handle = try await engine.submit(
                Parent.self,
                id: "parent \(number)",
                input: number
            )
            let family = try await handle.output(as: FamilyOutput<Int, Int>.self)
            #expect(family.children.map(\.output) == [number * 10 + 5, number * 10 + 6])
        }
        try await engine.close()
    }

    private static func count(_ event: String, _ path: String) throws -> Int {
        let inspector = try Inspector(path: path)
        defer { inspector.close() }
        var count = 0
        try inspector.scan { entry in
            if entry.eventName == event { count += 1 }
            return true
        }
        return count
    }

    private static func check(_ path: String, _ seed: String) throws {
        let inspector = try Inspector(path: path)
        defer { inspector.close() }
        #expect(try Verifier.verify(inspector.store).problems == [])
        for number in 0..<parents {
            let record = try inspector.record(of: "parent \(number)")
            var begun: [UInt64] = []
            var told: [UInt64] = []
            try inspector.history(of: record.number) { entry in
                switch entry.entry.event {
                case .childStarted(let event): begun.append(event.child)
                case .childEnded(let event): told.append(event.child)
                default: break
                }
                return true
            }
            #expect(begun.count == 6 && Set(begun).count == 6, "\(seed)")
            #expect(Set(told) == Set(begun) && told.count == 6, "\(seed)")
            var query = ExecutionQuery()
            query.parent = record.number
            let children = try inspector.executions(query)
            #expect(Set(children.map(\.number)) == Set(begun), "\(seed)")
            #expect(children.allSatisfy { $0.status == .completed && $0.isClosed }, "\(seed)")
        }
    }
}
