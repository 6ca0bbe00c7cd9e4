#if Integration
import Daybook
import DaybookIntegration
import FoundationEssentials
import InMemoryTracing
import MetricsTestKit
import ServiceLifecycle
import ServiceLifecycleTestKit
import Testing
import Tracing

private struct Greeting: Workflow {
    static let name = "greeting"

    func run(_ input: String, _ context: WorkflowContext) async throws -> String {
        let text = try await context.checkpoint("greet") { _ in "Hello \(input)" }
        if input.isEmpty {
            try await context.checkpoint("fails") { _ in
                throw OperationError(code: "nobody", message: "nobody is there")
            }
        }
        return text
    }
}

@Suite struct IntegrationTests {
    private func withPath(_ body: (String) async throws -> Void) async throws {
        let path = FileManager.default.temporaryDirectory.path + "/test-\(UUID()).daybook"
        try Engine.create(at: path)
        do {
            try await body(path)
        } catch {
            try FileManager.default.removeItem(atPath: path)
            throw error
        }
        try FileManager.default.removeItem(atPath: path)
    }

    @Test func aServiceRunsUntilItsGroupShutsDown() async throws {
        try await withPath { path in
            let (opened, open) = AsyncStream.makeStream(of: Engine.self)
            let service = DaybookService(path: path, workflows: [Greeting()]) { open.yield($0) }
            try await testGracefulShutdown { trigger in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await service.run() }
                    for await daybook in opened {
                        let text = try await daybook.run(Greeting.self, input: "you")
                        #expect(text == "Hello you")
                        break
                    }
                    trigger.triggerGracefulShutdown()
                    try await group.waitForAll()
                }
            }
            // It was closed in good order: it can be opened again, and nobody is taken over.
            let again = try await Engine.open(at: path)
            #expect(again.sessions.count == 1)
            try await again.close()
        }
    }

    @Test func whatIsDoneIsCounted() async throws {
        try await withPath { path in
            let kit = TestMetrics()
            let metrics = EngineMetrics(factory: kit)
            var options = EngineOptions()
            options.observers = [{ metrics.observe($0) }]
            let daybook = try await Engine.open(at: path, options, workflows: [Greeting()])
            _ = try await daybook.run(Greeting.self, input: "you")
            await #expect(throws: OperationError.self) {
                try await daybook.run(Greeting.self, input: "")
            }
            try await daybook.close()
            func total(_ what: String, _ outcome: String) throws -> Int64 {
                try kit.expectCounter(
                    "daybook_\(what)_total",
                    [("workflow", "greeting"), ("outcome", outcome)]
                ).totalValue
            }
            let figures = try [
                total("executions", "completed"), total("executions", "failed"),
                total("operations", "ran"), total("operations", "failed"),
            ]
            #expect(figures == [1, 1, 2, 1])
            let timer = try kit.expectTimer(
                "daybook_operation_duration",
                [("workflow", "greeting")]
            )
            #expect(timer.values.allSatisfy { $0 > 0 })
        }
    }

    @Test func gaugesSayHowMuchThereIs() async throws {
        try await withPath { path in
            let kit = TestMetrics()
            let daybook = try await Engine.open(at: path, workflows: [Greeting()])
            _ = try await daybook.run(Greeting.self, input: "you")
            try await daybook.submit(Greeting.self, id: "later", input: "you")
            try await EngineGauges(daybook, factory: kit).record()
            try await daybook.close()
            func value(_ name: String, _ dimensions: [(String, String)] = []) throws -> Double? {
                try kit.expectGauge("daybook_\(name)", dimensions).lastValue
            }
            #expect(try value("ready") == 1)
            #expect(try value("open_executions", [("standing", "all")]) == 1)
            #expect(try value("open_executions", [("standing", "submitted")]) == 1)
            #expect(try value("open_executions", [("standing", "parked")]) == 0)
            #expect(try value("endings", [("outcome", "completed")]) == 1)
            #expect(try value("endings", [("outcome", "cancelled")]) == 0)
            #expect(try value("oldest_ready_seconds") == 0)
            #expect(try #require(try value("journal_entries")) > 5)
            #expect(try #require(try value("journal_bytes")) > 10_000)
            #expect(try #require(try value("commit_seconds")) > 0)
            #expect(try #require(try value("free_bytes")) > 0)
        }
    }

    @Test func gaugesAreAServiceThatEndsWithItsGroup() async throws {
        try await withPath { path in
            let kit = TestMetrics()
            let daybook = try await Engine.open(at: path, workflows: [Greeting()])
            let gauges = EngineGauges(daybook, interval: .seconds(3_600), factory: kit)
            try await testGracefulShutdown { trigger in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await gauges.run() }
                    trigger.triggerGracefulShutdown()
                    try await group.waitForAll()
                }
            }
            try await daybook.close()
        }
    }

    @Test func aServiceMakesTheJournalThatIsMissing() async throws {
        try await withPath { path in
            let service = DaybookService(
                path: path + "/new.daybook",
                creatingIfMissing: CreationOptions(),
                workflows: [Greeting()]
            )
            try await testGracefulShutdown { trigger in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await service.run() }
                    let daybook = try await service.engine
                    #expect(try await daybook.run(Greeting.self, input: "you") == "Hello you")
                    trigger.triggerGracefulShutdown()
                    try await group.waitForAll()
                }
            }
        }
    }

    @Test func aServiceHandsOutItsEngine() async throws {
        try await withPath { path in
            let service = DaybookService(path: path, workflows: [Greeting()])
            try await testGracefulShutdown { trigger in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await service.run() }
                    let daybook = try await service.engine
                    #expect(try await daybook.run(Greeting.self, input: "you") == "Hello you")
                    trigger.triggerGracefulShutdown()
                    try await group.waitForAll()
                }
            }
            await #expect(throws: DaybookServiceEnded.self) { try await service.engine }
        }
        let nowhere = DaybookService(path: "/nonexistent/journal", workflows: [Greeting()])
        await #expect(throws: (any Error).self) { try await nowhere.run() }
        await #expect(throws: JournalError.self) { try await nowhere.engine }
    }

    /// The span of the handler's own is between that of its activation and that of the body.
    @Test func aSpanOfTheHandlerIsTheParentOfItsOperations() async throws {
        struct Traced: Workflow {
            static let name = "traced"
            let tracer: InMemoryTracer

            func run(_ input: String, _ context: WorkflowContext) async throws -> String {
                // Unsafe only in name: the closure runs at once, in this task.
                nonisolated(unsafe) let context = context
                return try await tracer.withSpan("mine") { _ in
                    try await context.checkpoint("body") { _ in
                        tracer.withSpan("inside") { _ in input }
                    }
                }
            }
        }
        try await withPath { path in
            let tracer = InMemoryTracer()
            var options = EngineOptions()
            options.interceptors = [EngineTracing(tracer: tracer)]
            let daybook = try await Engine.open(
                at: path,
                options,
                workflows: [Traced(tracer: tracer)]
            )
            _ = try await daybook.run(Traced.self, id: "a", input: "")
            try await daybook.close()
            #expect(tracer.activeSpans.isEmpty)
            var spans: [String: FinishedInMemorySpan] = [:]
            for span in tracer.finishedSpans { spans[span.operationName] = span }
            let chain = ["traced", "mine", "body", "inside"]
            for (outer, inner) in zip(chain, chain.dropFirst()) {
                #expect(spans[inner]?.parentSpanID == spans[outer]?.spanID, "\(inner) in \(outer)")
            }
        }
    }

    @Test func operationsAreSpansWithinTheirActivation() async throws {
        try await withPath { path in
            let tracer = InMemoryTracer()
            var options = EngineOptions()
            options.interceptors = [EngineTracing(tracer: tracer)]
            let daybook = try await Engine.open(at: path, options, workflows: [Greeting()])
            await #expect(throws: OperationError.self) {
                try await daybook.run(Greeting.self, id: "a", input: "")
            }
            try await daybook.close()
            #expect(tracer.activeSpans.isEmpty)
            let spans = tracer.finishedSpans
            #expect(spans.map(\.operationName) == ["greet", "fails", "greeting"])
            let parent = try #require(spans.last)
            for span in spans.dropLast() { #expect(span.parentSpanID == parent.spanID) }
            #expect(spans.map { $0.status?.message } == [nil, "nobody", "nobody"])
        }
    }
}
#endif
