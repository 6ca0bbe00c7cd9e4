#if CLI
import DaybookFormat
import DaybookSystem

#if canImport(Glibc)
import Glibc
#endif

/// One of the two outputs, with colour where that is wanted.
struct Terminal: Sendable {
    enum ColorChoice: String, CaseIterable, Sendable {
        case auto, always, never
    }

    enum Style {
        case bold, dim, red, green, yellow, cyan
    }

    let descriptor: Int32
    var hasColor: Bool

    /// Whether the command goes on when nobody reads what it says: it is more than a report.
    static let outlivesReaders = Locked(false)

    static let standardOutput = Terminal(descriptor: 1, choice: .auto)
    static let standardError = Terminal(descriptor: 2, choice: .auto)

    init(descriptor: Int32, choice: ColorChoice) {
        self.descriptor = descriptor
        hasColor =
            switch choice {
            case .always: true
            case .never: false
            case .auto: isatty(descriptor) == 1 && getenv("NO_COLOR") == nil
            }
    }

    var isInteractive: Bool { isatty(descriptor) == 1 }
    /// Whether somebody can answer.
    static var isInputInteractive: Bool { isatty(0) == 1 }

    func styled(_ text: TerminalText, _ style: Style) -> TerminalText {
        guard hasColor else { return text }
        let (begin, end) = Self.marks(style)
        return begin + text + end
    }

    private static func marks(_ style: Style) -> (TerminalText, TerminalText) {
        let begin: TerminalText =
            switch style {
            case .bold: "\u{1B}[1m"
            case .dim: "\u{1B}[2m"
            case .red: "\u{1B}[31m"
            case .green: "\u{1B}[32m"
            case .yellow: "\u{1B}[33m"
            case .cyan: "\u{1B}[36m"
            }
        return (begin, "\u{1B}[0m")
    }

    /// Writes a line for people.
    func line(_ text: TerminalText) { write(text + "\n") }

    /// Writes text for people.
    func write(_ text: TerminalText) { write(Array(text.raw.utf8)) }

    /// Writes all of it as it is. A reader that has gone away ends the program quietly, as with
    /// `head`.
    func write(_ bytes: [UInt8]) {
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress! + done, $0.count - done)
            }
            if count < 0 {
                if errno == EINTR { continue }
                // EIO: the terminal has been closed.
                guard errno == EPIPE || errno == EIO else { exit(ExitStatus.failed.rawValue) }
                if Self.outlivesReaders.withLock({ $0 }) { return }
                exit(0)
            }
            done += count
        }
    }
}

/// Columns of text, as wide as they need to be; never cut.
///
/// A long table comes in parts, so that it need not be held: what is wider than all before it widens
/// its column from there on.
struct Table {
    private var rows: [[String]]
    private var widths: [Int] = []
    private var hasHeader = true

    /// Rows of a part.
    private static let part = 1_000

    init(_ header: [String]) { rows = [header] }

    mutating func add(_ row: [String]) { rows.append(row.map(\.printable)) }

    /// Prints what there is, when it is much.
    mutating func flush(to terminal: Terminal) {
        if rows.count > Self.part { print(to: terminal) }
    }

    private mutating func take() -> [String] {
        for row in rows {
            for (column, cell) in row.enumerated() {
                if column == widths.count { widths.append(0) }
                widths[column] = max(widths[column], cell.count)
            }
        }
        defer { rows = [] }
        return rows.map { row in
            var line = ""
            for (column, cell) in row.enumerated() {
                line += cell
                if column + 1 < row.count {
                    line += String(repeating: " ", count: widths[column] - cell.count + 2)
                }
            }
            return line
        }
    }

    /// Prints what has not been printed.
    mutating func print(to terminal: Terminal) {
        for line in take() {
            let text = TerminalText(line)
            terminal.line(hasHeader ? terminal.styled(text, .bold) : text)
            hasHeader = false
        }
    }
}

extension Duration {
    /// For people: `12 ms`, `3.4 s`, `5 min 6 s`, `2 h 3 min`, `4 d 5 h`.
    var brief: String {
        let milliseconds =
            components.seconds * 1_000 + components.attoseconds / 1_000_000_000_000_000
        let seconds = milliseconds / 1_000
        switch seconds {
        case ..<1: return "\(milliseconds) ms"
        case ..<60: return "\(seconds).\(milliseconds % 1_000 / 100) s"
        case ..<3_600: return "\(seconds / 60) min \(seconds % 60) s"
        case ..<86_400: return "\(seconds / 3_600) h \(seconds / 60 % 60) min"
        default: return "\(seconds / 86_400) d \(seconds / 3_600 % 24) h"
        }
    }
}
#endif
