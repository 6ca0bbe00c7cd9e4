import Daybook
import DaybookFormat
import DaybookInspector
import DaybookModel
import DaybookTestKit
import LMDB
import Testing

/// Children that are spawned, as an engine runs them.
@Suite struct SpawnTests {
    /// Runs code that is given its input.
    private struct Part: Workflow {
        static let name = "part"
        let body: @Sendable (Int, WorkflowContext) async throws -> Int

        static func validate(_ input: Int) throws {
            if input < 0 { throw OperationError(code: "negative", message: "\(input) is negative") }
        }
        func run(_ input: Int, _ context: WorkflowContext) async throws -> Int {
            try await body(input, context)
        }
    }

    /// Spawns so many parts.
    private struct Whole: Workflow {
        static let name = "whole"

        func run(_ count: Int, _ context: WorkflowContext) async throws -> String {
            for first in stride(from: 0, to: count, by: 1_000) {
                let inputs = first..<min(first + 1_000, count)
                try await context.spawn(inputs.map { ChildPlan(Part.self, id: "\($0)", input: $0) })
            }
            return "of \(count)"
        }
    }

    /// The same, and waits for all of them.
    private struct Patient: Workflow {
        static let name = "patient"
        static let childFailures = ChildFailures.allSettled

        func run(_ count: Int, _ context: WorkflowContext) async throws -> String {
            try await context.spawn(
                (0..<count).map { ChildPlan(Part.self, id: "\($0)", input: $0) }
            )
            return "of \(count)"
        }
    }

    private func withParts(
        _ body: @escaping @Sendable (Int, WorkflowContext) async throws -> Int,
        _ use: (Engine) async throws -> Void
    ) async throws {
        var creation = CreationOptions()
        creation.environment.synchronizes = false
        creation.environment.mapSize = 1 << 30
        var options = EngineOptions()
        options.environment = creation.environment
        try await withJournal(creation) { path in
            let engine = try await Engine.open(
                at: path,
                options,
                workflows: [Whole(), Patient(), Part(body: body)]
            )
            let result: Result<Void, any Error>
            do { result = .success(try await use(engine)) } catch { result = .failure(error) }
            try await engine.close(grace: .zero)
            try result.get()
        }
    }

    @Test func theOutputHasWhatTheHandlerReturnedAndWhatEachChildGave() async throws {
        try await withParts({ input, _ in input * 2 }) { engine in
            // Whoever waits with the workflow's type is given what its code returned.
            #expect(try await engine.run(Whole.self, id: "whole", input: 3) == "of 3")
            let record = try #require(try engine.record(of: "whole"))
            let output = try JSONPayloadCodec().decode(
                FamilyOutput<String, Int>.self,
                from: try engine.outcome(of: record).get()
            )
            #expect(output.output == "of 3")
            #expect(output.children.map(\.output) == [0, 2, 4])
            #expect(output.children.map(\.index) == [0, 1, 2])
            #expect(output.children.map(\.id) == ["0", "1", "2"])
            #expect(output.children.allSatisfy { $0.type == "part" })
            // Also when it is read from the journal.
            let handle = try await engine.submit(Whole.self, id: "whole", input: 3)
            #expect(try await handle.result() == "of 3")
        }
    }

    @Test(arguments: [1, 1_000]) func aThousandChildrenOfWhichOneFailsOrAll(
        _ failures: Int
    ) async throws {
        try await withParts({ input, _ in
            if input == 500 || failures > 1 {
                throw OperationError(code: "no", message: "\(input) does not work")
            }
            return input
        }) { engine in
            let failure = await #expect(throws: OperationError.self) {
                try await engine.run(Patient.self, id: "whole", input: 1_000)
            }
            #expect(failure?.code == "children-failed")
            let record = try #require(try engine.record(of: "whole"))
            #expect(record.status == .childrenTasksFailed)
            #expect(record.openChildren == 0 && record.isClosed)
            let message = failure?.message ?? ""
            if failures == 1 {
                #expect(
                    message
                        == "1 of 1000 children failed: child 500 (part, 500) failed: 500 does not work"
                )
            } else {
                #expect(message.hasPrefix("1000 of 1000 children failed: child 0 (part, 0) failed"))
                #expect(message.hasSuffix("and 990 more"))
            }
            struct Details: Decodable {
                struct Child: Decodable {
                    let index: Int
                    let type: String
                    let id: String
                    let code: String
                }
                let failed: Int
                let children: [Child]
            }
            let details = try JSONPayloadCodec().decode(
                Details.self,
                from: try #require(failure?.details)
            )
            #expect(details.failed == failures)
            #expect(details.children.count == min(failures, 100))
            let indexes = failures == 1 ? [500] : Array(0..<100)
            #expect(details.children.map(\.index) == indexes)
            #expect(details.children.map(\.id) == indexes.map { "\($0)" })
        }
    }

    @Test func aSiblingSaysWhichParentFailedAndWhy() async throws {
        try await withParts({ input, context in
            if input == 1 {
                let _: String = try await context.receive("go")
                throw OperationError(code: "no", message: "it does not work")
            }
            let never: Int = try await context.receive("never")
            return never
        }) { engine in
            try await engine.start(Whole.self, id: "whole", input: 2)
            _ = try await engine.wait(for: "whole") { $0.waits.contains { $0.kind == .children } }
            _ = try await engine.wait(for: "1") { $0.status == .waiting }
            try await engine.signal("1", "go", "go")
            let whole = try await engine.waitForEnd(of: "whole")
            #expect(whole.status == .childrenTasksFailed)
            let sibling = try #require(try engine.record(of: "0"))
            #expect(sibling.status == .cancelled && sibling.errorCode == "sibling-failed")
            guard case .failure(let error) = try engine.outcome(of: sibling) else {
                Issue.record("it has not failed")
                return
            }
            #expect(
                error.message
                    == "Parent task whole with execution id whole failed: it does not work"
            )
            #expect(whole.finishedAt ?? Timestamp(rawValue: 0) <= whole.updatedAt)
        }
    }

    /// The others are cancelled by the entry that says that it waits, and the reason came before that.
    @Test func aSiblingSaysWhyAlsoWhenThatCameBeforeTheHandlerReturned() async throws {
        struct Slow: Workflow {
            static let name = "slow"
            func run(_ input: Int, _ context: WorkflowContext) async throws -> String {
                try await context.spawn([
                    ChildPlan(Part.self, id: "0", input: 0),
                    ChildPlan(Part.self, id: "1", input: 1),
                ])
                return try await context.receive("return")
            }
        }
        try await withJournal { path in
            let part = Part { input, context in
                if input == 1 { throw OperationError(code: "no", message: "it does not work") }
                let never: Int = try await context.receive("never")
                return never
            }
            let engine = try await Engine.open(at: path, workflows: [Slow(), part])
            try await engine.start(Slow.self, id: "slow", input: 0)
            _ = try await engine.wait(for: "slow") { $0.status == .waiting }
            _ = try await engine.wait(for: "1") { $0.isClosed }
            _ = try await engine.wait(for: "0") { $0.status == .waiting }
            try await engine.signal("slow", "return", "returned")
            #expect(try await engine.waitForEnd(of: "slow").status == .childrenTasksFailed)
            let sibling = try #require(try engine.record(of: "0"))
            guard case .failure(let error) = try engine.outcome(of: sibling) else {
                Issue.record("it has not failed")
                return
            }
            #expect(
                error.message
                    == "Parent task slow with execution id slow failed: it does not work"
            )
            try await engine.close(grace: .zero)
        }
    }

    @Test func aCancelledParentHasItsChildrenCancelled() async throws {
        try await withParts({ _, context in
            let never: Int = try await context.receive("never")
            return never
        }) { engine in
            try await engine.start(Whole.self, id: "whole", input: 3)
            _ = try await engine.wait(for: "whole") { $0.waits.contains { $0.kind == .children } }
            try await engine.cancel("whole")
            #expect(try await engine.waitForEnd(of: "whole").status == .cancelled)
            for id in ["0", "1", "2"] {
                #expect(try engine.record(of: id)?.status == .cancelled)
            }
        }
    }

    @Test func aPersonHasAFamilyRunAgainUnderItsIDs() async throws {
        let log = CallLog()
        try await withParts({ input, context in
            try await context.checkpoint("run") { _ in
                log.add("\(input)")
                if input == 1, log.lines.count < 4 {
                    throw OperationError(code: "no", message: "not yet")
                }
                return input
            }
        }) { engine in
            await #expect(throws: OperationError.self) {
                try await engine.run(Patient.self, id: "whole", input: 3)
            }
            let number = try #require(try engine.record(of: "1")).number
            let refusal = await #expect(throws: Refusal.self) { try await engine.retry("1") }
            #expect(refusal?.code == .conflict)
            try await engine.retry("whole")
            #expect(try await engine.waitForEnd(of: "whole").status == .completed)
            #expect(try engine.record(of: "1")?.number == number)
        }
        // What had completed did not run again.
        #expect(log.lines.sorted() == ["0", "1", "1", "2"])
    }

    @Test func whoseInputIsNoneBeginsNoneOfThem() async throws {
        struct Careless: Workflow {
            static let name = "careless"
            func run(_ input: Int, _ context: WorkflowContext) async throws -> String {
                do {
                    try await context.spawn([
                        ChildPlan(Part.self, id: "x", input: 1),
                        ChildPlan(Part.self, id: "y", input: -1),
                    ])
                    return "begun"
                } catch let error as OperationError {
                    return error.code
                }
            }
        }
        try await withJournal { path in
            let part = Part { input, _ in input }
            let engine = try await Engine.open(at: path, workflows: [Careless(), part])
            #expect(try await engine.run(Careless.self, input: 0) == "negative")
            #expect(try engine.record(of: "x") == nil)
            try await engine.close()
        }
    }

    @Test func aTreeOfTenLevelsIsAddedUpFromBelow() async throws {
        struct Level: Workflow {
            static let name = "level"
            static let finalizer: (any Workflow.Type)? = Sum.self
            func run(_ depth: Int, _ context: WorkflowContext) async throws -> Int {
                if depth < 10 {
                    let below = (0..<2).map { _ in ChildPlan(Level.self, input: depth + 1) }
                    // Two in the upper half, one below that.
                    try await context.spawn(depth < 5 ? below : [below[0]])
                }
                return 1
            }
        }
        struct Sum: Workflow {
            static let name = "sum"
            func run(
                _ level: FinalizerInput<Int, Int, Int>,
                _ context: WorkflowContext
            ) async throws -> Int {
                level.children.reduce(level.output) { $0 + $1.output }
            }
        }
        try await withJournal { path in
            let engine = try await Engine.open(at: path, workflows: [Level(), Sum()])
            let top = try await engine.submit(Level.self, id: "top", input: 1)
            try await top.execute()
            // 1 + 2 + 4 + 8 + 16, and 16 in each of the five levels below.
            #expect(try await top.output(as: Int.self) == 31 + 5 * 16)
            try await engine.close()
        }
    }

    /// Time and entries grow with the number of children, and no faster.
    @Test func aWideFamilyWritesSoMuchForEachChild() async throws {
        var counts: [UInt64] = []
        for count in [1_000, 3_000] {
            try await withParts({ input, _ in input }) { engine in
                #expect(
                    try await engine.run(Whole.self, id: "whole", input: count) == "of \(count)"
                )
                let record = try #require(try engine.record(of: "whole"))
                // Of each child that it begins, and that it has ended; and a few of its own.
                #expect(record.entries >= UInt64(2 * count))
                counts.append(record.entries - UInt64(2 * count))
            }
        }
        #expect(counts.allSatisfy { $0 < 12 }, "\(counts)")
    }
}
