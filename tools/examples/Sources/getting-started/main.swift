import Daybook

struct Order: Codable, Sendable {
    var item: String
    var cents: Int
}

struct ProcessOrder: Workflow {
    static let name = "order.process"

    func run(_ order: Order, _ context: WorkflowContext) async throws -> String {
        let hold = try await context.checkpoint("reserve", input: order) { operation in
            print("reserving \(order.item), key \(operation.idempotencyKey)")
            return "hold-\(order.item)"
        }
        try await context.sleep(for: .seconds(5))
        return try await context.checkpoint("charge", input: order) { operation in
            print("charging \(order.cents), key \(operation.idempotencyKey)")
            return "paid, \(hold)"
        }
    }
}

try await Engine.withOpen(
    at: "orders.daybook",
    creatingIfMissing: CreationOptions(),
    workflows: [ProcessOrder()]
) { engine in
    let order = Order(item: "lamp", cents: 4200)
    print(try await engine.run(ProcessOrder.self, id: "order-1", input: order))
}
