import DaybookFormat
import SeededRandom
import Testing

@Suite struct IdentifierTests {
    /// Gives the same number again and again.
    private struct Constant: RandomNumberGenerator {
        let number: UInt64

        mutating func next() -> UInt64 { number }
    }

    @Test(arguments: [0, 1, 1_645_557_742_000, 281_474_976_710] as [UInt64])
    func theTimeIsReadBackToTheMillisecond(_ milliseconds: UInt64) {
        var generator = SystemRandomNumberGenerator()
        let time = Timestamp(rawValue: milliseconds * 1_000_000)
        let identifier = Identifier.timeOrdered(at: time, using: &generator)
        #expect(identifier.time == time)
        #expect(Identifier.derived(from: [[1]]).time == nil)
        #expect(Identifier.zero.time == nil)
    }

    // 0x017F22E279B0 milliseconds: the example of RFC 9562, A.6.
    private let example = Timestamp(rawValue: 0x017F_22E2_79B0 * 1_000_000 + 999_999)

    @Test(arguments: [
        (UInt64(0), "017f22e2-79b0-7000-8000-000000000000"),
        (.max, "017f22e2-79b0-7fff-bfff-ffffffffffff"),
    ])
    func timeOrderedIsTheTimeAndRandomBits(_ random: UInt64, _ text: String) {
        var generator = Constant(number: random)
        #expect(Identifier.timeOrdered(at: example, using: &generator).description == text)
    }

    @Test func timeOrderedHasVersion7AndItsVariant() {
        var generator = SeededGenerator(seed: 51)
        for _ in 0..<500 {
            let time = Timestamp(rawValue: generator.next())
            let bytes = Identifier.timeOrdered(at: time, using: &generator).bytes
            #expect(bytes.count == 16)
            #expect(bytes[6] >> 4 == 7)
            #expect(bytes[8] >> 6 == 2)
        }
    }

    @Test func timeOrderedIsInTheOrderOfMilliseconds() {
        var generator = SeededGenerator(seed: 52)
        var time: UInt64 = 1_700_000_000_000_000_000
        var last = ""
        for _ in 0..<500 {
            time += 1_000_000 + generator.next() >> (24 + generator.next() % 30)
            let text = Identifier.timeOrdered(at: Timestamp(rawValue: time), using: &generator)
                .description
            #expect(text > last)
            last = text
        }
    }

    @Test func timeOrderedDiffersWithinAMillisecond() {
        var generator = SeededGenerator(seed: 53)
        let all = (0..<1_000).map { _ in Identifier.timeOrdered(at: example, using: &generator) }
        #expect(Set(all).count == 1_000)
    }

    // By Python: hashlib.sha256 over 8 bytes of length, least significant first, and the part.
    @Test(
        arguments: [
            ([["a"], ["b", "c"]], "9a8acca1-b6c6-80be-bd3f-bc756aed625d"),
            ([["a", "b"], ["c"]], "43ee6555-79de-81ca-b39b-3f95c1c2d3f4"),
            ([], "e3b0c442-98fc-8c14-9afb-f4c8996fb924"),
            ([[]], "af5570f5-a181-8b7a-b78c-af4bc70a660f"),
        ] as [([[String]], String)]
    )
    func derivedIsAHashOfItsParts(_ parts: [[String]], _ text: String) {
        let identifier = Identifier.derived(from: parts.map { Array($0.joined().utf8) })
        #expect(identifier.description == text)
        #expect(identifier.bytes[6] >> 4 == 8)
        #expect(identifier.bytes[8] >> 6 == 2)
    }

    @Test func takesSixteenBytesAndNoOtherNumber() throws {
        let bytes = (0..<16).map { UInt8($0) }
        let identifier = try #require(Identifier(bytes))
        #expect(identifier.bytes == bytes)
        #expect(identifier.description == "00010203-0405-0607-0809-0a0b0c0d0e0f")
        #expect(Identifier(Array(bytes[1...])) == nil)
        #expect(Identifier(bytes + [0]) == nil)
        #expect(Identifier([]) == nil)
    }
}
