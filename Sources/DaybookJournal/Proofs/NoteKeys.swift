import Crypto
import DaybookSystem
import FoundationEssentials

/// A public key that verifies notes: Ed25519, under a name (c2sp.org/signed-note).
public struct NoteVerifier: Hashable, Sendable, CustomStringConvertible {
    /// What a key signs. The number stands before the key in its text.
    @nonexhaustive
    public enum Algorithm: UInt8, Hashable, Sendable {
        /// The text of a note: a log signs its heads so.
        case ed25519 = 0x01
        /// The text of a note and a time (c2sp.org/tlog-cosignature, cosignature/v1): a witness says when it has
        /// seen the head of a log, and that this goes on from all heads that it has seen before.
        case cosignature = 0x04
    }

    /// What the key signs.
    public let algorithm: Algorithm
    /// The name: not empty, without spaces and plus signs. That of a log's key is the log's.
    public let name: String
    /// The first four bytes of the SHA-256 of name and key.
    public let keyID: UInt32
    /// The 32 bytes of the key.
    public let key: [UInt8]

    /// - Throws: ``ProofError/Code/malformed``.
    public init(
        name: String,
        key: [UInt8],
        _ algorithm: Algorithm = .ed25519
    ) throws(ProofError) {
        guard Self.isName(name), key.count == 32 else {
            throw ProofError(
                .malformed,
                "\"\(name)\" is no name of a key, or the key has not 32 bytes: a name is not empty, and has neither spaces nor plus signs"
            )
        }
        self.name = name
        self.key = key
        self.algorithm = algorithm
        keyID = SHA256.hash(data: Array(name.utf8) + [0x0A, algorithm.rawValue] + key).prefix(4)
            .reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// Reads `NAME+HASH+KEY`.
    /// - Throws: ``ProofError/Code/malformed``.
    public init(_ text: String) throws(ProofError) {
        let (name, id, algorithm, key) = try Self.parts(text, "NAME+HASH+KEY")
        try self.init(name: name, key: key, algorithm)
        guard id == keyID else {
            throw ProofError(
                .malformed,
                "the key of \(name) is not the one that its hash is of; a letter of it has been changed"
            )
        }
    }

    /// The three parts of a key as a text, of which the last has a number for the algorithm before it.
    fileprivate static func parts(
        _ text: String,
        _ form: String
    ) throws(ProofError) -> (name: String, id: UInt32, algorithm: Algorithm, key: [UInt8]) {
        let parts = text.split(separator: "+", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, parts[1].utf8.count == 8, let id = [UInt8](hexadecimal: parts[1]),
            let key = [UInt8](strictBase64: parts[2]), key.count == 33,
            let algorithm = key.first.flatMap(Algorithm.init)
        else {
            throw ProofError(
                .malformed,
                "a key is written \(form), and is one of Ed25519: that of a log, or of a witness"
            )
        }
        let number = id.reduce(0) { $0 << 8 | UInt32($1) }
        return (String(parts[0]), number, algorithm, Array(key.dropFirst()))
    }

    /// Whether a text can be the name of a key, and of a log that has one.
    package static func isName(_ name: String) -> Bool {
        !name.isEmpty
            && name.unicodeScalars.allSatisfy {
                !$0.properties.isWhitespace && $0 != "+" && $0.value >= 0x20
            }
    }

    /// `NAME+HASH+KEY`: the form in which a key is handed on.
    public var description: String {
        let id = withUnsafeBytes(of: keyID.bigEndian) { Array($0).hexadecimal }
        return "\(name)+\(id)+\(Data([algorithm.rawValue] + key).base64EncodedString())"
    }

    /// Whether the key has signed what COSE has signed (RFC 9052, 4.4). Such bytes begin with 0x84, which no
    /// text of a note does: what is signed as the one is never the other.
    func verifies(_ signature: [UInt8], ofStructure bytes: [UInt8]) -> Bool {
        algorithm == .ed25519 && isSigned(bytes, signature)
    }

    private func isSigned(_ message: [UInt8], _ signature: [UInt8]) -> Bool {
        guard signature.count == 64 else { return false }
        do {
            return try Curve25519.Signing.PublicKey(rawRepresentation: key)
                .isValidSignature(signature, for: message)
        } catch {
            // 32 bytes that are no point of the curve are nobody's key.
            return false
        }
    }

    /// Whether the key has signed a text.
    func verifies(_ signature: [UInt8], of text: String) -> Bool {
        var bytes = signature[...]
        var message = text
        if algorithm == .cosignature {
            guard let time = Self.time(of: signature) else { return false }
            bytes = bytes.dropFirst(8)
            message = Self.message(text, at: time)
        }
        return isSigned(Array(message.utf8), Array(bytes))
    }
}

// MARK: Cosignatures

extension NoteVerifier {
    /// What a witness signs at a time: seconds since 1970 UTC.
    fileprivate static func message(_ text: String, at time: UInt64) -> String {
        "cosignature/v1\ntime \(time)\n\(text)"
    }

    /// The time in the signature of a witness, in seconds since 1970 UTC; nil: it is none.
    static func time(of signature: [UInt8]) -> UInt64? {
        guard signature.count == 72 else { return nil }
        let time = signature.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
        return time <= UInt64(Int64.max) ? time : nil
    }
}

/// A private key that signs notes.
public struct NoteSigner: Sendable {
    /// What others verify with.
    public let verifier: NoteVerifier
    private let key: Curve25519.Signing.PrivateKey

    /// A new key.
    /// - Parameters:
    ///   - name: see ``NoteVerifier/name``.
    ///   - algorithm: what it signs.
    /// - Throws: ``ProofError/Code/malformed``.
    public init(
        name: String,
        _ algorithm: NoteVerifier.Algorithm = .ed25519
    ) throws(ProofError) {
        try self.init(name, .init(), algorithm)
    }

    private init(
        _ name: String,
        _ key: Curve25519.Signing.PrivateKey,
        _ algorithm: NoteVerifier.Algorithm
    ) throws(ProofError) {
        self.key = key
        let bytes = Array(key.publicKey.rawRepresentation)
        verifier = try NoteVerifier(name: name, key: bytes, algorithm)
    }

    /// Reads `PRIVATE+KEY+NAME+HASH+SEED`, as the note packages of Go write it.
    /// - Throws: ``ProofError/Code/malformed``, which repeats nothing of it.
    public init(_ text: String) throws(ProofError) {
        let form = "PRIVATE+KEY+NAME+HASH+SEED"
        let mark = "PRIVATE+KEY+"
        guard text.hasPrefix(mark) else {
            throw ProofError(.malformed, "a private key is written \(form)")
        }
        let rest = String(text.dropFirst(mark.count))
        let (name, id, algorithm, seed) = try NoteVerifier.parts(rest, form)
        do {
            try self.init(name, try .init(rawRepresentation: seed), algorithm)
        } catch let error as ProofError {
            throw error
        } catch {
            throw ProofError(.malformed, "a private key is written \(form)")
        }
        guard id == verifier.keyID else {
            throw ProofError(
                .malformed,
                "the private key of \(name) is not the one that its hash is of; a letter of it has been changed"
            )
        }
    }

    /// `PRIVATE+KEY+NAME+HASH+SEED`: whoever has it signs in the name of the key.
    package var secretText: String {
        let id = withUnsafeBytes(of: verifier.keyID.bigEndian) { Array($0).hexadecimal }
        let seed = Data([verifier.algorithm.rawValue] + key.rawRepresentation)
            .base64EncodedString()
        return "PRIVATE+KEY+\(verifier.name)+\(id)+\(seed)"
    }

    /// - Parameter time: when, in seconds since 1970 UTC; only a witness says so.
    func signature(of text: String, at time: UInt64) throws -> [UInt8] {
        switch verifier.algorithm {
        case .ed25519: return Array(try key.signature(for: Array(text.utf8)))
        case .cosignature:
            let message = NoteVerifier.message(text, at: time)
            let head = withUnsafeBytes(of: time.bigEndian) { Array($0) }
            return head + Array(try key.signature(for: Array(message.utf8)))
        }
    }

    /// - Parameter bytes: what COSE has signed (RFC 9052, 4.4).
    func signature(ofStructure bytes: [UInt8]) throws -> [UInt8] {
        Array(try key.signature(for: bytes))
    }
}
