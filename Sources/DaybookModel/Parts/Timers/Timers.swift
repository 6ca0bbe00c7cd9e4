import DaybookFormat
import HeapModule

extension DerivedPart {
    /// The deadlines of the open executions.
    static let timers = DerivedPart(
        name: "timers",
        follow: { state, change, number in state.followTimers(change, number) },
        rebuild: { state in
            var timers: [TimerItem] = []
            for number in state.executions.numbers {
                timers += state.executions[number]?.timers ?? []
            }
            state.timers = Timers(timers)
        }
    )
}

extension State {
    fileprivate mutating func followTimers(_ change: ExecutionState.Change, _ number: UInt64) {
        if change.hasTimersAgain {
            for timer in executions[known: number].timers { timers.insert(timer) }
        } else {
            if let timer = change.timer { timers.insert(timer) }
            for timer in change.resumedTimers { timers.insert(timer) }
        }
        guard change.droppedTimers > 0 else { return }
        let executions = executions
        timers.noteDropped(change.droppedTimers) { item in
            executions.has(item.execution) { $0.hasTimer(item) }
        }
    }

    /// When something happens by itself for the next time; nil: not ever. May be too early, never
    /// too late. Children that are to be cancelled are so at once.
    package var nextDeadline: Timestamp? {
        guard orphans.isEmpty else { return Timestamp(rawValue: 1) }
        guard let expiry = nextSecretExpiry else { return timers.next }
        return timers.next.map { min($0, expiry) } ?? expiry
    }

    /// Takes out the first deadline that has come by `now` and stands. It comes back when the batch
    /// under way is rolled back, also if nothing was appended because of it.
    mutating func removeDue(by now: Timestamp) -> TimerItem? {
        let executions = executions
        let due = timers.removeFirst(by: now) { item in
            executions.has(item.execution) { $0.hasTimer(item) }
        }
        if due != nil, batch.isOpen { batch.hasTakenDeadlines = true }
        return due
    }
}

/// All deadlines of the open executions, in order of time.
///
/// A deadline that no longer stands stays in the heap until it comes to the top, or until half of
/// the heap may be void.
struct Timers: Sendable {
    private var heap: Heap<TimerItem>
    private var dropped = 0

    init(_ items: [TimerItem] = []) { heap = Heap(items) }

    /// How many deadlines are kept, void ones included.
    var count: Int { heap.count }

    /// The first deadline; it may no longer stand.
    var next: Timestamp? { heap.min?.deadline }

    mutating func insert(_ item: TimerItem) { heap.insert(item) }

    /// So many of the items no longer stand. Once that may be half of them, they are dropped.
    mutating func noteDropped(_ count: Int, _ stands: (TimerItem) -> Bool) {
        dropped += count
        guard dropped > 64, dropped * 2 > heap.count else { return }
        heap = Heap(heap.unordered.filter(stands))
        dropped = 0
    }

    /// Takes out the first deadline that stands and has come by `now`; drops those before it that do
    /// not stand, and after it as far as they come to the top.
    mutating func removeFirst(by now: Timestamp, _ stands: (TimerItem) -> Bool) -> TimerItem? {
        while let first = heap.min, first.deadline <= now {
            heap.removeMin()
            if stands(first) { return first }
            dropped = max(0, dropped - 1)
        }
        while let first = heap.min, !stands(first) {
            heap.removeMin()
            dropped = max(0, dropped - 1)
        }
        return nil
    }
}
