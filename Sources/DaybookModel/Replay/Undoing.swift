import DaybookFormat

/// What attempts that failed have taken back: outcomes that no longer count, because their
/// operations are open again.
///
/// Collected by the fold of an execution (``ExecutionState/collectUndone()``). It grows with the
/// failures of an execution, not with its history, and a question about an operation is answered in
/// proportion to how deep it lies, however many attempts have failed.
package struct Undoing: Sendable {
    /// From an operation on everything is undone that was recorded before an entry.
    package struct Mark: Sendable {
        /// The operation that failed, and is open again.
        package let path: OperationPath
        /// The operation splits into branches, which go on with what is recorded of them.
        package let keepsBranches: Bool
        /// The entry that ends the attempt.
        let sequence: UInt64
        /// The operation itself is undone with all that it split into: what is done there now is
        /// something else too.
        package var isWhole = false
        /// The operation is undone by itself: what followed it counts.
        package var isAlone = false
    }

    /// What the marks say of the operations of one scope: the last one that says it.
    private struct Scope {
        /// What is at a position and after it is undone: both numbers ascend, because a later mark
        /// outdoes those at its position and after it.
        var ends: [(position: UInt32, sequence: UInt64)] = []
        /// Operations that are open again.
        var opened: [UInt32: UInt64] = [:]
        /// Those of them that do not keep their branches.
        var emptied: [UInt32: UInt64] = [:]
        /// Operations in whose branches one is open again.
        var entered: [UInt32: UInt64] = [:]
        /// Checkpoints that were undone by themselves: what is done there now is something else.
        var renewed: [UInt32: UInt64] = [:]
        /// Those of them that are open again.
        var reopened: [UInt32: UInt64] = [:]
        /// Those that had no value: that they began counts no more.
        var restarted: [UInt32: UInt64] = [:]

        mutating func end(from position: UInt32, _ sequence: UInt64) {
            while let last = ends.last, last.position >= position { ends.removeLast() }
            ends.append((position, sequence))
        }

        /// The last mark that undoes what is recorded at a position; 0: none does.
        func end(upTo position: UInt32) -> UInt64 {
            var range = 0..<ends.count
            while !range.isEmpty {
                let middle = range.lowerBound + range.count / 2
                if ends[middle].position <= position {
                    range = (middle + 1)..<range.upperBound
                } else {
                    range = range.lowerBound..<middle
                }
            }
            return range.lowerBound == 0 ? 0 : ends[range.lowerBound - 1].sequence
        }
    }

    /// Entries of failures that nobody dealt with.
    var failures: Set<UInt64> = []
    /// The entries by which another attempt followed.
    var attempts: Set<UInt64> = []
    /// Failures that ended an attempt, by the entries that ended it.
    private var marks: [UInt64: [Mark]] = [:]
    private var scopes: [[UInt32]: Scope] = [:]

    /// What was undone by itself counts until it is recorded anew: for code that is run over its record
    /// and no further, which has to come by what follows.
    private(set) var keepsReopened = false

    /// Nothing is undone.
    package init() {}

    /// The same, but that what was undone by itself counts until it is recorded anew.
    package var keepingReopened: Undoing {
        var other = self
        other.keepsReopened = true
        return other
    }

    /// A checkpoint was undone by itself.
    /// - Parameter isSuccess: it gave a value, which does not count any more; else that it began does not.
    mutating func renew(_ path: OperationPath, _ sequence: UInt64, isSuccess: Bool) {
        scopes[path.scope, default: Scope()].renewed[path.position] = sequence
        guard isSuccess else {
            scopes[path.scope, default: Scope()].restarted[path.position] = sequence
            hasRestarted = true
            return
        }
        scopes[path.scope, default: Scope()].reopened[path.position] = sequence
        hasReopened = true
        var mark = Mark(path: path, keepsBranches: true, sequence: sequence)
        mark.isAlone = true
        marks[sequence, default: []].append(mark)
    }

    /// Whether something was undone by itself that had a value.
    package private(set) var hasReopened = false
    /// Whether something was that had none.
    private var hasRestarted = false

    /// Whether what was recorded at a place was undone by itself once, so that it is recorded again later
    /// than what follows.
    package func isReopened(_ path: OperationPath) -> Bool {
        marks.isEmpty ? false : scopes[path.scope]?.reopened[path.position] != nil
    }

    /// Whether nothing is.
    package var isEmpty: Bool { failures.isEmpty && marks.isEmpty && !hasRestarted }

    /// Takes in a failure that ended an attempt. They come in the order of their entries.
    mutating func insert(_ mark: Mark) {
        let (path, sequence) = (mark.path, mark.sequence)
        marks[sequence, default: []].append(mark)
        for around in path.enclosing {
            scopes[around.scope, default: Scope()].end(from: around.position &+ 1, sequence)
            scopes[around.scope, default: Scope()].entered[around.position] = sequence
        }
        let first = mark.isWhole ? path.position : path.position &+ 1
        scopes[path.scope, default: Scope()].end(from: first, sequence)
        scopes[path.scope, default: Scope()].opened[path.position] = sequence
        guard !mark.keepsBranches else { return }
        scopes[path.scope, default: Scope()].emptied[path.position] = sequence
    }

    /// Whether what an entry says of an operation no longer counts.
    func covers(_ sequence: UInt64, _ path: OperationPath, _ kind: EventKind) -> Bool {
        if failures.contains(sequence) { return true }
        guard !marks.isEmpty || hasRestarted else { return false }
        if sequence < lastEnd(before: path) { return true }
        for around in path.enclosing {
            if sequence < scopes[around.scope]?.emptied[around.position] ?? 0 { return true }
        }
        guard let scope = scopes[path.scope] else { return false }
        if kind == .operationStarted || kind == .operationResolved,
            sequence < scope.restarted[path.position] ?? 0
        {
            return true
        }
        if !keepsReopened, sequence < scope.reopened[path.position] ?? 0 { return true }
        let last: UInt64? =
            switch kind {
            case .branchesStarted: scope.emptied[path.position]
            case .branchSettled:
                max(scope.opened[path.position] ?? 0, scope.entered[path.position] ?? 0)
            default: scope.opened[path.position]
            }
        return sequence < last ?? 0
    }

    /// The operations that are open again by an entry: the one with whose failure it ends an attempt,
    /// unless that was dealt with; or those from which on everything was undone by its cleaning.
    package func marks(of sequence: UInt64) -> [Mark] { marks[sequence] ?? [] }

    /// The entry that last took back what was recorded at a place, so that what is done there now
    /// is something else than what was done before; nil: none did.
    ///
    /// The operation that failed itself is the same one when it runs again; one that was undone is not.
    package func generation(of path: OperationPath) -> UInt64? {
        guard !scopes.isEmpty else { return nil }
        let last = max(lastEnd(before: path), scopes[path.scope]?.renewed[path.position] ?? 0)
        return last == 0 ? nil : last
    }

    /// The last mark by which an operation is undone as one that follows another, or whole; 0: there
    /// is none.
    private func lastEnd(before path: OperationPath) -> UInt64 {
        path.enclosing.reduce(scopes[path.scope]?.end(upTo: path.position) ?? 0) { last, around in
            max(last, scopes[around.scope]?.end(upTo: around.position) ?? 0)
        }
    }
}
