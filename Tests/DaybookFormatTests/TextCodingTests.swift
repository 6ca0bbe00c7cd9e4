import DaybookFormat
import FoundationEssentials
import SeededRandom
import Testing

/// Times and names in JSON.
@Suite struct TextCodingTests {
    @Test func aTimeIsReadAsItIsWritten() {
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<2_000 {
            let time = Timestamp(rawValue: generator.next())
            #expect(Timestamp(time.description) == time)
            let milliseconds = Timestamp(rawValue: time.rawValue / 1_000_000 * 1_000_000)
            #expect(Timestamp(time.milliseconds) == milliseconds)
        }
        #expect(Timestamp("1970-01-01T00:00:00Z") == Timestamp(rawValue: 0))
        #expect(Timestamp("2024-02-29T23:59:59.5Z")?.rawValue == 1_709_251_199_500_000_000)
        #expect(Timestamp("2554-07-21T23:34:33.709551615Z")?.rawValue == .max)
    }

    @Test(arguments: [
        "", "Z", "2026-01-02", "2026-01-02T03:04:05", "2026-01-02t03:04:05Z",
        "2026-01-02 03:04:05Z", "2026-1-2T03:04:05Z", "2026-01-02T03:04:05.Z",
        "2026-01-02T03:04:05.1234567890Z", "2026-01-02T03:04:05+00:00", "2026-13-02T03:04:05Z",
        "2026-00-02T03:04:05Z", "2026-02-29T03:04:05Z", "2026-01-32T03:04:05Z",
        "2026-01-00T03:04:05Z", "2026-01-02T24:04:05Z", "2026-01-02T03:60:05Z",
        "2026-01-02T03:04:60Z", "1969-12-31T23:59:59Z", "2554-07-21T23:34:33.709551616Z",
        "9999-12-31T23:59:59Z", "-026-01-02T03:04:05Z", "2026-01-02T03:04:05.-1Z",
    ])
    func whatIsNoTimeIsNone(_ text: String) {
        #expect(Timestamp(text) == nil)
    }

    @Test func theyAreTextInJSON() throws {
        struct Both: Codable, Equatable {
            var time: Timestamp
            var name: Name
        }
        let both = Both(time: Timestamp(rawValue: 1_000_000_001), name: "A\u{30A}")
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let data = try encoder.encode(both)
        let text = "{\"name\":\"A\u{30A}\",\"time\":\"1970-01-01T00:00:01.000000001Z\"}"
        #expect(data == Data(text.utf8))
        #expect(try JSONDecoder().decode(Both.self, from: data) == both)
        let error = #expect(throws: DecodingError.self) {
            try JSONDecoder().decode([Timestamp].self, from: Data("[\"noon\"]".utf8))
        }
        #expect(String(describing: error).contains("is no time"))
    }
}
