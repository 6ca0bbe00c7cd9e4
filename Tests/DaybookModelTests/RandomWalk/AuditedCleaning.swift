import DaybookFormat

/// What an auditor remembers of what one run registered for an end from outside.
struct AuditedCleaning {
    private struct Registered {
        let sequence: UInt64
        let place: [UInt32]
        var withdrawnBy: [UInt32]?
        var hasEnded = false
        var isLost = false
        /// It undoes a checkpoint.
        var isCheckpoint = false
        /// The checkpoint has no value; nil: it undoes none, or one that has.
        var doubt: Doubt?
        var hasFailed = false

        enum Doubt { case started, failed }

        var stands: Bool { withdrawnBy == nil && !hasEnded }
    }

    private var all: [Registered] = []
    /// Where values were put, or looked for, while there was a checkpoint to undo.
    private var values: Set<[UInt32]> = []
    private var isSkipped = false
    private var isClaimed = false
    private var undoesOnly = false
    private var reopenings: UInt32 = 0

    /// Something has not run that must.
    var owes: Bool { !isSkipped && all.contains { isDue($0) } }
    /// Checkpoints are to be undone.
    var undoes: Bool { !isSkipped && all.contains { $0.stands && $0.isCheckpoint } }

    private func isDue(_ one: Registered) -> Bool {
        one.stands && (one.isCheckpoint || !undoesOnly)
    }

    /// The scope of what runs now; nil: nothing may.
    var root: [UInt32]? {
        guard isClaimed, owes else { return nil }
        return all.last { isDue($0) }.map { $0.place + [1 << 31 + reopenings] }
    }

    mutating func record(_ event: ProtoOperationRecorded, _ sequence: UInt64) throws {
        let place = event.operation.scope + [event.operation.position]
        switch event.operation.kind {
        case .onUnfinished: all.append(Registered(sequence: sequence, place: place))
        case .finished:
            guard let index = all.firstIndex(where: { $0.sequence == event.source && $0.stands })
            else { throw AuditedExecution.Broken(rule: "withdrawn, and not registered") }
            all[index].withdrawnBy = place
        case .storeGet, .storeSet, .storeDelete, .output:
            guard root == nil, all.contains(where: \.isCheckpoint) else { break }
            values.insert(place)
        default: break
        }
    }

    mutating func claim() throws {
        guard owes else {
            throw AuditedExecution.Broken(rule: "claimed after its end, with nothing to clean up")
        }
        isClaimed = true
    }

    /// The newest first, each once.
    mutating func end(_ place: [UInt32], failed: Bool) throws {
        guard root != nil, let index = all.lastIndex(where: { isDue($0) }),
            all[index].place == place
        else { throw AuditedExecution.Broken(rule: "cleaned up out of turn") }
        all[index].hasEnded = true
        all[index].hasFailed = failed
    }

    mutating func skip(isFinal: Bool, keepsCheckpoints: Bool) throws {
        if keepsCheckpoints {
            guard !isFinal, undoes else {
                throw AuditedExecution.Broken(rule: "left out but for nothing, or after the end")
            }
            undoesOnly = true
            return
        }
        let index = all.lastIndex { isDue($0) }
        isSkipped = true
        guard isFinal, isClaimed, let index else { return }
        all[index].hasEnded = true
        all[index].hasFailed = true
    }

    /// A checkpoint begins that is to be undone.
    mutating func start(_ operation: ProtoOperation, _ sequence: UInt64) {
        if unknown(operation) == nil { add(operation, sequence, .started) }
    }

    /// A checkpoint has an outcome, or a try of it has failed.
    mutating func end(_ operation: ProtoOperation, _ sequence: UInt64, failed: Bool, undoes: Bool) {
        let index = unknown(operation)
        if !failed {
            if let index { all.remove(at: index) }
            if undoes { add(operation, sequence, nil) }
        } else if undoes {
            if let index { all[index].doubt = .failed } else { add(operation, sequence, .failed) }
        } else if let index, all[index].doubt == .started {
            all.remove(at: index)
        }
    }

    /// A person says that a checkpoint has done nothing.
    mutating func resolve(_ operation: ProtoOperation) {
        guard let index = unknown(operation), all[index].doubt == .started else { return }
        all.remove(at: index)
    }

    private func unknown(_ operation: ProtoOperation) -> Int? {
        all.firstIndex { $0.doubt != nil && $0.place == operation.scope + [operation.position] }
    }

    private mutating func add(
        _ operation: ProtoOperation,
        _ sequence: UInt64,
        _ doubt: Registered.Doubt?
    ) {
        let place = operation.scope + [operation.position]
        var one = Registered(sequence: sequence, place: place)
        one.isCheckpoint = true
        one.doubt = doubt
        all.append(one)
    }

    /// The places that may be recorded anew because what was done there is undone; what could not be undone is
    /// to be at the next end.
    mutating func renew() -> [[UInt32]] {
        let undone = all.filter { $0.isCheckpoint && $0.hasEnded && !$0.hasFailed }
        all.removeAll { $0.isCheckpoint && $0.hasEnded && !$0.hasFailed }
        for index in all.indices where all[index].isCheckpoint {
            all[index].hasEnded = false
            all[index].hasFailed = false
        }
        let places = undone.filter { $0.doubt == nil && !$0.isLost }.map(\.place)
        let behind = values.filter { value in places.contains { Self.follows(value, $0) } }
        values.subtract(behind)
        return places + behind
    }

    /// Whether a place comes after another one, by the first number in which they differ.
    private static func follows(_ place: [UInt32], _ key: [UInt32]) -> Bool {
        guard let index = zip(key, place).enumerated().first(where: { $1.0 != $1.1 })?.offset
        else { return false }
        return index % 2 == 0 && place[index] > key[index]
    }

    mutating func lose(_ path: [UInt32], except branch: UInt32) {
        func isLost(_ place: [UInt32]) -> Bool {
            place.count > path.count + 1 && place.starts(with: path) && place[path.count] != branch
        }
        for index in all.indices where isLost(all[index].place) { all[index].isLost = true }
        values = values.filter { !isLost($0) }
    }

    /// - Returns: from where on everything is undone, the newest first.
    mutating func reopen() -> [[UInt32]] {
        (isSkipped, isClaimed, undoesOnly) = (false, false, false)
        reopenings += 1
        return all.reversed()
            .filter { !$0.isCheckpoint && $0.hasEnded && !$0.isLost }.map(\.place)
    }

    mutating func undo(_ key: [UInt32], whole: Bool) {
        func isUndone(_ place: [UInt32]) -> Bool {
            place == key || whole && place.starts(with: key) || Self.follows(place, key)
        }
        values = values.filter { !isUndone($0) }
        all.removeAll { one in
            if !whole, one.doubt != nil, one.place == key { return false }
            return isUndone(one.place)
        }
        for index in all.indices {
            if let by = all[index].withdrawnBy, isUndone(by) { all[index].withdrawnBy = nil }
        }
    }
}
