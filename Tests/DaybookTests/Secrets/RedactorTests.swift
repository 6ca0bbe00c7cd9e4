import Testing

@testable import Daybook

/// What is written is redacted of each form of a secret, and of nothing else.
@Suite struct RedactorTests {
    private let redactor = Redactor([Array("p@ss/w\"örd 1".utf8)])

    private static let base64 = [
        // The value after 0, 1 and 2 bytes of something else.
        "cEBzcy93IsO2cmQgMQ==", "eHBAc3MvdyLDtnJkIDE=", "eHhwQHNzL3ciw7ZyZCAx",
        "eHh4cEBzcy93IsO2cmQgMXh4",
    ]

    @Test(arguments: [
        "p@ss/w\"örd 1", "p%40ss%2Fw%22%C3%B6rd%201", "p%40ss%2fw%22%c3%b6rd%201",
        "p%40ss%2Fw%22%C3%B6rd+1", "p@ss/w%22%C3%B6rd%201", #"p@ss/w\"örd 1"#,
        #"p@ss\/w\"örd 1"#, #"p@ss/w\"\u00f6rd 1"#, #"p@ss/w\"\u00F6rd 1"#,
    ])
    func eachFormIsFound(_ form: String) {
        #expect(redactor.redacted("before \(form) after") == "before *** after")
        #expect(redactor.finds(in: "\(form)".utf8))
        #expect(!redactor.finds(in: form.dropFirst().utf8))
    }

    @Test(arguments: base64)
    func base64IsFoundWhereverTheValueBegins(_ text: String) {
        let redacted = redactor.redacted("x=\(text);")
        #expect(redacted.contains("***"))
        // What is left are digits that the neighbours decide too.
        #expect(redacted.utf8.count <= "x=***;".utf8.count + 12)
        #expect(redactor.finds(in: text.utf8))
    }

    @Test func base64ForURLsIsFound() {
        // Bytes that the two alphabets write differently.
        let redactor = Redactor([[0xFB, 0xEF, 0xBE, 0xFF, 0xFF, 0xFE]])
        #expect(redactor.redacted("++++///+") == "***")
        #expect(redactor.redacted("----___-") == "***")
        #expect(redactor.redacted("++--__//") == "++--__//")
    }

    @Test func eachLineIsFoundAndShortOnesAreNot() {
        let redactor = Redactor([Array("-----BEGIN\nabc\nMIIEow\n".utf8)])
        #expect(redactor.redacted("line MIIEow") == "line ***")
        #expect(redactor.redacted("abc abc") == "abc abc")
        #expect(redactor.redacted("-----BEGIN\nabc\nMIIEow\n") == "***")
        #expect(redactor.redacted("-----BEGIN\nabc\nMIIEow!") == "***!")
        #expect(redactor.redacted("-----BEGIN\r\nabc\r\nMIIEow") == "***\r\nabc\r\n***")
    }

    @Test func aLineBreakAtTheEndIsNoPartOfIt() {
        #expect(Redactor([Array("hunter22\n".utf8)]).redacted("aHVudGVyMjI=") == "***")
        #expect(Redactor([Array("hunter22\n".utf8)]).redacted("hunter22") == "***")
    }

    @Test func secretsThatOverlapAreOneMark() {
        let redactor = Redactor([Array("abcdef".utf8), Array("defghi".utf8), Array("cdef".utf8)])
        #expect(redactor.redacted("abcdefghi") == "***")
        #expect(redactor.redacted("xcdefx") == "x***x")
        #expect(redactor.redacted("abcdefabcdef") == "******")
        #expect(redactor.redacted("abcdeabcdefg") == "abcde***g")
    }

    /// However a text is cut, the same comes out: compared with the plain way to look.
    @Test func aTextInPiecesIsRedactedAsAWhole() {
        var seed: UInt64 = 1
        func next(_ bound: Int) -> Int {
            seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(seed >> 33) % bound
        }
        for _ in 0..<2_000 {
            let needle = { (0..<4 + next(3)).map { _ in UInt8(0x61 + next(2)) } }
            let needles = (0...next(3)).map { _ in needle() }
            let text = (0..<next(40)).map { _ in UInt8(0x61 + next(2)) }
            let redactor = Redactor(needles)
            let expected = Self.plainly(needles, text)
            #expect(redactor.redacted(text) == expected)
            var stream = Redactor.Stream(redactor)
            var given: [UInt8] = []
            var rest = text[...]
            while !rest.isEmpty {
                let count = min(1 + next(5), rest.count)
                given += stream.feed(rest.prefix(count))
                rest = rest.dropFirst(count)
            }
            #expect(given + stream.finish() == expected)
        }
    }

    private static func plainly(_ needles: [[UInt8]], _ text: [UInt8]) -> [UInt8] {
        let forms = needles.reduce(into: Set<[UInt8]>()) { $0.formUnion(SecretForms.all(of: $1)) }
        // Which bytes are covered, and where a needle goes on over a border between two bytes.
        var covered = [Bool](repeating: false, count: text.count)
        var joined = [Bool](repeating: false, count: text.count + 1)
        for form in forms where form.count <= text.count {
            for start in 0...(text.count - form.count)
            where text[start..<start + form.count].elementsEqual(form) {
                for index in start..<start + form.count { covered[index] = true }
                for index in start + 1..<start + form.count { joined[index] = true }
            }
        }
        var redacted: [UInt8] = []
        for index in text.indices {
            if !covered[index] {
                redacted.append(text[index])
            } else if !joined[index] {
                redacted += Redactor.mark
            }
        }
        return redacted
    }

    /// Linear in the text: twice as long takes no more than about twice the steps, also where every
    /// byte begins a needle.
    @Test func aLongTextOfNearMissesIsHeldBackBriefly() {
        let redactor = Redactor([[UInt8](repeating: 0x61, count: 999) + [0x62]])
        var stream = Redactor.Stream(redactor)
        let piece = [UInt8](repeating: 0x61, count: 100_000)
        var given = 0
        for _ in 0..<10 { given += stream.feed(piece[...]).count }
        #expect(given == 1_000_000 - 999)
        #expect(stream.feed([0x62][...]) == Redactor.mark)
    }
}
