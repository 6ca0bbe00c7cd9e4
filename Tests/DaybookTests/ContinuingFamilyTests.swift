import Daybook
import DaybookFormat
import DaybookInspector
import DaybookJournal
import DaybookModel
import DaybookSystem
import DaybookTestKit
import DaybookTesting
import Testing

/// A branch that goes on as a new run while others wait for more children than one commit cancels.
@Suite(.timeLimit(.minutes(10))) struct ContinuingFamilyTests {
    /// Waits until it is cancelled.
    private struct Part: Workflow {
        static let name = "part"

        func run(_ input: Int, _ context: WorkflowContext) async throws -> String {
            try await context.receive("never")
        }
    }

    /// Goes on as a new run when it is told to, in a branch of a branch, beside others that wait.
    private struct Whole: Workflow {
        static let name = "whole"
        let kind: Kind
        var log = CallLog()

        enum Kind: CaseIterable { case failFast, gather, race }

        func run(_ count: Int, _ context: WorkflowContext) async throws -> String {
            guard count > 0 else { return "second run" }
            let log = log
            _ = try await context.onUnfinished("undo") { _ in log.add("undone") }
            let branch = Self.branch(of: count)
            let numbers = Array(0..<count / 2) + [count]
            switch kind {
            case .failFast:
                return try await context.map("all", numbers, branch).joined()
            case .gather:
                let outcomes = try await context.map("all", numbers, until: .all, branch)
                return "\(outcomes.failures.count) failed"
            case .race:
                let branches = numbers.map { number -> WorkflowContext.Branch<String> in
                    { scope in try await branch(scope, number) }
                }
                return try await context.race("all", by: .firstSuccess, branches)
            }
        }

        /// Half of the children are begun by branches of the branch that goes on.
        private static func branch(
            of count: Int
        ) -> @Sendable (WorkflowContext, Int) async throws -> String {
            { scope, number in
                guard number == count else {
                    return try await scope.run(Part.self, id: "\(number)", input: number)
                }
                return try await scope.map("inner", Array(count / 2...count)) { scope, number in
                    guard number == count else {
                        return try await scope.run(Part.self, id: "\(number)", input: number)
                    }
                    let _: Bool = try await scope.receive("go on")
                    throw try scope.continueAsNew(Whole.self, input: 0)
                }.joined()
            }
        }
    }

    private static func begin(_ engine: Engine, _ count: Int) async throws {
        try await engine.start(Whole.self, id: "whole", input: count)
        _ = try await engine.wait(for: "whole") { $0.openChildren == count }
        _ = try await engine.wait(for: "whole") { $0.status == .waiting }
        try await engine.signal("whole", "go on", true)
    }

    private static func checkEnd(_ engine: Engine, _ count: Int) async throws {
        let whole = try await engine.waitForEnd(of: "whole")
        #expect(whole.status == .completed && whole.continuedFrom != nil)
        for number in 0..<count {
            #expect(try await engine.waitForEnd(of: "\(number)").status == .cancelled)
        }
    }

    /// Of the entries by which executions are cancelled the numbers, by their times.
    private static func cancelled(_ path: String) throws -> [[UInt64]] {
        let inspector = try Inspector(path: path)
        defer { inspector.close() }
        #expect(try Verifier.verify(inspector.store).problems == [])
        var all: [UInt64: [UInt64]] = [:]
        try inspector.scan { entry in
            guard entry.kind == .executionCancelled else { return true }
            all[entry.time.rawValue, default: []].append(entry.sequence)
            return true
        }
        return all.sorted { $0.key < $1.key }.map(\.value)
    }

    @Test func noCommitCancelsAllOfThem() async throws {
        let count = 1_800
        try await withJournal { path in
            let workflows: [any Workflow] = [Whole(kind: .failFast), Part()]
            let engine = try await Engine.open(at: path, workflows: workflows)
            try await Self.begin(engine, count)
            try await Self.checkEnd(engine, count)
            try await engine.close()
            // What one commit writes has one time. Whoever keeps an eye on the clock cancels 1,024, and the
            // commands that share its commit 256 each.
            let cancelled = try Self.cancelled(path)
            #expect(cancelled.reduce(0) { $0 + $1.count } == count)
            let most = cancelled.map(\.count).max() ?? 0
            #expect(most <= 1_024 + 2 * CancelLeftChildren.limit, "\(most)")
        }
    }

    /// Entries of the lives of a process, by which children are cancelled.
    private func cancelled(in test: TestEngine) throws -> [UInt64] {
        #expect(try Verifier.verify(test.journalStore).problems == [])
        return try test.journalStore.read { reader in
            try (0..<reader.entryCount()).filter { number in
                try reader.withView(of: number) {
                    $0.event == EventKind.executionCancelled.rawValue
                } == true
            }
        }
    }

    /// Only the branch that goes on is run again, and no failure of the others is told.
    /// - Parameter place: how many have been cancelled by then.
    @Test(arguments: Whole.Kind.allCases, [0, 300])
    private func itGoesOnAlsoWhenItsProcessDiesInBetween(_ kind: Whole.Kind, _ place: Int)
        async throws
    {
        func live(_ disturbance: Disturbance?) async throws -> ArraySlice<UInt64> {
            let test = try TestEngine(workflows: [Whole(kind: kind), Part()])
            try await test.run(disturbance) { engine in
                if try engine.record(of: "whole") == nil { try await Self.begin(engine, 600) }
                try await Self.checkEnd(engine, 600)
            }
            return try cancelled(in: test)[...place]
        }
        let undisturbed = try await live(nil)
        let last = try #require(undisturbed.last)
        #expect(try await live(.crash(after: Int(last))) == undisturbed)
    }

    /// One branch returns and one goes on as a new run, at the same moment: whichever is recorded first
    /// decides, and nothing follows that the other one would have to be recorded for.
    private struct Torn: Workflow {
        static let name = "torn"

        func run(_ run: Int, _ context: WorkflowContext) async throws -> String {
            guard run == 0 else { return "second run" }
            return try await context.race(
                "which",
                [
                    // Each a little later or sooner in each execution: some ask while the other is recorded.
                    { scope in
                        for _ in 0..<scope.number % 23 { await Task.yield() }
                        return "first run"
                    },
                    { scope in
                        for _ in 0..<scope.number % 29 { await Task.yield() }
                        throw try scope.continueAsNew(Torn.self, input: 1)
                    },
                ]
            )
        }
    }

    @Test func aBranchThatHasLostDoesNotGoOnAsANewRun() async throws {
        let test = try TestEngine(workflows: [Torn()])
        let count = 400
        let ends = Locked<Set<String>>([])
        try await test.run { engine in
            var handles: [ExecutionHandle<Torn>] = []
            for number in 0..<count {
                handles.append(try await engine.start(Torn.self, id: "\(number)", input: 0))
            }
            for handle in handles {
                let end = try await handle.result()
                ends.withLock { _ = $0.insert(end) }
            }
        }
        // Both are seen, or it shows nothing.
        #expect(ends.withLock { $0 } == ["first run", "second run"])
        let decided = try test.journalStore.read { reader in
            var decided: Set<StreamID> = []
            for number in try 0..<reader.entryCount() {
                try reader.withView(of: number) { entry in
                    switch EventKind(rawValue: entry.event) {
                    case .branchSettled: decided.insert(entry.header.stream)
                    case .executionContinued:
                        #expect(!decided.contains(entry.header.stream))
                    default: break
                    }
                }
            }
            return decided
        }
        #expect(!decided.isEmpty)
    }

    /// Others that are stopped do not go on as a new run either.
    @Test func aBranchThatIsStoppedDoesNotGoOnAsANewRun() async throws {
        let wrong = Locked<String?>(nil)
        let test = try TestEngine(
            workflows: [
                Scripted { _, context in
                    try await context.race(
                        "which",
                        [
                            { _ in "first" },
                            { scope in
                                await untilTold()
                                do {
                                    throw try scope.continueAsNew(Scripted.self, input: 1)
                                } catch {
                                    wrong.withLock { $0 = "\(type(of: error))" }
                                    throw error
                                }
                            },
                        ]
                    )
                }
            ]
        )
        try await test.run { engine in
            let handle = try await engine.start(Scripted.self, id: "one", input: 0)
            #expect(try await handle.result() == "first")
        }
        #expect(wrong.withLock { $0 } == "CancellationError")
    }

    /// What it registered is found again, and runs.
    @Test(arguments: Whole.Kind.allCases)
    private func whoIsCancelledInBetweenIsCleanedUp(_ kind: Whole.Kind) async throws {
        let log = CallLog()
        func live(_ disturbance: Disturbance?) async throws -> TestEngine {
            let test = try TestEngine(workflows: [Whole(kind: kind, log: log), Part()])
            try await test.run(disturbance) { engine in
                if try engine.record(of: "whole") == nil {
                    try await Self.begin(engine, 600)
                } else {
                    try await engine.cancel("whole")
                }
                _ = try await engine.waitForEnd(of: "whole")
            }
            return test
        }
        let last = try cancelled(in: try await live(nil))[300]
        #expect(log.lines == [])
        let test = try await live(.crash(after: Int(last)))
        #expect(log.lines == ["undone"])
        let record = try await test.run { try $0.record(of: "whole") }
        #expect(record?.status == .cancelled && record?.isClosed == true)
    }
}
