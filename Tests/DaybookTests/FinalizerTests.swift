import Daybook
import DaybookFormat
import DaybookInspector
import DaybookModel
import DaybookTestKit
import LMDB
import Logging
import Testing

/// Finalizers as an engine runs them: resident, evicted and restarted.
@Suite struct FinalizerTests {
    private struct Part: Workflow {
        static let name = "part"
        func run(_ input: Int, _ context: WorkflowContext) async throws -> Int {
            try await context.sleep(for: .seconds(input))
            return input * 10
        }
    }

    /// Adds up what the parts give.
    private struct Sum: Workflow {
        static let name = "sum"
        typealias Given = FinalizerInput<Int, String, Int>
        let body: @Sendable (Given, WorkflowContext) async throws -> String

        func run(_ input: Given, _ context: WorkflowContext) async throws -> String {
            try await body(input, context)
        }
    }

    private struct Whole: Workflow {
        static let name = "whole"
        static let finalizer: (any Workflow.Type)? = Sum.self

        func run(_ count: Int, _ context: WorkflowContext) async throws -> String {
            for input in 0..<count {
                try await context.spawn(Part.self, id: "part \(input)", input: input)
            }
            return "of \(count)"
        }
    }

    private static func words(_ given: Sum.Given) -> String {
        let parts = given.children.map { "\($0.index) \($0.type) \($0.id) \($0.output)" }
        return "\(given.input), \(given.output): \(parts.joined(separator: ", "))"
    }

    /// Runs an execution to its end in one mode, and replays every beginning of each history.
    private func drive(
        _ mode: ConformanceMode,
        _ count: Int,
        _ extra: [any Workflow] = [],
        sum: @escaping @Sendable (Sum.Given, WorkflowContext) async throws -> String,
        _ use: (Engine, ExecutionRecord) async throws -> Void
    ) async throws {
        let clock = ManualClock()
        var creation = CreationOptions()
        creation.clock = clock
        creation.environment.synchronizes = false
        var options = EngineOptions()
        options.clock = clock
        options.environment = creation.environment
        options.logger.logLevel = .critical
        if mode == .evicted { options.maxResident = 0 }
        let workflows: [any Workflow] = [Whole(), Part(), Sum(body: sum)] + extra
        try await withJournal(creation) { path in
            var engine = try await Engine.open(at: path, options, workflows: workflows)
            try await engine.start(Whole.self, id: "whole", input: count)
            var last: UInt64 = 0
            while true {
                let seen = last
                // Whatever there is waits for time, or all of it has ended.
                let record = try await engine.wait(for: "whole") {
                    $0.isClosed || $0.isParked || $0.status == .waiting && $0.last > seen
                }
                if record.isClosed || record.isParked { break }
                try await engine.waitUntilIdle()
                if mode == .restarted {
                    try await engine.close()
                    engine = try await Engine.open(at: path, options, workflows: workflows)
                    try await engine.waitUntilIdle()
                }
                clock.pass(.seconds(1))
                try await engine.waitUntilIdle()
                // What the writer's thread has told needs a thread that this loop may hold.
                await Task.yield()
                last = 0
            }
            try await use(engine, try #require(try engine.record(of: "whole")))
            let histories = try await engine.executions().records.map {
                try RecordedHistory(of: $0.id, in: engine.journal)
            }
            try await engine.close()
            let inspector = try Inspector(path: path)
            defer { inspector.close() }
            let problems = try Verifier.verify(inspector.store).problems
            #expect(problems.map(\.description) == [])
            for history in histories {
                for length in 1...history.count {
                    let report = try await Replayer(workflows: workflows)
                        .replay(history.prefix(length))
                    switch report.outcome {
                    case .agrees, .agreesSoFar: break
                    default: Issue.record("\(history.id), \(length): \(report.outcome)")
                    }
                }
            }
        }
    }

    private func output(_ engine: Engine, _ record: ExecutionRecord) throws -> String {
        switch try engine.outcome(of: record) {
        case .success(let data): String(decoding: data, as: UTF8.self)
        case .failure(let error): "\(error.code): \(error.message)"
        }
    }

    @Test(arguments: ConformanceMode.allCases) func itIsGivenInputOutputAndChildren(
        _ mode: ConformanceMode
    ) async throws {
        try await drive(mode, 3, sum: { given, _ in Self.words(given) }) { engine, record in
            #expect(record.status == .completed)
            let text = try output(engine, record)
            #expect(
                text
                    == "\"3, of 3: 0 part part 0 0, 1 part part 1 10, 2 part part 2 20\""
            )
            // What its own code returned is kept beside it.
            let handle = try await engine.submit(Whole.self, id: "whole", input: 3)
            #expect(try await handle.result() == "of 3")
            var query = ExecutionQuery()
            query.types = ["sum"]
            let sum = try #require(try await engine.executions(query).records.first)
            #expect(sum.isFinalizer && sum.parent == record.number && sum.isClosed)
        }
    }

    @Test(arguments: ConformanceMode.allCases) func itRunsAlsoWithoutChildren(
        _ mode: ConformanceMode
    ) async throws {
        try await drive(
            mode,
            0,
            sum: { given, context in
                "\(Self.words(given)), \(context.isFinalizer)"
            }
        ) { engine, record in
            let text = try output(engine, record)
            #expect(text == "\"0, of 0: , true\"")
        }
    }

    @Test(arguments: ConformanceMode.allCases) func whatItFailsWithIsItsParentsFailure(
        _ mode: ConformanceMode
    ) async throws {
        try await drive(
            mode,
            1,
            sum: { _, _ in
                throw OperationError(code: "no", message: "it does not add up")
            }
        ) { engine, record in
            #expect(record.status == .finalizeTaskFailed)
            let text = try output(engine, record)
            #expect(text.hasPrefix("no: Finalize task with id "))
            #expect(text.hasSuffix(" failed: it does not add up"))
        }
    }

    @Test func itWaitsAndIsCancelledWithItsParent() async throws {
        let (reached, signal) = AsyncStream.makeStream(of: Void.self)
        try await withJournal { path in
            let sum = Sum { _, context in
                signal.yield()
                let never: String = try await context.receive("never")
                return never
            }
            let engine = try await Engine.open(at: path, workflows: [Whole(), Part(), sum])
            try await engine.start(Whole.self, id: "whole", input: 0)
            for await _ in reached { break }
            let waiting = try await engine.wait(for: "whole") {
                $0.waits.contains { $0.operation.kind == .finalize }
            }
            #expect(waiting.status == .waiting)
            try await engine.cancel("whole")
            #expect(try await engine.waitForEnd(of: "whole").status == .cancelled)
            var query = ExecutionQuery()
            query.types = ["sum"]
            let records = try await engine.executions(query).records
            #expect(records.map(\.status) == [.cancelled])
            try await engine.close()
        }
    }

    /// Somebody cancels the finalizer itself: that is its parent's failure.
    @Test func aCancelledFinalizerFailsItsParentAndRunsAgainWithIt() async throws {
        let log = CallLog()
        let (reached, signal) = AsyncStream.makeStream(of: Void.self)
        try await withJournal { path in
            let sum = Sum { given, context in
                try await context.checkpoint("once") { _ in log.add("once") }
                signal.yield()
                let word: String = try await context.receive("word")
                return "\(given.output) \(word)"
            }
            let engine = try await Engine.open(at: path, workflows: [Whole(), Part(), sum])
            try await engine.start(Whole.self, id: "whole", input: 1)
            for await _ in reached { break }
            var query = ExecutionQuery()
            query.types = ["sum"]
            let first = try #require(try await engine.executions(query).records.first)
            try await engine.cancel(first.id)
            let failed = try await engine.waitForEnd(of: "whole")
            #expect(failed.status == .finalizeTaskFailed)
            try await engine.retry("whole")
            _ = try await engine.wait(for: first.id) { !$0.status.isFinal }
            try await engine.signal(first.id, "word", "again")
            let done = try await engine.waitForEnd(of: "whole")
            #expect(done.status == .completed)
            #expect(try output(engine, done) == "\"of 1 again\"")
            let last = try #require(try engine.record(of: first.id))
            #expect(last.number == first.number && last.status == .completed)
            try await engine.close()
        }
        // It went on with what it had recorded, and so did the rest of the family.
        #expect(log.lines == ["once"])
    }

    /// A finalizer with children and a finalizer of its own.
    @Test func itMayHaveAFamilyOfItsOwn() async throws {
        struct Last: Workflow {
            static let name = "last"
            func run(
                _ input: FinalizerInput<FinalizerInput<Nothing, String, Int>, Int, Int>,
                _ context: WorkflowContext
            ) async throws -> String {
                "\(input.input.output) \(input.output) \(input.children.map(\.output))"
            }
        }
        struct Middle: Workflow {
            static let name = "middle"
            static let finalizer: (any Workflow.Type)? = Last.self
            func run(
                _ input: FinalizerInput<Nothing, String, Int>,
                _ context: WorkflowContext
            ) async throws -> Int {
                try await context.spawn(Part.self, id: "part", input: 0)
                return input.children.count
            }
        }
        struct First: Workflow {
            static let name = "first"
            static let finalizer: (any Workflow.Type)? = Middle.self
            func run(_ input: Nothing, _ context: WorkflowContext) async throws -> String {
                "first"
            }
        }
        try await withJournal { path in
            let workflows: [any Workflow] = [First(), Middle(), Last(), Part()]
            let engine = try await Engine.open(at: path, workflows: workflows)
            #expect(try await engine.run(First.self, id: "first", input: Nothing()) == "first")
            let record = try #require(try engine.record(of: "first"))
            #expect(try output(engine, record) == "\"first 0 [0]\"")
            try await engine.close()
        }
    }

    /// Its own policy counts, and its parent waits for that.
    @Test func itIsTriedAgainByItsOwnPolicy() async throws {
        struct Stubborn: Workflow {
            static let name = "stubborn"
            static let retry = RetryPolicy(maxAttempts: 3, baseDelay: .zero)
            func run(
                _ input: FinalizerInput<Int, Int, Int>,
                _ context: WorkflowContext
            ) async throws -> UInt32 {
                if context.attempt < 3 { throw OperationError(code: "no", message: "not yet") }
                return context.attempt
            }
        }
        struct Start: Workflow {
            static let name = "start"
            static let finalizer: (any Workflow.Type)? = Stubborn.self
            func run(_ input: Int, _ context: WorkflowContext) async throws -> Int { input }
        }
        try await withJournal { path in
            let engine = try await Engine.open(at: path, workflows: [Start(), Stubborn()])
            #expect(try await engine.run(Start.self, id: "start", input: 7) == 7)
            let record = try #require(try engine.record(of: "start"))
            #expect(record.attempt == 1)
            #expect(try output(engine, record) == "3")
            try await engine.close()
        }
    }
}
