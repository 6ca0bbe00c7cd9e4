import Daybook
import DaybookModel
import DaybookSystem
import DaybookTestKit
import Testing

/// The store as bodies and verifications see it.
@Suite struct StoreInBodiesTests {
    private let room = ClockedJournal()

    private func run(_ code: @escaping Scripted.Code) async throws -> String {
        try await room.withEngine(code: code) { daybook in
            try await daybook.start()
            return try await daybook.result()
        }
    }

    @Test func aBodyAndItsVerificationSeeWhatIsThere() async throws {
        let output = try await run { _, context in
            try await context.store.set("a", 1)
            try await context.store.set("b", "two")
            try await context.store.set("b", "three")
            try await context.store.set("c", 4)
            try await context.store.delete("c")
            let seen = Locked("")
            return try await context.checkpoint(
                "look",
                verify: { operation in
                    let value = try operation.store.get("a", as: Int.self) ?? 0
                    seen.withLock { $0 = "\(value)" }
                    return WorkflowContext.Verification<String>.notDone
                }
            ) { operation in
                let b = try operation.store.get("b", as: String.self) ?? "-"
                let c = try operation.store.get("c", as: Int.self)
                return seen.withLock { $0 } + " \(b) \(c.map { "\($0)" } ?? "-")"
            }
        }
        #expect(output == "\"1 three -\"")
    }

    /// Another branch changes the store while the body runs: it goes on seeing what was there.
    @Test func aBodySeesTheStoreAsItWasWhenItBegan() async throws {
        let (began, begin) = AsyncStream.makeStream(of: Void.self)
        let (changed, change) = AsyncStream.makeStream(of: Void.self)
        let output = try await run { _, context in
            try await context.store.set("key", "old")
            try await context.store.set("gone", "there")
            let (seen, _) = try await context.parallel(
                "both",
                { scope in
                    try await scope.checkpoint("look") { operation in
                        begin.yield()
                        for await _ in changed { break }
                        let key = try operation.store.get("key", as: String.self) ?? "-"
                        let gone = try operation.store.get("gone", as: String.self) ?? "-"
                        let new = try operation.store.get("new", as: String.self) ?? "-"
                        return "\(key) \(gone) \(new)"
                    }
                },
                { scope in
                    for await _ in began { break }
                    try await scope.store.set("key", "new")
                    try await scope.store.delete("gone")
                    try await scope.store.set("new", "there")
                    change.yield()
                    return 1
                }
            )
            let after = try await context.checkpoint("after") { operation in
                try operation.store.get("key", as: String.self) ?? "-"
            }
            return "\(seen), \(after)"
        }
        #expect(output == "\"old there -, new\"")
    }

    @Test func aValueOfAnotherTypeIsTheBodysFailure() async throws {
        let output = try await run { _, context in
            try await context.store.set("key", "text")
            do {
                return try await context.checkpoint("look") { operation in
                    "\(try operation.store.get("key", as: Int.self) ?? 0)"
                }
            } catch let error as OperationError {
                return "\(error.code) \(error.message.contains("under key in the store"))"
            }
        }
        #expect(output == "\"undecodable true\"")
    }
}
