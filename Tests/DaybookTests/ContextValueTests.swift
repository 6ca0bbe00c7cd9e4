import Daybook
import DaybookFormat
import DaybookJournal
import DaybookModel
import DaybookTestKit
import Testing

@Suite struct ContextValueTests {
    private let room = ClockedJournal()

    /// Runs code to a body that blocks, shuts down, and runs it again to its end a day later.
    private func twice(
        _ first: @escaping @Sendable (WorkflowContext) async throws -> String,
        _ second: @escaping @Sendable (WorkflowContext) async throws -> String
    ) async throws -> (first: String, second: String) {
        let results = CallLog()
        let record = try await withJournal(room.creation) { path in
            try await interrupting(
                path,
                room.options,
                running: { _, context in
                    results.add(try await first(context))
                    return ""
                },
                between: { room.clock.pass(.seconds(86_400)) },
                then: { _, context in
                    results.add(try await second(context))
                    return ""
                }
            )
        }
        #expect(record.status == .completed)
        return (results.lines.first ?? "", results.lines.last ?? "")
    }

    @Test func drawnValuesAndTimesAreTheSameInAReplay() async throws {
        let code: @Sendable (WorkflowContext) async throws -> String = { context in
            var all = [context.uuid(), context.uuid(), "\(context.now)"]
            _ = try await context.checkpoint("one") { _ in 1 }
            all += ["\(context.now)", context.uuid()]
            var random = context.random()
            all.append("\(random.next())")
            let inner = try await context.map("each", [1, 2]) { scope, _ in
                _ = try await scope.checkpoint("inner") { _ in 1 }
                return [scope.uuid(), "\(scope.now)"]
            }
            all += inner.flatMap { $0 }
            all.append("\(context.now)")
            return all.joined(separator: " ")
        }
        let (first, second) = try await twice(code, code)
        #expect(first == second)
        let parts = first.split(separator: " ")
        #expect(Set(parts.filter { $0.count == 36 && $0.contains("-8") }).count == 5)
    }

    @Test func theStoreIsReplayedAsItWasWhenItWasLookedInto() async throws {
        let code: @Sendable (WorkflowContext) async throws -> String = { context in
            let before = try await context.store.get("key", as: Int.self)
            try await context.store.set("key", 1)
            let one = try await context.store.get("key", as: Int.self)
            try await context.store.set("key", 2)
            let two = try await context.store.get("key", as: Int.self)
            try await context.store.delete("key")
            let after = try await context.store.get("key", as: Int.self)
            return "\([before, one, two, after].map { $0.map { "\($0)" } ?? "-" })"
        }
        let (first, second) = try await twice(code, code)
        #expect(first == second)
        #expect(first == #"["-", "1", "2", "-"]"#)
    }

    @Test func theStoreOutlivesAnAttempt() async throws {
        try await withJournal(room.creation) { path in
            try await withEngine(
                path,
                room.options,
                code: { _, context in
                    let seen = try await context.store.get("key", as: Int.self) ?? 0
                    try await context.store.set("key", seen + 1)
                    try await context.checkpoint("fails at first") { operation in
                        if operation.attempt == 1 {
                            throw OperationError(code: "no", message: "no")
                        }
                    }
                    let now = try await context.store.get("key", as: Int.self)
                    return "\(now ?? 0)"
                }
            ) { daybook in
                var terms = ExecutionOptions()
                terms.retry = RetryPolicy(maxAttempts: 2, baseDelay: .zero)
                let handle = try await daybook.submit(
                    Scripted.self,
                    id: "a",
                    options: terms,
                    input: 1
                )
                try await handle.execute()
                let output = try await handle.result()
                #expect(output == "1")
            }
        }
    }

    @Test func changedCodeIsTakenOnlyByThoseThatBeganWithIt() async throws {
        let old: @Sendable (WorkflowContext) async throws -> String = { context in
            try await context.checkpoint("old way") { _ in "old" }
        }
        let new: @Sendable (WorkflowContext) async throws -> String = { context in
            if try await context.version("new way") {
                return try await context.checkpoint("new way") { _ in "new" }
            }
            return try await context.checkpoint("old way") { _ in "old" }
        }
        let (first, second) = try await twice(old, new)
        #expect([first, second] == ["old", "old"])
        let (third, fourth) = try await twice(new, new)
        #expect([third, fourth] == ["new", "new"])
    }

    @Test func outputsAreInTheRecordWhileItRuns() async throws {
        try await withJournal(room.creation) { path in
            try await withEngine(
                path,
                room.options,
                code: { _, context in
                    try await context.output("url", "https://example.com/1")
                    try await context.output("count", 1)
                    try await context.output("url", "https://example.com/2")
                    let _: Int = try await context.receive("go")
                    return ""
                }
            ) { daybook in
                try await daybook.submit(Scripted.self, id: "a", input: 1).execute()
                let record = try await daybook.wait(for: "a") { $0.status == .waiting }
                #expect(record.outputs.map(\.name) == ["url", "count"])
                let values = try daybook.outputs(of: record).map {
                    "\($0.name)=\(String(decoding: $0.value, as: UTF8.self))"
                }
                #expect(values == ["url=\"https://example.com/2\"", "count=1"])
            }
        }
    }

    @Test func aLongLoopGoesOnAsNewRunsOfTheSameID() async throws {
        try await withJournal(room.creation) { path in
            try await withEngine(
                path,
                room.options,
                code: { input, context in
                    _ = try await context.checkpoint("step") { _ in input }
                    if input < 5 {
                        throw try context.continueAsNew(Scripted.self, input: input + 1)
                    }
                    return "done at \(input)"
                }
            ) { daybook in
                let handle = try await daybook.submit(Scripted.self, id: "a", input: 1)
                let first = try handle.record().number
                try await handle.execute()
                let output = try await handle.result()
                #expect(output == "done at 5")
                let record = try await daybook.waitForEnd(of: "a")
                #expect(record.number != first)
                // Whoever did not get the answer asks again with what was asked before.
                let again = try await daybook.submit(Scripted.self, id: "a", input: 1)
                #expect(try again.record().number == record.number)
                let refusal = await #expect(throws: Refusal.self) {
                    try await daybook.submit(Scripted.self, id: "a", input: 5)
                }
                #expect(refusal?.code == .conflict)
            }
        }
    }
}
