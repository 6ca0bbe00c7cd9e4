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
            case .auto:
                isatty(descriptor) == 1 && getenv("NO_COLOR") == nil
                    && getenv("TERM").map { String(cString: $0) } != "dumb"
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
    /// `head`; so does a terminal that is closed. Where the output cannot be written for another
    /// reason, the program says so and ends: with 75 for a full disk, else with 1.
    ///
    /// A program that does more than to report (``outlivesReaders``) goes on without output, and ends
    /// so when its work is done.
    func write(_ bytes: [UInt8]) {
        guard !Self.isUnwritable(descriptor) else { return }
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress! + done, $0.count - done)
            }
            guard count < 0 else {
                done += count
                continue
            }
            switch errno {
            case EINTR: continue
            case EAGAIN:
                // Whoever shares it has made it one that does not wait.
                var polled = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = poll(&polled, 1, -1)
            case EPIPE: return readerIsGone()
            case EIO where isDevice: return readerIsGone()
            default: return fail(.current("write to standard output"))
            }
        }
    }

    private func readerIsGone() {
        if !Self.outlivesReaders.withLock({ $0 }) { exit(0) }
    }

    /// Whether it is a terminal, or was one.
    private var isDevice: Bool {
        var raw = stat()
        return fstat(descriptor, &raw) == 0 && raw.st_mode & S_IFMT == S_IFCHR
    }

    /// Columns of the terminal; nil: it is none, or does not say.
    var columns: Int? {
        var size = winsize()
        guard isInteractive, ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else {
            return nil
        }
        return Int(size.ws_col)
    }

    // MARK: Outputs that cannot be written

    /// Why standard output could not be written, in a program that goes on without it.
    private static let failure = Locked<SystemError?>(nil)

    private static func isUnwritable(_ descriptor: Int32) -> Bool {
        descriptor == 1 && failure.withLock { $0 != nil }
    }

    private func fail(_ error: SystemError) {
        // That standard error cannot be written can be told to nobody.
        guard descriptor == 1 else { return }
        Self.failure.withLock { $0 = error }
        let sentence: TerminalText =
            if let shortage = Shortage(error) {
                "\(shortage)"
            } else {
                "\(error); see where it leads, then try again"
            }
        Self.standardError.line("daybook: " + sentence)
        if !Self.outlivesReaders.withLock({ $0 }) { Self.endAfterFailure() }
    }

    /// Ends the program, if its output could not be written.
    static func endAfterFailure() {
        guard let error = failure.withLock({ $0 }) else { return }
        exit((error.isShortage ? ExitStatus.tryAgain : .failed).rawValue)
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
