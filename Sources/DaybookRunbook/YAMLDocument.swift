#if CLI
import Yams

/// Reads the text of a runbook into YAML nodes, and refuses what could do harm on the way.
struct YAMLDocument {
    /// Bytes that a runbook may have: 256 KiB.
    ///
    /// Yams hashes a key with all that is in it, so that keys within keys take time in the product
    /// of size and depth. LibYAML ends the depth at 1000, and this the size: the worst that can be
    /// written takes under a minute.
    static let sizeLimit = 256 << 10

    /// Reads a text that must be one document, with something in it.
    static func root(of source: SourceText) throws(RunbookError) -> Node {
        let start = Position(line: 1, column: 1)
        guard source.text.utf8.count <= sizeLimit else {
            throw source.error(
                at: start,
                "the file has \(source.text.utf8.count) bytes; a runbook may have \(sizeLimit)"
            )
        }
        try refuseInvisibleCharacters(source)
        try refuseManyAliases(source)

        let node: Node?
        do {
            // A default encoding would depend on the environment, and the rules for implicit types
            // would run regular expressions over every key.
            let parser = try Parser(yaml: source.text, resolver: .basic, encoding: .utf8)
            node = try parser.singleRoot()
            // Nodes hold their anchors weakly: the parser must outlive this check.
            try withExtendedLifetime(parser) {
                if let node { try refuseAnchors(node, source) }
            }
        } catch let error as RunbookError {
            throw error
        } catch {
            throw runbookError(for: error, in: source)
        }
        guard let node else {
            throw source.error(at: start, "the file holds no runbook: it is empty")
        }
        return node
    }

    /// Refuses what a reader of the file does not see, or sees in another place.
    ///
    /// Of the control characters YAML itself allows few. The separators of lines and paragraphs are
    /// ends of lines for YAML but not for editors, so that text could follow a comment unseen; and
    /// the marks that change the direction of writing show a command as another than the one that
    /// runs. In double quotes all of them can be written as escapes.
    private static func refuseInvisibleCharacters(_ source: SourceText) throws(RunbookError) {
        let scalars = source.text.unicodeScalars
        guard let index = scalars.firstIndex(where: isRefused) else { return }
        throw source.error(
            at: source.position(at: index),
            "the character \(codePoint(scalars[index])) can not be seen; leave it out, or write it"
                + " as an escape in double quotes"
        )
    }

    private static func isRefused(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09, 0x0A, 0x0D: false
        case 0x00...0x1F, 0x7F...0x9F, 0x2028, 0x2029, 0xFEFF, 0xFFFE, 0xFFFF: true
        case 0x202A...0x202E, 0x2066...0x2069: true
        default: false
        }
    }

    /// Runbooks have no anchors: what a job does stands where the job is.
    private static func refuseAnchors(_ node: Node, _ source: SourceText) throws(RunbookError) {
        if let anchor = node.anchor {
            throw source.error(
                at: Position(node.mark),
                "anchors and aliases (here \(quoted("&\(anchor.rawValue)"))) are not used in"
                    + " runbooks; write the text out"
            )
        }
        switch node {
        case .mapping(let mapping):
            for (key, value) in mapping {
                try refuseAnchors(key, source)
                try refuseAnchors(value, source)
            }
        case .sequence(let sequence):
            for item in sequence { try refuseAnchors(item, source) }
        case .scalar, .alias: break
        }
    }
}
#endif
