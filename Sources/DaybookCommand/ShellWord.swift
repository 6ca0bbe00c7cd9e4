#if CLI
extension String {
    /// The text as one word of a command line, for a shell (bash, zsh, ksh): as it is where no
    /// character means anything there, else in quotes. A character that does not show is written in
    /// octal, so that the word can be copied from a terminal.
    var shellWord: String {
        if !isEmpty, first != "=", utf8.allSatisfy(Self.isPlainInShells) { return self }
        guard printable.utf8.elementsEqual(utf8) else { return octalWord }
        let parts = split(separator: "'", omittingEmptySubsequences: false)
        return "'" + parts.joined(separator: #"'\''"#) + "'"
    }

    /// The text as an argument that is no option: one that begins with a dash comes after `--`.
    var shellArgument: String { (utf8.first == UInt8(ascii: "-") ? "-- " : "") + shellWord }

    private static func isPlainInShells(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "-_./:,=@%+".utf8.contains(byte)
        }
    }

    /// The form `$'…'`.
    private var octalWord: String {
        var word = "$'"
        for scalar in unicodeScalars {
            let text = String(scalar)
            if scalar == "'" || scalar == "\\" {
                word += "\\" + text
            } else if text.printable.utf8.elementsEqual(text.utf8) {
                word += text
            } else {
                for byte in text.utf8 { word += "\\" + Self.octal(byte) }
            }
        }
        return word + "'"
    }

    private static func octal(_ byte: UInt8) -> String {
        let digits = String(byte, radix: 8)
        return String(repeating: "0", count: 3 - digits.count) + digits
    }
}

/// An option with its value, as two words of a command line, or as one where the value would be taken
/// for an option.
func shellOption(_ name: String, _ value: String) -> String {
    let separator = value.utf8.first == UInt8(ascii: "-") ? "=" : " "
    return " \(name)\(separator)\(value.shellWord)"
}
#endif
