import Daybook
import DaybookFormat
import DaybookJournal
import DaybookModel
import DaybookTestKit
import Testing

@Suite struct WaitTests {
    private let room = ClockedJournal()

    // MARK: Sleeping

    @Test func aSleepEndsWhenItsTimeHasCome() async throws {
        try await withJournal(room.creation) { path in
            try await withEngine(
                path,
                room.options,
                code: { _, context in
                    let before = context.now
                    try await context.sleep(for: .seconds(30), "settle")
                    return "\(context.now.since(before).wholeNanoseconds / 1_000_000_000)"
                }
            ) { daybook in
                try await daybook.start()
                try await daybook.untilWaiting()
                room.clock.pass(.seconds(29))
                let status = try daybook.record(of: "a")?.status
                #expect(status == .waiting)
                room.clock.pass(.seconds(1))
                let end = try await daybook.result()
                #expect(end == "\"30\"")
            }
        }
    }

    @Test func aSleepSurvivesARestartAndEndsOnTime() async throws {
        try await withJournal(room.creation) { path in
            let code: @Sendable (Int, WorkflowContext) async throws -> String = { _, context in
                let one = try await context.checkpoint("before") { _ in 1 }
                try await context.sleep(for: .seconds(30))
                return "slept \(one)"
            }
            try await withEngine(path, room.options, code: code) { daybook in
                try await daybook.start()
                try await daybook.untilWaiting()
            }
            room.clock.pass(.seconds(20))
            try await withEngine(path, room.options, code: code) { daybook in
                let status = try daybook.record(of: "a")?.status
                #expect(status == .waiting)
                room.clock.pass(.seconds(10))
                let end = try await daybook.result()
                #expect(end == "\"slept 1\"")
            }
        }
    }

    @Test func aSleepThatEndedWhileNobodyWasThereIsOver() async throws {
        try await withJournal(room.creation) { path in
            let code: @Sendable (Int, WorkflowContext) async throws -> String = { _, context in
                try await context.sleep(for: .seconds(30))
                return "slept"
            }
            try await withEngine(path, room.options, code: code) { daybook in
                try await daybook.start()
                try await daybook.untilWaiting()
            }
            room.clock.pass(.seconds(100))
            try await withEngine(path, room.options, code: code) { daybook in
                let end = try await daybook.result()
                #expect(end == "\"slept\"")
            }
        }
    }

    @Test func aSleepUntilTheLastMomentIsNoWait() async throws {
        try await withJournal(room.creation) { path in
            let moment = room.clock.now()
            try await withEngine(
                path,
                room.options,
                code: { _, context in
                    try await context.sleep(until: moment)
                    try await context.sleep(for: .zero)
                    return "at once"
                }
            ) { daybook in
                try await daybook.start()
                let end = try await daybook.result()
                #expect(end == "\"at once\"")
            }
        }
    }

    // MARK: Signals

    @Test func signalsAreGivenOutInTheOrderTheyCameAlsoThoseThatCameTooEarly() async throws {
        try await withJournal(room.creation) { path in
            try await withEngine(
                path,
                room.options,
                code: { _, context in
                    var all: [Int] = []
                    for _ in 0..<4 { all.append(try await context.receive("number")) }
                    return "\(all)"
                }
            ) { daybook in
                let handle = try await daybook.submit(Scripted.self, id: "a", input: 1)
                for number in [1, 2] { try await daybook.signal("a", "number", number) }
                try await handle.execute()
                try await daybook.untilWaiting()
                for number in [3, 4] { try await daybook.signal("a", "number", number) }
                let end = try await daybook.result()
                #expect(end == "\"[1, 2, 3, 4]\"")
            }
        }
    }

    @Test func aSignalOfOneIDCountsOnce() async throws {
        try await withJournal(room.creation) { path in
            try await withEngine(
                path,
                room.options,
                code: { _, context in
                    let first: Int = try await context.receive("number")
                    let second = try await context.receive(
                        "number",
                        as: Int.self,
                        timeout: .seconds(5)
                    )
                    return "\(first) \(second.value.map { "\($0)" } ?? "nothing")"
                }
            ) { daybook in
                try await daybook.start()
                let first = try await daybook.signal("a", "number", 7, signalID: "x")
                let again = try await daybook.signal("a", "number", 8, signalID: "x")
                #expect(first.sequence != nil)
                #expect(again.sequence == nil)
                _ = try await daybook.wait(for: "a") { record in
                    record.waits.contains { $0.deadline != nil }
                }
                room.clock.pass(.seconds(5))
                let end = try await daybook.result()
                #expect(end == "\"7 nothing\"")
            }
        }
    }

    @Test func aSignalThatComesTooLateIsKeptForTheNextWhoAsks() async throws {
        try await withJournal(room.creation) { path in
            try await withEngine(
                path,
                room.options,
                code: { _, context in
                    let first = try await context.receive(
                        "go",
                        as: String.self,
                        timeout: .seconds(5)
                    )
                    try await context.sleep(for: .seconds(5))
                    let second = try await context.receive(
                        "go",
                        as: String.self,
                        timeout: .seconds(5)
                    )
                    return "\(first.value ?? "-") \(second.value ?? "-")"
                }
            ) { daybook in
                try await daybook.start()
                try await daybook.untilWaiting()
                room.clock.pass(.seconds(5))
                _ = try await daybook.wait(for: "a") { $0.waits.contains { $0.kind == .timer } }
                let answer = try await daybook.signal("a", "go", "late")
                #expect(!answer.isDelivered)
                room.clock.pass(.seconds(5))
                let end = try await daybook.result()
                #expect(end == "\"- late\"")
            }
        }
    }

    @Test func aSignalForWhatHasEndedIsRefused() async throws {
        try await withJournal(room.creation) { path in
            try await withEngine(path, room.options, code: { _, _ in "done" }) { daybook in
                try await daybook.start()
                _ = try await daybook.result()
                let size = daybook.journal.head.size
                for (id, code) in [("a", Refusal.Code.wrongState), ("b", .notFound)] {
                    let refusal = await #expect(throws: Refusal.self) {
                        try await daybook.signal(id, "go", 1)
                    }
                    #expect(refusal?.code == code)
                }
                #expect(daybook.journal.head.size == size)
            }
        }
    }

    @Test func aWaitingExecutionIsGoneOnWithByAnotherProcessWhenItsSignalComes() async throws {
        try await withJournal(room.creation) { path in
            let calls = CallLog()
            let code: @Sendable (Int, WorkflowContext) async throws -> String = { _, context in
                let number = try await context.checkpoint("once") { _ in
                    calls.add("once")
                    return 1
                }
                let signal: Int = try await context.receive("go")
                return "\(number + signal)"
            }
            try await withEngine(path, room.options, code: code) { daybook in
                try await daybook.start()
                try await daybook.untilWaiting()
            }
            try await withEngine(path, room.options, code: code) { daybook in
                try await daybook.signal("a", "go", 41)
                let end = try await daybook.result()
                #expect(end == "\"42\"")
            }
            #expect(calls.lines == ["once"])
        }
    }

    // MARK: Residency

    @Test func whatIsLetGoOfGoesOnAllTheSame() async throws {
        try await withJournal(room.creation) { path in
            var options = room.options
            options.maxResident = 2
            let starts = CallLog()
            try await withEngine(
                path,
                options,
                code: { input, context in
                    starts.add(context.id)
                    let one = try await context.checkpoint("one") { _ in 1 }
                    let two: Int = try await context.receive("two")
                    try await context.sleep(for: .seconds(1))
                    return "\(one + two)"
                }
            ) { daybook in
                let ids = (0..<10).map { "id \($0)" }
                for id in ids { try await daybook.start(id) }
                for id in ids { try await daybook.untilWaiting(id) }
                for id in ids { try await daybook.signal(id, "two", 2) }
                for id in ids {
                    _ = try await daybook.wait(for: id) { record in
                        record.waits.contains { $0.kind == .timer }
                    }
                }
                room.clock.pass(.seconds(1))
                for id in ids {
                    let result = try await daybook.result(of: id)
                    #expect(result == "\"3\"")
                }
            }
            // More often than they were begun, because some ran again.
            #expect(starts.lines.count > 10)
        }
    }
}
