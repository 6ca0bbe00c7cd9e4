/// The form of ids and names: 1 to 255 bytes of UTF-8 without control characters.
public enum Names {
    /// Bytes that an id or a name may have: 255.
    public static let limit = 255

    /// Whether an id or a name has that form.
    public static func isValid(_ name: String) -> Bool {
        guard (1...limit).contains(name.utf8.count) else { return false }
        // Most are plain ASCII, and need no look at Unicode's tables.
        if name.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) { return true }
        return !name.unicodeScalars.contains { $0.properties.generalCategory == .control }
    }

    /// Checks an id or a name.
    /// - Parameter what: for the message, for example `execution id`.
    /// - Throws: ``Refusal/Code/invalidArgument``.
    public static func check(_ name: String, _ what: String) throws(Refusal) {
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

/// A name or id that is compared by its bytes: texts that only look the same are not the same name.
struct Name: Hashable, Sendable {
    /// The text as it was given.
    let text: String

    init(_ text: String) { self.text = text }

    static func == (left: Name, right: Name) -> Bool {
        left.text.hasBytes(of: right.text)
    }

    func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}

extension String {
    /// Whether it is the same bytes as another text, whatever these look like.
    func hasBytes(of other: String) -> Bool {
        let isSame = utf8.withContiguousStorageIfAvailable { own in
            other.utf8.withContiguousStorageIfAvailable { bytes in
                own.count == bytes.count
                    && UnsafeRawBufferPointer(own).elementsEqual(UnsafeRawBufferPointer(bytes))
            }
        }
        return (isSame ?? nil) ?? utf8.elementsEqual(other.utf8)
    }
}
