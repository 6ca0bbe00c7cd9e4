import DaybookFormat

/// Members of the properties' names; a digest is hexadecimal digits, and absent when there is none.
extension Operation: Codable {
    private enum CodingKeys: String, CodingKey {
        case scope, position, kind, name, inputDigest, source
    }

    /// All of it.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(scope, forKey: .scope)
        try container.encode(position, forKey: .position)
        try container.encode(kind, forKey: .kind)
        try container.encode(name, forKey: .name)
        try container.encodeIfPresent(source, forKey: .source)
        guard !inputDigest.isEmpty else { return }
        let digits = inputDigest.map { byte in
            String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
        }
        try container.encode(digits.joined(), forKey: .inputDigest)
    }

    /// Nothing is checked but the form.
    /// - Throws: `DecodingError`.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let digits = try container.decodeIfPresent(String.self, forKey: .inputDigest) ?? ""
        guard let digest = Self.bytes(ofDigits: digits) else {
            throw DecodingError.dataCorruptedError(
                forKey: .inputDigest,
                in: container,
                debugDescription: "\"\(digits)\" is no digest; write two hexadecimal digits a byte"
            )
        }
        self.init(
            scope: try container.decode([UInt32].self, forKey: .scope),
            position: try container.decode(UInt32.self, forKey: .position),
            kind: try container.decode(Kind.self, forKey: .kind),
            name: try container.decode(Name.self, forKey: .name),
            inputDigest: digest,
            source: try container.decodeIfPresent(SourceLine.self, forKey: .source)
        )
    }

    private static func bytes(ofDigits text: String) -> [UInt8]? {
        let digits = text.compactMap(\.hexDigitValue)
        guard digits.count == text.count, digits.count.isMultiple(of: 2) else { return nil }
        return stride(from: 0, to: digits.count, by: 2).map { place in
            UInt8(digits[place] << 4 | digits[place + 1])
        }
    }
}
