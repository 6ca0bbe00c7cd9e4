#if CLI
/// A bar on a terminal, for what takes more than a second.
final class ProgressBar {
    private let terminal: Terminal
    private let name: String
    private let began = ContinuousClock.now
    private var isShown = false

    init(_ terminal: Terminal, _ name: String) {
        self.terminal = terminal
        self.name = name
    }

    func update(_ done: UInt64, of all: UInt64) {
        guard terminal.isInteractive, began.duration(to: .now) > .seconds(1), all > 0 else {
            return
        }
        isShown = true
        let part = Int(done * 40 / all)
        let bar = String(repeating: "█", count: part) + String(repeating: "░", count: 40 - part)
        terminal.write("\r\(name) \(bar) \(done * 100 / all)%")
    }

    func finish() { if isShown { terminal.write("\r\u{1B}[K") } }
}
#endif
