import DaybookFormat

/// What branches waited for that were stopped because another one failed, as long as the failure may
/// turn out not to have been dealt with: then they wait again.
struct StoppedWaits: Sendable {
    /// In no order.
    private(set) var waits: [Wait] = []
    /// With more than that it is looked which of them are of no use any more.
    private var limit = 64

    /// Takes in what was waited for. A try that was to follow does not follow in another attempt, and
    /// a child is begun anew.
    mutating func insert(_ stopped: [Wait], _ progress: ScopeProgress) {
        waits += stopped.lazy.filter { $0.kind != .retry && $0.kind != .child }
        guard waits.count > limit else { return }
        waits.removeAll { !progress.isLast($0.operation) }
        limit = max(64, waits.count * 2)
    }

    /// An operation is open again, and what was recorded after it is undone.
    mutating func undo(_ path: OperationPath) {
        waits.removeAll { wait in
            let other = OperationPath(wait.operation)
            return other == path || path.isFollowed(by: other)
        }
    }

    /// Takes out those whose branches run again.
    mutating func resume(_ progress: ScopeProgress) -> [Wait] {
        let isRunning = { (wait: Wait) in
            progress.isLast(wait.operation) && !progress.isDismissed(wait.operation.scope)
        }
        let resumed = waits.filter(isRunning)
        if !resumed.isEmpty { waits.removeAll(where: isRunning) }
        return resumed.sorted { $0.sequence < $1.sequence }
    }
}

extension ScopeProgress {
    /// Whether an operation is the last one that is recorded in its scope.
    fileprivate func isLast(_ operation: Operation) -> Bool {
        next(in: operation.scope) == operation.position &+ 1
    }
}
