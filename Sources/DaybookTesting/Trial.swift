import DaybookSystem

/// One run of a test under a schedule: what all of its engines have in common.
final class Trial: Sendable {
    /// The one that the test that runs is part of; nil: each engine has its own.
    @TaskLocal static var current: Trial?

    struct State {
        var turns: Turns
        var disturbance: Disturbance?
        /// Entries that were written, over all engines.
        var entries = 0
        /// The number of the first entry that is of an execution.
        var firstOfExecution: Int?
        /// The last entry of each batch.
        var batches: [Int] = []
        /// The last batch was to be lost, or was the last one.
        var isDead = false
        var isToShutDown = false
        /// What the executions of each engine came to, by the engine's number.
        var endings: [Int: [Ending]] = [:]
        var engines = 0
    }

    private let state: Locked<State>
    /// It compares, and is compared with, other runs.
    let isCompared: Bool

    init(_ schedule: Schedule, isCompared: Bool) {
        self.isCompared = isCompared
        state = Locked(State(turns: Turns(schedule), disturbance: schedule.disturbance))
    }

    /// What it has come to so far.
    var found: State { state.withLock { $0 } }

    func newEngine() -> Int {
        state.withLock { state in
            state.engines += 1
            return state.engines
        }
    }

    func note(_ endings: [Ending], of engine: Int) {
        state.withLock { $0.endings[engine] = endings }
    }

    /// From now on this is to happen; nil: nothing.
    func arm(_ disturbance: Disturbance?) { state.withLock { $0.disturbance = disturbance } }

    func turn(among count: Int) -> Int { state.withLock { $0.turns.next(among: count) } }

    // MARK: Writing

    /// Whether a batch is to be lost.
    /// - Parameter count: how many entries it has.
    func loses(_ count: Int) -> Bool {
        state.withLock { state in
            guard let next = state.disturbance, next.kind == .crashBefore, count > 0,
                state.entries + count > next.entry
            else { return false }
            state.disturbance = nil
            state.isDead = true
            return true
        }
    }

    /// A batch is on the disk.
    /// - Parameter isOfExecution: whether an entry of it is of an execution.
    func wrote(_ count: Int, isOfExecution: Bool) {
        guard count > 0 else { return }
        state.withLock { state in
            if isOfExecution, state.firstOfExecution == nil {
                state.firstOfExecution = state.entries
            }
            state.entries += count
            state.batches.append(state.entries - 1)
            guard let next = state.disturbance, state.entries > next.entry else { return }
            switch next.kind {
            case .crashAfter: state.isDead = true
            case .shutdownAfter: state.isToShutDown = true
            // It was to come before what has been written long since.
            case .crashBefore: break
            }
            state.disturbance = nil
        }
    }

    /// Whether the process is dead, which is told once.
    func takeDeath() -> Bool {
        state.withLock { state in
            defer { state.isDead = false }
            return state.isDead
        }
    }

    /// Whether the process is to be shut down, which is told once.
    func takeShutdown() -> Bool {
        state.withLock { state in
            defer { state.isToShutDown = false }
            return state.isToShutDown
        }
    }
}
