import DaybookFormat
import HeapModule

/// The place of a task among those of its type that wait for their time.
struct DueItem: Hashable, Comparable, Sendable {
    let time: Timestamp
    /// Of those that have a priority, how it ranks.
    let rank: UInt8
    let task: UInt64

    static func < (left: DueItem, right: DueItem) -> Bool {
        (left.time, left.rank, left.task) < (right.time, right.rank, right.task)
    }
}

/// The tasks of one type that wait for their time, in order of it.
///
/// A place that is void stays in the heap until it comes to the top, or until half of the heap may be.
struct DueOrder: Sendable {
    private var heap = Heap<DueItem>()
    private var dropped = 0

    init(_ items: [DueItem] = []) { heap = Heap(items) }

    /// The first place. The top is never void.
    var first: DueItem? { heap.min }
    /// How many places are kept, void ones included.
    var count: Int { heap.count }
    /// All places, void ones included.
    var all: [DueItem] { heap.unordered }

    mutating func insert(_ item: DueItem) { heap.insert(item) }

    /// A place is void now.
    mutating func noteDropped(_ stands: (DueItem) -> Bool) {
        dropped += 1
        if dropped > 64, dropped * 2 > heap.count {
            heap = Heap(heap.unordered.filter(stands))
            dropped = 0
        }
        trim(stands)
    }

    /// Takes out the first place, if its time has come.
    mutating func removeFirst(by now: Timestamp, _ stands: (DueItem) -> Bool) -> DueItem? {
        trim(stands)
        guard let first = heap.min, first.time <= now else { return nil }
        while heap.min == first { heap.removeMin() }
        return first
    }

    private mutating func trim(_ stands: (DueItem) -> Bool) {
        while let first = heap.min, !stands(first) {
            heap.removeMin()
            dropped = max(0, dropped - 1)
        }
    }
}

/// The tasks that wait for their time, by their types. Those that have a priority are in an order of
/// their own, and so neither starve the others nor are starved.
struct DueTasks: Sendable {
    struct Kind: Hashable, Sendable {
        let type: UInt64
        let isPrioritised: Bool
    }

    var orders: [Kind: DueOrder] = [:]
}

extension DerivedPart {
    /// The tasks that wait for their time.
    static let due = DerivedPart(
        name: "due",
        follow: { _, _, _ in },
        rebuild: { state in
            var items: [DueTasks.Kind: [DueItem]] = [:]
            for number in state.tasks.numbers {
                guard let task = state.tasks[number], task.isWaiting else { continue }
                items[task.dueKind, default: []].append(task.dueItem)
            }
            state.due.orders = items.mapValues { DueOrder($0) }
        }
    )
}

extension KeptTask {
    var dueKind: DueTasks.Kind { DueTasks.Kind(type: type, isPrioritised: priority != nil) }

    /// Whether a place is the one that it has.
    func stands(at item: DueItem) -> Bool { isWaiting && dueItem == item }
}

extension State {
    /// When the first task waits for its time whose type somebody serves, and has room for it; nil: none
    /// does.
    /// - Parameter serves: whether tasks of a type are served, with a priority or without.
    package func nextDue(_ serves: (KeptTaskType, _ prioritised: Bool) -> Bool) -> Timestamp? {
        var next: Timestamp?
        for (kind, order) in due.orders {
            guard let first = order.first, let type = tasks.type(kind.type),
                next.map({ first.time < $0 }) ?? true,
                type.slots(prioritised: kind.isPrioritised) > 0,
                serves(type, kind.isPrioritised)
            else { continue }
            next = first.time
        }
        return next
    }

    /// Takes out the first task of a type that is due. It comes back when the batch under way is rolled
    /// back.
    mutating func removeDueTask(_ kind: DueTasks.Kind, by now: Timestamp) -> UInt64? {
        let tasks = tasks
        let item = due.orders[kind]?.removeFirst(by: now) { item in
            tasks[item.task]?.stands(at: item) ?? false
        }
        if item != nil, batch.isOpen { batch.hasTakenDeadlines = true }
        return item?.task
    }

    /// Puts one back that was taken out.
    mutating func putBackDueTask(_ number: UInt64) {
        guard let task = tasks[number], task.isWaiting else { return }
        due.orders[task.dueKind, default: DueOrder()].insert(task.dueItem)
    }

    /// Follows what has become of a task.
    mutating func followDue(_ before: KeptTask?, _ after: KeptTask?) {
        let old = before.flatMap { $0.isWaiting ? $0 : nil }
        let new = after.flatMap { $0.isWaiting ? $0 : nil }
        guard old?.dueItem != new?.dueItem else { return }
        if let new { due.orders[new.dueKind, default: DueOrder()].insert(new.dueItem) }
        guard let old else { return }
        let tasks = tasks
        due.orders[old.dueKind]?.noteDropped { tasks[$0.task]?.stands(at: $0) ?? false }
    }
}
