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
        let type = executions[known: number].type
        let isQueued = { (item: ReadyQueues.Item) in
            executions.has(item.number) { $0.isQueued(item) }
        }
        if change.becameClaimable {
            let sequence = executions[known: number].readySequence
            let item = ReadyQueues.Item(number: number, sequence: sequence)
            ready.insert(item, type: type, isQueued)
        }
        if change.leftQueue { ready.trim(type: type, isQueued) }
    }

    fileprivate mutating func rebuildQueues() {
        var items: [(type: Name, item: ReadyQueues.Item)] = []
        for number in executions.numbers {
            guard let state = executions[number], state.isClaimable else { continue }
            let item = ReadyQueues.Item(number: number, sequence: state.readySequence)
            items.append((state.type, item))
        }
        ready = ReadyQueues()
        for (type, item) in items.sorted(by: { $0.item.sequence < $1.item.sequence }) {
            ready.insert(item, type: type) { _ in true }
        }
    }
}

/// What may be claimed, by type, in the order in which it became ready.
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

    private struct Queue: Sendable {
        var items = Deque<Item>()
        var limit = 64
    }

    private var queues: [Name: Queue] = [:]

    /// Puts an execution at the end of its type's queue.
    /// - Parameter stands: whether a place is not void.
    mutating func insert(_ item: Item, type: Name, _ stands: (Item) -> Bool) {
        Self.insert(item, &queues[type, default: Queue()], stands)
    }

    private static func insert(_ item: Item, _ queue: inout Queue, _ stands: (Item) -> Bool) {
        queue.items.append(item)
        guard queue.items.count > queue.limit else { return }
        queue.items.removeAll { !stands($0) }
        queue.limit = max(64, queue.items.count * 2)
    }

    /// Drops void places at the head of a type's queue.
    mutating func trim(type: Name, _ stands: (Item) -> Bool) {
        guard let index = queues.index(forKey: type) else { return }
        Self.trim(&queues.values[index], stands)
    }

    private static func trim(_ queue: inout Queue, _ stands: (Item) -> Bool) {
        while let item = queue.items.first, !stands(item) { queue.items.removeFirst() }
    }

    /// Whether there is a place that is not void in the queue of one of the given types.
    func hasItem(of types: [Name], _ stands: (Item) -> Bool) -> Bool {
        types.contains { queues[$0]?.items.contains(where: stands) ?? false }
    }

    /// The execution that has been ready for the longest of those of the given types.
    mutating func first(of types: [Name], _ stands: (Item) -> Bool) -> UInt64? {
        var first: Item?
        for type in types {
            guard let index = queues.index(forKey: type) else { continue }
            Self.trim(&queues.values[index], stands)
            guard let item = queues.values[index].items.first else { continue }
            if first.map({ item.sequence < $0.sequence }) ?? true { first = item }
        }
        return first?.number
    }
}

extension ExecutionState {
    /// Whether a place in a queue is not void.
    func isQueued(_ item: ReadyQueues.Item) -> Bool {
        isClaimable && readySequence == item.sequence
    }
}
