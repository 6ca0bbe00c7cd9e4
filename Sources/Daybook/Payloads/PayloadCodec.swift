import DaybookFormat
import FoundationEssentials

/// How values become payloads and payloads values.
///
/// The same value must become the same bytes in every process and version: inputs are compared by
/// their bytes.
public protocol PayloadCodec: Sendable {
    /// The content type of what ``encode(_:)`` makes.
    var contentType: String { get }
    /// Encodes a value.
    func encode(_ value: some Encodable) throws -> [UInt8]
    /// Decodes a value.
    func decode<Value: Decodable>(_ type: Value.Type, from data: [UInt8]) throws -> Value
}

/// JSON with sorted keys.
public struct JSONPayloadCodec: PayloadCodec {
    /// JSON with sorted keys.
    public init() {}

    /// `application/json`.
    public var contentType: String { ContentTypes.json }

    /// Encodes a value as JSON, keys sorted, slashes as they are.
    public func encode(_ value: some Encodable) throws -> [UInt8] {
        if let bytes = PlainJSON.encode(value) { return bytes }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(value))
    }

    /// Decodes a value from JSON.
    public func decode<Value: Decodable>(_ type: Value.Type, from data: [UInt8]) throws -> Value {
        if let value = PlainJSON.decode(type, from: data) { return value }
        return try JSONDecoder().decode(type, from: Data(data))
    }
}
