import DaybookFormat
import DaybookInspector
import DaybookJournal
import DaybookModel
import DaybookSystem
import DaybookTestKit
import Testing

@testable import Daybook

/// Secrets of code that is let go of and run again, in the same process and in another.
@Suite struct SecretResidencyTests {
    private let room = ClockedJournal()
    private static let value = "hunter2-and-more"

    private var options: EngineOptions {
        var options = room.options
        options.journalKey = .bytes([UInt8](repeating: 7, count: 32))
        return options
    }

    private var submission: ExecutionOptions {
        var options = ExecutionOptions()
        options.secrets = ["TOKEN": Secret(Self.value)]
        return options
    }

    private static func waiting(_ calls: CallLog) -> Scripted.Code {
        { _, context in
            try await context.checkpoint("before") { operation in
                calls.add("before " + (try operation.secret("TOKEN").text))
            }
            let word: String = try await context.receive("word")
            return try await context.checkpoint("after") { operation in
                calls.add("after " + (try operation.secret("TOKEN").text))
                return word
            }
        }
    }

    @Test(arguments: [0, 10_000])
    func evictedOrResidentItHasItsSecret(_ maxResident: Int) async throws {
        try await withJournal(room.creation) { path in
            let calls = CallLog()
            var options = options
            options.maxResident = maxResident
            try await withEngine(path, options, code: Self.waiting(calls)) { engine in
                try await engine.start("a", submission)
                try await engine.untilWaiting()
                try await engine.signal("a", "word", "go")
                #expect(try await engine.result() == "\"go\"")
            }
            #expect(calls.lines == ["before \(Self.value)", "after \(Self.value)"])
        }
    }

    @Test func restartedItHasItsSecret() async throws {
        try await withJournal(room.creation) { path in
            let calls = CallLog()
            try await withEngine(path, options, code: Self.waiting(calls)) { engine in
                try await engine.start("a", submission)
                try await engine.untilWaiting()
            }
            try await withEngine(path, options, code: Self.waiting(calls)) { engine in
                try await engine.signal("a", "word", "go")
                #expect(try await engine.result() == "\"go\"")
            }
            #expect(calls.lines == ["before \(Self.value)", "after \(Self.value)"])
        }
    }

    /// A person wipes it while the code waits, and still has it in memory.
    @Test func whatIsWipedMeanwhileIsNotHandedOut() async throws {
        try await withJournal(room.creation) { path in
            let calls = CallLog()
            try await withEngine(path, options, code: Self.waiting(calls)) { engine in
                try await engine.start("a", submission)
                try await engine.untilWaiting()
                #expect(try await engine.wipeSecrets(of: "a") == ["TOKEN"])
                try await engine.signal("a", "word", "go")
                #expect(try await engine.waitForEnd(of: "a").errorCode == "wiped-secret")
            }
            #expect(calls.lines == ["before \(Self.value)"])
        }
    }
}
