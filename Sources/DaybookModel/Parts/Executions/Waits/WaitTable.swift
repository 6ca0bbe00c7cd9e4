import DaybookFormat
import DequeModule
import HeapModule

/// What the operations of an execution wait for.
///
/// A wait is found by the entry by which it began and by its operation, and those of branches
/// together, so that whatever ends costs in proportion to what ends, however much else waits.
struct WaitTable: Sendable {
    /// The waits of the operations of a scope, and of the branches of its operations.
    private struct Node {
        /// The position of an operation, and the entry by which its wait began.
        var waits: [(position: UInt32, sequence: UInt64)] = []
        /// By position and branch. None of them is empty.
        var branches: [UInt32: [UInt32: Node]] = [:]

        var isEmpty: Bool { waits.isEmpty && branches.isEmpty }
    }

    /// Those who wait for a signal of one name, the oldest first. The first one waits: places of those
    /// who no longer do go when they come to the head, and all of them when the line has doubled.
    private struct Line {
        var places = Deque<UInt64>()
        var limit = 64
    }

    /// When a wait ends by itself.
    private struct Time: Comparable {
        let deadline: Timestamp
        let sequence: UInt64

        static func < (left: Time, right: Time) -> Bool {
            (left.deadline, left.sequence) < (right.deadline, right.sequence)
        }
    }

    /// Up to so many waits are looked through for the first time among them.
    private static let few = 16

    /// By the entries by which they began.
    private var waits: [UInt64: Wait] = [:]
    private var root = Node()
    /// Those for a signal, by its name.
    private var signals: [Name: Line] = [:]
    /// How many of them wait for another try.
    private var retries = 0
    /// How many of them wait for a child.
    private var children = 0
    /// How many of them have a time.
    private(set) var deadlineCount = 0
    /// Their times, once there are more than a few waits; nil: there never were. The first one
    /// stands: times of those who no longer wait go when they come to the head, and all of them
    /// when the heap has doubled.
    private var times: Heap<Time>?

    /// How many there are.
    var count: Int { waits.count }
    /// Whether there are none.
    var isEmpty: Bool { waits.isEmpty }
    /// All of them, in the order in which they began.
    var inOrder: [Wait] { waits.values.sorted { $0.sequence < $1.sequence } }

    /// Those with a time, in no order.
    var timed: some Sequence<(deadline: Timestamp, sequence: UInt64)> {
        waits.values.lazy.compactMap { wait in
            wait.deadline.map { (deadline: $0, sequence: wait.sequence) }
        }
    }

    /// When the first of them ends by itself; nil: none does.
    var firstDeadline: Timestamp? {
        times.map { $0.min?.deadline } ?? timed.lazy.map(\.deadline).min()
    }

    /// The one that began with an entry.
    subscript(_ sequence: UInt64) -> Wait? { waits[sequence] }

    /// The entry by which the wait of an operation began; nil: it does not wait.
    func sequence(at path: OperationPath) -> UInt64? {
        Self.find(root, path.scope[...])?.waits
            .first { $0.position == path.position }?.sequence
    }

    /// The oldest wait for a signal of a name.
    func first(forSignal name: Name) -> Wait? {
        signals[name]?.places.first.flatMap { waits[$0] }
    }

    private static func find(_ node: Node, _ scope: ArraySlice<UInt32>) -> Node? {
        guard let (position, branch, rest) = Operation.step(into: scope) else { return node }
        guard let next = node.branches[position]?[branch] else { return nil }
        return find(next, rest)
    }

    // MARK: Changing

    /// A wait begins.
    mutating func insert(_ wait: Wait) {
        if let old = waits.updateValue(wait, forKey: wait.sequence) { discount(old) }
        if wait.kind == .retry { retries += 1 }
        if wait.kind == .child { children += 1 }
        if wait.deadline != nil { deadlineCount += 1 }
        noteTime(of: wait)
        let operation = wait.operation
        if wait.kind == .signal {
            Self.join(wait, &signals[operation.name, default: Line()], waits)
        }
        Self.change(&root, operation.scope[...]) {
            $0.waits.append((operation.position, wait.sequence))
        }
    }

    /// The wait of an operation ends.
    mutating func remove(of operation: Operation) -> Wait? {
        var found: UInt64?
        Self.change(&root, operation.scope[...]) { node in
            guard let index = node.waits.firstIndex(where: { $0.position == operation.position })
            else { return }
            found = node.waits.remove(at: index).sequence
        }
        guard let found, let wait = waits.removeValue(forKey: found) else { return nil }
        discount(wait)
        return wait
    }

    /// Branches of an operation no longer count, and neither does what they wait for.
    /// - Parameter kept: the one that counts.
    /// - Returns: the waits that this ends.
    mutating func removeBranches(
        ofOperationAt position: UInt32,
        in scope: [UInt32],
        except kept: UInt32
    ) -> [Wait] {
        removing { table in
            var ended: [UInt64] = []
            Self.change(&table.root, scope[...]) { node in
                guard let index = node.branches.index(forKey: position) else { return }
                var branches = exchange(&node.branches.values[index], with: [:])
                let winner = branches.removeValue(forKey: kept)
                for branch in branches.values { Self.collect(branch, &ended) }
                node.branches[position] = winner.map { [kept: $0] }
            }
            return ended
        }
    }

    /// An operation is open again, and what was recorded after it is undone.
    /// - Returns: the waits that this ends.
    mutating func undo(_ path: OperationPath) -> [Wait] {
        removing { table in
            var ended: [UInt64] = []
            Self.undo(&table.root, path.scope[...], path.position, &ended)
            return ended
        }
    }

    /// Nobody waits for children any more.
    /// - Returns: the waits that this ends, in the order in which they began.
    mutating func removeChildren() -> [Wait] {
        guard children > 0 else { return [] }
        let ended = inOrder.filter { $0.kind == .child }
        for wait in ended { _ = remove(of: wait.operation) }
        return ended
    }

    /// Tries that were to follow are not followed by one.
    /// - Returns: how many of the waits had a time.
    mutating func removeRetries() -> Int {
        guard retries > 0 else { return 0 }
        var count = 0
        for wait in inOrder where wait.kind == .retry {
            if remove(of: wait.operation)?.deadline != nil { count += 1 }
        }
        return count
    }

    private mutating func removing(_ body: (inout WaitTable) -> [UInt64]) -> [Wait] {
        guard !isEmpty else { return [] }
        var ended: [Wait] = []
        for sequence in body(&self) {
            guard let wait = waits.removeValue(forKey: sequence) else { continue }
            discount(wait)
            ended.append(wait)
        }
        return ended
    }

    private mutating func discount(_ wait: Wait) {
        if wait.kind == .retry { retries -= 1 }
        if wait.kind == .child { children -= 1 }
        if wait.deadline != nil {
            deadlineCount -= 1
            dropTimes()
        }
        if wait.kind == .signal { leaveLine(wait.operation.name) }
    }

    // MARK: Times

    private mutating func noteTime(of wait: Wait) {
        if times != nil {
            if let deadline = wait.deadline {
                times?.insert(Time(deadline: deadline, sequence: wait.sequence))
            }
        } else if waits.count > Self.few {
            times = Heap(timed.map { Time(deadline: $0.deadline, sequence: $0.sequence) })
        }
    }

    /// A wait with a time has ended.
    private mutating func dropTimes() {
        guard let count = times?.count else { return }
        if count > 2 * deadlineCount + Self.few {
            times = times.map { Heap($0.unordered.filter(stands)) }
        }
        while let first = times?.min, !stands(first) { times?.removeMin() }
    }

    private func stands(_ time: Time) -> Bool { waits[time.sequence]?.deadline == time.deadline }

    // MARK: Signals

    private static func join(_ wait: Wait, _ line: inout Line, _ waits: [UInt64: Wait]) {
        if let last = line.places.last, last > wait.sequence {
            // It waits again: in its old place.
            let index = line.places.firstIndex { $0 > wait.sequence } ?? line.places.endIndex
            line.places.insert(wait.sequence, at: index)
        } else {
            line.places.append(wait.sequence)
        }
        guard line.places.count > line.limit else { return }
        let name = wait.operation.name
        line.places.removeAll { !stands($0, name, waits) }
        line.limit = max(64, line.places.count * 2)
    }

    /// One of those who wait for a signal of a name waits no longer.
    private mutating func leaveLine(_ name: Name) {
        guard let index = signals.index(forKey: name) else { return }
        while let first = signals.values[index].places.first, !Self.stands(first, name, waits) {
            signals.values[index].places.removeFirst()
        }
        if signals.values[index].places.isEmpty { signals.remove(at: index) }
    }

    /// Whether a place in the line for a signal is that of an operation that waits for it.
    private static func stands(
        _ sequence: UInt64,
        _ name: Name,
        _ waits: [UInt64: Wait]
    ) -> Bool {
        guard let wait = waits[sequence], wait.kind == .signal else { return false }
        return wait.operation.name == name
    }

    // MARK: Nodes

    /// Changes the node of a scope where it lies; what is empty after that goes.
    private static func change(
        _ node: inout Node,
        _ scope: ArraySlice<UInt32>,
        _ body: (inout Node) -> Void
    ) {
        guard let (position, branch, rest) = Operation.step(into: scope) else {
            return body(&node)
        }
        change(
            &node.branches[position, default: [:]][branch, default: Node()],
            rest,
            body
        )
        guard node.branches[position]?[branch]?.isEmpty == true else { return }
        node.branches[position]?[branch] = nil
        if node.branches[position]?.isEmpty == true { node.branches[position] = nil }
    }

    private static func undo(
        _ node: inout Node,
        _ scope: ArraySlice<UInt32>,
        _ position: UInt32,
        _ ended: inout [UInt64]
    ) {
        let isHere = scope.isEmpty
        let first = scope.first ?? position
        node.waits.removeAll { wait in
            let isEnded = wait.position > first || isHere && wait.position == first
            if isEnded { ended.append(wait.sequence) }
            return isEnded
        }
        for later in node.branches.keys.filter({ $0 > first }) {
            for branch in node.branches.removeValue(forKey: later)?.values ?? [:].values {
                collect(branch, &ended)
            }
        }
        guard let (_, branch, rest) = Operation.step(into: scope),
            node.branches[first]?[branch] != nil
        else { return }
        undo(
            &node.branches[first, default: [:]][branch, default: Node()],
            rest,
            position,
            &ended
        )
        if node.branches[first]?[branch]?.isEmpty == true { node.branches[first]?[branch] = nil }
        if node.branches[first]?.isEmpty == true { node.branches[first] = nil }
    }

    private static func collect(_ node: Node, _ sequences: inout [UInt64]) {
        sequences += node.waits.lazy.map(\.sequence)
        for branches in node.branches.values {
            for branch in branches.values { collect(branch, &sequences) }
        }
    }
}
