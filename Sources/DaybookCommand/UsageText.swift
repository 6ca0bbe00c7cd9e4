#if CLI
/// The usage of a command in the help of the argument parser, which wraps all but that.
enum UsageText {
    /// The columns of a text that is not for a terminal.
    private static let usualWidth = 80
    private static let labels = ["USAGE: ", "Usage: ", "Help:  "]

    /// A message of the argument parser with its usage in lines of a width.
    /// - Parameter width: columns of the terminal; nil: it is none.
    static func wrapped(_ message: String, to width: Int?) -> String {
        message.split(separator: "\n", omittingEmptySubsequences: false)
            .map { line in
                guard let label = labels.first(where: { line.hasPrefix($0) }) else {
                    return String(line)
                }
                return wrapped(line, indent: label.count, to: max(width ?? usualWidth, 20))
            }
            .joined(separator: "\n")
    }

    private static func wrapped(_ line: Substring, indent: Int, to width: Int) -> String {
        var lines: [String] = []
        var last = ""
        for word in words(of: line.dropFirst(indent)) {
            if last.isEmpty {
                last = word
            } else if indent + last.count + 1 + word.count <= width {
                last += " " + word
            } else {
                lines.append(last)
                last = word
            }
        }
        lines.append(last)
        let margin = String(repeating: " ", count: indent)
        return line.prefix(indent) + lines.joined(separator: "\n" + margin)
    }

    /// Words, of which an option in brackets is one, with its value.
    private static func words(of text: Substring) -> [String] {
        var words: [String] = []
        var depth = 0
        for word in text.split(separator: " ") {
            if depth > 0 {
                words[words.count - 1] += " " + word
            } else {
                words.append(String(word))
            }
            depth += word.count { $0 == "[" } - word.count { $0 == "]" }
        }
        return words
    }
}
#endif
