import DaybookSystem

/// Runs tasks one job at a time on the thread that asks for it, and chooses among the jobs that are
/// ready by a seed: the same seed gives the same interleaving.
final class SeededExecutor: TaskExecutor {
    private struct State {
        var jobs: [UnownedJob] = []
        var random: SplitMix
    }

    private let state: Locked<State>

    init(seed: UInt64) { state = Locked(State(random: SplitMix(seed: seed))) }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        state.withLock { $0.jobs.append(job) }
    }

    /// How many jobs are ready.
    var ready: Int { state.withLock { $0.jobs.count } }

    /// A number that follows from the seed.
    func random(below limit: Int) -> Int {
        state.withLock { Int.random(in: 0..<limit, using: &$0.random) }
    }

    /// Runs one of the jobs that are ready.
    /// - Returns: whether there was one.
    func step() -> Bool {
        let job = state.withLock { state -> UnownedJob? in
            guard !state.jobs.isEmpty else { return nil }
            let index = Int.random(in: 0..<state.jobs.count, using: &state.random)
            return state.jobs.remove(at: index)
        }
        guard let job else { return false }
        job.runSynchronously(on: asUnownedTaskExecutor())
        return true
    }
}
