import DaybookFormat
import HeapModule

/// Keys in order of their deadlines. A key has one deadline at most.
///
/// What is removed, or is given another deadline, leaves a void place of a few bytes in the heap
/// behind. Those are counted exactly: there are never more of them than of what stands, beyond a
/// small number.
struct DeadlineQueue<Key: Comparable & Hashable & Sendable>: Sendable {
    private struct Item: Comparable, Sendable {
        let deadline: Timestamp
        let key: Key

        static func < (left: Item, right: Item) -> Bool {
            (left.deadline, left.key) < (right.deadline, right.key)
        }
    }

    private var heap = Heap<Item>()
    private var deadlines: [Key: Timestamp] = [:]

    /// Void places that are kept without a further look.
    private static var slack: Int { 64 }

    /// How many keys have a deadline.
    var count: Int { deadlines.count }

    /// How many places are kept, void ones included.
    var places: Int { heap.count }

    /// Gives a key a deadline, in place of the one that it has.
    mutating func set(_ deadline: Timestamp, for key: Key) {
        guard deadlines.updateValue(deadline, forKey: key) != deadline else { return }
        heap.insert(Item(deadline: deadline, key: key))
        trim()
    }

    /// Takes a key out.
    /// - Returns: whether it was there.
    @discardableResult
    mutating func remove(_ key: Key) -> Bool {
        guard deadlines.removeValue(forKey: key) != nil else { return false }
        trim()
        return true
    }

    /// The earliest deadline.
    mutating func first() -> Timestamp? {
        while let item = heap.min {
            if deadlines[item.key] == item.deadline { return item.deadline }
            heap.removeMin()
        }
        return nil
    }

    /// Takes out the key with the earliest deadline, of two the lesser, if it has come by `now`.
    mutating func takeFirst(by now: Timestamp) -> Key? {
        guard let deadline = first(), deadline <= now, let item = heap.popMin() else { return nil }
        deadlines[item.key] = nil
        trim()
        return item.key
    }

    /// Takes out the key with the latest deadline, of two the greater.
    mutating func takeLast() -> Key? {
        while let item = heap.popMax() {
            guard deadlines[item.key] == item.deadline else { continue }
            deadlines[item.key] = nil
            trim()
            return item.key
        }
        return nil
    }

    private mutating func trim() {
        guard heap.count > 2 * deadlines.count + Self.slack else { return }
        heap = Heap(deadlines.map { Item(deadline: $0.value, key: $0.key) })
    }
}
