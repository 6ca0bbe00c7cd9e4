import DaybookFormat

/// What an execution has to do with others: who began it, and what it has begun and is still open.
struct Family: Sendable {
    /// A child that is not closed.
    struct Child: Sendable {
        /// The number of the first run of its id.
        let number: UInt64
        let id: Name
        /// The entry that began it, or went on with it, last.
        let started: UInt64
        /// The operation that waits for it, or did.
        let operation: Operation
        /// The entry since which nobody waits for it: it is cancelled. 0: somebody does.
        var stoppedBy: UInt64 = 0
        /// It is opened again once it is closed.
        var reopens = false
    }

    /// So many executions may be above one.
    static let depthLimit: UInt32 = 1_000

    /// The number of the execution that began it; 0: none did.
    var parent: UInt64 = 0
    /// The operation of its parent.
    var parentPath: OperationPath?
    /// How many executions are above it.
    var depth: UInt32 = 0
    /// The one that is above all others; 0: itself.
    var root: UInt64 = 0
    /// Of one with a parent: the entry by which it has ended; 0: it has not.
    var end: UInt64 = 0
    /// The error that it ended with.
    var error: ErrorFacts?
    /// By their numbers.
    private(set) var children: [UInt64: Child] = [:]

    /// Whether there is nothing to remember.
    var isEmpty: Bool { parent == 0 && children.isEmpty }

    /// The children, in the order of the entries that started them.
    var inOrder: [Child] { children.values.sorted { $0.started < $1.started } }

    mutating func insert(_ child: Child) { children[child.number] = child }

    mutating func remove(_ number: UInt64) -> Child? { children.removeValue(forKey: number) }

    /// Nobody waits for a child any more.
    /// - Parameters:
    ///   - started: the entry that began it, or went on with it, last.
    ///   - sequence: the entry that says so.
    mutating func stop(_ number: UInt64, started: UInt64, by sequence: UInt64) -> Bool {
        guard let index = children.index(forKey: number),
            children.values[index].started == started, children.values[index].stoppedBy == 0
        else { return false }
        children.values[index].stoppedBy = sequence
        return true
    }

    /// A child is opened again, as its parent wants it.
    mutating func reopen(_ number: UInt64) { children[number]?.reopens = false }
}

extension ExecutionState {
    /// The number of the execution whose code began it; nil: it has no parent.
    public var parent: UInt64? { rare.family.parent == 0 ? nil : rare.family.parent }
    /// The number of the execution that is above all others of its family.
    public var root: UInt64 { rare.family.root == 0 ? firstRun : rare.family.root }
    /// How many executions are above it.
    public var depth: UInt32 { rare.family.depth }
    /// The operation of its parent that began it; nil: it has no parent.
    public var parentOperation: OperationPath? { rare.family.parentPath }
    /// The numbers of its children that are not closed, each that of the first run of its id, in the
    /// order in which they were begun.
    public var openChildren: [UInt64] { rare.family.inOrder.map(\.number) }
    /// Whether any of its children is not closed.
    var hasOpenChildren: Bool { !rare.family.children.isEmpty }
}

extension ExecutionState {
    /// Nobody waits any more for the children that operations waited for: they are cancelled, and
    /// begun anew should the operations be open again.
    mutating func stopChildren(
        of waits: [Wait],
        by sequence: UInt64,
        _ change: inout Change
    ) {
        for wait in waits.sorted(by: { $0.sequence < $1.sequence }) {
            guard let child = wait.child,
                rare.family.stop(child, started: wait.sequence, by: sequence)
            else { continue }
            progress.fail(OperationPath(wait.operation), begun: wait.sequence, sequence)
            change.stoppedChildren.append(child)
        }
    }

    /// An operation begins to wait for a child.
    mutating func beginChildWait(_ entry: EntryView) throws(WireError) {
        let event = try ProtoChildStarted(decoding: entry)
        let operation = try Operation(event.operation)
        guard event.child != 0 else { throw WireError("it begins no child") }
        rare.waits.insert(
            Wait(
                kind: .child,
                operation: operation,
                deadline: nil,
                sequence: entry.header.sequence,
                child: event.child
            )
        )
        rare.family.insert(
            Family.Child(
                number: event.child,
                id: Name(event.id),
                started: entry.header.sequence,
                operation: operation,
                reopens: event.reopens
            )
        )
    }
}

/// A child that was closed, and of which its parent is to be told.
struct EndedChild: Sendable {
    let number: UInt64
    /// The number of the first run of its id.
    let firstRun: UInt64
    let parent: UInt64
    /// Its entry by which it ended.
    let end: UInt64
    let status: ExecutionStatus
    let error: ErrorFacts?

    init(_ state: borrowing ExecutionState) {
        number = state.number
        firstRun = state.firstRun
        parent = state.rare.family.parent
        end = state.rare.family.end
        status = state.status
        error = state.rare.family.error
    }
}
