import DaybookFormat
public import DaybookJournal
import DaybookView

/// Receipts of COSE. The key that signs one has signed the head of the same tree before
/// (``Inspector/signedHead(by:size:after:)``): so what it remembers is what it has signed.
extension Inspector {
    /// The receipt that entries are in the tree of a head.
    /// - Parameters:
    ///   - sequences: the entries, at least one, and at most 10,000.
    ///   - note: a head of this journal that the key has signed.
    ///   - signer: the key.
    /// - Throws: ``ProofError``; ``JournalError``.
    public func receipt(
        of sequences: [UInt64],
        in note: SignedNote,
        by signer: NoteSigner
    ) throws -> Receipt {
        let head = try signedTree(note, signer)
        guard (1...Receipt.limit).contains(sequences.count) else {
            throw ProofError(
                .outOfRange,
                "a receipt of \(sequences.count) entries was asked for, and one is of 1 to \(Receipt.limit); make a bundle with `daybook audit`, or receipts of single entries"
            )
        }
        let inclusions = try sequences.map { sequence in
            let proof = try proof(of: sequence, in: note, checked: head)
            return Receipt.Inclusion(index: sequence, entry: proof.entry, path: proof.path)
        }
        let receipt = try Receipt(of: inclusions, in: head, by: signer)
        try checkSize(receipt)
        return receipt
    }

    /// The receipt that the whole history of an execution, as far as the head goes, is in its tree.
    /// - Parameters:
    ///   - number: the execution.
    ///   - note: a head of this journal that the key has signed.
    ///   - signer: the key.
    /// - Throws: as ``receipt(of:in:by:)``.
    public func receipt(
        ofHistory number: UInt64,
        in note: SignedNote,
        by signer: NoteSigner
    ) throws -> Receipt {
        let end = try TreeHead(text: note.text).size
        let sequences = try store.read { reader in
            var all: [UInt64] = []
            try reader.scanHistory(of: number, from: 0) { sequence in
                guard sequence < end else { return false }
                all.append(sequence)
                return all.count <= Receipt.limit
            }
            return all
        }
        return try receipt(of: sequences, in: note, by: signer)
    }

    /// The receipt that the tree of a head begins with the one of `old` entries.
    /// - Parameters:
    ///   - old: the earlier size, more than 0 and less than that of the head.
    ///   - note: a head of this journal that the key has signed.
    ///   - signer: the key.
    /// - Throws: as ``receipt(of:in:by:)``.
    public func receipt(
        goingOnFrom old: UInt64,
        to note: SignedNote,
        by signer: NoteSigner
    ) throws -> Receipt {
        let head = try signedTree(note, signer)
        guard old > 0, old < head.size else {
            throw ProofError(
                .outOfRange,
                "a receipt that \(head.size) entries go on from \(old) was asked for: the earlier tree is smaller, and not empty"
            )
        }
        let path = try consistencyProof(from: old, to: head.size)
        return try Receipt(of: Receipt.Consistency(old: old, path: path), to: head, by: signer)
    }

    /// The tree of a head of this journal that a key has signed.
    private func signedTree(_ note: SignedNote, _ signer: NoteSigner) throws -> TreeHead {
        let head = try note.head(by: [signer.verifier])
        try check(head)
        guard head.size > 1 else {
            throw ProofError(
                .outOfRange,
                "a receipt needs a tree of two entries at least (RFC 9942, 5.2), and the head is of \(head.size); take the form tlog-proof"
            )
        }
        return head
    }

    private func checkSize(_ receipt: Receipt) throws {
        let size = receipt.bytes.count
        guard size <= Receipt.byteLimit else {
            throw ProofError(
                .outOfRange,
                "the receipt has \(size) bytes, and at most \(Receipt.byteLimit) are read; make a bundle with `daybook audit`, or receipts of single entries"
            )
        }
    }
}

extension Receipt {
    /// The entries that are proven, without their payloads; nil in the place of one that this version cannot
    /// read.
    public func decoded() -> [JournalEntry?] {
        inclusions.map { JournalEntry(proven: $0.entry) }
    }

    /// The execution whose history the entries are, from the first one on and without a gap; nil: they are
    /// something else. What came after the last one is not shown by it.
    package func history() -> (execution: String, entries: Int)? {
        let entries = decoded().compactMap { $0?.entry }
        guard let first = entries.first, entries.count == inclusions.count,
            case .executionSubmitted(let event) = first.event
        else { return nil }
        var last: UInt64 = 0
        for (place, (entry, proven)) in zip(entries, inclusions).enumerated() {
            // Each names the one before it in its history, and its place there.
            guard entry.sequence == proven.index, entry.stream == first.sequence,
                entry.ordinal == UInt64(place), place == 0 || entry.previous == last
            else { return nil }
            last = entry.sequence
        }
        return (event.id, entries.count)
    }
}
