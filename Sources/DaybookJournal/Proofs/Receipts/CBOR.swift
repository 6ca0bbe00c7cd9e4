/// An item of CBOR (RFC 8949) in its deterministic encoding (4.2.1): the shortest heads, definite lengths,
/// keys of a map in the order of their bytes, each once. So an item has one form, and what is read is what
/// was signed.
///
/// COSE needs no more than this: floating point numbers are refused.
package enum CBOR: Hashable, Sendable {
    case unsigned(UInt64)
    /// -1 - `magnitude`.
    case negative(magnitude: UInt64)
    case bytes([UInt8])
    case text(String)
    case array([CBOR])
    case map([CBOR: CBOR])
    indirect case tag(UInt64, CBOR)
    case bool(Bool)
    case null

    package init(_ number: Int) {
        self =
            number >= 0
            ? .unsigned(UInt64(number)) : .negative(magnitude: UInt64(bitPattern: ~Int64(number)))
    }

    // MARK: Writing

    /// The first byte and the number behind it.
    private static func head(_ major: UInt8, _ number: UInt64) -> [UInt8] {
        let big = withUnsafeBytes(of: number.bigEndian) { Array($0) }
        return switch number {
        case 0..<24: [major << 5 | UInt8(number)]
        case 24...0xFF: [major << 5 | 24] + big.suffix(1)
        case 0x100...0xFFFF: [major << 5 | 25] + big.suffix(2)
        case 0x1_0000...0xFFFF_FFFF: [major << 5 | 26] + big.suffix(4)
        default: [major << 5 | 27] + big
        }
    }

    /// The item as it is written.
    package var encoded: [UInt8] {
        switch self {
        case .unsigned(let number): return Self.head(0, number)
        case .negative(let magnitude): return Self.head(1, magnitude)
        case .bytes(let bytes): return Self.head(2, UInt64(bytes.count)) + bytes
        case .text(let text): return Self.head(3, UInt64(text.utf8.count)) + Array(text.utf8)
        case .array(let items):
            return items.reduce(into: Self.head(4, UInt64(items.count))) { $0 += $1.encoded }
        case .map(let pairs):
            let sorted = pairs.map { ($0.key.encoded, $0.value.encoded) }
                .sorted { $0.0.lexicographicallyPrecedes($1.0) }
            return sorted.reduce(into: Self.head(5, UInt64(pairs.count))) { $0 += $1.0 + $1.1 }
        case .tag(let number, let item): return Self.head(6, number) + item.encoded
        case .bool(let value): return [value ? 0xF5 : 0xF4]
        case .null: return [0xF6]
        }
    }

    // MARK: Reading

    /// Reads one item, which is all there is.
    /// - Throws: ``ProofError/Code/malformed``: it is cut, something follows it, or it is not in the
    ///   deterministic encoding.
    package init(decoding bytes: [UInt8]) throws(ProofError) {
        var reader = CBORReader(bytes: bytes)
        self = try reader.item(depth: 0)
        guard reader.isAtEnd else { throw CBORReader.malformed("something follows its end") }
    }

    // MARK: What it is

    package var unsigned: UInt64? { if case .unsigned(let number) = self { number } else { nil } }
    package var bytes: [UInt8]? { if case .bytes(let bytes) = self { bytes } else { nil } }
    package var text: String? { if case .text(let text) = self { text } else { nil } }
    package var array: [CBOR]? { if case .array(let items) = self { items } else { nil } }
    package var map: [CBOR: CBOR]? { if case .map(let pairs) = self { pairs } else { nil } }
}

/// Reads items from bytes that anybody may have made.
private struct CBORReader {
    /// Items may be in one another; a receipt has four levels.
    private static let deepest = 16

    let bytes: [UInt8]
    private var place = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { place == bytes.count }

    mutating func item(depth: Int) throws(ProofError) -> CBOR {
        guard depth < Self.deepest else { throw Self.malformed("too much of it is in one another") }
        let (major, number) = try head()
        switch major {
        case 0: return .unsigned(number)
        case 1: return .negative(magnitude: number)
        case 2: return .bytes(Array(try take(number)))
        case 3:
            guard let text = String(validating: try take(number), as: UTF8.self) else {
                throw Self.malformed("a text of it is no UTF-8")
            }
            return .text(text)
        case 4:
            // Each item has a byte at least: no room is made for what is not there.
            var items: [CBOR] = []
            for _ in 0..<(try count(number)) { items.append(try item(depth: depth + 1)) }
            return .array(items)
        case 5: return .map(try pairs(number, depth: depth))
        case 6: return .tag(number, try item(depth: depth + 1))
        default:
            switch number {
            case 20: return .bool(false)
            case 21: return .bool(true)
            case 22: return .null
            default: throw Self.malformed("it has a value of a kind that no receipt has")
            }
        }
    }

    private mutating func pairs(_ number: UInt64, depth: Int) throws(ProofError) -> [CBOR: CBOR] {
        var pairs: [CBOR: CBOR] = [:]
        var last: ArraySlice<UInt8> = []
        for _ in 0..<(try count(number)) {
            let begin = place
            let key = try item(depth: depth + 1)
            let written = bytes[begin..<place]
            // Also finds one that stands twice.
            guard last.lexicographicallyPrecedes(written) else {
                throw Self.malformed("keys of a map are not in order, or stand twice")
            }
            last = written
            pairs[key] = try item(depth: depth + 1)
        }
        return pairs
    }

    private mutating func head() throws(ProofError) -> (major: UInt8, number: UInt64) {
        guard let first = try take(1).first else { throw Self.cut }
        let (major, info) = (first >> 5, first & 31)
        guard info >= 24 else { return (major, UInt64(info)) }
        // 28 to 30 are nothing, and 31 is a length that is not said.
        guard info <= 27, major != 7 else {
            throw Self.malformed("a length or a value of it is not in the deterministic encoding")
        }
        let number = try take(1 << UInt64(info - 24)).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        let least: [UInt64] = [24, 0x100, 0x1_0000, 0x1_0000_0000]
        guard number >= least[Int(info - 24)] else {
            throw Self.malformed("a number of it is longer than it has to be")
        }
        return (major, number)
    }

    private func count(_ number: UInt64) throws(ProofError) -> Int {
        guard number <= UInt64(bytes.count - place) else { throw Self.cut }
        return Int(number)
    }

    private mutating func take(_ number: UInt64) throws(ProofError) -> ArraySlice<UInt8> {
        let count = try count(number)
        defer { place += count }
        return bytes[place..<(place + count)]
    }

    private static var cut: ProofError { malformed("it is cut") }

    static func malformed(_ what: String) -> ProofError {
        ProofError(
            .malformed,
            "it is no CBOR in the deterministic encoding (RFC 8949, 4.2.1): \(what)"
        )
    }
}
