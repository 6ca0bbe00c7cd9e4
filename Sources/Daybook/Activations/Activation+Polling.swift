import DaybookFormat
import DaybookModel

/// How a poll looks.
struct PollSettings: Sendable {
    let policy: RetryPolicy
    let timeout: Duration?
    /// What the content type of the state and that of the outcome are.
    let stateType: String
    let valueType: String
}

/// What one look of a poll says, encoded.
enum PollAnswer: Sendable {
    case done([UInt8])
    case again([UInt8])
}

/// The body of a poll: it is given what the look before it left; nil: it is the first.
typealias PollBody = (RunningOperation, EncodedValue?) async throws -> PollAnswer

extension Activation {
    /// Has a poll look that is not recorded, until it is done, and records its outcome. What it leaves
    /// for the next look is kept in the journal.
    /// - Returns: the outcome and its entry.
    func poll(
        _ operation: Operation,
        _ group: BranchGroup?,
        _ settings: PollSettings,
        _ body: PollBody
    ) async throws -> (sequence: UInt64, outcome: Result<[UInt8], OperationError>) {
        try checkMayBegin()
        guard host.hasEffects else {
            latch(.historyEnded)
            throw CancellationError()
        }
        var checkpoint = CheckpointSettings()
        checkpoint.contentType = settings.valueType
        var tries: UInt32 = 0
        var state: EncodedValue?
        var deadline = settings.timeout.map { host.now().adding($0.wholeNanoseconds) }
        if let before = try self.tries(of: operation) {
            tries = before.count
            state = try value(at: before.sequence)
            deadline = before.deadline
            try await waitForRecordedTry(operation, group)
        }
        while true {
            try checkOpen()
            try group?.checkOpen()
            let startedAt = host.now()
            var answer: Result<PollAnswer, OperationError>
            do {
                answer = .success(try await look(operation, group, tries: tries, state, body))
            } catch {
                answer = .failure(try failure(of: error, group))
            }
            if case .success(.again(let next)) = answer {
                tries += 1
                if let failure = end(operation, settings, tries, deadline, next) {
                    answer = .failure(failure)
                } else {
                    state = EncodedValue(data: next)
                    try await waitForNextLook(operation, group, settings, next, tries, deadline)
                    continue
                }
            }
            let outcome = answer.map { answer -> (data: [UInt8], verified: Bool) in
                switch answer {
                case .done(let data), .again(let data): (data, false)
                }
            }
            return try await record(operation, outcome, checkpoint, startedAt)
        }
    }

    /// Looks once.
    private func look(
        _ operation: Operation,
        _ group: BranchGroup?,
        tries: UInt32,
        _ state: EncodedValue?,
        _ body: PollBody
    ) async throws -> PollAnswer {
        let context = OperationContext(self, operation, tries: tries + 1, group, nil)
        let running = RunningOperation(context: context) { _ in
            self.host.observe(.started(self.lease, operation, sequence: nil))
        }
        let answer = try await body(running, state)
        // What is done is recorded, also when the handler has been told to stop meanwhile.
        if let reason = latched, !reason.keepsLease { throw CancellationError() }
        if case .done(let data) = answer, data.count > host.payloadLimit {
            throw OperationError.tooLarge(data.count, host.payloadLimit)
        }
        return answer
    }

    /// Why there is no further look; nil: there is.
    private func end(
        _ operation: Operation,
        _ settings: PollSettings,
        _ tries: UInt32,
        _ deadline: Timestamp?,
        _ state: [UInt8]
    ) -> OperationError? {
        if state.count > host.payloadLimit { return .tooLarge(state.count, host.payloadLimit) }
        if let deadline, host.now() >= deadline {
            return OperationError(
                code: "timed_out",
                message: "the poll \(operation.name) looked \(tries) times, and its time is over",
                kind: .timedOut
            )
        }
        guard tries < settings.policy.maxAttempts else {
            return OperationError(
                code: "attempts-exhausted",
                message:
                    "the poll \(operation.name) looked \(tries) times, as often as it may, and was not done"
            )
        }
        return nil
    }

    private func waitForNextLook(
        _ operation: Operation,
        _ group: BranchGroup?,
        _ settings: PollSettings,
        _ state: [UInt8],
        _ tries: UInt32,
        _ deadline: Timestamp?
    ) async throws {
        _ = try await wait(operation, group) {
            RetryOperation(
                lease,
                operation,
                nil,
                payloads: try seal(state, as: settings.stateType),
                tries: tries,
                policy: settings.policy,
                deadline: deadline,
                suspended: nil,
                logs: try takeLogs(in: operation.scope)
            )
        }
    }
}
