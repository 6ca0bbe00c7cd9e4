import Foundation

/// Figures by name, as they come.
struct Report {
    /// A tree of figures, as it is written.
    private indirect enum Node: Encodable {
        case number(Double)
        case text(String)
        case group([String: Node])

        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch self {
            case .number(let value): try container.encode(value)
            case .text(let value): try container.encode(value)
            case .group(let nodes): try container.encode(nodes)
            }
        }

        mutating func set(_ path: ArraySlice<Substring>, _ value: Node) {
            guard let first = path.first else {
                self = value
                return
            }
            var nodes: [String: Node] = [:]
            if case .group(let known) = self { nodes = known }
            nodes[String(first), default: .group([:])].set(path.dropFirst(), value)
            self = .group(nodes)
        }
    }

    /// The figures, each by its name: words and numbers with points between them.
    private(set) var figures: [String: Double] = [:]
    private var tree = Node.group([:])

    /// Notes a figure; one that is no number could not be measured, and is left out.
    mutating func set(_ name: String, _ value: Double?) {
        guard let value, value.isFinite else { return }
        figures[name] = value
        tree.set(name.split(separator: ".")[...], .number(value))
    }

    /// Notes a word, for example what the machine is.
    mutating func set(_ name: String, _ value: String) {
        tree.set(name.split(separator: ".")[...], .text(value))
    }

    func write(to path: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        var data = try encoder.encode(tree)
        data.append(UInt8(ascii: "\n"))
        try data.write(to: URL(fileURLWithPath: path))
    }
}

/// Says how far it is, at once: also where standard error is a pipe or a file.
func say(_ line: String) {
    FileHandle.standardError.write(Data((line + "\n").utf8))
}
