#if CLI
/// Columns of text, as wide as they need to be, in cells of a terminal. On a terminal that is too narrow for them some are left
/// out, and text is cut, which an ellipsis shows; elsewhere everything is there.
///
/// A long table comes in parts, so that it need not be held: what is wider than all before it widens
/// its column from there on.
struct Table {
    private var rows: [[String]]
    private var widths: [Int] = []
    /// The columns that may be cut.
    private let flexible: [Bool]
    /// The columns that may be left out, the first one first.
    private var spare: [Int]
    private var leftOut: Set<Int> = []
    private var hasHeader = true

    /// Rows of a part.
    private static let part = 1_000
    /// A column is not cut below this width.
    static let leastWidth = 8

    /// - Parameter flexible: the columns that are cut where the terminal is too narrow: text, of which
    ///   a part says something. Ids, numbers and times are not of that kind.
    /// - Parameter spare: the columns that are left out where also that does not fit, the first one first.
    init(_ header: [String], flexible: Set<String>, spare: [String] = []) {
        rows = [header]
        self.flexible = header.map { flexible.contains($0) }
        self.spare = spare.compactMap { header.firstIndex(of: $0) }
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

    /// Leaves out columns until what is left fits, cut as far as it may be.
    private mutating func leaveOut(_ room: Int) {
        func least() -> Int {
            let shown = widths.indices.filter { !leftOut.contains($0) }
            return shown.reduce(2 * max(0, shown.count - 1)) { sum, column in
                sum + (flexible[column] ? min(widths[column], Self.leastWidth) : widths[column])
            }
        }
        while !spare.isEmpty, least() > room { leftOut.insert(spare.removeFirst()) }
    }

    private static func cut(_ cell: String, to width: Int) -> String {
        cell.cells <= width ? cell : cell.prefix(cells: width - 1) + "…"
    }

    /// The lines of what has not been printed.
    /// - Parameter room: columns of the terminal; nil: nothing is cut.
    mutating func takeLines(_ room: Int?) -> [String] {
        for row in rows {
            for (column, cell) in row.enumerated() {
                if column == widths.count { widths.append(0) }
                widths[column] = max(widths[column], cell.cells)
            }
        }
        defer { rows = [] }
        if let room { leaveOut(room) }
        let columns = widths.indices.filter { !leftOut.contains($0) }
        let whole = columns.map { widths[$0] }
        let fitted =
            room.map { Self.fit(whole, flexible: columns.map { flexible[$0] }, into: $0) } ?? whole
        return rows.map { row in
            var line = ""
            for (column, width) in zip(columns, fitted) {
                let shown = Self.cut(row[column], to: width)
                line += shown
                if column != columns.last {
                    line += String(repeating: " ", count: width - shown.cells + 2)
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
