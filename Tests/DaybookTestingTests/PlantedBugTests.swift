import Daybook
import DaybookSystem
import DaybookTesting
import Synchronization
import Testing

/// Something is not as it should be, at the end of a test.
struct Wrong: Error {
    let what: String

    /// - Throws: itself, unless something holds.
    static func unless(_ isRight: Bool, _ what: String) throws {
        if !isRight { throw Wrong(what: what) }
    }
}

/// A mistake that programs make, beside the same code without it.
struct Planted: Sendable, CustomTestStringConvertible {
    /// How it is caught.
    enum Means: Sendable {
        case replay, crashes
    }

    typealias Handler = @Sendable (World) -> Made

    let name: String
    let means: Means
    let wrong: Handler
    let right: Handler
    /// What must hold of the world in the end.
    var check: @Sendable (World) -> Bool = { _ in true }

    var testDescription: String { name }
}

/// Handlers that are given new values each time they ask.
private let counter = Mutex(0)

private func count() -> Int {
    counter.withLock {
        $0 += 1
        return $0
    }
}

extension Planted {
    /// Those that a replay in the same process finds.
    static let ofReplays: [Planted] = [
        Planted(
            name: "a clock read outside the context",
            means: .replay,
            wrong: { _ in
                Made { _, context in
                    try await context.checkpoint("at \(ContinuousClock.now)") { _ in "done" }
                }
            },
            right: { _ in
                Made { _, context in
                    try await context.checkpoint("at \(context.now)") { _ in "done" }
                }
            }
        ),
        Planted(
            name: "a random number drawn outside the context",
            means: .replay,
            wrong: { _ in
                Made { _, context in
                    let number = UInt64.random(in: 0...(.max))
                    return try await context.checkpoint("draw", input: number) { _ in "\(number)" }
                }
            },
            right: { _ in
                Made { _, context in
                    var random = context.random()
                    let number = UInt64.random(in: 0...(.max), using: &random)
                    return try await context.checkpoint("draw", input: number) { _ in "\(number)" }
                }
            }
        ),
        Planted(
            name: "a dictionary's order",
            means: .replay,
            wrong: { _ in
                Made { _, context in
                    let table = Dictionary(uniqueKeysWithValues: (0..<40).map { ("\($0)", $0) })
                    for key in table.keys.prefix(5) {
                        try await context.checkpoint(key) { _ in }
                    }
                    return "done"
                }
            },
            right: { _ in
                Made { _, context in
                    let table = Dictionary(uniqueKeysWithValues: (0..<40).map { ("\($0)", $0) })
                    for key in table.keys.sorted().prefix(5) {
                        try await context.checkpoint(key) { _ in }
                    }
                    return "done"
                }
            }
        ),
        Planted(
            name: "a global counter",
            means: .replay,
            wrong: { _ in
                Made { _, context in
                    try await context.checkpoint("step \(count())") { _ in "done" }
                }
            },
            right: { _ in
                Made { _, context in
                    let number = try await context.checkpoint("count") { _ in count() }
                    return try await context.checkpoint("step \(number)") { _ in "done" }
                }
            }
        ),
        Planted(
            name: "an output that is not in the history",
            means: .replay,
            wrong: { _ in Made { _, _ in "\(count())" } },
            right: { _ in
                Made { _, context in "\(try await context.checkpoint("count") { _ in count() })" }
            }
        ),
        Planted(
            name: "the world looked at outside a body",
            means: .replay,
            wrong: { world in
                Made { _, context in
                    if world.count("sold") == 0 {
                        try await context.checkpoint("sell") { _ in world.add("sold") }
                    }
                    return "done"
                }
            },
            right: { world in
                Made { _, context in
                    let isThere = try await context.checkpoint("look") { _ in
                        world.count("sold") == 0
                    }
                    if isThere {
                        try await context.checkpoint(
                            "sell",
                            verify: { _ in
                                world.count("sold") > 0 ? .done(()) : .notDone
                            }
                        ) { _ in world.add("sold") }
                    }
                    return "done"
                }
            }
        ),
    ]

    /// Those that need the end of a process, or another order.
    static let ofCrashes: [Planted] = [
        Planted(
            name: "an effect outside a body",
            means: .crashes,
            wrong: { world in
                Made { _, context in
                    try await context.checkpoint("reserve") { _ in }
                    world.add("mail")
                    try await context.checkpoint("charge") { _ in }
                    return "done"
                }
            },
            right: { world in
                Made { _, context in
                    try await context.checkpoint("reserve") { _ in }
                    try await context.checkpoint(
                        "mail",
                        verify: { _ in
                            world.count("mail") > 0 ? .done(()) : .notDone
                        }
                    ) { _ in world.add("mail") }
                    try await context.checkpoint("charge") { _ in }
                    return "done"
                }
            },
            check: { $0.count("mail") == 1 }
        ),
        Planted(
            name: "a body that must not run twice, without a key",
            means: .crashes,
            wrong: { world in
                Made { _, context in
                    try await context.checkpoint("charge") { _ in world.add("charge") }
                    return "done"
                }
            },
            right: { world in
                Made { _, context in
                    try await context.checkpoint("charge") { operation in
                        if world.count(operation.idempotencyKey) == 0 {
                            world.add(operation.idempotencyKey)
                            world.add("charge")
                        }
                    }
                    return "done"
                }
            },
            check: { $0.count("charge") == 1 }
        ),
        Planted(
            name: "a catch that takes a shutdown for a failure",
            means: .crashes,
            wrong: { world in
                Made { _, context in
                    do {
                        return try await context.receive("word", as: String.self)
                    } catch {
                        world.add("refund")
                        throw error
                    }
                }
            },
            right: { world in
                Made { _, context in
                    do {
                        return try await context.receive("word", as: String.self)
                    } catch let error as OperationError {
                        try await context.checkpoint("refund") { _ in world.add("refund") }
                        throw error
                    }
                }
            },
            check: { $0.count("refund") == 0 }
        ),
        Planted(
            name: "a value that a body leaves in a variable",
            means: .crashes,
            wrong: { _ in
                let kept = World()
                return Made { _, context in
                    try await context.checkpoint("find") { _ in kept.add("found") }
                    try await context.checkpoint("use") { _ in }
                    return kept.all.first ?? "nothing"
                }
            },
            right: { _ in
                Made { _, context in
                    let found = try await context.checkpoint("find") { _ in "found" }
                    try await context.checkpoint("use") { _ in }
                    return found
                }
            }
        ),
        Planted(
            name: "the order in which branches end",
            means: .crashes,
            wrong: { _ in
                Made { _, context in
                    let ended = Mutex<[Int]>([])
                    _ = try await context.map("all", [1, 2, 3]) { scope, number in
                        try await scope.checkpoint("work") { _ in }
                        ended.withLock { $0.append(number) }
                        return number
                    }
                    return "\(ended.withLock { $0 })"
                }
            },
            right: { _ in
                Made { _, context in
                    let ended = try await context.map("all", [1, 2, 3]) { scope, number in
                        try await scope.checkpoint("work") { _ in }
                        return number
                    }
                    return "\(ended)"
                }
            }
        ),
        Planted(
            name: "branches that only work in one order",
            means: .crashes,
            wrong: { world in
                Made { _, context in
                    let found = try await context.map("all", [true, false]) { scope, isFirst in
                        try await scope.checkpoint("work") { _ in
                            if isFirst {
                                world.add("ready")
                                return true
                            }
                            await Task.yield()
                            return world.count("ready") > 0
                        }
                    }
                    return "\(found)"
                }
            },
            right: { world in
                Made { _, context in
                    try await context.checkpoint("prepare") { _ in world.add("ready") }
                    let found = try await context.map("all", [true, false]) { scope, isFirst in
                        try await scope.checkpoint("work") { _ in
                            isFirst || world.count("ready") > 0
                        }
                    }
                    return "\(found)"
                }
            }
        ),
    ]
}

@Suite struct PlantedBugTests {
    /// Starts an execution, tells it a word, and waits for its end.
    private static let program: @Sendable (Engine) async throws -> Void = { engine in
        try await engine.start(Made.self, id: "a", input: 1)
        if try engine.record(of: "a")?.isClosed == false {
            try await engine.signal("a", "word", "yes", signalID: "1")
        }
        _ = try await engine.waitForEnd(of: "a")
    }

    @Test(arguments: Planted.ofReplays)
    func aReplayOfEachOperationFinds(_ bug: Planted) async throws {
        func run(_ handler: @escaping Planted.Handler) async throws {
            var options = TestEngine.Options()
            options.replaysAlways = true
            let world = World()
            let test = try TestEngine(options, workflows: [handler(world)])
            try await test.run(nil, Self.program)
        }
        await #expect(throws: HiddenState.self) { try await run(bug.wrong) }
        try await run(bug.right)
    }

    private func report(
        _ bug: Planted,
        _ handler: @escaping Planted.Handler,
        only: Schedule? = nil
    ) async -> CrashReport {
        await crashEverywhere(only: only) {
            let world = World()
            let test = try TestEngine(workflows: [handler(world)])
            try await test.run(nil, Self.program)
            try Wrong.unless(bug.check(world), "the world has \(world.all)")
        }
    }

    @Test(arguments: Planted.ofCrashes)
    func endingTheProcessEverywhereFinds(_ bug: Planted) async throws {
        let found = await report(bug, bug.wrong)
        let failure = try #require(found.failure)
        #expect(failure.schedule != Schedule())
        #expect(failure.schedule.order.count <= 8, "\(failure.schedule)")
        // It is found again by what is printed.
        let printed = try #require(Schedule("\(failure.schedule)"))
        #expect(printed == failure.schedule)
        let again = await report(bug, bug.wrong, only: printed)
        #expect(again.failure != nil, "\(found)")
        #expect(again.runs == 2)

        let right = await report(bug, bug.right)
        #expect(right.failure == nil, "\(right)")
        #expect(right.runs > 20)
    }

    @Test func aCallerThatDrawsAnIDEachTimeIsFound() async throws {
        func report(id: String?) async -> CrashReport {
            await crashEverywhere {
                let test = try TestEngine(
                    workflows: [
                        Made { _, context in try await context.checkpoint("work") { _ in "done" } }
                    ]
                )
                try await test.run { _ = try await $0.run(Made.self, id: id, input: 1) }
            }
        }
        let wrong = await report(id: nil)
        let failure = try #require(wrong.failure)
        #expect(
            failure.reasons == [
                "made: completed with \"done\" when undisturbed, 2 ends (completed with \"done\"; completed with \"done\") here"
            ]
        )
        let right = await report(id: "a")
        #expect(right.failure == nil, "\(right)")
    }

    @Test func twoRunsThatRecordDifferentOperationsAreToldApart() async throws {
        let wrong = try await differenceOfOperations(
            workflows: [
                Made { _, context in
                    let number = count()
                    return try await context.checkpoint("count", input: number) { _ in "done" }
                }
            ],
            Self.program
        )
        let difference = try #require(wrong)
        #expect(difference.execution == "a")
        #expect(difference.position == 0)
        #expect(difference.first?.hasPrefix("checkpoint \"count\" of ") == true)
        #expect(difference.first != difference.second)

        try await expectSameOperations(
            workflows: [
                Made { input, context in
                    try await context.checkpoint("count", input: input) { _ in "done" }
                }
            ],
            Self.program
        )
    }

    private struct Part: Workflow {
        static let name = "part"

        func run(_ input: String, _ context: WorkflowContext) async throws -> String {
            try await context.checkpoint("work", input: input) { _ in "" }
        }
    }

    /// Their ids are drawn: which is which follows from the order of their submission.
    @Test func executionsWhoseInputsAreSwappedAreToldApart() async throws {
        let isSecond = Mutex(false)
        let difference = try await differenceOfOperations(workflows: [Part()]) { engine in
            var inputs = ["a", "longer"]
            if isSecond.withLock({ exchange(&$0, with: true) }) { inputs.reverse() }
            for input in inputs { _ = try await engine.run(Part.self, input: input) }
        }
        #expect(difference?.execution == "part")
        #expect(difference?.first == "checkpoint \"work\" of \"a\"")
        #expect(difference?.second == "checkpoint \"work\" of \"longer\"")
    }

    @Test func aHandlerThatIsElsewhereForLongerThanTheClockWaitsHasNoHiddenState() async throws {
        var options = TestEngine.Options()
        options.replaysAlways = true
        options.patience = .milliseconds(10)
        let test = try TestEngine(
            options,
            workflows: [
                Made { _, context in
                    // As a main thread that has much to do.
                    try await SystemThread.run {
                        let end = ContinuousClock.now + .milliseconds(30)
                        while ContinuousClock.now < end {}
                    }
                    return try await context.checkpoint("work") { _ in "done" }
                }
            ]
        )
        #expect(try await test.run { try await $0.run(Made.self, id: "a", input: 1) } == "done")
    }
}
