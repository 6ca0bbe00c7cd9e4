import DaybookFormat

extension Receipt {
    /// Checks signature and hashes of a receipt of inclusion.
    /// - Parameter policy: whose keys are trusted. A receipt has the log's signature and no others, so that a
    ///   policy which asks for witnesses takes none.
    /// - Returns: the tree that its entries are in.
    /// - Throws: ``ProofError/Code/notSigned``, ``ProofError/Code/otherLog``,
    ///   ``ProofError/Code/tooFewWitnesses``, ``ProofError/Code/badProof``; ``ProofError/Code/outOfRange`` for
    ///   a receipt of consistency.
    public func check(by policy: TrustPolicy) throws(ProofError) -> TreeHead {
        guard case .inclusions(let all) = content else {
            throw ProofError(
                .outOfRange,
                "the receipt says that a log goes on from its head of \(consistency?.old ?? 0) entries, and of no entry that it is in the log; give that head"
            )
        }
        var root: TreeHash?
        for one in all {
            let next = MerkleCheck.root(
                over: one.entry.withUnsafeBytes { TreeHash.leaf($0) },
                at: one.index,
                size: size,
                by: one.path
            )
            guard let next, root ?? next == next else {
                throw ProofError(
                    .badProof,
                    "the receipt does not lead from entry \(one.index) to the root of a tree of \(size) entries; the entry or the receipt has been changed"
                )
            }
            root = next
        }
        return try checked(root, by: policy)
    }

    /// Checks signature and hashes of a receipt of consistency.
    /// - Parameters:
    ///   - earlier: the head that the log is to go on from.
    ///   - policy: as for ``check(by:)``.
    /// - Returns: the tree that begins with it.
    /// - Throws: as ``check(by:)``; ``ProofError/Code/outOfRange`` for a receipt of inclusion, or one from
    ///   another size.
    public func check(
        from earlier: TreeHead,
        by policy: TrustPolicy
    ) throws(ProofError) -> TreeHead {
        guard case .consistency(let one) = content, one.old == earlier.size else {
            throw ProofError(
                .outOfRange,
                "the receipt was to show that the log goes on from its head of \(earlier.size) entries, and \(consistency.map { "is for one of \($0.old)" } ?? "it is of entries"); give the head that it is for"
            )
        }
        guard origin.hasBytes(of: earlier.origin) else {
            throw ProofError(
                .otherLog,
                "the earlier head is of the log \(earlier.origin), and the receipt of \(origin); give two of one log"
            )
        }
        let root = MerkleCheck.root(
            of: size,
            goingOnFrom: (earlier.size, earlier.root),
            by: one.path
        )
        return try checked(root, by: policy)
    }

    /// - Parameter root: what the hashes lead to; nil: to nothing.
    private func checked(_ root: TreeHash?, by policy: TrustPolicy) throws(ProofError) -> TreeHead {
        if let otherSize {
            throw ProofError(
                .badProof,
                "a proof of the receipt is for a tree of \(otherSize) entries, and one of \(size) is signed; the proof, or what is signed, has been changed"
            )
        }
        let keys = policy.logs.filter { $0.keyID == keyID && $0.algorithm == .ed25519 }
        guard let first = keys.first else {
            throw ProofError(
                .notSigned,
                "the receipt of \(origin) is signed by a key that was not given; give the key of the log, if you trust it"
            )
        }
        guard let key = keys.first(where: { $0.name.hasBytes(of: origin) }) else {
            throw ProofError(
                .otherLog,
                "the receipt is of the log \(origin), and signed by the key of \(first.name): the key of a log has its name; give the log's own"
            )
        }
        guard let root, key.verifies(signature, ofStructure: Self.signed(protected, root)) else {
            throw ProofError(
                .badProof,
                "the receipt does not lead to a root that \(key.name) has signed for \(size) entries; the hashes, what they begin with, or the signature has been changed"
            )
        }
        guard !policy.asksForWitnesses else {
            throw ProofError(
                .tooFewWitnesses,
                "the policy asks for witnesses, and a receipt has the signature of the log alone; check a proof in the form tlog-proof, or give the log's key"
            )
        }
        return TreeHead(origin: origin, size: size, root: root)
    }
}
