/// A moment, in nanoseconds since 1970-01-01T00:00:00Z, without leap seconds.
///
/// The range of `UInt64` ends in the year 2554.
public struct Timestamp: RawRepresentable, Comparable, Hashable, Sendable {
    /// Nanoseconds since 1970 UTC.
    public let rawValue: UInt64

    /// Wraps nanoseconds since 1970 UTC.
    @inlinable
    public init(rawValue: UInt64) { self.rawValue = rawValue }

    /// The earlier one is less.
    @inlinable
    public static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.rawValue < right.rawValue
    }

    /// The time from `earlier` to this moment; zero when `earlier` is later.
    public func since(_ earlier: Timestamp) -> Duration {
        .nanoseconds(Int64(clamping: rawValue - min(rawValue, earlier.rawValue)))
    }

    /// This time and so many nanoseconds, as far as they fit.
    package func adding(_ nanoseconds: UInt64) -> Timestamp {
        let (sum, isOver) = rawValue.addingReportingOverflow(nanoseconds)
        return Timestamp(rawValue: isOver ? .max : sum)
    }
}

extension Timestamp: CustomStringConvertible {
    /// RFC 3339 in UTC with all nine digits of the fraction: `2026-01-02T03:04:05.000000006Z`.
    public var description: String {
        let seconds = rawValue / 1_000_000_000
        return "\(Self.civil(seconds)).\(Self.padded(rawValue % 1_000_000_000, 9))Z"
    }

    /// RFC 3339 in UTC, to the millisecond: `2026-01-02T03:04:05.123Z`.
    public var milliseconds: String {
        let seconds = rawValue / 1_000_000_000
        return "\(Self.civil(seconds)).\(Self.padded(rawValue / 1_000_000 % 1_000, 3))Z"
    }

    /// Date and time of day by the proleptic Gregorian calendar.
    private static func civil(_ seconds: UInt64) -> String {
        // Days are counted in eras of 400 years that begin in March, so that the leap day comes
        // last and month lengths follow one linear formula.
        let days = Int64(seconds / 86_400) + 719_468
        let era = days / 146_097
        let dayOfEra = days % 146_097
        let leaps = dayOfEra / 1_460 - dayOfEra / 36_524 + dayOfEra / 146_096
        let yearOfEra = (dayOfEra - leaps) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        let time = seconds % 86_400
        return "\(padded(UInt64(year), 4))-\(padded(UInt64(month), 2))-\(padded(UInt64(day), 2))"
            + "T\(padded(time / 3_600, 2)):\(padded(time / 60 % 60, 2)):\(padded(time % 60, 2))"
    }

    private static func padded(_ number: UInt64, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
