import DaybookFormat
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
            "\(size)" == lines[1], let root = TreeHash(base64: lines[2])
        else {
            throw ProofError(
                .malformed,
                "it is no head of a log (c2sp.org/tlog-checkpoint): a line each for origin, size and root is missing or wrong"
            )
        }
        origin = String(lines[0])
        self.size = size
        self.root = root
        extensions = lines[3...].dropLast().map(String.init)
    }

    /// The text that is signed.
    public var text: String {
        ([origin, "\(size)", root.base64] + extensions).map { $0 + "\n" }.joined()
    }
}

extension TreeHead {
    /// Makes sure that the log goes on from an earlier head: nothing that was there then has changed.
    /// - Parameter path: the hashes that show it (RFC 6962, 2.1.2).
    /// - Throws: ``ProofError/Code/otherLog``, ``ProofError/Code/outOfRange``,
    ///   ``ProofError/Code/inconsistent``.
    public func check(
        goesOnFrom earlier: TreeHead,
        by path: [TreeHash]
    ) throws(ProofError) {
        guard origin.hasBytes(of: earlier.origin) else {
            throw ProofError(
                .otherLog,
                "the earlier head is of the log \(earlier.origin), and the later one of \(origin); give two heads of one log"
            )
        }
        try MerkleCheck.consistency(
            from: (earlier.size, earlier.root),
            to: (size, root),
            by: path
        )
    }
}
