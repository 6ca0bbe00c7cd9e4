import Daybook
import DaybookFormat
import DaybookInspector
import DaybookJournal
import DaybookModel
import DaybookTestKit
import LMDB
import Testing

/// All lines that a journal's log entries hold.
func loggedLines(_ path: String) throws -> [String] {
    let inspector = try Inspector(path: path)
    defer { inspector.close() }
    var lines: [String] = []
    try inspector.scan { entry in
        lines += try entry.logLines().map(\.text)
        return true
    }
    return lines
}

@Suite struct RefusalTests {
    private let echo: @Sendable (Int, WorkflowContext) async throws -> String = { input, _ in
        "\(input)"
    }

    private func code(_ body: () async throws -> Void) async -> Refusal.Code? {
        do {
            try await body()
            return nil
        } catch let refusal as Refusal {
            return refusal.code
        } catch {
            Issue.record("\(error)")
            return nil
        }
    }

    @Test func oneIdNeverStandsForTwoInputs() async throws {
        try await withJournal { path in
            try await withEngine(path, code: echo) { daybook in
                let first = try await daybook.run(Scripted.self, id: "a", input: 1)
                #expect(first == "1")
                let other = await code {
                    _ = try await daybook.submit(Scripted.self, id: "a", input: 2)
                }
                #expect(other == .conflict)
                let type = await code {
                    _ = try await daybook.submit(type: "another", id: "a", data: Array("1".utf8))
                }
                #expect(type == .conflict)
                let again = try await daybook.run(Scripted.self, id: "a", input: 1)
                #expect(again == "1")
            }
        }
    }

    @Test func unknownAndImpossibleIds() async throws {
        try await withJournal { path in
            try await withEngine(path, code: echo) { daybook in
                let record = try daybook.record(of: "nobody")
                #expect(record == nil)
                for id in ["", String(repeating: "x", count: 256), "line\nbreak"] {
                    let refused = await code {
                        _ = try await daybook.submit(Scripted.self, id: id, input: 1)
                    }
                    #expect(refused == .invalidArgument)
                }
                let before = daybook.journal.head.size
                let unknown = await code { try await daybook.execute("nobody") }
                #expect(unknown == .notFound)
                #expect(daybook.journal.head.size == before)
            }
        }
    }

    @Test func theSameNameTwiceIsRefused() async throws {
        try await withJournal { path in
            let twice = [Scripted(body: echo), Scripted(body: echo)]
            let refused = await code { _ = try await Engine.open(at: path, workflows: twice) }
            #expect(refused == .conflict)
            // Nothing stays open behind a failed opening.
            try await withEngine(path, code: echo) { _ in }
        }
    }

    @Test func aFailureIsRecordedWithCodeAndMessage() async throws {
        try await withJournal { path in
            let failure = OperationError(
                code: "no-room",
                message: "no room left in the inn",
                isRetryable: false,
                details: Array(#"{"rooms":0}"#.utf8)
            )
            let code: @Sendable (Int, WorkflowContext) async throws -> String = { _, context in
                try await context.checkpoint("book") { _ in throw failure }
                return ""
            }
            for _ in 0..<2 {
                try await withEngine(path, code: code) { daybook in
                    await #expect(throws: failure) {
                        try await daybook.run(Scripted.self, id: "a", input: 1)
                    }
                    let record = try #require(try daybook.record(of: "a"))
                    #expect(record.status == .failed)
                    #expect(record.errorCode == "no-room")
                }
            }
        }
    }

    @Test func payloadsOverTheLimitAreRefusedOrRecordedAsFailures() async throws {
        var creation = CreationOptions()
        creation.payloadLimit = 1_000
        try await withJournal(creation) { path in
            let large = String(repeating: "x", count: 2_000)
            try await withEngine(
                path,
                code: { input, context in
                    if input == 1 { return large }
                    return try await context.checkpoint("large") { _ in large }
                },
                { daybook in
                    for (id, input) in [("output", 1), ("value", 2)] {
                        do {
                            _ = try await daybook.run(Scripted.self, id: id, input: input)
                            Issue.record("\(id) was accepted")
                        } catch let error as OperationError {
                            #expect(error.code == "payload-too-large")
                            #expect(!error.facts.isRetryable)
                        }
                    }
                    await #expect(throws: PayloadTooLarge.self) {
                        try await daybook.submit(
                            type: "any",
                            id: "input",
                            data: Array(large.utf8)
                        )
                    }
                }
            )
        }
    }

    /// A log line is no value: it is kept in pieces, and what the body did counts.
    @Test func aLogLineOverTheLimitIsKeptInPieces() async throws {
        var creation = CreationOptions()
        creation.payloadLimit = 1_000
        try await withJournal(creation) { path in
            // 1, 2, 3 and 4 bytes: whatever the limit is, it lies within a character.
            let long = String(repeating: "xé…😀", count: 500)
            let code: @Sendable (Int, WorkflowContext) async throws -> String = { _, context in
                context.log("before")
                context.log(long)
                let value = try await context.checkpoint("step") { operation in
                    operation.log(long)
                    operation.log("after")
                    return "value"
                }
                context.log(long)
                return value
            }
            let result = try await withEngine(path, code: code) { daybook in
                try await daybook.run(Scripted.self, id: "a", input: 1)
            }
            #expect(result == "value")
            let lines = try loggedLines(path)
            #expect(lines.joined() == "before\(long)\(long)after\(long)")
            #expect(lines.allSatisfy { $0.utf8.count < 1_000 })
            #expect(lines.count == 2 + 3 * 6)
        }
    }

    @Test func aFullMapIsAnErrorAndNothingIsLost() async throws {
        try await withJournal { path in
            var options = EngineOptions()
            options.environment.mapSize = 1 << 20
            options.environment.maximumMapSize = 1 << 20
            let code: @Sendable (Int, WorkflowContext) async throws -> String = { _, context in
                for step in 0..<40 {
                    _ = try await context.checkpoint("step \(step)") { _ in
                        // What repeats would be stored once.
                        var random = SystemRandomNumberGenerator()
                        return (0..<3_000).map { _ in "\(random.next())" }.joined()
                    }
                }
                return "done"
            }
            do {
                _ = try await withEngine(path, options, code: code) { daybook in
                    try await daybook.run(Scripted.self, id: "a", input: 1)
                }
                Issue.record("2 MB fitted into a map of 1 MiB")
            } catch let error as JournalError {
                #expect(error.code == .full)
            }
            let result = try await withEngine(path, code: code) { daybook in
                try await daybook.run(Scripted.self, id: "a", input: 1)
            }
            #expect(result == "done")
            let inspector = try Inspector(path: path)
            defer { inspector.close() }
            #expect(try Verifier.verify(inspector.store).problems == [])
            let operations = try inspector.operations(of: inspector.record(of: "a").number)
            #expect(operations.count == 40)
        }
    }

    @Test func manyCallersShareCommits() async throws {
        try await withJournal { path in
            try await withEngine(
                path,
                code: { input, context in
                    var sum = 0
                    for step in 0..<5 {
                        sum += try await context.checkpoint("step \(step)") { _ in input }
                    }
                    return "\(sum)"
                },
                { daybook in
                    try await withThrowingTaskGroup(of: Bool.self) { group in
                        for index in 0..<200 {
                            group.addTask {
                                try await daybook.run(Scripted.self, input: index)
                                    == "\(5 * index)"
                            }
                        }
                        for try await isRight in group { #expect(isRight) }
                    }
                }
            )
            let inspector = try Inspector(path: path)
            defer { inspector.close() }
            #expect(try inspector.entryCount() > 200 * 9)
            #expect(try Verifier.verify(inspector.store).problems == [])
        }
    }
}
