import DaybookFormat
import HeapModule

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
