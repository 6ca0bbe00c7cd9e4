import Daybook
import DaybookTesting
import Testing

@Suite struct ExplorationTests {
    /// 20 operations, some of them in branches.
    private func workflow(_ world: World) -> Made {
        Made { input, context in
            for step in 0..<10 {
                try await context.checkpoint("step \(step)") { _ in }
            }
            let parts = try await context.map("all", [1, 2, 3]) { scope, number in
                for step in 0..<3 {
                    try await scope.checkpoint("part \(step)") { _ in await Task.yield() }
                }
                return number
            }
            world.add("ended")
            return "\(parts.reduce(input, +))"
        }
    }

    private func explore(schedules: Int) async -> CrashReport {
        await crashEverywhere(schedules: schedules) {
            let test = try TestEngine(workflows: [workflow(World())])
            let output = try await test.run { try await $0.run(Made.self, id: "a", input: 1) }
            try Wrong.unless(output == "7", output)
        }
    }

    @Test func schedulesOfTwentyOperationsEndAlike() async {
        let report = await explore(schedules: 200)
        #expect(report.failure == nil, "\(report)")
        #expect(report.entries > 24)
        // The undisturbed run, the schedules, and three ends at each batch.
        #expect(report.runs > 200 + 40)
    }

    @Test func theSameSeedsFindTheSame() async {
        func found() async -> CrashReport {
            await crashEverywhere(schedules: 50) {
                let world = World()
                let test = try TestEngine(
                    workflows: [
                        Made { _, context in
                            _ = try await context.map("all", [1, 2]) { scope, number in
                                try await scope.checkpoint("say") { operation in
                                    await Task.yield()
                                    if world.count("2") == 1, number == 1 { world.add("late") }
                                    world.add("\(number)")
                                }
                                return number
                            }
                            return world.count("late") > 0 && world.count("1") == 1 ? "late" : ""
                        }
                    ]
                )
                _ = try await test.run { try await $0.run(Made.self, id: "a", input: 1) }
            }
        }
        let (first, second) = (await found(), await found())
        #expect(first.failure != nil)
        #expect("\(first)" == "\(second)")
    }

    /// An engine with threads, or one that another test has made, would not be disturbed.
    @Test func aTestWithoutAnEngineOfItsOwnFails() async {
        let report = await crashEverywhere { _ = try TestEngine(workflows: [workflow(World())]) }
        #expect(report.runs == 1)
        #expect(report.description.hasPrefix("nothing was disturbed"))
        #expect(report.failure?.reasons.first?.contains("run by a TestEngine") == true)
    }

    @Test func aScheduleWhoseEntryIsNotWrittenAnyMoreFails() async {
        for text in ["crash-before=900", "crash-after=900", "shutdown-after=900 seed=3"] {
            let report = await crashEverywhere(only: Schedule(text)) {
                let test = try TestEngine(workflows: [workflow(World())])
                _ = try await test.run { try await $0.run(Made.self, id: "a", input: 1) }
            }
            #expect(report.runs == 2)
            #expect(report.failure?.reasons.first?.contains("entry 900") == true, "\(report)")
        }
    }

    @Test func aTestThatFailsUndisturbedIsNotDisturbed() async {
        let report = await crashEverywhere { throw Wrong(what: "always") }
        #expect(report.runs == 1)
        #expect(report.failure?.schedule == Schedule())
        #expect(report.description.hasPrefix("undisturbed, the test fails"))
    }
}
