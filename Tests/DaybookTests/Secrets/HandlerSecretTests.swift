import Daybook
import DaybookInspector
import DaybookModel
import DaybookSystem
import DaybookTestKit
import Testing

/// Secrets that a handler itself asks for, before it comes to what is recorded.
@Suite struct HandlerSecretTests {
    private let room = ClockedJournal()

    private var options: EngineOptions {
        var options = room.options
        options.journalKey = .bytes([UInt8](repeating: 7, count: 32))
        return options
    }

    private var terms: ExecutionOptions {
        var options = ExecutionOptions()
        options.secrets = ["TOKEN": "hunter2-and-more"]
        return options
    }

    /// What is recorded is not what the handler disagrees with.
    @Test func aHandlerThatLacksItsSecretFailsByName() async throws {
        try await withJournal(room.creation) { path in
            let isBroken = Locked(true)
            let calls = CallLog()
            let code: Scripted.Code = { _, context in
                let token = try context.secret("TOKEN")
                try await context.checkpoint("use") { _ -> Void in calls.add(token.text) }
                try await context.checkpoint("end") { _ -> Void in
                    calls.add(token.text)
                    if isBroken.withLock({ $0 }) {
                        throw OperationError(code: "broken", message: "")
                    }
                }
                return "used"
            }
            try await withEngine(path, options, code: code) { engine async throws in
                try await engine.start("a", terms)
                #expect(try await engine.waitForEnd(of: "a").errorCode == "broken")
                isBroken.withLock { $0 = false }
                _ = try await engine.wipeSecrets(of: "a")
                try await engine.retry("a")
                let record = try await engine.wait(for: "a") { $0.isClosed || $0.isParked }
                #expect(record.errorCode == "wiped-secret", "\(record)")
                try await engine.retry("a", secrets: ["TOKEN": "fresh-and-new"])
                #expect(try await engine.result() == "\"used\"")
            }
            #expect(calls.lines == ["hunter2-and-more", "hunter2-and-more", "fresh-and-new"])
        }
    }

    /// What was done is undone as far as it can be: the code that undoes finds out what it needs.
    @Test func whatWasDoneIsUndoneThoughTheHandlersSecretIsWiped() async throws {
        try await withJournal(room.creation) { path in
            let calls = CallLog()
            let code: Scripted.Code = { _, context in
                let token = try context.secret("TOKEN")
                try await context.checkpoint(
                    "book",
                    compensate: { _, _ in calls.add("unbook") }
                ) { _ -> Void in calls.add(token.text) }
                try await context.checkpoint(
                    "pay",
                    compensate: { _, operation in calls.add(try operation.secret("TOKEN").text) }
                ) { _ -> Void in calls.add("pay") }
                return "\(try await context.receive("go", as: Int.self))"
            }
            try await withEngine(path, options, code: code) { engine async throws in
                try await engine.start("a", terms)
                try await engine.untilWaiting()
                _ = try await engine.wipeSecrets(of: "a")
                try await engine.cancel("a")
                let record = try await engine.wait(for: "a") { $0.isClosed || $0.isParked }
                #expect(record.isClosed && record.status == .cancelled, "\(record)")
            }
            let inspector = try Inspector(path: path)
            defer { inspector.close() }
            let operations = try inspector.operations(of: try inspector.record(of: "a").number)
            let undone = operations.first { $0.operation.name == "undo pay" }
            #expect(undone?.errorCode == "wiped-secret", "\(operations)")
            #expect(calls.lines == ["hunter2-and-more", "pay", "unbook"])
        }
    }
}
