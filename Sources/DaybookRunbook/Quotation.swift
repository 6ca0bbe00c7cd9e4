#if CLI
/// Quotes text from outside for a message: short, on one line, and harmless to a terminal.
///
/// A runbook may come from somebody else, and an escape sequence in one of its keys must not
/// reach the terminal of the person who reads the message.
func quoted(_ text: String, limit: Int = 60) -> String {
    var result = "\""
    for (count, scalar) in text.unicodeScalars.enumerated() {
        if count == limit {
            result += "…"
            break
        }
        switch scalar {
        case "\n": result += "\\n"
        case "\t": result += "\\t"
        case "\"": result += "\\\""
        default: result += isPrintable(scalar) ? String(scalar) : hexadecimal(scalar)
        }
    }
    return result + "\""
}

/// Several names for a message: `"a"`, `"a" and "b"`, `"a", "b" and "c"`.
func listed(_ names: [String], limit: Int = 20) -> String {
    var parts = names.prefix(limit).map { quoted($0) }
    if names.count > limit { parts.append("\(names.count - limit) more") }
    guard let last = parts.popLast() else { return "none" }
    return parts.isEmpty ? last : "\(parts.joined(separator: ", ")) and \(last)"
}

/// A scalar in the form `U+001B`.
func codePoint(_ scalar: Unicode.Scalar) -> String {
    let digits = String(scalar.value, radix: 16, uppercase: true)
    return "U+" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
}

private func hexadecimal(_ scalar: Unicode.Scalar) -> String {
    "\\u{" + String(scalar.value, radix: 16) + "}"
}

private func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .surrogate, .unassigned, .lineSeparator, .paragraphSeparator: false
    default: true
    }
}
#endif
