#if CLI
import DaybookSystem
import Testing

@testable import DaybookRunbook

@Suite struct LineCollectorTests {
    /// The lines of pieces of output, with the output before each.
    private func lines(_ pieces: [(ChildProcess.Source, [UInt8])]) -> [String] {
        let collector = LineCollector()
        for (source, bytes) in pieces {
            bytes.withUnsafeBytes { collector.add(source, $0) }
        }
        return collector.finish().map { ($0.source == .standardOutput ? "|" : "!") + $0.text }
    }

    private func text(_ text: String) -> (ChildProcess.Source, [UInt8]) {
        (.standardOutput, Array(text.utf8))
    }

    private func error(_ text: String) -> (ChildProcess.Source, [UInt8]) {
        (.standardError, Array(text.utf8))
    }

    private static let full = String(repeating: "x", count: LineCollector.limit)

    @Test func linesEndAtTheirEndsHoweverTheyCome() {
        #expect(
            lines([text("a"), error("b\n"), text("c\n\nd"), error("\ne")]) == [
                "!b", "|ac", "|", "!", "|d", "!e",
            ]
        )
        #expect(lines([text(""), error("")]) == [])
    }

    /// Of more than there is room for the first and the last are kept, and what is missing is said.
    @Test func ofTooManyLinesTheFirstAndTheLastAreKept() {
        let each = KeptLines.overhead + 4
        for count in [9, 10, 5_000] {
            var kept = KeptLines(first: 5 * each, last: 4 * each)
            for number in 1_001...1_000 + count { kept.append(("\(number)", .standardOutput)) }
            let all = kept.all.map(\.text)
            let whole = (1_001...1_000 + count).map { "\($0)" }
            guard count > 9 else {
                #expect(all == whole)
                continue
            }
            #expect(all.prefix(5) == whole.prefix(5))
            #expect(all.suffix(4) == whole.suffix(4))
            #expect(all.count == 10)
            #expect(all[5].contains("\(count - 9) lines of \((count - 9) * 4) bytes are left out"))
        }
    }

    /// One line is kept whatever its size.
    @Test func theLastLineIsKept() {
        var kept = KeptLines(first: 0, last: 1)
        for text in ["a", "bc"] { kept.append((text, .standardOutput)) }
        #expect(kept.all.last?.text == "bc")
        #expect(kept.all.first?.text.contains("1 lines of 1 bytes") == true)
    }

    /// The message of a failure ends with it.
    @Test func theLastLineOfTheErrorOutputIsKept() {
        var kept = KeptLines(first: 0, last: 1)
        for text in ["no such host", "", "more"] {
            kept.append((text, .standardError))
            if text == "more" { break }
            for _ in 0..<3 { kept.append(("progress", .standardOutput)) }
        }
        #expect(kept.all.last { $0.source == .standardError }?.text == "more")
        kept.append(("progress", .standardOutput))
        kept.append(("progress", .standardOutput))
        #expect(kept.all.last { $0.source == .standardError }?.text == "more")
        var one = KeptLines(first: 0, last: 1)
        for (text, source) in [("fatal", ChildProcess.Source.standardError), ("", .standardError)] {
            one.append((text, source))
        }
        for _ in 0..<5 { one.append(("progress", .standardOutput)) }
        #expect(one.all.last { $0.source == .standardError }?.text == "fatal")
    }

    @Test func aCharacterMayComeInParts() {
        let parts = Array("é😀\n".utf8).map { (ChildProcess.Source.standardOutput, [$0]) }
        #expect(lines(parts) == ["|é😀"])
    }

    @Test func aFullLineIsOneLineWhateverTheOtherOutputSaysMeanwhile() {
        let full = Self.full
        #expect(lines([text(full), error("b\n"), text("\n")]) == ["|" + full, "!b"])
        #expect(lines([text(full + "\n\n"), text("a\n")]) == ["|" + full, "|", "|a"])
        #expect(lines([text(full)]) == ["|" + full])
        #expect(lines([text(full + full + "\n\n")]) == ["|" + full, "|" + full, "|"])
    }

    @Test(arguments: 0..<4)
    func aLongLineIsCutBetweenCharacters(_ before: Int) {
        for character in ["é", "…", "😀"] {
            let line =
                String(repeating: "x", count: before)
                + String(repeating: character, count: LineCollector.limit)
            let pieces = lines([text(line + "\n")]).map { $0.dropFirst() }
            #expect(pieces.joined() == line)
            #expect(pieces.allSatisfy { $0.utf8.count <= LineCollector.limit })
        }
    }

    @Test func bytesThatAreNoTextAreCutToo() {
        let bytes = [UInt8](repeating: 0x80, count: LineCollector.limit)
        let pieces = lines([(.standardOutput, bytes + bytes), text("\n\n")])
        #expect(pieces.map(\.unicodeScalars.count) == [bytes.count + 1, bytes.count + 1, 1])
    }
}
#endif
