import DaybookFormat
import DaybookJournal
import DaybookModel
import DaybookSystem

/// The recorded operations of one execution, read ahead of a handler that runs again.
///
/// Records are read in the order of the history and handed out by scope, so that branches can
/// consume theirs in any order. Of what lies behind the place where the activation began only that
/// is looked at which it does not write itself: what its operations wait for.
final class ReplayLog: Sendable {
    /// The first entry of an operation.
    struct Record: Sendable {
        let sequence: UInt64
        let time: Timestamp
        let operation: Operation
        let outcome: Outcome
    }

    /// What the first entry of an operation says.
    enum Outcome: Sendable {
        case success(StoredPayload)
        case failure(ErrorFacts, message: StoredPayload?, details: StoredPayload?)
        /// It waits for what a ``Wake`` tells.
        case wait
        /// It was given a signal at once: that entry holds the value.
        case signal(UInt64)
        /// It split into so many branches.
        case branches(UInt32)
        /// It has no body. The entry that holds the value, if there is one: this one or another.
        case recorded(source: UInt64?)
    }

    /// What a later entry says of an operation.
    enum Wake: Sendable {
        /// Its time has come.
        case fired(Timestamp)
        /// It got a signal.
        case signal(UInt64, Timestamp)
        /// A branch has decided it.
        case settled(branch: UInt32, failed: Bool, sequence: UInt64)
    }

    /// Which operation of an execution: scope and position.
    struct Place: Hashable, Comparable, Sendable {
        let scope: [UInt32]
        let position: UInt32

        init(_ operation: Operation) {
            scope = operation.scope
            position = operation.position
        }

        init(_ operation: ProtoOperation) {
            scope = operation.scope
            position = operation.position
        }

        /// In the order of the code.
        static func < (left: Place, right: Place) -> Bool {
            if left.scope == right.scope { return left.position < right.position }
            return left.scope.lexicographicallyPrecedes(right.scope)
        }
    }

    private struct Reading: Sendable {
        /// Records not yet consumed, by scope, oldest first.
        var waiting: [[UInt32]: [Record]] = [:]
        /// How many of a scope's waiting records have been handed out.
        var consumed: [[UInt32]: Int] = [:]
        var wakes: [Place: Wake] = [:]
        /// Operations that wait, by the records read so far.
        var pending: Set<Place> = []
        /// How often bodies were tried that are to be tried again.
        var tries: [Place: UInt32] = [:]
        /// Scopes that begin so no longer count, but for the branch that follows.
        var dismissed: [(scope: [UInt32], but: UInt32)] = []
        var nextSequence: UInt64
        var isAtEnd = false
        /// Reopened like this, an execution goes on with the attempt that it had.
        var isParked = false
    }

    private let source: any HistorySource
    private let end: UInt64
    /// Outcomes that a later attempt has undone.
    private let undone: Set<UInt64>
    private let reading: Locked<Reading>

    /// How many entries are read at a time.
    private static let chunk = 512

    /// - Parameters:
    ///   - end: where the activation begins: entries from there on are its own.
    ///   - isFirstAttempt: nothing was undone before.
    init(
        _ source: any HistorySource,
        execution: UInt64,
        end: UInt64,
        isFirstAttempt: Bool
    ) throws {
        self.source = source
        self.end = end
        reading = Locked(Reading(nextSequence: execution + 1))
        undone = isFirstAttempt ? [] : try Self.undone(source, execution, end)
    }

    private static func undone(
        _ source: any HistorySource,
        _ execution: UInt64,
        _ end: UInt64
    ) throws -> Set<UInt64> {
        var state: ExecutionState?
        try source.scan(from: execution) { entry, _ in
            guard entry.header.sequence < end else { return false }
            if state == nil {
                state = try ExecutionState(first: entry)
                state?.collectUndone()
            } else {
                try state?.apply(entry)
            }
            return true
        }
        return state?.undone ?? []
    }

    // MARK: Records

    /// Whether a scope has a record that is not consumed.
    func hasNext(in scope: [UInt32]) throws -> Bool {
        try reading.withLock { reading in
            while reading.waiting[scope] == nil, !reading.isAtEnd { try readChunk(&reading) }
            return reading.waiting[scope] != nil
        }
    }

    /// The next record of a scope, which stays there.
    func peek(in scope: [UInt32]) throws -> Record? {
        try reading.withLock { reading in
            while reading.waiting[scope] == nil, !reading.isAtEnd { try readChunk(&reading) }
            return reading.waiting[scope]?[reading.consumed[scope] ?? 0]
        }
    }

    /// The next record of a scope, which is consumed by this.
    func next(in scope: [UInt32]) throws -> Record? {
        try reading.withLock { reading in
            while true {
                let index = reading.consumed[scope] ?? 0
                if let records = reading.waiting[scope], index < records.count {
                    let record = records[index]
                    if index + 1 == records.count {
                        reading.waiting[scope] = nil
                        reading.consumed[scope] = nil
                    } else {
                        reading.consumed[scope] = index + 1
                    }
                    return record
                }
                if reading.isAtEnd { return nil }
                try readChunk(&reading)
            }
        }
    }

    /// A record that nobody has asked for.
    func unconsumed() throws -> Record? {
        try reading.withLock { reading in
            while true {
                let rest = reading.waiting.compactMap { scope, records -> Record? in
                    let isDismissed = reading.dismissed.contains { dismissed in
                        scope.starts(with: dismissed.scope)
                            && scope.dropFirst(dismissed.scope.count).first != dismissed.but
                    }
                    return isDismissed ? nil : records[(reading.consumed[scope] ?? 0)...].first
                }
                if let first = rest.min(by: { $0.sequence < $1.sequence }) { return first }
                if reading.isAtEnd { return nil }
                try readChunk(&reading)
            }
        }
    }

    /// The branches of an operation no longer count, but for one.
    func dismissBranches(of operation: Operation, but branch: UInt32) {
        reading.withLock {
            $0.dismissed.append((operation.scope + [operation.position], branch))
        }
    }

    // MARK: What comes later

    /// What a later entry says of an operation, as far as it was there when the activation began;
    /// it is consumed by this.
    func wake(of operation: Operation) throws -> Wake? {
        let place = Place(operation)
        return try reading.withLock { reading in
            while reading.wakes[place] == nil, !reading.isAtEnd { try readChunk(&reading) }
            return reading.wakes.removeValue(forKey: place)
        }
    }

    /// How often the body of an operation was tried that is to be tried again.
    func tries(of operation: Operation) throws -> UInt32 {
        try reading.withLock { reading in
            while !reading.isAtEnd { try readChunk(&reading) }
            return reading.tries[Place(operation)] ?? 0
        }
    }

    /// Reads what was appended since, and gives what it says of operations that wait.
    func follow() throws -> [Place: Wake] {
        try reading.withLock { reading in
            while !reading.isAtEnd { try readChunk(&reading) }
            var wakes: [Place: Wake] = [:]
            var next = reading.nextSequence
            try source.scan(from: next) { entry, _ in
                next = entry.header.sequence + 1
                switch EventKind(rawValue: entry.event) {
                case .timerFired, .signalDelivered:
                    if let (place, wake) = try Self.wake(entry) { wakes[place] = wake }
                default: break
                }
                return true
            }
            reading.nextSequence = next
            return wakes
        }
    }

    // MARK: Reading

    private func readChunk(_ reading: inout Reading) throws {
        var count = 0
        try source.scan(from: reading.nextSequence) { entry, payloads in
            let sequence = entry.header.sequence
            guard sequence < end, count < Self.chunk else { return false }
            reading.nextSequence = sequence + 1
            count += 1
            if !undone.contains(sequence) { try Self.take(entry, payloads, &reading) }
            return true
        }
        if count < Self.chunk {
            reading.isAtEnd = true
            reading.nextSequence = max(reading.nextSequence, end)
        }
    }

    private static func take(
        _ entry: EntryView,
        _ payloads: () throws -> [StoredPayload],
        _ reading: inout Reading
    ) throws {
        let kind = EventKind(rawValue: entry.event)
        switch kind {
        case .operationRetried:
            let event = try ProtoOperationRetried(decoding: entry)
            let place = Place(event.operation)
            reading.tries[place] = event.tries
            reading.wakes[place] = nil
            return
        case .executionParked:
            reading.isParked = true
            return
        case .executionCancelled, .executionTimedOut, .executionFailed:
            reading.isParked = false
            return
        case .executionReopened where reading.isParked:
            reading.isParked = false
            return
        case .attemptFailed, .executionReopened:
            for place in reading.tries.keys { reading.wakes[place] = nil }
            reading.tries = [:]
            return
        case .signalDelivered:
            let event = try ProtoSignalDelivered(decoding: entry)
            let operation = Operation(event.operation)
            if reading.pending.remove(Place(operation)) != nil { break }
            reading.waiting[operation.scope, default: []].append(
                Record(
                    sequence: entry.header.sequence,
                    time: entry.header.time,
                    operation: operation,
                    outcome: .signal(event.signal)
                )
            )
            return
        default: break
        }
        if let (place, wake) = try Self.wake(entry) {
            reading.pending.remove(place)
            reading.wakes[place] = wake
        } else if let record = try record(kind, entry, payloads) {
            reading.waiting[record.operation.scope, default: []].append(record)
            if case .wait = record.outcome { reading.pending.insert(Place(record.operation)) }
        }
    }

    private static func wake(_ entry: EntryView) throws -> (Place, Wake)? {
        switch EventKind(rawValue: entry.event) {
        case .timerFired:
            let event = try ProtoTimerFired(decoding: entry)
            return (Place(event.operation), .fired(entry.header.time))
        case .signalDelivered:
            let event = try ProtoSignalDelivered(decoding: entry)
            return (Place(event.operation), .signal(event.signal, entry.header.time))
        case .branchSettled:
            let event = try ProtoBranchSettled(decoding: entry)
            return (
                Place(event.operation),
                .settled(
                    branch: event.branch,
                    failed: event.failed,
                    sequence: entry.header.sequence
                )
            )
        default: return nil
        }
    }

    private static func record(
        _ kind: EventKind?,
        _ entry: EntryView,
        _ payloads: () throws -> [StoredPayload]
    ) throws -> Record? {
        let operation: ProtoOperation
        let outcome: Outcome
        switch kind {
        case .checkpointSucceeded:
            operation = try ProtoCheckpointSucceeded(decoding: entry).operation
            guard let value = try payloads().first else { throw missing(entry.header.sequence) }
            outcome = .success(value)
        case .checkpointFailed:
            let event = try ProtoCheckpointFailed(decoding: entry)
            operation = event.operation
            let payloads = try payloads()
            outcome = .failure(
                ErrorFacts(event.error),
                message: payloads.first,
                details: payloads.count > 1 ? payloads[1] : nil
            )
        case .timerStarted:
            operation = try ProtoTimerStarted(decoding: entry).operation
            outcome = .wait
        case .signalAwaited:
            operation = try ProtoSignalAwaited(decoding: entry).operation
            outcome = .wait
        case .branchesStarted:
            let event = try ProtoBranchesStarted(decoding: entry)
            operation = event.operation
            outcome = .branches(event.branches)
        case .operationRecorded:
            let event = try ProtoOperationRecorded(decoding: entry)
            operation = event.operation
            let own = try entry.commitments().isEmpty ? nil : entry.header.sequence
            outcome = .recorded(source: event.source == 0 ? own : event.source)
        default: return nil
        }
        return Record(
            sequence: entry.header.sequence,
            time: entry.header.time,
            operation: Operation(operation),
            outcome: outcome
        )
    }

    private static func missing(_ sequence: UInt64) -> JournalError {
        JournalError(
            .integrity,
            "entry \(sequence): its payload is missing; verify the journal",
            sequence: sequence
        )
    }
}
