import DaybookSystem
import Testing

@Suite struct CharacterBorderTests {
    /// One character of each length.
    private static let bytes = Array("xé…😀".utf8)

    @Test(arguments: [
        (0, 0), (1, 1), (2, 1), (3, 3), (4, 3), (5, 3), (6, 6), (7, 6), (8, 6), (9, 6), (10, 10),
    ])
    func aCharacterIsNotTornApart(_ end: Int, _ border: Int) {
        #expect(CharacterBorder.last(in: Self.bytes[...], upTo: end) == border)
        // It makes no difference whether the rest of the character is there.
        #expect(CharacterBorder.last(in: Self.bytes[..<end], upTo: end) == border)
    }

    @Test func aSliceBeginsWhereItBegins() {
        #expect(CharacterBorder.last(in: Self.bytes[3...], upTo: 5) == 3)
        #expect(CharacterBorder.last(in: Self.bytes[4...], upTo: 5) == 5)
        #expect(CharacterBorder.last(in: Self.bytes[10...], upTo: 10) == 10)
    }

    /// What is no UTF-8 is cut where it was asked for, so that whoever cuts comes forward.
    @Test(
        arguments: [
            [0x80, 0x80, 0x80, 0x80, 0x80], [0xFF, 0xFF, 0xFF], [0xC0], [0xC3, 0xA9, 0xA9],
            [0xF5, 0x80], [0x00],
        ] as [[UInt8]]
    )
    func bytesThatAreNoTextAreCutAnywhere(_ bytes: [UInt8]) {
        #expect(CharacterBorder.last(in: bytes[...], upTo: bytes.count) == bytes.count)
    }
}
