import Daybook
import DaybookJournal
import DaybookModel
import DaybookTestKit
import FoundationEssentials
import Testing

/// What was recorded is used only if it is still what was recorded.
@Suite struct PayloadDamageTests {
    /// Puts `new` in the place of every copy of `old`, of the same length, in the data file.
    private func replace(_ old: String, with new: String, in path: String) throws {
        let url = URL(filePath: path + "/journal.mdb")
        var data = try Data(contentsOf: url)
        var count = 0
        while let range = data.firstRange(of: Data(old.utf8)) {
            data.replaceSubrange(range, with: Data(new.utf8))
            count += 1
        }
        try #require(count > 0 && old.utf8.count == new.utf8.count)
        try data.write(to: url)
    }

    private func expectDamage(
        _ error: JournalError?,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(error?.code == .integrity, sourceLocation: sourceLocation)
        #expect(error?.sequence != nil, sourceLocation: sourceLocation)
        #expect(
            error?.message.contains("its payload 0 is not what was recorded") == true,
            "\(String(describing: error))",
            sourceLocation: sourceLocation
        )
    }

    /// Runs code up to a signal, damages what it has recorded, and gives the signal.
    private func goOn(
        after old: String,
        becomes new: String,
        _ code: @escaping @Sendable (WorkflowContext) async throws -> String
    ) async throws {
        try await withJournal { path in
            let calls = CallLog()
            let body: @Sendable (Int, WorkflowContext) async throws -> String = { _, context in
                // Who catches everything hides nothing.
                let text: String
                do {
                    text = try await code(context)
                } catch {
                    text = "caught \(error)"
                }
                let word: String = try await context.receive("go on")
                return try await context.checkpoint("effect") { _ in
                    calls.add(text + word)
                    return text + word
                }
            }
            try await withEngine(path, code: body) { daybook in
                _ = try await daybook.submit(Scripted.self, id: "x", input: 1)
                _ = try await daybook.execute("x")
                _ = try await daybook.wait(for: "x") { !$0.waits.isEmpty }
            }
            try replace(old, with: new, in: path)
            try await withEngine(path, code: body) { daybook in
                _ = try await daybook.signal("x", "go on", "!")
                let error = await #expect(throws: JournalError.self) {
                    _ = try await daybook.waitForEnd(of: "x")
                }
                expectDamage(error)
            }
            #expect(calls.lines == [])
            try replace(new, with: old, in: path)
            try await withEngine(path, code: body) { daybook in
                let record = try await daybook.waitForEnd(of: "x")
                #expect(record.status == .completed)
            }
            #expect(calls.lines.count == 1)
        }
    }

    @Test func aChangedOutcomeOfACheckpointEndsTheReplay() async throws {
        try await goOn(after: "value one", becomes: "value two") { context in
            try await context.checkpoint("step") { _ in "value one" }
        }
    }

    @Test func aChangedErrorMessageEndsTheReplay() async throws {
        try await goOn(after: "it is broken", becomes: "it is mended") { context in
            try await context.checkpoint("step") { _ in throw ReplayTests.Broken() }
        }
    }

    @Test func aChangedInputEndsTheExecutionBeforeItsCodeRuns() async throws {
        try await withJournal { path in
            let calls = CallLog()
            try await withEngine(path, code: { _, _ in "" }) { daybook in
                _ = try await daybook.submit(Scripted.self, id: "x", input: 1_234_567)
            }
            try replace("1234567", with: "1234568", in: path)
            try await withEngine(
                path,
                code: { input, _ in
                    calls.add("\(input)")
                    return ""
                },
                { daybook in
                    _ = try await daybook.execute("x")
                    let error = await #expect(throws: JournalError.self) {
                        _ = try await daybook.waitForEnd(of: "x")
                    }
                    expectDamage(error)
                    let record = try #require(try daybook.record(of: "x"))
                    #expect(!record.status.isFinal)
                    expectDamage(
                        #expect(throws: JournalError.self) { try daybook.input(of: record) }
                    )
                }
            )
            #expect(calls.lines == [])
        }
    }

    @Test func aChangedOutputIsNoOutcome() async throws {
        try await withJournal { path in
            let code: @Sendable (Int, WorkflowContext) async throws -> String = { _, _ in "paid 100"
            }
            try await withEngine(path, code: code) { daybook in
                _ = try await daybook.run(Scripted.self, id: "x", input: 1)
            }
            try replace("paid 100", with: "paid 900", in: path)
            try await withEngine(path, code: code) { daybook in
                let record = try await daybook.waitForEnd(of: "x")
                expectDamage(#expect(throws: JournalError.self) { try daybook.outcome(of: record) })
                let error = await #expect(throws: JournalError.self) {
                    _ = try await daybook.run(Scripted.self, id: "x", input: 1)
                }
                expectDamage(error)
            }
        }
    }
}
