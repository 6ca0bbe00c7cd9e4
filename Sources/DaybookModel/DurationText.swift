/// A duration as text: seconds and an "s", as protobuf has it in JSON. `1.5s`.
///
/// It is exact: with as many digits of a fraction as it takes, up to 18.
package struct DurationText: Hashable, Sendable {
    /// The duration.
    package let duration: Duration

    /// Any duration.
    package init(_ duration: Duration) { self.duration = duration }

    /// Reads ``text``.
    /// - Returns: nil for anything else.
    package init?(text: String) {
        guard text.last == "s" else { return nil }
        let parts = text.dropLast().split(separator: ".", omittingEmptySubsequences: false)
        let isNegative = text.first == "-"
        guard (1...2).contains(parts.count), let whole = parts.first,
            Self.areDigits(isNegative ? whole.dropFirst() : whole), let seconds = Int64(whole)
        else { return nil }
        var attoseconds: Int64 = 0
        if parts.count == 2 {
            let zeros = 18 - parts[1].utf8.count
            guard zeros >= 0, Self.areDigits(parts[1]),
                let digits = Int64(parts[1] + String(repeating: "0", count: zeros))
            else { return nil }
            attoseconds = isNegative ? -digits : digits
        }
        duration = Duration(secondsComponent: seconds, attosecondsComponent: attoseconds)
    }

    private static func areDigits(_ text: Substring) -> Bool {
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        return !text.isEmpty && text.utf8.allSatisfy { digits.contains($0) }
    }

    /// For example `-0.25s`.
    package var text: String {
        let (seconds, attoseconds) = duration.components
        let sign = duration < .zero ? "-" : ""
        guard attoseconds != 0 else { return "\(sign)\(seconds.magnitude)s" }
        let digits = String(attoseconds.magnitude)
        var fraction = String(repeating: "0", count: 18 - digits.utf8.count) + digits
        while fraction.last == "0" { fraction.removeLast() }
        return "\(sign)\(seconds.magnitude).\(fraction)s"
    }
}

extension DurationText: Codable {
    /// The text.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }

    /// Reads the text.
    /// - Throws: `DecodingError` for anything else.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let duration = DurationText(text: text) else {
            throw DecodingError.dataCorruptedError(
                in: container,
                debugDescription: "\"\(text)\" is no duration; write seconds like 1.5s"
            )
        }
        self = duration
    }
}
