import DaybookSystem

/// Tasks of an engine that somebody waits for at the end.
final class TaskSet: Sendable {
    private struct State {
        var tasks: [UInt64: Task<Void, Never>] = [:]
        var next: UInt64 = 0
    }

    private let state = Locked(State())
    private let executor: any TaskExecutor

    /// - Parameter executor: where they run.
    init(_ executor: any TaskExecutor) { self.executor = executor }

    /// How many have not ended.
    var count: Int { state.withLock { $0.tasks.count } }

    /// Starts a task.
    /// - Parameter body: given what the task can be cancelled by.
    func start(_ body: @escaping @Sendable (TaskCanceller) async -> Void) {
        let canceller = TaskCanceller()
        // It cannot take itself off the list before it is on it.
        let task = state.withLock { state in
            state.next += 1
            let number = state.next
            let task = Task(executorPreference: executor) { [self] in
                await body(canceller)
                self.state.withLock { $0.tasks[number] = nil }
            }
            state.tasks[number] = task
            return task
        }
        canceller.set(task)
    }

    /// Waits until all have ended, those included that are started meanwhile.
    func waitForAll() async {
        while let task = state.withLock({ $0.tasks.first?.value }) { await task.value }
    }
}

/// Cancels a task that has begun or is about to.
final class TaskCanceller: Sendable {
    private struct State {
        var task: Task<Void, Never>?
        var isCancelled = false
    }

    private let state = Locked(State())

    /// Has the task told, as soon as it is known.
    func cancel() {
        let task = state.withLock { state in
            state.isCancelled = true
            return state.task
        }
        task?.cancel()
    }

    fileprivate func set(_ task: Task<Void, Never>) {
        let isCancelled = state.withLock { state in
            state.task = task
            return state.isCancelled
        }
        if isCancelled { task.cancel() }
    }
}
