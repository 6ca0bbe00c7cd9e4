import FoundationEssentials
import Testing

@testable import Daybook

/// What is encoded and decoded without the library is what the library makes of it.
@Suite struct PlainJSONTests {
    private func library(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(value))
    }

    @Test(arguments: [0, 1, -1, 9, 10, -10, 999_999_999_999_999_999, .max, .min, 1 << 53])
    func numbersHaveTheLibrarysBytes(_ number: Int) throws {
        let bytes = try library(number)
        #expect(PlainJSON.encode(number) == bytes)
        #expect(try JSONPayloadCodec().decode(Int.self, from: bytes) == number)
    }

    @Test(arguments: [
        "", "a", "a b/c", "~!", "with \"quotes\"", "back\\slash", "line\nbreak", "\u{7F}", "é",
        "\u{2028}",
        "\u{1F4D3}",
    ])
    func textsHaveTheLibrarysBytes(_ text: String) throws {
        let bytes = try library(text)
        #expect(try JSONPayloadCodec().encode(text) == bytes)
        #expect(try JSONPayloadCodec().decode(String.self, from: bytes) == text)
    }

    @Test(arguments: [true, false])
    func truthValuesHaveTheLibrarysBytes(_ value: Bool) throws {
        let bytes = try library(value)
        #expect(PlainJSON.encode(value) == bytes)
        #expect(PlainJSON.decode(Bool.self, from: bytes) == value)
    }

    /// Whatever is not of the plainest form is for the library to take or to refuse.
    @Test(arguments: [
        "", "-", "-0", "01", "1.0", "1e3", " 1", "1 ", "null", "tru", "\"", "\"a", "\"\\u0041\"",
        "1000000000000000000", "+1", "\"a\"b\"",
    ])
    func otherBytesAreLeftToTheLibrary(_ text: String) {
        let data = Array(text.utf8)
        #expect(PlainJSON.decode(Int.self, from: data) == nil)
        #expect(PlainJSON.decode(String.self, from: data) == nil)
        #expect(PlainJSON.decode(Bool.self, from: data) == nil)
        #expect(PlainJSON.decode(Double.self, from: data) == nil)
    }

    /// An optional may hold what looks plain, and has a form of its own for nothing.
    @Test func optionalsComeBackAsTheyWere() throws {
        let codec = JSONPayloadCodec()
        for value in [nil, 7] as [Int?] {
            #expect(try codec.decode(Int?.self, from: try codec.encode(value)) == value)
        }
    }
}
