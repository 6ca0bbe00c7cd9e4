/// Where text that is too long may be cut without tearing a character of it apart.
package enum CharacterBorder {
    /// The last border of a character in the first `end` bytes of UTF-8.
    ///
    /// Bytes that are no UTF-8 may be cut anywhere.
    /// - Returns: `end`, or up to three less, where a character is that goes on behind it.
    package static func last(in bytes: ArraySlice<UInt8>, upTo end: Int) -> Int {
        let nearest = max(bytes.startIndex, end - 3)
        for place in stride(from: end - 1, through: nearest, by: -1) {
            guard let length = length(startingWith: bytes[place]) else { continue }
            return place + length > end ? place : end
        }
        return end
    }

    /// How many bytes a character has; nil for a byte that cannot be its first.
    private static func length(startingWith byte: UInt8) -> Int? {
        switch byte {
        case 0x00...0x7F: 1
        case 0xC2...0xDF: 2
        case 0xE0...0xEF: 3
        case 0xF0...0xF4: 4
        default: nil
        }
    }
}
