extension Timestamp {
    /// Reads RFC 3339 in UTC, with none to nine digits of a fraction: what ``description`` and
    /// ``milliseconds`` give.
    /// - Returns: nil for anything else, for a day or time of day that there is not, and for a time
    ///   before 1970 or after the range.
    public init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count >= 20, bytes.last == UInt8(ascii: "Z"),
            let year = Self.number(bytes[0..<4]), let month = Self.number(bytes[5..<7]),
            let day = Self.number(bytes[8..<10]), let hour = Self.number(bytes[11..<13]),
            let minute = Self.number(bytes[14..<16]), let second = Self.number(bytes[17..<19]),
            let nanoseconds = Self.fraction(bytes[19...].dropLast()),
            year >= 1_970, (1...12).contains(month), day >= 1
        else { return nil }
        // As the days are written: in years that begin in March.
        let yearOfMarch = month > 2 ? year : year - 1
        let era = yearOfMarch / 400
        let yearOfEra = yearOfMarch % 400
        let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        let days = era * 146_097 + dayOfEra - 719_468
        let seconds = days * 86_400 + hour * 3_600 + minute * 60 + second
        let (whole, isOver) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (time, isTooLate) = whole.addingReportingOverflow(nanoseconds)
        guard !isOver, !isTooLate else { return nil }
        self.init(rawValue: time)
        // A day, an hour or a sign that there is not is written otherwise.
        guard description.utf8.prefix(19).elementsEqual(bytes[..<19]) else { return nil }
    }

    private static func number(_ digits: some Collection<UInt8>) -> UInt64? {
        var number: UInt64 = 0
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            number = number * 10 + UInt64(digit - UInt8(ascii: "0"))
        }
        return number
    }

    /// The nanoseconds of a point and its digits, or of nothing.
    private static func fraction(_ text: some Collection<UInt8>) -> UInt64? {
        guard let point = text.first else { return 0 }
        let digits = Array(text.dropFirst())
        guard point == UInt8(ascii: "."), (1...9).contains(digits.count) else { return nil }
        return number(digits + Array(repeating: UInt8(ascii: "0"), count: 9 - digits.count))
    }
}

extension Timestamp: Codable {
    /// RFC 3339, as ``description``.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }

    /// Reads RFC 3339 in UTC.
    /// - Throws: `DecodingError` for anything else.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let time = Timestamp(text) else {
            throw DecodingError.dataCorruptedError(
                in: container,
                debugDescription:
                    "\"\(text)\" is no time; write one from 1970 on like 2026-01-02T03:04:05.000000006Z"
            )
        }
        self = time
    }
}
