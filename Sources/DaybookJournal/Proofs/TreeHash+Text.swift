import FoundationEssentials

extension TreeHash {
    /// As it stands in heads and proofs (RFC 4648, section 4).
    public var base64: String { Data(bytes).base64EncodedString() }

    /// - Returns: nil: the text is not the Base64 of 32 bytes.
    public init?(base64 text: some StringProtocol) {
        guard let bytes = [UInt8](strictBase64: text), bytes.count == Self.byteCount else {
            return nil
        }
        self = bytes.withUnsafeBytes { TreeHash($0) }
    }

    /// Reads hashes in Base64, one to a line.
    /// - Throws: ``ProofError/Code/malformed``.
    package static func lines(_ bytes: [UInt8]) throws(ProofError) -> [TreeHash] {
        var all: [TreeHash] = []
        for line in String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline) {
            guard let hash = TreeHash(base64: line) else {
                throw ProofError(
                    .malformed,
                    "a line is not the Base64 of 32 bytes: hashes stand there one to a line"
                )
            }
            all.append(hash)
        }
        return all
    }
}
