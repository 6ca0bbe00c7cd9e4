import DaybookFormat

@testable import DaybookModel

/// What is registered for an end from outside, and what becomes of it.
extension ReferenceModel {
    /// Something that is registered.
    struct Registered {
        let sequence: UInt64
        let place: [UInt32]
        let name: Name
        var finishedBy: [UInt32]?
        var hasEnded = false
        var isLost = false
        /// What is known of the checkpoint that it undoes.
        var undoes: Undoes?
        var hasFailed = false

        enum Undoes { case started, uncertain, success }

        var compensates: Bool { undoes != nil && stands }
        var stands: Bool { finishedBy == nil && !hasEnded }
        var scope: [UInt32] { Array(place.dropLast()) }
        var position: UInt32 { place[place.count - 1] }
    }

    mutating func register(_ known: Execution, _ operation: Operation) -> Outcome<UInt64> {
        if known.status.isFinal { return .refused(.wrongState) }
        return .granted(
            write(known.number) {
                $0.record(operation)
                $0.goOn()
                $0.registered.append(
                    Registered(
                        sequence: $0.last,
                        place: operation.scope + [operation.position],
                        name: operation.name
                    )
                )
            }
        )
    }

    mutating func withdraw(
        _ known: Execution,
        _ operation: Operation,
        _ sequence: UInt64
    ) -> Outcome<UInt64> {
        if known.status.isFinal { return .refused(.wrongState) }
        let index = known.registered.firstIndex { $0.sequence == sequence && $0.stands }
        guard let index else { return .refused(.conflict) }
        return .granted(
            write(known.number) {
                $0.record(operation)
                $0.goOn()
                $0.registered[index].finishedBy = operation.scope + [operation.position]
            }
        )
    }

    /// - Parameter types: of its error; none: it ends well.
    mutating func clean(_ known: Execution, _ name: Name, _ types: [String]) -> Outcome<UInt64> {
        guard let next = known.nextToClean, next.name == name else { return .refused(.conflict) }
        return .granted(
            write(known.number, types) {
                $0.losses = 0
                for index in $0.registered.indices
                where $0.registered[index].sequence == next.sequence {
                    $0.registered[index].hasEnded = true
                    $0.registered[index].hasFailed = !types.isEmpty
                }
            }
        )
    }

    /// Leaves out what is registered, of one that has ended.
    mutating func skip(_ known: Execution) -> InterventionAnswer {
        write(known.number) { $0.skipCleaning() }
        if !isHeld(known), known.children.isEmpty { write(known.number) { $0.close() } }
        return InterventionAnswer(number: known.number, status: known.status, wasSo: false)
    }

    /// One that ends by itself and is not closed cleans nothing up, but for what is undone when it fails.
    mutating func leaveCleaningOut(_ known: Execution, fails: Bool = false) {
        let compensates = fails && known.compensates
        guard !known.children.isEmpty || compensates else { return }
        if compensates {
            let registersMore = known.registered.contains { $0.stands && $0.undoes == nil }
            if registersMore { write(known.number) { $0.compensatesOnly = true } }
        } else if !known.isSkipped, known.registered.contains(where: \.stands) {
            write(known.number) { $0.skipCleaning() }
        }
    }

    /// Nobody holds it any more who could clean up.
    mutating func freeForCleaning(_ number: UInt64) {
        guard let known = executions[number], !known.isClosed, known.holder != 0, !isHeld(known)
        else { return }
        write(number) { $0.holder = 0 }
    }
}

extension ReferenceModel.Execution {
    /// Something is to run because it was ended from outside.
    var owes: Bool {
        status.isFinal && !isClosed && !isSkipped && registered.contains { isDue($0) }
    }

    /// Checkpoints are to be undone should it end badly.
    var compensates: Bool { !isSkipped && registered.contains(where: \.compensates) }

    func isDue(_ one: ReferenceModel.Registered) -> Bool {
        compensatesOnly ? one.compensates : one.stands
    }

    /// What runs next.
    var nextToClean: ReferenceModel.Registered? {
        owes ? registered.last { isDue($0) } : nil
    }

    /// The scope in which what runs next records.
    var cleaningRoot: [UInt32]? {
        isForCleaning ? nextToClean.map { $0.place + [1 << 31 + reopenings] } : nil
    }

    var due: [DueCleaning] {
        guard owes else { return [] }
        return registered.reversed().filter { isDue($0) }.map { cleaning($0) }
    }

    /// What is to be undone without a value.
    var unsettled: [DueCleaning] {
        guard !status.isFinal else { return [] }
        return registered.filter { ($0.undoes ?? .success) != .success && $0.stands }
            .map { cleaning($0) }
    }

    private func cleaning(_ registered: ReferenceModel.Registered) -> DueCleaning {
        DueCleaning(
            sequence: registered.sequence,
            path: OperationPath(scope: registered.scope, position: registered.position),
            name: registered.name,
            scope: registered.place + [1 << 31 + reopenings],
            compensates: registered.undoes != nil,
            hasValue: registered.undoes == .success
        )
    }

    mutating func skipCleaning() {
        let index = registered.lastIndex { isDue($0) }
        isSkipped = true
        guard isForCleaning, status.isFinal, let index else { return }
        registered[index].hasEnded = true
        registered[index].hasFailed = true
    }

    /// The retry policy's count begins anew.
    mutating func countAnew() {
        let before = beginsAttempt ? attempt : max(attempt, 1) - 1
        if before != 0 { attemptsBefore = before }
    }

    mutating func close() {
        isClosed = true
        isParked = false
        holder = 0
        if !secrets.isEmpty { secretsEnd = updatedAt }
    }

    /// The branches of an operation have lost, but for one.
    mutating func loseRegistered(_ place: [UInt32], except branch: UInt32) {
        func isLost(_ inner: [UInt32]) -> Bool {
            inner.count > place.count + 1 && inner.starts(with: place)
                && inner[place.count] != branch
        }
        for index in registered.indices where isLost(registered[index].place) {
            registered[index].isLost = true
        }
        values = values.filter { !isLost($0) }
    }

    /// What is registered at a place or after it is undone.
    mutating func forgetRegistered(_ key: [UInt32], whole: Bool) {
        func isUndone(_ place: [UInt32]) -> Bool {
            place == key || Self.follows(place, key) || whole && place.starts(with: key)
        }
        values = values.filter { !isUndone($0) }
        registered.removeAll {
            // A failure of which nobody knows what it did stays to be undone.
            if !whole, $0.undoes == .started || $0.undoes == .uncertain, $0.place == key {
                return false
            }
            return isUndone($0.place)
        }
        for index in registered.indices {
            if let by = registered[index].finishedBy, isUndone(by) {
                registered[index].finishedBy = nil
            }
        }
    }

    /// A person has it run again after its end: what was cleaned up is undone from its registration on.
    mutating func reopenCleaning() {
        if let endedBy { undo(endedBy) }
        endedBy = nil
        let cleaned = registered.reversed()
            .filter { $0.undoes == nil && $0.hasEnded && !$0.isLost }.map(\.place)
        var undone: [[UInt32]] = []
        for place in cleaned { if let key = takeBack(place) { undone.append(key) } }
        for key in undone { forgetRegistered(key, whole: true) }
        for one in registered where one.undoes == .success && one.hasEnded && !one.hasFailed {
            guard !one.isLost else { continue }
            reopened.insert(one.place)
            reopened.formUnion(values.filter { Self.follows($0, one.place) })
        }
        values.subtract(reopened)
        registered.removeAll { $0.undoes != nil && $0.hasEnded && !$0.hasFailed }
        for index in registered.indices where registered[index].undoes != nil {
            registered[index].hasEnded = false
            registered[index].hasFailed = false
        }
        reopenings += 1
        isSkipped = false
        compensatesOnly = false
        isForCleaning = false
    }

    /// A value is put, or looked for.
    mutating func noteValue(_ operation: Operation) {
        guard !status.isFinal, registered.contains(where: { $0.undoes != nil }) else { return }
        values.insert(operation.scope + [operation.position])
    }

    // MARK: Checkpoints

    private func unsettled(_ operation: Operation) -> Int? {
        registered.firstIndex {
            ($0.undoes == .started || $0.undoes == .uncertain)
                && $0.place == operation.scope + [operation.position]
        }
    }

    /// A checkpoint is to be undone.
    mutating func undoLater(_ operation: Operation, _ undoes: ReferenceModel.Registered.Undoes) {
        registered.append(
            ReferenceModel.Registered(
                sequence: last,
                place: operation.scope + [operation.position],
                name: operation.name,
                undoes: undoes
            )
        )
    }

    mutating func beginUndoable(_ operation: Operation) {
        if unsettled(operation) == nil { undoLater(operation, .started) }
    }

    /// A person says that it has done nothing.
    mutating func dropStarted(_ path: OperationPath) {
        registered.removeAll {
            $0.undoes == .started && $0.place == path.scope + [path.position]
        }
    }

    mutating func endUndoable(_ operation: Operation, failed: Bool, undoes: Bool) {
        let index = unsettled(operation)
        switch (failed, undoes) {
        case (false, _):
            if let index { registered.remove(at: index) }
            if undoes { undoLater(operation, .success) }
        case (true, true):
            if let index {
                registered[index].undoes = .uncertain
            } else {
                undoLater(operation, .uncertain)
            }
        case (true, false):
            if let index, registered[index].undoes == .started { registered.remove(at: index) }
        }
    }

    /// What is open again by itself is so with all that is open again around it or before.
    mutating func forgetReopened(_ key: [UInt32], whole: Bool) {
        func stays(_ place: [UInt32]) -> Bool {
            place != key && !Self.follows(place, key) && !(whole && place.starts(with: key))
        }
        reopened = reopened.filter(stays)
        failedAgain = failedAgain.filter(stays)
    }

    private mutating func takeBack(_ place: [UInt32]) -> [UInt32]? {
        var key = place
        for depth in stride(from: 0, to: place.count - 1, by: 2) {
            let around = operations.first {
                $0.scope == Array(place.prefix(depth)) && $0.position == place[depth]
            }
            let branch = place[depth + 1]
            let mayGoOn =
                around.map {
                    branch < $0.kept || branch < $0.branches && $0.settledFailed != false
                } ?? false
            if !mayGoOn {
                key = Array(place.prefix(depth + 1))
                break
            }
        }
        guard operations.contains(where: { $0.scope + [$0.position] == key }) else { return nil }
        forgetReopened(key, whole: true)
        operations.removeAll {
            let other = $0.scope + [$0.position]
            return other.starts(with: key) || Self.follows(other, key)
        }
        waits.removeAll {
            let other = $0.operation.scope + [$0.operation.position]
            return other.starts(with: key) || Self.follows(other, key)
        }
        for depth in stride(from: 0, to: key.count - 1, by: 2) {
            reopen(Array(key.prefix(depth)), key[depth])
        }
        return key
    }
}
