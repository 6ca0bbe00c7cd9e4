import FoundationEssentials

/// The size and the root of a journal's tree at one time: in the standards a checkpoint
/// (c2sp.org/tlog-checkpoint). Who keeps one finds out whether the journal was cut or changed since.
public struct TreeHead: Equatable, Sendable {
    /// The name of the log.
    public let origin: String
    /// How many entries it has.
    public let size: UInt64
    /// The root over them (RFC 6962).
    public let root: TreeHash
    /// Lines below, of which this version knows nothing.
    public let extensions: [String]

    /// A head without extensions.
    public init(origin: String, size: UInt64, root: TreeHash) {
        self.origin = origin
        self.size = size
        self.root = root
        extensions = []
    }

    /// Reads the text of a note.
    /// - Throws: ``ProofError/Code/malformed``.
    public init(text: String) throws(ProofError) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.count >= 4, lines.last?.isEmpty == true,
            lines.dropLast().allSatisfy({ !$0.isEmpty }), let size = UInt64(lines[1]),
            "\(size)" == lines[1], let root = [UInt8](strictBase64: lines[2]),
            root.count == TreeHash.byteCount
        else {
            throw ProofError(
                .malformed,
                "it is no head of a log (c2sp.org/tlog-checkpoint): a line each for origin, size and root is missing or wrong"
            )
        }
        origin = String(lines[0])
        self.size = size
        self.root = root.withUnsafeBytes { TreeHash($0) }
        extensions = lines[3...].dropLast().map(String.init)
    }

    /// The text that is signed.
    public var text: String {
        let root = Data(root.bytes).base64EncodedString()
        return ([origin, "\(size)", root] + extensions).map { $0 + "\n" }.joined()
    }
}
