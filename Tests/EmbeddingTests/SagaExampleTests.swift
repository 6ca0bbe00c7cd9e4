import Daybook
import FoundationEssentials
import Testing

/// What the example writes to.
actor Ledger {
    private(set) var lines: [String] = []

    func add(_ line: String) { lines.append(line) }
}

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

/// The example of the page on the execution model, word for word.
@Suite struct SagaExampleTests {
    private func withEngine(_ ledger: Ledger, _ body: (Engine) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.path + "/saga-\(UUID()).daybook"
        // What is left behind in the folder for temporary files fails no test.
        defer { try? FileManager.default.removeItem(atPath: folder) }  // tidy: allowed
        try await Engine.withOpen(
            at: folder,
            creatingIfMissing: CreationOptions(),
            workflows: [BookTrip(ledger: ledger)]
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

    @Test func theDocumentationHasTheSameCode() throws {
        let here = #filePath
        let source = try String(contentsOf: URL(filePath: here), encoding: .utf8)
        let begin = try #require(source.range(of: "// SAGA BEGIN\n"))
        let end = try #require(source.range(of: "// SAGA END"))
        let root = URL(filePath: here).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let page = try String(
            contentsOf: root.appending(path: "Sources/Daybook/Daybook.docc/ExecutionModel.md"),
            encoding: .utf8
        )
        #expect(page.contains(source[begin.upperBound..<end.lowerBound]))
    }
}
