import DaybookFormat

/// Places of operations that are open again by themselves, because the checkpoints that were recorded there
/// have been undone: what came after them in their scopes counts as before.
///
/// Beside the progress of the scopes, because a scope that is over is forgotten there.
struct Reopenings: Sendable {
    /// Those where nothing is recorded since, in the order of their paths.
    private(set) var places: [OperationPath] = []
    /// The entries of failures that were recorded at such places since: whatever follows in the scope was
    /// recorded before, so that nothing there has dealt with them.
    private(set) var failures: [OperationPath: UInt64] = [:]

    var isEmpty: Bool { places.isEmpty && failures.isEmpty }

    /// The first of them in a scope; nil: there is none.
    func first(in scope: [UInt32]) -> UInt32? {
        guard !places.isEmpty else { return nil }
        let index = index(of: OperationPath(scope: scope, position: 0))
        return index < places.count && places[index].scope == scope ? places[index].position : nil
    }

    /// Whether an operation may be recorded at a place although its scope has gone on.
    func contains(_ path: OperationPath) -> Bool {
        let index = index(of: path)
        return index < places.count && places[index] == path
    }

    mutating func insert(_ path: OperationPath) {
        failures[path] = nil
        let index = index(of: path)
        guard index == places.count || places[index] != path else { return }
        places.insert(path, at: index)
    }

    /// Something is recorded at a place.
    /// - Parameter failure: the entry, if it is a failure that the handler has not dealt with; 0: it is none.
    /// - Returns: whether the place was open again.
    mutating func record(_ path: OperationPath, failure: UInt64) -> Bool {
        let index = index(of: path)
        guard index < places.count, places[index] == path else { return false }
        places.remove(at: index)
        if failure != 0 { failures[path] = failure }
        return true
    }

    /// Another attempt begins: what has failed is open again.
    /// - Returns: the entries of the failures, in order.
    mutating func beginAttempt() -> [UInt64] {
        guard !failures.isEmpty else { return [] }
        let failed = failures
        for path in failed.keys { insert(path) }
        return failed.values.sorted()
    }

    /// An operation is open again, and what followed it is undone.
    /// - Parameter isWhole: with all that it split into.
    mutating func undo(_ path: OperationPath, isWhole: Bool) {
        guard !isEmpty else { return }
        func isUndone(_ place: OperationPath) -> Bool {
            place == path || path.isFollowed(by: place) || isWhole && place.isInside(path)
        }
        places.removeAll(where: isUndone)
        failures = failures.filter { !isUndone($0.key) }
    }

    /// Where a path is, or would be.
    private func index(of path: OperationPath) -> Int {
        var range = 0..<places.count
        while !range.isEmpty {
            let middle = range.lowerBound + range.count / 2
            if places[middle] < path {
                range = (middle + 1)..<range.upperBound
            } else {
                range = range.lowerBound..<middle
            }
        }
        return range.lowerBound
    }
}

// MARK: In a snapshot

extension Reopenings {
    func write(to writer: inout WireWriter, _ nested: inout WireWriter) {
        for path in places {
            nested.removeAll()
            path.write(to: &nested)
            writer.bytes(nested.bytes, Wire.ExecutionProgress.reopened)
        }
        for (path, failure) in failures.sorted(by: { $0.key < $1.key }) {
            var place = WireWriter()
            path.write(to: &place)
            nested.removeAll()
            nested.bytes(place.bytes, Wire.FailedAgain.operation)
            nested.varint(failure, Wire.FailedAgain.failure)
            writer.bytes(nested.bytes, Wire.ExecutionProgress.failedAgain)
        }
    }

    mutating func readPlace(_ bytes: UnsafeRawBufferPointer) throws(WireError) {
        insert(try OperationPath(reading: bytes))
    }

    mutating func readFailure(_ bytes: UnsafeRawBufferPointer) throws(WireError) {
        var path: OperationPath?
        var failure: UInt64 = 0
        var reader = WireReader(bytes)
        while let field = try reader.field() {
            switch field {
            case Wire.FailedAgain.operation: path = try OperationPath(reading: try reader.bytes())
            case Wire.FailedAgain.failure: failure = try reader.varint()
            default: try reader.skip(field)
            }
        }
        guard let path else { throw WireError("a failure names no operation") }
        failures[path] = failure
    }
}

extension ScopeProgress {
    /// Whether nothing follows an operation, in its scope or in one around it.
    func isLast(_ path: OperationPath) -> Bool {
        next(in: path.scope) == path.position &+ 1
            && path.enclosing.allSatisfy { around in
                next(in: around.scope) == around.position &+ 1 && mayGoOn(around)
            }
    }

    /// The position of the operation that is to be recorded next in a scope: the first one that was undone by
    /// itself, or the one after the last.
    package func due(in scope: [UInt32]) -> UInt32 {
        reopenings.first(in: scope) ?? next(in: scope)
    }

    /// A checkpoint was undone: it does not count any more, and what followed it does.
    mutating func renew(_ path: OperationPath, _ sequence: UInt64, _ undoes: Cleaning.Undoes) {
        collectRenewal(of: path, sequence, isSuccess: undoes == .success)
        if undoes == .success { reopenings.insert(path) }
    }
}
