import DaybookFormat
import DaybookModel
import DaybookSystem
import DaybookTestKit
import FoundationEssentials
import Testing

@testable import Daybook

/// How handlers and bodies are let go of: by a shutdown, a cancel, a pause.
@Suite struct LettingGoTests {
    private let room = ClockedJournal()

    // MARK: What a handler sees

    @Test func whoIsLetGoOfSeesACancellationAtEveryCall() async throws {
        let calls = CallLog()
        try await room.withEngine(
            code: { _, context in
                do {
                    return try await context.receive("word")
                } catch let error where error is CancellationError {
                    calls.add("let go of")
                }
                do {
                    try await context.checkpoint("refund") { _ in calls.add("refund") }
                } catch is CancellationError {
                    calls.add("still")
                }
                throw OperationError(code: "other", message: "whatever it throws")
            }
        ) { daybook in
            try await daybook.start()
            try await daybook.untilWaiting()
        }
        #expect(calls.lines == ["let go of", "still"])
    }

    // MARK: Cancellations of one's own

    @Test(arguments: ["body", "handler", "error"])
    func whatCancelsItselfEndsCancelledAndIsNotRetried(_ who: String) async throws {
        let calls = CallLog()
        try await room.withEngine(
            code: { _, context in
                calls.add("attempt")
                if who == "handler" { throw CancellationError() }
                try await context.checkpoint(
                    "gives up",
                    options: .init(retry: .init(maxAttempts: 5))
                ) { _ in
                    calls.add("try")
                    if who == "body" { throw CancellationError() }
                    throw OperationError(code: "enough", message: "no", kind: .cancelled)
                }
                return ""
            }
        ) { daybook in
            var terms = ExecutionOptions()
            terms.retry = RetryPolicy(maxAttempts: 3, baseDelay: .zero)
            try await daybook.start("a", terms)
            let record = try await daybook.waitForEnd(of: "a")
            #expect(record.status == .cancelled)
            #expect(record.errorCode == (who == "error" ? "enough" : "cancelled"))
            #expect(calls.lines == (who == "handler" ? ["attempt"] : ["attempt", "try"]))
            guard who != "handler" else { return }
            // Opened again, the operation that gave up runs again.
            try await daybook.retry("a")
            _ = try await daybook.waitForEnd(of: "a")
            #expect(calls.lines == ["attempt", "try", "attempt", "try"])
        }
    }

    // MARK: What a body learns

    @Test(arguments: ["cancelled", "timed_out", "attempt", "shutting_down", "paused"])
    func aBodyLearnsWhyItIsToldToStop(_ why: String) async throws {
        let calls = CallLog()
        let (reached, signal) = AsyncStream.makeStream(of: Void.self)
        try await room.withEngine(
            code: { _, context in
                let options = CheckpointOptions(timeout: why == "timed_out" ? .seconds(5) : nil)
                try await context.checkpoint("hangs", options: options) { operation in
                    if calls.lines.isEmpty {
                        calls.add(operation.cancellation?.rawValue ?? "nothing")
                        signal.yield()
                        await untilTold()
                        calls.add(operation.cancellation?.rawValue ?? "nothing")
                    }
                }
                return ""
            }
        ) { daybook in
            var terms = ExecutionOptions()
            if why == "attempt" { terms.timeout = .seconds(5) }
            try await daybook.start("a", terms)
            for await _ in reached { break }
            switch why {
            case "cancelled": try await daybook.cancel("a")
            case "paused": try await daybook.pause("a")
            case "shutting_down": return
            default: room.clock.pass(.seconds(5))
            }
            _ = try await daybook.wait(for: "a") { $0.isClosed || $0.session == nil }
        }
        #expect(calls.lines == ["nothing", why == "attempt" ? "timed_out" : why])
    }

    // MARK: The count of retries

    @Test func aPersonsRetryBeginsTheCountAnew() async throws {
        let calls = CallLog()
        try await room.withEngine(
            code: { _, context in
                calls.add("attempt \(context.attempt)")
                throw OperationError(code: "no", message: "no")
            }
        ) { daybook in
            var terms = ExecutionOptions()
            terms.retry = RetryPolicy(maxAttempts: 3, baseDelay: .zero)
            try await daybook.start("a", terms)
            for last in [3, 6, 9] as [UInt32] {
                let record = try await daybook.waitForEnd(of: "a")
                #expect(record.status == .failed)
                #expect(record.attempt == last)
                if last < 9 { try await daybook.retry("a") }
            }
        }
        #expect(calls.lines.count == 9)
    }

    // MARK: Patience

    /// One handler has a body that waits at a gate beside a branch that sleeps; the other only waits.
    private func closing(
        _ path: String,
        _ calls: CallLog,
        _ act: (Engine, AsyncStream<Void>.Continuation) async throws -> Void
    ) async throws {
        let (reached, signal) = AsyncStream.makeStream(of: String.self)
        let (gate, open) = AsyncStream.makeStream(of: Void.self)
        let code: Scripted.Code = { input, context in
            if input == 2 {
                do {
                    return try await context.receive("word")
                } catch {
                    signal.yield("let go of")
                    throw error
                }
            }
            _ = try await context.parallel(
                "both",
                { scope in
                    try await scope.checkpoint("slow") { operation in
                        signal.yield("in the body")
                        for await _ in gate { break }
                        calls.add(operation.cancellation?.rawValue ?? "by itself")
                    }
                },
                { scope in try await scope.sleep(for: .seconds(1_000)) }
            )
            return ""
        }
        let daybook = try await Engine.open(
            at: path,
            room.options,
            workflows: [Scripted(body: code)]
        )
        var news = reached.makeAsyncIterator()
        try await daybook.start("a", input: 1)
        #expect(await news.next() == "in the body")
        try await daybook.start("b", input: 2)
        try await daybook.untilWaiting("b")
        async let closed: Void = daybook.close(grace: .seconds(30))
        // Whoever only waits is not waited for.
        #expect(await news.next() == "let go of")
        try await act(daybook, open)
        try await closed
    }

    private func steps(_ path: String) async throws -> UInt32 {
        try await withEngine(path, room.options, code: { _, _ in "" }) { daybook in
            var steps: UInt32 = 0
            try daybook.journal.scan { entry in
                if entry.event == EventKind.checkpointSucceeded.rawValue { steps += 1 }
                return true
            }
            return steps
        }
    }

    @Test func aBodyThatRunsMayEndWhenAJournalIsClosed() async throws {
        try await withJournal(room.creation) { path in
            let calls = CallLog()
            try await closing(path, calls) { _, gate in gate.yield() }
            #expect(calls.lines == ["by itself"])
            #expect(try await steps(path) == 1)
        }
    }

    @Test func aBodyIsToldWhenTheTimeForThatIsOver() async throws {
        try await withJournal(room.creation) { path in
            let calls = CallLog()
            try await closing(path, calls) { _, _ in room.clock.pass(.seconds(30)) }
            #expect(calls.lines == ["shutting_down"])
        }
    }

    @Test func aBodyIsToldAtOnceWhenSomebodyHasNoPatienceAnyMore() async throws {
        try await withJournal(room.creation) { path in
            let calls = CallLog()
            try await closing(path, calls) { daybook, _ in try await daybook.close(grace: .zero) }
            #expect(calls.lines == ["shutting_down"])
        }
    }

    /// Two interrupts come as fast as a process can be told of them.
    @Test func thatSomebodyHasNoPatienceIsKnownAlsoWhereTheClosingHasNotBegunYet() async throws {
        try await withJournal { path in
            let (reached, signal) = AsyncStream.makeStream(of: Void.self)
            try await withEngine(
                path,
                code: { _, context in
                    try await context.checkpoint("for ever") { _ -> String in
                        signal.yield()
                        try await untilCancelled()
                        return ""
                    }
                }
            ) { engine in
                try await engine.start()
                for await _ in reached { break }
                engine.opening.engine.hurry()
                try await engine.close(grace: .seconds(86_400))
            }
        }
    }
}

/// The folders that executions keep files in.
@Suite struct WorkspaceTests {
    private let files = FileManager.default

    private func left(_ path: String) throws -> [String] {
        let folder = path + "/workspaces"
        guard files.fileExists(atPath: folder) else { return [] }
        // What lies beside a folder goes with it.
        let names = try files.contentsOfDirectory(atPath: folder)
        let folders = Set(names.filter { !$0.contains(".") })
        #expect(names.allSatisfy { folders.contains(String($0.prefix { $0 != "." })) })
        return folders.sorted()
    }

    /// Writes a file and a link to something outside, and fails at the first attempt.
    private static func writes(_ outside: String, _ found: CallLog) -> Scripted.Code {
        { input, context in
            let folder = try await context.workspace()
            let names = try FileManager.default.contentsOfDirectory(atPath: folder)
            found.add(names.sorted().joined(separator: " "))
            try await context.checkpoint("write") { operation in
                let files = FileManager.default
                try files.createDirectory(
                    atPath: folder + "/inner",
                    withIntermediateDirectories: true
                )
                try Data("x".utf8).write(to: URL(filePath: folder + "/inner/file"))
                if names.isEmpty {
                    try files.createSymbolicLink(
                        atPath: folder + "/link",
                        withDestinationPath: outside
                    )
                }
                if operation.attempt == 1, input == 2 {
                    throw OperationError(code: "no", message: "no")
                }
            }
            return ""
        }
    }

    @Test func theFolderOfAClosedExecutionIsRemovedAndNoLinkIsFollowed() async throws {
        try await withJournal { path in
            let outside = path + "/outside"
            try files.createDirectory(atPath: outside, withIntermediateDirectories: true)
            try Data("kept".utf8).write(to: URL(filePath: outside + "/kept"))
            let found = CallLog()
            try await withEngine(path, code: Self.writes(outside, found)) { daybook in
                try await daybook.start()
                _ = try await daybook.result()
            }
            #expect(try left(path).isEmpty)
            #expect(files.fileExists(atPath: outside + "/kept"))
        }
    }

    /// Not only when the engine is closed.
    @Test(.timeLimit(.minutes(20))) func theFolderGoesWhileTheEngineRuns() async throws {
        try await withJournal { path in
            try await withEngine(path, code: Self.writes("/", CallLog())) { daybook in
                try await daybook.start()
                _ = try await daybook.result()
                while try !left(path).isEmpty { await Task.yield() }
            }
        }
    }

    /// What succeeded before is not run again, and counts on what it left.
    @Test func oneThatIsOpenedAgainFindsItsFiles() async throws {
        try await withJournal { path in
            let found = CallLog()
            try await withEngine(path, code: Self.writes("/", found)) { daybook in
                try await daybook.start("a", input: 2)
                let record = try await daybook.waitForEnd(of: "a")
                #expect(record.status == .failed)
                try await daybook.retry("a")
                _ = try await daybook.result()
            }
            #expect(found.lines == ["", "inner link"])
            #expect(try left(path).isEmpty)
        }
    }

    /// Also over an opening of the journal: nobody knows when a person retries it.
    @Test func theFolderOfAFailedExecutionStays() async throws {
        try await withJournal { path in
            let found = CallLog()
            try await withEngine(path, code: Self.writes("/", found)) { daybook in
                try await daybook.start("a", input: 2)
                _ = try await daybook.waitForEnd(of: "a")
            }
            #expect(try left(path).count == 1)
            try await withEngine(path, code: Self.writes("/", found)) { daybook in
                #expect(try left(path).count == 1)
                try await daybook.retry("a")
                _ = try await daybook.result()
            }
            #expect(found.lines == ["", "inner link"])
            #expect(try left(path).isEmpty)
        }
    }

    @Test func foldersCanBeKeptAndWhatIsLeftOverGoesWhenTheJournalIsOpened() async throws {
        try await withJournal { path in
            var options = EngineOptions()
            options.keepsWorkspaces = true
            let found = CallLog()
            try await withEngine(path, options, code: Self.writes("/", found)) { daybook in
                try await daybook.start()
                _ = try await daybook.result()
            }
            #expect(try left(path).count == 1)
            // Of an execution that nobody knows, and of nobody.
            for name in ["999999", "notes"] {
                try files.createDirectory(
                    atPath: path + "/workspaces/" + name,
                    withIntermediateDirectories: true
                )
            }
            try await withEngine(path, code: Self.writes("/", found)) { _ in }
            #expect(try left(path).sorted() == ["999999", "notes"])
        }
    }

    /// Somebody had it run again while it was looked at: its folder goes when that is over.
    @Test func theFolderOfOneThatRunsAgainIsStillKnown() async throws {
        try await withJournal { path in
            let code: Scripted.Code = { _, context in
                _ = try await context.workspace()
                return try await context.receive("go", as: String.self)
            }
            try await withEngine(path, code: code) { daybook in
                try await daybook.start()
                try await daybook.untilWaiting()
                let workspaces = try #require(daybook.opening.engine.workspaces)
                let number = try #require(workspaces.executions.first)
                workspaces.removeFolder(of: number)
                #expect(try left(path).count == 1)
                #expect(workspaces.concerns([number]))
                try await daybook.signal("a", "go", "on")
                _ = try await daybook.result()
            }
            #expect(try left(path).isEmpty)
        }
    }
}
