import FoundationEssentials

/// An entry, and the hashes that lead from it to a signed head: one file that stands on its own
/// (c2sp.org/tlog-proof, extension `.tlog-proof`).
public struct EntryProof: Equatable, Sendable {
    /// The number of the entry.
    public let index: UInt64
    /// The bytes of the entry, as the journal has them.
    public let entry: [UInt8]
    /// The hashes, the lowest first.
    public let path: [TreeHash]
    /// The head, signed.
    public let note: SignedNote

    private static let title = "c2sp.org/tlog-proof@v1"
    /// A tree of 2^63 entries has so many levels.
    private static let longest = 63

    package init(index: UInt64, entry: [UInt8], path: [TreeHash], note: SignedNote) {
        self.index = index
        self.entry = entry
        self.path = path
        self.note = note
    }

    /// Reads a file.
    /// - Throws: ``ProofError/Code/malformed``.
    public init(_ bytes: [UInt8]) throws(ProofError) {
        guard let all = String(validating: bytes, as: UTF8.self),
            let end = all.firstRange(of: "\n\n")
        else { throw Self.malformed }
        var lines = all[..<end.lowerBound].split(separator: "\n", omittingEmptySubsequences: false)[
            ...
        ]
        guard lines.popFirst() == Self.title[...], let extra = lines.popFirst(),
            extra.hasPrefix("extra "), let entry = [UInt8](strictBase64: extra.dropFirst(6)),
            let place = lines.popFirst(), place.hasPrefix("index "),
            let index = UInt64(place.dropFirst(6)), "\(index)" == place.dropFirst(6),
            lines.count <= Self.longest
        else { throw Self.malformed }
        var path: [TreeHash] = []
        for line in lines {
            guard let hash = TreeHash(base64: line) else { throw Self.malformed }
            path.append(hash)
        }
        self.index = index
        self.entry = entry
        self.path = path
        note = try SignedNote(Array(all[end.upperBound...].utf8))
    }

    private static var malformed: ProofError {
        ProofError(
            .malformed,
            "it is no proof of an entry (\(title)), with the entry as its extra line"
        )
    }

    /// The file.
    public var bytes: [UInt8] {
        var lines = [Self.title, "extra \(Data(entry).base64EncodedString())", "index \(index)"]
        lines += path.map(\.base64)
        return Array((lines.joined(separator: "\n") + "\n\n").utf8) + note.bytes
    }

    /// Checks signature and hashes.
    /// - Parameter keys: those that are trusted; the log's has to be among them.
    /// - Returns: the head.
    /// - Throws: ``ProofError``: as ``SignedNote/head(by:)``; ``ProofError/Code/badProof``,
    ///   ``ProofError/Code/outOfRange``.
    public func check(by keys: [NoteVerifier]) throws(ProofError) -> TreeHead {
        let head = try note.head(by: keys)
        try checkPath(to: head)
        return head
    }

    /// Checks signatures and hashes.
    /// - Parameter policy: who has to have signed the head.
    /// - Returns: the head.
    /// - Throws: ``ProofError``: as ``TrustPolicy/head(of:)``; ``ProofError/Code/badProof``,
    ///   ``ProofError/Code/outOfRange``.
    public func check(by policy: TrustPolicy) throws(ProofError) -> TreeHead {
        let head = try policy.head(of: note)
        try checkPath(to: head)
        return head
    }

    /// Checks the hashes alone.
    package func checkPath(to head: TreeHead) throws(ProofError) {
        try MerkleCheck.inclusion(
            of: entry.withUnsafeBytes { TreeHash.leaf($0) },
            at: index,
            in: (head.size, head.root),
            by: path
        )
    }
}
