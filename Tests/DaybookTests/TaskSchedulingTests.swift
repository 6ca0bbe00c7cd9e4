import Daybook
import DaybookFormat
import DaybookTestKit
import DaybookTesting
import Testing

/// Tasks of a program: registered, created, dispatched when they are due, adapted to what their runs say.
@Suite struct TaskSchedulingTests {
    /// Finds something new in what is called `news`.
    private struct LoadOrigin: Workflow {
        static let name = "load-origin"

        func run(_ url: String, _ context: WorkflowContext) async throws -> Nothing {
            let isNew = try await context.checkpoint("load", input: url) { _ in
                url.contains("news")
            }
            if url == "broken" {
                throw OperationError(code: "broken", message: "it is", isRetryable: false)
            }
            if isNew { context.eventful() }
            return Nothing()
        }
    }

    /// Takes arguments by name, or two by position.
    private struct Copy: TaskWorkflow {
        struct Order: Codable, Sendable {
            let from: String
            let to: String
        }

        static let name = "copy"

        static func input(of arguments: TaskArguments) throws -> Order {
            guard case .string(let from)? = arguments.positional.first,
                case .string(let to)? = arguments.named["to"], arguments.positional.count == 1
            else { throw OperationError(code: "arguments", message: "give FROM and to=TO") }
            return Order(from: from, to: to)
        }

        func run(_ order: Order, _ context: WorkflowContext) async throws -> String {
            "\(order.from) to \(order.to)"
        }
    }

    /// Executions that have ended, as they do.
    private struct Ends {
        let clocked = ClockedJournal()
        let options: EngineOptions
        private let ids: AsyncStream<String>

        init() {
            let (stream, continuation) = AsyncStream.makeStream(of: String.self)
            var options = clocked.options
            options.observers = [
                { event in
                    if case .ended(let lease, _, _) = event { continuation.yield(lease.id.text) }
                }
            ]
            self.options = options
            ids = stream
        }

        func next() async -> String {
            for await id in ids { return id }
            return ""
        }
    }

    private static let type = TaskType(
        "load",
        backend: LoadOrigin.name,
        defaultInterval: .seconds(80),
        minInterval: .seconds(10),
        maxInterval: .seconds(160),
        backoffFactor: 2
    )

    private func task(_ number: UInt64, _ engine: Engine) throws -> ScheduledTask {
        var query = TaskQuery()
        query.numbers = [number]
        return try #require(try engine.tasks(query).first)
    }

    @Test func aTaskComesAgainSoonerOrLater() async throws {
        let ends = Ends()
        try await withJournal(ends.clocked.creation) { path in
            try await Engine.withOpen(at: path, ends.options, workflows: [LoadOrigin()]) { engine in
                try await engine.registerTaskTypes([Self.type])
                #expect(engine.taskTypes == [Self.type])
                let numbers = try await engine.createTasks([
                    NewTask("load", TaskArguments([.string("news")])),
                    NewTask("load", TaskArguments([.string("old")])),
                ]).map(\.number)
                #expect(
                    Set([await ends.next(), await ends.next()])
                        == Set(numbers.map { "task-\($0)-1" })
                )
                try await engine.waitUntilIdle()
                #expect(try task(numbers[0], engine).interval == .seconds(40))
                #expect(try task(numbers[1], engine).interval == .seconds(160))
                ends.clocked.clock.pass(.seconds(40))
                #expect(await ends.next() == "task-\(numbers[0])-2")
                try await engine.waitUntilIdle()
                #expect(try task(numbers[0], engine).interval == .seconds(20))
                let runs = try engine.runs(ofTask: numbers[0])
                #expect(runs.map(\.status) == [.eventful, .eventful])
                #expect(runs.map(\.id) == ["task-\(numbers[0])-1", "task-\(numbers[0])-2"])
                #expect(runs.allSatisfy { $0.startedAt != nil && $0.endedAt != nil })
            }
        }
    }

    @Test func whatFailsForGoodIsDisabledUntilItIsRespawned() async throws {
        let ends = Ends()
        try await withJournal(ends.clocked.creation) { path in
            try await Engine.withOpen(at: path, ends.options, workflows: [LoadOrigin()]) { engine in
                try await engine.registerTaskTypes([Self.type])
                let broken = NewTask("load", TaskArguments([.string("broken")]), policy: .oneshot)
                let number = try await engine.createTasks([broken])[0].number
                #expect(await ends.next() == "task-\(number)-1")
                try await engine.waitUntilIdle()
                #expect(try task(number, engine).status == .disabled)
                try await engine.respawnTasks([number])
                #expect(await ends.next() == "task-\(number)-2")
                try await engine.waitUntilIdle()
                let runs = try engine.runs(ofTask: number)
                #expect(runs.map(\.status) == [.permfailed, .permfailed])
                #expect(runs[0].metadata == ["error": "broken"])
                #expect(try await engine.archiveTasks([number]) == [number])
                #expect(try engine.tasks().isEmpty)
            }
        }
    }

    @Test func argumentsThatDoNotFitAreRefused() async throws {
        let ends = Ends()
        try await withJournal(ends.clocked.creation) { path in
            let workflows: [any Workflow] = [LoadOrigin(), Copy()]
            try await Engine.withOpen(at: path, ends.options, workflows: workflows) { engine in
                let copy = TaskType("copy", backend: Copy.name)
                try await engine.registerTaskTypes([Self.type, copy])
                for task in [
                    NewTask("load", TaskArguments([.integer(1)])),
                    NewTask("load", TaskArguments([.string("a"), .string("b")])),
                    NewTask("load", TaskArguments(named: ["url": .string("a")])),
                    NewTask("copy", TaskArguments([.string("a")])),
                ] {
                    let refusal = await #expect(throws: Refusal.self) {
                        try await engine.createTasks([task])
                    }
                    #expect(refusal?.code == .invalidArgument, "\(task)")
                }
                #expect(try engine.tasks().isEmpty)
                let named = TaskArguments([.string("a")], named: ["to": .string("b")])
                let number = try await engine.createTasks([
                    NewTask("copy", named, policy: .oneshot)
                ])[0].number
                try await engine.waitUntilIdle()
                let outcome = try await engine.wait(for: "task-\(number)-1") { $0.isClosed }
                #expect(outcome.status == .completed)
                #expect(outcome.labels["task"] == "\(number)")
            }
        }
    }

    /// An engine that runs nothing of its own accord dispatches nothing, and one that knows no backend
    /// leaves the task to others.
    @Test func onlyWhoRunsATaskDispatchesIt() async throws {
        let ends = Ends()
        try await withJournal(ends.clocked.creation) { path in
            var number: UInt64 = 0
            for claims in [EngineOptions.Claims.nothing, .named] {
                var options = ends.options
                options.claims = claims
                try await Engine.withOpen(at: path, options, workflows: [LoadOrigin()]) { engine in
                    try await engine.registerTaskTypes([Self.type])
                    number = try await engine.createTasks([
                        NewTask("load", TaskArguments([.string("old")]))
                    ])[0].number
                    try await engine.waitUntilIdle()
                    #expect(try task(number, engine).status == .nextRunNotScheduled)
                }
            }
            for schedules in [
                nil, ScheduleOptions(types: ["other"]), ScheduleOptions(onlyPrioritised: true),
            ] {
                var options = ends.options
                options.schedules = schedules
                try await Engine.withOpen(at: path, options, workflows: [LoadOrigin()]) { engine in
                    try await engine.waitUntilIdle()
                    #expect(try task(number, engine).status == .nextRunNotScheduled)
                }
            }
            try await Engine.withOpen(at: path, ends.options, workflows: [Copy()]) { engine in
                try await engine.waitUntilIdle()
                #expect(try task(number, engine).status == .nextRunNotScheduled)
            }
            try await Engine.withOpen(at: path, ends.options, workflows: [LoadOrigin()]) { engine in
                #expect(await ends.next() == "task-\(number)-1")
                try await engine.waitUntilIdle()
                #expect(try task(number, engine).interval == .seconds(160))
            }
        }
    }
}
