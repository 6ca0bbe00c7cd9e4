import DaybookFormat
import FoundationEssentials

/// A text with signatures (c2sp.org/signed-note).
public struct SignedNote: Equatable, Sendable {
    /// A signature line: who has signed, by which key, and the signature.
    public struct Signature: Equatable, Sendable {
        /// The name of the key.
        public let name: String
        /// The first four bytes of the key's hash.
        public let keyID: UInt32
        /// The signature; its form is the key's affair.
        public let bytes: [UInt8]

        /// - Parameter name: see ``NoteVerifier/name``.
        public init(name: String, keyID: UInt32, bytes: [UInt8]) {
            self.name = name
            self.keyID = keyID
            self.bytes = bytes
        }
    }

    /// The text, with its last newline.
    public let text: String
    /// The signatures, as they stand there.
    public private(set) var signatures: [Signature]

    /// Bytes that a note may have, and signatures.
    static let limits = (bytes: 1_000_000, signatures: 100)

    /// A text that nobody has signed.
    /// - Throws: ``ProofError/Code/malformed`` when it does not end with a newline, or has control
    ///   characters.
    public init(text: String) throws(ProofError) {
        guard text.utf8.last == UInt8(ascii: "\n"), Self.isPlain(text) else {
            throw Self.malformed("its text does not end with a newline, or has control characters")
        }
        self.text = text
        signatures = []
    }

    /// Reads a note. Whether the signatures are right is not looked at.
    /// - Throws: ``ProofError/Code/malformed``.
    public init(_ bytes: [UInt8]) throws(ProofError) {
        guard bytes.count <= Self.limits.bytes, let all = String(validating: bytes, as: UTF8.self),
            Self.isPlain(all)
        else { throw Self.malformed("it is too long, no UTF-8, or has control characters") }
        let lines = all.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        // The last empty line but the end itself is what divides text and signatures.
        guard lines.last?.isEmpty == true, let end = lines.dropLast().lastIndex(where: \.isEmpty),
            end > 0
        else { throw Self.malformed("no empty line divides its text from its signatures") }
        let rows = lines[(end + 1)...].dropLast()
        guard (1...Self.limits.signatures).contains(rows.count) else {
            throw Self.malformed("it has \(rows.count) signatures, and 1 to 100 are taken")
        }
        text = lines[..<end].map { String(Substring($0)) + "\n" }.joined()
        signatures = []
        for row in rows { signatures.append(try Self.signature(Substring(row))) }
    }

    /// `— NAME BASE64`.
    private static func signature(_ row: Substring) throws(ProofError) -> Signature {
        // Among the bytes: a name may begin with a combining character.
        let words = row.utf8.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
            .map { String(Substring($0)) }
        guard words.count == 3, words[0] == "\u{2014}", NoteVerifier.isName(words[1]),
            let bytes = [UInt8](strictBase64: words[2]), bytes.count > 4
        else { throw malformed("a line below its text is no signature") }
        return Signature(
            name: words[1],
            keyID: bytes.prefix(4).reduce(0) { $0 << 8 | UInt32($1) },
            bytes: Array(bytes.dropFirst(4))
        )
    }

    private static func isPlain(_ text: String) -> Bool {
        text.utf8.allSatisfy { $0 >= 0x20 || $0 == 0x0A }
    }

    private static func malformed(_ what: String) -> ProofError {
        ProofError(.malformed, "it is no signed note (c2sp.org/signed-note): \(what)")
    }

    /// The note as it is written.
    public var bytes: [UInt8] {
        var all = text + "\n"
        for signature in signatures {
            let id = withUnsafeBytes(of: signature.keyID.bigEndian) { Array($0) }
            all +=
                "\u{2014} \(signature.name) \(Data(id + signature.bytes).base64EncodedString())\n"
        }
        return Array(all.utf8)
    }

    /// Adds a signature.
    ///
    /// A witness keeps what it signs, and signs no head that does not go on from the one before:
    /// `daybook head --cosign` does. This does not look at it.
    /// - Parameter time: when; it is in the signature of a witness, to the second, and in no other.
    public mutating func sign(
        _ signer: NoteSigner,
        at time: Timestamp = SystemClock().now()
    ) throws {
        signatures.append(
            Signature(
                name: signer.verifier.name,
                keyID: signer.verifier.keyID,
                bytes: try signer.signature(of: text, at: time.rawValue / 1_000_000_000)
            )
        )
    }

    /// Adds a signature in place of one that the key has made before.
    package mutating func cosign(_ signer: NoteSigner, at time: Timestamp) throws {
        var other = try SignedNote(text: text)
        try other.sign(signer, at: time)
        add(other.signatures)
    }

    /// Adds signatures that somebody else has made of the same text. One of a key that has signed it already
    /// takes that one's place.
    public mutating func add(_ others: [Signature]) {
        for other in others {
            signatures.removeAll { $0.name.hasBytes(of: other.name) && $0.keyID == other.keyID }
            signatures.append(other)
        }
    }

    /// Reads lines of signatures, as a witness answers with them (c2sp.org/tlog-witness).
    /// - Throws: ``ProofError/Code/malformed``.
    public static func signatures(in lines: [UInt8]) throws(ProofError) -> [Signature] {
        guard lines.count <= limits.bytes, let text = String(validating: lines, as: UTF8.self),
            isPlain(text), text.utf8.last == UInt8(ascii: "\n")
        else { throw malformed("the lines of signatures are no text, or the last one has no end") }
        let rows = text.dropLast().split(separator: "\n", omittingEmptySubsequences: false)
        guard rows.count <= limits.signatures else {
            throw malformed("it has \(rows.count) signatures, and 1 to 100 are taken")
        }
        var all: [Signature] = []
        for row in rows { all.append(try signature(row)) }
        return all
    }

    /// When a witness has signed it; nil: it has not, or is no witness. Whether the signature is right is not
    /// looked at.
    public func time(of witness: NoteVerifier) -> Timestamp? {
        guard witness.algorithm == .cosignature else { return nil }
        return signatures.first { $0.name.hasBytes(of: witness.name) && $0.keyID == witness.keyID }
            .flatMap { NoteVerifier.time(of: $0.bytes) }
            .flatMap { seconds in
                let (time, isOver) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
                return isOver ? nil : Timestamp(rawValue: time)
            }
    }

    /// Makes sure that at least one of these keys has signed it. What other keys have signed is not looked
    /// at; of a key that is named twice the first signature counts.
    /// - Returns: those that have.
    /// - Throws: ``ProofError/Code/badSignature`` when one of them is named with a wrong signature;
    ///   ``ProofError/Code/notSigned``.
    @discardableResult
    public func check(by keys: [NoteVerifier]) throws(ProofError) -> [NoteVerifier] {
        var found: [NoteVerifier] = []
        for signature in signatures {
            guard
                let key = keys.first(where: {
                    $0.name.hasBytes(of: signature.name) && $0.keyID == signature.keyID
                }), !found.contains(key)
            else { continue }
            guard key.verifies(signature.bytes, of: text) else {
                throw ProofError(
                    .badSignature,
                    "the signature of \(key.name) is wrong: the text, or the signature, has been changed"
                )
            }
            found.append(key)
        }
        guard !found.isEmpty else {
            let names = signatures.map(\.name).joined(separator: ", ")
            throw ProofError(
                .notSigned,
                "none of the keys that were given has signed it\(names.isEmpty ? "" : "; \(names) has"): give the key that it is signed by, if you trust it"
            )
        }
        return found
    }

    /// The head that it is, once its signature is checked.
    ///
    /// The key of a log has the log's name. So a key that was given for one log does not vouch for another.
    /// - Parameter keys: those that are trusted; the log's has to be among them.
    /// - Throws: ``ProofError``: as ``check(by:)``; ``ProofError/Code/otherLog`` when the key that has
    ///   signed it is not the log's; ``ProofError/Code/malformed``.
    public func head(by keys: [NoteVerifier]) throws(ProofError) -> TreeHead {
        let found = try check(by: keys)
        let head = try TreeHead(text: text)
        let isOfLog = found.contains {
            $0.algorithm == .ed25519 && $0.name.hasBytes(of: head.origin)
        }
        guard isOfLog else {
            let names = found.map(\.name).joined(separator: ", ")
            throw ProofError(
                .otherLog,
                "the head is of the log \(head.origin), and signed by \(names): the key of a log has its name, and a witness does not stand for it; give the log's own key"
            )
        }
        return head
    }
}

extension [UInt8] {
    /// Base64 (RFC 4648, section 4) in its one form: padded, without anything else.
    package init?(strictBase64 text: some StringProtocol) {
        guard let data = Data(base64Encoded: String(text)), data.base64EncodedString() == text
        else {
            return nil
        }
        self = Array(data)
    }
}
