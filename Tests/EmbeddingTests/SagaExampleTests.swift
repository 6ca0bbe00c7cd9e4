import Daybook
import DaybookTesting
import FoundationEssentials
import Testing

/// What the example writes to.
actor Ledger {
    private(set) var lines: [String] = []

    func add(_ line: String) { lines.append(line) }

    /// No carrier takes anything.
    func ship(_ order: String) throws -> String {
        lines.append("refused \(order)")
        throw NoCarrier()
    }
}

private struct NoCarrier: Error {}

// SAGA BEGIN
struct BookTrip: Workflow {
    static let name = "trip.book"
    let ledger: Ledger

    func run(_ trip: String, _ context: WorkflowContext) async throws -> String {
        let ledger = ledger
        // Registered first: whenever it is cancelled from here on, the room is given back.
        let room = try await context.onUnfinished("release room") { scope in
            try await scope.checkpoint("release") { _ in await ledger.add("released \(trip)") }
        }
        try await context.checkpoint("reserve room") { _ in await ledger.add("reserved \(trip)") }
        let answer: String = try await context.receive("confirmation")
        try await context.checkpoint("pay") { _ in await ledger.add("paid \(trip)") }
        try await context.finished(room)
        return answer
    }
}
// SAGA END

/// Sells what there is, and knows each booking by the key that it was asked for with.
actor Agency {
    private(set) var booked: [String: String] = [:]
    private let soldOut: String

    init(soldOut: String) { self.soldOut = soldOut }

    func book(_ part: String, key: String) throws -> String {
        if part == soldOut { throw NoCarrier() }
        booked[key] = part
        return key
    }

    func cancel(_ booking: String) throws { booked[booking] = nil }
}

// JOURNEY BEGIN
struct BookJourney: Workflow {
    static let name = "journey.book"
    let agency: Agency

    func run(_ parts: [String], _ context: WorkflowContext) async throws -> [String] {
        let agency = agency
        var bookings: [String] = []
        for part in parts {
            let booking = try await context.checkpoint(
                part,
                options: CheckpointOptions(recordsStart: true),
                compensate: { booking, operation in
                    // Nil: it began, and nobody knows what came of it. The agency knows it by its key.
                    try await agency.cancel(booking ?? operation.compensatedKey ?? "")
                },
                { try await agency.book(part, key: $0.idempotencyKey) }
            )
            bookings.append(booking)
        }
        return bookings
    }
}
// JOURNEY END

// RETRIES BEGIN
struct ShipOrder: Workflow {
    static let name = "order.ship"
    static let retry = RetryPolicy(maxAttempts: 3, baseDelay: .milliseconds(10))
    let ledger: Ledger

    func run(_ order: String, _ context: WorkflowContext) async throws -> String {
        let ledger = ledger
        try await context.checkpoint("charge") { _ in await ledger.add("charged \(order)") }
        do {
            return try await context.checkpoint("ship") { _ in try await ledger.ship(order) }
        } catch let error as OperationError {
            let isOver = context.isLastAttempt || !error.facts.isRetryable
            // Recorded, so that the answer stands when a person has the order run again.
            guard try await context.checkpoint("is over", { _ in isOver }) else { throw error }
            try await context.checkpoint("refund") { _ in await ledger.add("refunded \(order)") }
            throw error.handled
        }
    }
}
// RETRIES END

/// The examples of the pages on the execution model and on handlers, word for word.
@Suite struct SagaExampleTests {
    private func withEngine(_ ledger: Ledger, _ body: (Engine) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.path + "/saga-\(UUID()).daybook"
        // What is left behind in the folder for temporary files fails no test.
        defer { try? FileManager.default.removeItem(atPath: folder) }  // tidy: allowed
        try await Engine.withOpen(
            at: folder,
            creatingIfMissing: CreationOptions(),
            workflows: [BookTrip(ledger: ledger), ShipOrder(ledger: ledger)]
        ) { try await body($0) }
    }

    @Test func aCancelledTripGivesItsRoomBack() async throws {
        let ledger = Ledger()
        try await withEngine(ledger) { engine in
            let trip = try await engine.start(BookTrip.self, id: "t", input: "Rome")
            _ = try await engine.wait(for: "t") { $0.status == .waiting }
            try await trip.cancel()
            _ = try await engine.waitForEnd(of: "t")
        }
        #expect(await ledger.lines == ["reserved Rome", "released Rome"])
    }

    @Test func aTripThatIsPaidKeepsIt() async throws {
        let ledger = Ledger()
        try await withEngine(ledger) { engine in
            let trip = try await engine.start(BookTrip.self, id: "t", input: "Rome")
            try await engine.signal("t", "confirmation", "yes")
            #expect(try await trip.result() == "yes")
        }
        #expect(await ledger.lines == ["reserved Rome", "paid Rome"])
    }

    private static let refusals = Array(repeating: "refused lamp", count: 3)

    /// What was done is undone once, after the last attempt, and stays so.
    @Test func retriesThatRunOutUndoWhatWasDone() async throws {
        let ledger = Ledger()
        let expected = ["charged lamp"] + Self.refusals + ["refunded lamp"]
        try await withEngine(ledger) { engine in
            let order = try await engine.start(ShipOrder.self, id: "o", input: "lamp")
            #expect(try await engine.waitForEnd(of: "o").status == .failed)
            #expect(await ledger.lines == expected)
            try await order.retry()
            let again = try await engine.waitForEnd(of: "o")
            #expect(again.status == .failed)
            #expect(!again.isParked)
        }
        #expect(await ledger.lines == expected)
    }

    /// The policy is that of the submission, and not the workflow's.
    @Test func aSubmissionWithoutRetriesUndoesAtOnce() async throws {
        let ledger = Ledger()
        try await withEngine(ledger) { engine in
            var options = ExecutionOptions()
            options.retry = RetryPolicy.none
            try await engine.start(ShipOrder.self, id: "o", options: options, input: "lamp")
            #expect(try await engine.waitForEnd(of: "o").status == .failed)
        }
        #expect(await ledger.lines == ["charged lamp", "refused lamp", "refunded lamp"])
    }

    @Test func aJourneyThatCannotBeMadeIsNotBookedAtAll() async throws {
        let agency = Agency(soldOut: "car")
        let test = try TestEngine(workflows: [BookJourney(agency: agency)])
        try await test.run { engine in
            let parts = ["flight", "hotel", "car"]
            try await engine.start(BookJourney.self, id: "j", input: parts)
            #expect(try await engine.waitForEnd(of: "j").status == .failed)
        }
        #expect(await agency.booked.isEmpty)
    }

    /// Wherever the process dies, also while it undoes.
    @Test(.crashEverywhere) func nothingIsLeftBookedWhereverTheProcessDies() async throws {
        let agency = Agency(soldOut: "car")
        let test = try TestEngine(workflows: [BookJourney(agency: agency)])
        try await test.run { engine in
            let parts = ["flight", "hotel", "car"]
            try await engine.start(BookJourney.self, id: "j", input: parts)
            let end = try await engine.waitForEnd(of: "j")
            #expect(end.status == .failed)
            #expect(end.isClosed)
        }
        #expect(await agency.booked.isEmpty)
    }

    @Test(arguments: [
        ("SAGA", "ExecutionModel"), ("JOURNEY", "ExecutionModel"), ("RETRIES", "WritingHandlers"),
    ])
    func theDocumentationHasTheSameCode(_ mark: String, _ name: String) throws {
        let here = #filePath
        let source = try String(contentsOf: URL(filePath: here), encoding: .utf8)
        let begin = try #require(source.range(of: "// \(mark) BEGIN\n"))
        let end = try #require(source.range(of: "// \(mark) END"))
        let root = URL(filePath: here).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let page = try String(
            contentsOf: root.appending(path: "Sources/Daybook/Daybook.docc/\(name).md"),
            encoding: .utf8
        )
        #expect(page.contains(source[begin.upperBound..<end.lowerBound]))
    }
}
