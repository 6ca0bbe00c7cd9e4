import DaybookFormat

/// How far the operations of each scope of an execution are recorded.
///
/// In a scope operations are recorded in order, so a number says it all. Scopes of branches lie
/// inside the scope around them, and are forgotten together once that has gone on: what is recorded
/// costs in proportion to how deep it lies, and what is forgotten to how much that is.
package struct ScopeProgress: Sendable {
    /// One scope.
    struct Scope: Sendable {
        /// The position that its next recorded operation must have.
        var next: UInt32 = 0
        /// Into so many branches its last operation split; 0: it did not.
        var branches: UInt32 = 0
        /// The entry of the failure that is the last thing recorded in it; 0: it is none.
        var failure: UInt64 = 0
        /// The entry by which the operation began that failed so, if that is another one; 0: it is not.
        var begun: UInt64 = 0
        /// The entry by which one of its branches decided it with an error; 0: none.
        var settled: UInt64 = 0
        /// The branch that has decided the operation; nil: none has.
        var decider: UInt32?
        /// Earlier operations that a branch decided with an error, in order: the scopes of their
        /// branches are kept, because such a failure may turn out not to have been dealt with.
        var failedSplits: [FailedSplit] = []
        /// The scopes of the branches of its operations, in the order of these.
        var splits: [Split] = []
    }

    /// An operation that a branch decided with an error, and after which its scope went on.
    struct FailedSplit {
        let position: UInt32
        let branches: UInt32
        let settled: UInt64
    }

    /// The scopes of the branches of an operation, by their numbers.
    struct Split: Sendable {
        let position: UInt32
        var scopes: [UInt32: Scope] = [:]
    }

    /// The handler's own scope.
    private(set) var root = Scope()

    /// Places that are open again although their scopes have gone on.
    var reopenings = Reopenings()

    /// What later attempts have undone; nil: it is not collected.
    private(set) var undoing: Undoing?

    /// From now on ``undoing`` is collected.
    mutating func collectUndone() { undoing = Undoing() }

    /// See ``Undoing/renew(_:_:isSuccess:)``.
    mutating func collectRenewal(of path: OperationPath, _ sequence: UInt64, isSuccess: Bool) {
        undoing?.renew(path, sequence, isSuccess: isSuccess)
    }

    // MARK: Looking

    /// Whether nothing has been recorded.
    var isUntouched: Bool { root.next == 0 && root.splits.isEmpty && root.failure == 0 }

    /// The position that the next recorded operation of a scope must have.
    package func next(in scope: [UInt32]) -> UInt32 {
        scope.isEmpty ? root.next : find(scope)?.next ?? 0
    }

    /// Into how many branches the operation that was last recorded in a scope has split, as long as
    /// none of them has decided it; 0: there are none.
    func undecidedBranches(in scope: [UInt32]) -> UInt32 {
        guard let scope = find(scope) else { return 0 }
        return scope.isDecided ? 0 : scope.branches
    }

    /// Whether an operation is the last one recorded in its scope, has a branch of that number, and
    /// none of its branches has decided it.
    func isUndecided(_ operation: Operation, branch: UInt32) -> Bool {
        branch < undecidedBranches(in: operation.scope)
            && next(in: operation.scope) == operation.position &+ 1
    }

    /// Whether another branch has decided one of the operations that a scope is a branch of.
    /// - Parameter root: the scope of a cleaning that it lies in: what is around that does not count.
    func isDismissed(_ scope: [UInt32], in root: [UInt32] = []) -> Bool {
        OperationPath(scope: scope, position: 0).enclosing.contains { around in
            guard around.scope.count >= root.count else { return false }
            guard let scope = find(around.scope) else { return false }
            return scope.next > around.position &+ 1
                || scope.next == around.position &+ 1 && scope.isDecided(besides: around.branch)
        }
    }

    private func find(_ path: [UInt32]) -> Scope? { Self.find(root, path[...]) }

    private static func find(_ scope: Scope, _ path: ArraySlice<UInt32>) -> Scope? {
        guard let (position, branch, rest) = Operation.step(into: path) else { return scope }
        guard let index = scope.index(ofSplitAt: position),
            let next = scope.splits[index].scopes[branch]
        else { return nil }
        return find(next, rest)
    }

    // MARK: Taking in

    /// What an entry says of the operation that it is about.
    private struct Place {
        var scope: [UInt32] = []
        var position: UInt32 = 0
    }

    /// Takes in the first entry of an operation.
    /// - Parameter failed: it is also the last one, and says that the operation failed, and that
    ///   the handler did not take that as a result.
    mutating func record(_ entry: EntryView, failed: Bool = false) throws(WireError) {
        guard let place = try Self.place(entry) else { return }
        guard place.position < .max else {
            throw WireError("an operation has the impossible position \(place.position)")
        }
        if !reopenings.isEmpty {
            let path = OperationPath(scope: place.scope, position: place.position)
            // One that nothing follows fails as any other.
            let isLast = failed && isLast(path)
            let failure = failed && !isLast ? entry.header.sequence : 0
            if reopenings.record(path, failure: failure) {
                if isLast { change(place.scope) { $0.failure = entry.header.sequence } }
                return
            }
        }
        change(place.scope) { scope in
            scope.goOn(to: place.position + 1)
            if failed { scope.failure = entry.header.sequence }
        }
    }

    /// Takes in that the body of the next operation begins: the handler has dealt with a failure of
    /// the operation before, as if the outcome of the body were recorded already.
    mutating func start(_ entry: EntryView) throws(WireError) {
        guard let place = try Self.place(entry) else { return }
        change(place.scope) { scope in
            guard scope.next == place.position else { return }
            if scope.settled != 0 { scope.goOn(to: place.position) }
            (scope.failure, scope.begun) = (0, 0)
        }
    }

    /// Takes in that an operation that waited has failed, or nobody waits any more for what it comes
    /// to: unless something follows in its scope, it is open again in the next attempt.
    /// - Parameter begun: the entry by which it began to wait.
    mutating func fail(_ path: OperationPath, begun: UInt64, _ sequence: UInt64) {
        guard find(path.scope)?.next == path.position &+ 1 else { return }
        change(path.scope) { scope in
            scope.failure = sequence
            scope.begun = begun
        }
    }

    /// Takes in that an operation splits into branches.
    mutating func split(_ entry: EntryView) throws(WireError) {
        try record(entry)
        guard let place = try Self.place(entry) else { return }
        let count = try ProtoBranchesStarted(decoding: entry).branches
        change(place.scope) { $0.branches = count }
    }

    /// Takes in that a branch has decided an operation.
    /// - Parameter failed: with an error.
    mutating func settle(_ entry: EntryView, failed: Bool) throws(WireError) {
        guard let place = try Self.place(entry) else { return }
        let branch = try ProtoBranchSettled(decoding: entry).branch
        change(place.scope) { scope in
            guard scope.branches > 0, scope.next == place.position &+ 1 else { return }
            scope.decider = branch
            if failed { scope.settled = entry.header.sequence }
        }
    }

    /// A new attempt begins with an entry: failures after which nothing was recorded, in the same
    /// scope or one around it, were not dealt with, and their operations are open again.
    mutating func beginAttempt(_ sequence: UInt64) {
        undoing?.attempts.insert(sequence)
        for failure in reopenings.beginAttempt() { undoing?.failures.insert(failure) }
        Self.beginAttempt(&root, &undoing)
    }

    /// Only scopes are looked at around which none has gone on: others are kept for their failures.
    private static func beginAttempt(_ scope: inout Scope, _ undoing: inout Undoing?) {
        if scope.failure != 0 {
            undoing?.failures.insert(scope.failure)
            if scope.begun != 0 { undoing?.failures.insert(scope.begun) }
            (scope.failure, scope.begun) = (0, 0)
            scope.next &-= 1
        }
        if scope.settled != 0 {
            undoing?.failures.insert(scope.settled)
            scope.settled = 0
            scope.decider = nil
        }
        // What a branch has decided well has dealt with the failures of all of them.
        guard !scope.isDecided, scope.branches > 0, scope.next > 0,
            let index = scope.index(ofSplitAt: scope.next - 1)
        else { return }
        var place = scope.splits[index].scopes.startIndex
        // In whatever order: each scope is changed by itself.
        while place != scope.splits[index].scopes.endIndex {
            beginAttempt(&scope.splits[index].scopes.values[place], &undoing)
            scope.splits[index].scopes.formIndex(after: &place)
        }
    }

    // MARK: Failures that were not dealt with

    /// Whether the failure of an operation can be taken back: it is recorded, and what it is in
    /// failed with it, or has not ended.
    ///
    /// A branch that keeps its failure to itself has dealt with it once the scope around it has
    /// gone on, and so has one that lost.
    func canUndo(_ path: OperationPath) -> Bool {
        guard let scope = find(path.scope), path.position < scope.next,
            !reopenings.contains(path), reopenings.failures[path] == nil
        else { return false }
        return path.enclosing.allSatisfy { mayGoOn($0) }
    }

    /// Whether the branch of an operation may go on: the operation has not ended, or failed.
    func mayGoOn(_ around: OperationPath.Enclosing) -> Bool {
        guard let scope = find(around.scope) else { return false }
        if scope.next == around.position &+ 1, scope.branches > 0 {
            return around.branch < scope.branches && (!scope.isDecided || scope.settled != 0)
        }
        return scope.failedSplits.contains {
            $0.position == around.position && around.branch < $0.branches
        }
    }

    /// An attempt has ended with the recorded failure of an operation: that was not dealt with. The
    /// operation is open again, and what followed it is undone: it dealt with a failure that is no
    /// longer there.
    mutating func undo(_ path: OperationPath, _ sequence: UInt64) {
        guard canUndo(path), let scope = find(path.scope) else { return }
        let keepsBranches =
            scope.next == path.position + 1 && scope.branches > 0
            || scope.failedSplits.contains { $0.position == path.position }
        undoing?.insert(
            Undoing.Mark(path: path, keepsBranches: keepsBranches, sequence: sequence)
        )
        reopenings.undo(path, isWhole: !keepsBranches)
        for around in path.enclosing {
            change(around.scope) { $0.reopen(around.position) }
        }
        change(path.scope) { scope in
            if keepsBranches {
                scope.reopen(path.position)
            } else {
                scope.goBack(to: path.position)
            }
        }
    }

    /// What an operation began was undone by other work: it is open again, with all that it split
    /// into and all that followed it. One in a branch of what is over goes with the whole of that,
    /// because nothing is known any more of what the branches recorded.
    /// - Returns: the operation that is open again; nil: it is not recorded, or open already.
    mutating func takeBack(_ path: OperationPath, _ sequence: UInt64) -> OperationPath? {
        let over = path.enclosing.first { !mayGoOn($0) }
        let target = over.map { OperationPath(scope: $0.scope, position: $0.position) } ?? path
        guard let scope = find(target.scope), target.position < scope.next else { return nil }
        undoing?.insert(
            Undoing.Mark(path: target, keepsBranches: false, sequence: sequence, isWhole: true)
        )
        reopenings.undo(target, isWhole: true)
        for around in target.enclosing { change(around.scope) { $0.reopen(around.position) } }
        change(target.scope) { $0.goBack(to: target.position) }
        return target
    }

    /// Changes a scope where it lies, and makes it if it is not there.
    mutating func change(_ path: [UInt32], _ body: (inout Scope) -> Void) {
        Self.change(&root, path[...], body)
    }

    private static func change(
        _ scope: inout Scope,
        _ path: ArraySlice<UInt32>,
        _ body: (inout Scope) -> Void
    ) {
        guard let (position, branch, rest) = Operation.step(into: path) else {
            return body(&scope)
        }
        let index = scope.indexForSplit(at: position)
        change(&scope.splits[index].scopes[branch, default: Scope()], rest, body)
    }

    private static func place(_ entry: EntryView) throws(WireError) -> Place? {
        var place = Place()
        var reader = WireReader(entry.eventBytes)
        while let field = try reader.field() {
            guard field == Wire.CheckpointSucceeded.operation else {
                try reader.skip(field)
                continue
            }
            var operation = WireReader(try reader.bytes())
            while let field = try operation.field() {
                if field == Wire.Operation.position {
                    let position = try operation.varint()
                    guard position <= UInt64(UInt32.max) else {
                        throw WireError("an operation has the impossible position \(position)")
                    }
                    place.position = UInt32(position)
                    // Name and digest follow, and are of no use here.
                    break
                } else if field == Wire.Operation.scope {
                    place.scope = try path(try operation.bytes())
                } else {
                    if field.number > Wire.Operation.position.number { break }
                    try operation.skip(field)
                }
            }
            try Operation.check(scope: place.scope)
            return place
        }
        return nil
    }

    static func path(_ packed: UnsafeRawBufferPointer) throws(WireError) -> [UInt32] {
        var path: [UInt32] = []
        var reader = WireReader(packed)
        while !reader.isAtEnd { path.append(UInt32(truncatingIfNeeded: try reader.varint())) }
        return path
    }
}

extension ScopeProgress.Scope {
    /// Whether one of the branches of its last operation has decided that.
    var isDecided: Bool { decider != nil }

    /// Whether another one of them has.
    fileprivate func isDecided(besides branch: UInt32) -> Bool {
        decider.map { $0 != branch } ?? false
    }

    /// Where the scopes of the branches of an operation are.
    fileprivate func index(ofSplitAt position: UInt32) -> Int? {
        let index = firstSplit(from: position)
        return index < splits.count && splits[index].position == position ? index : nil
    }

    /// Makes a place for the scopes of the branches of an operation, unless there is one.
    fileprivate mutating func indexForSplit(at position: UInt32) -> Int {
        let index = firstSplit(from: position)
        if index == splits.count || splits[index].position != position {
            splits.insert(ScopeProgress.Split(position: position), at: index)
        }
        return index
    }

    /// Where the first one is of an operation at a position or after it. Mostly the last is asked
    /// for.
    private func firstSplit(from position: UInt32) -> Int {
        if let last = splits.last, last.position < position { return splits.count }
        var range = 0..<splits.count
        while range.count > 1 {
            let middle = range.lowerBound + range.count / 2
            if splits[middle - 1].position < position {
                range = middle..<range.upperBound
            } else {
                range = range.lowerBound..<middle
            }
        }
        return range.lowerBound
    }

    /// The next operation is recorded.
    fileprivate mutating func goOn(to position: UInt32) {
        if settled != 0 {
            failedSplits.append(
                ScopeProgress.FailedSplit(position: next &- 1, branches: branches, settled: settled)
            )
        } else if branches > 0 {
            forget(from: next &- 1)
        }
        end(at: position)
    }

    /// The branches of an operation are under way again, and nothing came after it.
    fileprivate mutating func reopen(_ position: UInt32) {
        let split = failedSplits.last { $0.position == position }
        let count = split?.branches ?? branches
        forget(from: position + 1)
        dropFailedSplits(from: position)
        end(at: position + 1)
        branches = count
    }

    /// An operation is open again, and nothing came after it.
    fileprivate mutating func goBack(to position: UInt32) {
        forget(from: position)
        dropFailedSplits(from: position)
        end(at: position)
    }

    private mutating func end(at position: UInt32) {
        next = position
        branches = 0
        failure = 0
        begun = 0
        settled = 0
        decider = nil
    }

    /// Forgets the scopes of branches of its operations from a position on: they are over.
    private mutating func forget(from position: UInt32) {
        while let last = splits.last, last.position >= position { splits.removeLast() }
    }

    private mutating func dropFailedSplits(from position: UInt32) {
        while let last = failedSplits.last, last.position >= position { failedSplits.removeLast() }
    }
}
