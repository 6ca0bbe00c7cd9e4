import Daybook

/// Reserves, asks for approval of what is expensive, charges, and ships.
public struct ProcessOrder: Workflow {
    /// What journals know it by.
    public static let name = "order.process"
    /// Three attempts in all; between them the policy's delays.
    public static var retry: RetryPolicy { RetryPolicy(maxAttempts: 3) }
    /// Known, so that a value of another type is refused where it is sent.
    public static var signals: [any SignalDeclaration] { [SignalKey<Approval>.approval] }

    /// From this sum on somebody must agree.
    public static let approvalLimit = 100_000

    private let shop: any Shop

    /// Orders for a shop.
    public init(shop: any Shop) { self.shop = shop }

    /// Asked before anything is recorded.
    public static func validate(_ order: Order) throws {
        guard !order.items.isEmpty, order.cents > 0 else {
            throw OperationError(
                code: "empty-order",
                message: "the order of \(order.customer) has no items, or costs nothing",
                isRetryable: false
            )
        }
    }

    /// The code: it runs again after a crash, and each body runs until its outcome is recorded.
    public func run(_ order: Order, _ context: WorkflowContext) async throws -> Receipt {
        let (id, shop) = (context.id, shop)
        // Registered before the first effect: an end from outside, be it now or in a day, has it run.
        try await context.onUnfinished("undo") { scope in
            try await scope.checkpoint("undo") { _ in try await shop.undo(id) }
        }
        do {
            try await context.map("reserve", order.items) { scope, item in
                try await scope.checkpoint("reserve", input: item) { operation in
                    try await shop.reserve(item, for: id, key: operation.idempotencyKey)
                }
            }
            if order.cents >= Self.approvalLimit { try await approve(order, context) }
            let payment = try await context.checkpoint("charge", input: order.cents) { operation in
                try await shop.charge(order.cents, for: id, key: operation.idempotencyKey)
            }
            let parcel = try await context.checkpoint("ship", input: order.items) { operation in
                try await shop.ship(order.items, for: id, key: operation.idempotencyKey)
            }
            try await context.output(.tracking, parcel)
            return Receipt(payment: payment, parcel: parcel)
        } catch let error as OperationError {
            // A failure of its own: when nothing tries it again, what was done is undone here.
            if error.facts.isRetryable {
                let isLast = context.isLastAttempt
                // Recorded, so that an order that was undone stays so when a person retries it.
                guard try await context.checkpoint("last attempt", { _ in isLast }) else {
                    throw error
                }
            }
            try await context.checkpoint("give up") { _ in try await shop.undo(id) }
            throw error.handled
        }
    }

    // A helper that takes a context runs where its caller runs.
    nonisolated(nonsending)
        private func approve(_ order: Order, _ context: WorkflowContext) async throws
    {
        guard let answer = try await context.receive(.approval, timeout: .seconds(86_400)).value
        else {
            throw OperationError(
                code: "not-approved",
                message: "nobody approved \(order.cents) cents within a day",
                isRetryable: false
            )
        }
        guard answer.isApproved else {
            throw OperationError(
                code: "rejected",
                message: "\(answer.by) rejected \(order.cents) cents",
                isRetryable: false
            )
        }
    }
}
