import Crypto
import DaybookSystem
import FoundationEssentials

/// A public key that verifies notes: Ed25519, under a name (c2sp.org/signed-note).
public struct NoteVerifier: Hashable, Sendable, CustomStringConvertible {
    /// The name: not empty, without spaces and plus signs. That of a log's key is the log's.
    public let name: String
    /// The first four bytes of the SHA-256 of name and key.
    public let keyID: UInt32
    /// The 32 bytes of the key.
    public let key: [UInt8]

    /// The number that stands for Ed25519.
    static let algorithm: UInt8 = 0x01

    /// - Throws: ``ProofError/Code/malformed``.
    public init(name: String, key: [UInt8]) throws(ProofError) {
        guard Self.isName(name), key.count == 32 else {
            throw ProofError(
                .malformed,
                "\"\(name)\" is no name of a key, or the key has not 32 bytes: a name is not empty, and has neither spaces nor plus signs"
            )
        }
        self.name = name
        self.key = key
        keyID = SHA256.hash(data: Array(name.utf8) + [0x0A, Self.algorithm] + key).prefix(4)
            .reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// Reads `NAME+HASH+KEY`.
    /// - Throws: ``ProofError/Code/malformed``.
    public init(_ text: String) throws(ProofError) {
        let (name, id, key) = try Self.parts(text, "NAME+HASH+KEY")
        try self.init(name: name, key: key)
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
    ) throws(ProofError) -> (name: String, id: UInt32, key: [UInt8]) {
        let parts = text.split(separator: "+", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, parts[1].utf8.count == 8, let id = [UInt8](hexadecimal: parts[1]),
            let key = [UInt8](strictBase64: parts[2]), key.first == algorithm, key.count == 33
        else {
            throw ProofError(.malformed, "a key is written \(form), and is one of Ed25519")
        }
        let number = id.reduce(0) { $0 << 8 | UInt32($1) }
        return (String(parts[0]), number, Array(key.dropFirst()))
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
        return "\(name)+\(id)+\(Data([Self.algorithm] + key).base64EncodedString())"
    }

    /// Whether the key has signed a text.
    func verifies(_ signature: [UInt8], of text: String) -> Bool {
        guard signature.count == 64 else { return false }
        do {
            return try Curve25519.Signing.PublicKey(rawRepresentation: key)
                .isValidSignature(signature, for: Array(text.utf8))
        } catch {
            // 32 bytes that are no point of the curve are nobody's key.
            return false
        }
    }
}

/// A private key that signs notes.
public struct NoteSigner: Sendable {
    /// What others verify with.
    public let verifier: NoteVerifier
    private let key: Curve25519.Signing.PrivateKey

    /// A new key.
    /// - Parameter name: see ``NoteVerifier/name``.
    /// - Throws: ``ProofError/Code/malformed``.
    public init(name: String) throws(ProofError) { try self.init(name, .init()) }

    private init(_ name: String, _ key: Curve25519.Signing.PrivateKey) throws(ProofError) {
        self.key = key
        verifier = try NoteVerifier(name: name, key: Array(key.publicKey.rawRepresentation))
    }

    /// Reads `PRIVATE+KEY+NAME+HASH+SEED`, as the note packages of Go write it.
    /// - Throws: ``ProofError/Code/malformed``, which repeats nothing of it.
    public init(_ text: String) throws(ProofError) {
        let form = "PRIVATE+KEY+NAME+HASH+SEED"
        let mark = "PRIVATE+KEY+"
        guard text.hasPrefix(mark) else {
            throw ProofError(.malformed, "a private key is written \(form)")
        }
        let (name, id, seed) = try NoteVerifier.parts(String(text.dropFirst(mark.count)), form)
        do {
            try self.init(name, try .init(rawRepresentation: seed))
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
        let seed = Data([NoteVerifier.algorithm] + key.rawRepresentation).base64EncodedString()
        return "PRIVATE+KEY+\(verifier.name)+\(id)+\(seed)"
    }

    func signature(of text: String) throws -> [UInt8] {
        Array(try key.signature(for: Array(text.utf8)))
    }
}
