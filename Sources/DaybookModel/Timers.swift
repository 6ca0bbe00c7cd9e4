import DaybookFormat
import HeapModule

/// All deadlines of the open executions, in order of time.
///
/// A deadline that no longer stands stays in the heap until it comes to the top, or until half of
/// the heap may be void.
struct Timers: Sendable {
    private var heap: Heap<TimerItem>
    /// Those that have come and are not fired yet, in order.
    private(set) var due: [TimerItem] = []
    private var dropped = 0

    init(_ items: [TimerItem] = []) { heap = Heap(items) }

    /// How many deadlines are kept, void ones included.
    var count: Int { heap.count + due.count }

    /// The first deadline.
    var next: Timestamp? {
        guard let first = due.first else { return heap.min?.deadline }
        return heap.min.map { min($0, first).deadline } ?? first.deadline
    }

    mutating func insert(_ item: TimerItem) { heap.insert(item) }

    /// One of the items no longer stands.
    mutating func noteDropped() { dropped += 1 }

    /// Moves to ``due`` what has come by `now`, up to `limit` items, and drops what no longer
    /// stands.
    mutating func advance(
        to now: Timestamp,
        limit: Int,
        _ stands: (TimerItem) -> Bool
    ) {
        due.removeAll { !stands($0) }
        // What was reopened may wait for a time that came before theirs.
        if let first = heap.min, let last = due.last, first < last {
            for item in due { heap.insert(item) }
            due = []
        }
        while due.count < limit, let first = heap.min, first.deadline <= now {
            heap.removeMin()
            if stands(first), due.last != first { due.append(first) }
        }
        if dropped > 64, dropped * 2 > heap.count {
            heap = Heap(heap.unordered.filter(stands))
            dropped = 0
        }
        while let first = heap.min, !stands(first) { heap.removeMin() }
    }
}
