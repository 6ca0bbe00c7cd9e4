import DaybookSystem

/// A value that the journal keeps sealed, and that is not to be seen: where it is printed, `***`
/// stands in its place.
public struct Secret: Hashable, Sendable, ExpressibleByStringLiteral {
    /// Its bytes.
    public let bytes: [UInt8]

    /// A text.
    public init(_ text: String) { bytes = Array(text.utf8) }

    /// Any bytes: 4 to 65,536 of them without a zero, which is checked where it is submitted.
    public init(bytes: [UInt8]) { self.bytes = bytes }

    /// A text, for tests: what stands in a program's text is no secret.
    public init(stringLiteral text: String) { self.init(text) }

    /// The text that its bytes are in UTF-8.
    public var text: String { String(decoding: bytes, as: UTF8.self) }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// `***`.
    public var description: String { "***" }
    /// `***`.
    public var debugDescription: String { "***" }
    /// Nothing of it.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// Where the key comes from that the keys of a journal's secrets are wrapped with.
///
/// It is read when it is first needed. Without it secrets can be neither submitted nor used.
@nonexhaustive
public enum JournalKeySource: Sendable {
    /// The file that `DAYBOOK_KEY_FILE` names, or else the text of `DAYBOOK_KEY`; if there is neither,
    /// there is no key. Once `DAYBOOK_KEY` has been read its value is overwritten in this process's
    /// environment, where processes of the same user could read it.
    case environment
    /// A file that only its owner may read: 64 hexadecimal digits, or the Base64 of 32 bytes.
    case file(String)
    /// 32 bytes.
    case bytes([UInt8])
    /// There is none.
    case none
}

/// The text of `DAYBOOK_KEY`, kept for all engines of this process once one has taken it.
enum EnvironmentKey {
    private static let taken = Locked<[UInt8]?>(nil)

    /// The text; nil: there is none.
    static var text: [UInt8]? {
        taken.withLock { taken in
            if let text = EnvironmentVariable.take("DAYBOOK_KEY") { taken = text }
            return taken
        }
    }
}
