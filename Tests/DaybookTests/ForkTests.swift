import Daybook
import DaybookFormat
import DaybookInspector
import DaybookJournal
import DaybookModel
import DaybookSystem
import DaybookTestKit
import Testing

/// Executions that go on as others were before one of their operations.
@Suite struct ForkTests {
    private typealias Code = ReplayerTests.Code

    /// What ran, by name.
    private final class Ledger: Sendable {
        private let all = Locked<[String]>([])
        func add(_ name: String) { all.withLock { $0.append(name) } }
        var names: [String] { all.withLock { $0 } }
    }

    /// Two steps that agree, and a third that may be mended; what is drawn, timed and stored goes into it.
    private static func code(_ ledger: Ledger, mended: Bool, cleans: Bool = false) -> Code {
        { input, context in
            if cleans {
                try await context.onUnfinished("undo") { scope in
                    try await scope.checkpoint("undone") { _ in ledger.add("undo") }
                }
            }
            let first = try await context.checkpoint("first", input: input) { _ in
                ledger.add("first")
                return input + 1
            }
            let drawn = context.uuid()
            let now = context.now
            try await context.store.set("drawn", drawn)
            try await context.output("first", first)
            try await context.checkpoint("second", input: "\(drawn) \(now.rawValue)") { _ in
                ledger.add("second")
            }
            let third = try await context.checkpoint("third") { _ -> Int in
                ledger.add(mended ? "mended" : "third")
                if !mended { throw OperationError(code: "no", message: "it does not work") }
                return first * 10
            }
            let stored = try await context.store.get("drawn", as: String.self)
            return "\(third) \(stored == drawn)"
        }
    }

    private func check(_ path: String) throws {
        let inspector = try Inspector(path: path)
        defer { inspector.close() }
        #expect(try Verifier.verify(inspector.store).problems == [])
    }

    @Test func aForkGoesOnAsItsOriginWasAndRunsNothingOfItAgain() async throws {
        try await withJournal { path in
            let ledger = Ledger()
            try await withEngine(path, code: Self.code(ledger, mended: false)) { engine in
                try await engine.submit(Scripted.self, id: "a", input: 6).execute()
                #expect(try await engine.waitForEnd(of: "a").status == .failed)
            }
            try await withEngine(path, code: Self.code(ledger, mended: true)) { engine in
                let fork = try await engine.fork("a", at: "third", ForkOptions(id: "b"))
                #expect(fork.id == "b" && !fork.existed)
                #expect(fork.operation.name == Name("third"))
                let record = try await engine.waitForEnd(of: "b")
                #expect(record.status == .completed, "\(record)")
                #expect(
                    String(decoding: try engine.outcome(of: record).get(), as: UTF8.self)
                        == #""70 true""#
                )
                #expect(record.attempt == 1)
                // It is asked for once, however often.
                let again = try await engine.fork("a", at: "third", ForkOptions(id: "b"))
                #expect(again.existed && again.number == fork.number)
            }
            #expect(ledger.names == ["first", "second", "third", "mended"])
            try check(path)
        }
    }

    /// Another process runs it, or the same one after it was let go of: it replays what is its origin's.
    @Test func aForkIsRunByAnotherProcessToo() async throws {
        try await withJournal { path in
            let ledger = Ledger()
            let waiting: Code = { input, context in
                let text = try await Self.code(ledger, mended: true)(input, context)
                let signal = try await context.receive("go", as: Int.self)
                return "\(text) \(signal)"
            }
            try await withEngine(path, code: waiting) { engine in
                try await engine.submit(Scripted.self, id: "a", input: 6).execute()
                _ = try await engine.wait(for: "a") { !$0.waits.isEmpty }
                _ = try await engine.fork("a", at: "third", ForkOptions(id: "b"))
                _ = try await engine.wait(for: "b") { !$0.waits.isEmpty }
                // The origin was open.
                #expect(try engine.record(of: "a")?.status == .cancelled)
            }
            let result = try await withEngine(path, code: waiting) { engine in
                try await engine.signal("b", "go", 5)
                let record = try await engine.waitForEnd(of: "b")
                let history = try RecordedHistory(of: "b", in: engine.journal)
                let replayer = Replayer(workflows: [Scripted(body: waiting)])
                for length in 1...history.count {
                    let report = try await replayer.replay(history.prefix(length))
                    switch report.outcome {
                    case .agrees, .agreesSoFar: break
                    default: Issue.record("\(length): \(report)")
                    }
                }
                return try engine.outcome(of: record).get()
            }
            #expect(String(decoding: result, as: UTF8.self) == #""70 true 5""#)
            #expect(ledger.names == ["first", "second", "mended", "mended"])
            try check(path)
            let inspector = try Inspector(path: path)
            defer { inspector.close() }
            let operations = try inspector.operations(of: try inspector.record(of: "b").number)
            #expect(
                operations.map(\.operation.name.text)
                    == ["first", "drawn", "first", "second", "third", "drawn", "go"]
            )
        }
    }

    @Test func codeThatDisagreesWithWhatComesBeforeIsRefused() async throws {
        try await withJournal { path in
            let ledger = Ledger()
            try await withEngine(path, code: Self.code(ledger, mended: true)) { engine in
                try await engine.submit(Scripted.self, id: "a", input: 6).execute()
                _ = try await engine.waitForEnd(of: "a")
            }
            let other: Code = { _, context in
                try await context.checkpoint("something else") { _ in "" }
            }
            try await withEngine(path, code: other) { engine in
                let entries = try engine.journal.store.read { try $0.entryCount() }
                let refusal = await #expect(throws: Refusal.self) {
                    try await engine.fork("a", at: "third")
                }
                #expect(refusal?.code == .conflict)
                let message = refusal?.message ?? ""
                #expect(
                    message.contains("a cannot be forked at third (4): before that,"),
                    "\(message)"
                )
                #expect(message.contains("first") && message.contains("something else"))
                #expect(try engine.journal.store.read { try $0.entryCount() } == entries)
            }
            // Another input is another operation, as far as it is declared.
            try await withEngine(path, code: Self.code(ledger, mended: true)) { engine in
                let refusal = await #expect(throws: Refusal.self) {
                    try await engine.fork("a", at: "third", ForkOptions(input: 7))
                }
                #expect(refusal?.message.contains("first") == true)
                _ = try await engine.fork("a", at: "0", ForkOptions(id: "b", input: 7))
                let record = try await engine.waitForEnd(of: "b")
                let output = try engine.outcome(of: record).get()
                #expect(String(decoding: output, as: UTF8.self) == #""80 true""#)
            }
        }
    }

    @Test func aResultThatIsGivenByHandIsTheOperations() async throws {
        try await withJournal { path in
            let ledger = Ledger()
            try await withEngine(path, code: Self.code(ledger, mended: false)) { engine in
                try await engine.submit(Scripted.self, id: "a", input: 6).execute()
                _ = try await engine.waitForEnd(of: "a")
                let eve = Requester(actor: "eve", reason: "done by phone")
                _ = try await engine.fork(
                    "a",
                    at: "third",
                    ForkOptions(id: "b", result: 42),
                    by: eve
                )
                let record = try await engine.waitForEnd(of: "b")
                let output = try engine.outcome(of: record).get()
                #expect(String(decoding: output, as: UTF8.self) == #""42 true""#)
                for (operation, options) in [
                    ("drawn", ForkOptions(result: 1)), ("fourth", ForkOptions()),
                    ("first", ForkOptions()), ("third", ForkOptions(id: "a")),
                ] {
                    let refusal = await #expect(throws: Refusal.self) {
                        try await engine.fork("a", at: operation, options)
                    }
                    switch operation {
                    case "drawn": #expect(refusal?.message.contains("only a checkpoint") == true)
                    case "fourth": #expect(refusal?.code == .notFound)
                    case "first": #expect(refusal?.message.contains("several operations") == true)
                    default: #expect(refusal?.message.contains("another execution") == true)
                    }
                }
            }
            #expect(ledger.names == ["first", "second", "third"])
            try check(path)
        }
    }

    /// An id stands for what it was first asked for.
    @Test func anotherForkUnderTheSameIdIsAConflict() async throws {
        try await withJournal { path in
            let ledger = Ledger()
            try await withEngine(path, code: Self.code(ledger, mended: true)) { engine in
                try await engine.start(input: 6)
                _ = try await engine.waitForEnd(of: "a")
                let options = ForkOptions(id: "b", result: 42)
                _ = try await engine.fork("a", at: "third", options)
                _ = try await engine.waitForEnd(of: "b")
                #expect(try await engine.fork("a", at: "third", options).existed)
                for other in [ForkOptions(id: "b", result: 43), ForkOptions(id: "b")] {
                    let refusal = await #expect(throws: Refusal.self) {
                        try await engine.fork("a", at: "third", other)
                    }
                    #expect(refusal?.code == .conflict, "\(refusal?.message ?? "")")
                }
                _ = try await engine.fork("a", at: "third", ForkOptions(id: "c"))
                let refusal = await #expect(throws: Refusal.self) {
                    try await engine.fork("a", at: "third", ForkOptions(id: "c", result: 42))
                }
                #expect(refusal?.code == .conflict)
                _ = try await engine.fork("a", at: "0", ForkOptions(id: "d", input: 7))
                let input = await #expect(throws: Refusal.self) {
                    try await engine.fork("a", at: "0", ForkOptions(id: "d", input: 8))
                }
                #expect(input?.code == .conflict)
            }
        }
    }

    /// The origin owes nothing any more: what it registered for an end is the fork's.
    @Test func whatTheOriginRegisteredForAnEndIsTheForks() async throws {
        try await withJournal { path in
            let ledger = Ledger()
            let code: Code = { input, context in
                let text = try await Self.code(ledger, mended: true, cleans: true)(input, context)
                _ = try await context.receive("go", as: Int.self)
                return text
            }
            try await withEngine(path, code: code) { engine in
                try await engine.submit(Scripted.self, id: "a", input: 6).execute()
                _ = try await engine.wait(for: "a") { !$0.waits.isEmpty }
                _ = try await engine.fork("a", at: "third", ForkOptions(id: "b"))
                let origin = try await engine.wait(for: "a") { $0.isClosed }
                #expect(origin.status == .cancelled)
                #expect(!ledger.names.contains("undo"))
                _ = try await engine.wait(for: "b") { !$0.waits.isEmpty }
                // Nobody else owes it: it would be done twice.
                let refusal = await #expect(throws: Refusal.self) {
                    try await engine.fork("a", at: "third")
                }
                #expect(refusal?.message.contains("its fork b owes what was registered") == true)
                let retry = await #expect(throws: Refusal.self) { try await engine.retry("a") }
                #expect(retry?.message.contains("a was forked as b") == true)
                try await engine.cancel("b")
                _ = try await engine.wait(for: "b") { $0.isClosed }
                #expect(ledger.names.count { $0 == "undo" } == 1)
            }
            try check(path)
        }
    }

    /// What has been undone is not done any more, also when the origin was opened again since.
    @Test(arguments: [false, true])
    func whatTheOriginHasUndoneIsNotTakenForDone(_ isOpenedAgain: Bool) async throws {
        try await withJournal { path in
            let ledger = Ledger()
            let code: Code = { _, context in
                try await context.checkpoint(
                    "book",
                    compensate: { _, _ in ledger.add("unbook") }
                ) { _ in ledger.add("book") }
                return try await context.checkpoint("pay") { _ -> String in
                    throw OperationError(code: "no", message: "no money", isRetryable: false)
                }
            }
            try await withEngine(path, code: code) { engine in
                try await engine.submit(Scripted.self, id: "a", input: 1).execute()
                _ = try await engine.wait(for: "a") { $0.isClosed }
                if isOpenedAgain {
                    try await engine.retry("a")
                    _ = try await engine.wait(for: "a") { $0.isClosed && $0.attempt > 1 }
                }
                let refusal = await #expect(throws: Refusal.self) {
                    try await engine.fork("a", at: "pay")
                }
                #expect(
                    refusal?.message.contains("book (0), before that, has run at its end") == true
                )
                // Before that it does everything itself.
                _ = try await engine.fork("a", at: "book", ForkOptions(id: "b"))
                _ = try await engine.wait(for: "b") { $0.isClosed }
            }
            let times = isOpenedAgain ? 3 : 2
            #expect(ledger.names.count { $0 == "book" } == times)
            #expect(ledger.names.count { $0 == "unbook" } == times)
            try check(path)
        }
    }

    /// Other systems know the origin's work by the origin's key.
    @Test func whatTheOriginDidIsUndoneUnderTheKeyItWasDoneUnder() async throws {
        try await withJournal { path in
            let ledger = Ledger()
            let code: Code = { _, context in
                try await context.checkpoint(
                    "book",
                    compensate: { _, operation in ledger.add(operation.compensatedKey ?? "none") }
                ) { ledger.add($0.idempotencyKey) }
                try await context.checkpoint("pay") { ledger.add("pay " + $0.idempotencyKey) }
                return "\(try await context.receive("go", as: Int.self))"
            }
            try await withEngine(path, code: code) { engine in
                try await engine.submit(Scripted.self, id: "a", input: 1).execute()
                _ = try await engine.wait(for: "a") { !$0.waits.isEmpty }
                _ = try await engine.fork("a", at: "pay", ForkOptions(id: "b"))
                _ = try await engine.wait(for: "b") { !$0.waits.isEmpty }
                try await engine.cancel("b")
                _ = try await engine.wait(for: "b") { $0.isClosed }
            }
            let names = ledger.names
            try #require(names.count == 4)
            #expect(names[0] == names[3])
            #expect(names[1] != names[2], "the fork pays anew")
            try check(path)
        }
    }

    /// What another branch waited for at the fork, the fork waits for; and a fork can be forked.
    @Test func theWaitsOfBranchesGoOnInAForkAndItsForks() async throws {
        try await withJournal { path in
            let ledger = Ledger()
            let code: Code = { _, context in
                let values = try await context.parallel(
                    "both",
                    { scope in
                        try await scope.sleep(for: .milliseconds(1), "rest")
                        return try await scope.checkpoint("after") { _ in "rested" }
                    },
                    { scope in
                        _ = try await scope.receive("go", as: Int.self)
                        return try await scope.checkpoint("work") { _ in
                            ledger.add("work")
                            return "worked"
                        }
                    }
                )
                return "\(values)"
            }
            try await withEngine(path, code: code) { engine in
                try await engine.submit(Scripted.self, id: "a", input: 1).execute()
                try await engine.signal("a", "go", 1)
                _ = try await engine.waitForEnd(of: "a")
                _ = try await engine.fork("a", at: "work", ForkOptions(id: "b"))
                let first = try await engine.waitForEnd(of: "b")
                #expect(first.status == .completed)
                _ = try await engine.fork("b", at: "work", ForkOptions(id: "c"))
                let second = try await engine.waitForEnd(of: "c")
                #expect(try engine.outcome(of: second).get() == engine.outcome(of: first).get())
                // What is its origin's goes on from there.
                _ = try await engine.fork("c", at: "both", ForkOptions(id: "d"))
                try await engine.signal("d", "go", 1)
                #expect(try await engine.waitForEnd(of: "d").status == .completed)
                #expect(try engine.record(of: "d")?.forkedFrom == engine.record(of: "a")?.number)
            }
            #expect(ledger.names == ["work", "work", "work", "work"])
            try check(path)
        }
    }
}
