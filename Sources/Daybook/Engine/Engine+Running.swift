import DaybookFormat
import DaybookJournal
import DaybookModel
import DaybookSystem
import Logging

extension Engine {
    /// Runs an activation to its end, and records what it came to.
    func run(_ activation: Activation) async {
        let lease = activation.lease
        observe(.activated(lease, resumed: lease.epoch > 1))
        do {
            let outcome = try await outcome(activation)
            try await record(activation, outcome)
        } catch {
            await close(activation, error)
        }
    }

    /// Runs the handler to its end.
    private func outcome(
        _ activation: Activation
    ) async throws -> Result<[UInt8], OperationError> {
        let lease = activation.lease
        guard let workflow = workflows[lease.type] else {
            return .failure(
                OperationError(
                    code: "unknown-workflow",
                    message: "this process has no workflow of the name \(lease.type)"
                )
            )
        }
        return try await workflow.outcome(activation)
    }

    private func record(
        _ activation: Activation,
        _ outcome: Result<[UInt8], OperationError>
    ) async throws {
        let lease = activation.lease
        switch outcome {
        case .success(let output) where output.count > payloadLimit:
            try await record(activation, .failure(.tooLarge(output.count, payloadLimit)))
        case .success(let output):
            let sequence = try await perform {
                Complete(
                    lease,
                    output: try seal(output),
                    operations: activation.operationCount,
                    logs: try activation.takeLogs()
                )
            }
            observe(.ended(lease, sequence: sequence, failure: nil))
        case .failure(var failure):
            if failure.facts.isRetryable, let workflow = workflows[lease.type] {
                failure.facts.isRetryable = workflow.isRetryable(failure)
            }
            let end = try await perform {
                Fail(
                    lease,
                    failure.facts,
                    payloads: try seal(failure),
                    logs: try activation.takeLogs()
                )
            }
            if let retryAt = end.retryAt {
                observe(
                    .attemptFailed(
                        lease,
                        sequence: end.sequence,
                        failure: failure,
                        retryAt: retryAt
                    )
                )
            } else {
                observe(.ended(lease, sequence: end.sequence, failure: failure))
            }
        }
    }

    /// Ends an activation that has no outcome.
    private func close(_ activation: Activation, _ error: any Error) async {
        let lease = activation.lease
        var reason =
            (error as? ContextClosed)?.reason ?? activation.latched
            ?? ContextClosed.Reason.journalFailed(error)
        if let refusal = error as? Refusal {
            switch refusal.code {
            case .staleLease: reason = .leaseLost
            case .ended: reason = .ended
            default: break
            }
        }
        activation.latch(reason)
        do {
            switch reason {
            case .diverged(let divergence):
                let message = try SealedPayloads(
                    [.text(divergence.description)],
                    limit: payloadLimit
                )
                _ = try await perform { Park(lease, divergence, message: message) }
                options.logger.error(
                    "execution parked",
                    metadata: ["id": "\(lease.id)", "divergence": "\(divergence)"]
                )
            case .stopping, .ended, .paused:
                await release(lease, logs: try activation.takeLogs())
            case .continuing(let input):
                let next = try await perform {
                    ContinueAsNew(
                        lease,
                        input: try seal(input),
                        logs: try activation.takeLogs()
                    )
                }
                if case .named = options.claims { claim(next) }
            case .leaseLost, .evicted, .historyEnded: break
            case .journalFailed(let error):
                halt(lease, error)
                await release(lease)
            }
        } catch let refusal as Refusal where refusal.code == .ended {
            await release(lease)
        } catch let refusal as Refusal where refusal.code == .staleLease {
            options.logger.debug("lease is gone", metadata: ["reason": "\(refusal)"])
        } catch {
            running.withLock { $0.unreleased.append(lease) }
            fail(lease.execution, error)
        }
        observe(.closed(lease, reason))
    }
}

extension RegisteredWorkflow {
    /// Runs the handler over its history and to its end.
    /// - Returns: its encoded output, or what it threw.
    /// - Throws: ``ContextClosed`` when the activation has no outcome.
    func outcome(_ activation: Activation) async throws -> Result<[UInt8], OperationError> {
        let input = try activation.value(at: activation.lease.execution)
        let context = WorkflowContext(
            activation,
            startedAt: activation.time(of: activation.lease.execution)
        )
        let outcome: Result<[UInt8], OperationError>
        do {
            outcome = .success(try await run(input, context, activation.host.codec))
        } catch {
            outcome = .failure(OperationError(recording: error))
        }
        // Whatever the handler made of it: a latched activation has no outcome.
        try activation.checkOpen()
        if let record = try activation.unconsumedRecord() {
            throw activation.diverge(
                Divergence(
                    sequence: record.sequence,
                    recorded: record.operation,
                    attempted: nil,
                    location: name
                )
            )
        }
        return outcome
    }
}
