#if CLI
import FoundationEssentials

/// Any JSON, as a signal brings it.
package enum JSONValue: Codable, Sendable, Equatable {
    case null
    case bool(Bool)
    case integer(Int64)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    /// Reads any value.
    package init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if value.decodeNil() {
            self = .null
        } else if let found = Self.decoded(Bool.self, value) {
            self = .bool(found)
        } else if let found = Self.decoded(Int64.self, value) {
            self = .integer(found)
        } else if let found = Self.decoded(Double.self, value) {
            self = .number(found)
        } else if let found = Self.decoded(String.self, value) {
            self = .string(found)
        } else if let found = Self.decoded([JSONValue].self, value) {
            self = .array(found)
        } else {
            self = .object(try value.decode([String: JSONValue].self))
        }
    }

    /// - Returns: nil for a value of another type.
    private static func decoded<Value: Decodable>(
        _ type: Value.Type,
        _ container: any SingleValueDecodingContainer
    ) -> Value? {
        do {
            return try container.decode(type)
        } catch {
            return nil
        }
    }

    /// Writes the value.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .bool(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .string(let value): try container.encode(value)
        case .array(let value): try container.encode(value)
        case .object(let value): try container.encode(value)
        }
    }

    /// Reads one JSON value.
    /// - Throws: `DecodingError` for anything else.
    package init(parsing bytes: [UInt8]) throws {
        self = try JSONDecoder().decode(JSONValue.self, from: Data(bytes))
    }

    /// As JSON, with the keys of objects in order. A number that JSON does not know, which none can
    /// bring, is `null`.
    package var json: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            return String(decoding: try encoder.encode(self), as: UTF8.self)
        } catch {
            return "null"
        }
    }

    /// A text as it is, nothing as empty text, anything else as JSON.
    package var text: String {
        switch self {
        case .string(let text): text
        case .null: ""
        default: json
        }
    }

    /// The value of a field, by the bytes of its name; nil: it has none, or is no object.
    package subscript(_ name: String) -> JSONValue? {
        guard case .object(let fields) = self else { return nil }
        return fields.first { $0.key.utf8.elementsEqual(name.utf8) }?.value
    }

    /// Whether both are the same: texts by their bytes, and numbers by their value, however they are
    /// written.
    package func isSame(as other: JSONValue) -> Bool {
        switch (self, other) {
        case (.string(let left), .string(let right)): left.utf8.elementsEqual(right.utf8)
        case (.integer(let left), .number(let right)): Double(exactly: left) == right
        case (.number(let left), .integer(let right)): left == Double(exactly: right)
        case (.array(let left), .array(let right)):
            left.count == right.count && zip(left, right).allSatisfy { $0.isSame(as: $1) }
        case (.object(let left), .object(let right)):
            left.count == right.count
                && left.allSatisfy { other[$0.key]?.isSame(as: $0.value) == true }
        default: self == other
        }
    }
}
#endif
