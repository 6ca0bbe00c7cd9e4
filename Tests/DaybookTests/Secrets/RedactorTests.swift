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

    /// As `quote` of Python has it, in userinfo (RFC 3986) and in a segment of a path, each byte, and twice.
    @Test(arguments: [
        "ab/cd%2Bef%3Agh%40ij%26kl%3Dmn%2Cop%3Bqr%21st", "ab%2Fcd+ef:gh%40ij&kl=mn,op;qr!st",
        "ab%2fcd+ef:gh@ij&kl=mn,op;qr!st", "ab/cd%2bef:gh@ij%26kl=mn,op;qr%21st",
        "ab%252Fcd%252Bef%253Agh%2540ij%2526kl%253Dmn%252Cop%253Bqr%2521st",
        "%61%62%2F%63%64%2B%65%66%3A%67%68%40%69%6A%26%6B%6C%3D%6D%6E%2C%6F%70%3B%71%72%21%73%74",
    ])
    func howeverItIsEscapedForURLsItIsFound(_ form: String) {
        let redactor = Redactor([Array("ab/cd+ef:gh@ij&kl=mn,op;qr!st".utf8)])
        #expect(redactor.redacted("100% %4x \(form) %41%") == "100% %4x *** %41%")
        #expect(redactor.redacted("=\(form)\(form)%2") == "=******%2")
        #expect(redactor.finds(in: form.utf8))
        #expect(!redactor.finds(in: form.dropLast().utf8))
    }

    /// Of a text that is cut in the middle of an escape what was before is redacted, too.
    @Test func escapesInPiecesAreRedactedAsAWhole() {
        var seed: UInt64 = 7
        func next(_ bound: Int) -> Int {
            seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(seed >> 33) % bound
        }
        let pieces = ["a", "b", "%61", "%62", "%2561", "%25", "%", "6", "1", "2"]
        for _ in 0..<2_000 {
            let redactor = Redactor([Array("abab".utf8), Array("b%61a".utf8)])
            let text = (0..<next(16)).map { _ in pieces[next(pieces.count)] }.joined()
            let expected = redactor.redacted(Array(text.utf8))
            #expect(!redactor.finds(in: expected))
            var stream = Redactor.Stream(redactor)
            let given = text.utf8.flatMap { stream.feed([$0][...]) }
            #expect(given + stream.finish() == expected, "\(text)")
            // Compared with the plain way to look.
            var levels = [Array(text.utf8)]
            for _ in 0..<2 { levels.append(Self.unescaped(levels[levels.count - 1])) }
            let isThere = levels.contains { level in
                ["abab", "b%61a"].contains { Self.contains(Array($0.utf8), level) }
            }
            #expect(redactor.finds(in: text.utf8) == isThere, "\(text)")
        }
    }

    private static func contains(_ needle: [UInt8], _ text: [UInt8]) -> Bool {
        text.count >= needle.count
            && (0...text.count - needle.count).contains {
                text[$0..<$0 + needle.count].elementsEqual(needle)
            }
    }

    private static func unescaped(_ text: [UInt8]) -> [UInt8] {
        var (out, rest): ([UInt8], ArraySlice<UInt8>) = ([], text[...])
        while let first = rest.first {
            let digits = String(decoding: rest.dropFirst().prefix(2), as: UTF8.self)
            if first == UInt8(ascii: "%"), digits.utf8.count == 2, !digits.contains("+"),
                let byte = UInt8(digits, radix: 16)
            {
                out.append(byte)
                rest = rest.dropFirst(3)
            } else {
                out.append(first)
                rest = rest.dropFirst()
            }
        }
        return out
    }

    @Test func aTextInATextAndALineInBase64AreFound() {
        let redactor = Redactor([Array("first line of a key\nand a \"second\" one\n".utf8)])
        #expect(
            redactor.redacted(
                #"{"x":"{\"y\":\"first line of a key\\nand a \\\"second\\\" one\"}"}"#
            )
                == #"{"x":"{\"y\":\"***\"}"}"#
        )
        // The first line alone.
        #expect(redactor.redacted("Zmlyc3QgbGluZSBvZiBhIGtleQ==") == "***")
    }

    /// Whoever wrote it was stopped in the middle of the secret.
    @Test func theBeginningOfASecretAtACutIsRedacted() {
        var stream = Redactor.Stream(redactor)
        let given = stream.feed(Array("x p@ss/w%2".utf8)[...])
        #expect(given + stream.finish(isCut: true) == Array("x ***".utf8))
        var other = Redactor.Stream(redactor)
        let short = other.feed(Array("x p@s".utf8)[...])
        #expect(short + other.finish(isCut: true) == Array("x p@s".utf8))
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
