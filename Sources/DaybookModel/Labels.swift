import DaybookFormat
import SwiftProtobuf

/// A name and a value by which an execution is found.
package struct Label: Hashable, Sendable {
    /// 1 to 255 bytes, without control characters.
    package let name: Name
    /// 0 to 255 bytes, without control characters.
    package let value: Name

    /// Nothing is checked here: labels are checked when the submission is decided.
    package init(name: Name, value: Name) {
        self.name = name
        self.value = value
    }
}

/// The labels of an execution, in the order of their names' bytes.
package struct Labels: Hashable, Sendable {
    /// So many labels an execution may have: 16.
    package static let limit = 16
    /// All of them, in order.
    package private(set) var all: [Label] = []

    /// No labels.
    package init() {}

    /// Sorts labels. That the names are distinct is checked when the submission is decided.
    package init(_ labels: [Label]) {
        all = labels.sorted { ($0.name, $0.value) < ($1.name, $1.value) }
    }

    /// Whether there are none.
    package var isEmpty: Bool { all.isEmpty }

    /// Whether a label is one of them.
    package func contains(_ label: Label) -> Bool { all.contains(label) }

    /// - Throws: ``Refusal/Code/invalidArgument``.
    func check() throws(Refusal) {
        guard all.count <= Self.limit else {
            throw Refusal(
                .invalidArgument,
                "\(all.count) labels were given, and an execution has at most \(Self.limit); leave some out"
            )
        }
        for label in all {
            try Names.check(label.name, "name of a label")
            if !label.value.text.isEmpty {
                try Names.check(label.value, "value of the label \(label.name)")
            }
        }
        for (label, next) in zip(all, all.dropFirst()) where label.name == next.name {
            throw Refusal(
                .invalidArgument,
                "the label \(label.name) was given twice; give each name once"
            )
        }
    }

    /// As they are recorded.
    package var protos: [ProtoLabel] {
        all.map { label in
            .with {
                $0.name = label.name.text
                $0.value = label.value.text
            }
        }
    }

    /// What was recorded.
    package init(_ protos: [ProtoLabel]) {
        all = protos.map { Label(name: Name($0.name), value: Name($0.value)) }
    }

    /// Takes in a `daybook.v1.Label`, the next one in order.
    mutating func read(_ bytes: UnsafeRawBufferPointer) throws(WireError) {
        let proto = try ProtoLabel(wire: bytes)
        all.append(Label(name: Name(proto.name), value: Name(proto.value)))
    }
}
