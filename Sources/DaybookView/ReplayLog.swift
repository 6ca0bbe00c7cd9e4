import DaybookFormat
import DaybookJournal
package import DaybookModel
import DaybookSystem

/// Reads the recorded operations of one execution ahead of a handler that runs again, a chunk at a
/// time, and no further than it has to: what they say is a ``Replay``'s to know.
///
/// Of what lies behind the place where the activation began only that is looked at which it does
/// not write itself: what its operations wait for.
package final class ReplayLog: Sendable {
    private struct Reading: Sendable {
        var replay: Replay
        var nextSequence: UInt64
        var isAtEnd = false
        /// What others write is looked at from here on.
        var following: UInt64
    }

    private let source: any HistorySource
    private let end: UInt64
    private let reading: Locked<Reading>

    /// How many entries are read at a time.
    private static let chunk = 512

    /// - Parameters:
    ///   - beginning: the first entry that counts; nil: the execution's own.
    ///   - end: where the activation begins: entries from there on are its own.
    ///   - hasRecords: code of the execution has run before.
    ///   - isFirstAttempt: nothing was undone before.
    ///   - keepsReopened: what was undone by itself counts until it is recorded anew.
    package init(
        _ source: any HistorySource,
        execution: UInt64,
        beginning: UInt64? = nil,
        end: UInt64,
        hasRecords: Bool = true,
        isFirstAttempt: Bool,
        keepsReopened: Bool = false
    ) throws {
        self.source = source
        self.end = end
        var undoing =
            isFirstAttempt
            ? Undoing()
            : try source.history(of: execution, upTo: end - 1, undone: true).undoing
        if keepsReopened { undoing = undoing.keepingReopened }
        reading = Locked(
            Reading(
                replay: Replay(undoing, own: execution),
                nextSequence: (beginning ?? execution) + 1,
                isAtEnd: !hasRecords,
                following: end
            )
        )
    }

    // MARK: Records

    /// The next record of a scope, which stays there.
    package func peek(in scope: [UInt32]) throws -> Replay.Record? {
        try reading.withLock { reading in
            try read(&reading) { $0.peek(in: scope) != nil || $0.isOver(scope) }
            return reading.replay.peek(in: scope)
        }
    }

    /// The record of the operation at a place, which is consumed by this.
    package func next(at path: OperationPath) throws -> Replay.Record? {
        try reading.withLock { reading in
            if reading.replay.undoing.isReopened(path) {
                // It comes later than what follows.
                try read(&reading) { _ in false }
            } else {
                try read(&reading) { $0.peek(in: path.scope) != nil || $0.isOver(path.scope) }
            }
            return reading.replay.next(at: path)
        }
    }

    /// Whether operations were undone by themselves, so that what follows them may not be asked for: they may
    /// fail, or give something else, when they run again.
    package var hasReopened: Bool { reading.withLock { $0.replay.undoing.hasReopened } }

    /// The operation at a place that was undone by itself, and is not recorded since; nil: none was.
    package func reopened(at path: OperationPath) -> Replay.Undone? {
        reading.withLock { $0.replay.reopened(at: path) }
    }

    /// A record that nobody has asked for.
    package func unconsumed() throws -> Replay.Record? {
        try reading.withLock { reading in
            try read(&reading) { $0.unconsumed != nil }
            return reading.replay.unconsumed
        }
    }

    /// Operations that were recorded as waiting when the activation began, and to which the code has not come.
    package func waitsAhead() throws -> [OperationPath] {
        try reading.withLock { reading in
            try read(&reading) { _ in false }
            return reading.replay.recordedWaitsAhead
        }
    }

    /// Whether an operation was recorded as waiting when the activation began, and the code has not come to it,
    /// as far as the history was read: all of it was once ``waitsAhead()`` has been asked for.
    package func isAhead(_ path: OperationPath) -> Bool {
        reading.withLock { $0.replay.isAhead(path) }
    }

    /// How the branches of an operation stood when all of the execution waited for the last time before the
    /// activation began; nil: it had not in this attempt.
    package func branchesAtRest(of operation: Operation) throws -> Replay.BranchesAtRest? {
        try reading.withLock { reading in
            try read(&reading) { _ in false }
            return reading.replay.branchesAtRest(of: OperationPath(operation))
        }
    }

    /// Whether code that has come to a place was there before: its log lines are recorded.
    package func hasBeen(at path: OperationPath) throws -> Bool {
        try reading.withLock { reading in
            try read(&reading) { $0.hasBeen(at: path) }
            return reading.replay.hasBeen(at: path)
        }
    }

    /// The branches of an operation no longer count, but for these.
    package func decide(_ operation: Operation, by branches: CountedBranches) {
        reading.withLock { $0.replay.decide(OperationPath(operation), by: branches) }
    }

    /// The entry that took back what was recorded at a place before, if one did.
    package func generation(of path: OperationPath) -> UInt64? {
        reading.withLock { $0.replay.undoing.generation(of: path) }
    }

    // MARK: What comes later

    /// What a later entry says of an operation, as far as it was there when the activation began;
    /// it is consumed by this.
    package func wake(of operation: Operation) throws -> Replay.Wake? {
        let path = OperationPath(operation)
        return try reading.withLock { reading in
            try read(&reading) { $0.hasWake(of: path) || $0.isOver(at: path) }
            return reading.replay.wake(of: path)
        }
    }

    /// How often the body of an operation that is not recorded was tried; nil: it was not.
    package func tries(of operation: Operation) throws -> Replay.Tries? {
        try reading.withLock { reading in
            try read(&reading) { _ in false }
            return reading.replay.tries(of: OperationPath(operation))
        }
    }

    /// How the body of an operation that is not recorded began, and what a person has said of it.
    package func past(
        of operation: Operation
    ) throws -> (start: Replay.Start?, resolution: Replay.Resolution?) {
        try past(at: OperationPath(operation))
    }

    /// How the body of the operation at a place began of which no outcome is recorded, and what a
    /// person has said of it.
    package func past(
        at path: OperationPath
    ) throws -> (start: Replay.Start?, resolution: Replay.Resolution?) {
        try reading.withLock { reading in
            try read(&reading) { $0.isOver(at: path) }
            return (reading.replay.start(of: path), reading.replay.resolution(of: path))
        }
    }

    /// The execution that a fork has an operation from which was under way there; nil: it has it from none.
    package func beginner(of operation: Operation) throws -> UInt64? {
        let path = OperationPath(operation)
        return try reading.withLock { reading in
            try read(&reading) { $0.isOver(at: path) }
            return reading.replay.beginner(of: path)
        }
    }

    /// What has begun, as far as the history was read, and a person is to be asked about.
    package var doubts: [Doubt] { reading.withLock { $0.replay.doubts } }

    /// Reads what was appended since, and gives what it says of operations that wait.
    package func follow() throws -> [OperationPath: Replay.Wake] {
        try reading.withLock { reading in
            var wakes: [OperationPath: Replay.Wake] = [:]
            var next = reading.following
            try source.scan(from: next) { entry, _ in
                next = entry.header.sequence + 1
                switch EventKind(rawValue: entry.event) {
                case .timerFired, .signalDelivered, .childEnded, .childrenSettled:
                    if let (path, wake) = try Replay.wake(entry) { wakes[path] = wake }
                default: break
                }
                return true
            }
            reading.following = next
            return wakes
        }
    }

    // MARK: Reading

    /// Reads on until what is looked for is there, or there is nothing more.
    private func read(_ reading: inout Reading, until isFound: (Replay) -> Bool) throws {
        while !isFound(reading.replay), !reading.isAtEnd { try readChunk(&reading) }
    }

    private func readChunk(_ reading: inout Reading) throws {
        var count = 0
        try source.scan(from: reading.nextSequence) { entry, payloads in
            let sequence = entry.header.sequence
            guard sequence < end, count < Self.chunk else { return false }
            reading.nextSequence = sequence + 1
            count += 1
            do {
                try reading.replay.take(entry, payloads)
            } catch let error as UnknownEvent {
                throw JournalError(
                    .newerVersion,
                    error.description,
                    sequence: sequence,
                    underlying: error
                )
            } catch let error as WireError {
                throw JournalError(
                    .integrity,
                    "entry \(sequence): \(error.reason); verify the journal",
                    sequence: sequence
                )
            }
            return true
        }
        reading.isAtEnd = count < Self.chunk
    }
}
