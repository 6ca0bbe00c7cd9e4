#if CLI
/// Something wrong in a text, at an offset that is counted in Unicode scalars.
struct TextFault: Error, Equatable {
    let offset: Int
    let message: String
}

/// Reads the text of a template.
struct TemplateSyntax {
    /// A piece of a template, and where it begins.
    struct Part: Equatable {
        let segment: Template.Segment
        let offset: Int
    }

    private let scalars: [Unicode.Scalar]
    private var position = 0
    private var parts: [Part] = []
    private var text = String.UnicodeScalarView()
    private var textOffset = 0

    /// Splits a text into its pieces.
    static func parts(of text: String) throws(TextFault) -> [Part] {
        var syntax = TemplateSyntax(scalars: Array(text.unicodeScalars))
        try syntax.readAll()
        return syntax.parts
    }

    private init(scalars: [Unicode.Scalar]) {
        self.scalars = scalars
    }

    private mutating func readAll() throws(TextFault) {
        while position < scalars.count {
            if scalars[position] == "$" {
                try readDollar()
            } else {
                append(scalars[position])
                position += 1
            }
        }
        endText()
    }

    private mutating func readDollar() throws(TextFault) {
        let start = position
        position += 1
        switch peek(0) {
        case "$":
            position += 1
            append("$", at: start)
        case "{" where peek(1) == "{":
            position += 2
            guard let inner = readUpTo(["}", "}"]) else {
                throw TextFault(offset: start, message: "${{ is not closed: }} is missing")
            }
            finish(try Template.Segment(expression: inner, at: start), at: start)
        case "{":
            position += 1
            guard let name = readUpTo(["}"]) else {
                throw TextFault(offset: start, message: "${ is not closed: } is missing")
            }
            guard EnvironmentName.isValid(name) else {
                throw TextFault(
                    offset: start,
                    message:
                        "\(quoted(name)) is not the name of a variable; write ${NAME}, and $$"
                        + " for a dollar"
                )
            }
            finish(.variable(name), at: start)
        default:
            let name = readName()
            guard EnvironmentName.isValid(name) else {
                throw TextFault(
                    offset: start,
                    message: "a dollar begins $NAME, ${NAME} or ${{ … }}; write $$ for a dollar"
                )
            }
            finish(.variable(name), at: start)
        }
    }

    private func peek(_ distance: Int) -> Unicode.Scalar? {
        position + distance < scalars.count ? scalars[position + distance] : nil
    }

    private mutating func readName() -> String {
        let start = position
        while let byte = peek(0).flatMap({ UInt8(exactly: $0.value) }),
            EnvironmentName.isWordByte(byte), byte != UInt8(ascii: "-")
        {
            position += 1
        }
        return string(start..<position)
    }

    /// Reads up to an end mark and past it; nil if there is none.
    private mutating func readUpTo(_ mark: [Unicode.Scalar]) -> String? {
        var end = position
        while end + mark.count <= scalars.count {
            if scalars[end..<end + mark.count].elementsEqual(mark) {
                defer { position = end + mark.count }
                return string(position..<end)
            }
            end += 1
        }
        return nil
    }

    private func string(_ range: Range<Int>) -> String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars[range])
        return String(view)
    }

    private mutating func append(_ scalar: Unicode.Scalar, at offset: Int? = nil) {
        if text.isEmpty { textOffset = offset ?? position }
        text.append(scalar)
    }

    private mutating func endText() {
        guard !text.isEmpty else { return }
        parts.append(Part(segment: .text(String(text)), offset: textOffset))
        text = String.UnicodeScalarView()
    }

    private mutating func finish(_ segment: Template.Segment, at offset: Int) {
        endText()
        parts.append(Part(segment: segment, offset: offset))
    }
}

#endif
