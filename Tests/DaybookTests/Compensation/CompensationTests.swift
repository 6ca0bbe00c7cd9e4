import Daybook
import DaybookFormat
import DaybookInspector
import DaybookModel
import DaybookSystem
import DaybookTestKit
import Testing

/// The error of a body, or of what undoes it.
struct Unwilling: Error, CustomStringConvertible {
    let description: String

    init(_ description: String = "no") { self.description = description }
}

/// A trip: a flight and a hotel are booked, then a car, which may fail.
struct Trip: Sendable {
    let calls = CallLog()
    /// What cannot be undone.
    let stubborn = Locked<Set<String>>([])
    /// What cannot be booked.
    let refused = Locked<Set<String>>(["car"])

    /// Books one thing, which is undone should the execution end badly.
    func book(
        _ name: String,
        _ context: WorkflowContext,
        _ options: CheckpointOptions = CheckpointOptions()
    ) async throws -> String {
        try await context.checkpoint(
            name,
            options: options,
            compensate: { booking, operation in
                calls.add("undo \(booking?.prefix(while: { $0 != " " }) ?? "what may be \(name)")")
                if stubborn.withLock({ $0.contains(name) }) { throw Unwilling("too late") }
            },
            { operation in
                calls.add("book \(name)")
                if refused.withLock({ $0.contains(name) }) { throw Unwilling("sold out") }
                return "\(name) \(operation.idempotencyKey.prefix(8))"
            }
        )
    }

    var code: Scripted.Code {
        { _, context in
            let flight = try await book("flight", context)
            try await context.checkpoint("mail") { _ in calls.add("mail") }
            let hotel = try await book("hotel", context)
            let car = try await book("car", context)
            return "\(flight), \(hotel), \(car)"
        }
    }

    /// What was undone, in order.
    var undone: [String] {
        calls.lines.filter { $0.hasPrefix("undo ") }.map { String($0.dropFirst(5)) }
    }
    /// What was booked, in order.
    var booked: [String] {
        calls.lines.filter { $0.hasPrefix("book ") }.map { String($0.dropFirst(5)) }
    }
}

/// The names of the events from one on, with their operations.
func eventNames(_ path: String, from event: String) throws -> [String] {
    let inspector = try Inspector(path: path)
    defer { inspector.close() }
    var names: [String] = []
    try inspector.scan { entry in
        names.append(entry.eventName + (entry.operation.map { " \($0.name)" } ?? ""))
        return true
    }
    return names.firstIndex(of: event).map { Array(names[$0...]) } ?? names
}

/// When checkpoints are undone, in which order, and what they are given.
@Suite struct CompensationTests {
    private let room = ClockedJournal()

    // MARK: Which ends

    @Test(arguments: [0, 1_000])
    func whatFailedForGoodIsUndoneTheNewestFirst(_ maxResident: Int) async throws {
        try await withJournal(room.creation) { path in
            let trip = Trip()
            var options = room.options
            options.maxResident = maxResident
            try await withEngine(path, options, code: trip.code) { daybook in
                try await daybook.start()
                let record = try await daybook.waitForEnd(of: "a")
                #expect(record.status == .failed)
                #expect(record.isClosed)
                #expect(record.undoing.isEmpty)
                #expect(record.errorCode == "Unwilling")
            }
            #expect(
                trip.calls.lines == [
                    "book flight", "mail", "book hotel", "book car", "undo hotel", "undo flight",
                ]
            )
            #expect(
                try eventNames(path, from: "execution_failed") == [
                    "execution_failed", "lease_released", "execution_claimed",
                    "checkpoint_succeeded undo hotel", "cleaning_ended hotel",
                    "checkpoint_succeeded undo flight", "cleaning_ended flight",
                    "execution_closed", "session_closed",
                ]
            )
        }
    }

    @Test func whatCompletesIsNeverUndoneAndNothingIsBetweenAttempts() async throws {
        try await withJournal(room.creation) { path in
            let trip = Trip()
            try await withEngine(path, room.options, code: trip.code) { daybook in
                var terms = ExecutionOptions()
                terms.retry = RetryPolicy(maxAttempts: 2, baseDelay: .seconds(1))
                try await daybook.start("a", terms)
                _ = try await daybook.wait(for: "a") { $0.isDelayed }
                #expect(trip.undone.isEmpty)
                trip.refused.withLock { $0 = [] }
                room.clock.pass(.seconds(2))
                let record = try await daybook.waitForEnd(of: "a")
                #expect(record.status == .completed)
            }
            #expect(trip.undone.isEmpty)
            // Successes are kept.
            #expect(trip.booked == ["flight", "hotel", "car", "car"])
        }
    }

    @Test func whatNeedsNoUndoingIsClosedAtOnce() async throws {
        try await withJournal(room.creation) { path in
            let trip = Trip()
            try await withEngine(
                path,
                room.options,
                code: { _, context in try await trip.book("car", context) }
            ) { daybook in
                try await daybook.start()
                _ = try await daybook.waitForEnd(of: "a")
            }
            // The only one has failed, and threw: it has done nothing.
            #expect(trip.undone.isEmpty)
            #expect(
                try eventNames(path, from: "execution_failed")
                    == ["execution_failed", "session_closed"]
            )
        }
    }

    /// Books, and waits for a word.
    private func waiting(_ trip: Trip) -> Scripted.Code {
        { _, context in
            let calls = trip.calls
            _ = try await trip.book("flight", context)
            try await context.onUnfinished("release") { scope in
                try await scope.checkpoint("release") { _ in calls.add("release") }
            }
            _ = try await trip.book("hotel", context)
            let word: String = try await context.receive("word")
            if word != "go" { throw Unwilling(word) }
            return word
        }
    }

    @Test func aCancelUndoesInOneStackWithWhatIsRegistered() async throws {
        try await withJournal(room.creation) { path in
            let trip = Trip()
            try await withEngine(path, room.options, code: waiting(trip)) { daybook in
                try await daybook.start()
                try await daybook.untilWaiting()
                try await daybook.cancel("a")
                let record = try await daybook.waitForEnd(of: "a")
                #expect(record.status == .cancelled)
            }
            #expect(trip.calls.lines.suffix(3) == ["undo hotel", "release", "undo flight"])
        }
    }

    @Test func whatIsRegisteredForAnEndFromOutsideDoesNotRunWhenItFailsByItself() async throws {
        try await withJournal(room.creation) { path in
            let trip = Trip()
            try await withEngine(path, room.options, code: waiting(trip)) { daybook in
                try await daybook.start()
                try await daybook.signal("a", "word", "stop")
                let record = try await daybook.waitForEnd(of: "a")
                #expect(record.status == .failed)
                #expect(record.isClosed)
            }
            #expect(trip.undone == ["hotel", "flight"])
            #expect(!trip.calls.lines.contains("release"))
        }
    }

    @Test func onlyTheLastTimeOutUndoes() async throws {
        try await withJournal(room.creation) { path in
            let trip = Trip()
            try await withEngine(path, room.options, code: waiting(trip)) { daybook in
                var terms = ExecutionOptions()
                terms.timeout = .seconds(10)
                terms.retry = RetryPolicy(maxAttempts: 2, baseDelay: .zero)
                try await daybook.start("a", terms)
                try await daybook.untilWaiting()
                room.clock.pass(.seconds(10))
                _ = try await daybook.wait(for: "a") { $0.attempt == 2 && $0.status == .waiting }
                #expect(trip.undone.isEmpty)
                room.clock.pass(.seconds(10))
                let record = try await daybook.waitForEnd(of: "a")
                #expect(record.status == .timedOut)
            }
            #expect(trip.undone == ["hotel", "flight"])
        }
    }

    @Test func itIsUndoneWhereNobodyRanTheExecutionAndShownUntilThen() async throws {
        try await withJournal(room.creation) { path in
            let trip = Trip()
            try await withEngine(path, room.options, code: waiting(trip)) { daybook in
                try await daybook.start()
                try await daybook.untilWaiting()
            }
            var looking = room.options
            looking.claims = .nothing
            try await withEngine(path, looking, code: waiting(trip)) { daybook in
                try await daybook.cancel("a")
                let record = try #require(try daybook.record(of: "a"))
                #expect(!record.isClosed)
                #expect(record.cleaning == ["undo hotel", "release", "undo flight"])
                #expect(record.undoing == ["hotel", "flight"])
            }
            try await withEngine(path, room.options, code: waiting(trip)) { daybook in
                _ = try await daybook.waitForEnd(of: "a")
            }
            #expect(trip.undone == ["hotel", "flight"])
            #expect(trip.booked == ["flight", "hotel"])
        }
    }

    @Test func forceLeavesItOutAndTheWorkStays() async throws {
        try await withJournal(room.creation) { path in
            let trip = Trip()
            try await withEngine(path, room.options, code: waiting(trip)) { daybook in
                try await daybook.start()
                try await daybook.untilWaiting()
                try await daybook.cancel("a", force: true)
                _ = try await daybook.waitForEnd(of: "a")
                #expect(trip.undone.isEmpty)
                try await daybook.retry("a")
                try await daybook.untilWaiting()
                #expect(trip.booked == ["flight", "hotel"])
                try await daybook.cancel("a")
                _ = try await daybook.waitForEnd(of: "a")
                #expect(trip.undone == ["hotel", "flight"])
            }
        }
    }

    // MARK: What is not known

    @Test func whatTookTooLongMayHaveHappened() async throws {
        try await withJournal(room.creation) { path in
            let (reached, signal) = AsyncStream.makeStream(of: Void.self)
            let keys = CallLog()
            try await withEngine(
                path,
                room.options,
                code: { _, context in
                    let options = CheckpointOptions(timeout: .seconds(5))
                    return try await context.checkpoint(
                        "pay",
                        options: options,
                        compensate: { value, operation in
                            keys.add("\(value ?? "unknown") \(operation.compensatedKey ?? "")")
                        },
                        { operation in
                            keys.add("pay \(operation.idempotencyKey)")
                            #expect(operation.compensatedKey == nil)
                            signal.yield()
                            try await untilCancelled()
                            return "paid"
                        }
                    )
                }
            ) { daybook in
                try await daybook.start()
                for await _ in reached { break }
                room.clock.pass(.seconds(5))
                let record = try await daybook.waitForEnd(of: "a")
                #expect(record.status == .timedOut)
            }
            let lines = keys.lines.map { $0.split(separator: " ") }
            #expect(lines.map(\.first) == ["pay", "unknown"])
            // The same key, so that who has done it can be asked.
            #expect(Set(lines.map(\.last)).count == 1)
        }
    }

    @Test func whatBeganAndIsNotRecordedIsUndoneToo() async throws {
        try await withJournal(room.creation) { path in
            let trip = Trip()
            let (reached, signal) = AsyncStream.makeStream(of: Void.self)
            let code: Scripted.Code = { _, context in
                let calls = trip.calls
                _ = try await trip.book("flight", context)
                let options = CheckpointOptions(onDoubt: .askPerson)
                return try await context.checkpoint(
                    "pay",
                    options: options,
                    compensate: { value, _ in calls.add("undo \(value ?? "a doubt")") },
                    { _ in
                        signal.yield()
                        try await untilCancelled()
                        return "paid"
                    }
                )
            }
            try await withEngine(path, room.options, code: code) { daybook in
                try await daybook.start()
                for await _ in reached { break }
            }
            try await withEngine(path, room.options, code: code) { daybook in
                let record = try await daybook.waitForEnd(of: "a")
                #expect(record.isParked)
                try await daybook.cancel("a")
                let end = try await daybook.waitForEnd(of: "a")
                #expect(end.isClosed)
            }
            #expect(trip.undone == ["a doubt", "flight"])
        }
    }

    // MARK: Errors

    @Test func whatCannotBeUndoneIsRecordedAndKeepsNothingElseFromBeing() async throws {
        try await withJournal(room.creation) { path in
            let trip = Trip()
            trip.stubborn.withLock { $0 = ["hotel"] }
            try await withEngine(path, room.options, code: trip.code) { daybook in
                try await daybook.start()
                _ = try await daybook.waitForEnd(of: "a")
            }
            #expect(trip.undone == ["hotel", "flight"])
            let inspector = try Inspector(path: path)
            defer { inspector.close() }
            let number = try inspector.record(of: "a").number
            let shown = try inspector.operations(of: number).filter { $0.compensation != nil }
            #expect(shown.map(\.operation.name.text) == ["flight", "hotel"])
            #expect(shown.map(\.compensation) == [.undone, .failed])
            #expect(shown.map(\.compensationMessage) == [nil, "too late"])
        }
    }

    @Test func undoingIsTriedAgain() async throws {
        try await withJournal(room.creation) { path in
            let calls = CallLog()
            try await withEngine(
                path,
                room.options,
                code: { _, context in
                    let policy = RetryPolicy(maxAttempts: 3, baseDelay: .zero)
                    let options = CheckpointOptions(compensation: .init(retry: policy))
                    try await context.checkpoint(
                        "book",
                        options: options,
                        compensate: { done, operation in
                            calls.add("\(done == nil ? "unknown" : "done") \(operation.tries)")
                            if operation.tries < 3 { throw Unwilling() }
                        },
                        { _ in }
                    )
                    throw Unwilling()
                }
            ) { daybook in
                try await daybook.start()
                _ = try await daybook.waitForEnd(of: "a")
            }
            #expect(calls.lines == ["done 1", "done 2", "done 3"])
        }
    }

    @Test func undoingThatTakesTooLongIsToldAndHasFailed() async throws {
        try await withJournal(room.creation) { path in
            let calls = CallLog()
            let (reached, signal) = AsyncStream.makeStream(of: Void.self)
            try await withEngine(
                path,
                room.options,
                code: { _, context in
                    let options = CheckpointOptions(compensation: .init(timeout: .seconds(5)))
                    try await context.checkpoint(
                        "book",
                        options: options,
                        compensate: { _, _ in
                            signal.yield()
                            await untilTold()
                            calls.add("told")
                            try Task.checkCancellation()
                        },
                        { _ in }
                    )
                    throw Unwilling()
                }
            ) { daybook in
                try await daybook.start()
                for await _ in reached { break }
                room.clock.pass(.seconds(5))
                let record = try await daybook.waitForEnd(of: "a")
                #expect(record.isClosed)
            }
            #expect(calls.lines == ["told"])
            let inspector = try Inspector(path: path)
            defer { inspector.close() }
            let number = try inspector.record(of: "a").number
            let book = try #require(try inspector.operations(of: number).first)
            #expect(book.compensation == .failed)
            #expect(book.compensationCode == "timed_out")
        }
    }

    // MARK: Refusals

    @Test func whatIsToBeUndoneDoesNotGoOnAsANewRun() async throws {
        try await withJournal(room.creation) { path in
            let trip = Trip()
            try await withEngine(
                path,
                room.options,
                code: { input, context in
                    _ = try await trip.book("flight", context)
                    throw try context.continueAsNew(Scripted.self, input: input + 1)
                }
            ) { daybook in
                try await daybook.start()
                let record = try await daybook.waitForEnd(of: "a")
                #expect(record.errorCode == "continue-with-compensations")
            }
            #expect(trip.undone == ["flight"])
        }
    }

    @Test func whatCleansUpIsNotUndone() async throws {
        try await withJournal(room.creation) { path in
            let calls = CallLog()
            try await withEngine(
                path,
                room.options,
                code: { _, context in
                    try await context.onUnfinished("release") { scope in
                        do {
                            try await scope.checkpoint(
                                "x",
                                compensate: { _, _ in calls.add("undone") },
                                { _ in calls.add("ran") }
                            )
                        } catch let error as OperationError {
                            calls.add(error.code)
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
            #expect(calls.lines == ["while-cleaning"])
        }
    }

    @Test func aTimeoutThatMakesNoSenseIsRefusedBeforeTheBodyRuns() async throws {
        try await withJournal(room.creation) { path in
            let trip = Trip()
            try await withEngine(
                path,
                room.options,
                code: { _, context in
                    let options = CheckpointOptions(compensation: .init(timeout: .zero))
                    return try await trip.book("flight", context, options)
                }
            ) { daybook in
                try await daybook.start()
                let record = try await daybook.waitForEnd(of: "a")
                #expect(record.errorCode == "invalid-argument")
            }
            #expect(trip.calls.lines.isEmpty)
        }
    }
}
