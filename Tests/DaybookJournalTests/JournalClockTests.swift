import DaybookFormat
import Testing

@testable import DaybookJournal

#if canImport(Glibc)
import Glibc
#endif

/// The journal's time, on readings that a test makes up.
@Suite struct JournalClockTests {
    private static let hour: UInt64 = 3_600_000_000_000
    private static let start: UInt64 = 1_767_225_600_000_000_000

    private func reading(_ wall: UInt64, _ elapsed: UInt64) -> ClockReading {
        ClockReading(wall: Timestamp(rawValue: wall), elapsed: elapsed)
    }

    @Test func withoutEntriesItIsTheTimeOfDay() {
        let clock = JournalClock()
        #expect(clock.now(reading(Self.start, 5)).rawValue == Self.start)
        #expect(clock.now(reading(3, 700)).rawValue == 3)
        #expect(clock.lag(reading(3, 700)) == .zero)
    }

    @Test func aTimeOfDayThatIsAheadIsTheJournals() {
        var clock = JournalClock()
        clock.takeIn(Timestamp(rawValue: Self.start), elapsed: 100)
        #expect(clock.now(reading(Self.start + 7, 103)).rawValue == Self.start + 7)
        #expect(clock.lag(reading(Self.start + 7, 103)) == .zero)
    }

    @Test func behindAnEntryTimeRunsOnFromItByWhatHasPassed() {
        var clock = JournalClock()
        clock.takeIn(Timestamp(rawValue: Self.start + Self.hour), elapsed: 100)
        #expect(clock.now(reading(Self.start, 100)).rawValue == Self.start + Self.hour)
        #expect(clock.now(reading(Self.start + 50, 150)).rawValue == Self.start + Self.hour + 50)
        #expect(clock.lag(reading(Self.start + 50, 150)) == .seconds(3_600))
    }

    @Test func anEntryBehindTheJournalsTimeDoesNotSetItBack() {
        var clock = JournalClock()
        clock.takeIn(Timestamp(rawValue: 1_000), elapsed: 0)
        clock.takeIn(Timestamp(rawValue: 1_040), elapsed: 50)
        #expect(clock.now(reading(0, 50)).rawValue == 1_050)
        clock.takeIn(Timestamp(rawValue: 2_000), elapsed: 60)
        #expect(clock.now(reading(0, 61)).rawValue == 2_001)
    }

    @Test func aTimeOfDayThatWasAheadLeavesNothingBehindWithoutAnEntry() {
        var clock = JournalClock()
        clock.takeIn(Timestamp(rawValue: 1_000), elapsed: 0)
        #expect(clock.now(reading(9_000, 1)).rawValue == 9_000)
        #expect(clock.now(reading(500, 2)).rawValue == 1_002)
    }

    @Test func itNeverGoesBackwardsWhileTimePasses() {
        var clock = JournalClock()
        var generator = SeededBytes(seed: 7)
        var last = Timestamp(rawValue: 0)
        var elapsed: UInt64 = 0
        var newest: UInt64 = 0
        for _ in 0..<10_000 {
            elapsed += UInt64(generator.next() % 100)
            let wall = UInt64(generator.next()) * 1_000
            // An entry is written at the journal's time.
            let now = clock.now(reading(wall, elapsed))
            newest = max(newest, now.rawValue)
            clock.takeIn(now, elapsed: elapsed)
            #expect(now >= last)
            last = now
        }
        #expect(newest > 0)
    }

    @Test func atTheEndOfAllTimesItStandsStill() {
        var clock = JournalClock()
        clock.takeIn(Timestamp(rawValue: .max - 5), elapsed: 0)
        #expect(clock.now(reading(0, 5)).rawValue == .max)
        #expect(clock.now(reading(0, 6)).rawValue == .max)
    }

    // MARK: The machine's clock

    @Test(arguments: [-1, -31_536_000, 16_725_225_600, 20_000_000_000, Int.max])
    func aTimeThatNoJournalCanHoldIsRefused(_ seconds: Int) throws {
        let time = timespec(tv_sec: seconds, tv_nsec: 1)
        let error = try #require(throws: JournalError.self) { try SystemClock.check(time) }
        #expect(error.code == .clock)
        #expect(error.message.contains("set the clock"))
        // What shows it all the same does not end the process.
        let shown = SystemClock.timestamp(time).rawValue
        #expect(seconds < 0 ? shown == 0 : shown > Self.start)
    }

    @Test(arguments: [0, 1_767_225_600, 16_725_225_599])
    func anyOtherTimeIsTaken(_ seconds: Int) throws {
        let time = timespec(tv_sec: seconds, tv_nsec: 999_999_999)
        try SystemClock.check(time)
        let expected = UInt64(seconds) * 1_000_000_000 + 999_999_999
        #expect(SystemClock.timestamp(time).rawValue == expected)
    }

    @Test func theMachinesElapsedTimeDoesNotGoBackwards() {
        let clock = SystemClock()
        let first = clock.elapsed()
        #expect(first > 0)
        #expect(clock.elapsed() >= first)
    }
}

/// Small random numbers that are the same each time.
private struct SeededBytes {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt32 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return UInt32(state >> 40)
    }
}
