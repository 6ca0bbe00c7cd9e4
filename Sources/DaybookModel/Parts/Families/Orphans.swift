import DaybookFormat
import DequeModule

extension DerivedPart {
    /// Children that are to be cancelled, or opened again.
    static let orphans = DerivedPart(
        name: "orphans",
        follow: { state, change, number in
            guard !change.stoppedChildren.isEmpty else { return }
            let executions = state.executions
            let children = executions[known: number].rare.family.children
            let stopped = change.stoppedChildren.compactMap { children[$0] }
            // In the order in which they were begun, as after a recovery.
            for child in stopped.sorted(by: { $0.started < $1.started }) {
                let item = Orphans.Item(parent: number, child: child.number)
                state.orphans.insert(item) { executions.hasOrphan($0) }
            }
        },
        rebuild: { state in state.rebuildOrphans() }
    )
}

/// Children for which nobody waits any more, until they are cancelled, and spawned ones that have failed
/// and are wanted again, until they are opened again: a few at a time, so that the end of a large family,
/// or its next attempt, holds nobody up.
///
/// An item is void once the child has ended, or its parent goes on with it. It is looked at when its
/// turn comes.
struct Orphans: Sendable {
    struct Item: Hashable, Sendable {
        let parent: UInt64
        /// The number of the first run of the child's id.
        let child: UInt64
    }

    private(set) var items = Deque<Item>()
    private var limit = 64

    var isEmpty: Bool { items.isEmpty }

    /// - Parameter stands: whether an item is not void. Who cancels nothing drops what is by that.
    mutating func insert(_ item: Item, _ stands: (Item) -> Bool) {
        items.append(item)
        guard items.count > limit else { return }
        items.removeAll { !stands($0) }
        limit = max(64, items.count * 2)
    }

    mutating func removeFirst() -> Item? { items.popFirst() }
}

extension State {
    fileprivate mutating func rebuildOrphans() {
        var items: [(since: UInt64, started: UInt64, item: Orphans.Item)] = []
        for number in executions.numbers {
            for child in executions[known: number].rare.family.children.values
            where executions.isOrphan(child) {
                let item = Orphans.Item(parent: number, child: child.number)
                items.append((child.since, child.started, item))
            }
        }
        orphans = Orphans()
        items.sort { ($0.since, $0.started) < ($1.since, $1.started) }
        for (_, _, item) in items { orphans.insert(item) { _ in true } }
    }

    /// The root of the family that an open execution is in, unless it is that itself; 0: it is.
    func familyRoot(of number: UInt64) -> UInt64 {
        executions.contains(number) ? executions[known: number].rare.family.root : 0
    }

    /// The number of the execution that began an open one; nil: it is closed, or none did.
    package func parent(of number: UInt64) -> UInt64? {
        executions.contains(number) ? executions[known: number].parent : nil
    }

    /// The execution that is to be closed before an open one begins: see ``ExecutionState/awaitedOrigin``.
    package func awaitedOrigin(of number: UInt64) -> UInt64? {
        executions.contains(number) ? executions[known: number].awaitedOrigin : nil
    }

    /// How many children of an execution are not closed.
    package func openChildCount(of number: UInt64) -> Int {
        executions.contains(number) ? executions[known: number].openChildCount : 0
    }

    /// The numbers of the open executions that an execution has begun, those that these have begun,
    /// and so on; of what has gone on as new runs, that of the last.
    package func openDescendants(of number: UInt64) -> [UInt64] {
        var all: [UInt64] = []
        var parents = [number]
        var newest: [UInt64: UInt64]?
        while let parent = parents.popLast() {
            guard executions.contains(parent) else { continue }
            for first in executions[known: parent].openChildren {
                var child = first
                if !executions.contains(first) {
                    // One look at all that are open finds every run that is not the first.
                    let runs = newest ?? newestRuns
                    newest = runs
                    guard let run = runs[first] else { continue }
                    child = run
                }
                all.append(child)
                parents.append(child)
            }
        }
        return all
    }

    /// The open runs that are not the first of their ids, by the numbers of those.
    private var newestRuns: [UInt64: UInt64] {
        var runs: [UInt64: UInt64] = [:]
        for number in executions.numbers {
            let first = executions[known: number].firstRun
            if first != number { runs[first] = number }
        }
        return runs
    }

    /// Takes out the first child that is to be cancelled, or opened again.
    mutating func removeOrphan() -> (parent: UInt64, child: Family.Child)? {
        while let item = orphans.removeFirst() {
            if executions.hasOrphan(item),
                let child = executions[known: item.parent].rare.family.children[item.child]
            {
                if batch.isOpen { batch.hasTakenDeadlines = true }
                return (item.parent, child)
            }
        }
        return nil
    }
}

extension ExecutionTable {
    /// Whether a child is to be cancelled, or opened again. What has gone on as a new run is looked up
    /// when its turn comes.
    fileprivate func isOrphan(_ child: Family.Child) -> Bool {
        guard child.stoppedBy != 0 else { return child.wantedBy != 0 && !contains(child.number) }
        return !has(child.number) { $0.status.isFinal }
    }

    /// Whether an item is not void.
    func hasOrphan(_ item: Orphans.Item) -> Bool {
        guard contains(item.parent),
            let child = self[known: item.parent].rare.family.children[item.child]
        else { return false }
        return isOrphan(child)
    }
}

extension Family.Child {
    /// The entry since which it is to be cancelled, or opened again.
    fileprivate var since: UInt64 { max(stoppedBy, wantedBy) }
}
