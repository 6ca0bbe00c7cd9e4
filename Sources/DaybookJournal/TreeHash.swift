import Crypto

/// A SHA-256 value of the Merkle tree.
public struct TreeHash: Hashable, Sendable {
    /// Bytes of a hash.
    package static let byteCount = 32

    var words: SIMD4<UInt64>

    /// Takes the 32 bytes at the start of `bytes`.
    package init(_ bytes: UnsafeRawBufferPointer) {
        words = bytes.loadUnaligned(as: SIMD4<UInt64>.self)
    }

    init(_ digest: SHA256.Digest) {
        words = digest.withUnsafeBytes { $0.loadUnaligned(as: SIMD4<UInt64>.self) }
    }

    /// The 32 bytes.
    public var bytes: [UInt8] { withBytes { Array($0) } }

    /// Lower case hexadecimal digits.
    public var hex: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(
            decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] },
            as: UTF8.self
        )
    }

    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try withUnsafeBytes(of: words, body)
    }

    /// The hashes that lie one after the other in `bytes`.
    static func all(_ bytes: [UInt8]) -> [TreeHash] {
        bytes.withUnsafeBytes { all($0) }
    }

    /// The hashes that lie one after the other in `bytes`.
    static func all(_ bytes: UnsafeRawBufferPointer) -> [TreeHash] {
        stride(from: 0, to: bytes.count - bytes.count % byteCount, by: byteCount)
            .map { TreeHash(UnsafeRawBufferPointer(rebasing: bytes[$0...])) }
    }

    /// The root of the tree without entries: SHA-256 of nothing (RFC 6962, 2.1).
    package static let empty = TreeHash(SHA256.hash(data: [UInt8]()))

    /// The hash of a leaf: SHA-256 of 0x00 and the entry (RFC 6962, 2.1).
    package static func leaf(_ entry: UnsafeRawBufferPointer) -> TreeHash {
        var hash = SHA256()
        withUnsafeBytes(of: UInt8(0)) { hash.update(bufferPointer: $0) }
        hash.update(bufferPointer: entry)
        return TreeHash(hash.finalize())
    }

    /// The hash of a node: SHA-256 of 0x01, the left and the right hash (RFC 6962, 2.1).
    package static func node(_ left: TreeHash, _ right: TreeHash) -> TreeHash {
        let input = NodeInput(left: left.words, right: right.words)
        return withUnsafeBytes(of: input) { bytes in
            var hash = SHA256()
            hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: bytes[31...]))
            return TreeHash(hash.finalize())
        }
    }
}

/// One buffer for prefix and children, so that a node takes a single call of the hash.
private struct NodeInput {
    /// The prefix is the last of these bytes.
    let prefix = SIMD32<UInt8>(repeating: 1)
    let left: SIMD4<UInt64>
    let right: SIMD4<UInt64>
}
