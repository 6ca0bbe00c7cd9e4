import DaybookFormat

/// What an execution has to do with others: who began it, and what it has begun and is still open, or
/// was spawned and has failed.
struct Family: Sendable {
    /// A child that is not closed, or was spawned and has ended badly.
    struct Child: Sendable {
        /// The number of the first run of its id.
        let number: UInt64
        let id: Name
        /// The entry that began it, or went on with it, last.
        let started: UInt64
        /// The operation that waits for it, or did, or has spawned it.
        let operation: Operation
        /// The entry since which nobody waits for it: it is cancelled. 0: somebody does.
        var stoppedBy: UInt64 = 0
        /// It is opened again once it is closed, if it had ended before this entry of its parent. 0: it
        /// is not.
        var reopens: UInt64 = 0
        /// No operation waits for it: its parent does once the handler has returned.
        var isSpawned = false
        /// The entry since which it is wanted again, after it had ended badly. 0: it is not.
        var wantedBy: UInt64 = 0
        /// How it has ended, if it has.
        var ending: Ending?

        /// Its failure counts: it was not cancelled because it was no longer needed.
        var countsAsFailed: Bool {
            guard let ending else { return false }
            return stoppedBy == 0 || ending.status != .cancelled
        }
    }

    /// How a child has ended.
    struct Ending: Sendable {
        /// The child's entry by which it did.
        let end: UInt64
        let status: ExecutionStatus
        /// When its parent was told.
        let at: Timestamp
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
    /// Of one with a parent: the entry that holds what its handler returned; 0: the last one does.
    var runOutput: UInt64 = 0
    /// It is the finalizer of its parent.
    var isFinalizer = false
    /// By their numbers.
    private(set) var children: [UInt64: Child] = [:]
    /// How many of them were spawned; and how many of these are wanted.
    private(set) var openSpawned = 0
    private var wantedSpawned = 0
    /// Spawned children that are closed and have ended badly, by their numbers.
    private(set) var failed: [UInt64: Child] = [:]
    /// The entry since which it waits for what it has spawned; 0: it does not.
    var joined: UInt64 = 0
    /// None of what it has spawned is cancelled because another one fails.
    var isAllSettled = false

    /// Whether there is nothing to remember.
    var isEmpty: Bool { parent == 0 && children.isEmpty && failed.isEmpty && joined == 0 }
    /// Whether it has nothing to do with children.
    var isChildless: Bool { children.isEmpty && failed.isEmpty }

    /// The children, in the order of the entries that started them.
    var inOrder: [Child] { children.values.sorted { $0.started < $1.started } }

    /// The spawned children that have ended badly, in the same order.
    var failedInOrder: [Child] { failed.values.sorted { $0.started < $1.started } }

    mutating func insert(_ child: Child) {
        if let old = children.updateValue(child, forKey: child.number) { count(old, -1) }
        count(child, 1)
        if !failed.isEmpty { failed[child.number] = nil }
    }

    mutating func remove(_ number: UInt64) -> Child? {
        let child = children.removeValue(forKey: number)
        if let child { count(child, -1) }
        return child
    }

    private mutating func count(_ child: Child, _ step: Int) {
        guard child.isSpawned else { return }
        openSpawned += step
        if child.stoppedBy == 0 { wantedSpawned += step }
    }

    /// A spawned child has ended badly.
    mutating func insert(failed child: Child) { failed[child.number] = child }

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

    /// Nobody waits any more for what was spawned and is open.
    /// - Returns: the numbers of these children.
    mutating func stopSpawned(by sequence: UInt64) -> [UInt64] {
        // Each that ends asks: all of them are gone through once.
        guard wantedSpawned > 0 else { return [] }
        wantedSpawned = 0
        let stopped = children.values.filter { $0.isSpawned && $0.stoppedBy == 0 }.map(\.number)
        for number in stopped { children[number]?.stoppedBy = sequence }
        return stopped
    }

    /// Operations that have spawned children are undone: these are nobody's.
    /// - Returns: the numbers of those that are to be cancelled.
    mutating func undo(
        by sequence: UInt64,
        _ isUndone: (OperationPath) -> Bool
    ) -> [UInt64] {
        for child in failed.values where isUndone(OperationPath(child.operation)) {
            failed[child.number] = nil
        }
        let undone = children.values.filter {
            $0.isSpawned && isUndone(OperationPath($0.operation))
        }
        for child in undone {
            var child = child
            child.isSpawned = false
            if child.stoppedBy == 0 { child.stoppedBy = sequence }
            insert(child)
        }
        return undone.map(\.number)
    }

    /// Another attempt begins: what was spawned and has failed is wanted again, and what was stopped
    /// is so no more.
    /// - Returns: the numbers of the children that are to be opened again.
    mutating func beginAttempt(by sequence: UInt64) -> [UInt64] {
        var concerned: [UInt64] = []
        for child in children.values where child.isSpawned {
            var child = child
            // What has not been cancelled yet only goes on.
            child.reopens = sequence
            if child.stoppedBy != 0, child.wantedBy != 0 {
                // It may have been opened again for the attempt before, or not yet.
                child.wantedBy = sequence
                concerned.append(child.number)
            }
            child.stoppedBy = 0
            insert(child)
        }
        for child in failed.values {
            failed[child.number] = nil
            var child = child
            child.wantedBy = sequence
            child.stoppedBy = 0
            child.reopens = 0
            insert(child)
            concerned.append(child.number)
        }
        return concerned
    }
}

extension ExecutionState {
    /// The number of the execution whose code began it; nil: it has no parent.
    package var parent: UInt64? { rare.family.parent == 0 ? nil : rare.family.parent }
    /// The number of the execution that is above all others of its family.
    package var root: UInt64 { rare.family.root == 0 ? firstRun : rare.family.root }
    /// How many executions are above it.
    package var depth: UInt32 { rare.family.depth }
    /// The operation of its parent that began it; nil: it has no parent.
    package var parentOperation: OperationPath? { rare.family.parentPath }
    /// The numbers of its children that are not closed, each that of the first run of its id, in the
    /// order in which they were begun.
    package var openChildren: [UInt64] { rare.family.inOrder.map(\.number) }
    /// When the first of its spawned children failed; nil: none has.
    var firstChildFailure: Timestamp? { firstFailedChild?.at }
    /// How the first of its spawned children ended that failed; nil: none has.
    var firstFailedChild: Family.Ending? {
        rare.family.failed.values.lazy.filter(\.countsAsFailed).compactMap(\.ending)
            .min { ($0.at, $0.end) < ($1.at, $1.end) }
    }
    /// How many of its children are not closed.
    package var openChildCount: Int { rare.family.children.count }
    /// Whether it is the finalizer of its parent.
    package var isFinalizer: Bool { rare.family.isFinalizer }
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

    /// An operation begins a child: it waits for that, or has spawned it.
    mutating func beginChild(_ entry: EntryView) throws(WireError) {
        let event = try ProtoChildStarted(decoding: entry)
        let operation = try Operation(event.operation)
        guard event.child != 0 else { throw WireError("it begins no child") }
        if !event.spawned {
            rare.waits.insert(
                Wait(
                    kind: .child,
                    operation: operation,
                    deadline: nil,
                    sequence: entry.header.sequence,
                    child: event.child
                )
            )
        }
        rare.family.insert(
            Family.Child(
                number: event.child,
                id: Name(event.id),
                started: entry.header.sequence,
                operation: operation,
                reopens: event.reopens ? entry.header.sequence : 0,
                isSpawned: event.spawned
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
    /// The entry that holds what its handler returned; 0: `end` does.
    let runOutput: UInt64

    init(_ state: borrowing ExecutionState) {
        number = state.number
        firstRun = state.firstRun
        parent = state.rare.family.parent
        end = state.rare.family.end
        status = state.status
        error = state.rare.family.error
        runOutput = state.rare.family.runOutput
    }
}
