import Daybook
import DaybookTesting
import Testing

enum Scheduling {
    struct UpdateOrigin: Workflow {
        static let name = "load-git"
        let load: @Sendable (String) async throws -> Bool

        func run(_ url: String, _ context: WorkflowContext) async throws -> Nothing {
            let isNew = try await context.checkpoint("load", input: url) { _ in try await load(url)
            }
            if isNew { context.eventful() }
            return Nothing()
        }
    }
}

/// The example of "Schedules".
@Suite struct ScheduleExampleTests {
    private static func workflow(_ outside: Outside) -> Scheduling.UpdateOrigin {
        Scheduling.UpdateOrigin { url in
            outside.perform("load", key: url)
            return true
        }
    }

    @Test(.crashEverywhere, .alwaysReplay) func anOriginIsLoadedOnce() async throws {
        let outside = Outside()
        let test = try TestEngine(workflows: [Self.workflow(outside)])
        _ = try await test.run { engine in
            try await engine.run(Scheduling.UpdateOrigin.self, id: "a", input: "lamp")
        }
        #expect(outside.count("load") == 1)
    }

    @Test func itsTaskAdapts() async throws {
        let outside = Outside()
        let test = try TestEngine(workflows: [Self.workflow(outside)])
        try await test.run { engine in
            try await engine.registerTaskTypes([
                TaskType(
                    "load-git",
                    backend: Scheduling.UpdateOrigin.name,
                    defaultInterval: .seconds(64 * 86_400),
                    minInterval: .seconds(12 * 3_600),
                    backoffFactor: 2,
                    maxQueueLength: 5_000
                )
            ])
            let task = NewTask("load-git", TaskArguments([.string("https://git.example/a")]))
            let number = try await engine.createTasks([task])[0].number
            try await engine.waitUntilIdle()
            #expect(try engine.runs(ofTask: number).first?.status == .eventful)
        }
        #expect(outside.count("load") == 1)
    }
}
