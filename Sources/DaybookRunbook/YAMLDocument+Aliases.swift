#if CLI
extension YAMLDocument {
    /// How many words may look like aliases before Yams gets to see the text.
    static let aliasLimit = 8

    /// Refuses a text with many aliases before Yams expands them.
    ///
    /// Yams hashes every key, with all that is in it. A key made of aliases of aliases takes
    /// exponential time, long before anybody can see that it has anchors. Shell text may hold words
    /// that look like aliases too, so a few are let through here: they cost little.
    static func refuseManyAliases(_ source: SourceText) throws(RunbookError) {
        let bytes = source.text.utf8
        var anchors: Set<String> = []
        var aliases: [(name: String, index: String.Index)] = []
        var previous: UInt8?
        for index in bytes.indices {
            let byte = bytes[index]
            defer { previous = byte }
            guard byte == UInt8(ascii: "&") || byte == UInt8(ascii: "*"),
                canPrecedeToken(previous)
            else { continue }
            let rest = bytes[bytes.index(after: index)...]
            let name = String(
                decoding: rest.prefix(while: EnvironmentName.isWordByte),
                as: UTF8.self
            )
            guard !name.isEmpty else { continue }
            if byte == UInt8(ascii: "&") {
                anchors.insert(name)
            } else if anchors.contains(name) {
                aliases.append((name, index))
            }
        }
        guard aliases.count > aliasLimit, let first = aliases.first else { return }
        throw source.error(
            at: source.position(at: first.index),
            "\(quoted("*\(first.name)")) looks like an alias of YAML, and so do"
                + " \(aliases.count - 1) more words; write the text out, or move code that needs"
                + " them to a file of its own"
        )
    }

    /// Whether an anchor or an alias can begin after a byte. Within a plain word it can not.
    private static func canPrecedeToken(_ byte: UInt8?) -> Bool {
        guard let byte else { return true }
        return " \t\r\n[]{},:?\"'".utf8.contains(byte)
    }
}
#endif
