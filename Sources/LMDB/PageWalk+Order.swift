#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// How keys, or members of sets, are compared (mdb_default_cmp). LMDB allows for functions of the
/// program's own too; nothing here uses them.
enum KeyOrder {
    /// mdb_cmp_cint: unsigned numbers of 4 or 8 bytes.
    case integer
    /// mdb_cmp_memn: byte by byte, and a shorter one before a longer one.
    case bytes
    /// mdb_cmp_memnr: the same from the end.
    case reversed

    /// Whether keys of that size can be compared at all: LMDB reads 4 or 8 bytes of an integer.
    func accepts(_ size: Int) -> Bool {
        switch self {
        case .integer: size == 4 || size == 8
        case .bytes, .reversed: size >= 1 && size <= PageWalk.longestKey
        }
    }

    /// Less than 0, 0, or more than 0. Both sizes are accepted ones.
    func compare(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Int {
        switch self {
        case .integer:
            let (left, right) = (Self.number(left), Self.number(right))
            return left < right ? -1 : left > right ? 1 : 0
        case .bytes:
            let common = min(left.count, right.count)
            guard common > 0, let first = left.baseAddress, let second = right.baseAddress else {
                return left.count - right.count
            }
            let result = memcmp(first, second, common)
            return result != 0 ? Int(result) : left.count - right.count
        case .reversed:
            for (a, b) in zip(left.reversed(), right.reversed()) where a != b {
                return a < b ? -1 : 1
            }
            return left.count - right.count
        }
    }

    private static func number(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        switch bytes.count {
        case 8: bytes.loadUnaligned(as: UInt64.self)
        case 4: UInt64(bytes.loadUnaligned(as: UInt32.self))
        default: 0
        }
    }
}

/// Watches the keys of a tree come by in the order of the tree.
///
/// Between the keys of two neighbouring pages the page above has a separator: greater than all
/// before it and not greater than what follows (mdb_page_split). LMDB finds nothing otherwise.
struct KeySequence {
    let order: KeyOrder
    private var last: [UInt8] = []
    private var hasLast = false
    private var lastIsSeparator = false

    init(_ order: KeyOrder) {
        self.order = order
    }

    /// - Returns: whether the key may follow what came before.
    mutating func accept(_ key: PageBytes, isSeparator: Bool) -> Bool {
        key.withBytes { bytes in
            let isInOrder =
                !hasLast
                || last.withUnsafeBytes { last in
                    let result = order.compare(last, bytes)
                    return result < 0 || result == 0 && lastIsSeparator && !isSeparator
                }
            last.removeAll(keepingCapacity: true)
            last.append(contentsOf: bytes)
            hasLast = true
            lastIsSeparator = isSeparator
            return isInOrder
        }
    }
}
