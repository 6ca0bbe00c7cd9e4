/// Collects what is wrong, of each part up to a limit.
///
/// Only the list is limited: whoever looks goes on to the end. What one part is full of hides nothing of
/// the others then, and the root is that of all entries.
final class ProblemList {
    private(set) var all: [VerificationReport.Problem] = []
    private(set) var isCutShort = false
    private var counts: [VerificationReport.Part: Int] = [:]
    /// Those of which it is not known yet whether the entry or the tile is wrong.
    private var leaves: [Int] = []

    /// How many problems of one part are listed.
    private static let limit = 100

    func add(_ sequence: UInt64?, _ reason: String, _ part: VerificationReport.Part) {
        guard counts[part, default: 0] < Self.limit else {
            isCutShort = true
            return
        }
        counts[part, default: 0] += 1
        all.append(.init(sequence: sequence, reason: reason, part: part))
    }

    /// Adds that an entry and a tile do not agree.
    func addLeaf(_ sequence: UInt64?, _ reason: String) {
        guard leaves.count < Self.limit else {
            isCutShort = true
            return
        }
        leaves.append(all.count)
        all.append(.init(sequence: sequence, reason: reason, part: .entries))
    }

    /// Says which of the two are wrong where an entry and a tile do not agree: entries that have the
    /// recorded root are right.
    func settleLeaves(_ part: VerificationReport.Part) {
        for index in leaves where part == .tiles {
            let problem = all[index]
            all[index] = .init(
                sequence: problem.sequence,
                reason: "its tile does not have its hash, and the root has",
                part: .tiles
            )
        }
    }
}

/// Where what is wrong is noted, by what it is about.
struct ProblemNotes {
    typealias Note = (UInt64?, String) -> Void

    let entries, root, rules, payloads, histories, executions, lists, tiles, positions: Note
    let snapshots, pruned: Note
    /// That an entry and a tile do not agree.
    let leaves: Note

    init(_ problems: ProblemList) {
        func note(_ part: VerificationReport.Part) -> Note {
            { [problems] in problems.add($0, $1, part) }
        }
        entries = note(.entries)
        root = note(.root)
        rules = note(.rules)
        payloads = note(.payloads)
        histories = note(.histories)
        executions = note(.executions)
        lists = note(.lists)
        tiles = note(.tiles)
        positions = note(.positions)
        snapshots = note(.snapshots)
        pruned = note(.pruned)
        leaves = { [problems] in problems.addLeaf($0, $1) }
    }
}
