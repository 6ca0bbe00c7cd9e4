import Daybook
import Foundation
import Orders

/// What was asked is nothing that the service does.
struct Usage: Error, CustomStringConvertible {
    var description: String {
        "usage: order-service JOURNAL LEDGER order ID CENTS ITEM... | approve|reject ID WHO | cancel ID REASON"
    }
}

/// Takes orders, survives SIGKILL, and undoes what it did for those that are cancelled.
///
///     order-service JOURNAL LEDGER order ID CENTS ITEM...    waits for the end; again: goes on
///     order-service JOURNAL LEDGER approve|reject ID WHO
///     order-service JOURNAL LEDGER cancel ID REASON
///
/// For `tools/examples/check` it can end itself: DIE_AFTER=N after the Nth event of the engine,
/// DIE_IN=N after the Nth deed and before it is recorded, CANCEL_AFTER=N cancels instead of dying.
@main
struct OrderService {
    static func main() async {
        do {
            try await run(Array(CommandLine.arguments.dropFirst()))
        } catch {
            FileHandle.standardError.write(Data("order-service: \(error)\n".utf8))
            exit(1)
        }
    }

    private static func run(_ words: [String]) async throws {
        guard words.count >= 4 else { throw Usage() }
        let (journal, ledger, verb, id) = (words[0], words[1], words[2], words[3])
        let rest = Array(words.dropFirst(4))
        let deeds = Countdown("DIE_IN")
        let shop = LedgerShop(path: ledger) { if deeds.isOver() { die() } }
        let cancels = AsyncStream.makeStream(of: Void.self)
        try await Engine.withOpen(
            at: journal,
            options(cancels.continuation),
            creatingIfMissing: CreationOptions(),
            workflows: [ProcessOrder(shop: shop)]
        ) { engine in
            let order = engine.handle(ProcessOrder.self, id: id)
            switch verb {
            case "order":
                let cancelling = Task {
                    for await _ in cancels.stream {
                        try await order.cancel(
                            by: Requester(actor: "eve", reason: "I have changed my mind")
                        )
                    }
                }
                guard let cents = rest.first.flatMap({ Int($0) }) else { throw Usage() }
                let input = Order(customer: "eve", items: Array(rest.dropFirst()), cents: cents)
                try await engine.start(ProcessOrder.self, id: id, input: input)
                let record = try await engine.waitForEnd(of: id)
                cancels.continuation.finish()
                // A cancel that comes after the end is refused.
                _ = await cancelling.result
                print("\(id) \(record.status)")
                if let tracking = try order.value(of: .tracking) { print("tracking \(tracking)") }
            case "approve", "reject":
                guard let who = rest.first else { throw Usage() }
                // An answer given twice is taken once.
                try await order.send(
                    Approval(isApproved: verb == "approve", by: who),
                    to: .approval,
                    deduplicationID: "\(verb) by \(who)",
                    by: Requester(actor: who)
                )
            case "cancel":
                try await order.cancel(by: Requester(actor: "eve", reason: rest.first))
            default:
                throw Usage()
            }
        }
    }

    private static func options(_ cancel: AsyncStream<Void>.Continuation) -> EngineOptions {
        var options = EngineOptions()
        let (deaths, cancels) = (Countdown("DIE_AFTER"), Countdown("CANCEL_AFTER"))
        options.observers = [
            { _ in
                if deaths.isOver() { die() }
                if cancels.isOver() { cancel.yield() }
            }
        ]
        return options
    }

    private static func die() { kill(getpid(), SIGKILL) }
}
