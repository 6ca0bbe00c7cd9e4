#if CLI
import ArgumentParser
import DaybookFormat
import FoundationEssentials

/// A span of time as a person writes it: a whole number with a unit (ms, s, m, h, d or w).
struct Span: ExpressibleByArgument, CustomStringConvertible {
    let duration: Duration
    let description: String

    init(seconds: Int) {
        duration = .seconds(seconds)
        description = "\(seconds)s"
    }

    init?(argument: String) {
        guard let nanoseconds = PointInTime.span(argument), nanoseconds <= UInt64(Int64.max) else {
            return nil
        }
        duration = .nanoseconds(Int64(nanoseconds))
        description = argument
    }
}

/// A moment as a person writes it.
enum PointInTime: ExpressibleByArgument, Equatable {
    /// A time, or the beginning of a day in UTC.
    case moment(Timestamp)
    /// So many nanoseconds before now.
    case ago(UInt64)

    init?(argument: String) {
        if let span = Self.span(argument) {
            self = .ago(span)
        } else if let moment = Self.moment(argument) {
            self = .moment(moment)
        } else {
            return nil
        }
    }

    fileprivate static func span(_ text: String) -> UInt64? {
        let milliseconds: [Substring: UInt64] = [
            "ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000,
        ]
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let count = UInt64(digits), let unit = milliseconds[text.dropFirst(digits.count)]
        else { return nil }
        let (product, isOver) = count.multipliedReportingOverflow(by: unit * 1_000_000)
        return isOver ? nil : product
    }

    private static func moment(_ text: String) -> Timestamp? {
        let whole = text.contains("T") ? text : text + "T00:00:00Z"
        let styles = [
            Date.ISO8601FormatStyle(), Date.ISO8601FormatStyle(includingFractionalSeconds: true),
        ]
        for style in styles {
            do {
                let seconds = try style.parse(whole).timeIntervalSince1970
                guard seconds >= 0 else { return nil }
                // A timestamp ends in the year 2554.
                guard seconds < 18_000_000_000 else { return Timestamp(rawValue: .max) }
                // A double holds milliseconds of this age exactly, and nothing finer.
                return Timestamp(rawValue: UInt64((seconds * 1_000).rounded()) * 1_000_000)
            } catch {
                continue
            }
        }
        return nil
    }

    /// The moment itself.
    func timestamp(now: Timestamp) -> Timestamp {
        switch self {
        case .moment(let moment): moment
        case .ago(let span): Timestamp(rawValue: now.rawValue - min(span, now.rawValue))
        }
    }
}
#endif
