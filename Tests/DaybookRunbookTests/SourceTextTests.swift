#if CLI
@testable import DaybookRunbook
import Testing

@Suite("Source text: lines, columns and offsets")
struct SourceTextTests {
    /// The place of the first `x`.
    static func place(in text: String) -> Position? {
        let source = SourceText(text, file: "f")
        return source.text.firstIndex(of: "x").map { source.position(at: $0) }
    }

    @Test(
        "places",
        arguments: [
            ("x", 1, 1), ("abx", 1, 3), ("a\nx", 2, 1), ("a\rx", 2, 1), ("a\r\nx", 2, 1),
            ("\n\r\n\rbx", 4, 2), ("é😀x", 1, 3), ("e\u{301} x", 1, 4), ("\tx", 1, 2),
            ("\u{FEFF}x", 1, 1),
        ]
    )
    func places(text: String, line: Int, column: Int) {
        #expect(Self.place(in: text) == Position(line: line, column: column))
    }

    @Test(
        "the place of the end",
        arguments: [
            ("", 1, 1), ("ab", 1, 3), ("a\n", 2, 1), ("a\r", 2, 1), ("a\r\n", 2, 1),
        ]
    )
    func end(text: String, line: Int, column: Int) {
        let source = SourceText(text, file: "f")
        #expect(source.position(at: source.text.endIndex) == Position(line: line, column: column))
    }

    @Test(
        "lines",
        arguments: [
            ("", [""]), ("a", ["a"]), ("a\n", ["a", ""]), ("a\nb", ["a", "b"]),
            ("a\r\nb\rc\n\nd", ["a", "b", "c", "", "d"]), ("\r\r\n", ["", "", ""]),
        ]
    )
    func lines(text: String, lines: [String]) {
        let source = SourceText(text, file: "f")
        func string(_ scalars: [Unicode.Scalar]) -> String {
            scalars.map { String($0) }.joined()
        }
        #expect(source.lines(from: 1).map(string) == lines)
        for (index, line) in lines.enumerated() {
            #expect(string(source.line(index + 1)) == line)
        }
        #expect(source.line(lines.count + 1).isEmpty)
        #expect(source.lines(from: 2).map(string) == Array(lines.dropFirst()))
    }

    /// The place that an offset in the value of the only key has come to.
    static func place(of offset: Int, inValueOf text: String) throws -> String {
        let source = SourceText(text, file: "f")
        let reader = NodeReader(source: source)
        let root = try YAMLDocument.root(of: source)
        let entry = try #require(reader.entries(of: root, "the text").first)
        let place = source.position(of: offset, in: try reader.text(entry.value, "the value"))
        return "\(place.line):\(place.column)"
    }

    @Test(
        "every offset of a value",
        arguments: [
            ("k: abc", ["1:4", "1:5", "1:6"]),
            ("k: 'a''b'", ["1:5", "1:6", "1:8"]),
            (#"k: "a\nb\\c\"d""#, ["1:5", "1:6", "1:8", "1:9", "1:11", "1:12", "1:14"]),
            (#"k: "\x41\u0042\U00000043d""#, ["1:5", "1:9", "1:15", "1:25"]),
            ("k: |\n  ab\n\n   c\n", ["2:3", "2:4", "2:5", "3:1", "4:3", "4:4", "4:5"]),
            ("k: ab\n  c", ["1:4", "1:5", "1:4", "1:4"]),
            ("k: >\n  ab", ["1:4", "1:4"]),
        ]
    )
    func offsets(text: String, places: [String]) throws {
        for (offset, place) in places.enumerated() {
            #expect(try Self.place(of: offset, inValueOf: text) == place)
        }
        // Past the end it is the place of the scalar.
        let end = try Self.place(of: places.count, inValueOf: text)
        #expect(end == "1:4")
    }
}
#endif
