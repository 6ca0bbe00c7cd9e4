import DaybookInspector
import DaybookJournal
import DaybookModel
import DaybookSystem
import DaybookTestKit
import FoundationEssentials
import Logging
import Testing

@testable import Daybook

/// A process that cannot open secrets at all: what has some is not its work, and does not fail for it.
@Suite struct SecretAccessTests {
    private let room = ClockedJournal()
    private static let key = [UInt8](repeating: 7, count: 32)

    private func options(_ source: JournalKeySource) -> EngineOptions {
        var options = room.options
        options.journalKey = source
        return options
    }

    private var submission: ExecutionOptions {
        var options = ExecutionOptions()
        options.secrets = ["TOKEN": Secret("hunter2-and-more")]
        return options
    }

    /// Uses the secret, if there is one, and then waits for a word.
    private static let code: Scripted.Code = { input, context in
        if input == 2 { return "none" }
        try await context.checkpoint(
            "use",
            compensate: { _, operation in
                _ = try operation.secret("TOKEN")
            }
        ) { operation in
            _ = try operation.secret("TOKEN")
        }
        let word: String = try await context.receive("word")
        try await context.checkpoint("again") { _ = try $0.secret("TOKEN") }
        return word
    }

    /// An execution that has used its secret, and waits.
    private func begin(_ path: String) async throws {
        try await withEngine(path, options(.bytes(Self.key)), code: Self.code) {
            engine async throws in
            try await engine.start("a", submission)
            try await engine.untilWaiting()
        }
    }

    private func end(_ path: String) async throws {
        try await withEngine(path, options(.bytes(Self.key)), code: Self.code) {
            engine async throws in
            #expect(try await engine.result() == "\"go\"")
            #expect(try engine.record(of: "a")?.attempt == 1)
        }
    }

    static let sources: [(JournalKeySource, SecretError.Code)] = [
        (.bytes([UInt8](repeating: 8, count: 32)), .wrongKey), (.none, .noKey),
        (.file("/nonexistent"), .badKey), (.bytes([1]), .badKey),
    ]

    @Test(arguments: sources)
    func withAnotherKeyOrNoneItIsLeftReady(
        _ source: JournalKeySource,
        _ code: SecretError.Code
    ) async throws {
        try await withJournal(room.creation) { path in
            try await begin(path)
            let lines = CallLog()
            var options = options(source)
            options.logger = Logger(label: "test") { _ in CollectingHandler { lines.add($0) } }
            try await withEngine(path, options, code: Self.code) { engine async throws in
                try await engine.signal("a", "word", "go")
                for id in ["b", "c"] {
                    // What has none is run.
                    try await engine.start(id, input: 2)
                    #expect(try await engine.result(of: id) == "\"none\"")
                }
                try await engine.waitUntilIdle()
                #expect(try engine.record(of: "a")?.status == .ready)
            }
            #expect(lines.lines.filter { $0.contains("secrets") }.count == 1)
            try await end(path)
        }
    }

    @Test(arguments: sources)
    func whoIsAskedToRunItIsToldWhyItIsNot(
        _ source: JournalKeySource,
        _ code: SecretError.Code
    ) async throws {
        try await withJournal(room.creation) { path in
            try await begin(path)
            var options = options(source)
            options.claims = .named
            try await withEngine(path, options, code: Self.code) { engine async throws in
                try await engine.signal("a", "word", "go")
                try await engine.execute("a")
                let error = await #expect(throws: SecretError.self) {
                    _ = try await engine.waitForEnd(of: "a")
                }
                #expect(error?.code == code)
                #expect(try engine.record(of: "a")?.status == .ready)
            }
            try await end(path)
        }
    }

    /// A person mends a file, and the process that looks at it goes on: nobody has to start it again.
    @Test(.timeLimit(.minutes(20)))
    func whatIsMendedIsFoundWithoutARestart() async throws {
        try await withJournal(room.creation) { path in
            try await begin(path)
            let file = JournalFolder(path).keys + ".text"
            // First another key, then one that others may read, then the right one.
            try write(String(repeating: "08", count: 32), to: file, mode: 0o600)
            let opened = CallLog()
            var options = options(.file(file))
            options.logger = Logger(label: "test") { _ in CollectingHandler { opened.add($0) } }
            try await withEngine(path, options, code: Self.code) { engine async throws in
                try await engine.signal("a", "word", "go")
                try await engine.waitUntilIdle()
                #expect(try engine.record(of: "a")?.status == .ready)
                try write(String(repeating: "07", count: 32), to: file, mode: 0o644)
                room.clock.pass(.seconds(5))
                try await engine.waitUntilIdle()
                #expect(try engine.record(of: "a")?.status == .ready)
                try write(String(repeating: "07", count: 32), to: file, mode: 0o600)
                while try engine.record(of: "a")?.isClosed == false {
                    room.clock.pass(.seconds(5))
                    await Task.yield()
                }
                #expect(try await engine.result() == "\"go\"")
            }
            #expect(opened.lines.filter { $0.contains("opened here again") }.count == 1)
        }
    }

    /// A process that always has other work looks too.
    @Test func whatIsMendedIsFoundThoughOtherWorkAlwaysWaits() async throws {
        try await withJournal(room.creation) { path in
            try await begin(path)
            var submitting = options(.none)
            submitting.claims = .nothing
            try await withEngine(path, submitting, code: Self.code) { engine async throws in
                try await engine.signal("a", "word", "go")
                for number in 0..<40 { try await engine.start("plain-\(number)", input: 2) }
            }
            let file = JournalFolder(path).keys + ".text"
            try write(String(repeating: "08", count: 32), to: file, mode: 0o600)
            let told = CallLog()
            let steps = CallLog()
            let clock = room.clock
            var options = options(.file(file))
            options.maxConcurrent = 1
            options.logger = Logger(label: "test") { _ in CollectingHandler { told.add($0) } }
            let code: Scripted.Code = { input, context in
                guard input == 2 else {
                    let word = try await Self.code(input, context)
                    steps.add("secret")
                    return word
                }
                try await context.checkpoint("plain") { _ in
                    steps.add("plain")
                    guard steps.lines.count == 20 else { return }
                    steps.add(told.lines.contains { $0.contains("left to others") } ? "told" : "")
                    try self.write(String(repeating: "07", count: 32), to: file, mode: 0o600)
                    clock.pass(.seconds(5))
                }
                return ""
            }
            try await withEngine(path, options, code: code) { engine async throws in
                try await engine.waitUntilIdle()
                #expect(try engine.record(of: "a")?.status == .completed)
            }
            #expect(steps.lines.count == 42 && steps.lines[20] == "told", "\(steps.lines)")
            // Other work waited still.
            #expect(steps.lines.last == "plain", "\(steps.lines)")
        }
    }

    private func write(_ text: String, to path: String, mode: UInt16) throws {
        try Data(text.utf8).write(to: URL(filePath: path))
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
    }

    @Test func whereTheFileOfKeysCannotBeUsedItIsLeftReady() async throws {
        try await withJournal(room.creation) { path in
            try await begin(path)
            let keys = JournalFolder(path).keys
            try Folder.rename(keys, to: keys + ".aside")
            try Folder.create(keys)
            try await withEngine(path, options(.bytes(Self.key)), code: Self.code) {
                engine async throws in
                let error = await #expect(throws: SecretError.self) {
                    try await engine.start("b", submission)
                }
                #expect(error?.code == .system)
                #expect(error?.message.contains(keys) == true)
                try await engine.signal("a", "word", "go")
                try await engine.start("c", input: 2)
                #expect(try await engine.result(of: "c") == "\"none\"")
                try await engine.waitUntilIdle()
                #expect(try engine.record(of: "a")?.status == .ready)
            }
            try Folder.removeAll(keys)
            try Folder.rename(keys + ".aside", to: keys)
            try await end(path)
        }
    }

    /// What is owed at a bad end waits for somebody with the key too.
    @Test func whatIsToBeUndoneWaitsForTheKey() async throws {
        try await withJournal(room.creation) { path in
            try await begin(path)
            try await withEngine(path, options(.none), code: Self.code) { engine async throws in
                try await engine.cancel("a")
                try await engine.waitUntilIdle()
                #expect(try engine.record(of: "a")?.isClosed == false)
            }
            try await withEngine(path, options(.bytes(Self.key)), code: Self.code) {
                engine async throws in
                #expect(try await engine.waitForEnd(of: "a").status == .cancelled)
            }
            let inspector = try Inspector(path: path)
            defer { inspector.close() }
            var ends: [String] = []
            try inspector.scan { entry in
                if entry.eventName == "cleaning_ended" { ends.append(entry.summary) }
                return true
            }
            #expect(ends.count == 1 && !ends[0].contains("error"), "\(ends)")
        }
    }
}
