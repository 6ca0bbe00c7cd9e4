import DaybookFormat
import DaybookInspector
import DaybookJournal
import DaybookModel
import DaybookSystem
import DaybookTestKit
import FoundationEssentials
import Logging
import Testing

@testable import Daybook

/// Nothing that is recorded of an execution has its secrets in it.
@Suite struct RedactedRecordTests {
    private static let value = "hunter2-and-more"

    private var options: EngineOptions {
        var options = EngineOptions()
        options.journalKey = .bytes([UInt8](repeating: 7, count: 32))
        return options
    }

    private var submission: ExecutionOptions {
        var options = ExecutionOptions()
        options.secrets = ["TOKEN": Secret(Self.value)]
        return options
    }

    private struct Rejected: DurableError, CustomStringConvertible {
        static let code = "rejected"
        let token: String
        var description: String { "no \(token) here" }
        var isRetryable: Bool { false }
    }

    /// Runs code with the secret to its end.
    /// - Returns: how it stands then, and all that the journal says, payloads included.
    private func record(
        _ code: @escaping Scripted.Code,
        _ between: (Engine) async throws -> Void = { _ in }
    ) async throws -> (record: ExecutionRecord, text: String) {
        try await withJournal { path in
            let record = try await withEngine(path, options, code: code) { engine in
                try await engine.start("a", submission)
                try await between(engine)
                return try await engine.waitForEnd(of: "a")
            }
            return (record, try text(of: path))
        }
    }

    /// All that a journal says, payloads included.
    private func text(of path: String) throws -> String {
        let inspector = try Inspector(path: path)
        defer { inspector.close() }
        var text = ""
        try inspector.scan { entry in
            text += "\(entry.summary) \(entry.entry)\n"
            for payload in entry.payloads {
                text += String(decoding: payload.data, as: UTF8.self) + "\n"
            }
            return true
        }
        #expect(try inspector.verify().problems == [])
        return text
    }

    @Test func whatAPersonSaysOfAnOperationHasNoSecret() async throws {
        try await withJournal { path in
            let (reached, signal) = AsyncStream.makeStream(of: Void.self)
            let code: Scripted.Code = { _, context in
                try await context.checkpoint(
                    "pay",
                    options: CheckpointOptions(onDoubt: .askPerson)
                ) { _ -> String in
                    signal.yield()
                    try await untilCancelled()
                    return "not reached"
                }
            }
            try await withEngine(path, options, code: code) { engine in
                try await engine.start("a", submission)
                for await _ in reached { break }
            }
            try await withEngine(path, options, code: code) { engine in
                _ = try await engine.wait(for: "a") { $0.isParked }
                let pay = OperationPath(scope: [], position: 0)
                let error = await #expect(throws: SecretError.self) {
                    try await engine.resolve("a", pay, .done("it gave \(Self.value)"))
                }
                #expect(error?.code == .exposed)
                let failure = OperationError(code: "no", message: "it says \(Self.value)")
                try await engine.resolve("a", pay, .failed(failure))
                #expect(try await engine.waitForEnd(of: "a").status == .failed)
            }
            let text = try text(of: path)
            #expect(!text.contains(Self.value))
            #expect(text.contains("it says ***"))
        }
    }

    @Test func whatAForkIsGivenHasNoSecretOfItsOrigin() async throws {
        try await withJournal { path in
            let code: Scripted.Code = { _, context in
                try await context.checkpoint("pay") { _ -> String in
                    throw OperationError(code: "no", message: "no money", isRetryable: false)
                }
            }
            try await withEngine(path, options, code: code) { engine in
                try await engine.start("a", submission)
                _ = try await engine.wait(for: "a") { $0.isClosed }
                let error = await #expect(throws: SecretError.self) {
                    try await engine.fork("a", at: "pay", ForkOptions(result: Self.value))
                }
                #expect(error?.code == .exposed)
                let requester = Requester(reason: "by \(Self.value)")
                _ = try await engine.fork(
                    "a",
                    at: "pay",
                    ForkOptions(id: "b", result: "x"),
                    by: requester
                )
                #expect(try await engine.waitForEnd(of: "b").status == .completed)
            }
            let text = try text(of: path)
            #expect(!text.contains(Self.value))
            #expect(text.contains("by ***"))
        }
    }

    @Test func errorsAndTheirDetailsAreRedacted() async throws {
        let seen = CallLog()
        let (record, text) = try await record { _, context in
            do {
                try await context.checkpoint("try") { operation in
                    throw Rejected(token: try operation.secret("TOKEN").text)
                }
            } catch let error as OperationError {
                // The handler sees what is recorded.
                seen.add("\(error.message) \(error.details == nil)")
            }
            throw OperationError(
                code: "code-\(try context.secret("TOKEN").text)",
                message: "last: \(try context.secret("TOKEN").text)"
            )
        }
        #expect(
            seen.lines == ["no *** here (its details are left out: they contain a secret) true"]
        )
        #expect(record.errorCode == "code-***")
        #expect(text.contains("last: ***"))
        #expect(!text.contains(Self.value))
    }

    @Test func linesOfLogsAreRedacted() async throws {
        let base64 = Data(Self.value.utf8).base64EncodedString()
        let (_, text) = try await record { _, context in
            let secret = try context.secret("TOKEN").text
            context.log("handler: \(secret)")
            try await context.checkpoint("work") { operation in
                operation.log("body: \(base64), and so on", .standardError)
            }
            return "done"
        }
        #expect(text.contains("handler: ***"))
        #expect(text.contains("body: ***, and so on"))
        #expect(!text.contains(Self.value))
        #expect(!text.contains(base64))
    }

    @Test func aReasonIsRedacted() async throws {
        let (record, text) = try await record(
            { _, context in try await context.receive("never") },
            { engine in
                try await engine.untilWaiting()
                let reason = "\(Self.value) has leaked"
                try await engine.pause("a", by: Requester(reason: reason))
                let error = await #expect(throws: SecretError.self) {
                    try await engine.signal("a", "never", Self.value)
                }
                #expect(error?.code == .exposed)
                try await engine.cancel("a", by: Requester(actor: "eve", reason: reason))
            }
        )
        #expect(record.status == .cancelled)
        #expect(text.contains("*** has leaked"))
        #expect(!text.contains(Self.value))
    }

    /// What is recorded as a value is what code relies on: it is refused, and nothing of it is written.
    @Test(arguments: ["checkpoint", "output", "store", "return", "input", "next"])
    func aValueWithASecretIsRefused(_ place: String) async throws {
        let (record, text) = try await record { input, context in
            let secret = try context.secret("TOKEN").text
            switch place {
            case "checkpoint": _ = try await context.checkpoint("work") { _ in secret }
            case "output": try await context.output("name", secret)
            case "store": try await context.store.set("key", secret)
            case "input": try await context.checkpoint("work", input: secret) { _ in }
            case "next":
                throw try context.continueAsNew(Spelled.self, input: secret)
            default: break
            }
            return place == "return" ? secret : "done"
        }
        #expect(record.status == .failed)
        #expect(record.errorCode == "exposed-secret")
        #expect(!text.contains(Self.value))
    }

    /// The same id, by another type of input.
    private struct Spelled: Workflow {
        static let name = "scripted"
        func run(_ input: String, _ context: WorkflowContext) async throws -> String { input }
    }

    @Test func aReplayHasNoSecret() async throws {
        try await withJournal { path in
            let code: Scripted.Code = { _, context in
                let secret = try context.secret("TOKEN").text
                let size = try await context.checkpoint("size") { _ in secret.utf8.count }
                return "\(size)"
            }
            let history = try await withEngine(path, options, code: code) { engine in
                try await engine.start("a", submission)
                #expect(try await engine.result() == "\"16\"")
                return try RecordedHistory(of: "a", in: engine.journal)
            }
            let report = try await Replayer(workflows: [Scripted(body: code)]).replay(history)
            guard case .agrees = report.outcome else {
                Issue.record("\(report.outcome)")
                return
            }
        }
    }

    @Test func aSecretPrintsAsThreeStars() {
        let secret = Secret(Self.value)
        var dumped = ""
        dump(["TOKEN": secret], to: &dumped)
        let texts = ["\(secret)", String(reflecting: secret), "\(submission)", dumped]
        #expect(texts.allSatisfy { $0.contains("***") || !$0.contains(Self.value) })
        #expect(!texts.joined().contains(Self.value))
    }
}
