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

    /// What an expression between `${{` and `}}` refers to.
    static func reference(in expression: String, at offset: Int) throws(TextFault)
        -> Template.Segment
    {
        let trimmed = trim(expression)
        if trimmed.hasPrefix("inputs.") {
            let name = String(trimmed.dropFirst("inputs.".count))
            if EnvironmentName.isIdentifier(name) { return .input(name) }
        } else if trimmed.hasPrefix("outputs.") {
            let path = trimmed.dropFirst("outputs.".count)
            // The names of jobs have dots in them: the key is what follows the last one.
            if let dot = path.lastIndex(of: "."), dot != path.startIndex {
                let key = String(path[path.index(after: dot)...])
                if EnvironmentName.isIdentifier(key) {
                    return .output(job: String(path[..<dot]), key: key)
                }
            }
        } else if ["secrets", "each"].contains(where: {
            trimmed == $0 || trimmed.hasPrefix("\($0).")
        }) {
            throw TextFault(
                offset: offset,
                message: "\(quoted(trimmed)) is not supported by this version of Daybook"
            )
        }
        throw TextFault(
            offset: offset,
            message: "\(quoted(trimmed)) is not an expression; write ${{ inputs.NAME }} or"
                + " ${{ outputs.JOB.KEY }}"
        )
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
            finish(try Self.reference(in: inner, at: start), at: start)
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
        while let scalar = peek(0), scalar == "_" || isASCIIAlphanumeric(scalar) {
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

private func isASCIIAlphanumeric(_ scalar: Unicode.Scalar) -> Bool {
    scalar.isASCII && scalar.properties.isAlphabetic
        || ("0"..."9").contains(scalar)
}

private func trim(_ text: String) -> String {
    let isBlank: (Character) -> Bool = { $0 == " " || $0 == "\t" || $0.isNewline }
    return String(text.drop(while: isBlank).reversed().drop(while: isBlank).reversed())
}
#endif
