import DaybookFormat

/// Numbers that are the same for the same seed (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }

    /// Bytes of any value.
    mutating func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) }
    }

    /// A number of any length in bits, so that every length of a varint comes up.
    mutating func number() -> UInt64 {
        let bits = next() % 66
        switch bits {
        case 0: return 0
        case 65: return .max
        default: return next() >> (64 - bits)
        }
    }
}

/// Runs `body` on a view of `bytes`.
func withEntry<Result>(
    _ bytes: [UInt8],
    _ body: (EntryView) throws -> Result
) throws -> Result {
    try bytes.withUnsafeBytes { try body(EntryView($0)) }
}

/// Runs `body` with a reader of `bytes`.
func withReader<Result>(
    _ bytes: [UInt8],
    _ body: (inout WireReader) throws -> Result
) throws -> Result {
    try bytes.withUnsafeBytes { buffer in
        var reader = WireReader(buffer)
        return try body(&reader)
    }
}

extension [UInt8] {
    /// Bytes from hexadecimal digits.
    init(hex: String) {
        let digits = hex.utf8.map { digit -> UInt8 in
            digit < UInt8(ascii: "a") ? digit - UInt8(ascii: "0") : digit - UInt8(ascii: "a") + 10
        }
        self = stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }

    /// Lower case hexadecimal digits.
    var hex: String {
        map { (byte: UInt8) in
            (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }.joined()
    }
}
