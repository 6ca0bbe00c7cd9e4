import DaybookFormat

/// What an auditor remembers of what one run registered for an end from outside.
struct AuditedCleaning {
    private struct Registered {
        let sequence: UInt64
        let place: [UInt32]
        var withdrawnBy: [UInt32]?
        var hasEnded = false
        var isLost = false

        var stands: Bool { withdrawnBy == nil && !hasEnded }
    }

    private var all: [Registered] = []
    private var isSkipped = false
    private var isClaimed = false
    private var reopenings: UInt32 = 0

    /// Something has not run that must.
    var owes: Bool { !isSkipped && all.contains { $0.stands } }

    /// The scope of what runs now; nil: nothing may.
    var root: [UInt32]? {
        guard isClaimed, owes else { return nil }
        return all.last { $0.stands }.map { $0.place + [reopenings] }
    }

    mutating func record(_ event: ProtoOperationRecorded, _ sequence: UInt64) throws {
        let place = event.operation.scope + [event.operation.position]
        switch event.operation.kind {
        case .onUnfinished: all.append(Registered(sequence: sequence, place: place))
        case .finished:
            guard let index = all.firstIndex(where: { $0.sequence == event.source && $0.stands })
            else { throw AuditedExecution.Broken(rule: "withdrawn, and not registered") }
            all[index].withdrawnBy = place
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
    mutating func end(_ place: [UInt32]) throws {
        guard root != nil, let index = all.lastIndex(where: { $0.stands }),
            all[index].place == place
        else { throw AuditedExecution.Broken(rule: "cleaned up out of turn") }
        all[index].hasEnded = true
    }

    mutating func skip(isFinal: Bool) {
        isSkipped = true
        guard isFinal, isClaimed, let index = all.lastIndex(where: { $0.stands }) else { return }
        all[index].hasEnded = true
    }

    mutating func lose(_ path: [UInt32], except branch: UInt32) {
        for index in all.indices {
            let place = all[index].place
            guard place.count > path.count + 1, place.starts(with: path) else { continue }
            if place[path.count] != branch { all[index].isLost = true }
        }
    }

    /// - Returns: from where on everything is undone, the newest first.
    mutating func reopen() -> [[UInt32]] {
        (isSkipped, isClaimed) = (false, false)
        reopenings += 1
        return all.reversed().filter { $0.hasEnded && !$0.isLost }.map(\.place)
    }

    mutating func undo(_ key: [UInt32], whole: Bool) {
        func isUndone(_ place: [UInt32]) -> Bool {
            if place == key || whole && place.starts(with: key) { return true }
            guard let index = zip(key, place).enumerated().first(where: { $1.0 != $1.1 })?.offset
            else { return false }
            return index % 2 == 0 && place[index] > key[index]
        }
        all.removeAll { isUndone($0.place) }
        for index in all.indices {
            if let by = all[index].withdrawnBy, isUndone(by) { all[index].withdrawnBy = nil }
        }
    }
}
