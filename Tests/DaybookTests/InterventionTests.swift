import Daybook
import DaybookFormat
import DaybookJournal
import DaybookModel
import DaybookSystem
import DaybookTestKit
import Testing

@Suite struct InterventionTests {
    private let room = ClockedJournal()

    private struct Broken: Error, CustomStringConvertible {
        let description = "it is broken"
    }

    private func events(_ daybook: Engine) throws -> [String] {
        var names: [String] = []
        try daybook.journal.scan { entry in
            if entry.event >= EventKind.executionSubmitted.rawValue {
                names.append(EventKind(rawValue: entry.event)?.name ?? "?")
            }
            return true
        }
        return names
    }

    // MARK: Retries

    @Test func whatFailsIsTriedAgainAndSeesWhatWentWrong() async throws {
        try await withJournal(room.creation) { path in
            let calls = CallLog()
            try await withEngine(
                path,
                room.options,
                code: { _, context in
                    let seen = try context.previousError?.message ?? "nothing"
                    calls.add("attempt \(context.attempt) after \(seen)")
                    _ = try await context.checkpoint("kept") { _ in
                        calls.add("kept")
                        return 1
                    }
                    return try await context.checkpoint("fails twice") { operation in
                        if operation.attempt < 3 { throw Broken() }
                        return "at last"
                    }
                }
            ) { daybook in
                var terms = ExecutionOptions()
                terms.retry = RetryPolicy(maxAttempts: 5, baseDelay: .seconds(10), multiplier: 3)
                try await daybook.start("a", terms)
                for delay in [10, 30] {
                    let record = try await daybook.wait(for: "a") { $0.isDelayed }
                    #expect(record.deadline?.since(room.clock.now()) == .seconds(delay))
                    room.clock.pass(.seconds(delay) - .nanoseconds(1))
                    let isDelayed = try daybook.record(of: "a")?.isDelayed
                    #expect(isDelayed == true)
                    room.clock.pass(.nanoseconds(1))
                    if delay == 10 { _ = try await daybook.wait(for: "a") { $0.attempt == 2 } }
                }
                let record = try await daybook.waitForEnd(of: "a")
                #expect(record.status == .completed)
                #expect(record.attempt == 3)
            }
            #expect(
                calls.lines == [
                    "attempt 1 after nothing", "kept", "attempt 2 after it is broken",
                    "attempt 3 after it is broken",
                ]
            )
        }
    }

    @Test func whatCannotBeHelpedIsNotTriedAgain() async throws {
        try await withJournal(room.creation) { path in
            try await withEngine(
                path,
                room.options,
                code: { input, context in
                    throw OperationError(
                        code: input == 1 ? "fatal" : "other",
                        message: "no",
                        isRetryable: input != 2
                    )
                }
            ) { daybook in
                for input in [1, 2] {
                    var terms = ExecutionOptions()
                    terms.retry = RetryPolicy(maxAttempts: 5, fatalCodes: ["fatal"])
                    let id = "id \(input)"
                    try await daybook.submit(Scripted.self, id: id, options: terms, input: input)
                        .execute()
                    let record = try await daybook.waitForEnd(of: id)
                    #expect(record.status == .failed)
                    #expect(record.attempt == 1)
                }
            }
        }
    }

    @Test func anOperationIsTriedAgainAndOnlyItsLastErrorCounts() async throws {
        try await withJournal(room.creation) { path in
            let calls = CallLog()
            let code: @Sendable (Int, WorkflowContext) async throws -> String = { _, context in
                let policy = RetryPolicy(maxAttempts: 3, baseDelay: .seconds(10), multiplier: 1)
                do {
                    return try await context.checkpoint("stubborn", options: .init(retry: policy)) {
                        operation in
                        calls.add("try \(operation.tries)")
                        throw OperationError(code: "no", message: "try \(operation.tries)")
                    }
                } catch let error as OperationError {
                    return error.message
                }
            }
            try await withEngine(path, room.options, code: code) { daybook in
                try await daybook.start()
                _ = try await daybook.wait(for: "a") { $0.waits.first?.kind == .retry }
                room.clock.pass(.seconds(10))
                _ = try await daybook.wait(for: "a") { record in
                    record.waits.first?.deadline?.since(room.clock.now()) == .seconds(10)
                }
            }
            // The count and the delay survive a restart.
            room.clock.pass(.seconds(10))
            try await withEngine(path, room.options, code: code) { daybook in
                let record = try await daybook.waitForEnd(of: "a")
                #expect(record.status == .completed)
                let output = try daybook.outcome(of: record).get()
                #expect(String(decoding: output, as: UTF8.self) == "\"try 3\"")
                let names = try events(daybook)
                #expect(names.count { $0 == "operation_retried" } == 2)
                #expect(names.count { $0 == "checkpoint_failed" } == 1)
            }
            #expect(calls.lines == ["try 1", "try 2", "try 3"])
        }
    }

    // MARK: Time-outs

    @Test func anAttemptThatTakesTooLongIsToldSoAndClosedOnceItHasEnded() async throws {
        try await withJournal(room.creation) { path in
            let (begun, signal) = AsyncStream.makeStream(of: Void.self)
            try await withEngine(
                path,
                room.options,
                code: { _, context in
                    try await context.checkpoint("blocks") { _ in
                        signal.yield()
                        try await untilCancelled()
                    }
                    return "not reached"
                }
            ) { daybook in
                var terms = ExecutionOptions()
                terms.timeout = .seconds(60)
                try await daybook.start("a", terms)
                for await _ in begun { break }
                room.clock.pass(.seconds(60))
                let record = try await daybook.waitForEnd(of: "a")
                #expect(record.status == .timedOut)
                #expect(record.errorCode == "timed_out")
                let error = #expect(throws: OperationError.self) {
                    try daybook.outcome(of: record).get()
                }
                #expect(error?.message == "Task timed out")
                let names = try events(daybook)
                #expect(names.suffix(2) == ["execution_timed_out", "execution_closed"])
                // That a body was told to stop is not what it failed with.
                #expect(!names.contains("checkpoint_failed"))
            }
        }
    }

    @Test func aTimeOutIsTriedAgainOnceTheBodyHasEnded() async throws {
        try await withJournal(room.creation) { path in
            let (begun, signal) = AsyncStream.makeStream(of: Void.self)
            let (let_go, release) = AsyncStream.makeStream(of: Void.self)
            try await withEngine(
                path,
                room.options,
                code: { _, context in
                    try await context.checkpoint("deaf") { operation in
                        guard operation.attempt == 1 else { return "second" }
                        signal.yield()
                        // It does not hear that it is told to stop.
                        await Task { for await _ in let_go { break } }.value
                        throw Broken()
                    }
                }
            ) { daybook in
                var terms = ExecutionOptions()
                terms.timeout = .seconds(60)
                terms.retry = RetryPolicy(maxAttempts: 2, baseDelay: .zero)
                try await daybook.start("a", terms)
                for await _ in begun { break }
                room.clock.pass(.seconds(60))
                let held = try await daybook.wait(for: "a") { $0.status == .ready }
                #expect(held.session != nil)
                #expect(held.attempt == 1)
                release.yield()
                let record = try await daybook.waitForEnd(of: "a")
                #expect(record.status == .completed)
                #expect(record.attempt == 2)
            }
        }
    }

    @Test func anOperationThatTakesTooLongHasFailedAndTheHandlerGoesOn() async throws {
        try await withJournal(room.creation) { path in
            let (begun, signal) = AsyncStream.makeStream(of: Void.self)
            try await withEngine(
                path,
                room.options,
                code: { _, context in
                    let fast = try await context.checkpoint(
                        "fast",
                        options: .init(timeout: .seconds(5))
                    ) { _ in 1 }
                    do {
                        try await context.checkpoint("slow", options: .init(timeout: .seconds(5))) {
                            _ in
                            signal.yield()
                            try await untilCancelled()
                        }
                        return "not reached"
                    } catch let error as OperationError {
                        return "\(fast) \(error.code) \(error.facts.kind.rawValue)"
                    }
                }
            ) { daybook in
                try await daybook.start()
                for await _ in begun { break }
                room.clock.pass(.seconds(5))
                let record = try await daybook.waitForEnd(of: "a")
                let output = try daybook.outcome(of: record).get()
                #expect(String(decoding: output, as: UTF8.self) == "\"1 timed_out timed_out\"")
            }
        }
    }

    @Test func waitsAreIncludedInTheTimeOfAnAttempt() async throws {
        try await withJournal(room.creation) { path in
            try await withEngine(
                path,
                room.options,
                code: { _, context in
                    try await context.sleep(for: .seconds(100))
                    return "not reached"
                }
            ) { daybook in
                var terms = ExecutionOptions()
                terms.timeout = .seconds(60)
                try await daybook.start("a", terms)
                _ = try await daybook.wait(for: "a") { $0.status == .waiting }
                room.clock.pass(.seconds(60))
                let record = try await daybook.waitForEnd(of: "a")
                #expect(record.status == .timedOut)
            }
        }
    }

    // MARK: Cancelling

    @Test func whatIsCancelledWhileItRunsIsToldAndWhatWasDoneIsStillRecorded() async throws {
        try await withJournal(room.creation) { path in
            let (begun, signal) = AsyncStream.makeStream(of: Void.self)
            try await withEngine(
                path,
                room.options,
                code: { _, context in
                    _ = try await context.checkpoint("finishes") { _ in
                        signal.yield()
                        await untilTold()
                        return 1
                    }
                    _ = try await context.checkpoint("never begun") { _ in 2 }
                    return "not reached"
                }
            ) { daybook in
                try await daybook.start()
                for await _ in begun { break }
                let answers = try await withThrowingTaskGroup(of: InterventionAnswer.self) {
                    group in
                    for _ in 0..<10 {
                        group.addTask {
                            try await daybook.cancel("a", by: Requester(reason: "no use"))
                        }
                    }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                #expect(answers.allSatisfy { $0.status == .cancelled })
                #expect(answers.count { !$0.wasSo } == 1)
                let record = try await daybook.waitForEnd(of: "a")
                #expect(record.status == .cancelled)
                let error = #expect(throws: OperationError.self) {
                    try daybook.outcome(of: record).get()
                }
                #expect(error?.facts.kind == .cancelled)
                #expect(error?.message == "no use")
                #expect(
                    try events(daybook).suffix(3) == [
                        "execution_cancelled", "checkpoint_succeeded", "execution_closed",
                    ]
                )
            }
        }
    }

    @Test func whatIsCancelledBeforeItStartsNeverRuns() async throws {
        try await withJournal(room.creation) { path in
            try await withEngine(
                path,
                room.options,
                code: { _, _ in
                    Issue.record("it runs")
                    return ""
                }
            ) { daybook in
                try await daybook.submit(Scripted.self, id: "a", input: 1)
                try await daybook.cancel("a")
                let record = try await daybook.waitForEnd(of: "a")
                #expect(record.status == .cancelled)
                #expect(record.startedAt == nil)
                let status = try await daybook.execute("a").status
                #expect(status == .cancelled)
            }
        }
    }

    @Test func whatWaitsIsCancelledAtOnce() async throws {
        try await withJournal(room.creation) { path in
            var options = room.options
            options.maxResident = 0
            try await withEngine(
                path,
                options,
                code: { _, context in
                    let _: Int = try await context.receive("never")
                    return ""
                }
            ) { daybook in
                try await daybook.start()
                _ = try await daybook.wait(for: "a") { $0.status == .waiting }
                try await daybook.cancel("a")
                let record = try await daybook.waitForEnd(of: "a")
                #expect(record.status == .cancelled)
            }
        }
    }

    @Test func whatHasEndedCannotBeCancelled() async throws {
        try await withJournal(room.creation) { path in
            try await withEngine(path, room.options, code: { _, _ in "done" }) { daybook in
                try await daybook.start()
                _ = try await daybook.waitForEnd(of: "a")
                let size = daybook.journal.head.size
                let refusal = await #expect(throws: Refusal.self) { try await daybook.cancel("a") }
                #expect(refusal?.code == .wrongState)
                #expect(daybook.journal.head.size == size)
            }
        }
    }

    // MARK: Pausing

    @Test func whatIsPausedWhileItRunsIsGivenBackAndGoesOnWhenItIsResumed() async throws {
        try await withJournal(room.creation) { path in
            let calls = CallLog()
            let (begun, signal) = AsyncStream.makeStream(of: Void.self)
            try await withEngine(
                path,
                room.options,
                code: { _, context in
                    try await context.checkpoint("first") { _ in
                        calls.add("first")
                        signal.yield()
                        await untilTold()
                    }
                    try await context.checkpoint("second") { _ in calls.add("second") }
                    return "done"
                }
            ) { daybook in
                try await daybook.start()
                for await _ in begun { break }
                try await daybook.pause("a")
                let paused = try await daybook.wait(for: "a") { $0.session == nil }
                #expect(standing(paused) == "ready, paused")
                try await daybook.resume("a")
                let end = try await daybook.waitForEnd(of: "a")
                #expect(standing(end) == "completed")
            }
            #expect(calls.lines == ["first", "second"])
        }
    }

    @Test func timersOfWhatIsPausedGoOn() async throws {
        try await withJournal(room.creation) { path in
            let calls = CallLog()
            try await withEngine(
                path,
                room.options,
                code: { _, context in
                    try await context.sleep(for: .seconds(10))
                    try await context.checkpoint("after") { _ in calls.add("after") }
                    return "done"
                }
            ) { daybook in
                try await daybook.start()
                _ = try await daybook.wait(for: "a") { $0.status == .waiting }
                try await daybook.pause("a")
                room.clock.pass(.seconds(10))
                let fired = try await daybook.wait(for: "a") { record in
                    record.waits.count == 0 && record.session == nil
                }
                #expect(standing(fired) == "ready, paused")
                try await daybook.resume("a")
                let end = try await daybook.waitForEnd(of: "a")
                #expect(standing(end) == "completed")
            }
            #expect(calls.lines == ["after"])
        }
    }

    private func standing(_ record: ExecutionRecord) -> String {
        record.status.rawValue + (record.isPaused ? ", paused" : "")
    }

    // MARK: Retrying by hand

    @Test func aPersonsRetryRunsWhatFailedAndKeepsTheRest() async throws {
        try await withJournal(room.creation) { path in
            let calls = CallLog()
            let repaired = Locked(false)
            try await withEngine(
                path,
                room.options,
                code: { _, context in
                    try await context.checkpoint("good") { _ in calls.add("good") }
                    try await context.checkpoint("bad") { _ in
                        calls.add("bad")
                        if !repaired.withLock({ $0 }) { throw Broken() }
                    }
                    return "done"
                }
            ) { daybook in
                try await daybook.start()
                let failed = try await daybook.waitForEnd(of: "a")
                #expect(failed.status == .failed)
                repaired.withLock { $0 = true }
                let answer = try await daybook.retry("a", by: Requester(reason: "repaired"))
                #expect(answer.number == failed.number)
                let record = try await daybook.waitForEnd(of: "a")
                #expect(record.status == .completed)
                #expect(record.attempt == 2)
                #expect(record.errorCode == nil)
                let size = daybook.journal.head.size
                let refusal = await #expect(throws: Refusal.self) { try await daybook.retry("a") }
                #expect(refusal?.code == .wrongState)
                #expect(daybook.journal.head.size == size)
            }
            #expect(calls.lines == ["good", "bad", "bad"])
        }
    }

    @Test func ofTwoRetriesAtOnceOneWins() async throws {
        try await withJournal(room.creation) { path in
            let (begun, signal) = AsyncStream.makeStream(of: Void.self)
            try await withEngine(
                path,
                room.options,
                code: { _, context in
                    if context.attempt == 1 { throw Broken() }
                    try await context.checkpoint("blocks") { _ in
                        signal.yield()
                        try await untilCancelled()
                    }
                    return ""
                }
            ) { daybook in
                try await daybook.start()
                _ = try await daybook.waitForEnd(of: "a")
                let wins = await withTaskGroup(of: Bool.self) { group in
                    for _ in 0..<8 {
                        group.addTask {
                            do {
                                try await daybook.retry("a")
                                return true
                            } catch {
                                return false
                            }
                        }
                    }
                    return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
                }
                #expect(wins == 1)
                for await _ in begun { break }
                let refusal = await #expect(throws: Refusal.self) { try await daybook.retry("a") }
                #expect(refusal?.code == .conflict)
            }
        }
    }

    // MARK: Expiry

    @Test func whatIsNeverExecutedExpires() async throws {
        var creation = room.creation
        creation.submissionLifetime = .seconds(3_600)
        try await withJournal(creation) { path in
            try await withEngine(path, room.options, code: { _, _ in "done" }) { daybook in
                try await daybook.submit(Scripted.self, id: "a", input: 1)
                room.clock.pass(.seconds(3_600))
                let record = try await daybook.waitForEnd(of: "a")
                #expect(record.status == .expired)
                let refusal = await #expect(throws: Refusal.self) { try await daybook.execute("a") }
                #expect(refusal?.code == .wrongState)
                await #expect(throws: Refusal.self) {
                    try await daybook.start(Scripted.self, id: "a", input: 1)
                }
                // A person has it run all the same.
                try await daybook.retry("a")
                #expect(try await daybook.result() == "\"done\"")
            }
        }
    }

    @Test func whatIsSubmittedStaysUnlessTheJournalSaysOtherwise() async throws {
        try await withJournal(room.creation) { path in
            try await withEngine(path, room.options, code: { _, _ in "done" }) { daybook in
                let handle = try await daybook.submit(Scripted.self, id: "a", input: 1)
                room.clock.pass(.seconds(36_000_000))
                try await handle.execute()
                #expect(try await handle.result() == "done")
            }
        }
    }

    @Test func whatIsDelayedRunsOnceItsTimeHasCome() async throws {
        try await withJournal(room.creation) { path in
            try await withEngine(path, room.options, code: { _, _ in "done" }) { daybook in
                var terms = ExecutionOptions()
                terms.delay = .seconds(30)
                let submitted = room.clock.now()
                try await daybook.start("a", terms)
                let delayed = try await daybook.wait(for: "a") { $0.isDelayed }
                #expect(delayed.startAt?.since(submitted) == .seconds(30))
                room.clock.pass(.seconds(30))
                let record = try await daybook.waitForEnd(of: "a")
                #expect(record.status == .completed)
                #expect(record.startedAt?.since(submitted) == .seconds(30))
            }
        }
    }

    /// An operation that waits for its next try goes on waiting when a parked execution is retried.
    @Test func whatWaitsForItsNextTryWaitsThroughAParking() async throws {
        try await withJournal(room.creation) { path in
            let calls = CallLog()
            @Sendable func code(_ other: String)
                -> @Sendable (Int, WorkflowContext) async throws ->
                String
            {
                { _, context in
                    let values = try await context.map("both", ["a", "b"]) { scope, name in
                        if name == "b" {
                            try await scope.checkpoint(other) { _ in }
                            return try await scope.receive("go", as: String.self)
                        }
                        let policy = RetryPolicy(maxAttempts: 2, baseDelay: .seconds(3_600))
                        return try await scope.checkpoint("flaky", options: .init(retry: policy)) {
                            _ in
                            calls.add("try")
                            if calls.lines.count < 2 { throw Broken() }
                            return "worked"
                        }
                    }
                    return values.joined(separator: " ")
                }
            }
            try await withEngine(path, room.options, code: code("first")) { daybook in
                try await daybook.start("a", ExecutionOptions())
                _ = try await daybook.wait(for: "a") { $0.waits.count == 2 }
            }
            try await withEngine(path, room.options, code: code("renamed")) { daybook in
                try await daybook.signal("a", "go", "gone")
                _ = try await daybook.wait(for: "a") { $0.isParked }
            }
            try await withEngine(path, room.options, code: code("first")) { daybook in
                try await daybook.retry("a")
                _ = try await daybook.wait(for: "a") { $0.status == .waiting }
                #expect(calls.lines == ["try"])
                room.clock.pass(.seconds(3_600))
                let record = try await daybook.waitForEnd(of: "a")
                let output = try daybook.outcome(of: record).get()
                #expect(String(decoding: output, as: UTF8.self) == "\"worked gone\"")
                #expect(calls.lines == ["try", "try"])
            }
        }
    }
}
