import DaybookFormat
import DaybookJournal
import DaybookModel
import DaybookSystem

/// Calls back at times that need not survive the process: nanoseconds of ``WallClock/elapsed()``.
/// Nothing rings early, or late, because somebody sets the machine's time of day.
///
/// On a clock that is set by hand it rings while that is set, on the thread that sets it.
final class AlarmClock: Sendable {
    private struct State {
        var deadlines = DeadlineQueue<UInt64>()
        var rings: [UInt64: @Sendable () -> Void] = [:]
        var nextNumber: UInt64 = 0
        var isStopped = false
        /// An earlier time has come in since the thread last looked.
        var isStale = false

        /// Takes out what is due, in order.
        mutating func takeDue(_ now: Timestamp) -> [@Sendable () -> Void] {
            var due: [@Sendable () -> Void] = []
            guard !isStopped else { return due }
            while let number = deadlines.takeFirst(by: now) {
                if let ring = rings.removeValue(forKey: number) { due.append(ring) }
            }
            return due
        }
    }

    /// After so long a wait the clock is looked at again: the system's waits do not count the time
    /// that the machine sleeps.
    private let patience: Duration
    private let clock: any WallClock
    private let isManual: Bool
    private let state: Locked<State>
    private let thread = Locked<SystemThread?>(nil)

    /// - Throws: `SystemError`.
    init(_ clock: any WallClock, patience: Duration = .seconds(30)) throws {
        self.clock = clock
        self.patience = patience
        let state = Locked(State())
        self.state = state
        isManual = clock.onChange { Self.ringDue(state, clock) }
        guard !isManual else { return }
        let started = try SystemThread.start { [self] in run() }
        thread.withLock { $0 = started }
    }

    /// Whether a thread waits for the times.
    var hasThread: Bool { !isManual }

    /// The first time at which something rings.
    var next: Timestamp? { state.withLock { $0.deadlines.first() } }

    /// How many alarms are kept.
    var count: Int { state.withLock { $0.rings.count } }

    /// Has `ring` called once after a span of time. One beyond the end of time never rings.
    /// - Returns: what to ``cancel(_:)`` it by.
    func set(after span: Duration, _ ring: @escaping @Sendable () -> Void) -> UInt64 {
        let (time, isBeyond) = clock.elapsed().addingReportingOverflow(span.wholeNanoseconds)
        return set(for: Timestamp(rawValue: isBeyond ? .max : time), ring)
    }

    /// Has `ring` called once at a time.
    /// - Returns: what to ``cancel(_:)`` it by.
    func set(for time: Timestamp, _ ring: @escaping @Sendable () -> Void) -> UInt64 {
        let (number, isFirst) = state.withLock { state in
            state.nextNumber += 1
            let number = state.nextNumber
            let isFirst = state.deadlines.first().map { time < $0 } ?? true
            state.deadlines.set(time, for: number)
            state.rings[number] = ring
            if isFirst { state.isStale = true }
            return (number, isFirst)
        }
        if isManual {
            Self.ringDue(state, clock)
        } else if isFirst {
            state.wakeAll()
        }
        return number
    }

    /// Has an alarm not ring any more, if it has not rung. Nothing is kept of it.
    func cancel(_ number: UInt64) {
        state.withLock { state in
            state.deadlines.remove(number)
            state.rings[number] = nil
        }
    }

    /// Nothing rings any more, and the thread ends. Blocks until it has.
    func stop() {
        state.withLock { $0.isStopped = true }
        state.wakeAll()
        let running = thread.withLock { thread in
            defer { thread = nil }
            return thread
        }
        running?.join()
    }

    private static func ringDue(_ state: Locked<State>, _ clock: any WallClock) {
        let now = Timestamp(rawValue: clock.elapsed())
        for ring in state.withLock({ $0.takeDue(now) }) { ring() }
    }

    private func run() {
        while true {
            let now = Timestamp(rawValue: clock.elapsed())
            let (due, next, isStopped) = state.withLock { state in
                state.isStale = false
                return (state.takeDue(now), state.deadlines.first(), state.isStopped)
            }
            if isStopped { return }
            for ring in due { ring() }
            let isChanged = { (state: borrowing State) in state.isStale || state.isStopped }
            if let next {
                // A moment of the past, if ringing took long.
                let left = next.rawValue - min(clock.elapsed(), next.rawValue)
                let span = min(Duration.nanoseconds(Int64(clamping: left)), patience)
                state.wait(until: isChanged, orAfter: span) { _ in }
            } else {
                state.wait(until: isChanged) { _ in }
            }
        }
    }
}
