/// What is wrong with a journal, and whether it can be put right from its entries and payloads.
public struct Diagnosis: Sendable {
    /// The journal's folder.
    public let path: String
    /// What is wrong; empty: nothing.
    public let problems: [VerificationReport.Problem]
    /// More is wrong than is listed.
    public let isCutShort: Bool
    /// What was not looked at, because something else is damaged.
    public let unexamined: Set<VerificationReport.Part>
    /// What a verification found of what it could read; nil: nothing could be.
    public let report: VerificationReport?

    /// Whether everything agrees.
    public var isSound: Bool { problems.isEmpty }

    /// What is wrong with one part.
    public func problems(of part: VerificationReport.Part) -> [VerificationReport.Problem] {
        problems.filter { $0.part == part }
    }

    /// Why it cannot be repaired: what is wrong with what everything else is made from; nil: nothing is.
    public var obstacle: VerificationReport.Problem? {
        problems.first { $0.part.isPrimary }
    }

    /// Whether anything is wrong that a repair makes anew.
    public var canBeRepaired: Bool {
        obstacle == nil && problems.contains { $0.part.isDerived || $0.part == .snapshots }
    }

    /// Whether a repair makes the file anew, and not only snapshots.
    var needsNewFile: Bool { problems.contains { $0.part.isDerived } }
}

extension VerificationReport.Part {
    /// Whether everything else is made from it, and nothing makes it anew.
    public var isPrimary: Bool {
        switch self {
        case .file, .entries, .root, .rules, .payloads, .pruned: true
        default: false
        }
    }

    /// Whether it is in the file, and follows from the entries; positions do not, and begin anew.
    public var isDerived: Bool {
        switch self {
        case .freePages, .histories, .executions, .lists, .tiles, .positions: true
        default: false
        }
    }
}
