import DaybookFormat
import FoundationEssentials

/// A value of a task's arguments: any JSON.
@nonexhaustive
public enum TaskValue: Sendable, Hashable {
    /// Nothing.
    case null
    /// True or false.
    case bool(Bool)
    /// A whole number of 64 bits.
    case integer(Int64)
    /// Any other number; a finite one.
    case number(Double)
    /// A text.
    case string(String)
    /// Values in order.
    case array([TaskValue])
    /// Values by name.
    case object([String: TaskValue])

    /// Reads one JSON value.
    /// - Throws: ``Refusal/Code/invalidArgument`` for anything else.
    public init(json: String) throws(Refusal) {
        do {
            self = try JSONDecoder().decode(TaskValue.self, from: Data(json.utf8))
        } catch {
            throw Refusal(
                .invalidArgument,
                "\"\(json.prefix(100))\" is no JSON; put a text in double quotes"
            )
        }
    }

    /// The value as JSON in one form: without spaces, keys in the order of their bytes.
    public var json: String {
        var text = ""
        write(to: &text)
        return text
    }

    func write(to text: inout String) {
        switch self {
        case .null: text += "null"
        case .bool(let value): text += value ? "true" : "false"
        case .integer(let value): text += String(value)
        case .number(let value): text += "\(value)"
        case .string(let value): Self.write(value, to: &text)
        case .array(let values): Self.write(values, to: &text)
        case .object(let values): Self.write(values, to: &text)
        }
    }

    static func write(_ values: [TaskValue], to text: inout String) {
        text += "["
        for (place, value) in values.enumerated() {
            if place > 0 { text += "," }
            value.write(to: &text)
        }
        text += "]"
    }

    static func write(_ values: [String: TaskValue], to text: inout String) {
        text += "{"
        let ordered = values.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        for (place, (name, value)) in ordered.enumerated() {
            if place > 0 { text += "," }
            write(name, to: &text)
            text += ":"
            value.write(to: &text)
        }
        text += "}"
    }

    private static func write(_ value: String, to text: inout String) {
        text += "\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case "\0"..." ":
                guard scalar != " " else { fallthrough }
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }

    /// Whether all its numbers can be written as JSON.
    var isFinite: Bool {
        switch self {
        case .number(let value): value.isFinite
        case .array(let values): values.allSatisfy(\.isFinite)
        case .object(let values): values.values.allSatisfy(\.isFinite)
        case .null, .bool, .integer, .string: true
        }
    }
}

extension TaskValue: Codable {
    /// Reads any value.
    public init(from decoder: any Decoder) throws {
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
        } else if let found = Self.decoded([TaskValue].self, value) {
            self = .array(found)
        } else {
            self = .object(try value.decode([String: TaskValue].self))
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
    public func encode(to encoder: any Encoder) throws {
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
}

/// What a task hands to what runs it.
public struct TaskArguments: Sendable, Hashable {
    /// Values by position.
    public var positional: [TaskValue]
    /// Values by name.
    public var named: [String: TaskValue]

    /// Values by position and by name.
    public init(_ positional: [TaskValue] = [], named: [String: TaskValue] = [:]) {
        self.positional = positional
        self.named = named
    }

    /// So many bytes they have at most as JSON.
    package static var limit: Int { 32_768 }

    /// As they are recorded.
    package var canonical: [UInt8] {
        var text = "{\"args\":"
        TaskValue.write(positional, to: &text)
        text += ",\"kwargs\":"
        TaskValue.write(named, to: &text)
        text += "}"
        return Array(text.utf8)
    }

    private struct Recorded: Decodable {
        let args: [TaskValue]
        let kwargs: [String: TaskValue]
    }

    /// Reads what was recorded.
    /// - Throws: `WireError` for anything else.
    package init(canonical bytes: [UInt8]) throws(WireError) {
        do {
            let recorded = try JSONDecoder().decode(Recorded.self, from: Data(bytes))
            self.init(recorded.args, named: recorded.kwargs)
        } catch {
            throw WireError("the arguments of a task are not of the form that is recorded")
        }
    }

    /// - Returns: as they are recorded.
    /// - Throws: ``Refusal/Code/invalidArgument``.
    func checked() throws(Refusal) -> [UInt8] {
        guard positional.allSatisfy(\.isFinite), named.values.allSatisfy(\.isFinite) else {
            throw Refusal(
                .invalidArgument,
                "an argument is an infinite number, or none; give a finite one"
            )
        }
        let bytes = canonical
        guard bytes.count <= Self.limit else {
            throw Refusal(
                .invalidArgument,
                "the arguments have \(bytes.count) bytes as JSON, and at most \(Self.limit) are allowed; put what is large somewhere else, and name that"
            )
        }
        return bytes
    }
}
