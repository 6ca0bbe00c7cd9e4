#if CLI
import Daybook
import DaybookFormat
import DaybookJournal
import DaybookModel
import FoundationEssentials

/// How the archive's scheduler prints values: as Python does.
enum PythonText {
    /// A span: days, then hours, minutes and seconds; microseconds where there are some.
    static func span(_ duration: Duration) -> String {
        let microseconds = duration.wholeNanoseconds / 1_000
        let seconds = microseconds / 1_000_000
        let (days, rest) = (seconds / 86_400, seconds % 86_400)
        var text = days == 0 ? "" : "\(days) day\(days == 1 ? "" : "s"), "
        text += "\(rest / 3_600):\(two(rest / 60 % 60)):\(two(rest % 60))"
        let fraction = microseconds % 1_000_000
        return fraction == 0 ? text : text + "." + padded(fraction, 6)
    }

    /// A time in UTC, with microseconds where there are some.
    static func time(_ time: Timestamp) -> String {
        // Like `2019-06-25T10:35:10.000Z`.
        let text = time.milliseconds
        let whole = text.prefix(19).replacing("T", with: " ")
        let fraction = time.rawValue / 1_000 % 1_000_000
        return whole + (fraction == 0 ? "" : "." + padded(fraction, 6)) + "+00:00"
    }

    /// How far a time is from now, in the largest unit of which it is one or more.
    ///
    /// Below 10 seconds it is `just now`, below 45 `seconds`; from there on a minute, minutes (from 90
    /// seconds), an hour (45 minutes), hours (90 minutes), a day (22 hours), days (36 hours), a month (30
    /// days), months (45 days), a year (345 days), years (548 days). A month has 30 days, a year 365. What
    /// is left over is dropped.
    static func age(_ time: Timestamp, now: Timestamp) -> String {
        let isPast = time < now
        let span = isPast ? now.since(time) : time.since(now)
        let seconds = span.wholeNanoseconds / 1_000_000_000
        if seconds < 10 { return "just now" }
        let words = words(seconds)
        return isPast ? "\(words) ago" : "in \(words)"
    }

    private static func words(_ seconds: UInt64) -> String {
        let day: UInt64 = 86_400
        func several(_ unit: UInt64, _ name: String) -> String {
            "\(max(2, seconds / unit)) \(name)"
        }
        switch seconds {
        case ..<45: return "seconds"
        case ..<90: return "a minute"
        case ..<2_700: return several(60, "minutes")
        case ..<5_400: return "an hour"
        case ..<79_200: return several(3_600, "hours")
        case ..<129_600: return "a day"
        case ..<(30 * day): return several(day, "days")
        case ..<(45 * day): return "a month"
        case ..<(345 * day): return several(30 * day, "months")
        case ..<(548 * day): return "a year"
        default: return several(365 * day, "years")
        }
    }

    /// A value as Python writes it: a text in single quotes, or in double quotes if it has a single quote
    /// and no double quote.
    static func value(_ value: TaskValue) -> String {
        switch value {
        case .null: "None"
        case .bool(let value): value ? "True" : "False"
        case .integer(let value): "\(value)"
        case .number(let value): "\(value)"
        case .string(let value): quoted(value)
        case .array(let values): "[" + values.map { Self.value($0) }.joined(separator: ", ") + "]"
        case .object(let values):
            "{"
                + values.sorted { $0.key < $1.key }
                .map { "\(quoted($0.key)): \(Self.value($0.value))" }.joined(separator: ", ") + "}"
        }
    }

    private static func quoted(_ text: String) -> String {
        let hasSingle = text.unicodeScalars.contains("'")
        let quote: Unicode.Scalar = hasSingle && !text.unicodeScalars.contains("\"") ? "\"" : "'"
        var result = String(quote)
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case quote: result += "\\" + String(quote)
            default: result += shown(scalar)
            }
        }
        return result + String(quote)
    }

    /// A control character is named by its number, as everything that a terminal may take for more than
    /// text.
    private static func shown(_ scalar: Unicode.Scalar) -> String {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse,
            .unassigned:
            scalar.value < 0x100
                ? "\\x" + padded(UInt64(scalar.value), 2, radix: 16)
                : scalar.value < 0x1_0000
                    ? "\\u" + padded(UInt64(scalar.value), 4, radix: 16)
                    : "\\U" + padded(UInt64(scalar.value), 8, radix: 16)
        default: String(scalar)
        }
    }

    private static func two(_ number: UInt64) -> String { padded(number, 2) }

    private static func padded(_ number: UInt64, _ width: Int, radix: Int = 10) -> String {
        let digits = String(number, radix: radix)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
#endif
