import Daybook
import DaybookTesting
import Orders
import Synchronization
import Testing

/// An order is done once, whole or not at all, wherever its process dies and in whatever order its
/// items are reserved. The journal is in memory, and a day that nobody approves takes no time.
@Suite(.crashEverywhere, .alwaysReplay) struct CrashTests {
    /// A shop that answers a key that it knows as it did the first time.
    private final class MemoryShop: Shop {
        private let keys = Mutex<[String: Set<String>]>([:])
        private let undone = Mutex(0)

        func count(_ deed: String) -> Int { keys.withLock { $0[deed]?.count ?? 0 } }
        var isUndone: Bool { undone.withLock { $0 > 0 } }

        private func perform(_ deed: String, _ key: String) -> String {
            keys.withLock { _ = $0[deed, default: []].insert(key) }
            return deed
        }

        func reserve(_ item: String, for order: String, key: String) async throws {
            _ = perform("reserve", key)
        }
        func charge(_ cents: Int, for order: String, key: String) async throws -> String {
            perform("charge", key)
        }
        func ship(_ items: [String], for order: String, key: String) async throws -> String {
            perform("ship", key)
        }
        func undo(_ order: String) async throws { undone.withLock { $0 += 1 } }
    }

    private func order(cents: Int) -> Order {
        Order(customer: "eve", items: ["lamp", "chair"], cents: cents)
    }

    @Test func anOrderIsDoneOnce() async throws {
        let shop = MemoryShop()
        let test = try TestEngine(workflows: [ProcessOrder(shop: shop)])
        let order = order(cents: 4_200)
        let receipt = try await test.run { engine in
            try await engine.run(ProcessOrder.self, id: "small", input: order)
        }
        #expect(receipt.payment == "charge")
        #expect(shop.count("reserve") == 2)
        #expect(shop.count("charge") == 1)
        #expect(shop.count("ship") == 1)
        #expect(!shop.isUndone)
    }

    @Test func whatNobodyApprovesIsUndone() async throws {
        let shop = MemoryShop()
        let test = try TestEngine(workflows: [ProcessOrder(shop: shop)])
        let order = order(cents: 200_000)
        await #expect(throws: OperationError.self) {
            try await test.run { engine in
                try await engine.run(ProcessOrder.self, id: "big", input: order)
            }
        }
        #expect(shop.count("charge") == 0)
        #expect(shop.isUndone)
    }
}
