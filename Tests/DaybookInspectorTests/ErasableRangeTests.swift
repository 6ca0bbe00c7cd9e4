import Daybook
import DaybookTestKit
import DaybookView
import Testing

@testable import DaybookJournal

/// The look for payloads that are to be erased.
@Suite struct ErasableRangeTests {
    private struct Long: Workflow {
        static let name = "long"

        func run(_ count: Int, _ context: WorkflowContext) async throws -> Int {
            for number in 0..<count {
                _ = try await context.checkpoint("step \(number)") { _ in number }
            }
            return count
        }
    }

    /// Each step begins where the one before it ended, however long what is erased already is.
    @Test func aStepLooksAtNoMoreThanItIsToErase() async throws {
        try await withJournal { path in
            let engine = try await Engine.open(at: path, workflows: [Long()])
            _ = try await engine.run(Long.self, id: "a", input: 400)
            let record = try #require(try engine.record(of: "a"))
            let store = CountingStore(engine.journal.store)
            let middle = record.last - 300
            let found = try store.read {
                try FactLookup.erasable(of: record.number, before: middle, limit: 8, $0)
            }
            #expect(found?.range == middle - 8...middle - 1)
            #expect(store.lookUps <= 12)
            try await engine.close()
        }
    }
}
