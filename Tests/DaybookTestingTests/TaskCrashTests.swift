import Daybook
import DaybookTesting
import Testing

/// Tasks under crashes: each that is due has one run, whenever a process dies.
@Suite struct TaskCrashTests {
    private struct Load: Workflow {
        static let name = "load"

        func run(_ url: String, _ context: WorkflowContext) async throws -> String {
            let found = try await context.checkpoint("load") { _ in url == "news" }
            if found { context.eventful() }
            return url
        }
    }

    private struct Wrong: Error {
        let found: [TaskRunStatus?]
    }

    @Test func eachDueTaskRunsOnceWhereverItsProcessDies() async {
        let report = await crashEverywhere(schedules: 10) {
            let clock = ManualClock()
            let start = clock.now()
            let test = try TestEngine(clock: clock, workflows: [Load()])
            try await test.run { engine in
                try await engine.registerTaskTypes([TaskType("load", backend: Load.name)])
                // The same time for each process: so they are the same tasks.
                let wanted = ["news", "old", "other"].map {
                    NewTask(
                        "load",
                        TaskArguments([.string($0)]),
                        policy: .oneshot,
                        nextRun: start
                    )
                }
                let numbers = try await engine.createTasks(wanted).map(\.number)
                // What is due is work: it is dispatched before nothing is left to do.
                try await engine.waitUntilIdle()
                for number in numbers { _ = try await engine.waitForEnd(of: "task-\(number)-1") }
                let found = try numbers.flatMap { try engine.runs(ofTask: $0).map(\.status) }
                guard found == [.eventful, .uneventful, .uneventful] else {
                    throw Wrong(found: found)
                }
            }
        }
        #expect(report.failure == nil, "\(report)")
        #expect(report.runs > 20)
    }
}
