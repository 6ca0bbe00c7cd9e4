#if CLI
/// What is wrong with the text of a runbook, and where.
package struct RunbookError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The file as it was named to the parser.
    package let file: String
    /// The line, counted from 1.
    package let line: Int
    /// The column, counted from 1 in Unicode scalars.
    package let column: Int
    /// What was found and what to do, in one sentence.
    package let message: String
    /// Nothing is wrong with the text: there was not enough memory to read it.
    package let isShortage: Bool

    /// Describes a fault at a place.
    package init(
        file: String,
        line: Int,
        column: Int,
        message: String,
        isShortage: Bool = false
    ) {
        self.file = file
        self.line = line
        self.column = column
        self.message = message
        self.isShortage = isShortage
    }

    /// `FILE:LINE:COLUMN: message`, the form that editors and terminals make a link of.
    package var description: String {
        "\(file):\(line):\(column): \(message)"
    }
}
#endif
