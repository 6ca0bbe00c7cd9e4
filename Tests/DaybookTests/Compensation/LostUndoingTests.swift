import Daybook
import DaybookModel
import DaybookTestKit
import Testing

/// What is said of work that is to be undone, where the code does not say any more how.
@Suite struct LostUndoingTests {
    private static func code(
        compensates: Bool = true,
        registers: Bool = true
    ) -> Scripted.Code {
        { _, context in
            if registers { try await context.onUnfinished("release room") { _ in } }
            if compensates {
                try await context.checkpoint("book", compensate: { _, _ in }) { _ -> Void in }
            } else {
                try await context.checkpoint("book") { _ -> Void in }
            }
            return "\(try await context.receive("go", as: Int.self))"
        }
    }

    /// Has an execution be cancelled that other code then cleans up.
    /// - Returns: why it is parked.
    private func parked(
        _ before: @escaping Scripted.Code,
        then after: @escaping Scripted.Code
    ) async throws -> String {
        try await withJournal { path in
            try await withEngine(path, code: before) { engine in
                try await engine.start()
                try await engine.untilWaiting()
            }
            let message = try await withEngine(path, code: after) { engine in
                try await engine.cancel("a")
                let record = try await engine.wait(for: "a") { $0.isParked }
                return try #require(record.parkingReason?.message)
            }
            // What it says helps.
            try await withEngine(path, code: before) { engine in
                try await engine.retry("a")
                _ = try await engine.wait(for: "a") { $0.isClosed }
            }
            return message
        }
    }

    @Test func aCheckpointWithoutItsUndoingIsNamedAsThat() async throws {
        let message = try await parked(
            Self.code(registers: false),
            then: Self.code(compensates: false, registers: false)
        )
        for words in [
            #"the checkpoint "book" (entry "#, "is to be undone",
            "the code of scripted does not say any more how; nothing is undone until it does",
            "give the checkpoint a `compensate` again", "then retry it",
        ] {
            #expect(message.contains(words), "\(words): \(message)")
        }
        #expect(!message.contains("the handler ended"), "\(message)")
        #expect(!message.contains("context.version"), "\(message)")
    }

    @Test func whatWasRegisteredAndIsNotAnyMoreIsNamedAsThat() async throws {
        let before: Scripted.Code = { _, context in
            try await context.onUnfinished("release room") { _ in }
            return "\(try await context.receive("go", as: Int.self))"
        }
        let after: Scripted.Code = { _, context in
            "\(try await context.receive("go", as: Int.self))"
        }
        // The call is gone too: that is another divergence, which says which call it is.
        let message = try await parked(before, then: after)
        #expect(message.contains(#"records the on_unfinished "release room""#), "\(message)")
    }
}
