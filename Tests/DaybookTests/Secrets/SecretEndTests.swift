import Daybook
import DaybookFormat
import DaybookInspector
import DaybookJournal
import DaybookModel
import DaybookSystem
import DaybookTestKit
import Testing

/// When secrets go, and what is said of those that could not.
@Suite struct SecretEndTests {
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

    private func wipes(_ path: String) throws -> [String] {
        let inspector = try Inspector(path: path)
        defer { inspector.close() }
        var wipes: [String] = []
        try inspector.scan { entry in
            if entry.eventName == "secrets_wiped" { wipes.append(entry.summary) }
            return true
        }
        return wipes
    }

    /// What undoes work may need them: their time counts from when nothing is left to be done.
    @Test func secretsStayAsLongAsSomethingIsToBeUndoneAndExpireAfterThat() async throws {
        var creation = room.creation
        creation.secretLifetime = .seconds(7 * 86_400)
        try await withJournal(creation) { path in
            let calls = CallLog()
            let code: Scripted.Code = { _, context in
                try await context.checkpoint(
                    "book",
                    compensate: { _, operation in calls.add(try operation.secret("TOKEN").text) }
                ) { _ -> Void in }
                return "\(try await context.receive("go", as: Int.self))"
            }
            try await withEngine(path, options, code: code) { engine async throws in
                try await engine.start("a", terms)
                try await engine.untilWaiting()
            }
            // Other code cannot undo it.
            try await withEngine(path, options, code: { _, _ in "" }) { engine async throws in
                try await engine.cancel("a")
                _ = try await engine.wait(for: "a") { $0.isParked }
            }
            room.clock.pass(.seconds(8 * 86_400))
            try await withEngine(path, options, code: code) { engine async throws in
                try await engine.start("b")
                try await engine.untilWaiting("b")
                try await engine.retry("a")
                _ = try await engine.wait(for: "a") { $0.isClosed }
            }
            #expect(calls.lines == ["hunter2-and-more"])
            #expect(try wipes(path) == [])
            room.clock.pass(.seconds(7 * 86_400))
            try await withEngine(path, options, code: code) { engine async throws in
                try await engine.start("c")
                try await engine.untilWaiting("c")
            }
            #expect(try wipes(path) == ["TOKEN, expired"])
        }
    }

    /// Nobody had the journal open when their time came, and who opens it now runs nothing.
    @Test func secretsWhoseTimeIsOverAreWipedByWhoeverOpensTheJournal() async throws {
        var creation = room.creation
        creation.secretLifetime = .seconds(7 * 86_400)
        try await withJournal(creation) { path in
            let calls = CallLog()
            let code: Scripted.Code = { _, context in
                try await context.checkpoint("use") { calls.add(try $0.secret("TOKEN").text) }
                throw OperationError(code: "broken", message: "it is broken", isRetryable: false)
            }
            try await withEngine(path, options, code: code) { engine async throws in
                try await engine.start("a", terms)
                _ = try await engine.wait(for: "a") { $0.isClosed }
            }
            #expect(calls.lines == ["hunter2-and-more"])
            let ended = try record(path)
            let end = try #require(ended.expiresAt)
            #expect(ended.wiped == nil && end > ended.storedAt)
            room.clock.pass(.seconds(8 * 86_400))
            var looking = options
            looking.claims = .nothing
            try await withEngine(path, looking, code: code) { engine async throws in
                _ = try await engine.retry("a")
            }
            #expect(try wipes(path) == ["TOKEN, expired"])
            let wiped = try record(path)
            #expect(wiped.wiped?.cause == "expired" && wiped.expiresAt == nil)
        }
    }

    private func record(_ path: String) throws -> SecretRecord {
        let inspector = try Inspector(path: path)
        defer { inspector.close() }
        return try #require(inspector.secrets(of: "a").first)
    }

    /// The entry is written, and the key still lies there: whoever asks is told, also when they ask again.
    @Test func aKeyThatCannotBeOverwrittenIsToldToWhoeverWipesIt() async throws {
        try await withJournal(room.creation) { path in
            let keys = JournalFolder(path).keys
            let aside = keys + ".aside"
            let code: Scripted.Code = { _, context in
                "\(try await context.receive("go", as: Int.self))"
            }
            try await withEngine(path, options, code: code) { engine async throws in
                try await engine.start("a", terms)
                try await engine.untilWaiting()
                try Folder.rename(keys, to: aside)
                try Folder.create(keys)
                for _ in 1...2 {
                    let error = await #expect(throws: SecretError.self) {
                        try await engine.wipeSecrets(of: "a")
                    }
                    #expect(error?.code == .left, "\(error?.message ?? "")")
                }
            }
            #expect(try wipes(path).count == 1)
            // Nor does another process say that all is well.
            try await withEngine(path, options, code: code) { engine async throws in
                let error = await #expect(throws: SecretError.self) {
                    try await engine.wipeSecrets(of: "a")
                }
                #expect(error?.code == .left)
            }
            try Folder.removeAll(keys)
            try Folder.rename(aside, to: keys)
            try await withEngine(path, options, code: code) { engine async throws in
                #expect(try await engine.wipeSecrets(of: "a") == [])
            }
            #expect(try verified(path) == [])
        }
    }

    /// The fresh one is stored, and the old one's key still lies there.
    @Test func aKeyThatARetryCannotOverwriteIsTold() async throws {
        try await withJournal(room.creation) { path in
            let keys = JournalFolder(path).keys
            let aside = keys + ".aside"
            let clock = HookedClock(room.clock)
            var options = options
            options.clock = clock
            let code: Scripted.Code = { _, _ in
                throw OperationError(code: "no", message: "it is broken", isRetryable: false)
            }
            try await withEngine(path, options, code: code) { engine async throws in
                try await engine.start("a", terms)
                _ = try await engine.wait(for: "a") { $0.isClosed }
                #expect(try await engine.owedKeys(of: "a") == nil)
                // Between the writing of the fresh key and the overwriting of the old one.
                clock.hook {
                    guard try File.contents(of: keys)[256...].contains(where: { $0 != 0 }) else {
                        return false
                    }
                    try Folder.rename(keys, to: aside)
                    try Folder.create(keys)
                    return true
                }
                _ = try await engine.retry("a", secrets: ["TOKEN": "hunter3-and-more"])
                let owed = try await engine.owedKeys(of: "a")
                #expect(owed?.code == .left, "\(String(describing: owed))")
                #expect(owed?.message.contains(keys) == true)
                try Folder.removeAll(keys)
                try Folder.rename(aside, to: keys)
                // It is tried again.
                #expect(try await engine.owedKeys(of: "a") == nil)
            }
            #expect(clock.error == nil)
            #expect(try verified(path) == [])
        }
    }

    private func verified(_ path: String) throws -> [String] {
        let inspector = try Inspector(path: path)
        defer { inspector.close() }
        return try inspector.verify().problems.map { "\($0)" }
    }
}

/// A clock that does something when it is looked at, until that says that it is done.
private final class HookedClock: WallClock {
    private struct State {
        var hook: (@Sendable () throws -> Bool)?
        var error: (any Error)?
    }

    private let clock: ManualClock
    private let state = Locked(State())

    init(_ clock: ManualClock) { self.clock = clock }

    /// What the hook threw.
    var error: (any Error)? { state.withLock { $0.error } }

    func hook(_ body: @escaping @Sendable () throws -> Bool) { state.withLock { $0.hook = body } }

    func now() -> Timestamp {
        state.withLock { state in
            do {
                if try state.hook?() == true { state.hook = nil }
            } catch {
                (state.hook, state.error) = (nil, error)
            }
        }
        return clock.now()
    }

    func onChange(_ wake: @escaping @Sendable () -> Void) -> Bool { clock.onChange(wake) }
}
