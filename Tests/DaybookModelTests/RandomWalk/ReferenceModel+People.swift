import DaybookFormat

@testable import DaybookModel

/// Interventions, signals, and what happens by itself.
extension ReferenceModel {
    private func answer(_ known: Execution, _ status: ExecutionStatus, wasSo: Bool)
        -> Outcome<InterventionAnswer>
    {
        .granted(InterventionAnswer(number: known.number, status: status, wasSo: wasSo))
    }

    /// Ends an execution: nothing happens to it by itself any more.
    @discardableResult
    mutating func end(
        _ number: UInt64,
        _ status: ExecutionStatus,
        _ code: String = "",
        _ types: [String] = [],
        closes: Bool
    ) -> UInt64 {
        let end = now.rawValue
        return write(number, types) {
            $0.status = status
            $0.ended = $0.last
            $0.finishedAt = end
            $0.errorCode = code
            $0.isDelayed = false
            $0.isParked = false
            $0.deadline = 0
            $0.isClosed = closes
            if closes { $0.holder = 0 }
            if closes, status != .completed, !$0.secrets.isEmpty { $0.secretsEnd = end }
            let failures: [ExecutionStatus] = [
                .failed, .timedOut, .childrenTasksFailed, .finalizeTaskFailed,
            ]
            if failures.contains(status) { $0.previousFailure = $0.last }
            $0.stopChildren { _ in true }
            $0.stopSpawned()
            $0.waits.removeAll { $0.kind == .child }
        }
    }

    mutating func cancel(_ id: Name, force: Bool) -> Outcome<InterventionAnswer> {
        guard let known = newest(id) else { return .refused(.notFound) }
        if force, known.owes { return .granted(skip(known)) }
        if known.status == .cancelled { return answer(known, .cancelled, wasSo: true) }
        guard !known.status.isFinal else { return .refused(.wrongState) }
        let stands = known.registered.contains { $0.stands }
        if force, stands { write(known.number) { $0.skipCleaning() } }
        let closes = !isHeld(known) && (force || !stands) && known.children.isEmpty
        end(known.number, .cancelled, "cancelled", closes: closes)
        if !closes { freeForCleaning(known.number) }
        return answer(known, .cancelled, wasSo: false)
    }

    mutating func setPaused(_ isPaused: Bool, _ id: Name) -> Outcome<InterventionAnswer> {
        guard let known = newest(id) else { return .refused(.notFound) }
        guard !known.status.isFinal || known.owes else { return .refused(.wrongState) }
        if known.isPaused != isPaused { write(known.number) { $0.isPaused = isPaused } }
        return answer(known, known.status, wasSo: known.isPaused == isPaused)
    }

    mutating func retry(
        _ id: Name,
        secrets: [Name] = []
    ) -> Outcome<InterventionAnswer> {
        guard let known = newest(id) else { return .refused(.notFound) }
        if known.isCleaning, known.isParked {
            if !secrets.isEmpty, known.parent != 0 { return .refused(.invalidArgument) }
            defer { store(secrets, of: known.number) }
            write(known.number) {
                $0.isParked = false
                $0.losses = 0
                $0.holder = 0
                $0.countAnew()
            }
            return answer(known, known.status, wasSo: false)
        }
        if known.isCleaning { return .refused(.conflict) }
        switch known.status {
        case .completed: return .refused(.wrongState)
        case .failed, .timedOut, .cancelled, .expired, .childrenTasksFailed, .finalizeTaskFailed:
            break
        default: guard known.isParked else { return .refused(.conflict) }
        }
        // Its parent was told.
        if known.status.isFinal, known.parent != 0 { return .refused(.conflict) }
        if known.archived != 0 { return .refused(.archived) }
        if known.erased != 0 { return .refused(.erased) }
        if !secrets.isEmpty, known.parent != 0 { return .refused(.invalidArgument) }
        expireSecrets(of: known.number)
        reopen(known.number, secrets)
        return answer(known, .ready, wasSo: false)
    }

    mutating func reopen(_ number: UInt64, _ secrets: [Name] = []) {
        let now = now.rawValue
        write(number) {
            if $0.startAt == 0 { $0.startAt = now }
            if $0.status.isFinal {
                $0.reopenCleaning()
                $0.dropSpawned()
            }
            if $0.status.isFinal || !$0.isParked { $0.beginNextAttempt() }
            $0.status = .ready
            $0.isClosed = false
            $0.isParked = false
            $0.doubts = []
            $0.isDelayed = false
            $0.losses = 0
            $0.holder = 0
            // An attempt that goes on goes on with its time.
            if $0.beginsAttempt { $0.deadline = 0 }
            $0.finishedAt = 0
            $0.errorCode = ""
            $0.secretsEnd = 0
            $0.countAnew()
        }
        store(secrets, of: number)
        settleSpawned(number)
    }

    /// - Returns: how much else is in doubt.
    mutating func resolve(
        _ id: Name,
        _ path: OperationPath,
        _ types: [String],
        isDone: Bool
    ) -> Outcome<Int> {
        guard let known = newest(id) else { return .refused(.notFound) }
        guard !known.isClosed, known.isParked || !known.status.isFinal else {
            return .refused(.wrongState)
        }
        guard known.isParked, known.doubts.contains(where: { OperationPath($0) == path }) else {
            return .refused(.conflict)
        }
        let left = known.doubts.filter { OperationPath($0) != path }
        write(known.number, types) {
            $0.doubts = left
            if !isDone { $0.dropStarted(path) }
            guard left.isEmpty else { return }
            $0.isParked = false
            if !$0.status.isFinal { $0.status = .ready }
        }
        return .granted(left.count)
    }

    mutating func repin(_ id: Name, to revision: Name) -> Outcome<InterventionAnswer> {
        guard let known = newest(id) else { return .refused(.notFound) }
        guard !known.isClosed else { return .refused(.wrongState) }
        guard known.terms.isPinned else { return .refused(.conflict) }
        let wasSo = known.revision == revision
        if !wasSo {
            let sequence = write(known.number) { $0.revision = revision }
            // It goes to the end of another queue.
            if known.isClaimable { change(known.number) { $0.readySince = sequence } }
        }
        return answer(known, known.status, wasSo: wasSo)
    }

    mutating func signal(
        _ id: Name,
        _ name: Name,
        _ signalID: Name?,
        failure: String? = nil
    ) -> Outcome<Signal.Answer> {
        guard let known = newest(id) else { return .refused(.notFound) }
        guard !known.status.isFinal else { return .refused(.wrongState) }
        if let signalID, known.signalIDs.contains(signalID) {
            return .granted(Signal.Answer(sequence: nil, isDelivered: false))
        }
        let sequence = write(known.number) { execution in
            execution.signals.append((name, execution.last, failure))
            if let signalID { execution.signalIDs.insert(signalID) }
        }
        let wait = known.waits.first { $0.kind == .signal && $0.operation.name == name }
        if let wait {
            wake(known, wait)
            take(known.number, sequence)
        }
        return .granted(Signal.Answer(sequence: sequence, isDelivered: wait != nil))
    }

    /// Ends a wait: what nobody runs is ready, what somebody runs goes on.
    mutating func wake(_ known: Execution, _ wait: Waiting) {
        let readies = known.status == .waiting && !sessions.contains(known.holder)
        write(known.number) {
            $0.waits.removeAll { $0.sequence == wait.sequence }
            if readies {
                $0.status = .ready
                $0.holder = 0
            } else if $0.status == .waiting {
                $0.status = .running
            }
        }
    }

    // MARK: Time

    /// Sees to what is due, each deadline on what those before it have made of its execution.
    mutating func fire(limit: Int) -> Int {
        var count = settleFamilies(upTo: limit)
        while count < limit, let due = deadlines.first, due.time <= now.rawValue,
            let known = executions[due.number]
        {
            count += 1
            if let wait = known.waits.first(where: { $0.sequence == due.wait }) {
                wake(known, wait)
            } else if known.status == .submitted {
                end(known.number, .expired, "expired", closes: true)
            } else if known.isDelayed {
                write(known.number) {
                    $0.isDelayed = false
                    $0.deadline = 0
                }
            } else {
                _ = endAttempt(
                    known,
                    ErrorFacts(kind: .timedOut, code: "timed_out"),
                    [],
                    isByTime: true
                )
            }
        }
        return count + expireSecrets(upTo: limit - count)
    }

    /// Ends an attempt with an error.
    /// - Returns: the sequence of the entry, and when another follows.
    mutating func endAttempt(
        _ known: Execution,
        _ error: ErrorFacts,
        _ types: [String],
        isByTime: Bool,
        failed: OperationPath? = nil,
        cause: FailureCause = .code
    ) -> (sequence: UInt64, retryAt: UInt64?) {
        let policy = known.terms.retry
        let isHeld = isByTime && isHeld(known)
        let tries = known.attempt - min(known.attempt, known.attemptsBefore)
        guard cause == .code, error.isRetryable, error.kind != .cancelled,
            tries < policy.maxAttempts,
            !policy.fatalCodes.contains(error.code),
            policy.retryableCodes.isEmpty || policy.retryableCodes.contains(error.code)
        else {
            let status: ExecutionStatus =
                switch (cause, error.kind) {
                case (.children, _): .childrenTasksFailed
                case (.finalizer, _): .finalizeTaskFailed
                case (_, .timedOut): .timedOut
                case (_, .cancelled): .cancelled
                default: .failed
                }
            let first = known.failedChildren.filter(\.hasFailed).compactMap { $0.ending?.at }.min()
            let compensates = !isByTime && known.compensates
            if !isByTime { leaveCleaningOut(known, fails: true) }
            let closes =
                known.children.isEmpty && !compensates
                && (!isByTime || !isHeld && !known.registered.contains { $0.stands })
            let sequence = end(known.number, status, error.code, types, closes: closes)
            if let failed {
                change(known.number) {
                    if compensates {
                        $0.endedBy = failed
                    } else {
                        $0.undo(failed)
                        $0.failStopped()
                    }
                }
            }
            if cause == .children, let first { change(known.number) { $0.finishedAt = first } }
            if !closes, isByTime { freeForCleaning(known.number) }
            if !closes, !isByTime { write(known.number) { $0.holder = 0 } }
            return (sequence, nil)
        }
        let delay = Self.delay(policy, tries: tries)
        let retryAt = now.rawValue + delay
        // What is to be undone is not taken back before.
        let key = failed.map { $0.scope + [$0.position] } ?? []
        let loses = known.registered.contains {
            $0.compensates
                && (Execution.follows($0.place, key) || $0.undoes == .success && $0.place == key)
        }
        let failed = loses ? nil : failed
        let sequence = write(known.number, types) {
            $0.status = .ready
            if !isHeld { $0.holder = 0 }
            if let failed { $0.undo(failed) }
            $0.beginNextAttempt()
            $0.previousFailure = $0.last
            $0.isDelayed = delay > 0
            $0.deadline = delay > 0 ? retryAt : 0
        }
        return (sequence, retryAt)
    }

    /// The walk's policies have whole multipliers and no jitter.
    static func delay(_ policy: RetryPolicy, tries: UInt32) -> UInt64 {
        var delay = policy.baseDelay.wholeNanoseconds
        for _ in 1..<max(tries, 1) { delay *= UInt64(policy.multiplier) }
        return min(delay, policy.maxDelay?.wholeNanoseconds ?? .max)
    }
}
