import DaybookFormat
import SeededRandom

extension SeededGenerator {
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
