import DaybookSystem

/// Runs tasks one job at a time on the thread that asks for it, in whatever order that says.
package final class StepExecutor: TaskExecutor {
    private let jobs = Locked<[UnownedJob]>([])

    package init() {}

    /// Adds a job to those that are ready.
    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        jobs.withLock { $0.append(job) }
        // Whoever drives it may wait for what comes from elsewhere.
        jobs.wakeAll()
    }

    /// How many jobs are ready.
    package var ready: Int { jobs.withLock { $0.count } }

    /// Runs one of the jobs that are ready.
    /// - Parameter index: which one, in the order in which they became ready.
    package func run(_ index: Int) {
        let job = jobs.withLock { $0.remove(at: index) }
        job.runSynchronously(on: asUnownedTaskExecutor())
    }

    /// Waits, in real time, until a job is ready.
    /// - Returns: whether one is.
    package func waitForJob(_ span: Duration) -> Bool {
        jobs.wait(until: { !$0.isEmpty }, orAfter: span) { !$0.isEmpty }
    }
}

/// Numbers that follow from a seed.
package struct SplitMix: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
