#if CLI
import Yams

/// Reads values out of YAML nodes, and refuses those of another type where they stand.
struct NodeReader {
    /// Bytes that a name may have, as in the journal.
    static let nameLimit = 255

    let source: SourceText

    func error(at node: Node, _ message: String) -> RunbookError {
        source.error(at: Position(node.mark), message)
    }

    /// The keys and values of a mapping, in the order of the text.
    func entries(
        of node: Node,
        _ what: String
    ) throws(RunbookError) -> [(name: String, key: Node, value: Node)] {
        guard case .mapping(let mapping) = node, isUntagged(mapping.tag, .map) else {
            throw error(
                at: node,
                "\(what) must be a mapping (key: value), but is \(describe(node))"
            )
        }
        var result: [(name: String, key: Node, value: Node)] = []
        for (key, value) in mapping {
            guard case .scalar(let scalar) = key, isUntagged(scalar.tag, .str) else {
                throw error(at: key, "a key of \(what) must be a word, but is \(describe(key))")
            }
            result.append((scalar.string, key, value))
        }
        return result
    }

    /// The items of a list.
    func items(of node: Node, _ what: String) throws(RunbookError) -> [Node] {
        guard case .sequence(let sequence) = node, isUntagged(sequence.tag, .seq) else {
            throw error(at: node, "\(what) must be a list, but is \(describe(node))")
        }
        return Array(sequence)
    }

    /// A scalar that is there, whatever YAML takes it for. Its text is kept as it was written.
    func scalar(_ node: Node, _ what: String) throws(RunbookError) -> Node.Scalar {
        guard case .scalar(let scalar) = node, isUntagged(scalar.tag, .str) else {
            throw error(at: node, "\(what) must be text, but is \(describe(node))")
        }
        if scalar.implicitType == .null {
            throw error(
                at: node,
                "\(what) is \(describe(node)); write \"\" if it is to be empty text"
            )
        }
        if scalar.string.utf8.contains(0) {
            throw error(at: node, "\(what) contains a NUL, which no shell can be given")
        }
        return scalar
    }

    /// A scalar that YAML takes for text.
    func text(_ node: Node, _ what: String) throws(RunbookError) -> Node.Scalar {
        let scalar = try scalar(node, what)
        guard scalar.implicitType == .str else {
            throw error(
                at: node,
                "\(what) must be text, but is \(describe(node)); put it in quotes"
            )
        }
        return scalar
    }

    /// Text with something in it that can be seen.
    func filledText(_ node: Node, _ what: String) throws(RunbookError) -> Node.Scalar {
        let scalar = try text(node, what)
        if scalar.string.allSatisfy(\.isWhitespace) {
            throw error(at: node, "\(what) must not be empty")
        }
        return scalar
    }

    /// A name in the form that the journal wants.
    func name(_ node: Node, _ what: String) throws(RunbookError) -> String {
        let name = try filledText(node, what).string
        let count = name.utf8.count
        if count > Self.nameLimit {
            throw error(at: node, "\(what) has \(count) bytes; it may have \(Self.nameLimit)")
        }
        if name.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) {
            throw error(at: node, "\(what) contains a control character: \(quoted(name))")
        }
        if name.first?.isWhitespace == true || name.last?.isWhitespace == true {
            throw error(at: node, "\(what) begins or ends with a space: \(quoted(name))")
        }
        return name
    }

    /// `true` or `false`, without quotes.
    func flag(_ node: Node, _ what: String) throws(RunbookError) -> Bool {
        if case .scalar(let scalar) = node, scalar.implicitType == .bool {
            if scalar.string == "true" { return true }
            if scalar.string == "false" { return false }
        }
        throw error(at: node, "\(what) must be true or false, but is \(describe(node))")
    }

    private func isUntagged(_ tag: Tag, _ usual: Tag.Name) -> Bool {
        tag == Tag(.implicit) || tag == Tag(usual)
    }

    /// What a node is, for a message.
    private func describe(_ node: Node) -> String {
        switch node {
        case .mapping(let mapping):
            return isUntagged(mapping.tag, .map) ? "a mapping" : tagged(mapping.tag)
        case .sequence(let sequence):
            return isUntagged(sequence.tag, .seq) ? "a list" : tagged(sequence.tag)
        case .alias: return "an alias"
        case .scalar(let scalar):
            switch scalar.implicitType {
            case .null: return scalar.string.isEmpty ? "empty" : "nothing (\(scalar.string))"
            case .bool: return "the truth value \(scalar.string)"
            case .int, .float: return "the number \(scalar.string)"
            case .timestamp: return "the date \(scalar.string)"
            case .str: return "the text \(quoted(scalar.string))"
            default: return tagged(scalar.tag)
            }
        }
    }

    private func tagged(_ tag: Tag) -> String {
        "of the type \(quoted(tag.rawValue)), which is not used in runbooks"
    }
}

extension Node.Scalar {
    /// The type that YAML gives to a scalar.
    var implicitType: Tag.Name {
        guard tag == Tag(.implicit) else { return Tag.Name(rawValue: tag.rawValue) }
        // Rules are regular expressions: nothing that is long is anything but text.
        guard style == .plain, string.utf8.count <= 64 else { return .str }
        return Resolver.default.resolveTag(of: Node(string))
    }
}
#endif
