/// The JSON of whole numbers, truth values and plain texts, without an encoder or decoder, which
/// take ten times as long. What is not of the plainest form is left to the library; the bytes are
/// those that the library would write.
enum PlainJSON {
    /// Encodes a value of a plain form.
    /// - Returns: nil when it is to be left to the library.
    static func encode(_ value: some Encodable) -> [UInt8]? {
        switch value {
        case let number as Int: Array(String(number).utf8)
        case let isTrue as Bool: Array((isTrue ? "true" : "false").utf8)
        case let text as String: encode(text)
        default: nil
        }
    }

    private static func encode(_ text: String) -> [UInt8]? {
        guard text.utf8.allSatisfy(isPlain) else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count + 2)
        bytes.append(quote)
        bytes.append(contentsOf: text.utf8)
        bytes.append(quote)
        return bytes
    }

    /// Decodes bytes of a plain form.
    /// - Returns: nil when they are to be left to the library.
    static func decode<Value>(_ type: Value.Type, from data: [UInt8]) -> Value? {
        if type == Int.self { return number(data) as? Value }
        if type == String.self { return text(data) as? Value }
        if type == Bool.self {
            if data.elementsEqual("true".utf8) { return true as? Value }
            if data.elementsEqual("false".utf8) { return false as? Value }
        }
        return nil
    }

    /// A number of at most 18 digits, which every `Int` of 64 bits can be.
    private static func number(_ data: [UInt8]) -> Int? {
        guard MemoryLayout<Int>.size == 8, let first = data.first else { return nil }
        let digits = first == minus ? data.dropFirst() : data[...]
        guard let lead = digits.first, digits.count <= 18,
            digits.allSatisfy({ (zero...zero + 9).contains($0) }), lead != zero || digits.count == 1
        else { return nil }
        let size = digits.reduce(0) { $0 * 10 + Int($1 - zero) }
        // Minus zero is for the library to judge.
        if first == minus { return size == 0 ? nil : -size }
        return size
    }

    private static func text(_ data: [UInt8]) -> String? {
        guard data.count >= 2, data.first == quote, data.last == quote else { return nil }
        let inner = data[1..<data.count - 1]
        guard inner.allSatisfy(isPlain) else { return nil }
        return String(decoding: inner, as: UTF8.self)
    }

    /// ASCII that stands in JSON as it is.
    private static func isPlain(_ byte: UInt8) -> Bool {
        (0x20...0x7E).contains(byte) && byte != quote && byte != backslash
    }

    private static var quote: UInt8 { 0x22 }
    private static var backslash: UInt8 { 0x5C }
    private static var minus: UInt8 { 0x2D }
    private static var zero: UInt8 { 0x30 }
}
