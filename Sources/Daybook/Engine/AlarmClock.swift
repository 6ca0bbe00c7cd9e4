import DaybookFormat
import DaybookJournal
import DaybookSystem
import HeapModule

/// Calls back at times that need not survive the process, by the clock of the engine.
final class AlarmClock: Sendable {
    private struct Alarm: Comparable {
        let time: Timestamp
        let number: UInt64
        let ring: @Sendable () -> Void

        static func < (left: Alarm, right: Alarm) -> Bool {
            (left.time, left.number) < (right.time, right.number)
        }

        static func == (left: Alarm, right: Alarm) -> Bool {
            (left.time, left.number) == (right.time, right.number)
        }
    }

    private struct State {
        var alarms = Heap<Alarm>()
        var cancelled: Set<UInt64> = []
        var nextNumber: UInt64 = 0
        var isStopped = false
        /// Something has changed since the thread last looked.
        var isStale = false
    }

    private let clock: any WallClock
    private let isManual: Bool
    private let state: Locked<State>
    private let thread = Locked<SystemThread?>(nil)

    /// - Throws: `SystemError`.
    init(_ clock: any WallClock) throws {
        self.clock = clock
        let state = Locked(State())
        self.state = state
        isManual = clock.onChange {
            state.withLock { $0.isStale = true }
            state.wakeAll()
        }
        let started = try SystemThread.start { [self] in run() }
        thread.withLock { $0 = started }
    }

    /// Has `ring` called once at a time.
    /// - Returns: what to ``cancel(_:)`` it by.
    func set(for time: Timestamp, _ ring: @escaping @Sendable () -> Void) -> UInt64 {
        let number = state.withLock { state in
            state.nextNumber += 1
            state.alarms.insert(Alarm(time: time, number: state.nextNumber, ring: ring))
            state.isStale = true
            return state.nextNumber
        }
        state.wakeAll()
        return number
    }

    /// Has an alarm not ring any more, if it has not rung.
    func cancel(_ number: UInt64) { state.withLock { _ = $0.cancelled.insert(number) } }

    /// Ends the thread. Nothing rings any more.
    func stop() {
        state.withLock { $0.isStopped = true }
        state.wakeAll()
        let running = thread.withLock { thread in
            defer { thread = nil }
            return thread
        }
        running?.join()
    }

    private func run() {
        while true {
            let now = clock.now()
            let (due, next, isStopped) = state.withLock { state in
                state.isStale = false
                return (Self.take(&state, now), state.alarms.min?.time, state.isStopped)
            }
            if isStopped { return }
            for alarm in due { alarm.ring() }
            let isChanged = { (state: borrowing State) in state.isStale || state.isStopped }
            if let next, !isManual {
                state.wait(until: isChanged, orAt: next.rawValue) { _ in }
            } else {
                state.wait(until: isChanged) { _ in }
            }
        }
    }

    /// Takes out what is due, and what was cancelled before it.
    private static func take(_ state: inout State, _ now: Timestamp) -> [Alarm] {
        var due: [Alarm] = []
        while let first = state.alarms.min {
            let isCancelled = state.cancelled.contains(first.number)
            guard isCancelled || first.time <= now else { break }
            state.alarms.removeMin()
            state.cancelled.remove(first.number)
            if !isCancelled { due.append(first) }
        }
        return due
    }
}
