import Daybook
import DaybookTesting
import Testing

/// What tests of programs look like: the traits do the rest.
@Suite(.alwaysReplay) struct TraitTests {
    /// A wait, branches, a retry and two payments.
    private func workflow(_ world: World) -> Made {
        Made { input, context in
            try await context.checkpoint("reserve", input: input) { operation in
                world.pay("reserve", operation)
            }
            try await context.sleep(for: .seconds(3_600))
            let sizes = try await context.map("pack", [1, 2, 3]) { scope, size in
                try await scope.checkpoint("box") { _ in await Task.yield() }
                return size
            }
            try await context.checkpoint("charge") { operation in
                world.pay("charge", operation)
            }
            return "\(sizes.reduce(input, +))"
        }
    }

    @Test(.crashEverywhere, arguments: [1, 2])
    func anOrderIsDoneOnce(_ input: Int) async throws {
        let world = World()
        let test = try TestEngine(workflows: [workflow(world)])
        let output = try await test.run { engine in
            try await engine.run(Made.self, id: "order", input: input)
        }
        #expect(output == "\(6 + input)")
        #expect(world.count("reserve") == 1)
        #expect(world.count("charge") == 1)
    }

    @Test(.crashEverywhere(only: "crash-before=9 order=2:1"))
    func oneScheduleCanBeLookedAtAlone() async throws {
        let world = World()
        let test = try TestEngine(workflows: [workflow(world)])
        _ = try await test.run { try await $0.run(Made.self, id: "order", input: 1) }
        #expect(world.count("reserve") == 1)
    }

    @Test func schedulesAreReadAsTheyArePrinted() {
        for text in ["plain", "crash-after=3", "shutdown-after=12 seed=7", "order=1:2,14:1"] {
            #expect(Schedule(text)?.description == text)
        }
        for text in [
            "", "crash=3", "seed=x", "order=1", "crash-after=", "order=1:-1", "order=0:1",
            "order=3:x:1", "order=3:1:", "crash-before=-5",
        ] {
            #expect(Schedule(text) == nil)
        }
    }
}

extension World {
    /// Does something once for each key.
    func pay(_ what: String, _ operation: OperationContext) {
        guard count(operation.idempotencyKey) == 0 else { return }
        add(operation.idempotencyKey)
        add(what)
    }
}

/// The traits find what the functions find.
@Suite struct TraitFailureTests {
    @Test func aTestThatACrashBreaksIsAnIssueWithItsSmallestSchedule() async throws {
        try await withKnownIssue {
            try await brokenByCrashes()
        } matching: { issue in
            issue.comments.contains { $0.rawValue.contains("under the schedule \"crash-before=") }
        }
    }

    /// What is known to fail does not fail the test, and does not keep it from being disturbed.
    @Test func aTestWithAKnownIssueIsDisturbedAllTheSame() async throws {
        try await withKnownIssue {
            try await brokenByCrashes { withKnownIssue { #expect(Bool(false)) } }
        } matching: { issue in
            issue.comments.contains { $0.rawValue.contains("under the schedule \"crash-before=") }
        }
    }

    @Test func aTestOfWhichNothingIsDisturbedIsAnIssue() async throws {
        let test = try #require(Test.current)
        let trait: CrashEverywhereTrait = .crashEverywhere
        try await withKnownIssue {
            try await trait.provideScope(for: test, testCase: Test.Case.current) {}
        } matching: { issue in
            issue.comments.contains { $0.rawValue.contains("nothing was disturbed") }
        }
    }

    /// Runs a trait's scope as the library does.
    private func brokenByCrashes(
        _ known: @escaping @Sendable () -> Void = {}
    ) async throws {
        let test = try #require(Test.current)
        let trait: CrashEverywhereTrait = .crashEverywhere
        try await trait.provideScope(for: test, testCase: Test.Case.current) {
            known()
            let world = World()
            let test = try TestEngine(
                workflows: [
                    Made { _, context in
                        try await context.checkpoint("charge") { _ in world.add("charge") }
                        return "done"
                    }
                ]
            )
            try await test.run { engine in
                _ = try await engine.run(Made.self, id: "a", input: 1)
                #expect(world.count("charge") == 1)
            }
        }
    }

    @Test func hiddenStateFailsATestThatIsAlwaysReplayed() async throws {
        let test = try #require(Test.current)
        let trait: AlwaysReplayTrait = .alwaysReplay
        await #expect(throws: HiddenState.self) {
            try await trait.provideScope(for: test, testCase: Test.Case.current) {
                let test = try TestEngine(
                    workflows: [
                        Made { _, context in
                            try await context.checkpoint("\(ContinuousClock.now)") { _ in "" }
                        }
                    ]
                )
                _ = try await test.run { try await $0.run(Made.self, id: "a", input: 1) }
            }
        }
    }
}

/// Both say how often a test is run.
@Suite(.crashEverywhere(schedules: 3)) struct NestedTraitTests {
    private static let runs = World()

    @Test(.crashEverywhere(only: "crash-after=5"))
    func theTraitOfATestGoesBeforeThatOfItsSuite() async throws {
        let current = try #require(Test.current)
        let ofSuite: CrashEverywhereTrait = .crashEverywhere(schedules: 3)
        let own: CrashEverywhereTrait = .crashEverywhere(only: "crash-after=5")
        #expect(ofSuite.scopeProvider(for: current, testCase: Test.Case.current) == nil)
        #expect(own.scopeProvider(for: current, testCase: Test.Case.current) == own)
        try await oneExecution()
    }

    @Test(.crashEverywhere(schedules: 3))
    func theSameTraitTwiceIsOne() async throws {
        Self.runs.add("run")
        try await oneExecution()
        // The undisturbed one, three at each of its batches, and the orders: not as many for each of them.
        #expect(Self.runs.all.count < 60)
    }

    private func oneExecution() async throws {
        let test = try TestEngine(
            workflows: [Made { _, context in try await context.checkpoint("a") { _ in "done" } }]
        )
        _ = try await test.run { try await $0.run(Made.self, id: "a", input: 1) }
    }
}
