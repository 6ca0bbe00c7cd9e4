import DaybookFormat
import DaybookModel

extension Activation {
    /// Runs an operation that is not recorded, and records its outcome.
    func run(
        _ operation: Operation,
        _ group: BranchGroup?,
        _ settings: CheckpointSettings,
        _ body: (RunningOperation) async throws -> (data: [UInt8], verified: Bool)
    ) async throws -> (sequence: UInt64, data: [UInt8]) {
        var tries: UInt32 = 0
        if settings.retry != nil {
            tries = try replayLog.tries(of: operation)
            if tries > 0, try replayLog.wake(of: operation) == nil {
                _ = try await wait(operation, group)
            }
        }
        while true {
            try checkOpen()
            try group?.checkOpen()
            let startedAt = host.now()
            let outcome = try await outcome(operation, group, settings, tries: tries, body)
            if case .failure(let error) = outcome, let policy = settings.retry,
                policy.retries(error.facts, after: tries + 1), latched == nil
            {
                tries += 1
                try await waitForNextTry(operation, group, error, tries, policy)
                continue
            }
            return try await record(operation, outcome, startedAt)
        }
    }

    /// Runs the body once.
    private func outcome(
        _ operation: Operation,
        _ group: BranchGroup?,
        _ settings: CheckpointSettings,
        tries: UInt32,
        _ body: (RunningOperation) async throws -> (data: [UInt8], verified: Bool)
    ) async throws -> Result<(data: [UInt8], verified: Bool), OperationError> {
        let context = OperationContext(self, operation, tries: tries + 1)
        let running = RunningOperation(context: context) {
            var sequence: UInt64?
            if settings.recordsStart {
                sequence = try await self.perform { StartOperation(self.lease, operation) }
            }
            self.host.observe(.started(self.lease, operation, sequence: sequence))
        }
        do {
            let value = try await body(running)
            // What is done is recorded, also when the handler has been told to stop meanwhile.
            if let reason = latched, !reason.keepsLease { throw ContextClosed(reason: reason) }
            guard value.data.count <= host.payloadLimit else {
                return .failure(.tooLarge(value.data.count, host.payloadLimit))
            }
            return .success(value)
        } catch let error as ContextClosed {
            throw error
        } catch {
            // A body that is told to stop throws: that is not the operation's failure.
            try checkOpen()
            try group?.checkOpen()
            return .failure(OperationError(recording: error))
        }
    }

    private func waitForNextTry(
        _ operation: Operation,
        _ group: BranchGroup?,
        _ error: OperationError,
        _ tries: UInt32,
        _ policy: RetryPolicy
    ) async throws {
        _ = try await wait(operation, group) { suspended in
            try await self.perform {
                RetryOperation(
                    self.lease,
                    operation,
                    error.facts,
                    payloads: try self.host.seal(error),
                    tries: tries,
                    policy: policy,
                    suspended: suspended,
                    logs: try self.takeLogs()
                )
            }
        }
    }

    private func record(
        _ operation: Operation,
        _ outcome: Result<(data: [UInt8], verified: Bool), OperationError>,
        _ startedAt: Timestamp
    ) async throws -> (sequence: UInt64, data: [UInt8]) {
        let failure: OperationError? = if case .failure(let error) = outcome { error } else { nil }
        let sequence: UInt64
        do {
            sequence = try await perform {
                RecordOutcome(
                    self.lease,
                    operation,
                    try self.host.seal(outcome),
                    startedAt: startedAt,
                    logs: try self.takeLogs()
                )
            }
        } catch let error as ContextClosed {
            guard case .journalFailed(let cause) = error.reason, failure != nil else { throw error }
            throw RecordingFailed(bodyError: failure, recordingError: cause)
        }
        noteOperation()
        var verified = false
        if case .success(let value) = outcome { verified = value.verified }
        host.observe(
            .recorded(lease, operation, sequence: sequence, verified: verified, failure: failure)
        )
        try checkOpen()
        return (sequence, try outcome.get().data)
    }
}

/// How a checkpoint is run.
struct CheckpointSettings: Sendable {
    var recordsStart = false
    var retry: RetryPolicy?
}

extension OperationError {
    /// A value has more bytes than a payload may have.
    static func tooLarge(_ size: Int, _ limit: Int) -> OperationError {
        OperationError(
            code: "payload-too-large",
            message: PayloadTooLarge(size: size, limit: limit).description,
            isRetryable: false
        )
    }
}
