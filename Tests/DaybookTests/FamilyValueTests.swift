import Daybook
import DaybookFormat
import DaybookInspector
import DaybookModel
import DaybookTestKit
import DaybookView
import LMDB
import SwiftProtobuf
import Testing

/// What a family gives: referred to in the journal, and put together by whoever reads it.
@Suite struct FamilyValueTests {
    private struct Part: Workflow {
        static let name = "part"
        func run(_ input: Int, _ context: WorkflowContext) async throws -> String {
            "\(input) " + String(repeating: "x", count: 200)
        }
    }

    private struct Whole: Workflow {
        static let name = "whole"
        func run(_ count: Int, _ context: WorkflowContext) async throws -> Int {
            try await context.spawn((0..<count).map { ChildPlan(Part.self, input: $0) })
            return count
        }
    }

    private struct Summed: Workflow {
        static let name = "summed"
        static let finalizer: (any Workflow.Type)? = Sum.self
        func run(_ count: Int, _ context: WorkflowContext) async throws -> Int {
            try await context.spawn((0..<count).map { ChildPlan(Part.self, input: $0) })
            return count
        }
    }

    private struct Sum: Workflow {
        static let name = "sum"
        func run(
            _ given: FinalizerInput<Int, Int, String>,
            _ context: WorkflowContext
        ) async throws -> Int {
            given.children.reduce(given.input + given.output) { $0 + $1.output.utf8.count }
        }
    }

    private static let workflows: [any Workflow] = [Whole(), Summed(), Sum(), Part()]

    /// A journal whose payloads are small.
    private func withSmallPayloads(_ use: (Engine, String) async throws -> Void) async throws {
        var creation = CreationOptions()
        creation.environment.synchronizes = false
        creation.payloadLimit = 8 << 10
        var options = EngineOptions()
        options.environment = creation.environment
        try await withJournal(creation) { path in
            let engine = try await Engine.open(at: path, options, workflows: Self.workflows)
            let result: Result<Void, any Error>
            do { result = .success(try await use(engine, path)) } catch { result = .failure(error) }
            try await engine.close(grace: .zero)
            try result.get()
        }
    }

    /// 300 outputs of 200 bytes, where a payload may have 8,192.
    @Test func aFamilyMayGiveMoreThanAPayloadHolds() async throws {
        try await withSmallPayloads { engine, path in
            let handle = try await engine.submit(Whole.self, id: "whole", input: 300)
            try await handle.execute()
            #expect(try await handle.result() == 300)
            let output = try await handle.output(as: FamilyOutput<Int, String>.self)
            #expect(output.output == 300)
            #expect(output.children.map(\.index) == Array(0..<300))
            #expect(output.children.allSatisfy { $0.output.hasPrefix("\($0.index) xx") })
            // As JSON too.
            let record = try #require(try engine.record(of: "whole"))
            let json = try engine.outcome(of: record).get()
            #expect(json.count > 60_000)
            let decoded = try JSONPayloadCodec().decode(FamilyOutput<Int, String>.self, from: json)
            #expect(decoded.children.map(\.id) == output.children.map(\.id))
            let summed = try await engine.submit(Summed.self, id: "summed", input: 300)
            try await summed.execute()
            let lengths = (0..<300).reduce(0) { $0 + "\($1) ".utf8.count + 200 }
            #expect(try await summed.output(as: Int.self) == 600 + lengths)
        }
    }

    /// How many there may be is known before they are begun.
    @Test func moreChildrenThanAPayloadRefersToAreNotSpawned() async throws {
        try await withSmallPayloads { engine, _ in
            let error = await #expect(throws: OperationError.self) {
                try await engine.run(Whole.self, id: "whole", input: 400)
            }
            #expect(error?.code == "too-many-children")
            #expect(error?.message.contains("spawns 400 children") == true)
            let all = try await engine.executions().records
            #expect(all.count == 1)
        }
    }

    // MARK: Replay

    /// What is exported of a finalizer alone is enough to replay it.
    @Test func aFinalizerIsExportedWithWhatItIsGiven() async throws {
        try await withSmallPayloads { engine, path in
            let summed = try await engine.submit(Summed.self, id: "summed", input: 3)
            try await summed.execute()
            _ = try await summed.result()
            let finalizer = try #require(
                try await engine.executions().records.first { $0.isFinalizer }
            )
            let live = try engine.history(of: finalizer.id)
            let input = try JSONPayloadCodec().decode(
                FinalizerInput<Int, Int, String>.self,
                from: engine.input(of: finalizer)
            )
            #expect(input.input == 3 && input.children.count == 3)
            try await engine.close()
            let exported = try RecordedHistory.all(exported: export(finalizer.id, path))
            #expect(exported.map(\.id) == [finalizer.id])
            for history in [live] + exported {
                let report = try await Replayer(workflows: Self.workflows).replay(history)
                guard case .agrees = report.outcome else {
                    Issue.record("\(report.outcome)")
                    return
                }
            }
        }
    }

    private func export(_ id: String, _ path: String) throws -> [UInt8] {
        let inspector = try Inspector(path: path)
        defer { inspector.close() }
        var lines: [UInt8] = []
        try inspector.export(of: inspector.record(of: id).number) { entry in
            var json = JSONWriter()
            try entry.write(to: &json)
            lines += json.bytes + [UInt8(ascii: "\n")]
            return true
        }
        return lines
    }

    // MARK: Versions

    private struct Cup: Codable, VersionedValue {
        let liters: Double
        static let version = 2
        static let upcasters = [Upcaster(from: 1) { (old: Int) in Cup(liters: Double(old) / 10) }]
    }

    private struct Fill: Workflow {
        static let name = "fill"
        func run(_ input: Int, _ context: WorkflowContext) async throws -> Int { input }
    }

    private struct Refill: Workflow {
        static let name = "fill"
        func run(_ input: Int, _ context: WorkflowContext) async throws -> Cup {
            Cup(liters: Double(input))
        }
    }

    private struct Tray<Child: Codable & Sendable>: Workflow {
        static var name: String { "tray" }
        static var finalizer: (any Workflow.Type)? { Pour.self }
        func run(_ input: Int, _ context: WorkflowContext) async throws -> Int {
            try await context.spawn([1, 2].map { ChildPlan(Fill.self, input: $0) })
            return try await context.receive("ready")
        }
    }

    private struct Pour: Workflow {
        static let name = "pour"
        func run(
            _ given: FinalizerInput<Int, Int, Cup>,
            _ context: WorkflowContext
        ) async throws -> [Double] {
            given.children.map(\.output.liters)
        }
    }

    /// The parts of what is put together are recorded by older code.
    @Test func everyPartIsBroughtUpToDate() async throws {
        try await withJournal { path in
            let old = try await Engine.open(
                at: path,
                workflows: [Tray<Int>(), Bare(), Fill(), Pour()]
            )
            try await old.start(Tray<Int>.self, id: "tray", input: 0)
            #expect(try await old.run(Bare.self, id: "bare", input: 0) == 0)
            for record in try await old.executions().records where record.type == "fill" {
                _ = try await old.waitForEnd(of: record.id)
            }
            try await old.close()
            let new = try await Engine.open(
                at: path,
                workflows: [Tray<Cup>(), Bare(), Refill(), Pour()]
            )
            try await new.signal("tray", "ready", 1)
            let tray = try await new.submit(Tray<Cup>.self, id: "tray", input: 0)
            #expect(try await tray.output(as: [Double].self) == [0.1, 0.2])
            let bare = try await new.submit(Bare.self, id: "bare", input: 0)
            let output = try await bare.output(as: FamilyOutput<Int, Cup>.self)
            #expect(output.children.map(\.output.liters) == [0.3])
            try await new.close()
        }
    }

    private struct Bare: Workflow {
        static let name = "bare"
        func run(_ input: Int, _ context: WorkflowContext) async throws -> Int {
            try await context.spawn([ChildPlan(Fill.self, input: 3)])
            return input
        }
    }

    // MARK: Erased

    /// Empties the payloads of an entry, as erasing does.
    private func erase(_ sequence: UInt64, _ path: String) throws {
        let environment = try Environment.open(path + "/journal.mdb", EnvironmentOptions())
        defer { environment.close() }
        let tables = try environment.openDatabases([("payloads", .integerKeys), ("meta", [])])
        let key = Array("edge".utf8)
        let record = try environment.read { transaction in
            try key.withUnsafeBytes { key in
                try transaction.value(in: tables[1], for: key)?.withUnsafeBytes { Array($0) }
            }
        }
        // The journal knows the number of its last commit.
        var edge = try ProtoTreeEdge(serializedBytes: try #require(record))
        edge.commit += 1
        let counted = edge.encoded()
        let erased = ProtoPayloads.with { $0.payloads = [ProtoPayload()] }.encoded()
        try environment.write { transaction in
            try erased.withUnsafeBytes { try transaction.put($0, in: tables[0], for: sequence) }
            try key.withUnsafeBytes { key in
                try counted.withUnsafeBytes { try transaction.put($0, in: tables[1], for: key) }
            }
        }
    }

    private struct Held: Workflow {
        static let name = "held"
        static let finalizer: (any Workflow.Type)? = Sum.self
        let log: CallLog
        func run(_ input: Int, _ context: WorkflowContext) async throws -> Int {
            let log = log
            _ = try await context.onUnfinished("undo") { scope in
                try await scope.checkpoint("undo") { _ in log.add("undone") }
            }
            try await context.spawn([ChildPlan(Part.self, id: "part", input: 1)])
            return input == 0 ? try await context.receive("go") : input
        }
    }

    /// What the finalizer would be given is gone: that is said, and nothing waits for ever.
    @Test func anErasedOutputFailsTheFinalizerAndHoldsNothingUp() async throws {
        try await withJournal { path in
            let workflows: [any Workflow] = [Held(log: CallLog()), Sum(), Part()]
            let first = try await Engine.open(at: path, workflows: workflows)
            try await first.start(Held.self, id: "held", input: 0)
            _ = try await first.wait(for: "held") { $0.status == .waiting }
            let part = try await first.waitForEnd(of: "part")
            try await first.close()
            try erase(part.last, path)
            let second = try await Engine.open(at: path, workflows: workflows)
            try await second.signal("held", "go", 1)
            let held = try await second.waitForEnd(of: "held")
            #expect(held.status == .finalizeTaskFailed)
            #expect(held.errorCode == "PayloadErased")
            try await second.close()
        }
    }

    /// What its own handler returned is gone when it goes on.
    @Test func anErasedRunOutputFailsTheAttempt() async throws {
        try await withWaitingFamily { path, workflows, record in
            let engine = try await Engine.open(at: path, workflows: workflows)
            try await engine.signal("slow", "go", 1)
            let held = try await engine.waitForEnd(of: "joined")
            #expect(held.status == .failed)
            #expect(held.errorCode == "PayloadErased")
            try await engine.close()
        } logged: { lines in
            #expect(lines == [])
        }
    }

    /// The handler runs over its record to learn what it registered, and what follows it too.
    @Test func anErasedRunOutputKeepsNothingFromBeingCleanedUp() async throws {
        try await withWaitingFamily { path, workflows, record in
            let engine = try await Engine.open(at: path, workflows: workflows)
            try await engine.cancel("joined")
            #expect(try await engine.waitForEnd(of: "joined").status == .cancelled)
            try await engine.close()
        } logged: { lines in
            #expect(lines == ["undone"])
        }
    }

    private struct Joined: Workflow {
        static let name = "joined"
        let log: CallLog
        func run(_ input: Int, _ context: WorkflowContext) async throws -> Int {
            let log = log
            _ = try await context.onUnfinished("undo") { scope in
                try await scope.checkpoint("undo") { _ in log.add("undone") }
            }
            try await context.spawn(Slow.self, id: "slow", input: 1)
            return input
        }
    }

    private struct Slow: Workflow {
        static let name = "slow"
        func run(_ input: Int, _ context: WorkflowContext) async throws -> Int {
            try await context.receive("go")
        }
    }

    /// An execution waits for what it has spawned, and what its handler returned is erased.
    private func withWaitingFamily(
        _ use: (String, [any Workflow], ExecutionRecord) async throws -> Void,
        logged: ([String]) -> Void
    ) async throws {
        let log = CallLog()
        let workflows: [any Workflow] = [Joined(log: log), Slow()]
        try await withJournal { path in
            let engine = try await Engine.open(at: path, workflows: workflows)
            try await engine.start(Joined.self, id: "joined", input: 7)
            let record = try await engine.wait(for: "joined") {
                $0.waits.contains { $0.kind == .children }
            }
            _ = try await engine.wait(for: "slow") { $0.status == .waiting }
            let join = try #require(record.waits.first?.sequence)
            try await engine.close(grace: .zero)
            try erase(join, path)
            try await use(path, workflows, record)
        }
        logged(log.lines)
    }
}
