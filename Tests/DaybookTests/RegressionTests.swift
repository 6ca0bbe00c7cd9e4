import Daybook
import DaybookFormat
import DaybookJournal
import DaybookModel
import DaybookTestKit
import FoundationEssentials
import Testing

/// Faults that other engines have shipped, each with where it was seen.
@Suite struct RegressionTests {
    private struct Broken: Error, CustomStringConvertible {
        let description: String
    }

    /// Runs code up to a body that blocks, shuts down, and runs it again.
    private func twice(_ code: @escaping Scripted.Code) async throws -> [String] {
        let results = CallLog()
        let noting: Scripted.Code = { input, context in
            results.add(try await code(input, context))
            return ""
        }
        let record = try await withJournal {
            try await interrupting($0, running: noting, then: noting)
        }
        #expect(record.status == .completed)
        return results.lines
    }

    /// dbos-transact-py issue 688: operations of concurrent tasks were numbered by the order in
    /// which these happened to be scheduled, and a recovery looped for ever.
    @Test func concurrentOperationsAreNotNumberedByScheduling() async throws {
        for _ in 0..<10 {
            let results = try await twice { _, context in
                let values = try await context.map("each", Array(0..<16)) { scope, index in
                    for _ in 0..<Int.random(in: 0..<30) { await Task.yield() }
                    return try await scope.checkpoint("operation \(index % 3)") { _ in
                        Int.random(in: 0..<1_000_000)
                    }
                }
                return "\(values)"
            }
            #expect(results.count == 2)
            #expect(results.first == results.last)
        }
    }

    /// dbos-transact-py issue 769: once the record of an execution had been cleaned up, its id could
    /// be used again, and gave an old result.
    @Test func anIDThatWasUsedIsNeverSilentlyUsedAgain() async throws {
        try await withJournal { path in
            try await withEngine(path, code: { input, _ in "\(input)" }) { daybook in
                let first = try await daybook.run(Scripted.self, id: "a", input: 1)
                #expect(first == "1")
            }
            try await withEngine(
                path,
                code: { _, _ in
                    Issue.record("it runs again")
                    return ""
                }
            ) { daybook in
                let again = try await daybook.run(Scripted.self, id: "a", input: 1)
                #expect(again == "1")
                let refusal = await #expect(throws: Refusal.self) {
                    try await daybook.submit(Scripted.self, id: "a", input: 2)
                }
                #expect(refusal?.code == .conflict)
                let other = await #expect(throws: Refusal.self) {
                    try await daybook.submit(type: "other", id: "a", data: Array("1".utf8))
                }
                #expect(other?.code == .conflict)
            }
        }
    }

    /// restatedev/sdk-typescript issue 656: a stack trace in a recorded error differed when the code
    /// ran again, and the replay failed.
    @Test func aRecordedErrorHoldsNothingThatDiffersFromRunToRun() async throws {
        let results = try await twice { _, context in
            do {
                try await context.checkpoint("fails") { _ in throw Broken(description: "no") }
                return "not reached"
            } catch let error as OperationError {
                let details = error.details.map { String(decoding: $0, as: UTF8.self) } ?? "-"
                return "\(error.code) \(error.message) \(details)"
            }
        }
        #expect(results == ["Broken no -", "Broken no -"])
    }

    /// Void was replayed as an empty object, and could not be decoded.
    @Test func nothingIsReplayedAsNothing() async throws {
        let results = try await twice { _, context in
            try await context.checkpoint("void") { _ in }
            let empty = try await context.checkpoint("empty") { _ in Nothing() }
            let none = try await context.checkpoint("none") { _ in Int?.none }
            let zero = try await context.checkpoint("zero") { _ in 0 }
            let no = try await context.checkpoint("no") { _ in false }
            return "\(empty) \(none.map { "\($0)" } ?? "nil") \(zero) \(no)"
        }
        #expect(results == ["Nothing() nil 0 false", "Nothing() nil 0 false"])
    }

    /// temporalio/temporal issue 6638: an execution whose history had grown too large could not be
    /// terminated any more.
    @Test func aLargeExecutionIsCancelledLikeASmallOne() async throws {
        try await withJournal { path in
            let (reached, signal) = AsyncStream.makeStream(of: Void.self)
            try await withEngine(
                path,
                code: { _, context in
                    for index in 0..<3_000 {
                        _ = try await context.checkpoint("step") { _ in index }
                    }
                    _ = try await context.map("wide", Array(0..<500)) { scope, index in
                        try await scope.checkpoint("branch") { _ in index }
                    }
                    try await context.checkpoint("end") { _ in
                        signal.yield()
                        try await untilCancelled()
                    }
                    return ""
                }
            ) { daybook in
                try await daybook.submit(Scripted.self, id: "a", input: 1).execute()
                for await _ in reached { break }
                let before = daybook.journal.head.size
                try await daybook.cancel("a")
                let record = try await daybook.waitForEnd(of: "a")
                #expect(record.status == .cancelled)
                // However large it is: the end, and that it is closed.
                #expect(daybook.journal.head.size == before + 2)
            }
        }
    }

    /// A handler that catches an error and goes another way went back to the first one after a
    /// crash, because the failure was tried again.
    @Test func theOtherWayIsTakenAgain() async throws {
        let tries = CallLog()
        let results = try await twice { _, context in
            do {
                try await context.checkpoint("first way") { _ in
                    tries.add("first")
                    if tries.lines.count == 1 { throw Broken(description: "closed") }
                }
                return "first"
            } catch is OperationError {
                return try await context.checkpoint("other way") { _ in
                    tries.add("other")
                    return "other"
                }
            }
        }
        #expect(results == ["other", "other"])
        #expect(tries.lines == ["first", "other"])
    }

    private struct WithSet: Codable, Sendable {
        struct Part: Codable, Sendable { let tags: Set<String> }
        let parts: [Part]
    }

    private struct Sorted: StablyEncodable, Codable, Sendable {
        let tags: Set<String>

        func encode(to encoder: any Encoder) throws { try tags.sorted().encode(to: encoder) }
        init(tags: Set<String>) { self.tags = tags }
        init(from decoder: any Decoder) throws { tags = Set(try [String](from: decoder)) }
    }

    private struct Taking<Input: Codable & Sendable>: Workflow {
        static var name: String { "taking" }
        func run(_ input: Input, _ context: WorkflowContext) async throws -> Nothing { Nothing() }
    }

    /// A Set in an input encodes in another order in the next process, and the same input looked
    /// like another one. It is refused at once, and not when a replay fails.
    @Test func aSetInAnInputIsRefusedAndNotFoundOutLater() async throws {
        try await withJournal { path in
            try await withEngine(
                path,
                code: { _, context in
                    do {
                        try await context.checkpoint("declared", input: Set([1, 2])) { _ in }
                        return "not reached"
                    } catch let error as UnstableInput {
                        return error.type
                    }
                }
            ) { daybook in
                let before = daybook.journal.head.size
                let input = WithSet(parts: [.init(tags: []), .init(tags: ["b", "a"])])
                let error = await #expect(throws: UnstableInput.self) {
                    try await daybook.submit(Taking<WithSet>.self, id: "a", input: input)
                }
                #expect(error?.path == "input.parts[0].tags")
                #expect(daybook.journal.head.size == before)
                try await daybook.submit(
                    Taking<Sorted>.self,
                    id: "b",
                    input: Sorted(tags: ["b", "a"])
                )
                try await daybook.submit(
                    Taking<[String: Int]>.self,
                    id: "c",
                    input: ["b": 1, "a": 2]
                )
                let declared = try await daybook.run(Scripted.self, id: "d", input: 1)
                #expect(declared == "Set<Int>")
            }
        }
    }
}
