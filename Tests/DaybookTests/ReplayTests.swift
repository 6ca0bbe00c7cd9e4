import Daybook
import DaybookModel
import DaybookTestKit
import Testing

@Suite struct ReplayTests {
    struct Broken: Error, CustomStringConvertible {
        let description = "it is broken"
    }

    /// Starts an execution, waits until a body blocks, and shuts down.
    private func interrupt(
        _ path: String,
        code: @escaping @Sendable (Int, WorkflowContext) async throws -> String
    ) async throws {
        let (reached, signal) = AsyncStream.makeStream(of: Void.self)
        try await withEngine(
            path,
            code: { input, context in
                _ = try await code(input, context)
                try await context.checkpoint("blocks") { _ in
                    signal.yield()
                    try await untilCancelled()
                }
                return "not reached"
            },
            { daybook in
                try await daybook.submit(Scripted.self, id: "a", input: 1).execute()
                for await _ in reached { break }
            }
        )
    }

    private func resume(
        _ path: String,
        code: @escaping @Sendable (Int, WorkflowContext) async throws -> String
    ) async throws -> String {
        try await withEngine(path, code: code) { daybook in
            try await daybook.run(Scripted.self, id: "a", input: 1)
        }
    }

    @Test func aHandlerThatCaughtAnErrorTakesTheSamePathAgain() async throws {
        try await withJournal { path in
            let log = CallLog()
            let code: @Sendable (Int, WorkflowContext) async throws -> String = { _, context in
                do {
                    try await context.checkpoint("plan a") { _ in
                        log.add("a")
                        throw Broken()
                    }
                    return "a"
                } catch let error as OperationError {
                    return try await context.checkpoint("plan b") { _ in
                        log.add("b")
                        return "b after \(error.code): \(error.message)"
                    }
                }
            }
            try await interrupt(path, code: code)
            let result = try await resume(path) { input, context in
                let result = try await code(input, context)
                try await context.checkpoint("blocks") { _ in log.add("unblocked") }
                return result
            }
            #expect(result == "b after Broken: it is broken")
            #expect(log.lines == ["a", "b", "unblocked"])
        }
    }

    @Test func emptyAndNullResultsAreResults() async throws {
        try await withJournal { path in
            let log = CallLog()
            let code: @Sendable (Int, WorkflowContext) async throws -> String = { _, context in
                func note(_ name: String) { log.add(name) }
                let none: Int? = try await context.checkpoint("nil") { _ in
                    note("nil")
                    return nil
                }
                let no = try await context.checkpoint("false") { _ in
                    note("false")
                    return false
                }
                let zero = try await context.checkpoint("zero") { _ in
                    note("zero")
                    return 0
                }
                let empty = try await context.checkpoint("empty") { _ in
                    note("empty")
                    return ""
                }
                let list = try await context.checkpoint("list") { _ in
                    note("list")
                    return [Int]()
                }
                let nothing = try await context.checkpoint("nothing") { _ in
                    note("nothing")
                    return Nothing()
                }
                try await context.checkpoint("void") { _ in note("void") }
                return "\(none as Any) \(no) \(zero) [\(empty)] \(list) \(nothing)"
            }
            try await interrupt(path, code: code)
            let result = try await resume(path) { input, context in
                let result = try await code(input, context)
                try await context.checkpoint("blocks") { _ in }
                return result
            }
            #expect(result == "nil false 0 [] [] Nothing()")
            #expect(
                log.lines == ["nil", "false", "zero", "empty", "list", "nothing", "void"]
            )
        }
    }

    @Test func anotherNameIsADivergenceAndParks() async throws {
        try await withJournal { path in
            try await interrupt(path) { _, context in
                try await context.checkpoint("first") { _ in }
                return ""
            }
            let log = CallLog()
            await #expect(throws: ExecutionParked.self) {
                try await resume(path) { _, context in
                    // Swallowing the error changes nothing: the latch decides.
                    do {
                        try await context.checkpoint("renamed") { _ in log.add("ran") }
                    } catch {
                        log.add("caught \(type(of: error))")
                    }
                    do {
                        try await context.checkpoint("later") { _ in log.add("ran") }
                    } catch {
                        log.add("caught \(type(of: error))")
                    }
                    return "done"
                }
            }
            #expect(log.lines == ["caught CancellationError", "caught CancellationError"])
            try await withEngine(path, code: { _, _ in "" }) { daybook in
                let record = try #require(try daybook.record(of: "a"))
                #expect(record.isParked)
                #expect(record.status == .running)
                #expect(record.session == nil)
            }
        }
    }

    @Test func anotherInputIsADivergence() async throws {
        try await withJournal { path in
            try await interrupt(path) { _, context in
                try await context.checkpoint("first", input: ["x": 1]) { _ in }
                return ""
            }
            await #expect(throws: ExecutionParked.self) {
                try await resume(path) { _, context in
                    try await context.checkpoint("first", input: ["x": 2]) { _ in }
                    return ""
                }
            }
        }
    }

    @Test func endingBeforeTheRecordIsConsumedIsADivergence() async throws {
        try await withJournal { path in
            try await interrupt(path) { _, context in
                try await context.checkpoint("first") { _ in }
                try await context.checkpoint("second") { _ in }
                return ""
            }
            await #expect(throws: ExecutionParked.self) {
                try await resume(path) { _, context in
                    try await context.checkpoint("first") { _ in }
                    return "too early"
                }
            }
        }
    }

    @Test func aRecordedValueOfAnotherTypeIsADivergence() async throws {
        try await withJournal { path in
            try await interrupt(path) { _, context in
                "\(try await context.checkpoint("first") { _ in 7 })"
            }
            await #expect(throws: ExecutionParked.self) {
                try await resume(path) { _, context in
                    try await context.checkpoint("first") { _ in ["seven"] }.joined()
                }
            }
            // Whoever deployed it reads the decoder's own sentence, and what to do.
            try await withEngine(path, code: { _, _ in "" }) { engine in
                let record = try #require(try engine.record(of: "a"))
                let text = try endingText(of: record, engine)
                #expect(text.contains("with a value of another type: "), "\(text)")
                #expect(text.contains("Array<"), "\(text)")
                #expect(text.contains("give it a version and an upcaster"), "\(text)")
                let replayer = Replayer(workflows: [
                    Scripted { _, context in
                        try await context.checkpoint("first") { _ in ["seven"] }.joined()
                    }
                ])
                let report = try await replayer.replayOpen(engine.journal)
                let problem = try #require(report.problems.first)
                #expect(problem.example.contains("Array<"), "\(problem)")
                #expect(problem.mend.contains("give it a version and an upcaster"), "\(problem)")
            }
        }
    }

    @Test func keysAreStableAndTheirOwn() async throws {
        try await withJournal { path in
            let log = CallLog()
            try await interrupt(path) { _, context in
                try await context.checkpoint("one") { log.add($0.idempotencyKey) }
                return ""
            }
            // The body that blocked was not recorded: it runs again, under the same key.
            let (reached, signal) = AsyncStream.makeStream(of: String.self)
            for _ in 0..<2 {
                try await withEngine(
                    path,
                    code: { _, context in
                        try await context.checkpoint("one") { _ in }
                        try await context.checkpoint("blocks") { operation in
                            signal.yield(operation.idempotencyKey)
                            try await untilCancelled()
                        }
                        return ""
                    },
                    { daybook in
                        try await daybook.submit(Scripted.self, id: "a", input: 1).execute()
                        for await key in reached {
                            log.add(key)
                            break
                        }
                    }
                )
            }
            #expect(log.lines.count == 3)
            #expect(log.lines[1] == log.lines[2])
            #expect(log.lines[0] != log.lines[1])
        }
    }

    @Test func workThatIsFoundDoneIsNotDoneAgain() async throws {
        try await withJournal { path in
            let log = CallLog()
            let result = try await resume(path) { _, context in
                let found = try await context.checkpoint("found", verify: { _ in .done("found") }) {
                    _ in
                    log.add("ran")
                    return "made"
                }
                let made = try await context.checkpoint("made", verify: { _ in .notDone }) { _ in
                    "made"
                }
                return found + " " + made
            }
            #expect(result == "found made")
            #expect(log.lines == [])
        }
    }

    @Test func logLinesOfAReplayAreSilent() async throws {
        try await withJournal { path in
            let code: @Sendable (Int, WorkflowContext) async throws -> String = { _, context in
                context.log("before")
                try await context.checkpoint("one") { $0.log("inside") }
                return ""
            }
            try await interrupt(path, code: code)
            _ = try await resume(path) { input, context in
                _ = try await code(input, context)
                context.log("after")
                try await context.checkpoint("blocks") { _ in }
                return ""
            }
            #expect(try loggedLines(path) == ["before", "inside", "after"])
        }
    }
}
