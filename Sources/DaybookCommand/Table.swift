#if CLI
/// Columns of text, as wide as they need to be. On a terminal they are cut to its width, which an
/// ellipsis shows; elsewhere nothing is cut.
///
/// A long table comes in parts, so that it need not be held: what is wider than all before it widens
/// its column from there on.
struct Table {
    private var rows: [[String]]
    private var widths: [Int] = []
    /// The columns that may be cut.
    private let flexible: [Bool]
    private var hasHeader = true

    /// Rows of a part.
    private static let part = 1_000
    /// A column is not cut below this width.
    static let leastWidth = 8

    /// - Parameter flexible: the columns that are cut where the terminal is too narrow: text, of which
    ///   a part says something. Numbers and times are not of that kind.
    init(_ header: [String], flexible: Set<String>) {
        rows = [header]
        self.flexible = header.map { flexible.contains($0) }
    }

    mutating func add(_ row: [String]) { rows.append(row.map(\.printable)) }

    /// Prints what there is, when it is much.
    mutating func flush(to terminal: Terminal) {
        if rows.count > Self.part { print(to: terminal) }
    }

    /// The widths of columns in a room: the widest ones that may be cut are, until all fit.
    static func fit(_ widths: [Int], flexible: [Bool], into room: Int) -> [Int] {
        var fitted = widths
        var over = widths.reduce(2 * max(0, widths.count - 1), +) - room
        while over > 0 {
            let columns = fitted.indices.filter { flexible[$0] && fitted[$0] > leastWidth }
            guard let widest = columns.max(by: { fitted[$0] <= fitted[$1] }) else { break }
            let next = columns.filter { $0 != widest }.map { fitted[$0] }.max() ?? leastWidth
            let cut = min(over, max(1, fitted[widest] - next))
            fitted[widest] -= cut
            over -= cut
        }
        return fitted
    }

    private static func cut(_ cell: String, to width: Int) -> String {
        cell.count <= width ? cell : cell.prefix(width - 1) + "…"
    }

    /// The lines of what has not been printed.
    /// - Parameter room: columns of the terminal; nil: nothing is cut.
    mutating func takeLines(_ room: Int?) -> [String] {
        for row in rows {
            for (column, cell) in row.enumerated() {
                if column == widths.count { widths.append(0) }
                widths[column] = max(widths[column], cell.count)
            }
        }
        defer { rows = [] }
        let fitted = room.map { Self.fit(widths, flexible: flexible, into: $0) } ?? widths
        return rows.map { row in
            var line = ""
            for (column, cell) in row.enumerated() {
                let shown = Self.cut(cell, to: fitted[column])
                line += shown
                if column + 1 < row.count {
                    line += String(repeating: " ", count: fitted[column] - shown.count + 2)
                }
            }
            // Of an empty last column nothing is left but blanks.
            while line.utf8.last == UInt8(ascii: " ") { line.removeLast() }
            return line
        }
    }

    /// Prints what has not been printed.
    mutating func print(to terminal: Terminal) {
        for line in takeLines(terminal.columns) {
            let text = TerminalText(line)
            terminal.line(hasHeader ? terminal.styled(text, .bold) : text)
            hasHeader = false
        }
    }
}
#endif
