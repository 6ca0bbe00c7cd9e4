import DaybookFormat
public import DaybookJournal
public import DaybookView

extension Inspector {
    /// The size and the root of the journal's tree, for somebody else to keep: unsigned.
    /// - Parameter size: the first so many entries; nil: all.
    /// - Throws: ``ProofError/Code/outOfRange``; ``JournalError``.
    public func head(size: UInt64? = nil) throws -> TreeHead {
        return try store.read { reader in
            let size = try checked(size, reader)
            let origin = try Self.origin(reader)
            let root = try tree(reader).root(size: size)
            // The last commit says what it is for all entries.
            if let edge = try TreeEdge(reader), edge.size == size, edge.root != root.bytes {
                throw JournalError.integrity(
                    nil,
                    "the hashes of its tiles do not lead to the root that was recorded"
                )
            }
            return TreeHead(origin: origin, size: size, root: root)
        }
    }

    /// The name of the journal in its heads.
    /// - Throws: ``JournalError``.
    package func origin() throws -> String { try store.read { try Self.origin($0) } }

    private static func origin(_ reader: any StoreReader) throws -> String {
        try reader.origins().last?.name ?? ""
    }

    /// Signs a head of the journal.
    ///
    /// A log signs no head that contradicts one that it has signed before. So keep what this returns, and
    /// hand it in the next time: a journal that was rolled back or replaced meanwhile is refused.
    /// - Parameters:
    ///   - signer: its name is the journal's origin, and it is no witness.
    ///   - size: the first so many entries; nil: all.
    ///   - last: the greatest head that it has signed; nil: none yet.
    /// - Throws: ``ProofError/Code/otherLog`` when the key is of another log; as ``check(_:)`` for `last`;
    ///   ``ProofError/Code/outOfRange``; ``JournalError``.
    public func signedHead(
        by signer: NoteSigner,
        size: UInt64? = nil,
        after last: SignedNote?
    ) throws -> SignedNote {
        let head = try head(size: size)
        guard signer.verifier.algorithm == .ed25519 else {
            throw ProofError(
                .otherLog,
                "the key of \(signer.verifier.name) is that of a witness: a journal's own head is signed with the key of the log"
            )
        }
        guard signer.verifier.name.hasBytes(of: head.origin) else {
            throw ProofError(
                .otherLog,
                "the key is of the log \(signer.verifier.name), and this journal is \(head.origin): a key signs the heads of the log that it is named after; use this journal's"
            )
        }
        if let last { try check(try last.head(by: [signer.verifier])) }
        var note = try SignedNote(text: head.text)
        try note.sign(signer)
        return note
    }

    /// The proof that an entry is in the tree of a head.
    /// - Parameters:
    ///   - sequence: the entry.
    ///   - note: a head of this journal, signed; today's or an earlier one.
    /// - Throws: ``ProofError``; ``JournalError``.
    public func proof(of sequence: UInt64, in note: SignedNote) throws -> EntryProof {
        let head = try TreeHead(text: note.text)
        try check(head)
        return try proof(of: sequence, in: note, checked: head)
    }

    /// The same for a head that the journal was found to go on from.
    package func proof(
        of sequence: UInt64,
        in note: SignedNote,
        checked head: TreeHead
    ) throws -> EntryProof {
        try store.read { reader in
            let found = try reader.withEntry(sequence) { Array($0) }
            if found == nil, try sequence < reader.horizon() { throw try pruned(sequence, reader) }
            guard sequence < head.size, let entry = found else {
                throw ProofError(
                    .outOfRange,
                    "a proof of entry \(sequence) was asked for, and the head is of \(head.size) entries; sign a head of today, or name an entry before"
                )
            }
            let proof = EntryProof(
                index: sequence,
                entry: entry,
                path: try tree(reader).inclusionProof(of: sequence, size: head.size),
                note: note
            )
            try Self.checkOwn(sequence) { () throws(ProofError) in try proof.checkPath(to: head) }
            return proof
        }
    }

    /// The hashes that show that the tree of `size` entries begins with the one of `old` entries
    /// (RFC 6962, 2.1.2).
    /// - Parameter size: nil: all entries.
    /// - Throws: ``ProofError/Code/outOfRange``; ``JournalError``.
    public func consistencyProof(from old: UInt64, to size: UInt64? = nil) throws -> [TreeHash] {
        try store.read { reader in
            let size = try checked(size, reader)
            guard old <= size else {
                throw ProofError(
                    .outOfRange,
                    "a tree of \(size) entries does not begin with one of \(old); name the smaller one first"
                )
            }
            let tree = tree(reader)
            let path = try tree.consistencyProof(from: old, to: size)
            let heads = ((old, try tree.root(size: old)), (size, try tree.root(size: size)))
            try Self.checkOwn(nil) { () throws(ProofError) in
                try MerkleCheck.consistency(from: heads.0, to: heads.1, by: path)
            }
            return path
        }
    }

    /// Checks a proof before it is handed out: it is made of hashes that nothing else has compared.
    static func checkOwn(
        _ sequence: UInt64?,
        _ check: () throws(ProofError) -> Void
    ) throws(JournalError) {
        do throws(ProofError) {
            try check()
        } catch {
            throw JournalError.integrity(
                sequence,
                "the hashes of the tiles do not lead from it to the root"
            )
        }
    }

    /// Makes sure that the journal is a continuation of what a head says, which was kept elsewhere.
    ///
    /// A head with an origin that the journal had before it was restored under another one is of the
    /// entries that it had then.
    /// - Throws: ``ProofError/Code/otherLog``; ``ProofError/Code/inconsistent`` when the journal is
    ///   shorter, or what the head is of has changed; ``JournalError``.
    public func check(_ head: TreeHead) throws {
        try store.read { try Self.check(head, $0, tree($0)) }
    }

    /// The tree of the entries, with the hashes that only archives have.
    func tree(_ reader: any StoreReader) -> JournalTree {
        let leaves = PrunedEntries(reader, folder.archives)
        return JournalTree(reader) { try leaves.leaves(ofTile: $0) }
    }

    static func check(
        _ head: TreeHead,
        _ reader: any StoreReader,
        _ tree: JournalTree
    ) throws {
        let origins = try reader.origins()
        guard let origin = origins.last(where: { head.origin.hasBytes(of: $0.name) }) else {
            throw ProofError(
                .otherLog,
                "the head is of the log \(head.origin), and this journal is \(origins.last?.name ?? ""); name the journal that it is of"
            )
        }
        if let end = origin.end, head.size > end {
            throw ProofError(
                .inconsistent,
                "the head is of \(head.size) entries, and the journal was restored under another origin after \(end): what came after them then is not in it"
            )
        }
        let count = try reader.entryCount()
        guard head.size <= count else {
            throw ProofError(
                .inconsistent,
                "the head is of \(head.size) entries, and the journal has \(count): entries at its end are gone, or an older copy lies in its place"
            )
        }
        guard try tree.root(size: head.size) == head.root else {
            throw ProofError(
                .inconsistent,
                "the first \(head.size) entries of the journal are not those that the head is of: some were changed, or the journal was replaced"
            )
        }
    }

    private func checked(_ size: UInt64?, _ reader: any StoreReader) throws -> UInt64 {
        let count = try reader.entryCount()
        guard size ?? count <= count else {
            throw ProofError(
                .outOfRange,
                "a tree of \(size ?? 0) entries was asked for, and the journal has \(count)"
            )
        }
        return size ?? count
    }
}

extension EntryProof {
    /// The entry that is proven, without its payloads; nil: it is no entry that this version can read.
    public func decoded() -> JournalEntry? { JournalEntry(proven: entry) }
}

extension JournalEntry {
    /// An entry out of a proof, which holds for any bytes, also those of another log.
    /// - Returns: nil: it is no entry that this version can read.
    init?(proven bytes: [UInt8]) {
        do {
            self = try bytes.withUnsafeBytes { try JournalEntry(EntryView($0), []) }
        } catch {
            return nil
        }
    }
}
