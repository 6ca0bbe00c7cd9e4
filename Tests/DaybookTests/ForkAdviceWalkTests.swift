import DaybookInspector
import DaybookModel
import DaybookTestKit
import DaybookView
import SeededRandom
import Testing

@testable import Daybook

/// What refused forks advise after whatever has happened: each of it is granted.
@Suite struct ForkAdviceWalkTests {
    private static func book(_ name: String, _ context: WorkflowContext) async throws {
        try await context.checkpoint(name, compensate: { _, _ in }) { _ -> Void in }
    }

    /// Three parts that are to be undone, one of them in branches, and a note; fails, or waits.
    private static func code(_ input: Int, _ context: WorkflowContext) async throws -> String {
        try await book("one", context)
        _ = try await context.map("both", [0, 1], maxConcurrent: 1) { scope, branch in
            try await book("branch \(branch)", scope)
            return branch
        }
        try await context.checkpoint("note") { _ -> Void in }
        try await book("two", context)
        let value = try await context.receive("go", as: Int.self)
        try await context.checkpoint("end") { _ -> Void in
            if value > 0 {
                throw OperationError(code: "no", message: "no", isRetryable: false)
            }
        }
        return ""
    }

    /// What happens to an execution.
    private enum Step: CaseIterable { case fork, cancel, force, retry, fail, complete }

    /// Does something that may be refused.
    private func attempting(_ body: () async throws -> Void) async throws {
        do { try await body() } catch is Refusal { return }
    }

    private func settle(_ engine: Engine, _ ids: [String]) async throws {
        for id in ids {
            _ = try await engine.wait(for: id) { $0.isClosed || $0.status == .waiting }
        }
    }

    private func take(
        _ step: Step,
        _ id: String,
        _ engine: Engine,
        _ random: inout SeededGenerator
    ) async throws {
        let places = try places(of: id, engine)
        let place = places[random.next(below: places.count)]
        try await attempting {
            switch step {
            case .fork: _ = try await engine.fork(id, at: place)
            case .cancel: try await engine.cancel(id)
            case .force: try await engine.cancel(id, force: true)
            case .retry: try await engine.retry(id)
            case .fail: try await engine.signal(id, "go", 1)
            case .complete: try await engine.signal(id, "go", 0)
            }
        }
    }

    /// The numbers of all operations of an execution.
    private func places(of id: String, _ engine: Engine) throws -> [String] {
        let record = try #require(try engine.record(of: id))
        return try JournalHistory(store: engine.journal.store, execution: record.number)
            .operations(of: record.number) { _ in true }
            .map { OperationPath($0.operation).description }.sorted()
    }

    private func ids(_ engine: Engine) async throws -> [String] {
        var query = ExecutionQuery()
        query.order = .oldestFirst
        query.limit = 1_000
        return try await engine.executions(query).records.map(\.id)
    }

    /// What is said against a fork; nil: nothing.
    private func refusal(_ id: String, at place: String, _ engine: Engine) async throws -> Refusal?
    {
        let core = engine.engine
        do {
            _ = try await core.planFork(
                of: id,
                at: place,
                ForkOptions(),
                core.forkPlanner(of: id, nil)
            )
            return nil
        } catch let refusal as Refusal {
            return refusal
        }
    }

    /// Looks at each operation of each execution.
    /// - Returns: how many were refused, and a place that was advised.
    private func check(_ engine: Engine) async throws -> (refused: Int, advised: (String, String)?)
    {
        var (refused, advised): (Int, (String, String)?) = (0, nil)
        for id in try await ids(engine) {
            for place in try places(of: id, engine) {
                guard let found = try await refusal(id, at: place, engine) else { continue }
                refused += 1
                let advice = try #require(found.message.split(separator: "; ").last)
                let ways = advice.matches(of: /(?:fork|or)(?: (\S+))? at ([0-9\/]+), which is/)
                #expect(!ways.isEmpty, "\(found)")
                for way in ways {
                    let other = way.output.1.map(String.init) ?? id
                    let there = String(way.output.2)
                    let second = try await refusal(other, at: there, engine)
                    #expect(second == nil, "\(found), and then \(String(describing: second))")
                    advised = (other, there)
                }
                if advice.contains(", or retry") {
                    #expect(try engine.record(of: id)?.isClosed == true)
                }
            }
        }
        return (refused, advised)
    }

    @Test(arguments: UInt64(1)...8)
    func whateverHasHappenedWhatIsAdvisedIsGranted(_ seed: UInt64) async throws {
        var random = SeededGenerator(seed: seed)
        try await withJournal { path in
            try await withEngine(path, code: { try await Self.code($0, $1) }) { engine in
                try await engine.start()
                try await engine.untilWaiting()
                // Before something is owed or undone nothing is refused.
                _ = try await engine.fork("a", at: "two", ForkOptions(id: "b"))
                try await settle(engine, ["a", "b"])
                #expect(try await check(engine).refused > 0)
                for _ in 0..<8 {
                    let ids = try await ids(engine)
                    let step = Step.allCases[random.next(below: Step.allCases.count)]
                    try await take(step, ids[random.next(below: ids.count)], engine, &random)
                    try await settle(engine, try await self.ids(engine))
                    // What is only looked at is decided too.
                    guard let (id, place) = try await check(engine).advised else { continue }
                    _ = try await engine.fork(id, at: place)
                    try await settle(engine, try await self.ids(engine))
                }
            }
            let inspector = try Inspector(path: path)
            defer { inspector.close() }
            #expect(try Verifier.verify(inspector.store).problems == [])
        }
    }
}
