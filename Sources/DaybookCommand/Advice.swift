#if CLI
import DaybookSystem

/// Command lines that are advised, with the journal and the key that this command was told of.
///
/// Messages come from all layers, and the lower ones do not know how the journal was named: so the words are
/// put in where a message is written.
enum Advice {
    private struct Words {
        var journal = ""
        var key = ""
    }

    private static let words = Locked(Words())
    /// Commands whose name is two words.
    private static let groups: Set<Substring> = ["secret", "session", "snapshot"]
    /// Commands that take no journal by an option, or make one.
    private static let without: Set<Substring> = ["check", "help", "init"]
    /// Commands that may have to open secrets.
    private static let keyed: Set<Substring> = ["fork", "retry", "run", "work"]

    /// The journal as it was named on the command line; nil: it was not.
    static func note(journal: String?) {
        words.withLock { $0.journal = journal.map { shellOption("--journal", $0) } ?? "" }
    }

    /// The file of the key as it was named on the command line; nil: it was not.
    static func note(keyFile: String?) {
        words.withLock { $0.key = keyFile.map { shellOption("--key-file", $0) } ?? "" }
    }

    /// A message in which each command line between backticks names the journal and the key.
    static func completed(_ message: String) -> String {
        let words = words.withLock { $0 }
        guard !words.journal.isEmpty || !words.key.isEmpty else { return message }
        let pieces = message.split(separator: "`", omittingEmptySubsequences: false)
        return pieces.enumerated().map { index, piece in
            index.isMultiple(of: 2) ? String(piece) : line(piece, words)
        }.joined(separator: "`")
    }

    private static func line(_ line: Substring, _ words: Words) -> String {
        let parts = line.split(separator: " ", maxSplits: 2)
        guard parts.count > 1, parts[0] == "daybook", !without.contains(parts[1]) else {
            return String(line)
        }
        var head = Array(parts[..<2])
        var rest = parts.count > 2 ? parts[2] : ""
        if groups.contains(parts[1]), !rest.isEmpty {
            let sub = rest.split(separator: " ", maxSplits: 1)
            head.append(sub[0])
            rest = sub.count > 1 ? sub[1] : ""
        }
        var text = head.joined(separator: " ")
        if !line.contains(" --journal") { text += words.journal }
        if keyed.contains(parts[1]), !line.contains(" --key-file") { text += words.key }
        return rest.isEmpty ? text : "\(text) \(rest)"
    }
}
#endif
