import DaybookSystem

/// One run of a test under a schedule: what all of its engines have in common.
final class Trial: Sendable {
    /// The one that the test that runs is part of; nil: each engine has its own.
    @TaskLocal static var current: Trial?

    struct State {
        var turns: Turns
        /// What is to be done to whichever process writes an entry, by its number over all engines.
        var disturbance: Disturbance?
        /// What is to be done to the process of an engine, by the number of an entry of its journal.
        var armed: [Int: Disturbance] = [:]
        /// Entries that are there, over all engines.
        var entries = 0
        /// The number of the first entry that is of an execution.
        var firstOfExecution: Int?
        /// The last entry of each batch.
        var batches: [Int] = []
        /// Engines whose last batch was to be lost, or was the last one.
        var dead: Set<Int> = []
        /// Engines that are to be shut down.
        var leaving: Set<Int> = []
        /// What the executions of each engine came to, by the engine's number.
        var endings: [Int: [Ending]] = [:]
        var engines = 0
        var folders: [TemporaryJournal] = []
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

    /// Another engine is part of it.
    /// - Parameters:
    ///   - entries: how many its journal has.
    ///   - folder: of its journal; nil: it is in memory.
    /// - Returns: its number.
    func newEngine(entries: Int, _ folder: TemporaryJournal?) -> Int {
        state.withLock { state in
            state.engines += 1
            state.entries += entries
            // One that is alone removes its folder itself.
            if isCompared, let folder { state.folders.append(folder) }
            return state.engines
        }
    }

    /// The run is over. What died in it may hold its engines for ever: their folders go now.
    func end() {
        let folders = state.withLock { state in
            defer { state.folders = [] }
            return state.folders
        }
        for folder in folders { folder.remove() }
    }

    func note(_ endings: [Ending], of engine: Int) {
        state.withLock { $0.endings[engine] = endings }
    }

    /// From now on this is to happen to an engine's process; nil: nothing.
    func arm(_ disturbance: Disturbance?, of engine: Int) {
        state.withLock { $0.armed[engine] = disturbance }
    }

    /// Whether what is to happen to an engine's process has not.
    func isArmed(_ engine: Int) -> Bool { state.withLock { $0.armed[engine] != nil } }

    func turn(among count: Int) -> Int { state.withLock { $0.turns.next(among: count) } }

    // MARK: Writing

    /// Whether a batch is to be lost.
    /// - Parameter batch: the numbers of its entries in the engine's journal.
    func loses(_ batch: Range<Int>, of engine: Int) -> Bool {
        guard !batch.isEmpty else { return false }
        return state.withLock { state in
            if let next = state.armed[engine], next.kind == .crashBefore,
                batch.contains(next.entry)
            {
                state.armed[engine] = nil
                state.dead.insert(engine)
            } else if let next = state.disturbance, next.kind == .crashBefore,
                state.entries + batch.count > next.entry
            {
                state.disturbance = nil
                state.dead.insert(engine)
            }
            return state.dead.contains(engine)
        }
    }

    /// A batch is on the disk.
    /// - Parameters:
    ///   - batch: the numbers of its entries in the engine's journal.
    ///   - isOfExecution: whether an entry of it is of an execution.
    func wrote(_ batch: Range<Int>, of engine: Int, isOfExecution: Bool) {
        guard !batch.isEmpty else { return }
        state.withLock { state in
            if isOfExecution, state.firstOfExecution == nil {
                state.firstOfExecution = state.entries
            }
            state.entries += batch.count
            state.batches.append(state.entries - 1)
            if let next = state.armed[engine], batch.contains(next.entry),
                state.strike(engine, next)
            {
                state.armed[engine] = nil
            }
            if let next = state.disturbance, state.entries > next.entry {
                _ = state.strike(engine, next)
                state.disturbance = nil
            }
        }
    }

    /// Whether an engine's process is dead, which is told once.
    func takeDeath(of engine: Int) -> Bool {
        state.withLock { $0.dead.remove(engine) != nil }
    }

    /// Whether an engine's process is to be shut down, which is told once.
    func takeShutdown(of engine: Int) -> Bool {
        state.withLock { $0.leaving.remove(engine) != nil }
    }
}

extension Trial.State {
    /// Does what comes after a batch.
    /// - Returns: whether this does: one that was to come before it did not.
    fileprivate mutating func strike(_ engine: Int, _ disturbance: Disturbance) -> Bool {
        switch disturbance.kind {
        case .crashAfter: dead.insert(engine)
        case .shutdownAfter: leaving.insert(engine)
        case .crashBefore: return false
        }
        return true
    }
}
