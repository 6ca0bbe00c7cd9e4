import Daybook
import DaybookModel
import DaybookSystem
import DaybookTestKit
import Testing

/// By which keys other systems know what a fork does.
@Suite struct ForkKeyTests {
    /// Keys by what asked for them, in order.
    private final class Ledger: Sendable {
        private let all = Locked<[String: [String]]>([:])
        /// - Returns: how many were there before.
        @discardableResult
        func add(_ key: String?, for name: String) -> Int {
            all.withLock { all in
                all[name, default: []].append(key ?? "none")
                return all[name, default: []].count - 1
            }
        }
        subscript(name: String) -> [String] { all.withLock { $0[name] ?? [] } }
    }

    /// A payment that is under way while another branch goes on; it gets through when it is tried for the
    /// third time.
    private static func paying(_ ledger: Ledger, _ options: CheckpointOptions) -> Scripted.Code {
        { _, context in
            let (started, signal) = AsyncStream.makeStream(of: Void.self)
            _ = try await context.parallel(
                "both",
                { scope -> String in
                    _ = try await scope.checkpoint(
                        "pay",
                        options: options,
                        compensate: { _, operation in
                            ledger.add(operation.compensatedKey, for: "undo")
                        }
                    ) { operation -> String in
                        let before = ledger.add(operation.idempotencyKey, for: "pay")
                        signal.finish()
                        if before == 0 { try await untilCancelled() }
                        if before == 1 {
                            throw OperationError(code: "busy", message: "the bank is busy")
                        }
                        return "paid"
                    }
                    try await scope.checkpoint("book") { _ -> Void in }
                    return try await scope.receive("booked", as: String.self)
                },
                { scope in
                    try await scope.checkpoint("order") { _ in for await _ in started {} }
                    try await scope.checkpoint("ship") { operation -> Void in
                        ledger.add(operation.idempotencyKey, for: "ship")
                    }
                    return try await scope.receive("shipped", as: String.self)
                }
            )
            return "done"
        }
    }

    /// A bank that is told twice, by two keys, pays twice. What the fork records of the payment, and
    /// that it fails, does not make it another one; nor does a fork of the fork.
    @Test func whatWasUnderWayKeepsItsKeyWhateverTheForkRecordsOfIt() async throws {
        try await withJournal { path in
            let ledger = Ledger()
            let options = CheckpointOptions(recordsStart: true)
            try await withEngine(path, code: Self.paying(ledger, options)) { engine in
                var terms = ExecutionOptions()
                terms.retry = RetryPolicy(maxAttempts: 2, baseDelay: .zero)
                try await engine.submit(Scripted.self, id: "a", options: terms, input: 1).execute()
                _ = try await engine.wait(for: "a") { !$0.waits.isEmpty }
                _ = try await engine.fork("a", at: "ship", ForkOptions(id: "b"))
                let fork = try await engine.wait(for: "b") { $0.waits.count == 2 }
                #expect(fork.attempt == 2, "\(fork)")
                _ = try await engine.fork("b", at: "book", ForkOptions(id: "c"))
                _ = try await engine.wait(for: "c") { $0.waits.count == 2 }
                try await engine.cancel("c")
                _ = try await engine.wait(for: "c") { $0.isClosed }
                try #require(ledger["pay"].count == 3)
                #expect(Set(ledger["pay"]).count == 1, "one payment")
                #expect(ledger["undo"] == [ledger["pay"][0]])
                #expect(Set(ledger["ship"]).count == 2, "the fork ships anew")
            }
        }
    }
}
