import DaybookFormat
import DaybookModel
import DaybookSystem

/// How operations wait, and how it is known that all of them do.
extension Activation {
    /// Has an operation begin to wait.
    /// - Parameters:
    ///   - group: the branch that it belongs to.
    ///   - failed: the try of its body after which it waits for the next one.
    ///   - command: says so.
    /// - Returns: what was recorded, and what has ended the wait; nil when there was nothing to wait
    ///   for.
    func wait<C: SuspendingCommand>(
        _ operation: Operation,
        _ group: BranchGroup?,
        failed: (error: OperationError, tries: UInt32)? = nil,
        beginning command: () throws -> C
    ) async throws -> (recorded: Suspension, wake: Replay.Wake?) {
        let place = OperationPath(operation)
        var isSuspended = false
        do {
            let recorded = try await performCounted(command) {
                isSuspended = true
                $0.suspend()
            }
            guard recorded.waits else {
                resume()
                // The entry that says so is read as a wake later, and nobody waits for it.
                abandon(place)
                return (recorded, nil)
            }
            tellOfWait(operation, recorded, failed)
            if recorded.isIdle { try await becameIdle() }
            return (recorded, try await wake(of: operation, group))
        } catch {
            if isSuspended {
                resume()
                abandon(place)
            }
            throw error
        }
    }

    /// Has an operation wait that is recorded as waiting.
    /// - Returns: what has ended the wait.
    func wait(_ operation: Operation, _ group: BranchGroup?) async throws -> Replay.Wake {
        try checkMayBegin()
        let place = OperationPath(operation)
        if let wake = state.withLock({ $0.early.removeValue(forKey: place) }) {
            tellOfWake(operation, wake)
            return wake
        }
        let isLast = state.withLock { state in
            state.suspend()
            return state.isSuspended
        }
        do {
            if isLast { try await suspendExecution() }
            return try await wake(of: operation, group)
        } catch {
            resume()
            abandon(place)
            throw error
        }
    }

    /// Records that all of it waits, unless something of it goes on by now.
    private func suspendExecution() async throws {
        let recorded = try await performCounted({ Suspend(lease) }) { _ in }
        if recorded.isIdle { try await becameIdle() }
    }

    /// Performs a command that says with how many operations the execution waits, if nothing of it runs. They
    /// are counted in the order in which commands are decided.
    /// - Parameter change: what becomes of the code first.
    private func performCounted<C: SuspendingCommand>(
        _ command: () throws -> C,
        _ change: (inout ActivationState) -> Void
    ) async throws -> Suspension {
        try await latching {
            var unread: (any Error)?
            let recorded = try await host.perform(command) { command, enqueue in
                state.withLock { state in
                    var command = command
                    change(&state)
                    state.cameEarly = false
                    do {
                        if state.isSuspended {
                            command.ahead = try replayLog.waitsAhead()
                            command.suspended = state.suspended
                        }
                    } catch {
                        unread = error
                    }
                    enqueue(command)
                }
            }
            if let unread { throw unread }
            return recorded
        }
    }

    /// Has whatever comes for an operation later not keep the activation from being idle.
    private func abandon(_ place: OperationPath) {
        state.withLock { state in
            // One wake ends a wait: once it has been read no other follows.
            guard state.wakes.removeValue(forKey: place) == nil,
                state.early.removeValue(forKey: place) == nil
            else { return }
            state.abandoned.insert(place)
        }
    }

    /// Waits until something has come for an operation, which goes on then.
    private func wake(
        of operation: Operation,
        _ group: BranchGroup?
    ) async throws -> Replay.Wake {
        let place = OperationPath(operation)
        while true {
            try checkOpen()
            // It counts as one that goes on from the moment at which its wake is taken.
            let (wake, wasIdle) = state.withLock { state in
                let wake =
                    state.wakes.removeValue(forKey: place)
                    ?? state.early.removeValue(forKey: place)
                return (wake, wake != nil && state.resume())
            }
            if wasIdle { host.becameIdle(self, false) }
            if let wake {
                tellOfWake(operation, wake)
                return wake
            }
            try group?.checkOpen()
            try Task.checkCancellation()
            await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    let waits = state.withLock { state in
                        guard state.latch == nil, state.wakes[place] == nil,
                            state.early[place] == nil, !Task.isCancelled
                        else { return false }
                        state.waiters[place] = continuation
                        return true
                    }
                    if !waits { continuation.resume() }
                }
            } onCancel: {
                state.withLock { $0.waiters.removeValue(forKey: place) }?.resume()
            }
        }
    }

    /// Tells observers that an operation waits.
    private func tellOfWait(
        _ operation: Operation,
        _ recorded: Suspension,
        _ failed: (error: OperationError, tries: UInt32)?
    ) {
        let until = recorded.deadline
        guard let failed else {
            let sequence = recorded.sequence
            return host.observe(.waiting(lease, operation, sequence: sequence, until: until))
        }
        host.observe(
            .retrying(
                lease,
                operation,
                sequence: recorded.sequence,
                failure: failed.error,
                tries: failed.tries,
                retryAt: until
            )
        )
    }

    /// Tells observers that an operation that waited goes on.
    func tellOfWake(_ operation: Operation, _ wake: Replay.Wake) {
        var signal: UInt64?
        if case .signal(let sequence, _, _) = wake { signal = sequence }
        host.observe(.woke(lease, operation, signal: signal))
    }

    private func resume() {
        if state.withLock({ $0.resume() }) { host.becameIdle(self, false) }
    }

    private func becameIdle() async throws {
        let (isIdle, hasChanged) = state.withLock { state in
            // Of what had come before the whole history was read it is known by now where it belongs.
            for place in state.wakes.keys where replayLog.isAhead(place) {
                state.early[place] = state.wakes.removeValue(forKey: place)
            }
            let isIdle = state.isSuspended && state.wakes.isEmpty
            // Since it was recorded that all of it waits something has come that says otherwise.
            let hasChanged = isIdle && state.cameEarly
            state.isIdle = isIdle && !hasChanged
            return (state.isIdle, hasChanged)
        }
        if hasChanged { return try await suspendExecution() }
        if isIdle { host.becameIdle(self, true) }
    }

    /// So many branches more have something to do, beside the one that began them.
    func beginBranches(_ count: Int) { state.withLock { $0.active += count } }

    /// A branch has ended while others go on.
    func endBranch() async throws {
        let isLast = state.withLock { state in
            state.active -= 1
            return state.isSuspended && state.latch == nil
        }
        if isLast { try await suspendExecution() }
    }

    /// What was found when looking what has come.
    enum Followed: Sendable {
        /// What has come, if anything has, was handed out.
        case handedOut
        /// Something could go on, and needs a turn for it.
        case needsTurn
        /// It has come for operations to which the code has not come: all of it waits on, which is to be
        /// recorded. See ``standStill()``.
        case standsStill
    }

    /// Reads what has come meanwhile.
    /// - Parameter mayWake: the execution has a turn, and what waited goes on. Otherwise it goes on
    ///   only if other code of the execution runs.
    @discardableResult
    func follow(mayWake: Bool) -> Followed {
        let wakes: [OperationPath: Replay.Wake]
        do {
            wakes = try replayLog.follow()
        } catch {
            latch(.journalFailed(error))
            return .handedOut
        }
        let (followed, waiters) = state.withLock { state in
            var cameEarly = false
            for (place, wake) in wakes where state.abandoned.remove(place) == nil {
                // The code comes to its record later, and finds it then.
                if replayLog.isAhead(place) {
                    state.early[place] = wake
                    cameEarly = true
                } else {
                    state.wakes[place] = wake
                }
            }
            guard !state.wakes.isEmpty else {
                guard cameEarly, state.isIdle else {
                    if cameEarly { state.cameEarly = true }
                    return (Followed.handedOut, [CheckedContinuation<Void, Never>]())
                }
                state.isIdle = false
                return (.standsStill, [])
            }
            if state.isIdle, !mayWake { return (.needsTurn, []) }
            state.isIdle = false
            // In the order of the code, not of the table: so that a run can be repeated.
            let waiters = state.wakes.keys.sorted().compactMap {
                state.waiters.removeValue(forKey: $0)
            }
            return (.handedOut, waiters)
        }
        for waiter in waiters { waiter.resume() }
        return followed
    }

    /// Records that all of it waits on after something has come for operations to which the code has not come.
    func standStill() async {
        do {
            try await suspendExecution()
        } catch {
            // The first reason why it is over stays.
            latch(.journalFailed(error))
        }
    }
}
