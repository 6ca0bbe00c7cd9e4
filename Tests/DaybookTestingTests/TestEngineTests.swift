import Daybook
import DaybookSystem
import DaybookTesting
import FoundationEssentials
import Synchronization
import Testing

/// What stands for the outside world: it counts what is done to it.
final class World: Sendable {
    private let lines = Mutex<[String]>([])

    func add(_ line: String) { lines.withLock { $0.append(line) } }
    func count(_ line: String) -> Int { lines.withLock { $0.count { $0 == line } } }
    var all: [String] { lines.withLock { $0 } }
}

/// A workflow made of a closure.
struct Made: Workflow {
    static let name = "made"
    let body: @Sendable (Int, WorkflowContext) async throws -> String

    init(_ body: @escaping @Sendable (Int, WorkflowContext) async throws -> String) {
        self.body = body
    }

    func run(_ input: Int, _ context: WorkflowContext) async throws -> String {
        try await body(input, context)
    }
}

@Suite struct TestEngineTests {
    @Test(arguments: [TestEngine.Place.memory, .temporaryFolder])
    func aWorkflowRunsAndItsTimePassesByItself(_ place: TestEngine.Place) async throws {
        var options = TestEngine.Options()
        options.place = place
        let test = try TestEngine(
            options,
            workflows: [
                Made { input, context in
                    try await context.sleep(for: .seconds(86_400))
                    return try await context.checkpoint("double") { _ in "\(input * 2)" }
                }
            ]
        )
        let begin = test.clock.now()
        let output = try await test.run { try await $0.run(Made.self, id: "a", input: 21) }
        #expect(output == "42")
        #expect(test.clock.now().since(begin) >= .seconds(86_400))
        #expect((test.path != nil) == (place == .temporaryFolder))
    }

    @Test func theNextRunGoesOnWithTheJournal() async throws {
        let world = World()
        let test = try TestEngine(
            workflows: [
                Made { _, context in
                    try await context.checkpoint("once") { _ in world.add("once") }
                    return try await context.receive("word")
                }
            ]
        )
        try await test.run { engine in
            try await engine.start(Made.self, id: "a", input: 1)
            _ = try await engine.wait(for: "a") { $0.status == .waiting }
        }
        let output = try await test.run { engine in
            try await engine.signal("a", "word", "yes")
            return try await engine.handle(Made.self, id: "a").result()
        }
        #expect(output == "yes")
        #expect(world.all == ["once"])
    }

    @Test func aCrashBeforeAnEntryRunsItsBodyAgainAndOneAfterItDoesNot() async throws {
        for (disturbance, count) in [
            (Disturbance.crash(before: 5), 2), (.crash(after: 5), 1),
        ] {
            let world = World()
            let test = try TestEngine(
                workflows: [
                    Made { _, context in
                        for step in 0..<2 {
                            try await context.checkpoint("\(step)") { _ in world.add("\(step)") }
                        }
                        return "done"
                    }
                ]
            )
            let output = try await test.run(disturbance) {
                try await $0.run(Made.self, id: "a", input: 1)
            }
            #expect(output == "done")
            #expect(world.count("0") == count, "\(disturbance)")
            #expect(world.count("1") == 1)
        }
    }

    @Test func aWorkspaceInATemporaryFolderOutlivesACrashAndTheFolderGoesWithTheEngine()
        async throws
    {
        var path: String?
        for entry in 2..<8 {
            var options = TestEngine.Options()
            options.place = .temporaryFolder
            let test = try TestEngine(
                options,
                workflows: [
                    Made { _, context in
                        let file = URL(filePath: try await context.workspace() + "/file")
                        try await context.checkpoint("write") { _ in
                            try Data("kept".utf8).write(to: file)
                        }
                        return try await context.checkpoint("read") { _ in
                            try String(contentsOf: file, encoding: .utf8)
                        }
                    }
                ]
            )
            path = test.path
            let output = try await test.run(.crash(before: entry)) {
                try await $0.run(Made.self, id: "a", input: 1)
            }
            #expect(output == "kept")
            #expect(try test.entryCount() > 6)
        }
        #expect(FileManager.default.fileExists(atPath: try #require(path)) == false)
    }

    @Test func aCrashAtAnEntryThatIsNotWrittenIsSaid() async throws {
        let test = try TestEngine(workflows: [Made { _, _ in "done" }])
        let error = await #expect(throws: TestEngine.NotReached.self) {
            try await test.run(.crash(after: 500)) {
                try await $0.run(Made.self, id: "a", input: 1)
            }
        }
        #expect(error?.disturbance == .crash(after: 500))
        #expect(error?.entries == (try test.entryCount()))
    }

    @Test func whatNobodyEndsIsStuckAndNamed() async throws {
        var options = TestEngine.Options()
        options.patience = .milliseconds(1)
        let test = try TestEngine(
            options,
            workflows: [Made { _, context in try await context.receive("word") }]
        )
        let error = await #expect(throws: TestEngine.Stuck.self) {
            try await test.run { try await $0.run(Made.self, id: "a", input: 1) }
        }
        #expect(error?.open == ["a is waiting, waits for signal word"])
    }

    @Test func codeThatWaitsForSomethingElseIsWaitedFor() async throws {
        let test = try TestEngine(
            workflows: [
                Made { _, context in
                    try await context.checkpoint("elsewhere") { _ in
                        try await SystemThread.run { "from elsewhere" }
                    }
                }
            ]
        )
        let output = try await test.run { try await $0.run(Made.self, id: "a", input: 1) }
        #expect(output == "from elsewhere")
    }

    @Test func aBodyThatHangsIsToldWhenItsTimeIsOver() async throws {
        let test = try TestEngine(
            workflows: [
                Made { _, context in
                    do {
                        try await context.checkpoint(
                            "hang",
                            options: CheckpointOptions(timeout: .seconds(30))
                        ) { _ in
                            let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
                            defer { continuation.finish() }
                            for await _ in stream {}
                            throw CancellationError()
                        }
                        return "done"
                    } catch let error as OperationError {
                        return error.code
                    }
                }
            ]
        )
        let output = try await test.run { try await $0.run(Made.self, id: "a", input: 1) }
        #expect(output == "timed_out")
    }
}

@Suite struct LettingGoTests {
    /// A handler that looks at how it is let go of while it waits.
    private func workflow(_ world: World) -> Made {
        Made { _, context in
            do {
                let word: String = try await context.receive("word")
                return word
            } catch {
                world.add(error is CancellationError ? "cancelled" : "\(error)")
                throw error
            }
        }
    }

    @Test func aShutdownUnwindsAHandlerWithACancellationError() async throws {
        let world = World()
        let test = try TestEngine(workflows: [workflow(world)])
        try await test.run { engine in
            try await engine.start(Made.self, id: "a", input: 1)
            _ = try await engine.wait(for: "a") { $0.status == .waiting }
        }
        #expect(world.all == ["cancelled"])
    }

    @Test func aPauseUnwindsAHandlerWithACancellationError() async throws {
        let world = World()
        let test = try TestEngine(workflows: [workflow(world)])
        try await test.run { engine in
            try await engine.start(Made.self, id: "a", input: 1)
            _ = try await engine.wait(for: "a") { $0.status == .waiting }
            try await engine.pause("a")
            _ = try await engine.wait(for: "a") { $0.isPaused && $0.session == nil }
            #expect(world.all == ["cancelled"])
        }
    }

    @Test func anEvictionUnwindsAHandlerWithACancellationError() async throws {
        let world = World()
        var options = TestEngine.Options()
        options.engine.maxResident = 0
        let test = try TestEngine(options, workflows: [workflow(world)])
        let output = try await test.run { engine in
            try await engine.start(Made.self, id: "a", input: 1)
            _ = try await engine.wait(for: "a") { $0.status == .waiting }
            try await engine.waitUntilIdle()
            try await engine.signal("a", "word", "yes")
            return try await engine.handle(Made.self, id: "a").result()
        }
        #expect(output == "yes")
        #expect(world.all == ["cancelled"])
    }
}
