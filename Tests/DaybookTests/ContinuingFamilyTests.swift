import Daybook
import DaybookFormat
import DaybookInspector
import DaybookJournal
import DaybookModel
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

        enum Kind: CaseIterable { case failFast, gather, race }

        func run(_ count: Int, _ context: WorkflowContext) async throws -> String {
            guard count > 0 else { return "second run" }
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
        let count = 2_400
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

    /// Only the branch that goes on is run again, and no failure of the others is told.
    @Test(arguments: Whole.Kind.allCases)
    private func itGoesOnAlsoWhenItsProcessDiesInBetween(_ kind: Whole.Kind) async throws {
        func live(_ disturbance: Disturbance?) async throws -> UInt64 {
            let test = try TestEngine(workflows: [Whole(kind: kind), Part()])
            try await test.run(disturbance) { engine in
                if try engine.record(of: "whole") == nil { try await Self.begin(engine, 600) }
                try await Self.checkEnd(engine, 600)
            }
            #expect(try Verifier.verify(test.journalStore).problems == [])
            let first = try test.journalStore.read { reader in
                try (0..<reader.entryCount()).first { number in
                    try reader.withView(of: number) {
                        $0.event == EventKind.executionCancelled.rawValue
                    } == true
                }
            }
            return try #require(first)
        }
        let first = try await live(nil)
        #expect(try await live(.crash(after: Int(first))) == first)
    }
}
