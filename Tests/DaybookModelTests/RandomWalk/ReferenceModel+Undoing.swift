@testable import DaybookModel

/// What becomes of recorded operations when an attempt ends with the failure of one of them.
extension ReferenceModel.Execution {
    /// Whether none of the scopes around one has gone on, or has been decided well.
    func isCurrent(_ scope: [UInt32]) -> Bool {
        stride(from: 0, to: scope.count, by: 2).allSatisfy { depth in
            let around = operations.last { $0.scope == Array(scope.prefix(depth)) }
            return around?.position == scope[depth] && (around?.branches ?? 0) > 0
                && around?.settledFailed != false
        }
    }

    /// Whether what branches do still counts: none of them has decided an operation around them.
    func counts(_ scope: [UInt32], from first: Int) -> Bool {
        stride(from: first, to: scope.count, by: 2).allSatisfy { depth in
            guard let around = operations.last(where: { $0.scope == Array(scope.prefix(depth)) })
            else { return true }
            return around.position < scope[depth]
                || around.position == scope[depth] && around.settledFailed == nil
        }
    }

    /// Those of some operations of which code may still ask, each place once, the first of them first.
    func askable(_ operations: [Operation]) -> [Operation] {
        var found: [Operation] = []
        for (index, operation) in operations.enumerated() {
            let isNext =
                operation.position == due(in: operation.scope)
                && counts(operation.scope, from: cleaningRoot?.count ?? 0)
            let isNew = !found.contains { OperationPath($0) == OperationPath(operation) }
            if index == 0 || isNext && isNew { found.append(operation) }
        }
        return found
    }

    /// An attempt has ended with the failure of an operation: it is open again.
    mutating func undo(_ path: OperationPath) {
        guard canUndo(path) else { return }
        let key = path.scope + [path.position]
        forgetRegistered(key, whole: false)
        let isSplit = operations.contains {
            $0.scope == path.scope && $0.position == path.position && $0.branches + $0.kept > 0
        }
        forgetReopened(key, whole: !isSplit)
        operations.removeAll { Self.follows($0.scope + [$0.position], key) }
        let isUndone = { (wait: ReferenceModel.Waiting) in
            let place = wait.operation.scope + [wait.operation.position]
            return place == key || Self.follows(place, key)
        }
        stopChildren(isUndone)
        waits.removeAll(where: isUndone)
        stopped.removeAll {
            let place = $0.operation.scope + [$0.operation.position]
            return place == key || Self.follows(place, key)
        }
        for depth in stride(from: 0, to: path.scope.count, by: 2) {
            reopen(Array(path.scope.prefix(depth)), path.scope[depth])
        }
        let index = operations.firstIndex {
            $0.scope == path.scope && $0.position == path.position
        }
        guard let index else { return }
        if operations[index].branches + operations[index].kept > 0 {
            reopen(path.scope, path.position)
        } else {
            // With what undid it, which is in scopes of its own.
            operations.removeAll { ($0.scope + [$0.position]).starts(with: key) }
        }
        dropSpawned()
        resume()
    }

    private func canUndo(_ path: OperationPath) -> Bool {
        func recorded(_ scope: [UInt32], _ position: UInt32) -> ReferenceModel.Recorded? {
            operations.first { $0.scope == scope && $0.position == position }
        }
        guard recorded(path.scope, path.position) != nil,
            !reopened.union(failedAgain).contains(path.scope + [path.position])
        else { return false }
        return stride(from: 0, to: path.scope.count, by: 2).allSatisfy { depth in
            guard let around = recorded(Array(path.scope.prefix(depth)), path.scope[depth]) else {
                return false
            }
            let branch = path.scope[depth + 1]
            return branch < around.kept
                || (branch < around.branches && around.settledFailed != false)
        }
    }

    /// Whether a place comes after another one, by the first number in which they differ.
    static func follows(_ place: [UInt32], _ key: [UInt32]) -> Bool {
        guard let index = zip(place, key).enumerated().first(where: { $1.0 != $1.1 })?.offset else {
            return false
        }
        return index % 2 == 0 && place[index] > key[index]
    }

    mutating func reopen(_ scope: [UInt32], _ position: UInt32) {
        for index in operations.indices
        where operations[index].scope == scope && operations[index].position == position {
            operations[index].settledFailed = nil
            operations[index].branches += operations[index].kept
            operations[index].kept = 0
        }
    }
}
