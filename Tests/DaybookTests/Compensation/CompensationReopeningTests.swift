import Daybook
import DaybookFormat
import DaybookInspector
import DaybookModel
import DaybookSystem
import DaybookTestKit
import Testing

/// What a person's retry makes of checkpoints that were undone, and what stays.
@Suite struct CompensationReopeningTests {
    private let room = ClockedJournal()

    @Test func whatWasUndoneRunsAgainUnderOtherKeysAndTheRestStays() async throws {
        try await withJournal(room.creation) { path in
            let trip = Trip()
            try await withEngine(path, room.options, code: trip.code) { daybook in
                try await daybook.start()
                _ = try await daybook.waitForEnd(of: "a")
                trip.refused.withLock { $0 = [] }
                try await daybook.retry("a")
                let record = try await daybook.waitForEnd(of: "a")
                #expect(record.status == .completed)
            }
            #expect(trip.booked == ["flight", "hotel", "car", "flight", "hotel", "car"])
            #expect(trip.undone == ["hotel", "flight"])
            #expect(trip.calls.lines.count { $0 == "mail" } == 1)
            let inspector = try Inspector(path: path)
            defer { inspector.close() }
            let number = try inspector.record(of: "a").number
            let all = try inspector.operations(of: number, undone: true)
            let flights = all.filter { $0.operation.name == "flight" }
            #expect(flights.map(\.isUndone) == [true, false])
            #expect(Set(flights.compactMap(\.value)).count == 2)
        }
    }

    @Test func whatCouldNotBeUndoneStaysASuccessAndIsUndoneAtTheNextEnd() async throws {
        try await withJournal(room.creation) { path in
            let trip = Trip()
            trip.stubborn.withLock { $0 = ["hotel"] }
            try await withEngine(path, room.options, code: trip.code) { daybook in
                try await daybook.start()
                _ = try await daybook.waitForEnd(of: "a")
                try await daybook.retry("a")
                _ = try await daybook.waitForEnd(of: "a")
            }
            #expect(trip.booked == ["flight", "hotel", "car", "flight", "car"])
            // The flight was booked after the hotel now.
            #expect(trip.undone == ["hotel", "flight", "flight", "hotel"])
        }
    }

    @Test(arguments: [0, 1_000])
    func itEndsAndIsOpenedAgainAsOftenAsOneLikes(_ maxResident: Int) async throws {
        try await withJournal(room.creation) { path in
            let trip = Trip()
            var options = room.options
            options.maxResident = maxResident
            for round in 1...4 {
                try await withEngine(path, options, code: trip.code) { daybook in
                    if round == 1 {
                        try await daybook.start()
                    } else {
                        try await daybook.retry("a")
                    }
                    let record = try await daybook.waitForEnd(of: "a")
                    #expect(record.status == .failed)
                    #expect(record.isClosed)
                }
                #expect(trip.undone.count == 2 * round)
                #expect(trip.booked.count == 3 * round)
            }
            let expected = (1...4).flatMap { _ in ["flight", "hotel", "car"] }
            #expect(trip.booked == expected)
        }
    }

    @Test func aPlaceThatIsOpenAgainAndFailsIsTriedByTheNextAttempt() async throws {
        try await withJournal(room.creation) { path in
            let trip = Trip()
            trip.stubborn.withLock { $0 = ["hotel"] }
            var terms = ExecutionOptions()
            terms.retry = RetryPolicy(maxAttempts: 2, baseDelay: .zero)
            try await withEngine(path, room.options, code: trip.code) { daybook in
                try await daybook.start("a", terms)
                _ = try await daybook.waitForEnd(of: "a")
                trip.refused.withLock { $0 = ["flight"] }
                try await daybook.retry("a")
                let record = try await daybook.waitForEnd(of: "a")
                #expect(record.status == .failed)
                // Twice in two attempts; what followed it is not booked again.
                #expect(trip.booked.suffix(2) == ["flight", "flight"])
                trip.refused.withLock { $0 = [] }
                try await daybook.retry("a")
                let end = try await daybook.waitForEnd(of: "a")
                #expect(end.status == .completed)
            }
            #expect(trip.booked.count { $0 == "hotel" } == 1)
        }
    }

    @Test func itIsCancelledBeforeWhatWasUndoneHasRunAgain() async throws {
        try await withJournal(room.creation) { path in
            let trip = Trip()
            trip.stubborn.withLock { $0 = ["hotel"] }
            var looking = room.options
            looking.claims = .nothing
            try await withEngine(path, room.options, code: trip.code) { daybook in
                try await daybook.start()
                _ = try await daybook.waitForEnd(of: "a")
            }
            try await withEngine(path, looking, code: trip.code) { daybook in
                try await daybook.retry("a")
                try await daybook.cancel("a")
            }
            trip.stubborn.withLock { $0 = [] }
            try await withEngine(path, room.options, code: trip.code) { daybook in
                let record = try await daybook.waitForEnd(of: "a")
                #expect(record.isClosed)
                #expect(record.status == .cancelled)
            }
            // The flight is not booked: only the hotel is left.
            #expect(trip.undone == ["hotel", "flight", "hotel"])
        }
    }

    @Test func whileItUndoesItCannotBeOpenedAgainAndForceLeavesTheRestOut() async throws {
        try await withJournal(room.creation) { path in
            let calls = CallLog()
            let (reached, signal) = AsyncStream.makeStream(of: Void.self)
            let code: Scripted.Code = { _, context in
                try await context.checkpoint(
                    "one",
                    compensate: { _, _ in calls.add("undo one") },
                    { _ in calls.add("one") }
                )
                try await context.checkpoint(
                    "two",
                    compensate: { _, _ in
                        signal.yield()
                        try await untilCancelled()
                    },
                    { _ in calls.add("two") }
                )
                let word: String = try await context.receive("word")
                return word
            }
            try await withEngine(path, room.options, code: code) { daybook in
                try await daybook.start()
                try await daybook.untilWaiting()
                try await daybook.cancel("a")
                for await _ in reached { break }
                await #expect(throws: Refusal.self) { try await daybook.retry("a") }
                try await daybook.cancel("a", force: true)
                _ = try await daybook.waitForEnd(of: "a")
                try await daybook.retry("a")
                try await daybook.untilWaiting()
            }
            // Nobody knows whether the second was undone; the first was not.
            #expect(calls.lines == ["one", "two"])
        }
    }

    @Test func whatDealtWithAFailureIsUndoneToo() async throws {
        try await withJournal(room.creation) { path in
            let trip = Trip()
            let code: Scripted.Code = { _, context in
                do {
                    return try await trip.book("car", context)
                } catch let error as OperationError {
                    _ = try await trip.book("bus", context)
                    throw error
                }
            }
            var terms = ExecutionOptions()
            terms.retry = RetryPolicy(maxAttempts: 2, baseDelay: .zero)
            try await withEngine(path, room.options, code: code) { daybook in
                try await daybook.start("a", terms)
                _ = try await daybook.waitForEnd(of: "a")
                // What is to be undone is not taken back by the next attempt, which would lose it.
                #expect(trip.booked == ["car", "bus"])
                #expect(trip.undone == ["bus"])
                trip.refused.withLock { $0 = [] }
                try await daybook.retry("a")
                let record = try await daybook.waitForEnd(of: "a")
                #expect(record.status == .completed)
                #expect(trip.booked == ["car", "bus", "car"])
            }
        }
    }

    @Test func everyBeginningOfItsHistoryAgreesWithTheCode() async throws {
        try await withJournal(room.creation) { path in
            let trip = Trip()
            trip.stubborn.withLock { $0 = ["hotel"] }
            let history = try await withEngine(path, room.options, code: trip.code) { daybook in
                try await daybook.start()
                _ = try await daybook.waitForEnd(of: "a")
                try await daybook.retry("a")
                _ = try await daybook.waitForEnd(of: "a")
                trip.refused.withLock { $0 = [] }
                try await daybook.retry("a")
                _ = try await daybook.waitForEnd(of: "a")
                return try RecordedHistory(of: "a", in: daybook.journal)
            }
            let before = trip.calls.lines
            let replayer = Replayer(workflows: [Scripted(body: trip.code)])
            for length in 1...history.count {
                let report = try await replayer.replay(history.prefix(length))
                switch report.outcome {
                case .agreesSoFar, .agrees: continue
                default: Issue.record("\(length): \(report.outcome)")
                }
            }
            #expect(trip.calls.lines == before)
        }
    }

    @Test func otherCodeInItsPlaceDiverges() async throws {
        try await withJournal(room.creation) { path in
            let trip = Trip()
            try await withEngine(path, room.options, code: trip.code) { daybook in
                try await daybook.start()
                _ = try await daybook.waitForEnd(of: "a")
            }
            let other: Scripted.Code = { _, context in
                _ = try await trip.book("train", context)
                return ""
            }
            try await withEngine(path, room.options, code: other) { daybook in
                try await daybook.retry("a")
                let record = try await daybook.waitForEnd(of: "a")
                #expect(record.isParked)
            }
            #expect(!trip.booked.contains("train"))
        }
    }
}
