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

    mutating func clean(_ known: Execution, _ name: Name, _ types: [String]) -> Outcome<UInt64> {
        guard let next = known.nextToClean, next.name == name else { return .refused(.conflict) }
        return .granted(
            write(known.number, types) {
                $0.losses = 0
                for index in $0.registered.indices
                where $0.registered[index].sequence == next.sequence {
                    $0.registered[index].hasEnded = true
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

    /// One that ends by itself and waits for children cleans nothing up.
    mutating func leaveCleaningOut(_ known: Execution) {
        let stands = !known.isSkipped && known.registered.contains { $0.stands }
        if !known.children.isEmpty, stands { write(known.number) { $0.skipCleaning() } }
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
        status.isFinal && !isClosed && !isSkipped && registered.contains { $0.stands }
    }

    /// What runs next.
    var nextToClean: ReferenceModel.Registered? {
        owes ? registered.last { $0.stands } : nil
    }

    /// The scope in which what runs next records.
    var cleaningRoot: [UInt32]? {
        isForCleaning ? nextToClean.map { $0.place + [reopenings] } : nil
    }

    var due: [DueCleaning] {
        guard owes else { return [] }
        return registered.reversed().filter(\.stands).map {
            DueCleaning(
                sequence: $0.sequence,
                path: OperationPath(scope: $0.scope, position: $0.position),
                name: $0.name,
                scope: $0.place + [reopenings]
            )
        }
    }

    mutating func skipCleaning() {
        isSkipped = true
        guard isForCleaning, status.isFinal,
            let index = registered.lastIndex(where: { $0.stands })
        else { return }
        registered[index].hasEnded = true
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
    }

    /// The branches of an operation have lost, but for one.
    mutating func loseRegistered(_ place: [UInt32], except branch: UInt32) {
        for index in registered.indices {
            let inner = registered[index].place
            guard inner.count > place.count + 1, inner.starts(with: place) else { continue }
            if inner[place.count] != branch { registered[index].isLost = true }
        }
    }

    /// What is registered at a place or after it is undone.
    mutating func forgetRegistered(_ key: [UInt32], whole: Bool) {
        func isUndone(_ place: [UInt32]) -> Bool {
            place == key || Self.follows(place, key) || whole && place.starts(with: key)
        }
        registered.removeAll { isUndone($0.place) }
        for index in registered.indices {
            if let by = registered[index].finishedBy, isUndone(by) {
                registered[index].finishedBy = nil
            }
        }
    }

    /// A person has it run again after its end: what was cleaned up is undone from its registration on.
    mutating func reopenCleaning() {
        let cleaned = registered.reversed().filter { $0.hasEnded && !$0.isLost }.map(\.place)
        var undone: [[UInt32]] = []
        for place in cleaned { if let key = takeBack(place) { undone.append(key) } }
        for key in undone { forgetRegistered(key, whole: true) }
        reopenings += 1
        isSkipped = false
        isForCleaning = false
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
