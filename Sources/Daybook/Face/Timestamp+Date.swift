public import DaybookFormat
public import FoundationEssentials

/// The journal's nanoseconds and Foundation's `Date`.
extension Timestamp {
    /// The moment of a date, to the microsecond: a `Date` of today knows no better. A date before
    /// 1970 is 1970-01-01, one after the year 2554 is the last moment that there is.
    public init(_ date: Date) {
        let microseconds = (date.timeIntervalSince1970 * 1_000_000).rounded()
        guard microseconds > 0 else {
            self.init(rawValue: 0)
            return
        }
        let (nanoseconds, overflow) = (UInt64(exactly: microseconds) ?? .max)
            .multipliedReportingOverflow(by: 1_000)
        self.init(rawValue: overflow ? .max : nanoseconds)
    }

    /// The moment as a date, which is a fraction of a microsecond off.
    public var date: Date {
        let (seconds, nanoseconds) = rawValue.quotientAndRemainder(dividingBy: 1_000_000_000)
        return Date(timeIntervalSince1970: Double(seconds) + Double(nanoseconds) / 1e9)
    }
}

extension WorkflowContext {
    /// Waits until a date. See ``sleep(until:_:file:line:)-(Timestamp,_,_,_)``.
    public func sleep(
        until date: Date,
        _ name: String = "sleep",
        file: String = #fileID,
        line: Int = #line
    ) async throws {
        try await sleep(until: Timestamp(date), name, file: file, line: line)
    }
}
