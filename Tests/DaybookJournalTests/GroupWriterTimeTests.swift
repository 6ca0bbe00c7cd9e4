import DaybookFormat
import DaybookSystem
import Glibc
import Testing

@testable import DaybookJournal

/// Deadlines of a fold, under a clock that was ahead once.
@Suite(.timeLimit(.minutes(20))) struct GroupWriterTimeTests {
    private static let start: UInt64 = 1_767_225_600_000_000_000

    @Test func aDeadlineIsMetInTimeAlsoWhenTheLastEntryIsAhead() async throws {
        let store = MemoryStore()
        let ahead = ManualClock(Self.start + 3_600_000_000_000)
        _ = try Journal.create(in: store, event: Drafts.created, clock: ahead)
        // Whoever opens it now has the right time, an hour before the last entry.
        let clock = SplitClock(wall: Self.start)
        let journal = try Journal.open(store, clock: clock)
        #expect(journal.clockLag == .seconds(3_600))
        let writer = try GroupWriter(journal, fold: AlarmFold(after: .milliseconds(300)))
        clock.pass(.milliseconds(299))
        // Its answer says that the writer's thread has looked at the time.
        _ = try await writer.perform { () -> GroupWriter<AlarmFold>.Decide<Int> in
            { _, _ in .success(0) }
        }
        #expect(writer.inspect { $0.fired } == 0)
        clock.pass(.milliseconds(1))
        await until { writer.inspect { $0.fired } > 0 }
        writer.stop()
        let last = try #require(try journal.entries().last)
        #expect(last.header.time.rawValue == Self.start + 3_600_300_000_000)
        #expect(journal.clockLag == .seconds(3_600))
    }

    /// Nothing is written with such a time, and what is due is met when the clock is set right.
    @Test func aTimeOfDayThatNoJournalTakesIsRefusedAndPasses() async throws {
        let clock = SplitClock(wall: Self.start)
        let journal = try Journal.create(in: MemoryStore(), event: Drafts.created, clock: clock)
        let writer = try GroupWriter(journal, fold: AlarmFold(after: .seconds(5)))
        clock.set(wall: .max)
        let error = await #expect(throws: JournalError.self) {
            try await writer.perform { () -> GroupWriter<AlarmFold>.Decide<Int> in
                { _, batch in
                    try batch.append(Drafts.entry(1)) { _ in }
                    return .success(1)
                }
            }
        }
        #expect(error?.code == .clock)
        #expect(try journal.entries().count == 1)
        clock.set(wall: Self.start)
        clock.pass(.seconds(5))
        await until { writer.inspect { $0.fired } > 0 }
        writer.stop()
        let last = try #require(try journal.entries().last)
        #expect(last.header.time.rawValue == Self.start + 5_000_000_000)
    }

    @Test func theTimeOfDayMayGoBackUnderAProcess() async throws {
        let clock = SplitClock(wall: Self.start)
        let journal = try Journal.create(in: MemoryStore(), event: Drafts.created, clock: clock)
        let writer = try GroupWriter(journal, fold: AlarmFold(after: .seconds(5)))
        clock.set(wall: Self.start - 86_400_000_000_000)
        clock.pass(.seconds(5))
        await until { writer.inspect { $0.fired } > 0 }
        writer.stop()
        let last = try #require(try journal.entries().last)
        #expect(last.header.time.rawValue == Self.start + 5_000_000_000)
        #expect(journal.clockLag == .seconds(86_400))
    }
}

/// A time of day that can be set, beside a time that only passes.
final class SplitClock: WallClock {
    private struct State {
        var wall: UInt64
        var elapsed: UInt64 = 1_000
        var wakes: [@Sendable () -> Void] = []
    }

    private let state: Locked<State>

    init(wall: UInt64) { state = Locked(State(wall: wall)) }

    func now() -> Timestamp { Timestamp(rawValue: state.withLock { $0.wall }) }
    func elapsed() -> UInt64 { state.withLock { $0.elapsed } }
    func check() throws(JournalError) {
        let wall = state.withLock { $0.wall }
        try SystemClock.check(timespec(tv_sec: Int(wall / 1_000_000_000), tv_nsec: 0))
    }

    func set(wall: UInt64) { state.withLock { $0.wall = wall } }

    func pass(_ duration: Duration) {
        let nanoseconds = UInt64(duration / .nanoseconds(1))
        let wakes = state.withLock { state in
            state.wall += nanoseconds
            state.elapsed += nanoseconds
            return state.wakes
        }
        for wake in wakes { wake() }
    }

    func onChange(_ wake: @escaping @Sendable () -> Void) -> Bool {
        state.withLock { $0.wakes.append(wake) }
        return true
    }
}

/// Writes one entry a while after the last one that it has seen.
private struct AlarmFold: JournalFold {
    private(set) var next: UInt64 = 0
    private(set) var fired = 0
    private var pendingFired = 0
    private var deadline: Timestamp?
    private let delay: Duration

    init(after delay: Duration) { self.delay = delay }

    mutating func apply(committed entry: EntryView, _ reader: any StoreReader) throws {
        next = entry.header.sequence + 1
        let nanoseconds = UInt64(delay / .nanoseconds(1))
        deadline = Timestamp(rawValue: entry.header.time.rawValue + nanoseconds)
    }

    mutating func commit() {
        guard pendingFired > 0 else { return }
        next += UInt64(pendingFired)
        fired += pendingFired
        (deadline, pendingFired) = (nil, 0)
    }

    mutating func rollBack(_ reader: any StoreReader) throws { pendingFired = 0 }

    var nextDeadline: Timestamp? { deadline }

    mutating func fire(_ batch: Batch) throws {
        try batch.append(Drafts.entry(1)) { _ in pendingFired += 1 }
    }
}
