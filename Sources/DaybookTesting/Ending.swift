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
                key: id == record.id ? id : record.type,
                status: record.status,
                outcome: text,
                outputs: outputs.map { "\($0): \(masked(String(decoding: $1, as: UTF8.self)))" }
            )
        }
    }

    /// A text with `…` for each id or key that may have been drawn, and so differs between runs: groups of
    /// 8, 4, 4, 4 and 12 hexadecimal digits, or 32 or 64 of them. Numbers that people use are not among
    /// them: those of cards and accounts, and times.
    static func masked(_ text: String) -> String {
        let bytes = Array(text.utf8)
        var result: [UInt8] = []
        var index = 0
        while index < bytes.count {
            let digits = Self.digits(bytes[index...])
            let length = drawn(bytes[index...], digits)
            if length > 0 {
                result += "…".utf8
                index += length
            } else {
                let end = index + max(digits, 1)
                result += bytes[index..<end]
                index = end
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// How many hexadecimal digits it begins with.
    private static func digits(_ bytes: ArraySlice<UInt8>) -> Int {
        bytes.prefix { byte in
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
                UInt8(ascii: "A")...UInt8(ascii: "F"):
                true
            default: false
            }
        }.count
    }

    /// The length of what may have been drawn at the beginning; 0: nothing.
    private static func drawn(_ bytes: ArraySlice<UInt8>, _ digits: Int) -> Int {
        if digits == 32 || digits == 64 { return digits }
        guard digits == 8 else { return 0 }
        var length = digits
        for count in [4, 4, 4, 12] {
            let rest = bytes.dropFirst(length)
            guard rest.first == UInt8(ascii: "-"), Self.digits(rest.dropFirst()) == count else {
                return 0
            }
            length += 1 + count
        }
        return length
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
