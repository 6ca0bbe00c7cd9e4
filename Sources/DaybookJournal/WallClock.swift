import DaybookFormat

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Where the time comes from. A program has one, and hands it in.
public protocol WallClock: Sendable {
    /// The time of day now. It may go backwards; the journal sees to it that entries do not.
    func now() -> Timestamp

    /// Nanoseconds since some moment of the past, which never go backwards. A clock that is set by
    /// hand has no others than its time of day.
    func elapsed() -> UInt64

    /// Makes sure that the time of day can be written into a journal.
    /// - Throws: ``JournalError/Code/clock``.
    func check() throws(JournalError)

    /// Called once by whoever waits for times of this clock: a clock that is set by hand calls
    /// `wake` whenever it has been, and nobody waits for real time to pass then.
    /// - Returns: whether it is such a clock.
    func onChange(_ wake: @escaping @Sendable () -> Void) -> Bool
}

extension WallClock {
    /// As much as has passed by the time of day.
    public func elapsed() -> UInt64 { now().rawValue }

    /// Every time of it can be written.
    public func check() throws(JournalError) {}

    /// Time passes by itself.
    public func onChange(_ wake: @escaping @Sendable () -> Void) -> Bool { false }

    /// Both at one moment.
    func reading() -> ClockReading { ClockReading(wall: now(), elapsed: elapsed()) }
}

/// The machine's clock.
public struct SystemClock: WallClock {
    /// The machine's clock.
    public init() {}

    /// The machine's time of day, to the nanosecond where it has that. Before 1970 it is 1970, and
    /// after 2554 it is the last moment that a timestamp can name; ``check()`` refuses both.
    public func now() -> Timestamp { Self.timestamp(Self.read(CLOCK_REALTIME)) }

    /// Nanoseconds since the machine was started, those in which it slept included.
    public func elapsed() -> UInt64 {
        #if canImport(Glibc)
        Self.timestamp(Self.read(CLOCK_BOOTTIME)).rawValue
        #else
        Self.timestamp(Self.read(CLOCK_MONOTONIC)).rawValue
        #endif
    }

    /// Makes sure that the machine's time of day lies between 1970 and 2500: deadlines must have
    /// room behind it.
    /// - Throws: ``JournalError/Code/clock``.
    public func check() throws(JournalError) { try Self.check(Self.read(CLOCK_REALTIME)) }

    static func check(_ time: timespec) throws(JournalError) {
        guard time.tv_sec >= 0, time.tv_sec < end else {
            throw JournalError(
                .clock,
                "the machine's clock shows \(time.tv_sec) seconds since 1970, and a journal takes times from 1970 to 2500; set the clock, then try again"
            )
        }
    }

    /// 2500-01-01T00:00:00Z, in seconds.
    private static let end = 16_725_225_600

    static func timestamp(_ time: timespec) -> Timestamp {
        guard time.tv_sec >= 0 else { return Timestamp(rawValue: 0) }
        let (seconds, isOver) = UInt64(time.tv_sec).multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, isSumOver) = seconds.addingReportingOverflow(UInt64(max(time.tv_nsec, 0)))
        return Timestamp(rawValue: isOver || isSumOver ? .max : sum)
    }

    private static func read(_ clock: clockid_t) -> timespec {
        var now = timespec()
        clock_gettime(clock, &now)
        return now
    }
}
