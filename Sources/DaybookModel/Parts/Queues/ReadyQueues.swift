import DaybookFormat
import DequeModule

extension DerivedPart {
    /// What may be claimed.
    static let queues = DerivedPart(
        name: "queues",
        follow: { state, change, number in state.followQueues(change, number) },
        rebuild: { state in state.rebuildQueues() }
    )
}

extension State {
    fileprivate mutating func followQueues(_ change: ExecutionState.Change, _ number: UInt64) {
        guard change.becameClaimable || change.leftQueue else { return }
        let executions = executions
        let key = executions[known: number].queue
        let isQueued = { (item: ReadyQueues.Item) in
            executions.has(item.number) { $0.isQueued(item) }
        }
        if change.becameClaimable {
            let sequence = executions[known: number].readySequence
            let item = ReadyQueues.Item(number: number, sequence: sequence)
            ready.insert(item, key, isQueued)
        }
        if change.leftQueue { ready.trim(key, isQueued) }
    }

    fileprivate mutating func rebuildQueues() {
        var items: [(key: ReadyQueues.Key, item: ReadyQueues.Item)] = []
        for number in executions.numbers {
            guard let state = executions[number], state.isClaimable else { continue }
            let item = ReadyQueues.Item(number: number, sequence: state.readySequence)
            items.append((state.queue, item))
        }
        ready = ReadyQueues()
        for (key, item) in items.sorted(by: { $0.item.sequence < $1.item.sequence }) {
            ready.insert(item, key) { _ in true }
        }
    }
}

/// What may be claimed, by type and by the revision that it is pinned to, in the order in which it
/// became ready.
///
/// A place is void once its execution has become ready again or has left. Void places are dropped
/// when they come to the head, and all of them when a queue has doubled.
struct ReadyQueues: Sendable {
    /// A place in a queue.
    struct Item: Sendable {
        /// The execution.
        let number: UInt64
        /// The entry by which it became ready.
        let sequence: UInt64
    }

    /// Whose queue it is.
    struct Key: Hashable, Sendable {
        let type: Name
        /// Empty: of what any code may run.
        let revision: Name
    }

    private struct Queue: Sendable {
        var items = Deque<Item>()
        var limit = 64
    }

    private var queues: [Key: Queue] = [:]

    /// How many queues are kept.
    var count: Int { queues.count }

    /// Puts an execution at the end of its queue.
    /// - Parameter stands: whether a place is not void.
    mutating func insert(_ item: Item, _ key: Key, _ stands: (Item) -> Bool) {
        Self.insert(item, &queues[key, default: Queue()], stands)
    }

    private static func insert(_ item: Item, _ queue: inout Queue, _ stands: (Item) -> Bool) {
        queue.items.append(item)
        guard queue.items.count > queue.limit else { return }
        queue.items.removeAll { !stands($0) }
        queue.limit = max(64, queue.items.count * 2)
    }

    /// Drops void places at the head of a queue.
    mutating func trim(_ key: Key, _ stands: (Item) -> Bool) {
        guard let index = queues.index(forKey: key) else { return }
        Self.trim(&queues.values[index], stands)
        // Revisions come and go.
        if key.revision != "", queues.values[index].items.isEmpty { queues.remove(at: index) }
    }

    private static func trim(_ queue: inout Queue, _ stands: (Item) -> Bool) {
        while let item = queue.items.first, !stands(item) { queue.items.removeFirst() }
    }

    /// Whether there is a place that is not void in a queue of one of the given types that a revision
    /// may take from.
    func hasItem(of types: [Name], for revision: Name, _ stands: (Item) -> Bool) -> Bool {
        types.contains { type in
            Self.keys(type, revision).contains {
                queues[$0]?.items.contains(where: stands) ?? false
            }
        }
    }

    /// The execution that has been ready for the longest of those of the given types that a revision
    /// may take.
    /// - Parameter isFree: whether a place that is not void is one that may be taken; nil: all are. Those
    ///   that are not are passed over one by one.
    mutating func first(
        of types: [Name],
        for revision: Name,
        _ stands: (Item) -> Bool,
        where isFree: ((Item) -> Bool)? = nil
    ) -> UInt64? {
        var first: Item?
        for type in types {
            for key in Self.keys(type, revision) {
                guard let index = queues.index(forKey: key) else { continue }
                Self.trim(&queues.values[index], stands)
                let items = queues.values[index].items
                let found =
                    if let isFree { items.first { isFree($0) && stands($0) } } else { items.first }
                guard let item = found else { continue }
                if first.map({ item.sequence < $0.sequence }) ?? true { first = item }
            }
        }
        return first?.number
    }

    /// The queues of a type that a revision may take from: that of what is not pinned, and its own.
    private static func keys(_ type: Name, _ revision: Name) -> some Sequence<Key> {
        let count = revision == "" ? 1 : 2
        return (0..<count).lazy.map { Key(type: type, revision: $0 == 0 ? "" : revision) }
    }
}

extension ExecutionState {
    /// The queue that it has a place in.
    fileprivate var queue: ReadyQueues.Key {
        ReadyQueues.Key(type: type, revision: rare.pin.revision)
    }

    /// Whether a place in a queue is not void.
    func isQueued(_ item: ReadyQueues.Item) -> Bool {
        isClaimable && readySequence == item.sequence
    }
}
