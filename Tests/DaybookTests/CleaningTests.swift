import Daybook
import DaybookFormat
import DaybookInspector
import DaybookJournal
import DaybookModel
import DaybookSystem
import DaybookTestKit
import Testing

/// What a handler registers for an end from outside, and what becomes of it.
@Suite struct CleaningTests {
    private let room = ClockedJournal()

    private struct Broken: Error, CustomStringConvertible {
        let description = "the bank is closed"
    }

    /// Reserves two things, and waits for a word to go on.
    private static func saga(_ calls: CallLog) -> Scripted.Code {
        { _, context in
            var open: [Unfinished] = []
            for name in ["room", "flight"] {
                let work = try await context.onUnfinished("release \(name)") { scope in
                    try await scope.checkpoint("release") { operation in
                        calls.add("release \(name) as \(operation.name)")
                    }
                }
                open.append(work)
                try await context.checkpoint("reserve \(name)") { operation in
                    calls.add("reserve \(name) \(operation.idempotencyKey.prefix(8))")
                }
            }
            let word: String = try await context.receive("word")
            for work in open { try await context.finished(work) }
            try await context.checkpoint("pay") { _ in calls.add("pay") }
            return word
        }
    }

    private func names(_ path: String, from event: String) throws -> [String] {
        let inspector = try Inspector(path: path)
        defer { inspector.close() }
        var names: [String] = []
        try inspector.scan { entry in
            let suffix = entry.operation.map { " \($0.name)" } ?? ""
            names.append(entry.eventName + suffix)
            return true
        }
        return names.firstIndex(of: event).map { Array(names[$0...]) } ?? names
    }

    // MARK: What runs

    @Test func aCancelRunsWhatIsRegisteredTheNewestFirst() async throws {
        try await withJournal(room.creation) { path in
            let calls = CallLog()
            try await withEngine(path, room.options, code: Self.saga(calls)) { daybook in
                try await daybook.start()
                try await daybook.untilWaiting()
                let answer = try await daybook.cancel("a", by: Requester(reason: "wrong day"))
                #expect(answer.status == .cancelled)
                let record = try await daybook.waitForEnd(of: "a")
                #expect(record.status == .cancelled)
                #expect(record.isClosed)
                #expect(record.cleaning.isEmpty)
            }
            #expect(
                calls.lines.suffix(2) == ["release flight as release", "release room as release"]
            )
            #expect(calls.lines.count == 4)
            #expect(
                try names(path, from: "execution_cancelled") == [
                    "execution_cancelled", "lease_released", "execution_claimed",
                    "checkpoint_succeeded release", "cleaning_ended release flight",
                    "checkpoint_succeeded release", "cleaning_ended release room",
                    "execution_closed", "session_closed",
                ]
            )
        }
    }

    @Test func whatIsFinishedAndWhatEndsByItselfIsLeftAlone() async throws {
        try await withJournal(room.creation) { path in
            let calls = CallLog()
            try await withEngine(path, room.options, code: Self.saga(calls)) { daybook in
                try await daybook.start()
                try await daybook.signal("a", "word", "go")
                #expect(try await daybook.result() == "\"go\"")
            }
            #expect(calls.lines.last == "pay")
            #expect(!calls.lines.contains { $0.hasPrefix("release") })
            try await withEngine(
                path,
                room.options,
                code: { _, context in
                    try await context.onUnfinished("release") { _ in calls.add("released") }
                    throw Broken()
                }
            ) { daybook in
                try await daybook.start("b")
                let record = try await daybook.waitForEnd(of: "b")
                #expect(record.status == .failed)
            }
            #expect(!calls.lines.contains("released"))
        }
    }

    @Test func theLastTimeOutRunsItAndOneThatIsRetriedDoesNot() async throws {
        try await withJournal(room.creation) { path in
            let calls = CallLog()
            try await withEngine(path, room.options, code: Self.saga(calls)) { daybook in
                var terms = ExecutionOptions()
                terms.timeout = .seconds(10)
                terms.retry = RetryPolicy(maxAttempts: 2, baseDelay: .zero)
                try await daybook.start("a", terms)
                try await daybook.untilWaiting()
                room.clock.pass(.seconds(10))
                _ = try await daybook.wait(for: "a") { $0.attempt == 2 && $0.status == .waiting }
                #expect(!calls.lines.contains { $0.hasPrefix("release") })
                room.clock.pass(.seconds(10))
                let record = try await daybook.waitForEnd(of: "a")
                #expect(record.status == .timedOut)
            }
            #expect(
                calls.lines.suffix(2) == ["release flight as release", "release room as release"]
            )
        }
    }

    @Test(arguments: [0, 1_000])
    func itRunsAlsoWhereNobodyRanTheExecution(_ maxResident: Int) async throws {
        try await withJournal(room.creation) { path in
            let calls = CallLog()
            var options = room.options
            options.maxResident = maxResident
            try await withEngine(path, options, code: Self.saga(calls)) { daybook in
                try await daybook.start()
                try await daybook.untilWaiting()
            }
            var looking = room.options
            looking.claims = .nothing
            try await withEngine(path, looking, code: Self.saga(calls)) { daybook in
                try await daybook.cancel("a")
                let record = try #require(try daybook.record(of: "a"))
                #expect(!record.isClosed)
                #expect(record.cleaning == ["release flight", "release room"])
            }
            try await withEngine(path, options, code: Self.saga(calls)) { daybook in
                let record = try await daybook.waitForEnd(of: "a")
                #expect(record.status == .cancelled)
            }
            #expect(calls.lines.count == 4)
        }
    }

    @Test func everyBeginningOfItsHistoryAgreesWithTheCode() async throws {
        try await withJournal(room.creation) { path in
            let calls = CallLog()
            let history = try await withEngine(path, room.options, code: Self.saga(calls)) {
                daybook in
                try await daybook.start()
                try await daybook.untilWaiting()
                try await daybook.cancel("a")
                _ = try await daybook.waitForEnd(of: "a")
                try await daybook.retry("a")
                try await daybook.untilWaiting()
                try await daybook.cancel("a")
                _ = try await daybook.waitForEnd(of: "a")
                return try RecordedHistory(of: "a", in: daybook.journal)
            }
            let before = calls.lines.count
            let replayer = Replayer(workflows: [Scripted(body: Self.saga(calls))])
            for length in 1...history.count {
                let report = try await replayer.replay(history.prefix(length))
                guard case .agreesSoFar = report.outcome else {
                    Issue.record("\(length): \(report.outcome)")
                    continue
                }
            }
            #expect(calls.lines.count == before)
        }
    }

    // MARK: Errors and time

    @Test func anErrorInOneIsRecordedAndKeepsNothingElseFromRunning() async throws {
        try await withJournal(room.creation) { path in
            let calls = CallLog()
            try await withEngine(
                path,
                room.options,
                code: { _, context in
                    try await context.onUnfinished("first") { _ in calls.add("first") }
                    try await context.onUnfinished("second") { scope in
                        try await scope.checkpoint("refund") { _ in throw Broken() }
                    }
                    try await context.onUnfinished("third") { scope in
                        try await scope.sleep(for: .seconds(1))
                    }
                    let word: String = try await context.receive("word")
                    return word
                }
            ) { daybook in
                try await daybook.start()
                try await daybook.untilWaiting()
                try await daybook.cancel("a")
                _ = try await daybook.waitForEnd(of: "a")
            }
            #expect(calls.lines == ["first"])
            let inspector = try Inspector(path: path)
            defer { inspector.close() }
            let number = try inspector.record(of: "a").number
            let shown = try inspector.operations(of: number).filter { $0.isCleaned }
            #expect(shown.map(\.operation.name.text) == ["first", "second", "third"])
            #expect(shown.map(\.errorCode) == [nil, "Broken", "while-cleaning"])
            #expect(shown[1].message == "the bank is closed")
        }
    }

    @Test func oneThatTakesTooLongIsToldAndHasTimedOut() async throws {
        try await withJournal(room.creation) { path in
            let calls = CallLog()
            let (reached, signal) = AsyncStream.makeStream(of: Void.self)
            try await withEngine(
                path,
                room.options,
                code: { _, context in
                    try await context.onUnfinished("patient") { _ in calls.add("patient") }
                    try await context.onUnfinished("slow", timeout: .seconds(5)) { scope in
                        try await scope.checkpoint("hangs") { operation in
                            signal.yield()
                            await untilTold()
                            calls.add("told")
                        }
                        try await scope.checkpoint("too late") { _ in calls.add("too late") }
                    }
                    let word: String = try await context.receive("word")
                    return word
                }
            ) { daybook in
                try await daybook.start()
                try await daybook.untilWaiting()
                try await daybook.cancel("a")
                for await _ in reached { break }
                room.clock.pass(.seconds(5))
                _ = try await daybook.waitForEnd(of: "a")
                #expect(calls.lines == ["told", "patient"])
            }
            let inspector = try Inspector(path: path)
            defer { inspector.close() }
            let number = try inspector.record(of: "a").number
            let slow = try #require(
                try inspector.operations(of: number).first { $0.operation.name == "slow" }
            )
            #expect(slow.errorCode == "timed_out")
        }
    }

    @Test func itsCheckpointsAreRetriedWithoutWaiting() async throws {
        try await withJournal(room.creation) { path in
            let calls = CallLog()
            try await withEngine(
                path,
                room.options,
                code: { _, context in
                    try await context.onUnfinished("refund") { scope in
                        let policy = RetryPolicy(maxAttempts: 3, baseDelay: .zero)
                        try await scope.checkpoint("refund", options: .init(retry: policy)) {
                            operation in
                            calls.add("try \(operation.tries)")
                            if operation.tries < 3 { throw Broken() }
                        }
                    }
                    let word: String = try await context.receive("word")
                    return word
                }
            ) { daybook in
                try await daybook.start()
                try await daybook.untilWaiting()
                try await daybook.cancel("a")
                _ = try await daybook.waitForEnd(of: "a")
            }
            #expect(calls.lines == ["try 1", "try 2", "try 3"])
        }
    }

    // MARK: People

    @Test func itCanBePausedResumedAndLeftOut() async throws {
        try await withJournal(room.creation) { path in
            let calls = CallLog()
            let (reached, signal) = AsyncStream.makeStream(of: Void.self)
            let code: Scripted.Code = { _, context in
                try await context.onUnfinished("never") { _ in calls.add("never") }
                try await context.onUnfinished("stubborn") { scope in
                    try await scope.checkpoint("hangs") { _ in
                        signal.yield()
                        try await untilCancelled()
                    }
                }
                let word: String = try await context.receive("word")
                return word
            }
            try await withEngine(path, room.options, code: code) { daybook in
                var turns = reached.makeAsyncIterator()
                try await daybook.start()
                try await daybook.untilWaiting()
                try await daybook.cancel("a")
                await turns.next()
                try await daybook.pause("a")
                let paused = try await daybook.wait(for: "a") { $0.session == nil }
                #expect(paused.isPaused && !paused.isClosed)
                #expect(paused.cleaning == ["stubborn", "never"])
                try await daybook.resume("a")
                await turns.next()
                let answer = try await daybook.cancel("a", force: true)
                #expect(!answer.wasSo)
                let record = try await daybook.waitForEnd(of: "a")
                #expect(record.isClosed)
                #expect(calls.lines.isEmpty)
            }
        }
    }

    @Test func forceLeavesItOutAtTheCancelToo() async throws {
        try await withJournal(room.creation) { path in
            let calls = CallLog()
            try await withEngine(path, room.options, code: Self.saga(calls)) { daybook in
                try await daybook.start()
                try await daybook.untilWaiting()
                try await daybook.cancel("a", force: true)
                _ = try await daybook.waitForEnd(of: "a")
                #expect(!calls.lines.contains { $0.hasPrefix("release") })
                // Nothing was undone, so nothing is done again.
                let before = calls.lines
                try await daybook.retry("a")
                try await daybook.untilWaiting()
                #expect(calls.lines == before)
                // The registrations stand again.
                try await daybook.cancel("a")
                _ = try await daybook.waitForEnd(of: "a")
                #expect(calls.lines.count == 4)
            }
        }
    }

    @Test func aRetryDoesAgainWhatWasUndoneUnderOtherKeys() async throws {
        try await withJournal(room.creation) { path in
            let calls = CallLog()
            try await withEngine(path, room.options, code: Self.saga(calls)) { daybook in
                try await daybook.start()
                try await daybook.untilWaiting()
                try await daybook.cancel("a")
                _ = try await daybook.waitForEnd(of: "a")
                try await daybook.retry("a")
                try await daybook.untilWaiting()
                let reservations = calls.lines.filter { $0.hasPrefix("reserve") }
                #expect(reservations.count == 4)
                #expect(Set(reservations).count == 4)
                try await daybook.cancel("a")
                _ = try await daybook.waitForEnd(of: "a")
                #expect(calls.lines.count { $0.hasPrefix("release") } == 4)
            }
        }
    }

    // MARK: Code that does not agree

    @Test func codeThatRegistersNoMoreIsParkedAndGoesOnWhenItDoes() async throws {
        try await withJournal(room.creation) { path in
            let calls = CallLog()
            var looking = room.options
            looking.claims = .nothing
            try await withEngine(path, room.options, code: Self.saga(calls)) { daybook in
                try await daybook.start()
                try await daybook.untilWaiting()
            }
            try await withEngine(path, looking, code: Self.saga(calls)) { daybook in
                _ = try await daybook.cancel("a")
            }
            try await withEngine(path, room.options, code: { _, _ in "changed" }) { daybook in
                let record = try await daybook.waitForEnd(of: "a")
                #expect(record.isParked)
                #expect(record.status == .cancelled)
            }
            try await withEngine(path, room.options, code: Self.saga(calls)) { daybook in
                let answer = try await daybook.retry("a")
                #expect(answer.status == .cancelled)
                let record = try await daybook.waitForEnd(of: "a")
                #expect(record.isClosed)
            }
            #expect(calls.lines.count { $0.hasPrefix("release") } == 2)
        }
    }

    // MARK: Branches

    @Test func branchesRegisterTooAlsoThoseThatLost() async throws {
        try await withJournal(room.creation) { path in
            let calls = CallLog()
            let code: Scripted.Code = { _, context in
                _ = try await context.map("each", [1, 2]) { scope, element in
                    try await scope.onUnfinished("undo \(element)") { scope in
                        try await scope.checkpoint("undo") { _ in calls.add("undo \(element)") }
                    }
                    try await scope.checkpoint("do") { operation in
                        calls.add("do \(element) \(operation.idempotencyKey)")
                    }
                }
                let branches: [@Sendable (WorkflowContext) async throws -> Int] = [
                    { scope in
                        try await scope.onUnfinished("undo loser") { _ in calls.add("undo loser") }
                        try await scope.sleep(for: .seconds(1_000))
                        return 1
                    },
                    { scope in
                        try await scope.sleep(for: .seconds(1))
                        return 2
                    },
                ]
                _ = try await context.race("first", branches)
                let word: String = try await context.receive("word")
                return word
            }
            try await withEngine(path, room.options, code: code) { daybook in
                try await daybook.start()
                _ = try await daybook.wait(for: "a") { $0.waits.count == 2 }
                room.clock.pass(.seconds(1))
                _ = try await daybook.wait(for: "a") { $0.waits.first?.kind == .signal }
                try await daybook.cancel("a")
                _ = try await daybook.waitForEnd(of: "a")
            }
            let undone = calls.lines.filter { $0.hasPrefix("undo") }
            #expect(undone.first == "undo loser")
            #expect(Set(undone) == ["undo 1", "undo 2", "undo loser"])
            #expect(undone.count == 3)
            // The whole map is done again, under other keys; the race is decided.
            try await withEngine(path, room.options, code: code) { daybook in
                try await daybook.retry("a")
                _ = try await daybook.wait(for: "a") { $0.waits.count == 2 }
                #expect(Set(calls.lines.filter { $0.hasPrefix("do ") }).count == 4)
            }
        }
    }
}
