import Daybook

/// What an execution came to, as far as two runs must agree on it.
struct Ending: Hashable, Sendable {
    /// Its id; its workflow's name when the id was drawn.
    let key: String
    let status: ExecutionStatus
    /// Its output, or the code of its error.
    let outcome: String
    /// Its named outputs.
    let outputs: [String]

    /// - Throws: ``JournalError``.
    static func all(of driver: EngineDriver) throws -> [Ending] {
        try driver.records(areClosed: true).map { record in
            let (outcome, outputs) = try driver.results(of: record)
            let text =
                switch outcome {
                case .success(let data): masked(String(decoding: data, as: UTF8.self))
                case .failure(let error): "the error \(error.code)"
                }
            let id = masked(record.id)
            return Ending(
                key: id.contains("…") ? record.type : id,
                status: record.status,
                outcome: text,
                outputs: outputs.map { "\($0): \(masked(String(decoding: $1, as: UTF8.self)))" }
            )
        }
    }

    /// A text with `…` for each run of 16 or more hexadecimal digits and hyphens: ids and keys that were
    /// drawn differ between runs.
    static func masked(_ text: String) -> String {
        var result = ""
        var run = ""
        func flush() {
            result += run.utf8.count < 16 ? run : "…"
            run = ""
        }
        for character in text {
            if character.isHexDigit || character == "-" {
                run.append(character)
            } else {
                flush()
                result.append(character)
            }
        }
        flush()
        return result
    }

    var description: String {
        ([outcome.isEmpty ? "\(status)" : "\(status) with \(outcome)"] + outputs)
            .joined(separator: ", ")
    }

    /// How the ends of one run differ from those of another one, in words.
    static func differences(_ expected: [Ending], _ found: [Ending]) -> [String] {
        let wanted = Dictionary(grouping: expected, by: \.key)
        let given = Dictionary(grouping: found, by: \.key)
        return Set(wanted.keys).union(given.keys).sorted().compactMap { key in
            let left = (wanted[key] ?? []).map(\.description).sorted()
            let right = (given[key] ?? []).map(\.description).sorted()
            if left == right { return nil }
            return "\(key): \(words(left)) when undisturbed, \(words(right)) here"
        }
    }

    private static func words(_ endings: [String]) -> String {
        switch endings.count {
        case 0: "no end"
        case 1: endings[0]
        default: "\(endings.count) ends (\(endings.joined(separator: "; ")))"
        }
    }
}
