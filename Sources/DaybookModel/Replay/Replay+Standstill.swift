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

    /// The branches of an operation that waited when all of the execution did for the last time.
    /// - Parameters:
    ///   - path: the operation, to which the code has come.
    ///   - sequence: the entry by which it split.
    /// - Returns: their numbers; nil: all of it has not waited since it split, or what counts of it now is not
    ///   what did then.
    package func branchesWaiting(of path: OperationPath, since sequence: UInt64) -> Set<UInt32>? {
        // What is gone on with by a fork, or has been undone, may come to something else.
        guard let standstill, standstill.sequence > max(sequence, own), !undoing.hasReopened
        else { return nil }
        let scope = path.scope + [path.position]
        var branches: Set<UInt32> = []
        for place in pending.subtracting(standstill.begun).union(standstill.woken)
        where place.scope.count > scope.count && place.scope.starts(with: scope) {
            let branch = place.scope[scope.count]
            if !branches.contains(branch), !isSettled(place, below: scope.count) {
                branches.insert(branch)
            }
        }
        return branches
    }

    /// Whether a branch has decided an operation around a place, so that what is there waits no longer.
    private func isSettled(_ place: OperationPath, below depth: Int) -> Bool {
        place.enclosing.contains { around in
            guard around.scope.count > depth else { return false }
            let path = OperationPath(scope: around.scope, position: around.position)
            if let counted = decided[path] { return !counted.contains(around.branch) }
            guard case .settled(let settlement) = wakes[path] else { return false }
            return !settlement.counted.contains(around.branch)
        }
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
        guard pending.remove(path) != nil else { return false }
        waitsAhead.remove(path)
        if standstill != nil, standstill?.begun.remove(path) == nil {
            standstill?.woken.insert(path)
        }
        return true
    }
}
