/// A line of source code.
public struct SourceLine: Hashable, Sendable, Codable, CustomStringConvertible {
    /// The file, as `#fileID` has it: `Orders/Orders.swift`.
    public let file: String
    /// The line, from 1.
    public let line: UInt32

    /// Bytes of a file's name that are kept.
    private static let limit = 255

    /// Of a name of more than 255 bytes the end is kept. A line that is no line is 0.
    @usableFromInline
    package init(_ file: String, _ line: Int) {
        self.file =
            file.utf8.count <= Self.limit
            ? file : String(decoding: file.utf8.suffix(Self.limit), as: UTF8.self)
        self.line = UInt32(clamping: line)
    }

    /// As compilers write it: `Orders/Orders.swift:41`.
    public var description: String { "\(file):\(line)" }
}
