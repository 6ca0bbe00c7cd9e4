import Daybook
import DaybookModel
import DaybookTestKit
import Testing

/// What is refused of children that are spawned, and how a handler learns of it.
@Suite struct SpawnRefusalTests {
    private struct Part: Workflow {
        static let name = "part"
        static func validate(_ input: String) throws {
            if input.isEmpty { throw OperationError(code: "empty", message: "there is nothing") }
        }
        func run(_ input: String, _ context: WorkflowContext) async throws -> Int {
            input.utf8.count
        }
    }

    private struct Whole: Workflow {
        static let name = "whole"
        let body: @Sendable (WorkflowContext) async throws -> String
        func run(_ input: Int, _ context: WorkflowContext) async throws -> String {
            guard input == 0 else { return "run \(input)" }
            return try await body(context)
        }
    }

    private func refusal(
        _ codec: any PayloadCodec = JSONPayloadCodec(),
        _ body: @escaping @Sendable (WorkflowContext) async throws -> Void,
        _ check: (Engine) async throws -> Void = { _ in }
    ) async throws -> OperationError {
        try await withJournal { path in
            var options = EngineOptions()
            options.codec = codec
            let whole = Whole { context in
                try await body(context)
                return "begun"
            }
            let engine = try await Engine.open(at: path, options, workflows: [whole, Part()])
            let error = await #expect(throws: OperationError.self) {
                try await engine.run(Whole.self, id: "whole", input: 0)
            }
            try await check(engine)
            try await engine.close(grace: .zero)
            return try #require(error)
        }
    }

    @Test func whoIsRefusedOfAListIsNamed() async throws {
        struct Child: Decodable {
            let index: Int
            let type: String
            let id: String
        }
        func expect(_ error: OperationError, _ code: String, _ words: String) throws {
            #expect(error.code == code)
            #expect(error.message.hasPrefix(words), "\(error.message)")
            let child = try JSONPayloadCodec().decode(Child.self, from: try #require(error.details))
            #expect(child.index == 2 && child.type == "part" && child.id == "c")
        }
        let invalid = try await refusal { context in
            try await context.spawn(Part.self, "first", id: "a", input: "a")
            try await context.spawn([
                ChildPlan(Part.self, "second", id: "b", input: "b"),
                ChildPlan(Part.self, "third", id: "c", input: ""),
            ])
        } _: { engine in
            let record = try engine.record(of: "b")
            #expect(record == nil)
        }
        try expect(invalid, "empty", "child 2 (part, c) is not spawned: there is nothing")
        let taken = try await refusal { context in
            _ = try await context.run(Part.self, id: "c", input: "taken")
            try await context.spawn(Part.self, "first", id: "a", input: "a")
            try await context.spawn([
                ChildPlan(Part.self, "second", id: "b", input: "b"),
                ChildPlan(Part.self, "third", id: "c", input: "c"),
            ])
        }
        try expect(taken, "conflict", "child 2 (part, c) is not spawned: third of whole begins")
    }

    /// One commit writes all of them.
    @Test func inputsThatAreTooLargeTogetherAreRefusedBeforeTheFirstIsRecorded() async throws {
        let error = try await refusal { context in
            let large = String(repeating: "x", count: 14 << 20)
            try await context.spawn(
                (0..<5).map { ChildPlan(Part.self, id: "\($0)", input: large) }
            )
        } _: { engine in
            let record = try engine.record(of: "0")
            #expect(record == nil)
        }
        #expect(error.code == "spawn-too-large")
        #expect(!error.facts.isRetryable)
        #expect(error.message.contains("67108864 bytes"))
    }

    /// What it has spawned is waited for once it returns, and not cut off.
    @Test func whoHasSpawnedDoesNotGoOnAsANewRun() async throws {
        let error = try await refusal { context in
            try await context.spawn(Part.self, id: "a", input: "a")
            throw try context.continueAsNew(Whole.self, input: 1)
        } _: { engine in
            let record = try engine.record(of: "whole")
            #expect(record?.continuedFrom == nil)
        }
        #expect(error.code == "continue-after-spawn")
        #expect(!error.facts.isRetryable)
    }

    /// It would leave behind children that nobody has awaited.
    @Test(arguments: [false, true])
    func whoGoesOnAsANewRunBeforeWhatItHasSpawnedHasDiverged(_ isInBranch: Bool) async throws {
        let whole = Whole { context in
            let isSecond = context.attempt == 2
            _ = try await context.map("all", [1]) { scope, number -> Int in
                if isSecond, isInBranch { throw try scope.continueAsNew(Whole.self, input: 1) }
                return number
            }
            if isSecond { throw try context.continueAsNew(Whole.self, input: 1) }
            try await context.spawn(Part.self, "spawned", id: "a", input: "a")
            throw OperationError(code: "no", message: "not yet")
        }
        try await withJournal { path in
            let engine = try await Engine.open(at: path, workflows: [whole, Part()])
            var options = ExecutionOptions()
            options.retry = RetryPolicy(maxAttempts: 2, baseDelay: .zero)
            try await engine.start(Whole.self, id: "whole", options: options, input: 0)
            let record = try await engine.waitForEnd(of: "whole")
            #expect(record.isParked)
            let message = try #require(record.parkingReason?.message)
            #expect(message.contains("the handler ended"), "\(message)")
            #expect(message.contains("spawn \"spawned\""), "\(message)")
            // The engine goes on with others.
            #expect(try await engine.run(Part.self, id: "other", input: "abc") == 3)
            try await engine.close(grace: .zero)
        }
    }

    /// What branches beside it have recorded may come later than it does.
    @Test func aBranchGoesOnAsANewRunBesideOthersThatHaveNotComeSoFar() async throws {
        let whole = Whole { context in
            let attempt = context.attempt
            _ = try await context.map("all", [1, 2]) { scope, number -> Int in
                try await scope.checkpoint("first") { _ in }
                if number == 2 {
                    try await scope.checkpoint("second") { _ in }
                } else if attempt == 2 {
                    throw try scope.continueAsNew(Whole.self, input: 1)
                }
                return number
            }
            throw OperationError(code: "no", message: "not yet")
        }
        try await withJournal { path in
            let engine = try await Engine.open(at: path, workflows: [whole, Part()])
            var options = ExecutionOptions()
            options.retry = RetryPolicy(maxAttempts: 2, baseDelay: .zero)
            #expect(
                try await engine.run(Whole.self, id: "whole", options: options, input: 0) == "run 1"
            )
            try await engine.close(grace: .zero)
        }
    }

    private struct OtherCodec: PayloadCodec {
        let contentType = "application/x-other"
        func encode<Value: Encodable>(_ value: Value) throws -> [UInt8] {
            try JSONPayloadCodec().encode(value)
        }
        func decode<Value: Decodable>(_ type: Value.Type, from data: [UInt8]) throws -> Value {
            try JSONPayloadCodec().decode(type, from: data)
        }
    }

    /// Before anything is recorded that would be in vain.
    @Test func aCodecThatWritesNoJSONSpawnsNothing() async throws {
        let error = try await refusal(OtherCodec()) { context in
            try await context.spawn(Part.self, id: "a", input: "a")
        } _: { engine in
            let record = try engine.record(of: "a")
            #expect(record == nil)
        }
        #expect(error.code == "family-needs-json")
    }

    private struct Finished: Workflow {
        static let name = "finished"
        static let finalizer: (any Workflow.Type)? = Finisher.self
        let log: CallLog
        func run(_ input: Int, _ context: WorkflowContext) async throws -> Int {
            log.add("begun")
            return input
        }
    }

    private struct Finisher: Workflow {
        static let name = "finisher"
        func run(
            _ input: FinalizerInput<Int, Int, Int>,
            _ context: WorkflowContext
        ) async throws -> Int { input.output }
    }

    /// Nor does what has a finalizer begin, which could not be given anything in the end.
    @Test func aCodecThatWritesNoJSONRunsNothingThatHasAFinalizer() async throws {
        let log = CallLog()
        try await withJournal { path in
            var options = EngineOptions()
            options.codec = OtherCodec()
            let workflows: [any Workflow] = [Finished(log: log), Finisher()]
            let engine = try await Engine.open(at: path, options, workflows: workflows)
            let error = await #expect(throws: OperationError.self) {
                try await engine.run(Finished.self, id: "a", input: 1)
            }
            #expect(error?.code == "family-needs-json")
            try await engine.close()
        }
        #expect(log.lines == [])
    }
}
