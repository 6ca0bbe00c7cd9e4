import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Where tasks run: on another executor, but for one that has nobody beside it. That one runs on a
/// thread of its own, which may block where those of a pool should not.
///
/// Whoever knows whether there is but one says so by ``want(_:)``. The thread takes what comes next
/// while it has nothing to do, so nothing waits for it: neither a task that blocks it nor one that
/// runs for long keeps others from running.
package final class LoneThread: TaskExecutor {
    private struct State {
        var job: UnownedJob?
        /// The thread runs a job, or is about to.
        var isBusy = false
        var thread: SystemThread?
        var isStopping = false
    }

    private let others: any TaskExecutor
    private let isWanted = Atomic(false)
    private let state = Locked(State())

    /// - Parameter others: where everything else runs.
    package init(beside others: any TaskExecutor = globalConcurrentExecutor) {
        self.others = others
    }

    /// Whether what comes next is to run on the thread.
    package func want(_ isWanted: Bool) { self.isWanted.store(isWanted, ordering: .relaxed) }

    /// Whether the calling thread is this one.
    package var isCurrent: Bool {
        pthread_getspecific(Self.mark) == Unmanaged.passUnretained(self).toOpaque()
    }

    /// What marks such threads.
    private static let mark: pthread_key_t = {
        var key = pthread_key_t()
        pthread_key_create(&key, nil)
        return key
    }()

    /// Runs a task's next piece on the thread, if that is wanted and it has nothing to do.
    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        if isWanted.load(ordering: .relaxed), give(job) { return }
        others.enqueue(ExecutorJob(job))
    }

    private func give(_ job: UnownedJob) -> Bool {
        let isGiven = state.withLock { state in
            guard !state.isBusy, !state.isStopping else { return false }
            if state.thread == nil {
                do throws(SystemError) {
                    state.thread = try SystemThread.start { [self] in run() }
                } catch {
                    // The others do it.
                    return false
                }
            }
            state.job = job
            state.isBusy = true
            return true
        }
        if isGiven { state.wakeAll() }
        return isGiven
    }

    private func run() {
        pthread_setspecific(Self.mark, Unmanaged.passUnretained(self).toOpaque())
        let executor = asUnownedTaskExecutor()
        while let job = next() { job.runSynchronously(on: executor) }
    }

    private func next() -> UnownedJob? {
        state.withLock { $0.isBusy = $0.job != nil }
        return state.wait(until: { $0.job != nil || $0.isStopping }) { state in
            defer { state.job = nil }
            return state.job
        }
    }

    /// Has the thread end after what it runs. Nothing runs on it from now on.
    package func stop() {
        let thread = state.withLock { state in
            state.isStopping = true
            defer { state.thread = nil }
            return state.thread
        }
        state.wakeAll()
        // It may be the thread itself that asks.
        thread?.detach()
    }
}
