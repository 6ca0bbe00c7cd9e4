#if CLI
import Yams

/// The answers that an approval accepts: literal values.
extension RunbookParser {
    /// One value, or a list of them.
    func acceptance(_ node: Node) throws(RunbookError) -> Acceptance {
        guard case .sequence = node else { return .oneOf([try answer(node)]) }
        let items = try reader.items(of: node, Self.accept)
        guard !items.isEmpty else {
            throw reader.error(
                at: node,
                "\(Self.accept) lists no answer, and nothing would approve; name one, or leave the"
                    + " key out"
            )
        }
        var answers: [JSONValue] = []
        for item in items { answers.append(try answer(item)) }
        return .oneOf(answers)
    }

    private static var accept: String { "\"accept\"" }

    private func answer(_ node: Node) throws(RunbookError) -> JSONValue {
        let value = try literal(node)
        guard case .object(let fields) = value else { return value }
        if fields.isEmpty {
            throw reader.error(
                at: node,
                "an object in \(Self.accept) has the fields that an answer must have; name one"
            )
        }
        if value[Acceptance.verdict] == .bool(false) {
            throw reader.error(
                at: node,
                "an answer with \(quoted(Acceptance.verdict)): false is always a rejection, and can"
                    + " not be accepted; leave it out"
            )
        }
        return value
    }

    private func literal(_ node: Node) throws(RunbookError) -> JSONValue {
        switch node {
        case .sequence:
            var values: [JSONValue] = []
            for item in try reader.items(of: node, "a list in \(Self.accept)") {
                values.append(try literal(item))
            }
            return .array(values)
        case .mapping:
            var fields: [String: JSONValue] = [:]
            for entry in try reader.entries(of: node, "an object in \(Self.accept)") {
                fields[entry.name] = try literal(entry.value)
            }
            return .object(fields)
        case .scalar(let scalar) where scalar.string == "null" && scalar.implicitType == .null:
            return .null
        case .scalar, .alias:
            return try literal(of: reader.scalar(node, "a value in \(Self.accept)"), at: node)
        }
    }

    /// What JSON and YAML read alike is taken; what they do not is text only in quotes.
    private func literal(
        of scalar: Node.Scalar,
        at node: Node
    ) throws(RunbookError) -> JSONValue {
        switch scalar.implicitType {
        case .str: return .string(scalar.string)
        case .bool:
            if scalar.string == "true" { return .bool(true) }
            if scalar.string == "false" { return .bool(false) }
        case .int, .float:
            if let number = Self.number(scalar.string) { return number }
        default: break
        }
        throw reader.error(
            at: node,
            "\(Self.accept) has \(scalar.string), which is no text, and nothing that JSON knows;"
                + " put it in quotes if it is text, else write it as JSON does"
        )
    }

    /// - Returns: nil when JSON writes numbers otherwise.
    private static func number(_ text: String) -> JSONValue? {
        do {
            let value = try JSONValue(parsing: Array(text.utf8))
            switch value {
            case .integer, .number: return value
            default: return nil
            }
        } catch {
            return nil
        }
    }
}
#endif
