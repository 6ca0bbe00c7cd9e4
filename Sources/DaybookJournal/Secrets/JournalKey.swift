import Crypto
import DaybookFormat
import DaybookSystem
import FoundationEssentials

/// The key that all data keys of a journal are wrapped with: 32 bytes that are kept elsewhere.
package struct JournalKey: Sendable {
    /// Bytes of a key.
    package static let byteCount = 32

    private let key: SymmetricKey

    /// - Returns: nil for any other number of bytes than ``byteCount``.
    package init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == Self.byteCount else { return nil }
        key = SymmetricKey(data: Array(bytes))
    }

    /// Reads 64 hexadecimal digits, or the Base64 of 32 bytes; white space around them is ignored.
    /// - Parameters:
    ///   - origin: where the text comes from, for the message of an error.
    ///   - advice: what to do where it is none.
    /// - Throws: ``SecretError/Code/badKey``. The message does not say what was found.
    package init(
        text: [UInt8],
        from origin: String,
        advice: KeyAdvice = .existing
    ) throws(SecretError) {
        let isSpace: (UInt8) -> Bool = { $0 == 0x20 || (0x09...0x0D).contains($0) }
        var digits = text[...]
        while let last = digits.last, isSpace(last) { digits.removeLast() }
        while let first = digits.first, isSpace(first) { digits.removeFirst() }
        let bytes: [UInt8]? =
            if digits.count == Self.byteCount * 2 {
                Self.bytes(ofHexadecimal: digits)
            } else {
                Data(base64Encoded: String(decoding: digits, as: UTF8.self)).map { Array($0) }
            }
        guard let bytes, let key = JournalKey(bytes) else {
            throw SecretError(
                .badKey,
                "\(origin) has no journal key: that is 64 hexadecimal digits, or the Base64 of 32 bytes; \(advice.text)"
            )
        }
        self = key
    }

    /// The texts that it is written as, to be kept out of what is recorded.
    package var texts: [[UInt8]] {
        let bytes = key.withUnsafeBytes { Array($0) }
        let digits = bytes.hexadecimal
        return [digits, digits.uppercased(), Data(bytes).base64EncodedString()].map {
            Array($0.utf8)
        }
    }

    /// Reads the key in a file that only its owner may read.
    /// - Parameter advice: what to do where there is none.
    /// - Throws: ``SecretError/Code/badKey``.
    package init(file path: String, advice: KeyAdvice = .existing) throws(SecretError) {
        let text: [UInt8]?
        let isOpenToOthers: Bool
        do throws(File.Unfit) {
            text = try File.contents(of: path, limit: 4_096, followsLink: true)
            isOpenToOthers = try Self.isOpenToOthers(path)
        } catch {
            var cause: SystemError?
            if case .system(let error) = error { cause = error }
            throw SecretError(.badKey, Self.sentence(error, path), cause: cause)
        }
        guard let text else {
            throw SecretError(
                .badKey,
                "the file \(path) of the journal key does not exist; \(advice.text)"
            )
        }
        guard !isOpenToOthers else {
            throw SecretError(
                .badKey,
                "the file \(path) of the journal key can be read by others than its owner; run `chmod 600` on it, and change the secrets where they are valid if somebody may have read both it and the journal"
            )
        }
        try self.init(text: text, from: "the file \(path)", advice: advice)
    }

    private static func isOpenToOthers(_ path: String) throws(File.Unfit) -> Bool {
        do throws(SystemError) {
            return try FileStatus.of(path)?.isOpenToOthers ?? false
        } catch {
            throw .system(error)
        }
    }

    private static func sentence(_ error: File.Unfit, _ path: String) -> String {
        let found =
            switch error {
            case .notRegular: "it is no regular file"
            case .tooLarge: "it is too large for one"
            case .system(let error): "\(error)"
            }
        return
            "the file \(path) of the journal key cannot be read: \(found); name another, or mend that"
    }

    private static func bytes(ofHexadecimal digits: ArraySlice<UInt8>) -> [UInt8]? {
        var bytes: [UInt8] = []
        var high: UInt8?
        for digit in digits {
            let value: UInt8
            switch digit {
            case 0x30...0x39: value = digit - 0x30
            case 0x41...0x46: value = digit - 0x41 + 10
            case 0x61...0x66: value = digit - 0x61 + 10
            default: return nil
            }
            if let first = high {
                bytes.append(first << 4 | value)
                high = nil
            } else {
                high = value
            }
        }
        return bytes
    }

    /// 32 bytes that are the same for the same key and journal, and tell nothing of the key.
    func checkValue(journal: Identifier, salt: [UInt8]) -> [UInt8] {
        var code = HMAC<SHA256>(key: key)
        code.update(data: Array("daybook journal key".utf8))
        code.update(data: journal.bytes)
        code.update(data: salt)
        return Array(code.finalize())
    }

    /// Wraps a data key.
    /// - Throws: what the library throws.
    func wrap(_ key: DataKey, for place: [UInt8]) throws -> [UInt8] {
        try key.withBytes { bytes in
            let box = try AES.GCM.seal(bytes, using: self.key, authenticating: place)
            return Array(box.nonce) + Array(box.ciphertext) + Array(box.tag)
        }
    }

    /// Unwraps a data key.
    /// - Returns: nil when it was wrapped with another key, for another place, or has changed.
    func unwrap(_ wrapped: [UInt8], for place: [UInt8]) -> DataKey? {
        do {
            let box = try AES.GCM.SealedBox(combined: wrapped)
            return DataKey(try AES.GCM.open(box, using: key, authenticating: place))
        } catch {
            // The library says of everything that it is not authentic.
            return nil
        }
    }
}

/// What is to be done by whoever has no journal key: where a journal has secrets already another key opens
/// none of them, and takes none to them.
package enum KeyAdvice: Sendable {
    /// The journal has had no secret yet.
    case first
    /// It has some, under a key.
    case existing

    /// The rest of a sentence.
    package var text: String {
        switch self {
        case .first:
            "make one with `(umask 077; openssl rand -hex 32 > FILE)`, and give it by --key-file FILE, DAYBOOK_KEY_FILE=FILE or DAYBOOK_KEY"
        case .existing:
            "give the key that this journal's secrets are kept under (--key-file FILE, DAYBOOK_KEY_FILE, DAYBOOK_KEY)"
        }
    }
}

/// The key that one secret is sealed with.
package struct DataKey: Sendable {
    private let key: SymmetricKey

    /// Draws one.
    package static func random() -> DataKey { DataKey(key: SymmetricKey(size: .bits256)) }

    private init(key: SymmetricKey) { self.key = key }

    /// - Returns: nil for any other number of bytes than 32.
    package init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == JournalKey.byteCount else { return nil }
        key = SymmetricKey(data: Array(bytes))
    }

    /// For its wrapping, and for tests that look for it.
    package func withBytes<Result>(_ body: ([UInt8]) throws -> Result) rethrows -> Result {
        try body(key.withUnsafeBytes { Array($0) })
    }

    /// Seals a secret: the nonce, what is encrypted, and the tag.
    /// - Parameter place: what it is bound to.
    /// - Throws: what the library throws.
    package func seal(_ secret: [UInt8], for place: SecretPlace) throws -> [UInt8] {
        let box = try AES.GCM.seal(
            SecretPadding.pad(secret),
            using: key,
            authenticating: place.bytes
        )
        return Array(box.nonce) + Array(box.ciphertext) + Array(box.tag)
    }

    /// Opens a sealed secret.
    /// - Returns: nil when it was sealed with another key, for another place, or has changed.
    package func open(_ sealed: [UInt8], for place: SecretPlace) -> [UInt8]? {
        do {
            let box = try AES.GCM.SealedBox(combined: sealed)
            let padded = try AES.GCM.open(box, using: key, authenticating: place.bytes)
            return SecretPadding.unpad(Array(padded))
        } catch {
            // The library says of everything that it is not authentic.
            return nil
        }
    }
}

/// What a sealed secret is bound to: in another journal, execution, or under another name it does not
/// open.
package struct SecretPlace: Hashable, Sendable {
    /// The journal's UUID.
    package let journal: Identifier
    /// The execution's id.
    package let execution: Name
    /// The secret's name.
    package let name: Name

    /// Says what it is bound to.
    package init(journal: Identifier, execution: Name, name: Name) {
        self.journal = journal
        self.execution = execution
        self.name = name
    }

    /// The associated data: each part behind its length, so that no two places have the same.
    var bytes: [UInt8] {
        var bytes = Array("daybook secret 1".utf8)
        for part in [journal.bytes, Array(execution.text.utf8), Array(name.text.utf8)] {
            withUnsafeBytes(of: UInt32(part.count).littleEndian) { bytes += $0 }
            bytes += part
        }
        return bytes
    }

    /// What stands for the execution in a slot: 32 bytes.
    package var executionDigest: [UInt8] {
        Array(SHA256.hash(data: Array(execution.text.utf8)))
    }
}

/// Hides how long a secret is: it is filled up to a multiple of 256 bytes.
enum SecretPadding {
    static let step = 256

    static func pad(_ secret: [UInt8]) -> [UInt8] {
        var padded: [UInt8] = []
        withUnsafeBytes(of: UInt32(secret.count).littleEndian) { padded += $0 }
        padded += secret
        let size = (padded.count + step - 1) / step * step
        padded += [UInt8](repeating: 0, count: size - padded.count)
        return padded
    }

    static func unpad(_ padded: [UInt8]) -> [UInt8]? {
        guard padded.count >= 4 else { return nil }
        let count = padded.prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
        guard count <= padded.count - 4 else { return nil }
        return Array(padded[4..<4 + count])
    }
}
