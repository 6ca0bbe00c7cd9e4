#if CLI
extension Template.Segment {
    /// What the text between `${{` and `}}` refers to.
    /// - Parameter offset: where it begins, for the error.
    init(expression: String, at offset: Int) throws(TextFault) {
        let words = expression.split(whereSeparator: Self.isBlank)
        guard words.count == 1, let reference = Self.reference(words[0]) else {
            throw TextFault(offset: offset, message: Self.refusal(of: words))
        }
        self = reference
    }

    private static func reference(_ word: Substring) -> Template.Segment? {
        if word == "each.item" { return .eachItem }
        if word == "each.index" { return .eachIndex }
        if word.hasPrefix("inputs.") {
            let name = String(word.dropFirst("inputs.".count))
            return EnvironmentName.isIdentifier(name) ? .input(name) : nil
        }
        guard word.hasPrefix("outputs.") else { return nil }
        let path = word.dropFirst("outputs.".count)
        // The names of jobs have dots in them: the key is what follows the last one.
        guard let dot = path.lastIndex(of: "."), dot != path.startIndex else { return nil }
        let key = String(path[path.index(after: dot)...])
        return EnvironmentName.isIdentifier(key)
            ? .output(job: String(path[..<dot]), key: key) : nil
    }

    private static func refusal(of words: [Substring]) -> String {
        let expression = quoted(words.joined(separator: " "))
        if words.first?.hasPrefix("secrets") == true {
            return
                "\(expression) is not an expression: a job that names a secret under \"secrets\" has it as"
                + " an environment variable of that name"
        }
        return "\(expression) is not an expression; write ${{ inputs.NAME }},"
            + " ${{ outputs.JOB.KEY }}, ${{ each.item }} or ${{ each.index }}"
    }

    private static func isBlank(_ character: Character) -> Bool {
        character == " " || character == "\t" || character.isNewline
    }
}
#endif
