import DaybookModel
import Testing

@Suite struct NamesTests {
    @Test(arguments: [
        "a",
        " ",
        "a name/with:many+signs?",
        "\u{E4}\u{F6}\u{FC}",
        "\u{1F4D3}",
        String(repeating: "a", count: 255),
        // Two and four bytes each: the limit counts bytes and not characters.
        String(repeating: "\u{E9}", count: 127) + "a",
        String(repeating: "\u{1F4D3}", count: 63) + "abc",
    ])
    func goodNamesAreTaken(_ name: String) throws {
        #expect(Names.isValid(name))
        try Names.check(name, "name")
    }

    @Test(arguments: [
        ("", 0),
        (String(repeating: "a", count: 256), 256),
        (String(repeating: "\u{E9}", count: 128), 256),
        (String(repeating: "\u{1F4D3}", count: 64), 256),
        (String(repeating: "a", count: 100_000), 100_000),
    ])
    func namesOfTheWrongLengthAreRefused(_ name: String, _ bytes: Int) {
        #expect(!Names.isValid(name))
        let refusal = #expect(throws: Refusal.self) { try Names.check(name, "colour") }
        expect(
            refusal,
            .invalidArgument,
            says: "the colour has \(bytes) bytes",
            "must have 1 to 255",
            "choose another"
        )
    }

    @Test(arguments: (0..<0x20).map { UInt8($0) } + [0x7F])
    func controlCharactersAreRefusedAnywhere(_ byte: UInt8) {
        let character = String(UnicodeScalar(byte))
        for name in [character, "a" + character, character + "a", "a\(character)b"] {
            #expect(!Names.isValid(name))
            let refusal = #expect(throws: Refusal.self) { try Names.check(name, "colour") }
            expect(
                refusal,
                .invalidArgument,
                says: "the colour contains a control character",
                "choose one without"
            )
        }
    }

    /// U+0080 to U+009F are control characters too, and U+009B begins a terminal's commands.
    @Test func controlCharactersOfTwoBytesAreRefused() throws {
        for value in UInt32(0x80)...0x9F {
            let character = try #require(UnicodeScalar(value))
            #expect(!Names.isValid("a\(character)b"))
        }
    }

    @Test func theLimitIsWhatItSays() {
        #expect(Names.limit == 255)
    }
}
