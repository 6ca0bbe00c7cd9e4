import Daybook
import DaybookTestKit
import FoundationEssentials
import Testing

@Suite struct DateTests {
    @Test(arguments: [
        (0.0, 0), (0.000_001, 1_000), (1_767_225_600.123_456, 1_767_225_600_123_456_000),
        (-1, 0), (1e30, UInt64.max), (.nan, 0), (.infinity, UInt64.max),
    ])
    func aDateIsTheSameMoment(_ seconds: Double, _ nanoseconds: UInt64) {
        #expect(Timestamp(Date(timeIntervalSince1970: seconds)).rawValue == nanoseconds)
    }

    @Test(arguments: [0, 1_000, 1_767_225_600_123_456_000, UInt64.max])
    func aMomentIsTheSameDate(_ nanoseconds: UInt64) {
        let date = Timestamp(rawValue: nanoseconds).date
        #expect(abs(date.timeIntervalSince1970 - Double(nanoseconds) / 1e9) < 0.000_001)
        guard nanoseconds < .max else { return }
        #expect(Timestamp(date) == Timestamp(rawValue: nanoseconds))
    }

    @Test func aHandlerSleepsUntilADate() async throws {
        let journal = ClockedJournal()
        let code: Scripted.Code = { _, context in
            let morning = context.now.date.addingTimeInterval(3_600)
            try await context.sleep(until: morning)
            return context.now >= Timestamp(morning) ? "awake" : "too early"
        }
        try await journal.withEngine(code: code) { engine in
            try await engine.start()
            try await engine.untilWaiting()
            journal.clock.pass(.seconds(3_601))
            #expect(try await engine.result() == "\"awake\"")
        }
    }
}
