import DaybookFormat

/// A receipt of COSE (RFC 9942): that entries are in a log, or that a log goes on from an earlier size, signed by
/// the log's key.
///
/// It is a COSE_Sign1 (RFC 9052) whose payload is the root, and is left out: who reads it computes the root
/// from the hashes. The standard leaves the size of the tree unsigned; here it is the subject of the signed
/// claims, so that nobody can say of an entry that it has another number.
public struct Receipt: Equatable, Sendable {
    /// That an entry is in the log.
    public struct Inclusion: Equatable, Sendable {
        /// The number of the entry.
        public let index: UInt64
        /// The bytes of the entry, as the journal has them.
        public let entry: [UInt8]
        /// The hashes, the lowest first.
        public let path: [TreeHash]

        package init(index: UInt64, entry: [UInt8], path: [TreeHash]) {
            self.index = index
            self.entry = entry
            self.path = path
        }
    }

    /// That the log begins with what it was.
    public struct Consistency: Equatable, Sendable {
        /// The earlier size.
        public let old: UInt64
        /// The hashes (RFC 6962, 2.1.2).
        public let path: [TreeHash]

        package init(old: UInt64, path: [TreeHash]) {
            self.old = old
            self.path = path
        }
    }

    /// What it shows: entries, or that the log goes on.
    enum Content: Equatable {
        case inclusions([Inclusion])
        case consistency(Consistency)
    }

    /// The name of the log.
    public let origin: String
    /// How many entries the tree has whose root is signed.
    public let size: UInt64
    /// See ``NoteVerifier/keyID``.
    public let keyID: UInt32
    let content: Content
    /// A size that a proof in it is for, other than the signed one; nil: none is.
    let otherSize: UInt64?
    /// What is signed beside the root, as it is written.
    let protected: [UInt8]
    let signature: [UInt8]

    /// The entries that are in the log; none in a receipt of consistency.
    public var inclusions: [Inclusion] {
        if case .inclusions(let all) = content { all } else { [] }
    }

    /// What the log goes on from; nil in a receipt of inclusion.
    public var consistency: Consistency? {
        if case .consistency(let one) = content { one } else { nil }
    }

    /// Entries that a receipt may be of.
    package static let limit = 10_000
    /// Bytes that a receipt may have.
    package static let byteLimit = 64 << 20

    /// Whether bytes begin as a receipt does: with the tag of COSE_Sign1.
    public static func isBegun(by bytes: [UInt8]) -> Bool { bytes.first == 0xD2 }

    // MARK: Making

    /// Signs the root of a tree.
    /// - Parameters:
    ///   - content: what it shows; its hashes lead to the root.
    ///   - head: the tree, of the log that the key is of.
    init(_ content: Content, _ head: TreeHead, by signer: NoteSigner) throws {
        origin = head.origin
        size = head.size
        keyID = signer.verifier.keyID
        self.content = content
        otherSize = nil
        protected =
            CBOR.map([
                Label.algorithm: Label.edDSA,
                Label.keyID: .bytes(Self.bytes(of: signer.verifier.keyID)),
                Label.claims: .map([
                    Label.issuer: .text(head.origin), Label.subject: .text("\(head.size)"),
                ]),
                Label.structure: Label.rfc9162,
            ]).encoded
        signature = try signer.signature(ofStructure: Self.signed(protected, head.root))
    }

    private static func bytes(of keyID: UInt32) -> [UInt8] {
        withUnsafeBytes(of: keyID.bigEndian) { Array($0) }
    }

    /// The receipt that entries are in a tree.
    package init(
        of inclusions: [Inclusion],
        in head: TreeHead,
        by signer: NoteSigner
    ) throws {
        try self.init(.inclusions(inclusions), head, by: signer)
    }

    /// The receipt that a tree goes on from an earlier one.
    package init(
        of consistency: Consistency,
        to head: TreeHead,
        by signer: NoteSigner
    ) throws {
        try self.init(.consistency(consistency), head, by: signer)
    }

    /// What is signed (RFC 9052, 4.4).
    static func signed(_ protected: [UInt8], _ root: TreeHash) -> [UInt8] {
        CBOR.array([.text("Signature1"), .bytes(protected), .bytes([]), .bytes(root.bytes)])
            .encoded
    }

    /// The file.
    public var bytes: [UInt8] {
        var unprotected: [CBOR: CBOR] = [:]
        switch content {
        case .inclusions(let all):
            let proofs = all.map { Self.proof(size, $0.index, $0.path) }
            unprotected[Label.proofs] = .map([Label.inclusion: .array(proofs)])
            unprotected[Label.entries] = .array(all.map { .bytes($0.entry) })
        case .consistency(let one):
            let proof = Self.proof(one.old, size, one.path)
            unprotected[Label.proofs] = .map([Label.consistency: .array([proof])])
        }
        return CBOR.tag(
            Label.sign1,
            .array([.bytes(protected), .map(unprotected), .null, .bytes(signature)])
        ).encoded
    }

    private static func proof(_ first: UInt64, _ second: UInt64, _ path: [TreeHash]) -> CBOR {
        .bytes(
            CBOR.array([
                .unsigned(first), .unsigned(second), .array(path.map { .bytes($0.bytes) }),
            ]).encoded
        )
    }

    /// What numbers stand for: RFC 9052 (3.1), RFC 9597, RFC 8392 (3.1), RFC 9942 (9).
    enum Label {
        static let sign1: UInt64 = 18
        static let algorithm = CBOR(1)
        static let critical = CBOR(2)
        static let keyID = CBOR(4)
        static let claims = CBOR(15)
        static let structure = CBOR(395)
        static let proofs = CBOR(396)
        /// The entries whose proofs stand beside them, in their order. A number for private use, so that one
        /// file is enough: RFC 9942 leaves it open how an entry comes to whoever checks it.
        static let entries = CBOR(-70_001)
        static let edDSA = CBOR(-8)
        static let rfc9162 = CBOR(1)
        static let issuer = CBOR(1)
        static let subject = CBOR(2)
        static let inclusion = CBOR(-1)
        static let consistency = CBOR(-2)
    }
}
