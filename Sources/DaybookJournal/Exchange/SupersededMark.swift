/// What a file of a journal says whose entries go on in another one: which files these are. A copy of the file has
/// the mark too, and it does not hold there.
struct SupersededMark: Equatable, Sendable {
    /// Where it stands in `meta`.
    static let key = "superseded"

    /// The device and the number of the file that it stands in.
    let device, old: UInt64
    /// The number of the file in which the journal goes on.
    let new: UInt64
    /// What tells it from others.
    let nonce: UInt64

    init(device: UInt64, old: UInt64, new: UInt64) {
        self.device = device
        self.old = old
        self.new = new
        nonce = .random(in: .min ... .max)
    }

    /// - Returns: nil: it is none.
    init?(_ bytes: [UInt8]) {
        guard bytes.count == 32 else { return nil }
        let numbers = bytes.withUnsafeBytes { bytes in
            (0..<4).map {
                UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 8 * $0, as: UInt64.self))
            }
        }
        (device, old, new, nonce) = (numbers[0], numbers[1], numbers[2], numbers[3])
    }

    var bytes: [UInt8] {
        [device, old, new, nonce].flatMap { number in
            withUnsafeBytes(of: number.littleEndian) { Array($0) }
        }
    }
}
