import DaybookFormat
import DaybookModel
import DaybookSystem

/// The body of an operation with its verification: what it gives, encoded.
typealias OperationBody = (RunningOperation) async throws -> (data: [UInt8], verified: Bool)

extension Activation {
    /// Runs an operation that is not recorded, and records its outcome.
    /// - Returns: the outcome and its entry.
    func run(
        _ operation: Operation,
        _ group: BranchGroup?,
        _ settings: CheckpointSettings,
        _ decodes: (EncodedValue) throws -> [UInt8],
        _ body: @escaping OperationBody
    ) async throws -> (sequence: UInt64, outcome: Result<[UInt8], OperationError>) {
        try checkMayBegin()
        guard host.hasEffects else {
            latch(.historyEnded)
            throw CancellationError()
        }
        var tries: UInt32 = 0
        if settings.options.retry != nil {
            tries = try self.tries(of: operation)?.count ?? 0
            if tries > 0 { try await waitForRecordedTry(operation, group) }
        }
        var settings = settings
        let refusal = dropLargeInput(&settings)
        // Only what was begun before this activation can be in doubt.
        var past = isResumed ? try self.past(of: operation) : nil
        while true {
            try checkOpen()
            try group?.checkOpen()
            let settled = try past.flatMap { try settle($0, operation, settings, decodes) }
            let said = settled ?? refusal.map { .failure($0) }
            let resolution = settled == nil ? nil : past?.resolution?.sequence
            let startedAt = (said == nil ? nil : past?.start?.time) ?? host.now()
            let mayHaveHappened = past?.isInDoubt ?? false
            past = nil
            let outcome: Result<(data: [UInt8], verified: Bool), OperationError>
            if let said {
                outcome = said
            } else {
                let context = OperationContext(
                    self,
                    operation,
                    tries: tries + 1,
                    mayHaveHappened: mayHaveHappened,
                    group,
                    settings.options.timeout.map { _ in BodyTimer() }
                )
                outcome = try await self.outcome(operation, group, settings, context, body)
            }
            // What was interrupted, or told to stop, may have done its work before it failed; what gave
            // something that cannot be recorded has.
            var compensates = settings.compensation != nil
            if compensates, case .failure(let error) = outcome {
                compensates =
                    said == nil
                    ? error.facts.kind == .timedOut || error.leavesWork : mayHaveHappened
            }
            if case .failure(let error) = outcome, let policy = settings.options.retry,
                policy.retries(error.facts, after: tries + 1), latched == nil,
                // Tries of what cleans up are not counted in the journal.
                !(isForCleaning && said != nil && mayHaveHappened)
            {
                tries += 1
                try await waitForNextTry(operation, group, error, tries, policy, compensates)
                continue
            }
            return try await record(
                operation,
                outcome,
                settings,
                startedAt,
                compensates,
                saidBy: resolution
            )
        }
    }

    /// Runs the body once.
    private func outcome(
        _ operation: Operation,
        _ group: BranchGroup?,
        _ settings: CheckpointSettings,
        _ context: OperationContext,
        _ body: @escaping OperationBody
    ) async throws -> Result<(data: [UInt8], verified: Bool), OperationError> {
        let timer = context.timer
        // What an earlier run may have done is there whatever this one fails with.
        let leavesWork = context.mayHaveHappened ? Locked(true) : nil
        let running = RunningOperation(context: context) { isKnownNotDone in
            if isKnownNotDone { leavesWork?.withLock { $0 = false } }
            var sequence: UInt64?
            if settings.recordsStart {
                sequence = try await self.perform {
                    // Not what only waited its turn when it was over.
                    try self.checkOpen()
                    return StartOperation(
                        self.lease,
                        operation,
                        asks: settings.options.onDoubt == .askPerson,
                        once: settings.options.onDoubt.isOnce,
                        compensates: settings.compensation != nil,
                        input: context.tries > 1
                            ? nil : try settings.input.map { try self.host.seal($0) }
                    )
                }
            }
            self.host.observe(.started(self.lease, operation, sequence: sequence))
        }
        do {
            let value: (data: [UInt8], verified: Bool)
            if let timeout = settings.options.timeout {
                // Unsafe only in name: as in `timed`.
                nonisolated(unsafe) let (body, running) = (body, running)
                value = try await timed(timeout, timer) { try await body(running) }
            } else {
                value = try await body(running)
            }
            // What is done is recorded, also when the handler has been told to stop meanwhile.
            if let reason = latched, !reason.keepsLease { throw CancellationError() }
            if let refusal = refusal(of: value.data, operation) {
                return .failure(refusal.leavingWork)
            }
            return .success(value)
        } catch {
            let failure = try failure(of: error, group)
            return .failure(leavesWork?.withLock { $0 } == true ? failure.leavingWork : failure)
        }
    }

    /// Why what a body has given cannot be recorded; nil: it can.
    private func refusal(of data: [UInt8], _ operation: Operation) -> OperationError? {
        data.count > host.payloadLimit
            ? .tooLarge(data.count, host.payloadLimit)
            : secrets?.refusal(of: data, "the value of \(operation.name)")
    }

    /// What an operation has failed with whose body threw.
    /// - Throws: what says that this is not the operation's failure.
    func failure(of error: any Error, _ group: BranchGroup?) throws -> OperationError {
        // Neither is what the machine lacks, or fails at, the operation's failure.
        latch(ifOfTheMachine: error)
        // A body that is told to stop throws: that is not the operation's failure.
        try checkOpen()
        try group?.checkOpen()
        // What the handler sees is what is recorded.
        let thrown = OperationError(recording: error)
        var failure = (secrets?.redacted(thrown) ?? thrown).fitting(host.payloadLimit)
        // What another operation has left is its own.
        if thrown.origin != nil { failure.leavesWork = false }
        failure.origin = nil
        failure.branch = []
        return failure
    }

    /// Runs a body, and tells it through task cancellation when its time is over. One that does not
    /// listen is waited for.
    func timed<Value: Sendable>(
        _ timeout: Duration,
        _ timer: BodyTimer? = nil,
        _ body: @escaping () async throws -> Value
    ) async throws -> Value {
        let timer = timer ?? BodyTimer()
        let alarm = host.setAlarm(after: timeout) { timer.ring() }
        defer { host.cancelAlarm(alarm) }
        // Unsafe only in name: this task waits for the child that runs the body, and does nothing
        // with it meanwhile.
        nonisolated(unsafe) let body = body
        return try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask {
                defer { timer.end() }
                return try await body()
            }
            group.addTask {
                await timer.wait()
                return nil
            }
            var result: Value?
            do {
                while let value = try await group.next() {
                    if let value { result = value }
                    if timer.isOver { group.cancelAll() }
                }
            } catch {
                timer.end()
                throw timer.isOver && latched == nil ? OperationError.timedOut(timeout) : error
            }
            guard let result else { throw OperationError.timedOut(timeout) }
            return result
        }
    }

    /// Waits for the try that an earlier activation has put off.
    func waitForRecordedTry(_ operation: Operation, _ group: BranchGroup?) async throws {
        if let wake = try wake(of: operation) {
            tellOfWake(operation, wake)
        } else {
            _ = try await wait(operation, group)
        }
    }

    private func waitForNextTry(
        _ operation: Operation,
        _ group: BranchGroup?,
        _ error: OperationError,
        _ tries: UInt32,
        _ policy: RetryPolicy,
        _ compensates: Bool
    ) async throws {
        if isForCleaning {
            let delay = policy.delay(after: tries, seed: [lease.execution])
            return try await pause(for: Duration(nanoseconds: delay))
        }
        _ = try await wait(operation, group, failed: (error, tries)) {
            RetryOperation(
                lease,
                operation,
                error.facts,
                payloads: try host.seal(error),
                tries: tries,
                policy: policy,
                compensates: compensates,
                suspended: nil,
                logs: try takeLogs(in: operation.scope)
            )
        }
    }

    /// What of an outcome goes into the execution's store; with the outcome, which is a failure if that cannot be
    /// recorded.
    private func storing(
        _ outcome: Result<(data: [UInt8], verified: Bool), OperationError>,
        _ settings: CheckpointSettings
    ) throws -> (Result<(data: [UInt8], verified: Bool), OperationError>, StoredValues) {
        guard let storing = settings.storing, case .success(let value) = outcome else {
            return (outcome, .none)
        }
        do {
            let stored = try storing(value.data)
            if let large = stored.values.first(where: { $0.data.count > host.payloadLimit }) {
                throw OperationError.tooLarge(large.data.count, host.payloadLimit)
            }
            return (outcome, stored)
        } catch {
            return (.failure(try failure(of: error, nil).leavingWork), .none)
        }
    }

    /// - Parameter resolution: the entry by which a person has said what became of it; nil: nobody has.
    func record(
        _ operation: Operation,
        _ outcome: Result<(data: [UInt8], verified: Bool), OperationError>,
        _ settings: CheckpointSettings,
        _ startedAt: Timestamp,
        _ compensates: Bool = false,
        saidBy resolution: UInt64? = nil
    ) async throws -> (sequence: UInt64, outcome: Result<[UInt8], OperationError>) {
        let (outcome, stored) = try storing(outcome, settings)
        let failure: OperationError? = if case .failure(let error) = outcome { error } else { nil }
        // Where a start is recorded the input is with it; what was found done has none.
        var isFoundDone = false
        if case .success((_, verified: true)) = outcome { isFoundDone = true }
        let input = settings.recordsStart && !isFoundDone ? nil : settings.input
        let taken = try await takeWorkspace()
        defer { taken.share?.giveBack() }
        let take = taken.take
        let sequence: UInt64
        do {
            sequence = try await perform(bytes: take?.payloads.byteCount ?? 0) {
                RecordOutcome(
                    self.lease,
                    operation,
                    try self.host.seal(outcome, settings, input, stored),
                    startedAt: startedAt,
                    hasInput: input != nil,
                    compensates: compensates,
                    resolution: resolution ?? 0,
                    logs: try self.takeLogs(in: operation.scope),
                    workspace: take
                )
            }
        } catch {
            tellWorkspace(take, isRecorded: false)
            guard error is CancellationError, case .journalFailed(let cause) = latched,
                failure != nil
            else { throw error }
            throw RecordingFailed(bodyError: failure, recordingError: cause)
        }
        tellWorkspace(take, isRecorded: true)
        if !stored.isEmpty { noteStoreChange(sequence) }
        noteOperation()
        let source: EngineEvent.OutcomeSource =
            resolution != nil ? .person : isFoundDone ? .verification : .body
        host.observe(
            .recorded(lease, operation, sequence: sequence, from: source, failure: failure)
        )
        try checkOpen()
        return (sequence, outcome.map { $0.data })
    }
}

/// Whether the time of a body is over, and the task to tell it by.
final class BodyTimer: Sendable {
    private struct State {
        var isOver = false
        var hasEnded = false
    }

    private let state = Locked(State())
    private let bell = AsyncStream.makeStream(of: Void.self)

    var isOver: Bool { state.withLock { $0.isOver } }

    func ring() {
        state.withLock { if !$0.hasEnded { $0.isOver = true } }
        bell.continuation.finish()
    }

    /// The body has ended, in time or not.
    func end() {
        state.withLock { $0.hasEnded = true }
        bell.continuation.finish()
    }

    func wait() async { for await _ in bell.stream {} }
}

extension OperationError {
    /// The same error, of what has done its work all the same.
    package var leavingWork: OperationError {
        var error = self
        error.leavesWork = true
        return error
    }

    /// A body took too long.
    static func timedOut(_ timeout: Duration) -> OperationError {
        OperationError(
            code: "timed_out",
            message: "the body took longer than \(timeout)",
            kind: .timedOut
        )
    }

    /// More is put into the store at once than one entry takes.
    static func storeTooLarge(_ stored: StoredValues) -> OperationError {
        OperationError(
            code: "store-too-large",
            message:
                "\(stored.values.count) values were to be put into the store with one outcome, and \(stored.removed.count) removed; that takes \(stored.size) bytes of an entry, and \(StoredValues.limit) at most are taken: put many into one value, or into several jobs",
            isRetryable: false
        )
    }

    /// A value has more bytes than a payload may have.
    static func tooLarge(_ size: Int, _ limit: Int) -> OperationError {
        OperationError(
            code: "payload-too-large",
            message: PayloadTooLarge(size: size, limit: limit).description,
            isRetryable: false
        )
    }
}
