#if CLI
/// Names of the environment variables through which a job sees values.
package enum EnvironmentName {
    /// The variable that holds an input: `INPUT_NAME` for `name`.
    package static func forInput(_ name: String) -> String {
        inputPrefix + mapped(name)
    }

    /// The variable that holds an output of an earlier job: `OUTPUT_REPO_CREATION_URL` for the key
    /// `url` of the job `repo.creation`.
    package static func forOutput(_ key: String, ofJob job: String) -> String {
        "\(outputPrefix)\(mapped(job))_\(mapped(key))"
    }

    /// Whether a shell can name a variable so: a letter or `_`, then letters, digits and `_`.
    package static func isValid(_ name: String) -> Bool {
        isIdentifier(name, allowingHyphen: false)
    }

    /// Whether Daybook keeps a name for the variables that it sets itself.
    package static func isReserved(_ name: String) -> Bool {
        name == workspace || reservedPrefixes.contains { name.hasPrefix($0) }
    }

    /// Whether a variable of the caller has the journal key, or says where it is.
    static func isOfJournalKey(_ name: String) -> Bool {
        name == "DAYBOOK_KEY" || name == "DAYBOOK_KEY_FILE"
    }

    /// What a runbook is refused with that names such a variable.
    static func journalKeyFault(_ name: String) -> String {
        "the variable \(quoted(name)) is that of the journal key, which opens all secrets of the journal"
            + " and is for no job; name what a job needs under \"secrets\", and give it with --secret"
    }

    static let inputPrefix = "INPUT_"
    static let outputPrefix = "OUTPUT_"
    static let eachPrefix = "EACH_"
    static let eachItem = "EACH_ITEM"
    static let eachIndex = "EACH_INDEX"
    static let workspace = "WORKSPACE"
    static let reservedPrefixes = [inputPrefix, outputPrefix, eachPrefix, "DAYBOOK_"]

    /// Upper-case letters and digits of ASCII; `_` stands for every other character.
    static func mapped(_ name: String) -> String {
        var result = ""
        for character in name {
            let isKept = character.isASCII && (character.isLetter || character.isNumber)
            result += isKept ? character.uppercased() : "_"
        }
        return result
    }

    /// Whether a name has the form of inputs and output keys, which may have hyphens too.
    static func isIdentifier(_ name: String, allowingHyphen: Bool = true) -> Bool {
        guard let first = name.utf8.first, !isDigit(first), first != UInt8(ascii: "-") else {
            return false
        }
        return name.utf8.allSatisfy {
            isWordByte($0) && (allowingHyphen || $0 != UInt8(ascii: "-"))
        }
    }

    /// A letter or digit of ASCII, `_` or a hyphen.
    static func isWordByte(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) || isDigit(byte)
            || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
#endif
