import DaybookFormat
import SeededRandom
import Testing

@Suite struct TimestampTests {
    // Seconds by Python's calendar.timegm.
    @Test(arguments: [
        (UInt64(0), "1970-01-01T00:00:00"), (31_535_999, "1970-12-31T23:59:59"),
        (68_212_800, "1972-02-29T12:00:00"), (946_684_799, "1999-12-31T23:59:59"),
        (951_782_400, "2000-02-29T00:00:00"), (951_868_800, "2000-03-01T00:00:00"),
        (1_000_000_000, "2001-09-09T01:46:40"), (1_709_251_199, "2024-02-29T23:59:59"),
        (1_767_323_045, "2026-01-02T03:04:05"), (2_147_483_647, "2038-01-19T03:14:07"),
        (2_147_483_648, "2038-01-19T03:14:08"), (4_107_542_399, "2100-02-28T23:59:59"),
        (4_107_542_400, "2100-03-01T00:00:00"), (13_574_563_200, "2400-02-29T00:00:00"),
        (17_179_869_183, "2514-05-30T01:53:03"), (18_446_744_073, "2554-07-21T23:34:33"),
    ])
    func writesKnownMoments(_ seconds: UInt64, _ text: String) {
        let time = Timestamp(rawValue: seconds * 1_000_000_000)
        #expect(time.description == text + ".000000000Z")
        #expect(time.milliseconds == text + ".000Z")
    }

    @Test(arguments: [
        (UInt64(1), "1970-01-01T00:00:00.000000001Z", "1970-01-01T00:00:00.000Z"),
        (999_999, "1970-01-01T00:00:00.000999999Z", "1970-01-01T00:00:00.000Z"),
        (1_000_000, "1970-01-01T00:00:00.001000000Z", "1970-01-01T00:00:00.001Z"),
        (999_999_999, "1970-01-01T00:00:00.999999999Z", "1970-01-01T00:00:00.999Z"),
        (.max, "2554-07-21T23:34:33.709551615Z", "2554-07-21T23:34:33.709Z"),
    ])
    func writesFractions(_ nanoseconds: UInt64, _ text: String, _ milliseconds: String) {
        let time = Timestamp(rawValue: nanoseconds)
        #expect(time.description == text)
        #expect(time.milliseconds == milliseconds)
    }

    @Test func countsEveryMonthOfTheRange() {
        var day: UInt64 = 0
        for year in 1970..<2554 {
            let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
            let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
            for (month, length) in lengths.enumerated() {
                let prefix = "\(year)-\(month < 9 ? "0" : "")\(month + 1)-"
                let first = Timestamp(rawValue: day * 86_400_000_000_000)
                day += UInt64(length)
                let last = Timestamp(rawValue: day * 86_400_000_000_000 - 1)
                guard first.milliseconds == prefix + "01T00:00:00.000Z",
                    last.milliseconds == prefix + "\(length)T23:59:59.999Z"
                else {
                    Issue.record("\(prefix): \(first) to \(last)")
                    return
                }
            }
        }
    }

    @Test func textsAreInTheOrderOfTime() {
        var generator = SeededGenerator(seed: 41)
        let times = (0..<500).map { _ in Timestamp(rawValue: generator.next()) }.sorted()
        let texts = times.map(\.description)
        #expect(texts == texts.sorted())
    }

    @Test func timeBetweenTwoMoments() {
        let early = Timestamp(rawValue: 1_000)
        let late = Timestamp(rawValue: 3_500)
        #expect(early < late)
        #expect(late.since(early) == .nanoseconds(2_500))
        #expect(early.since(late) == .zero)
        #expect(early.since(early) == .zero)
        // Longer than a Duration of nanoseconds in 64 bits with a sign.
        #expect(
            Timestamp(rawValue: .max).since(Timestamp(rawValue: 0)) == .nanoseconds(Int64.max)
        )
    }
}
