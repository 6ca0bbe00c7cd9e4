import DaybookModel

/// What decides an operation that splits into branches.
enum BranchRule: Sendable {
    /// The first branch that fails.
    case firstFailure
    /// The first branch that ends.
    case firstEnd
    /// The first branch that ends well, or the last one that fails.
    case firstSuccess
    /// The branch by which a completion is met, if one is.
    case gather(Completion)

    /// Whether failures are results.
    var gathers: Bool { if case .gather = self { true } else { false } }
}

/// How many branches have ended so far, and how.
struct BranchTally: Sendable {
    let rule: BranchRule
    /// How many branches there are.
    let count: Int
    private var successes = 0
    private var failures = 0
    /// Those that have ended, where the entry that decides must name them.
    private var ended = BranchSet()

    init(_ rule: BranchRule, of count: Int) {
        self.rule = rule
        self.count = count
    }

    /// What a branch has decided by its end.
    struct Decision: Sendable {
        let failed: Bool
        var gathered: SettleBranches.Gathered?
        var reason = CompletionReason.all
    }

    /// Whether the end of a branch more would decide.
    func wouldDecide(failed: Bool) -> Bool {
        guard case .gather(let completion) = rule else { return true }
        return completion.canStop
            && completion.reason(
                successes + (failed ? 0 : 1),
                failures + (failed ? 1 : 0),
                of: count
            ) != nil
    }

    /// Takes in that a branch has ended.
    /// - Returns: what it has decided by that; nil: nothing.
    mutating func end(_ branch: UInt32, failed: Bool) -> Decision? {
        if failed { failures += 1 } else { successes += 1 }
        switch rule {
        case .firstFailure: return failed ? Decision(failed: true) : nil
        case .firstEnd: return Decision(failed: failed)
        case .firstSuccess:
            return failed && failures < count ? nil : Decision(failed: failed)
        case .gather(let completion):
            guard completion.canStop else { return nil }
            ended.insert(branch)
            guard let reason = completion.reason(successes, failures, of: count) else { return nil }
            return Decision(
                failed: reason == .toleranceExceeded,
                gathered: SettleBranches.Gathered(ended, failures: UInt32(failures)),
                reason: reason
            )
        }
    }
}
