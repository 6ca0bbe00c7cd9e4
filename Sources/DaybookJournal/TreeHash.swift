import Crypto

/// A SHA-256 value of the Merkle tree.
public struct TreeHash: Hashable, Sendable {
    /// Bytes of a hash.
    package static let byteCount = 32

    // Two halves, and not one vector of 32 bytes: the memory of a task is aligned to 16 bytes, and what has
    // to be aligned to more is written past its place there.
    private let low: SIMD2<UInt64>
    private let high: SIMD2<UInt64>

    /// Takes the 32 bytes at the start of `bytes`.
    package init(_ bytes: UnsafeRawBufferPointer) {
        low = bytes.loadUnaligned(as: SIMD2<UInt64>.self)
        high = bytes.loadUnaligned(fromByteOffset: 16, as: SIMD2<UInt64>.self)
    }

    init(_ digest: SHA256.Digest) {
        self = digest.withUnsafeBytes { TreeHash($0) }
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
        try withUnsafeBytes(of: self, body)
    }

    /// The hashes that lie one after the other in `bytes`.
    package static func all(_ bytes: [UInt8]) -> [TreeHash] {
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
        let input = NodeInput(left: left, right: right)
        return withUnsafeBytes(of: input) { bytes in
            var hash = SHA256()
            hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: bytes[15...]))
            return TreeHash(hash.finalize())
        }
    }
}

/// One buffer for prefix and children, so that a node takes a single call of the hash.
private struct NodeInput {
    /// The prefix is the last of these bytes.
    let prefix = SIMD16<UInt8>(repeating: 1)
    let left: TreeHash
    let right: TreeHash
}
