#if CLI
import FoundationEssentials

/// Any JSON, as a signal brings it.
enum JSONValue: Codable, Sendable, Equatable {
    case null
    case bool(Bool)
    case integer(Int64)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    init(from decoder: any Decoder) throws {
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

    func encode(to encoder: any Encoder) throws {
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

    /// A text as it is, nothing as empty text, anything else as JSON.
    var text: String {
        get throws {
            switch self {
            case .string(let text): return text
            case .null: return ""
            default:
                let encoder = JSONEncoder()
                encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
                return String(decoding: try encoder.encode(self), as: UTF8.self)
            }
        }
    }
}
#endif
