import DaybookFormat

/// A list of executions in the index: by it those that fulfil a condition are found without a look
/// at any other.
///
/// An id is listed once, by the number of its first run: what goes on as a new run keeps its place.
/// What an execution is listed by at its submission never changes; at its end it leaves the open
/// ones and joins those that ended as it did.
package enum ExecutionList: Hashable, Sendable {
    /// Those that are not closed.
    case open
    /// Those that are closed, and ended so.
    case closed(ExecutionStatus)
    /// Those of a workflow.
    case type(Name)
    /// Those that an actor submitted.
    case actor(Name)
    /// Those with a label.
    case label(Label)
    /// Those that a run of an execution has begun, by its number.
    case children(of: UInt64)
    /// The forks of a run of an execution, by its number.
    case forks(of: UInt64)

    /// The key of the list: 0 and a letter, then what the letter says; of a label the bytes that its
    /// name has, the name and the value. At most 511 bytes.
    package var key: [UInt8] {
        switch self {
        case .open: Self.openKey
        case .closed(let status): Self.closedKeys[status] ?? [0, UInt8(ascii: "s")]
        case .type(let name): [0, UInt8(ascii: "t")] + name.text.utf8
        case .actor(let name): [0, UInt8(ascii: "a")] + name.text.utf8
        case .children(let parent): Self.key("c", parent)
        case .forks(let origin): Self.key("f", origin)
        case .label(let label):
            [UInt8(truncatingIfNeeded: label.name.text.utf8.count)] + label.name.text.utf8
                + label.value.text.utf8
        }
    }

    private static func key(_ letter: Unicode.Scalar, _ number: UInt64) -> [UInt8] {
        [0, UInt8(ascii: letter)] + withUnsafeBytes(of: number.bigEndian) { Array($0) }
    }

    private static let openKey = [0, UInt8(ascii: "o")]

    /// The keys of the statuses in which an execution can be closed.
    private static let closedKeys: [ExecutionStatus: [UInt8]] = Dictionary(
        uniqueKeysWithValues: ExecutionStatus.allCases.filter(\.isFinal).map { status in
            (status, [0, UInt8(ascii: "s"), UInt8(truncatingIfNeeded: status.proto.rawValue)])
        }
    )
}

extension ExecutionState {
    /// The lists that the first run of an id is put on when it is submitted.
    /// - Parameter actor: who asked for it; empty: it is not known.
    package func lists(askedForBy actor: String) -> [ExecutionList] {
        // The id is listed by its first run.
        guard continuedFrom == nil else { return [] }
        let asked: [ExecutionList] = actor.isEmpty ? [] : [.actor(Name(actor))]
        let family: [ExecutionList] = parent.map { [.children(of: $0)] } ?? []
        let fork: [ExecutionList] = forkPoint.map { [.forks(of: $0.origin)] } ?? []
        return [.open, .type(type)] + asked + labels.all.map { .label($0) } + family + fork
    }
}
