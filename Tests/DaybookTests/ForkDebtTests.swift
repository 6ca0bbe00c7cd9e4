import DaybookInspector
import DaybookModel
import DaybookSystem
import DaybookTestKit
import Testing

@testable import Daybook

/// Who undoes what an execution and its forks have done: each thing one of them, once.
@Suite struct ForkDebtTests {
    /// Books, then pays twice; what it has done it undoes.
    /// - Parameter held: what is done last is not undone before that has ended.
    private static func code(
        _ calls: CallLog,
        held: AsyncStream<Void>? = nil
    ) -> Scripted.Code {
        { _, context in
            for name in ["book", "pay", "ship"] {
                try await context.checkpoint(
                    name,
                    compensate: { _, operation in
                        if let held, name == "ship" { for await _ in held {} }
                        calls.add("undo \(name) \(operation.compensatedKey ?? "none")")
                    }
                ) { operation -> Void in calls.add("\(name) \(operation.idempotencyKey)") }
            }
            try await context.checkpoint("note") { _ -> Void in }
            return "\(try await context.receive("go", as: Int.self))"
        }
    }

    private func withForked(
        held: AsyncStream<Void>? = nil,
        _ body: (Engine, CallLog, String) async throws -> Void
    ) async throws {
        try await withJournal { path in
            let calls = CallLog()
            try await withEngine(path, code: Self.code(calls, held: held)) { engine in
                try await engine.start("a")
                try await engine.untilWaiting("a")
                try await body(engine, calls, path)
            }
            let inspector = try Inspector(path: path)
            defer { inspector.close() }
            #expect(try Verifier.verify(inspector.store).problems == [])
            // Nothing is done that is not undone once, and nothing is undone that was not done.
            let lines = calls.lines.map { $0.split(separator: " ").joined(separator: " ") }
            let done = lines.filter { !$0.hasPrefix("undo ") }.sorted()
            let undone = lines.filter { $0.hasPrefix("undo ") }.map { String($0.dropFirst(5)) }
            #expect(undone.sorted() == done, "\(lines)")
        }
    }

    private func fork(
        _ engine: Engine,
        _ id: String,
        at name: String,
        as new: String
    ) async throws {
        _ = try await engine.fork(id, at: name, ForkOptions(id: new))
        try await engine.untilWaiting(new)
    }

    private func end(_ engine: Engine, _ ids: String...) async throws {
        for id in ids {
            try await engine.cancel(id)
            _ = try await engine.wait(for: id) { $0.isClosed }
        }
    }

    /// What lies after the fork is no other's, so that the origin undoes it itself.
    @Test func anOpenOriginUndoesWhatItsForkDoesNotTakeOver() async throws {
        try await withForked { engine, calls, _ in
            try await fork(engine, "a", at: "pay", as: "b")
            let origin = try await engine.wait(for: "a") { $0.isClosed }
            #expect(origin.status == .cancelled)
            let undone = calls.lines.map { $0.split(separator: " ") }
                .filter { $0[0] == "undo" }.map { $0[1] }
            #expect(undone == ["ship", "pay"])
            try await end(engine, "b")
        }
    }

    /// What happens between the look at an execution and the fork.
    enum Meanwhile: CaseIterable, Sendable {
        case undone, forked, ended, closed

        var words: String {
            switch self {
            case .undone: "book (0), before that, has been undone meanwhile"
            case .forked: "its fork c owes what was registered for an end before that"
            case .ended: "has ended, and what it registered for that may be under way"
            case .closed: "has ended meanwhile; look at it again"
            }
        }
    }

    /// What was done when the fork was looked for may be undone, or another's, when it is decided.
    @Test(arguments: Meanwhile.allCases)
    func aForkThatWasPlannedBeforeThatIsRefused(_ meanwhile: Meanwhile) async throws {
        let (held, go) = AsyncStream.makeStream(of: Void.self)
        try await withForked(held: meanwhile == .ended ? held : nil) { engine, _, _ in
            let core = engine.engine
            let plan = try await core.planFork(
                of: "a",
                // Before that nothing is undone, and yet it is closed.
                at: meanwhile == .closed ? "book" : "pay",
                ForkOptions(),
                core.forkPlanner(of: "a", nil)
            )
            switch meanwhile {
            case .undone:
                try await end(engine, "a")
                try await engine.retry("a")
                try await engine.untilWaiting("a")
            case .forked:
                // The origin is closed once that has begun.
                try await fork(engine, "a", at: "pay", as: "c")
            case .ended: try await engine.cancel("a")
            case .closed: try await end(engine, "a")
            }
            let refused = await #expect(throws: Refusal.self) {
                _ = try await core.perform {
                    try plan.command("a", as: "b", limit: core.payloadLimit, by: .session)
                }
            }
            #expect(refused?.code == .conflict)
            let message = refused?.message ?? ""
            #expect(message.contains(meanwhile.words), "\(message)")
            #expect(try engine.record(of: "b") == nil)
            go.finish()
            switch meanwhile {
            case .undone: try await end(engine, "a")
            case .forked: try await end(engine, "c")
            case .ended: _ = try await engine.wait(for: "a") { $0.isClosed }
            case .closed: break
            }
        }
    }

    /// Were it to run beside it, the origin would undo by name what the fork has just made.
    @Test func aForkBeginsOnceItsOriginHasUndoneItsWork() async throws {
        try await withForked { engine, calls, _ in
            _ = try await engine.fork("a", at: "pay", ForkOptions(id: "b"))
            // Asked to run, it begins all the same by itself.
            _ = try await engine.execute("b")
            try await engine.untilWaiting("b")
            let names = calls.lines.map {
                $0.split(separator: " ").dropLast().joined(separator: " ")
            }
            #expect(
                names == ["book", "pay", "ship", "undo ship", "undo pay", "pay", "ship"],
                "\(names)"
            )
            let origin = try #require(try engine.record(of: "a"))
            let fork = try #require(try engine.record(of: "b"))
            var closed: UInt64?
            var readied: UInt64?
            try engine.journal.scan { entry in
                let header = entry.header
                switch EventKind(rawValue: entry.event) {
                case .executionClosed where header.stream.rawValue == origin.number:
                    closed = header.sequence
                case .executionReadied where header.stream.rawValue == fork.number:
                    readied = header.causation
                default: break
                }
                return true
            }
            #expect(closed != nil && readied == closed)
            try await end(engine, "b")
        }
    }

    /// What a person declares done is not undone by the execution that did it: the fork owes it.
    @Test func whatIsGivenByHandIsOwedByTheForkAlone() async throws {
        try await withJournal { path in
            let calls = CallLog()
            try await withEngine(path, code: Self.code(calls)) { engine in
                try await engine.start("a")
                try await engine.untilWaiting("a")
                var options = ForkOptions(id: "b")
                options.encodedResult = Array("null".utf8)
                _ = try await engine.fork("a", at: "pay", options)
                try await engine.untilWaiting("b")
                func names() -> [String] {
                    calls.lines.map { $0.split(separator: " ").dropLast().joined(separator: " ") }
                }
                #expect(names() == ["book", "pay", "ship", "undo ship", "ship"])
                try await end(engine, "b")
                #expect(Array(names().suffix(3)) == ["undo ship", "undo pay", "undo book"])
            }
            let inspector = try Inspector(path: path)
            defer { inspector.close() }
            #expect(try Verifier.verify(inspector.store).problems == [])
        }
    }

    /// What is done and undone by nobody is shown as such, and what a fork undoes too.
    @Test(arguments: [false, true])
    func whoUndoesWhatIsShown(_ isForked: Bool) async throws {
        try await withJournal { path in
            try await withEngine(path, code: Self.code(CallLog())) { engine in
                try await engine.start("a")
                try await engine.untilWaiting("a")
                if isForked {
                    try await fork(engine, "a", at: "pay", as: "b")
                } else {
                    _ = try await engine.cancel("a", force: true)
                }
                _ = try await engine.wait(for: "a") { $0.isClosed }
            }
            let inspector = try Inspector(path: path)
            defer { inspector.close() }
            let operations = try inspector.operations(of: try inspector.record(of: "a").number)
            let stand = operations.compactMap(\.compensation)
            #expect(
                stand
                    == (isForked ? [.handedOn, .undone, .undone] : [.leftOut, .leftOut, .leftOut])
            )
        }
    }

    /// Nobody could undo it any more, and the fork would be parked at its end.
    @Test func codeThatUndoesNothingAnyMoreIsRefused() async throws {
        try await withJournal { path in
            let calls = CallLog()
            try await withEngine(path, code: Self.code(calls)) { engine in
                try await engine.start("a")
                try await engine.untilWaiting("a")
            }
            let other: Scripted.Code = { _, context in
                try await context.checkpoint(
                    "book",
                    compensate: { _, _ in calls.add("other") }
                ) { _ -> Void in }
                for name in ["pay", "ship", "note"] {
                    try await context.checkpoint(name) { _ -> Void in }
                }
                return "\(try await context.receive("go", as: Int.self))"
            }
            try await withEngine(path, code: other) { engine in
                let entries = try engine.journal.store.read { try $0.entryCount() }
                let refusal = await #expect(throws: Refusal.self) {
                    try await engine.fork("a", at: "go", ForkOptions(id: "b"))
                }
                let message = refusal?.message ?? ""
                #expect(refusal?.code == .conflict)
                #expect(message.contains("pay (1), before that, is to be undone"), "\(message)")
                #expect(message.contains("put its `compensate` back"), "\(message)")
                #expect(try engine.journal.store.read { try $0.entryCount() } == entries)
                // What it says it can do: another way to undo it counts.
                _ = try await engine.fork("a", at: "1", ForkOptions(id: "b"))
                // Nothing here undoes what the origin has begun since: a person leaves it out.
                _ = try await engine.wait(for: "a") { $0.isParked }
                try await engine.cancel("a", force: true)
                try await engine.untilWaiting("b")
                try await end(engine, "b")
                #expect(calls.lines.contains("other"))
            }
        }
    }

    /// Its origin's debts are a fork's, and once they are another fork's they are not this one's.
    @Test func aForkOfAForkTakesOverWhatThatOwed() async throws {
        try await withForked { engine, _, _ in
            try await fork(engine, "a", at: "note", as: "b")
            // It goes on from its own work,
            try await fork(engine, "b", at: "go", as: "c")
            for (id, operation) in [("b", "ship"), ("a", "ship"), ("b", "note")] {
                let refusal = await #expect(throws: Refusal.self) {
                    try await engine.fork(id, at: operation, ForkOptions(id: "d"))
                }
                #expect(refusal?.code == .conflict)
                #expect(
                    refusal?.message.contains("owes what was registered") == true,
                    "\(id): \(refusal?.message ?? "")"
                )
            }
            // and this one from its origin's.
            try await fork(engine, "c", at: "ship", as: "e")
            _ = try await engine.wait(for: "c") { $0.isClosed }
            try await end(engine, "e")
        }
    }

    /// A fork tries again what its origin could not undo, and no other does.
    @Test func whatCouldNotBeUndoneIsOwedByOneForkToo() async throws {
        try await withJournal { path in
            let calls = CallLog()
            let code: Scripted.Code = { _, context in
                try await context.checkpoint(
                    "book",
                    compensate: { _, _ in
                        calls.add("undo")
                        if calls.lines.count == 1 {
                            throw OperationError(code: "no", message: "not now")
                        }
                    }
                ) { _ -> Void in }
                return try await context.checkpoint("pay") { _ -> String in
                    throw OperationError(code: "no", message: "no money", isRetryable: false)
                }
            }
            try await withEngine(path, code: code) { engine in
                try await engine.start("a")
                _ = try await engine.wait(for: "a") { $0.isClosed }
                _ = try await engine.fork("a", at: "pay", ForkOptions(id: "b"))
                _ = try await engine.wait(for: "b") { $0.isClosed }
                let second = await #expect(throws: Refusal.self) {
                    try await engine.fork("a", at: "pay", ForkOptions(id: "c"))
                }
                #expect(second?.code == .conflict)
                let retry = await #expect(throws: Refusal.self) { try await engine.retry("a") }
                #expect(retry?.code == .conflict)
            }
            #expect(calls.lines == ["undo", "undo"])
        }
    }

    /// The one that is decided first owes it; what a process has looked at before that does not count.
    @Test func ofTwoForksAtOnceOneIsRefused() async throws {
        try await withForked { engine, _, _ in
            try await engine.signal("a", "go", 1)
            #expect(try await engine.waitForEnd(of: "a").status == .completed)
            let forks = ["b", "c", "d", "e"]
            let refused = await withTaskGroup(of: String?.self) { group in
                for id in forks {
                    group.addTask {
                        do {
                            _ = try await engine.fork("a", at: "note", ForkOptions(id: id))
                            return nil
                        } catch {
                            let refusal = error as? Refusal
                            #expect(refusal?.code == .conflict, "\(error)")
                            #expect(
                                refusal?.message.contains("owes what was registered") == true,
                                "\(error)"
                            )
                            return id
                        }
                    }
                }
                return await group.reduce(into: Set<String>()) { if let id = $1 { $0.insert(id) } }
            }
            let granted = forks.filter { !refused.contains($0) }
            #expect(granted.count == 1, "\(granted)")
            let retry = await #expect(throws: Refusal.self) { try await engine.retry("a") }
            // It has completed.
            #expect(retry?.code == .wrongState, "\(String(describing: retry))")
            for id in granted { try await end(engine, id) }
        }
    }
}
