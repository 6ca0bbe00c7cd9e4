import DaybookFormat
import DaybookSystem
import Testing

@testable import DaybookJournal

/// Callers that are alone and write their commands themselves.
///
/// They wait for what another thread does, and would wait for ever if it did not.
@Suite(.timeLimit(.minutes(20))) struct GroupWriterLoneTests {
    private typealias Decide = GroupWriter<LoneFold>.Decide<Bool>

    /// A writer over an empty journal, and the thread on which callers may write.
    private static func start() throws -> (GroupWriter<LoneFold>, LoneThread) {
        let lone = LoneThread()
        let journal = try Journal.create(in: MemoryStore(), event: Drafts.created)
        return (try GroupWriter(journal, fold: LoneFold(), loneThread: lone), lone)
    }

    /// Writes an entry and answers whether the caller's thread has decided it.
    private static func entry(
        _ lone: LoneThread,
        then more: @escaping @Sendable (inout LoneFold, Batch) throws -> Void = { _, _ in }
    ) -> Decide {
        { fold, batch in
            try fold.append(batch)
            try more(&fold, batch)
            return .success(lone.isCurrent)
        }
    }

    /// Has a task command until it writes itself, then runs `body` in it.
    private static func alone<Result: Sendable>(
        _ writer: GroupWriter<LoneFold>,
        _ lone: LoneThread,
        _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        try await preferring(lone) {
            while try await !writer.perform({ entry(lone) }) { try Task.checkCancellation() }
            return try await body()
        }
    }

    /// Runs `body` on a thread, no longer than the test may last.
    private static func preferring<Result: Sendable>(
        _ lone: LoneThread,
        _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        let task = Task(executorPreference: lone) { try await body() }
        return try await withTaskCancellationHandler {
            try await task.value
        } onCancel: {
            task.cancel()
        }
    }

    @Test func aCallerWhoIsAloneWritesItsCommandsItself() async throws {
        let (writer, lone) = try Self.start()
        let flags = try await Self.preferring(lone) {
            var flags: [Bool] = []
            // Its thread may be held up while it gets there. Once it writes, it goes on.
            while flags.last != true {
                try Task.checkCancellation()
                flags.append(try await writer.perform { Self.entry(lone) })
            }
            for _ in 0..<10 { flags.append(try await writer.perform { Self.entry(lone) }) }
            return flags
        }
        writer.stop()
        #expect(flags.first == false)
        #expect(flags.suffix(10).allSatisfy { $0 })
        let count = UInt64(flags.count)
        #expect(writer.inspect { $0.committed } == flags.count)
        #expect(try writer.journal.entries().map(\.header.sequence) == Array(0...count))
    }

    @Test func onAnotherExecutorOnlyTheWriterWrites() async throws {
        let (writer, lone) = try Self.start()
        for _ in 0..<20 {
            #expect(try await writer.perform { Self.entry(lone) } == false)
        }
        writer.stop()
        #expect(writer.inspect { $0.committed } == 20)
    }

    @Test func whatComesWhileACallerWritesIsWrittenAfterwardsAndEndsItsLoneliness() async throws {
        let (writer, lone) = try Self.start()
        let state = Locked((isReached: false, isOpen: false))
        let held = Task {
            try await Self.alone(writer, lone) {
                let first = try await writer.perform {
                    Self.entry(lone) { _, _ in
                        state.withLock { $0.isReached = true }
                        state.wakeAll()
                        state.wait(until: { $0.isOpen }) { _ in }
                    }
                }
                return [first, try await writer.perform { Self.entry(lone) }]
            }
        }
        await until { state.withLock { $0.isReached } }
        let admitted = Locked(false)
        let other = Task {
            try await writer.perform {
                admitted.withLock { $0 = true }
                return Self.entry(lone)
            }
        }
        await until { admitted.withLock { $0 } }
        state.withLock { $0.isOpen = true }
        state.wakeAll()
        #expect(try await other.value == false)
        #expect(try await held.value == [true, false])
        writer.stop()
    }

    @Test func aTimeThatALoneCallerBringsIsMet() async throws {
        let (writer, lone) = try Self.start()
        _ = try await Self.alone(writer, lone) {
            try await writer.perform {
                Self.entry(lone) { fold, batch in
                    fold.deadline = Timestamp(rawValue: batch.now.rawValue + 1_000_000)
                }
            }
        }
        await until { writer.inspect { $0.fired } > 0 }
        writer.stop()
        #expect(writer.inspect { $0.fired } == 1)
    }

    /// The thread wakes for a time at which a caller writes, and finds that this one goes on and on: it
    /// must not miss the next time, which nobody else is left to meet.
    @Test func aTimeAfterOneThatALoneCallerHasMetIsMet() async throws {
        for round in 0..<20 {
            let (writer, lone) = try Self.start()
            let soon: @Sendable (UInt64) -> Decide = { span in
                Self.entry(lone) { fold, batch in
                    fold.deadline = Timestamp(rawValue: batch.now.rawValue + span)
                }
            }
            try await Self.alone(writer, lone) {
                _ = try await writer.perform { soon(2_000_000) }
                while writer.inspect({ $0.fired }) == 0 {
                    try Task.checkCancellation()
                    _ = try await writer.perform { Self.entry(lone) }
                }
                for _ in 0..<200 { _ = try await writer.perform { Self.entry(lone) } }
                _ = try await writer.perform { soon(1_000_000) }
            }
            await until { writer.inspect { $0.fired } == 2 }
            writer.stop()
            #expect(writer.inspect { $0.fired } == 2, "round \(round)")
        }
    }

    @Test func aTimeThatComesByHandWhileALoneCallerWritesIsMet() async throws {
        let clock = SplitClock(wall: 1_767_225_600_000_000_000)
        let lone = LoneThread()
        let journal = try Journal.create(in: MemoryStore(), event: Drafts.created, clock: clock)
        let writer = try GroupWriter(journal, fold: LoneFold(), loneThread: lone)
        let isAlone = try await Self.alone(writer, lone) {
            _ = try await writer.perform {
                Self.entry(lone) { fold, batch in
                    fold.deadline = Timestamp(rawValue: batch.now.rawValue + 1_000_000)
                }
            }
            // The thread knows of that time before the clock comes to it. To yield would leave the
            // lone thread.
            while !writer.isWaiting, !Task.isCancelled {}
            return try await writer.perform {
                Self.entry(lone) { _, _ in clock.pass(.seconds(1)) }
            }
        }
        #expect(isAlone)
        await until { writer.inspect { $0.fired } > 0 }
        writer.stop()
        #expect(writer.inspect { $0.fired } == 1)
    }

    @Test func theEndWaitsForALoneCaller() async throws {
        let (writer, lone) = try Self.start()
        let state = Locked((isReached: false, isOpen: false, isStopped: false))
        let held = Task {
            try await Self.alone(writer, lone) {
                try await writer.perform {
                    Self.entry(lone) { _, _ in
                        state.withLock { $0.isReached = true }
                        state.wait(until: { $0.isOpen }) { _ in }
                    }
                }
            }
        }
        await until { state.withLock { $0.isReached } }
        let thread = try SystemThread.start {
            writer.stop()
            state.withLock { $0.isStopped = true }
        }
        await until { writer.isStopping }
        await #expect(throws: JournalError.self) {
            try await writer.perform { Self.entry(lone) }
        }
        #expect(!state.withLock { $0.isStopped })
        state.withLock { $0.isOpen = true }
        state.wakeAll()
        #expect(try await held.value)
        thread.join()
        #expect(state.withLock { $0.isStopped })
    }

    @Test func aLoneCommandThatFailsHalfDoneLeavesNoTrace() async throws {
        struct Half: Error {}
        let (writer, lone) = try Self.start()
        let (before, after, isAlone) = try await Self.alone(writer, lone) {
            let before = writer.journal.head.size
            await #expect(throws: Half.self) {
                try await writer.perform { Self.entry(lone) { _, _ in throw Half() } }
            }
            let after = writer.journal.head.size
            return (before, after, try await writer.perform { Self.entry(lone) })
        }
        writer.stop()
        #expect(before == after)
        #expect(isAlone)
        #expect(writer.inspect { $0.rollBacks } == 1)
        #expect(UInt64(writer.inspect { $0.committed }) + 1 == writer.journal.head.size)
    }

    @Test func aLoneBatchThatIsNotWrittenIsAnsweredAsSuch() async throws {
        let (writer, lone) = try Self.start()
        let before = try await Self.alone(writer, lone) {
            let before = writer.journal.head.size
            await #expect(throws: LoneFold.Refused.self) {
                try await writer.perform {
                    { fold, batch in
                        fold.isRefusing = true
                        try fold.append(batch)
                        return .success(())
                    }
                }
            }
            return before
        }
        writer.stop()
        #expect(writer.journal.head.size == before)
        #expect(writer.inspect { $0.rollBacks } == 1)
    }
}

/// Counts entries, and has a time at which it writes one itself.
private struct LoneFold: JournalFold {
    struct Refused: Error {}

    private(set) var next: UInt64 = 0
    private(set) var committed = 0
    private(set) var fired = 0
    private(set) var rollBacks = 0
    private var pending = 0
    private var pendingFired = 0
    /// When it writes an entry.
    var deadline: Timestamp?
    /// Takes in no entry of the batch.
    var isRefusing = false

    mutating func apply(committed entry: EntryView, _ reader: any StoreReader) throws {
        next = entry.header.sequence + 1
    }

    mutating func append(_ batch: Batch) throws {
        let isRefusing = isRefusing
        try batch.append(Drafts.entry(1)) { _ in if isRefusing { throw Refused() } }
        pending += 1
    }

    mutating func commit() {
        next += UInt64(pending + pendingFired)
        committed += pending
        fired += pendingFired
        if pendingFired > 0 { deadline = nil }
        (pending, pendingFired) = (0, 0)
    }

    mutating func rollBack(_ reader: any StoreReader) throws {
        (pending, pendingFired, isRefusing) = (0, 0, false)
        rollBacks += 1
    }

    var nextDeadline: Timestamp? { deadline }

    mutating func fire(_ batch: Batch) throws {
        try batch.append(Drafts.entry(1)) { _ in pendingFired += 1 }
    }
}
