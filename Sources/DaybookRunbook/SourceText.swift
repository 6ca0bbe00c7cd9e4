#if CLI
import Yams

/// A place in a text: lines from 1, columns from 1 in Unicode scalars.
struct Position: Equatable {
    let line: Int
    let column: Int

    init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    init(_ mark: Mark?) {
        // Yams gives a mark to every node that it reads.
        self.init(line: mark?.line ?? 1, column: mark?.column ?? 1)
    }
}

/// The text of a runbook, for errors that say where they are.
struct SourceText {
    let file: String
    let text: String

    /// - Parameter text: a byte order mark at its beginning is dropped: LibYAML would count it as
    ///   a column, and take the first line for one that is further in than the others.
    init(_ text: String, file: String) {
        self.file = file
        var scalars = Substring(text).unicodeScalars
        if scalars.first == "\u{FEFF}" { scalars.removeFirst() }
        self.text = String(scalars)
    }

    func error(at position: Position, _ message: String) -> RunbookError {
        RunbookError(
            file: file,
            line: position.line,
            column: position.column,
            message: message
        )
    }

    /// The place of a character, or of the end of the text.
    func position(at index: String.Index) -> Position {
        let before = text.unicodeScalars[..<index]
        var line = 1
        var lineStart = before.startIndex
        for place in before.indices where before[place] == "\n" || before[place] == "\r" {
            let next = before.index(after: place)
            // CR and LF together end a single line.
            let rest = text.unicodeScalars[next...]
            if before[place] == "\r", rest.first == "\n" { continue }
            line += 1
            lineStart = next
        }
        return Position(line: line, column: before[lineStart...].count + 1)
    }

    /// The scalars of a line without its end; empty if there is no such line.
    func line(_ number: Int) -> [Unicode.Scalar] {
        lines(from: number, limit: 1).first ?? []
    }

    /// Lines without their ends. A line ends with LF, CR, or both.
    func lines(from first: Int, limit: Int = .max) -> [[Unicode.Scalar]] {
        var result: [[Unicode.Scalar]] = []
        var current: [Unicode.Scalar] = []
        var number = 1
        var previous: Unicode.Scalar?
        for scalar in text.unicodeScalars {
            defer { previous = scalar }
            if scalar == "\n", previous == "\r" { continue }
            if scalar == "\n" || scalar == "\r" {
                if number >= first { result.append(current) }
                if result.count == limit { return result }
                current = []
                number += 1
            } else if number >= first {
                current.append(scalar)
            }
        }
        if number >= first { result.append(current) }
        return result
    }
}
#endif
