import FoundationEssentials

/// Whether bytes can be taken into a JSON document as they are.
package enum JSONSyntax {
    /// One JSON value.
    package static func isValid(_ bytes: [UInt8]) -> Bool {
        do {
            _ = try JSONDecoder().decode(AnyValue.self, from: Data(bytes))
            return true
        } catch {
            return false
        }
    }

    /// One JSON value without line breaks between its parts.
    static func isOneLine(_ bytes: [UInt8]) -> Bool {
        guard !bytes.contains(UInt8(ascii: "\n")), !bytes.contains(UInt8(ascii: "\r")) else {
            return false
        }
        return isValid(bytes)
    }

    /// Any JSON value, read for its syntax only.
    private struct AnyValue: Decodable {
        init(from decoder: any Decoder) throws {
            // Reaching this point means that the parser has been through the whole text.
            _ = try decoder.singleValueContainer()
        }
    }
}
