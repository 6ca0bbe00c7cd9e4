import DaybookModel

/// In which order the ends of branches count that run over their record again.
///
/// Their tasks end in whatever order they are run in. What had ended when all of the execution waited for the
/// last time comes before what ends now: so an end that would decide is kept back until those have ended again.
/// Kept back is nothing for a branch that is not under way.
struct BranchOrder<Value: Sendable>: Sendable {
    typealias End = BranchRunner.Outcome<Value>

    /// Branches under way of which something is recorded, with the first entry of their scopes, until it is
    /// known how they stood.
    private var resumed: [Int: UInt64] = [:]
    private var rest: Replay.BranchesAtRest?
    /// The branches under way that had ended; nil: nobody has asked yet.
    private var ahead: Set<Int>?
    /// Ends that are kept back, of branches that had ended, and of others.
    private var kept: (ahead: [End], others: [End]) = ([], [])

    /// A branch begins.
    /// - Parameter first: the first recorded entry of its scope; nil: nothing is recorded of it.
    mutating func begin(_ branch: Int, first: UInt64?) {
        guard let first else { return }
        if ahead == nil {
            resumed[branch] = first
        } else if rest?.hadEnded(UInt32(branch), first: first) == true {
            ahead?.insert(branch)
        }
    }

    /// All ends that were kept back, and one more.
    mutating func all(and end: End) -> [End] {
        defer { kept = ([], []) }
        return kept.ahead + kept.others + [end]
    }

    /// The ends that count now, in order.
    /// - Parameter rest: says how the branches stood when all of the execution waited for the last time.
    mutating func ends(
        after end: End,
        _ tally: BranchTally,
        _ rest: () throws -> Replay.BranchesAtRest?
    ) rethrows -> [End] {
        resumed[end.index] = nil
        let decides = tally.wouldDecide(failed: end.failure != nil)
        if ahead == nil {
            guard decides else { return [end] }
            let rest = try rest()
            self.rest = rest
            ahead = Set(
                resumed.lazy.filter { branch, first in
                    rest?.hadEnded(UInt32(branch), first: first) ?? false
                }.map(\.key)
            )
            resumed = [:]
        }
        let wasAhead = ahead?.remove(end.index) != nil
        if ahead?.isEmpty ?? true {
            defer { kept = ([], []) }
            // Of those that had ended, what decides nothing comes first: none of them had decided.
            return wasAhead ? [end] + kept.ahead + kept.others : kept.others + [end]
        }
        if wasAhead {
            guard decides else { return [end] }
            kept.ahead.append(end)
        } else {
            guard decides || !kept.others.isEmpty else { return [end] }
            kept.others.append(end)
        }
        return []
    }
}
