import DaybookFormat

/// How far the operations of each scope of an execution are recorded.
///
/// In a scope operations are recorded in order, so a number says it all. Scopes of branches are
/// forgotten once the scope around them has gone on.
public struct ScopeProgress: Sendable {
    /// One scope.
    struct Scope: Sendable {
        /// The position that its next recorded operation must have.
        var next: UInt32 = 0
        /// The entry of the failure that is the last thing recorded in it; 0: it is none.
        var failure: UInt64 = 0
        /// Into so many branches its last operation split; 0: it did not.
        var branches: UInt32 = 0
        /// One of these has decided the operation.
        var isDecided = false
        /// The entry by which it did so with an error; 0: none.
        var settled: UInt64 = 0
        /// Earlier operations that a branch decided with an error, in order: the scopes of their
        /// branches are kept, because such a failure may turn out not to have been dealt with.
        var failedSplits: [FailedSplit] = []
    }

    /// An operation that a branch decided with an error, and after which its scope went on.
    struct FailedSplit {
        let position: UInt32
        let branches: UInt32
        let settled: UInt64
    }

    /// The handler's own scope.
    private(set) var root = Scope()
    /// The scopes of branches, by path.
    private(set) var branches: [[UInt32]: Scope] = [:]

    /// What later attempts have undone; nil: it is not collected.
    private(set) var undoing: Undoing?

    /// From now on ``undoing`` is collected.
    mutating func collectUndone() { undoing = Undoing() }

    /// The position that the next recorded operation of a scope must have.
    public func next(in scope: [UInt32]) -> UInt32 {
        scope.isEmpty ? root.next : branches[scope]?.next ?? 0
    }

    /// Into how many branches the operation that was last recorded in a scope has split, as long as
    /// none of them has decided it; 0: there are none.
    func undecidedBranches(in scope: [UInt32]) -> UInt32 {
        let scope = scope.isEmpty ? root : branches[scope] ?? Scope()
        return scope.isDecided ? 0 : scope.branches
    }

    /// Whether an operation is the last one recorded in its scope, has a branch of that number, and
    /// none of its branches has decided it.
    func isUndecided(_ operation: Operation, branch: UInt32) -> Bool {
        branch < undecidedBranches(in: operation.scope)
            && next(in: operation.scope) == operation.position &+ 1
    }

    /// What an entry says of the operation that it is about.
    private struct Place {
        var scope: [UInt32] = []
        var position: UInt32 = 0
    }

    /// Whether a branch has decided one of the operations that a scope is a branch of.
    func isDismissed(_ scope: [UInt32]) -> Bool {
        OperationPath(scope: scope, position: 0).enclosing.contains { around in
            let scope = around.scope.isEmpty ? root : branches[around.scope] ?? Scope()
            return scope.next > around.position &+ 1
                || scope.next == around.position &+ 1 && scope.isDecided
        }
    }

    /// Takes in the first entry of an operation.
    /// - Parameter failed: it is also the last one, and says that the operation failed, and that
    ///   the handler did not take that as a result.
    mutating func record(_ entry: EntryView, failed: Bool = false) throws(WireError) {
        guard let place = try Self.place(entry) else { return }
        guard place.position < .max else {
            throw WireError("an operation has the impossible position \(place.position)")
        }
        change(place.scope) { scope, branches in
            var failedSplits = scope.failedSplits
            if scope.settled != 0 {
                failedSplits.append(
                    FailedSplit(
                        position: scope.next - 1,
                        branches: scope.branches,
                        settled: scope.settled
                    )
                )
            } else if scope.branches > 0 {
                Self.forget(in: place.scope, from: scope.next - 1, &branches)
            }
            scope = Scope(next: place.position + 1, failedSplits: failedSplits)
            if failed { scope.failure = entry.header.sequence }
        }
    }

    /// Takes in that an operation splits into branches.
    mutating func split(_ entry: EntryView) throws(WireError) {
        try record(entry)
        guard let place = try Self.place(entry) else { return }
        let count = try ProtoBranchesStarted(decoding: entry).branches
        change(place.scope) { scope, _ in scope.branches = count }
    }

    /// Takes in that a branch has decided an operation.
    /// - Parameter failed: with an error.
    mutating func settle(_ entry: EntryView, failed: Bool) throws(WireError) {
        guard let place = try Self.place(entry) else { return }
        change(place.scope) { scope, _ in
            guard scope.branches > 0, scope.next == place.position &+ 1 else { return }
            scope.isDecided = true
            if failed { scope.settled = entry.header.sequence }
        }
    }

    /// A new attempt begins with an entry: failures after which nothing was recorded, in the same
    /// scope or one around it, were not dealt with, and their operations are open again.
    mutating func beginAttempt(_ sequence: UInt64) {
        undoing?.attempts.insert(sequence)
        Self.reopen(&root, &undoing)
        // In whatever order: each scope is changed by itself.
        for path in branches.keys where isCurrent(path) {
            Self.reopen(&branches[path, default: Scope()], &undoing)
        }
    }

    private static func reopen(_ scope: inout Scope, _ undoing: inout Undoing?) {
        if scope.failure != 0 {
            undoing?.failures.insert(scope.failure)
            scope.failure = 0
            scope.next -= 1
        }
        if scope.settled != 0 {
            undoing?.failures.insert(scope.settled)
            scope.settled = 0
            scope.isDecided = false
        }
    }

    /// Whether the scopes around one have not gone on: others are kept only for their failures.
    private func isCurrent(_ path: [UInt32]) -> Bool {
        OperationPath(scope: path, position: 0).enclosing.allSatisfy { around in
            let scope = around.scope.isEmpty ? root : branches[around.scope] ?? Scope()
            return scope.next == around.position &+ 1 && scope.branches > 0
        }
    }

    // MARK: Failures that were not dealt with

    /// Whether the failure of an operation can be taken back: it is recorded, and what it is in
    /// failed with it, or has not ended.
    ///
    /// A branch that keeps its failure to itself has dealt with it once the scope around it has
    /// gone on, and so has one that lost.
    func canUndo(_ path: OperationPath) -> Bool {
        let scope = path.scope.isEmpty ? root : branches[path.scope]
        guard let scope, path.position < scope.next else { return false }
        return path.enclosing.allSatisfy { around in
            let scope = around.scope.isEmpty ? root : branches[around.scope]
            guard let scope else { return false }
            if scope.next == around.position &+ 1, scope.branches > 0 {
                return around.branch < scope.branches && (!scope.isDecided || scope.settled != 0)
            }
            return scope.failedSplits.contains {
                $0.position == around.position && around.branch < $0.branches
            }
        }
    }

    /// An attempt has ended with the recorded failure of an operation: that was not dealt with. The
    /// operation is open again, and what followed it is undone: it dealt with a failure that is no
    /// longer there.
    mutating func undo(_ path: OperationPath, _ sequence: UInt64) {
        guard canUndo(path) else { return }
        let scope = path.scope.isEmpty ? root : branches[path.scope] ?? Scope()
        let keepsBranches =
            scope.next == path.position + 1 && scope.branches > 0
            || scope.failedSplits.contains { $0.position == path.position }
        undoing?.marks.append(
            Undoing.Mark(path: path, keepsBranches: keepsBranches, sequence: sequence)
        )
        for around in path.enclosing { reopen(around.scope, around.position) }
        if keepsBranches {
            reopen(path.scope, path.position)
        } else {
            change(path.scope) { scope, branches in
                Self.forget(in: path.scope, from: path.position, &branches)
                scope = Scope(
                    next: path.position,
                    failedSplits: scope.failedSplits.filter { $0.position < path.position }
                )
            }
        }
    }

    /// The branches of an operation are under way again, and nothing came after it.
    private mutating func reopen(_ path: [UInt32], _ position: UInt32) {
        change(path) { scope, branches in
            let split = scope.failedSplits.first { $0.position == position }
            let count = split?.branches ?? scope.branches
            Self.forget(in: path, from: position + 1, &branches)
            scope = Scope(
                next: position + 1,
                branches: count,
                failedSplits: scope.failedSplits.filter { $0.position < position }
            )
        }
    }

    // MARK: Snapshots

    /// Writes the scopes as `daybook.v1.ScopeState`.
    func writeSnapshot(to writer: inout WireWriter, _ nested: inout WireWriter, _ field: WireField)
    {
        nested.removeAll()
        root.writeSnapshot([], to: &nested)
        writer.bytes(nested.bytes, field)
        for path in branches.keys.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            guard let scope = branches[path] else { continue }
            nested.removeAll()
            scope.writeSnapshot(path, to: &nested)
            writer.bytes(nested.bytes, field)
        }
    }

    /// Takes in a `daybook.v1.ScopeState`.
    mutating func read(snapshot bytes: UnsafeRawBufferPointer) throws(WireError) {
        var path: [UInt32] = []
        var scope = Scope()
        var reader = WireReader(bytes)
        while let field = try reader.field() {
            switch field {
            case Wire.ScopeState.path: path = try Self.path(try reader.bytes())
            case Wire.ScopeState.next: scope.next = UInt32(truncatingIfNeeded: try reader.varint())
            case Wire.ScopeState.failure: scope.failure = try reader.varint()
            case Wire.ScopeState.branches:
                scope.branches = UInt32(truncatingIfNeeded: try reader.varint())
            case Wire.ScopeState.settled: scope.settled = try reader.varint()
            case Wire.ScopeState.decided: scope.isDecided = try reader.varint() != 0
            case Wire.ScopeState.failedSplits:
                scope.failedSplits.append(try FailedSplit(try reader.bytes()))
            default: try reader.skip(field)
            }
        }
        if path.isEmpty { root = scope } else { branches[path] = scope }
    }

    private mutating func change(
        _ path: [UInt32],
        _ body: (inout Scope, inout [[UInt32]: Scope]) -> Void
    ) {
        guard !path.isEmpty else { return body(&root, &branches) }
        var scope = branches[path] ?? Scope()
        body(&scope, &branches)
        branches[path] = scope
    }

    /// Forgets the scopes of branches of a scope's operations, from a position on: they are over.
    private static func forget(
        in path: [UInt32],
        from position: UInt32,
        _ branches: inout [[UInt32]: Scope]
    ) {
        branches = branches.filter { key, _ in
            key.count <= path.count || !key.starts(with: path) || key[path.count] < position
        }
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
            return place
        }
        return nil
    }

    private static func path(_ packed: UnsafeRawBufferPointer) throws(WireError) -> [UInt32] {
        var path: [UInt32] = []
        var reader = WireReader(packed)
        while !reader.isAtEnd { path.append(UInt32(truncatingIfNeeded: try reader.varint())) }
        return path
    }
}

extension ScopeProgress.Scope {
    fileprivate func writeSnapshot(_ path: [UInt32], to writer: inout WireWriter) {
        writer.packed(path.lazy.map(UInt64.init), Wire.ScopeState.path)
        writer.varint(UInt64(next), Wire.ScopeState.next)
        writer.varint(failure, Wire.ScopeState.failure)
        writer.varint(UInt64(branches), Wire.ScopeState.branches)
        writer.varint(settled, Wire.ScopeState.settled)
        writer.bool(isDecided, Wire.ScopeState.decided)
        for split in failedSplits {
            var nested = WireWriter()
            nested.varint(UInt64(split.position), Wire.FailedSplit.position)
            nested.varint(UInt64(split.branches), Wire.FailedSplit.branches)
            nested.varint(split.settled, Wire.FailedSplit.settled)
            writer.bytes(nested.bytes, Wire.ScopeState.failedSplits)
        }
    }
}

extension ScopeProgress.FailedSplit {
    fileprivate init(_ bytes: UnsafeRawBufferPointer) throws(WireError) {
        var (position, branches, settled) = (UInt64(0), UInt64(0), UInt64(0))
        var reader = WireReader(bytes)
        while let field = try reader.field() {
            switch field {
            case Wire.FailedSplit.position: position = try reader.varint()
            case Wire.FailedSplit.branches: branches = try reader.varint()
            case Wire.FailedSplit.settled: settled = try reader.varint()
            default: try reader.skip(field)
            }
        }
        self.init(
            position: UInt32(truncatingIfNeeded: position),
            branches: UInt32(truncatingIfNeeded: branches),
            settled: settled
        )
    }
}
