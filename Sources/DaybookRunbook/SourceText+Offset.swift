#if CLI
import Yams

extension SourceText {
    /// Where in the file a scalar's value has come to at an offset.
    ///
    /// Quotes, escapes and indentation are taken into account. Where a value has been folded, so
    /// that the text in the file is not what it says, it is the place of the scalar.
    /// - Parameter offset: in Unicode scalars, within the value.
    func position(of offset: Int, in scalar: Node.Scalar) -> Position {
        let start = Position(scalar.mark)
        let value = Array(scalar.string.unicodeScalars)
        guard offset < value.count else { return start }
        if scalar.style == .literal {
            return literalPosition(of: offset, in: value, from: start) ?? start
        }
        let raw = line(start.line).dropFirst(start.column - 1)
        let column: Int? =
            switch scalar.style {
            case .plain: Self.plainColumn(of: offset, value: value, raw: Array(raw))
            case .singleQuoted, .doubleQuoted:
                Self.quotedColumn(of: offset, value: value, raw: Array(raw))
            default: nil
            }
        return column.map { Position(line: start.line, column: start.column + $0) } ?? start
    }

    private static func plainColumn(
        of offset: Int,
        value: [Unicode.Scalar],
        raw: [Unicode.Scalar]
    ) -> Int? {
        raw.starts(with: value[...offset]) ? offset : nil
    }

    private static func quotedColumn(
        of offset: Int,
        value: [Unicode.Scalar],
        raw: [Unicode.Scalar]
    ) -> Int? {
        guard let quote = raw.first, quote == "'" || quote == "\"" else { return nil }
        var column = 1
        for (index, scalar) in value[...offset].enumerated() {
            guard let length = quotedLength(of: scalar, in: raw.dropFirst(column), quote: quote)
            else { return nil }
            if index == offset { return column }
            column += length
        }
        return nil
    }

    /// How many scalars stand for one of the value; nil where the line ends or says another.
    private static func quotedLength(
        of scalar: Unicode.Scalar,
        in raw: ArraySlice<Unicode.Scalar>,
        quote: Unicode.Scalar
    ) -> Int? {
        guard let first = raw.first else { return nil }
        if quote == "\"", first == "\\" {
            return raw.dropFirst().first.map(escapeLength)
        }
        guard first == scalar else { return nil }
        // A quote within single quotes is doubled.
        return first == "'" && quote == "'" ? 2 : 1
    }

    private static func escapeLength(_ letter: Unicode.Scalar) -> Int {
        switch letter {
        case "x": 4
        case "u": 6
        case "U": 10
        default: 2
        }
    }

    private func literalPosition(
        of offset: Int,
        in value: [Unicode.Scalar],
        from start: Position
    ) -> Position? {
        let row = value[..<offset].count { $0 == "\n" }
        let begin = value[..<offset].lastIndex(of: "\n").map { $0 + 1 } ?? 0
        let end = value[begin...].firstIndex(of: "\n") ?? value.count
        // The text begins on the line after the one with the bar.
        let number = start.line + 1 + row
        let raw = line(number)
        let indentation = raw.count - (end - begin)
        guard indentation >= 0, raw[indentation...].elementsEqual(value[begin..<end]),
            raw[..<indentation].allSatisfy({ $0 == " " })
        else { return nil }
        return Position(line: number, column: indentation + offset - begin + 1)
    }
}
#endif
