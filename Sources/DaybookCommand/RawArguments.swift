#if CLI
import DaybookJournal

/// The words of the command line as the system gives them.
enum RawArguments {
    /// Makes sure that all of them are UTF-8. What is not would be replaced, and two ids that differ
    /// would become one.
    /// - Throws: ``UsageError``; `JournalError` when there are none, not even the program's name: they
    ///   are looked for in /proc, and a command without its words would do nothing, and say it is fine.
    static func check() throws {
        guard CommandLine.argc > 0 else {
            throw JournalError(
                .system,
                "the words of the command line cannot be read, and nothing was done; see that /proc is mounted and readable, then try again"
            )
        }
        for index in 1..<max(1, Int(CommandLine.argc)) {
            guard let word = CommandLine.unsafeArgv[index] else { return }
            guard String(validatingCString: word) == nil else { continue }
            let shown = String(cString: word)
            throw UsageError(
                "the argument \(index), \"\(shown)\", is not UTF-8; write it in that encoding"
            )
        }
    }

    /// The words without the program's name, as the parser takes them: it looks for the end of an option's name
    /// among characters, and of `--id=` and a value that begins with a combining character the equals sign is
    /// a part of one. Such a word becomes two.
    static func parsed(_ words: [String]) -> [String] {
        var parsed: [String] = []
        var isOption = true
        for word in words {
            isOption = isOption && word != "--"
            guard isOption, word.utf8.starts(with: "--".utf8),
                let equals = word.utf8.firstIndex(of: UInt8(ascii: "=")),
                word[equals...].first != "="
            else {
                parsed.append(word)
                continue
            }
            parsed.append(String(word.unicodeScalars[..<equals]))
            parsed.append(String(word.unicodeScalars[word.utf8.index(after: equals)...]))
        }
        return parsed
    }
}
#endif
