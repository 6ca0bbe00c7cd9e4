import DaybookFormat

/// What a replay knows of the moments at which all of an execution waited.
///
/// At such a moment each branch that had begun either waited or had ended. Branches that are run over their
/// record end in whatever order their tasks are run in: this says which of them had ended already.
extension Replay {
    /// How things stood when all of the execution waited.
    struct Standstill: Sendable {
        /// The entry with which it did.
        let sequence: UInt64
        /// Operations that waited then, and no longer do.
        var woken: Set<OperationPath> = []
        /// Operations that have begun to wait since.
        var begun: Set<OperationPath> = []
    }

    /// The branches of an operation, as they stood when all of the execution waited for the last time.
    package struct BranchesAtRest: Equatable, Sendable {
        /// The entry with which it did.
        package let sequence: UInt64
        /// What was recorded before this entry may have been undone since, or be another execution's: what a
        /// branch that began earlier had come to is not known.
        package let known: UInt64
        /// Those that waited.
        package let waiting: Set<UInt32>

        /// Whether a branch had ended.
        /// - Parameter first: the first entry of its scope.
        package func hadEnded(_ branch: UInt32, first: UInt64) -> Bool {
            first > known && first < sequence && !waiting.contains(branch)
        }
    }

    /// How the branches of an operation stood when all of the execution waited for the last time; nil: it has
    /// not since the attempt began.
    package func branchesAtRest(of path: OperationPath) -> BranchesAtRest? {
        guard let standstill, !undoing.hasReopened else { return nil }
        let depth = path.scope.count + 1
        var waiting: Set<UInt32> = []
        for place in pending.inside(path) where !standstill.begun.contains(place) {
            waiting.insert(place.scope[depth])
        }
        for place in standstill.woken where place.isInside(path) {
            waiting.insert(place.scope[depth])
        }
        return BranchesAtRest(
            sequence: standstill.sequence,
            known: max(own, attempt),
            waiting: waiting
        )
    }

    /// An operation begins to wait.
    mutating func beginWait(_ path: OperationPath) {
        pending.insert(path)
        standstill?.begun.insert(path)
    }

    /// The wait of an operation ends.
    /// - Returns: whether it waited.
    @discardableResult
    mutating func endWait(_ path: OperationPath) -> Bool {
        guard pending.remove(path) else { return false }
        waitsAhead.remove(path)
        noteEnd(of: path)
        return true
    }

    /// Branches of an operation count no longer, and neither does what they wait for.
    mutating func dismissWaits(_ path: OperationPath, but counted: CountedBranches) {
        for gone in pending.dismiss(path, but: counted) { noteEnd(of: gone) }
        _ = waitsAhead.dismiss(path, but: counted)
    }

    private mutating func noteEnd(of path: OperationPath) {
        if standstill != nil, standstill?.begun.remove(path) == nil {
            standstill?.woken.insert(path)
        }
    }
}
