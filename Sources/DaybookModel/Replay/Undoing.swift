import DaybookFormat

/// What attempts that failed have taken back: outcomes that no longer count, because their
/// operations are open again.
///
/// Collected by the fold of an execution (``ExecutionState/collectUndone()``). It grows with the
/// failures of an execution, not with its history.
public struct Undoing: Sendable {
    /// From an operation on everything is undone that was recorded before an entry.
    struct Mark: Sendable {
        let path: OperationPath
        /// The operation splits into branches, which go on with what is recorded of them.
        let keepsBranches: Bool
        let sequence: UInt64

        /// Whether what was recorded at a place before is gone: it followed, or a branch had recorded
        /// it, and the operation splits anew.
        func takesBack(_ other: OperationPath) -> Bool {
            path.isFollowed(by: other) || !keepsBranches && other.isInside(path)
        }
    }

    /// Entries of failures that nobody dealt with.
    var failures: Set<UInt64> = []
    /// Failures that ended an attempt, in the order in which they did.
    var marks: [Mark] = []
    /// The entries by which another attempt followed.
    var attempts: Set<UInt64> = []

    /// Nothing is undone.
    public init() {}

    /// Whether nothing is.
    public var isEmpty: Bool { failures.isEmpty && marks.isEmpty }

    /// Whether what an entry says of an operation no longer counts.
    func covers(_ sequence: UInt64, _ path: OperationPath, _ kind: EventKind) -> Bool {
        if failures.contains(sequence) { return true }
        return marks.contains { mark in
            guard sequence < mark.sequence else { return false }
            if mark.takesBack(path) || !mark.keepsBranches && mark.path == path { return true }
            switch kind {
            case .branchesStarted: return false
            case .branchSettled: return mark.path == path || mark.path.isInside(path)
            default: return mark.path == path
            }
        }
    }

    /// The operation with whose failure an entry ends an attempt, so that it is open again; nil: the
    /// entry ends none, or the failure was dealt with.
    public func reopened(by sequence: UInt64) -> OperationPath? {
        marks.first { $0.sequence == sequence }?.path
    }

    /// Whether an entry takes back what was recorded at a place before: what is done there after it
    /// is something else.
    public func takesBack(_ path: OperationPath, by sequence: UInt64) -> Bool {
        marks.contains { $0.sequence == sequence && $0.takesBack(path) }
    }

    /// The entry that last took back what was recorded at a place, so that what is done there now
    /// is something else than what was done before; nil: none did.
    ///
    /// The operation that failed itself is the same one when it runs again.
    public func generation(of path: OperationPath) -> UInt64? {
        marks.last { $0.path.isFollowed(by: path) }?.sequence
    }
}
