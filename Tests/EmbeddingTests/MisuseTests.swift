import DaybookTestKit
import Foundation
import Testing

/// What must not compile: a context belongs to one task, because the order of its calls is what
/// identifies them.
@Suite struct MisuseTests {
    private struct Compilation: Sendable {
        let status: Int32
        let messages: String
    }

    /// Compiles the body of a handler as an embedding program would.
    private func compile(_ body: String, _ flags: [String] = []) async throws -> Compilation {
        // A compiler takes seconds: no thread that other tests run on waits for it.
        try await TestRoom.processes.with {
            try await TestRoom.onThread { try Self.compileHere(body, flags) }
        }
    }

    private static func compileHere(_ body: String, _ flags: [String]) throws -> Compilation {
        let file = FileManager.default.temporaryDirectory.path + "/misuse-\(UUID()).swift"
        let text = """
            import Daybook

            actor Keeper {
                var context: WorkflowContext?
                func keep(_ context: WorkflowContext) { self.context = context }
            }

            struct Handler: Workflow {
                static let name = "handler"

                func run(_ input: Int, _ context: WorkflowContext) async throws -> Int {
            \(body)
                }
            }
            """
        try text.write(toFile: file, atomically: false, encoding: .utf8)
        // Not a pipe, which programs that other tests start at this moment would hold open.
        let errors = file + ".errors"
        try Data().write(to: URL(fileURLWithPath: errors))
        defer {
            unlink(file)
            unlink(errors)
        }
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().path
        let modules = Bundle.main.executableURL?.deletingLastPathComponent().path ?? ""
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments =
            [
                "swiftc", "-emit-sil", "-o", "/dev/null", "-parse-as-library", "-swift-version",
                "6",
                "-I", modules + "/Modules",
            ]
            + ["CLMDB", "CSystem"].flatMap {
                ["-Xcc", "-fmodule-map-file=\(root)/Sources/\($0)/module.modulemap"]
            }
            + ["-Xcc", "-fmodule-map-file=\(modules)/CMapGuard.build/module.modulemap"]
            + flags + [file]
        process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: errors))
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        let messages = try String(contentsOfFile: errors, encoding: .utf8)
        return Compilation(status: process.terminationStatus, messages: messages)
    }

    /// Or the test below would hold for any text that does not compile.
    @Test func properUseCompiles() async throws {
        let result = try await compile(
            """
            let one = try await context.checkpoint("one", options: .init(retry: .none)) { _ in 1 }
            let all = try await context.map("all", [1, 2]) { scope, element in
                try await scope.checkpoint("inner") { _ in element + one }
            }
            let (left, right) = try await context.parallel(
                "both",
                { try await $0.checkpoint("left") { _ in 1 } },
                { try await $0.receive("right", as: Int.self) }
            )
            if try await context.version("new") { try await context.sleep(for: .seconds(1)) }
            return all.reduce(left + right, +)
            """
        )
        #expect(result.status == 0, "\(result.messages)")
    }

    /// A branch of several statements, whatever it gives, says what it gives by itself; so does the
    /// body of a checkpoint in it.
    @Test func branchesOfSeveralStatementsNeedNoTypes() async throws {
        let result = try await compile(
            """
            let (text, number, list) = try await context.parallel(
                "three",
                { scope in
                    let one = try await scope.checkpoint("one") { operation in
                        let key = operation.idempotencyKey
                        return key.count
                    }
                    return "\\(one)"
                },
                { scope in
                    try await scope.checkpoint("two") { operation in
                        let key = operation.idempotencyKey
                        operation.log(key)
                    }
                    return 7
                },
                { scope in
                    let inner = try await scope.map("inner", 0..<3) { inner, element, index in
                        let sum = element + index
                        return try await inner.checkpoint("sum") { _ in sum }
                    }
                    return inner
                }
            )
            let named = try await context.map("named", ["a": 1]) { scope, pair in
                let number = pair.value
                return try await scope.checkpoint("b") { _ in number }
            }
            return text.count + number + list.count + named.count
            """
        )
        #expect(result.status == 0, "\(result.messages)")
    }

    /// A time-out cannot be taken for a value.
    @Test func aTimedSignalIsNotItsValue() async throws {
        let result = try await compile(
            """
            let key = SignalKey<Int?>("maybe")
            let answer: Int? = try await context.receive(key, timeout: .seconds(1))
            return answer ?? 0
            """
        )
        #expect(result.status != 0)
        #expect(result.messages.contains("TimedSignal"), "\(result.messages)")
    }

    @Test(
        arguments: [
            // Another task at the same time.
            """
            async let one = context.checkpoint("one") { _ in 1 }
            let two = try await context.checkpoint("two") { _ in 2 }
            return try await one + two
            """,
            """
            let task = Task { try await context.checkpoint("one") { _ in 1 } }
            return try await task.value + context.checkpoint("two") { _ in 2 }
            """,
            """
            try await withThrowingTaskGroup(of: Int.self) { group in
                group.addTask { try await context.checkpoint("one") { _ in 1 } }
                group.addTask { try await context.checkpoint("two") { _ in 2 } }
                return try await group.reduce(0, +)
            }
            """,
            // The context around a branch, within it.
            """
            try await context.map("all", [1, 2]) { scope, element in
                try await context.checkpoint("outer") { _ in element }
            }.reduce(0, +)
            """,
            """
            try await context.race("who", { _ in try await context.checkpoint("a") { _ in 1 } })
            """,
            // Kept for later by somebody else.
            """
            let keeper = Keeper()
            await keeper.keep(context)
            return try await context.checkpoint("one") { _ in 1 }
            """,
        ]
    )
    func sharingAContextDoesNotCompile(_ body: String) async throws {
        let result = try await compile(body)
        #expect(result.status != 0)
        let isAboutSharing =
            result.messages.contains("risks causing data races")
            || result.messages.contains("non-Sendable")
        #expect(isAboutSharing, "\(result.messages)")
    }

    @Test(
        arguments: [
            // A value that cannot be recorded.
            #"return try await context.checkpoint("one") { _ in { 1 } }()"#,
            // A branch that hands out what is not Sendable.
            #"""
            let scopes = try await context.map("all", [1]) { scope, _ in scope }
            return scopes.count
            """#,
        ]
    )
    func whatCannotBeRecordedDoesNotCompile(_ body: String) async throws {
        let result = try await compile(body)
        #expect(result.status != 0)
        #expect(result.messages.contains("error:"))
    }

    /// What observers, clients and tests get or give is named after one import, with its members; the
    /// stricter rule for members makes no difference.
    @Test(arguments: [[], ["-enable-upcoming-feature", "MemberImportVisibility"]])
    func everyTypeOfTheInterfaceIsNamedWithTheEngineAlone(_ flags: [String]) async throws {
        let result = try await compile(
            #"""
            @Sendable func place(_ lease: Lease, _ operation: Operation) -> String {
                let line: SourceLine? = operation.source
                return "\(lease.id) \(operation.name) \(line?.file ?? "")"
            }
            func count(_ record: ExecutionRecord) -> Int {
                let waits: [Wait] = record.waits
                let doubts: [Doubt] = record.doubts
                let signals: [SignalCount] = record.signals
                let outputs: [NamedOutput] = record.outputs
                return waits.count + doubts.count + signals.count + outputs.map(\.name.text).count
            }
            func ask(_ engine: Engine) async throws {
                let submitted: SubmitAnswer =
                    try await engine.submit(type: "handler", data: []).answer
                let executed: ExecuteAnswer = try await engine.execute("a")
                let given: SignalAnswer = try await engine.signal("a", "go", 1)
                let paused: InterventionAnswer = try await engine.pause("a")
                print(submitted.number, executed.status, given.isDelivered, paused.wasSo)
                let path: OperationPath = OperationPath(scope: [], position: 1)
                let left: ResolveAnswer = try await engine.resolve("a", path, .notDone)
                let history: RecordedHistory = try engine.history(of: "a")
                print(left.left.count, history.count)
            }
            let environment: EnvironmentOptions = EngineOptions().environment
            let writer: GroupWriterOptions = EngineOptions().writer
            let observer: @Sendable (EngineEvent) -> Void = { event in
                if case .started(let lease, let operation, _) = event {
                    print(place(lease, operation))
                }
                guard case .closed(_, let end) = event else { return }
                if case .shortage(let shortage) = end { print((shortage as Shortage).advice) }
                if case .diverged(let divergence) = end { print((divergence as Divergence).mend) }
            }
            let errors: [any Error.Type] = [SystemError.self, PayloadTooLarge.self]
            let facts: ErrorFacts = OperationError(code: "a", message: "b").facts
            _ = (count, ask, observer, facts, errors)
            return environment.mapSize + writer.queueLimit
            """#,
            flags
        )
        #expect(result.status == 0, "\(result.messages)")
    }

    /// An interceptor whose parameter is another kind of function would never be called, were there
    /// a default in its place.
    @Test(
        arguments: [
            ("InterceptedCode<Value>", true),
            ("nonisolated(nonsending) () async throws -> Value", true),
            ("() async throws -> Value", false),
        ]
    )
    func anInterceptorThatWouldNotBeCalledDoesNotCompile(
        _ type: String,
        _ compiles: Bool
    ) async throws {
        let result = try await compile(
            """
            struct Timing: Interceptor {
                func intercept<Value>(
                    _ call: InterceptedCall,
                    _ next: \(type)
                ) async throws -> Value { try await next() }
            }
            var options = EngineOptions()
            options.interceptors = [Timing()]
            return options.interceptors.count
            """
        )
        #expect((result.status == 0) == compiles, "\(result.messages)")
        let isRefused = result.messages.contains("does not conform to protocol 'Interceptor'")
        #expect(isRefused == !compiles, "\(result.messages)")
    }

    /// What only this package needs is neither seen nor used by programs.
    @Test(
        arguments: [
            ("func look(_ engine: Engine) { _ = engine.journal }; return 1", "package"),
            ("_ = RetryPolicy.standard.proto; return 1", "package"),
            ("let state: State? = nil; return state == nil ? 1 : 2", "cannot find type"),
            ("let entry: ProtoEntry? = nil; return entry == nil ? 1 : 2", "cannot find type"),
        ]
    )
    func whatOnlyThisPackageNeedsCannotBeNamed(_ body: String, _ reason: String) async throws {
        let result = try await compile(body)
        #expect(result.status != 0)
        #expect(result.messages.contains(reason), "\(result.messages)")
    }

    /// A case that a later version adds does not break a program: it has said what it does then.
    @Test func whatCanGrowIsNotSwitchedOverWhole() async throws {
        func text(_ last: String) -> String {
            """
            func word(_ kind: Wait.Kind, _ failures: ChildFailures, _ poll: Poll<Int, Int>) -> Int {
                let first = switch failures {
                case .failFast: 1
                case .allSettled: 2
                \(last)
                }
                // A look says one of two things.
                switch poll {
                case .again: return first
                case .done: return 5
                }
            }
            return word(.timer, .failFast, .done(1))
            """
        }
        let whole = try await compile(text(""))
        #expect(whole.status != 0)
        #expect(whole.messages.contains("@unknown default"), "\(whole.messages)")
        let open = try await compile(text("@unknown default: 3"))
        #expect(open.status == 0, "\(open.messages)")
    }
}
