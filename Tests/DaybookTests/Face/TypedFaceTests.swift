import Daybook
import DaybookSystem
import DaybookTestKit
import FoundationEssentials
import Logging
import Testing

/// What a program's own types come to on their way through a journal.
@Suite struct TypedFaceTests {
    private struct Order: Codable, Sendable {
        var item: String
        var count: Int
    }

    private struct Approval: Codable, Sendable, Equatable {
        var by: String
    }

    private struct CardDeclined: DurableError, Equatable {
        static let code = "card-declined"
        var balance: Int
        var isRetryable: Bool { false }
    }

    private struct Buy: Workflow {
        static let name = "buy"
        static let approval = SignalKey<Approval>("approval")
        static let total = OutputKey<Int>("total")
        static var signals: [any SignalDeclaration] { [approval] }
        static var retry: RetryPolicy { RetryPolicy(maxAttempts: 3) }

        static func validate(_ order: Order) throws {
            guard order.count > 0 else {
                throw Refusal(.invalidArgument, "an order of \(order.count) items; order one")
            }
        }

        func run(_ order: Order, _ context: WorkflowContext) async throws -> String {
            try await context.output(Self.total, order.count * 10)
            let approval = try await context.receive(Self.approval)
            return "\(order.count) \(order.item) by \(approval.by)"
        }
    }

    /// Another version of the program: the same names, other types.
    private struct LaterBuy: Workflow {
        struct Order: Codable, Sendable {
            var item: String
            var count: Int
            var address: Address
        }

        struct Address: Codable, Sendable {
            var city: String
        }

        static let name = "buy"

        func run(_ order: Order, _ context: WorkflowContext) async throws -> String { "" }
    }

    @Test func whatOneConstantNamesIsSentReceivedAndReadTyped() async throws {
        try await withJournal { path in
            try await Engine.withOpen(at: path, workflows: [Buy()]) { daybook in
                let order = Order(item: "apples", count: 3)
                let handle = try await daybook.start(Buy.self, id: "o", input: order)
                _ = try await daybook.wait(for: "o") { $0.status == .waiting }
                #expect(try handle.value(of: Buy.total) == 30)
                try await handle.send(Approval(by: "eve"), to: Buy.approval)
                #expect(try await handle.result() == "3 apples by eve")
            }
        }
    }

    @Test func aSignalThatDoesNotDecodeIsRefusedWhereItsTypeIsKnown() async throws {
        try await withJournal { path in
            try await Engine.withOpen(at: path, workflows: [Buy()]) { daybook in
                let order = Order(item: "apples", count: 3)
                let handle = try await daybook.start(Buy.self, id: "o", input: order)
                let refusal = await #expect(throws: Refusal.self) {
                    try await daybook.signal("o", "approval", ["by": 7])
                }
                #expect(refusal?.code == .invalidArgument)
                #expect(refusal?.message.contains("by is not String") == true)
                try await handle.send(Approval(by: "eve"), to: Buy.approval)
                #expect(try await handle.result() == "3 apples by eve")
            }
        }
    }

    @Test func aSignalThatDoesNotDecodeParksAndGoesOnWithMendedCode() async throws {
        try await withJournal { path in
            try await withEngine(
                path,
                code: { _, context in "\(try await context.receive("go", as: Int.self))" }
            ) { daybook in
                try await daybook.start()
                try await daybook.signal("a", "go", "seven")
                #expect(try await daybook.waitForEnd(of: "a").isParked)
            }
            try await withEngine(
                path,
                code: { _, context in try await context.receive("go", as: String.self) }
            ) { daybook in
                try await daybook.retry("a")
                #expect(try await daybook.result() == #""seven""#)
            }
        }
    }

    @Test func aStoredValueThatNoLongerDecodesParksAndSaysWhere() async throws {
        try await withJournal { path in
            let log = CallLog()
            var options = EngineOptions()
            options.logger = Logger(label: "test") { _ in RecordingHandler(log) }
            try await withEngine(
                path,
                options,
                code: { _, context in
                    try await context.store.set("orders", [["price": 1]])
                    let orders: [[String: String]]? = try await context.store.get("orders")
                    return "\(orders ?? [])"
                }
            ) { daybook in
                try await daybook.start()
                let record = try await daybook.waitForEnd(of: "a")
                #expect(record.isParked)
            }
            #expect(log.lines.contains { $0.contains("[0].price is not String") }, "\(log.lines)")
        }
    }

    @Test func anInputThatNoLongerDecodesParksAndSaysWhatIsMissing() async throws {
        try await withJournal { path in
            let log = CallLog()
            var options = EngineOptions()
            options.claims = .nothing
            try await Engine.withOpen(at: path, options, workflows: [Buy()]) { daybook in
                let order = Order(item: "apples", count: 3)
                try await daybook.start(Buy.self, id: "o", input: order)
            }
            options.claims = .registered
            options.logger = Logger(label: "test") { _ in RecordingHandler(log) }
            try await Engine.withOpen(at: path, options, workflows: [LaterBuy()]) { daybook in
                let record = try await daybook.waitForEnd(of: "o")
                #expect(record.isParked)
            }
            #expect(
                log.lines.contains {
                    $0.contains("cannot be decoded as Order: it has no \"address\"")
                },
                "\(log.lines)"
            )
            // The version before still can.
            try await Engine.withOpen(at: path, workflows: [Buy()]) { daybook in
                try await daybook.retry("o")
                let handle = daybook.handle(Buy.self, id: "o")
                try await handle.send(Approval(by: "eve"), to: Buy.approval)
                #expect(try await handle.result() == "3 apples by eve")
            }
        }
    }

    @Test func anErrorOfAProgramComesBackTypedNowAndInAReplay() async throws {
        try await withJournal { path in
            let code: Scripted.Code = { _, context in
                do {
                    try await context.checkpoint("charge") { _ in throw CardDeclined(balance: 12) }
                    return "charged"
                } catch let error as OperationError {
                    let declined = error.as(CardDeclined.self)
                    return "\(error.code) \(declined?.balance ?? -1) \(error.facts.isRetryable)"
                }
            }
            let outputs = CallLog()
            let noting: Scripted.Code = { input, context in
                outputs.add(try await code(input, context))
                return ""
            }
            _ = try await interrupting(path, running: noting, then: noting)
            #expect(outputs.lines == Array(repeating: "card-declined 12 false", count: 2))
        }
    }

    private struct Described: DurableError, CustomStringConvertible {
        static let code = "described"
        var secret = 4
        var description: String { "something is wrong" }
    }

    /// Its fields are for programs; what people read is what it says of itself, or nothing but its code.
    @Test func theMessageOfAProgramsErrorSaysNothingOfItsFields() {
        #expect(OperationError(recording: CardDeclined(balance: 12)).message == "card-declined")
        #expect(OperationError(recording: Described()).message == "something is wrong")
    }

    @Test func anInputIsLookedAtBeforeAnythingIsRecorded() async throws {
        try await withJournal { path in
            try await Engine.withOpen(at: path, workflows: [Buy()]) { daybook in
                let size = daybook.journal.head.size
                await #expect(throws: Refusal.self) {
                    try await daybook.start(Buy.self, id: "o", input: Order(item: "x", count: 0))
                }
                await #expect(throws: Refusal.self) {
                    try await daybook.submit(
                        type: "buy",
                        data: Array(#"{"item":"x","count":0}"#.utf8)
                    )
                }
                let refusal = await #expect(throws: Refusal.self) {
                    try await daybook.submit(type: "buy", data: Array(#"{"item":"x"}"#.utf8))
                }
                #expect(refusal?.message.contains("it has no \"count\"") == true)
                #expect(daybook.journal.head.size == size)
            }
        }
    }

    @Test func startingRecordsAndAsksForTheRunInOneCommit() async throws {
        try await withJournal { path in
            var options = EngineOptions()
            options.claims = .nothing
            try await Engine.withOpen(at: path, options, workflows: [Buy()]) { daybook in
                let order = Order(item: "apples", count: 3)
                let before = try daybook.journal.store.read { $0.commitNumber() }
                let handle = try await daybook.start(Buy.self, id: "o", input: order)
                let after = try daybook.journal.store.read { $0.commitNumber() }
                #expect(try handle.status() == .ready)
                #expect(after == before.map { $0 + 1 })
            }
        }
    }

    @Test func aHandleOfAnotherWorkflowIsAConflictAndOneOfNothingIsNotFound() async throws {
        try await withJournal { path in
            try await Engine.withOpen(at: path, workflows: [Buy(), Scripted { _, _ in "" }]) {
                daybook in
                let handle = daybook.handle(Scripted.self, id: "o")
                #expect(throws: Refusal.self) { try handle.status() }
                let order = Order(item: "apples", count: 3)
                try await daybook.start(Buy.self, id: "o", input: order)
                let refusal = #expect(throws: Refusal.self) { try handle.status() }
                #expect(refusal?.code == .conflict)
                let other = await #expect(throws: Refusal.self) { try await handle.result() }
                #expect(other?.code == .conflict)
                await #expect(throws: Refusal.self) { try await handle.cancel() }
                await #expect(throws: Refusal.self) { try await handle.execute() }
                await #expect(throws: Refusal.self) {
                    try await handle.send(Approval(by: "eve"), to: Buy.approval)
                }
                await #expect(throws: Refusal.self) { try await handle.retry() }
                #expect(try daybook.record(of: "o")?.isClosed == false)
            }
        }
    }

    @Test func aVerificationIsGivenTheKeyOfTheOperation() async throws {
        try await withJournal { path in
            let keys = CallLog()
            try await withEngine(
                path,
                code: { _, context in
                    try await context.checkpoint(
                        "pay",
                        verify: { operation in
                            keys.add(operation.idempotencyKey)
                            return .notDone
                        }
                    ) { operation in keys.add(operation.idempotencyKey) }
                    return ""
                }
            ) { daybook in
                try await daybook.start()
                _ = try await daybook.result()
            }
            #expect(keys.lines.count == 2)
            #expect(keys.lines.first == keys.lines.last)
        }
    }

    @Test func aScopedJournalIsClosedWhateverComesOfItsBody() async throws {
        struct Boom: Error {}
        try await withJournal { path in
            await #expect(throws: Boom.self) {
                try await Engine.withOpen(at: path) { _ in throw Boom() }
            }
            // The same process may open it again only when it is closed.
            let size = try await Engine.withOpen(at: path) { $0.journal.head.size }
            #expect(size > 0)
        }
    }

    @Test(.timeLimit(.minutes(20)))
    func aJournalThatAnotherProcessMakesIsWaitedFor() async throws {
        try await withJournal { existing in
            let path = existing + "/inner.daybook"
            try Folder.create(path)
            let lock = try File.open(path + "/open.lock", .create)
            try #require(try lock.tryLock(.exclusive))
            let opening = Task {
                try await Engine.withOpen(at: path, creatingIfMissing: CreationOptions()) {
                    $0.journal.head.size
                }
            }
            // Until it waits for that lock: the system lists who waits.
            while try !Self.hasWaiter(path + "/open.lock") { await Task.yield() }
            // Until then it is refused, however often it is tried.
            let error = #expect(throws: JournalError.self) { try Engine.create(at: path) }
            #expect(error?.code == .locked)
            try lock.unlock()
            #expect(try await opening.value > 0)
        }
    }

    /// Whether somebody waits for a lock on a file, as proc(5) says it: `1: -> OFDLCK … :INODE`.
    private static func hasWaiter(_ path: String) throws -> Bool {
        let inode = try #require(try FileStatus.of(path)).inode
        let locks = try String(contentsOfFile: "/proc/locks", encoding: .utf8)
        return locks.split(separator: "\n").contains {
            $0.contains(" -> ") && $0.contains(":\(inode) ")
        }
    }

    @Test func aLifetimeOfNothingIsRefused() async throws {
        try await withJournal { existing in
            var creation = CreationOptions()
            creation.submissionLifetime = .zero
            let refusal = #expect(throws: Refusal.self) {
                try Engine.create(at: existing + "/inner.daybook", creation)
            }
            #expect(refusal?.code == .invalidArgument)
        }
    }

    @Test func aSignalIsDeclaredOnceAndTakenByItsBytes() async throws {
        try await withJournal { path in
            let error = await #expect(throws: Refusal.self) {
                try await Engine.withOpen(at: path, workflows: [Twice()]) { _ in }
            }
            #expect(error?.code == .conflict)
            try await Engine.withOpen(at: path, workflows: [Composed()]) { daybook in
                try await daybook.start(Composed.self, id: "c", input: 1)
                // It only looks like the one that is declared.
                try await daybook.signal("c", "e\u{301}", "text")
                await #expect(throws: Refusal.self) {
                    try await daybook.signal("c", "\u{E9}", "text")
                }
                try await daybook.signal("c", "\u{E9}", 7)
                #expect(try await daybook.handle(Composed.self, id: "c").result() == 7)
            }
        }
    }

    private struct Twice: Workflow {
        static let name = "twice"
        static var signals: [any SignalDeclaration] {
            [SignalKey<Int>("go"), SignalKey<String>("go")]
        }

        func run(_ input: Int, _ context: WorkflowContext) async throws -> Int { input }
    }

    private struct Composed: Workflow {
        static let name = "composed"
        static var signals: [any SignalDeclaration] { [SignalKey<Int>("\u{E9}")] }

        func run(_ input: Int, _ context: WorkflowContext) async throws -> Int {
            try await context.receive(SignalKey<Int>("\u{E9}"))
        }
    }

    @Test func aJournalIsMadeWhereThereIsNone() async throws {
        try await withJournal { existing in
            let path = existing + "/inner.daybook"
            for _ in 0..<2 {
                try await Engine.withOpen(at: path, creatingIfMissing: CreationOptions()) { _ in }
            }
            let error = await #expect(throws: JournalError.self) {
                try await Engine.withOpen(at: path + "/none") { _ in }
            }
            #expect(error?.code == .notFound)
        }
    }
}
