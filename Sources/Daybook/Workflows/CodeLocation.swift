import DaybookModel

/// Where in the code a call through a context stands. Text is made of it only when it is asked for.
struct CodeLocation: Sendable, CustomStringConvertible {
    private let file: String
    private let line: Int

    init(_ file: String, _ line: Int) {
        self.file = file
        self.line = line
    }

    /// The same, as it is recorded.
    var source: SourceLine { SourceLine(file, line) }

    var description: String { "\(file):\(line)" }
}
