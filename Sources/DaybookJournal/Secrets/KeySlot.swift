import Crypto
import DaybookFormat
import FoundationEssentials

/// Which slot of the file of keys holds a data key, as entries say it: a slot that was overwritten
/// may hold another key later, which has another id.
package struct KeyName: Hashable, Sendable {
    /// Bytes of an id.
    package static let idBytes = 16

    /// The slot, from 0.
    package let slot: UInt32
    /// 16 random bytes that the key has for ever.
    package let id: [UInt8]

    /// Names a key.
    package init(slot: UInt32, id: [UInt8]) {
        self.slot = slot
        self.id = id
    }
}

/// The first 128 bytes of the file of keys: whose it is, and by what its journal key is known.
struct KeysHeader: Equatable {
    static let size = 128
    private static let magic = Array("DAYBOOK KEYS 1\n\0".utf8)

    /// The journal's UUID.
    let journal: [UInt8]
    let salt: [UInt8]
    /// See ``JournalKey/checkValue(journal:salt:)``.
    let check: [UInt8]

    init(journal: Identifier, salt: [UInt8], _ key: JournalKey) {
        self.journal = journal.bytes
        self.salt = salt
        check = key.checkValue(journal: journal, salt: salt)
    }

    var bytes: [UInt8] {
        var bytes = Self.magic + journal + salt + check
        bytes += [UInt8](repeating: 0, count: Self.size - 16 - bytes.count)
        return bytes + SHA256.hash(data: bytes).prefix(16)
    }

    /// - Returns: nil for bytes that are none.
    init?(_ bytes: [UInt8]) {
        guard bytes.count == Self.size, bytes.starts(with: Self.magic),
            SHA256.hash(data: bytes.dropLast(16)).prefix(16).elementsEqual(bytes.suffix(16))
        else { return nil }
        journal = Array(bytes[16..<32])
        salt = Array(bytes[32..<48])
        check = Array(bytes[48..<80])
    }
}

/// 128 bytes of the file of keys: nothing, or a data key, wrapped.
package enum KeySlot: Hashable, Sendable {
    /// All of it is zero: it was never used, or what it held was destroyed.
    case empty
    /// It holds a key.
    case held(Held)
    /// It is neither: it was written in part, or has changed on the disk.
    case damaged

    /// A data key, wrapped, and whose it is.
    package struct Held: Hashable, Sendable {
        /// The key's id.
        package let id: [UInt8]
        /// SHA-256 of the id of the execution whose secret it seals.
        package let execution: [UInt8]
        /// Nonce, wrapped key, tag.
        let wrapped: [UInt8]
    }

    static let size = 128
    private static let magic = Array("KEY1".utf8)
    private static let wrappedBytes = 60

    /// - Parameter slot: in which place they were found.
    init(_ bytes: [UInt8], in slot: UInt32) {
        guard bytes.contains(where: { $0 != 0 }) else {
            self = .empty
            return
        }
        let body = bytes.prefix(116)
        guard bytes.count == Self.size, bytes.starts(with: Self.magic),
            Self.checksum(body).elementsEqual(bytes.suffix(12)),
            bytes[4..<8].elementsEqual(Self.encoded(slot))
        else {
            self = .damaged
            return
        }
        self = .held(
            Held(
                id: Array(bytes[8..<24]),
                execution: Array(bytes[24..<56]),
                wrapped: Array(bytes[56..<56 + Self.wrappedBytes])
            )
        )
    }

    /// The bytes of a slot that holds a key.
    static func bytes(_ held: Held, in slot: UInt32) -> [UInt8] {
        let body = magic + encoded(slot) + held.id + held.execution + held.wrapped
        return body + checksum(body[...])
    }

    /// The bytes of an empty slot.
    static var nothing: [UInt8] { [UInt8](repeating: 0, count: size) }

    /// Where a slot is in the file.
    static func range(_ slot: UInt32) -> Range<Int> {
        let start = KeysHeader.size + Int(slot) * size
        return start..<start + size
    }

    /// What a wrapped key is bound to.
    static func place(_ journal: Identifier, id: [UInt8], execution: [UInt8]) -> [UInt8] {
        Array("daybook data key 1".utf8) + journal.bytes + id + execution
    }

    private static func encoded(_ slot: UInt32) -> [UInt8] {
        withUnsafeBytes(of: slot.littleEndian) { Array($0) }
    }

    private static func checksum(_ body: ArraySlice<UInt8>) -> [UInt8] {
        Array(SHA256.hash(data: Array(body)).prefix(12))
    }
}
