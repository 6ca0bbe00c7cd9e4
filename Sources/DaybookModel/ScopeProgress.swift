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
    }

    /// The handler's own scope.
    private(set) var root = Scope()
    /// The scopes of branches, by path.
    private(set) var branches: [[UInt32]: Scope] = [:]

    /// The entries of outcomes that a later attempt has undone; nil: they are not collected.
    private(set) var undone: Set<UInt64>?

    /// From now on ``undone`` is collected.
    mutating func collectUndone() { undone = [] }

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

    /// What an entry says of the operation that it is about: field 1 of its event.
    private struct Place {
        var scope: [UInt32] = []
        var position: UInt32 = 0
    }

    /// Takes in the first entry of an operation.
    /// - Parameter failed: it is also the last one, and says that the operation failed.
    mutating func record(_ entry: EntryView, failed: Bool = false) throws(WireError) {
        guard let place = try Self.place(entry) else { return }
        guard place.position < .max else {
            throw WireError("an operation has the impossible position \(place.position)")
        }
        change(place.scope) { scope, branches in
            if scope.branches > 0 { Self.forget(below: place.scope, &branches) }
            scope = Scope(next: place.position + 1)
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

    /// A new attempt begins: failures after which nothing was recorded, in the same scope or one
    /// around it, were not dealt with, and their operations are open again.
    mutating func beginAttempt() {
        Self.reopen(&root, &undone)
        // In whatever order: each scope is changed by itself.
        for path in branches.keys { Self.reopen(&branches[path, default: Scope()], &undone) }
    }

    private static func reopen(_ scope: inout Scope, _ undone: inout Set<UInt64>?) {
        if scope.failure != 0 {
            undone?.insert(scope.failure)
            scope.failure = 0
            scope.next -= 1
        }
        if scope.settled != 0 {
            undone?.insert(scope.settled)
            scope.settled = 0
            scope.isDecided = false
        }
    }

    // MARK: Snapshots

    /// Writes the scopes as `daybook.v1.ScopeState`.
    func writeSnapshot(to writer: inout WireWriter, _ nested: inout WireWriter, field: UInt32) {
        nested.removeAll()
        root.writeSnapshot([], to: &nested)
        writer.bytes(nested.bytes, field: field)
        for path in branches.keys.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            guard let scope = branches[path] else { continue }
            nested.removeAll()
            scope.writeSnapshot(path, to: &nested)
            writer.bytes(nested.bytes, field: field)
        }
    }

    /// Takes in a `daybook.v1.ScopeState`.
    mutating func read(snapshot bytes: UnsafeRawBufferPointer) throws(WireError) {
        var path: [UInt32] = []
        var scope = Scope()
        var reader = WireReader(bytes)
        while let field = try reader.field() {
            switch field.tag {
            case 1 << 3 | 2: path = try Self.path(try reader.bytes())
            case 2 << 3: scope.next = UInt32(truncatingIfNeeded: try reader.varint())
            case 3 << 3: scope.failure = try reader.varint()
            case 4 << 3: scope.branches = UInt32(truncatingIfNeeded: try reader.varint())
            case 5 << 3: scope.settled = try reader.varint()
            case 6 << 3: scope.isDecided = try reader.varint() != 0
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

    /// Forgets the scopes of the branches below a scope: it has gone on, so they are over.
    private static func forget(below path: [UInt32], _ branches: inout [[UInt32]: Scope]) {
        if path.isEmpty {
            branches = [:]
        } else {
            branches = branches.filter { $0.key.count <= path.count || !$0.key.starts(with: path) }
        }
    }

    private static func place(_ entry: EntryView) throws(WireError) -> Place? {
        var place = Place()
        var reader = WireReader(entry.eventBytes)
        while let field = try reader.field() {
            guard field.tag == 1 << 3 | 2 else {
                try reader.skip(field)
                continue
            }
            var operation = WireReader(try reader.bytes())
            while let field = try operation.field() {
                if field.tag == 2 << 3 {
                    let position = try operation.varint()
                    guard position <= UInt64(UInt32.max) else {
                        throw WireError("an operation has the impossible position \(position)")
                    }
                    place.position = UInt32(position)
                    // Name and digest follow, and are of no use here.
                    break
                } else if field.tag == 1 << 3 | 2 {
                    place.scope = try path(try operation.bytes())
                } else {
                    if field.number > 2 { break }
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
        writer.packed(path.lazy.map(UInt64.init), field: 1)
        writer.varint(UInt64(next), field: 2)
        writer.varint(failure, field: 3)
        writer.varint(UInt64(branches), field: 4)
        writer.varint(settled, field: 5)
        writer.bool(isDecided, field: 6)
    }
}
