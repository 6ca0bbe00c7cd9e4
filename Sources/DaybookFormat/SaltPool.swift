import DaybookSystem

/// Random salts drawn from the system in bulk: one by one each costs two system calls.
final class SaltPool: Sendable {
    static let shared = SaltPool()

    private let salts = Locked<[Salt]>([])
    private static let bulk = 256

    /// - Throws: `SystemError` when the system gives no random numbers.
    func next() throws(SystemError) -> Salt {
        try salts.withLock { salts throws(SystemError) in
            if salts.isEmpty { try Self.fill(&salts) }
            return salts.removeLast()
        }
    }

    private static func fill(_ salts: inout [Salt]) throws(SystemError) {
        let size = bulk * Salt.byteCount
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 16)
        defer { bytes.deallocate() }
        try SystemRandom.fill(bytes)
        for offset in stride(from: 0, to: size, by: Salt.byteCount) {
            salts.append(
                Salt(
                    bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self),
                    bytes.loadUnaligned(fromByteOffset: offset + 8, as: UInt64.self)
                )
            )
        }
    }
}
