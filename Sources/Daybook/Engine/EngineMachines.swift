import DaybookModel
import DaybookSystem

/// How many leases this process takes: asked by whoever grants them.
protocol ClaimBudget: Sendable {
    /// Keeps all the room that is free.
    /// - Returns: for how many leases. Each of them is used by a lease that is told to the
    ///   ``NewsBoard``, or given back.
    func reserve() -> Int
    /// So many of them are not needed.
    func giveBack(_ count: Int)
}

/// The machines that decide what an engine does, behind one lock.
///
/// They do nothing themselves. Whoever tells them something carries out what they answer, after the
/// lock is free again.
final class EngineMachines: Sendable {
    struct State: Sendable {
        var residency: Residency<Activation>
        var dispatcher = Dispatcher()
        var sessions = SessionWatch(own: 0)
        var snapshots = SnapshotPace()
        /// An engine runs what they answer.
        fileprivate var isOpen = false
        /// What is to be done by the dispatcher's task, because whoever caused it must not.
        fileprivate var pending: [Residency<Activation>.Action] = []
    }

    private let state: Locked<State>
    private let board: NewsBoard

    init(_ options: EngineOptions, _ board: NewsBoard) {
        self.board = board
        let residency = Residency<Activation>(
            limit: max(options.maxConcurrent, 1),
            maxResident: max(options.maxResident, 0)
        )
        state = Locked(State(residency: residency))
    }

    /// Tells the machines something. No lock may be taken in `body`, but those of an activation.
    func tell<Result>(_ body: (inout State) -> Result) -> Result { state.withLock(body) }

    /// An engine runs them from now on.
    /// - Parameter session: the number of its session.
    func open(session: UInt64) {
        state.withLock { state in
            state.sessions = SessionWatch(own: session)
            state.isOpen = true
        }
    }

    /// Takes what is to be done by the dispatcher's task.
    func takePending() -> [Residency<Activation>.Action] {
        state.withLock { state in
            defer { state.pending = [] }
            return state.pending
        }
    }

    /// Keeps room for leases, unless nothing is taken on at this moment.
    func reserve(upTo most: Int) -> Int {
        state.withLock { state in
            guard state.isOpen, !state.dispatcher.isHeld else { return 0 }
            return state.residency.reserve(upTo: most)
        }
    }
}

extension EngineMachines: ClaimBudget {
    func reserve() -> Int { reserve(upTo: .max) }

    /// May be called with any lock held: turns that become free by it are given by the dispatcher.
    func giveBack(_ count: Int) {
        let hasPending = state.withLock { state in
            state.pending += state.residency.giveBack(count)
            return !state.pending.isEmpty
        }
        // Whoever waits until there is nothing to do may have found these turns in use.
        if hasPending || board.isAwaited(.idleness) { board.wakeDispatcher() }
    }
}
