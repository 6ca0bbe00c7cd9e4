#if CLI
extension Runbook {
    /// Checks the values that a runbook is submitted with, and puts in the defaults.
    ///
    /// An input that is not required, has no default and is not given is not in the result: its
    /// variable stays unset, which a shell can tell from empty.
    /// - Returns: the text of every input that has a value.
    /// - Throws: ``InputError`` for the first fault: unknown names come first, in the order of the
    ///   alphabet, then missing ones, then values.
    package func resolveInputs(
        _ given: [String: String]
    ) throws(InputError) -> [String: String] {
        let known = Set(inputs.map(\.name))
        let unknown = given.keys.filter { !known.contains($0) }
        if let name = unknown.min() { throw .unknown(name: name, known: inputs.map(\.name)) }

        let missing = inputs.filter { $0.isRequired && given[$0.name] == nil }
        if !missing.isEmpty { throw .missing(names: missing.map(\.name)) }

        var resolved: [String: String] = [:]
        for input in inputs {
            guard let value = given[input.name] ?? input.defaultValue else { continue }
            if value.utf8.contains(0) { throw .containsNull(name: input.name) }
            guard input.type.accepts(value) else {
                throw .mismatch(name: input.name, value: value, type: input.type)
            }
            resolved[input.name] =
                input.type == .list
                ? TextList.elements(of: value)?.joined(separator: "\n") : value
        }
        return resolved
    }
}

extension Runbook.Input.ValueType {
    /// Whether a text is a value of this type.
    package func accepts(_ text: String) -> Bool {
        switch self {
        case .string: true
        // A shell takes 010 for eight: only the one usual spelling of a number will do.
        case .integer: Int64(text).map { String($0) == text } ?? false
        case .number: isFiniteDecimal(text)
        case .boolean: text == "true" || text == "false"
        case .list: TextList.elements(of: text) != nil
        }
    }

    /// The type in words, for a message that says what a value must be.
    var requirement: String {
        switch self {
        case .string: "text"
        case .integer: "an integer of 64 bits (decimal, without leading zeros)"
        case .number: "a finite decimal number"
        case .boolean: "true or false"
        case .list:
            "a list: a JSON array of texts, or texts with commas between them, each of one line and"
                + " none empty"
        }
    }
}

/// `Double` alone also takes hexadecimal digits, `inf` and `nan`.
private func isFiniteDecimal(_ text: String) -> Bool {
    let allowed = "0123456789+-.eE".utf8
    guard text.utf8.allSatisfy({ allowed.contains($0) }), let value = Double(text) else {
        return false
    }
    return value.isFinite
}
#endif
