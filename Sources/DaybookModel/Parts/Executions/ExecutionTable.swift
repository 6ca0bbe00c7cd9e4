import DaybookFormat

/// Open executions by number: a hash table with linear probing, because every entry of a rebuild
/// looks one up, and the numbers, being sequences, need no protection from crafted collisions.
struct ExecutionTable: Sendable {
    /// 0 marks a free place: no execution has the number 0.
    private var keys: [UInt64] = Array(repeating: 0, count: 16)
    private var places: [Int32] = Array(repeating: 0, count: 16)
    /// Not optional, so that they are changed where they lie: a free place holds ``nobody``.
    private var states: [ExecutionState] = []
    private var freeStates: [Int32] = []
    private(set) var count = 0

    private static let nobody = ExecutionState(
        number: 0,
        id: "",
        type: "",
        submittedAt: Timestamp(rawValue: 0)
    )

    private func home(_ key: UInt64) -> Int {
        // Fibonacci hashing spreads consecutive numbers over the table.
        Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> 32) & (keys.count - 1)
    }

    private func find(_ key: UInt64) -> Int? {
        guard key != 0 else { return nil }
        var place = home(key)
        while true {
            let found = keys[place]
            if found == key { return place }
            if found == 0 { return nil }
            place = (place + 1) & (keys.count - 1)
        }
    }

    /// An execution where it lies.
    subscript(_ number: UInt64) -> ExecutionState? {
        // Inlined, so that whoever looks at one field takes no copy, and no memory for a coroutine.
        @inline(__always) _read {
            if let place = find(number) {
                yield states[Int(places[place])]
            } else {
                yield nil
            }
        }
    }

    /// An execution that is known to be there, where it lies.
    subscript(known number: UInt64) -> ExecutionState {
        @inline(__always) _read {
            guard let place = find(number) else {
                preconditionFailure("the execution \(number) is not in the table")
            }
            yield states[Int(places[place])]
        }
    }

    /// Whether an execution is there.
    func contains(_ number: UInt64) -> Bool { find(number) != nil }

    /// Whether an execution is there and fulfils a condition. It is looked at where it lies: what is
    /// looked at as an optional is copied.
    @inline(__always)
    func has(_ number: UInt64, _ condition: (borrowing ExecutionState) -> Bool) -> Bool {
        contains(number) && condition(self[known: number])
    }

    /// Where an execution stands.
    func standing(_ number: UInt64) -> ExecutionStanding? {
        contains(number) ? ExecutionStanding(self[known: number]) : nil
    }

    /// Changes an execution where it lies.
    /// - Returns: nil when there is none of that number.
    mutating func update<Result, Failure: Error>(
        _ number: UInt64,
        _ body: (inout ExecutionState) throws(Failure) -> Result
    ) throws(Failure) -> Result? {
        guard let place = find(number) else { return nil }
        return try body(&states[Int(places[place])])
    }

    /// Puts an execution, in place of one with its number if there is one.
    mutating func insert(_ state: ExecutionState) {
        if let place = find(state.number) {
            states[Int(places[place])] = state
            return
        }
        if (count + 1) * 4 > keys.count * 3 { grow() }
        let index: Int32
        if let free = freeStates.popLast() {
            index = free
            states[Int(index)] = state
        } else {
            index = Int32(states.count)
            states.append(state)
        }
        place(state.number, index)
        count += 1
    }

    private mutating func place(_ key: UInt64, _ index: Int32) {
        var place = home(key)
        while keys[place] != 0 { place = (place + 1) & (keys.count - 1) }
        keys[place] = key
        places[place] = index
    }

    private mutating func grow() {
        let old = zip(keys, places).filter { $0.0 != 0 }
        keys = Array(repeating: 0, count: keys.count * 2)
        places = Array(repeating: 0, count: keys.count)
        for (key, index) in old { place(key, index) }
    }

    /// Takes an execution out.
    @discardableResult
    mutating func remove(_ number: UInt64) -> ExecutionState? {
        guard var hole = find(number) else { return nil }
        let index = places[hole]
        let removed = exchange(&states[Int(index)], with: Self.nobody)
        freeStates.append(index)
        count -= 1
        // What was pushed past the hole moves back, so that lookups may stop at a free place.
        var next = (hole + 1) & (keys.count - 1)
        while keys[next] != 0 {
            let distance = (next - home(keys[next])) & (keys.count - 1)
            if distance >= (next - hole) & (keys.count - 1) {
                keys[hole] = keys[next]
                places[hole] = places[next]
                hole = next
            }
            next = (next + 1) & (keys.count - 1)
        }
        keys[hole] = 0
        return removed
    }

    /// Runs `body` on executions where they lie, a few places of the table at a time.
    /// - Returns: where to go on; nil: that was all.
    func visit(
        from place: Int,
        upTo limit: Int,
        _ body: (borrowing ExecutionState) -> Void
    ) -> Int? {
        let end = min(place + limit, states.count)
        // A free place holds nobody.
        for index in min(place, end)..<end where states[index].number != 0 { body(states[index]) }
        return end < states.count ? end : nil
    }

    /// All numbers, ascending.
    var numbers: [UInt64] { keys.filter { $0 != 0 }.sorted() }
}
