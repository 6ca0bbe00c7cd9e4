import DaybookFormat

/// The form of ids and names: 1 to 255 bytes of UTF-8 without control characters.
@usableFromInline
package enum Names {
    /// Bytes that an id or a name may have: 255.
    @usableFromInline
    package static let limit = 255

    /// Whether an id or a name has that form.
    package static func isValid(_ name: Name) -> Bool { isValid(name.text) }

    /// Whether a text has that form.
    package static func isValid(_ name: String) -> Bool {
        guard (1...limit).contains(name.utf8.count) else { return false }
        // Most are plain ASCII, and need no look at Unicode's tables.
        if name.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) { return true }
        return !name.unicodeScalars.contains { $0.properties.generalCategory == .control }
    }

    /// Checks an id or a name.
    /// - Parameter what: for the message, for example `execution id`.
    /// - Throws: ``Refusal/Code/invalidArgument``.
    package static func check(_ name: Name, _ what: String) throws(Refusal) {
        try check(name.text, what)
    }

    /// Checks a text that is to name something.
    /// - Parameter what: for the message, for example `execution id`.
    /// - Throws: ``Refusal/Code/invalidArgument``.
    package static func check(_ name: String, _ what: String) throws(Refusal) {
        if isValid(name) { return }
        let count = name.utf8.count
        guard count > 0, count <= limit else {
            throw Refusal(
                .invalidArgument,
                "the \(what) has \(count) bytes, and must have 1 to \(limit); choose another"
            )
        }
        throw Refusal(
            .invalidArgument,
            "the \(what) contains a control character; choose one without"
        )
    }
}
