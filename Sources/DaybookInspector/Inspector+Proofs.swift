import DaybookFormat
public import DaybookJournal

extension Inspector {
    /// The size and the root of the journal's tree, for somebody else to keep: unsigned.
    /// - Parameter size: the first so many entries; nil: all.
    /// - Throws: ``ProofError/Code/outOfRange``; ``JournalError``.
    public func head(size: UInt64? = nil) throws -> TreeHead {
        let origin = try creation().origin
        return try store.read { reader in
            let size = try checked(size, reader)
            return TreeHead(
                origin: origin,
                size: size,
                root: try JournalTree(reader).root(size: size)
            )
        }
    }

    /// The proof that an entry is in the tree of a head.
    /// - Parameters:
    ///   - sequence: the entry.
    ///   - note: a head of this journal, signed; today's or an earlier one.
    /// - Throws: ``ProofError``; ``JournalError``.
    public func proof(of sequence: UInt64, in note: SignedNote) throws -> EntryProof {
        let head = try TreeHead(text: note.text)
        try check(head)
        return try store.read { reader in
            guard sequence < head.size, let entry = try reader.withEntry(sequence, { Array($0) })
            else {
                throw ProofError(
                    .outOfRange,
                    "a proof of entry \(sequence) was asked for, and the head is of \(head.size) entries; sign a head of today, or name an entry before"
                )
            }
            return EntryProof(
                index: sequence,
                entry: entry,
                path: try JournalTree(reader).inclusionProof(of: sequence, size: head.size),
                note: note
            )
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
            return try JournalTree(reader).consistencyProof(from: old, to: size)
        }
    }

    /// Makes sure that the journal is a continuation of what a head says, which was kept elsewhere.
    /// - Throws: ``ProofError/Code/otherLog``; ``ProofError/Code/inconsistent`` when the journal is
    ///   shorter, or what the head is of has changed; ``JournalError``.
    public func check(_ head: TreeHead) throws {
        let origin = try creation().origin
        guard head.origin == origin else {
            throw ProofError(
                .otherLog,
                "the head is of the log \(head.origin), and this journal is \(origin); name the journal that it is of"
            )
        }
        try store.read { reader in
            let count = try reader.entryCount()
            guard head.size <= count else {
                throw ProofError(
                    .inconsistent,
                    "the head is of \(head.size) entries, and the journal has \(count): entries at its end are gone, or an older copy lies in its place"
                )
            }
            guard try JournalTree(reader).root(size: head.size) == head.root else {
                throw ProofError(
                    .inconsistent,
                    "the first \(head.size) entries of the journal are not those that the head is of: some were changed, or the journal was replaced"
                )
            }
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
