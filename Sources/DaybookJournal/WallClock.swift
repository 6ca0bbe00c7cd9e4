public import DaybookFormat

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Where the time of day comes from. A program has one, and hands it in.
public protocol WallClock: Sendable {
    /// The time now. It may go backwards; the journal sees to it that entries do not.
    func now() -> Timestamp

    /// Called once by whoever waits for times of this clock: a clock that is set by hand calls
    /// `wake` whenever it has been, and nobody waits for real time to pass then.
    /// - Returns: whether it is such a clock.
    func onChange(_ wake: @escaping @Sendable () -> Void) -> Bool
}

extension WallClock {
    /// Time passes by itself.
    public func onChange(_ wake: @escaping @Sendable () -> Void) -> Bool { false }
}

/// The machine's clock.
public struct SystemClock: WallClock {
    /// The machine's clock.
    public init() {}

    /// The machine's time of day, to the nanosecond where it has that.
    public func now() -> Timestamp {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Timestamp(rawValue: UInt64(now.tv_sec) * 1_000_000_000 + UInt64(now.tv_nsec))
    }
}
