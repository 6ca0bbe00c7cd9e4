extension Receipt {
    /// Reads a file. Whether hashes and signature are right is not looked at.
    /// - Throws: ``ProofError/Code/malformed``.
    public init(_ bytes: [UInt8]) throws(ProofError) {
        guard case .tag(Label.sign1, .array(let parts)) = try CBOR(decoding: bytes),
            parts.count == 4,
            let protected = parts[0].bytes, let unprotected = parts[1].map,
            let signature = parts[3].bytes
        else { throw Self.malformed("it is no COSE_Sign1 (RFC 9052, 4.2)") }
        guard parts[2] == .null else {
            throw Self.malformed(
                "a payload is in it, and the root is to be computed from its hashes"
            )
        }
        self.protected = protected
        self.signature = signature
        (origin, size, keyID) = try Self.claims(protected)
        (content, otherSize) = try Self.content(unprotected, size)
    }

    /// What is said, and signed, of the tree.
    private static func claims(
        _ protected: [UInt8]
    ) throws(ProofError) -> (origin: String, size: UInt64, keyID: UInt32) {
        guard let header = try CBOR(decoding: protected).map else {
            throw malformed("its protected header is no map")
        }
        guard header[Label.algorithm] == Label.edDSA else {
            throw malformed("it is not signed by EdDSA (-8)")
        }
        guard header[Label.critical] == nil else {
            throw malformed("it says that something is critical which this version does not know")
        }
        guard header[Label.structure] == Label.rfc9162 else {
            throw malformed(
                "its verifiable data structure is another one than RFC9162_SHA256 (1)"
            )
        }
        guard let keyID = header[Label.keyID]?.bytes, keyID.count == 4,
            let claims = header[Label.claims]?.map, let origin = claims[Label.issuer]?.text,
            let subject = claims[Label.subject]?.text, let size = UInt64(subject),
            "\(size)" == subject
        else {
            throw malformed(
                "its key, its log or the size of its tree is not said: as kid, and as iss and sub of the claims"
            )
        }
        return (origin, size, keyID.reduce(0) { $0 << 8 | UInt32($1) })
    }

    private static func content(
        _ unprotected: [CBOR: CBOR],
        _ size: UInt64
    ) throws(ProofError) -> (content: Content, otherSize: UInt64?) {
        guard let kinds = unprotected[Label.proofs]?.map, kinds.count == 1 else {
            throw malformed("its proofs are missing, or are of several kinds")
        }
        if let all = kinds[Label.inclusion]?.array {
            guard (1...limit).contains(all.count), let entries = unprotected[Label.entries]?.array,
                entries.count == all.count
            else {
                throw malformed(
                    "it is to have 1 to \(limit) proofs, and as many entries (label -70001)"
                )
            }
            var inclusions: [Inclusion] = []
            var other: UInt64?
            for (proof, entry) in zip(all, entries) {
                let (of, index, path) = try numbers(proof)
                guard let entry = entry.bytes else { throw malformed("an entry is no bytes") }
                if of != size { other = of }
                inclusions.append(Inclusion(index: index, entry: entry, path: path))
            }
            return (.inclusions(inclusions), other)
        }
        guard let all = kinds[Label.consistency]?.array, all.count == 1 else {
            throw malformed("it has neither proofs of inclusion nor one of consistency")
        }
        let (old, of, path) = try numbers(all[0])
        return (.consistency(Consistency(old: old, path: path)), of == size ? nil : of)
    }

    /// Two numbers and hashes, in bytes of their own.
    private static func numbers(
        _ proof: CBOR
    ) throws(ProofError) -> (first: UInt64, second: UInt64, path: [TreeHash]) {
        guard let bytes = proof.bytes, let parts = try CBOR(decoding: bytes).array,
            parts.count == 3,
            let first = parts[0].unsigned, let second = parts[1].unsigned,
            let hashes = parts[2].array, !hashes.isEmpty, hashes.count <= 64
        else { throw malformed("a proof is not two numbers and hashes (RFC 9942, 5.2 and 5.3)") }
        var path: [TreeHash] = []
        for hash in hashes {
            guard let bytes = hash.bytes, bytes.count == TreeHash.byteCount else {
                throw malformed("a hash has not 32 bytes")
            }
            path.append(bytes.withUnsafeBytes { TreeHash($0) })
        }
        return (first, second, path)
    }

    private static func malformed(_ what: String) -> ProofError {
        ProofError(.malformed, "it is no receipt of a log (RFC 9942): \(what)")
    }
}
