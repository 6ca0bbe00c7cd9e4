#if CLI
/// Text for a person, in which nothing that comes from data can steer a terminal or hide.
///
/// What stands literally in the program is kept; what is interpolated is escaped. Styles are made by
/// ``Terminal/styled(_:_:)`` and nowhere else.
struct TerminalText: ExpressibleByStringInterpolation, Sendable {
    /// What is written.
    let raw: String

    private init(raw: String) { self.raw = raw }

    init(stringLiteral text: String) { raw = text }

    init(stringInterpolation: StringInterpolation) { raw = stringInterpolation.raw }

    /// Any text, escaped.
    init(_ text: String) { raw = text.printable }

    /// Any text, escaped but for the ends of its lines.
    init(lines text: String) {
        raw = text.split(separator: "\n", omittingEmptySubsequences: false)
            .map { String($0).printable }.joined(separator: "\n")
    }

    /// The same, with command lines that name the journal as this command was told it.
    var advised: TerminalText { TerminalText(raw: Advice.completed(raw)) }

    static func + (left: TerminalText, right: TerminalText) -> TerminalText {
        TerminalText(raw: left.raw + right.raw)
    }

    /// Collects the pieces.
    struct StringInterpolation: StringInterpolationProtocol {
        fileprivate private(set) var raw = ""

        init(literalCapacity: Int, interpolationCount: Int) { raw.reserveCapacity(literalCapacity) }

        mutating func appendLiteral(_ literal: String) { raw += literal }
        mutating func appendInterpolation(_ text: TerminalText) { raw += text.raw }
        mutating func appendInterpolation(_ value: some Any) { raw += "\(value)".printable }
        mutating func appendInterpolation(id: String) { raw += id.shownAsID }
    }
}

extension String {
    /// The text with every character escaped that does not show, or does more than that: control
    /// characters, marks of direction, what has no width, blanks other than the ordinary space, and
    /// what has no agreed meaning; at the beginning also what would stand on the character before it. The form
    /// is `\u{202e}`, and `\n`, `\r`, `\t`.
    var printable: String {
        if utf8.allSatisfy({ (0x20...0x7E).contains($0) }) { return self }
        var text = ""
        text.reserveCapacity(utf8.count)
        for scalar in unicodeScalars {
            if scalar.isPrintable, !text.isEmpty || !scalar.isCombining {
                text.unicodeScalars.append(scalar)
            } else {
                text += scalar.escaped
            }
        }
        return text
    }

    /// The text as ``printable`` gives it, with spaces at its ends escaped too: an id that differs
    /// from another by what cannot be seen must look different.
    var shownAsID: String {
        let spaces = { (scalar: Unicode.Scalar) in scalar == " " }
        let first = unicodeScalars.prefix(while: spaces).count
        let escaped = { String(repeating: #"\u{20}"#, count: $0) }
        guard first < unicodeScalars.count else { return escaped(first) }
        let last = unicodeScalars.reversed().prefix(while: spaces).count
        let middle = unicodeScalars.dropFirst(first).dropLast(last)
        return escaped(first) + String(String.UnicodeScalarView(middle)).printable + escaped(last)
    }
}

extension Unicode.Scalar {
    fileprivate var isPrintable: Bool {
        if self == " " { return true }
        switch properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator,
            .paragraphSeparator, .spaceSeparator:
            return false
        default:
            // Such as fillers, which are letters without a shape.
            return !properties.isDefaultIgnorableCodePoint
        }
    }

    fileprivate var escaped: String {
        switch self {
        case "\n": #"\n"#
        case "\r": #"\r"#
        case "\t": #"\t"#
        default: #"\u{"# + String(value, radix: 16) + "}"
        }
    }
}
#endif
