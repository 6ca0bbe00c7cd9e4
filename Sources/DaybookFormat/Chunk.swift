import Crypto

/// A part of a payload that begins and ends where its bytes say, not where it lies: what is inserted in
/// front of it moves it and leaves it whole. Two payloads that have much in common have most of their
/// chunks in common.
package struct Chunk: Equatable, Sendable {
    /// Where it begins in the payload.
    package let offset: Int
    /// Bytes.
    package let size: Int
    /// Of its bytes. Whoever finds two alike compares the bytes.
    package let hash: UInt64

    /// A payload of fewer bytes is one chunk, and is not searched for others.
    package static let payloadSize = 4_096

    /// Bytes. Only the last chunk has fewer than the least; most have little more than the usual.
    private static let least = 128
    private static let usual = 512
    private static let most = 4_096
    /// A chunk ends where so many of the highest bits of the rolling hash are zero: at one byte in 2,048
    /// before the usual size, at one in 128 after it.
    private static let before: UInt64 = ~0 << (64 - 11)
    private static let after: UInt64 = ~0 << (64 - 7)

    /// Cuts bytes into chunks: content-defined chunking with a gear hash and normalized sizes (W. Xia
    /// et al., FastCDC, USENIX ATC 2016).
    ///
    /// Where they are cut is no part of the format: a version that cuts elsewhere reads what this one
    /// has written, and finds less of it again.
    package static func cut(_ bytes: UnsafeRawBufferPointer) -> [Chunk] {
        var chunks: [Chunk] = []
        chunks.reserveCapacity(bytes.count / usual + 1)
        gear.withUnsafeBufferPointer { gear in
            var start = 0
            while start < bytes.count {
                let rest = UnsafeRawBufferPointer(rebasing: bytes[start...])
                let size = firstSize(rest, gear)
                chunks.append(Chunk(offset: start, rest.prefix(size)))
                start += size
            }
        }
        return chunks
    }

    private static func firstSize(
        _ bytes: UnsafeRawBufferPointer,
        _ gear: UnsafeBufferPointer<UInt64>
    ) -> Int {
        guard bytes.count > least else { return bytes.count }
        let end = min(bytes.count, most)
        let middle = min(end, usual)
        var hash: UInt64 = 0
        var place = least
        while place < middle {
            hash = (hash << 1) &+ gear[Int(bytes[place])]
            place += 1
            if hash & before == 0 { return place }
        }
        while place < end {
            hash = (hash << 1) &+ gear[Int(bytes[place])]
            place += 1
            if hash & after == 0 { return place }
        }
        return end
    }

    private init(offset: Int, _ bytes: Slice<UnsafeRawBufferPointer>) {
        self.offset = offset
        size = bytes.count
        var hash = SHA256()
        hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: bytes))
        self.hash = hash.finalize().withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) }
    }

    /// A number for each byte, drawn by SplitMix64 from 0.
    private static let gear: [UInt64] = {
        var seed: UInt64 = 0
        return (0..<256).map { _ in
            seed &+= 0x9E37_79B9_7F4A_7C15
            var word = seed
            word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
            word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
            return word ^ (word >> 31)
        }
    }()
}
