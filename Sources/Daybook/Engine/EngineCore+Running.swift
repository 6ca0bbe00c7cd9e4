import DaybookFormat
import DaybookJournal
import DaybookModel
import DaybookSystem
import Logging

extension EngineCore {
    /// Reads the history of an execution and runs its code, until that has ended.
    /// - Parameter isFresh: it runs for the first time under this lease.
    func live(_ lease: Lease, isFresh: Bool, _ canceller: TaskCanceller) async {
        let (number, epoch) = (lease.execution, lease.epoch)
        let activation: Activation
        do {
            // What has come up to here is read with the history, the rest by following it.
            let end = isFresh ? lease.claim : (published(number)?.last ?? lease.claim) + 1
            let history = JournalHistory(journal: writer.journal, execution: number)
            activation = try Activation(self, lease, history, end: end)
        } catch {
            let isDamaged = await giveUp(lease, error)
            carryOut(
                machines.tell {
                    $0.residency.couldNotLoad(number, epoch: epoch, isDamaged: isDamaged)
                }
            )
            settle()
            return
        }
        activation.begin(canceller)
        carryOut(machines.tell { $0.residency.loaded(number, epoch: epoch, activation) })
        // What came between the look at the state and this moment is in the journal by now. One that
        // runs for the first time has waited for nothing.
        if activation.isResumed { activation.follow(mayWake: true) }
        let ending = await run(activation)
        carryOut(
            machines.tell { machines in
                if case .gone = ending { machines.dispatcher.progress() }
                return machines.residency.ended(number, epoch: epoch, ending)
            }
        )
        // What completes here is no news from outside.
        removeWorkspaces(of: [number])
        settle()
    }

    /// Does what is right about an execution that the journal, or the machine, keeps from going on.
    /// - Returns: whether its history cannot be read: then its lease is kept.
    private func giveUp(_ lease: Lease, _ error: any Error) async -> Bool {
        if let shortage = Shortage.found(in: error) {
            hold(lease, .shortage(shortage))
        } else if let refusal = error as? SecretError {
            keeper.access.close(refusal)
        } else if Self.isDamage(error) {
            setAside(lease, error)
            return true
        } else {
            hold(lease, .journal(error))
        }
        await release(lease)
        return false
    }

    /// Whether an error is about the history of one execution, and not about the journal as a whole.
    static func isDamage(_ error: any Error) -> Bool {
        guard let error = error as? JournalError else { return !(error is SystemError) }
        return error.code == .integrity
    }

    /// Runs an activation to its end, and records what it came to.
    private func run(_ activation: Activation) async -> Residency<Activation>.Ending {
        let lease = activation.lease
        observe(.activated(lease, resumed: activation.isResumed))
        do {
            if activation.isForCleaning {
                try await clean(activation)
                return .gone
            }
            try await record(activation, try await outcome(activation))
            return .gone
        } catch {
            return await close(activation, error)
        }
    }

    /// Runs what was registered for an end from outside, and closes the execution.
    private func clean(_ activation: Activation) async throws {
        let lease = activation.lease
        guard let workflow = workflows[lease.type] else { throw Self.unknownWorkflow(lease.type) }
        try await activation.clean(workflow)
        let sequence = try await perform { Release(lease, logs: try activation.takeLogs()) }
        observe(.cleaned(lease, sequence: sequence))
    }

    private static func unknownWorkflow(_ type: Name) -> OperationError {
        OperationError(
            code: "unknown-workflow",
            message: "this process has no workflow of the name \(type)"
        )
    }

    /// Runs the handler to its end.
    private func outcome(
        _ activation: Activation
    ) async throws -> RunEnd {
        let lease = activation.lease
        guard let workflow = workflows[lease.type] else {
            return RunEnd(.failure(Self.unknownWorkflow(lease.type)))
        }
        return try await workflow.outcome(activation)
    }

    private func record(
        _ activation: Activation,
        _ end: RunEnd
    ) async throws {
        let lease = activation.lease
        switch end.result {
        case .success(let output) where output.count > payloadLimit:
            try await record(activation, RunEnd(.failure(.tooLarge(output.count, payloadLimit))))
        case .success(let output):
            if let refusal = activation.secrets?.refusal(of: output, "what the handler returned") {
                return try await record(activation, RunEnd(.failure(refusal)))
            }
            let sequence = try await perform {
                Complete(
                    lease,
                    output: try activation.seal(
                        output,
                        as: end.contentType ?? outputType(of: lease.type)
                    ),
                    operations: activation.operationCount,
                    runOutput: end.run?.sequence ?? 0,
                    isEventful: activation.isEventful,
                    logs: try activation.takeLogs()
                )
            }
            // Whoever waits with the workflow's types is given what its handler returned.
            board.tell(.output(lease.execution), .output(end.run?.output ?? output))
            observe(.ended(lease, sequence: sequence, failure: nil))
        case .failure(let thrown):
            var failure = activation.secrets?.redacted(thrown) ?? thrown
            if failure.facts.isRetryable, let workflow = workflows[lease.type] {
                failure.facts.isRetryable = workflow.isRetryable(failure)
            }
            let ended = try await perform {
                Fail(
                    lease,
                    failure.facts,
                    payloads: try activation.seal(failure),
                    failedOperation: failure.origin,
                    cause: end.cause,
                    logs: try activation.takeLogs()
                )
            }
            if let retryAt = ended.retryAt {
                observe(
                    .attemptFailed(
                        lease,
                        sequence: ended.sequence,
                        failure: failure,
                        retryAt: retryAt
                    )
                )
            } else {
                observe(.ended(lease, sequence: ended.sequence, failure: failure))
            }
        }
    }

    private func park(_ lease: Lease, _ doubt: InDoubt) async throws {
        let message = try SealedPayloads([.text(doubt.description)], limit: payloadLimit)
        _ = try await perform { ParkInDoubt(lease, doubt.doubts, message: message) }
        options.logger.error(
            "execution parked",
            metadata: ["id": "\(lease.id)", "doubt": "\(doubt)"]
        )
    }

    /// Has children cancelled a few at a time, before their parent goes on as a new run, until so few are
    /// left that it may cancel them itself.
    private func cancelManyChildren(of lease: Lease, besides branch: ContinuingBranch) async throws
    {
        guard hasManyChildren(lease.execution) else { return }
        try checkMayGoOn(lease, branch)
        // Other branches wait for them. That these no longer count is recorded first: should this process
        // die in between, only the branch that goes on is run again.
        for around in branch.operations {
            do {
                _ = try await perform {
                    SettleBranches(
                        lease,
                        around.operation,
                        branch: around.branch,
                        failed: true,
                        gathered: around.gathered
                    )
                }
            } catch let refusal as Refusal where refusal.code == .conflict {
                // It has decided that before this process began, or it has lost and decides nothing more.
                try checkMayGoOn(lease, branch)
            }
        }
        while hasManyChildren(lease.execution) {
            guard try await perform({ CancelLeftChildren(lease) }) else { break }
        }
    }

    /// Asked before anything is recorded: no body of it runs any more that could change the answer.
    /// - Throws: ``Refusal/Code/conflict`` when it cannot go on as a new run.
    private func checkMayGoOn(_ lease: Lease, _ branch: ContinuingBranch) throws(Refusal) {
        let objection = writer.inspect {
            $0.state.objectionToGoOn(lease.execution, in: branch.scope)
        }
        if let objection { throw Refusal(.conflict, objection) }
    }

    /// Whether more children of an execution are open than one commit should cancel.
    private func hasManyChildren(_ number: UInt64) -> Bool {
        writer.inspect { $0.state.openChildCount(of: number) } > CancelLeftChildren.limit
    }

    /// The content type of what a workflow's handler returns; nil: that of the codec.
    private func outputType(of type: Name) -> String? {
        workflows[type].map { codec.contentType(of: $0.types.output) }
    }

    /// Ends an activation that has no outcome.
    private func close(
        _ activation: Activation,
        _ error: any Error
    ) async -> Residency<Activation>.Ending {
        let lease = activation.lease
        var reason = activation.latched ?? .journalFailed(error)
        if let refusal = error as? Refusal {
            switch refusal.code {
            case .staleLease: reason = .leaseLost
            case .ended: reason = .ended
            default: break
            }
        }
        activation.latch(reason)
        var ending = Residency<Activation>.Ending.gone
        do {
            switch reason {
            case .diverged(let divergence):
                let correction =
                    workflows[lease.type]?.correction(divergence, false) ?? divergence.correction
                let message = try SealedPayloads(
                    [.text("\(divergence); \(correction); then retry it")],
                    limit: payloadLimit
                )
                _ = try await perform { Park(lease, divergence, message: message) }
                options.logger.error(
                    "execution parked",
                    metadata: ["id": "\(lease.id)", "divergence": "\(divergence)"]
                )
            case .inDoubt(let doubt): try await park(lease, doubt)
            case .stopping, .paused:
                await release(lease, logs: try activation.takeLogs(goesOn: true))
            case .ended: await release(lease, logs: try activation.takeLogs())
            case .continuing(let input):
                let branch = activation.state.withLock { $0.continuesIn }
                try await cancelManyChildren(of: lease, besides: branch)
                let next = try await perform {
                    ContinueAsNew(
                        lease,
                        input: try activation.seal(
                            input,
                            as: workflows[lease.type].map { codec.contentType(of: $0.types.input) }
                        ),
                        in: branch.scope,
                        isEventful: activation.isEventful,
                        logs: try activation.takeLogs()
                    )
                }
                if case .named = options.claims { claim(next) }
            case .leaseLost, .historyEnded: break
            case .evicted: ending = .evicted
            case .shortage(let shortage): _ = await giveUp(lease, shortage)
            case .journalFailed(let error):
                if await giveUp(lease, error) { ending = .damaged }
            }
        } catch let refusal as Refusal where refusal.code == .ended {
            await release(lease)
        } catch let refusal as Refusal where refusal.code == .conflict && reason.isContinuing {
            // What other branches have recorded meanwhile decides: the handler is run again over it.
            options.logger.debug("run again", metadata: ["reason": "\(refusal)"])
            await release(lease)
            reason = .evicted
        } catch let refusal as Refusal where refusal.code == .staleLease {
            options.logger.debug("lease is gone", metadata: ["reason": "\(refusal)"])
        } catch {
            keep(lease, because: error)
        }
        observe(.closed(lease, reason))
        return ending
    }
}

extension RegisteredWorkflow {
    /// Runs the handler over its history and to its end.
    /// - Returns: its encoded output, or what it threw.
    /// - Throws: `CancellationError` when the activation has no outcome.
    func outcome(_ activation: Activation) async throws -> RunEnd {
        let input = try activation.input()
        // Before work is done whose end could not be put together.
        if finalizer != nil, !activation.isResumed {
            do throws(OperationError) {
                try activation.checkCodecOfFamily()
            } catch {
                return RunEnd(.failure(error))
            }
        }
        let context = WorkflowContext(activation, startedAt: activation.submittedAt)
        var outcome: RunEnd
        do {
            let output = try await activation.intercepted {
                try await run(input, context, activation.host.codec)
            }
            outcome = RunEnd(.success(output))
        } catch {
            // What the machine lacks, or fails at, is not the workflow's failure.
            activation.latch(ifOfTheMachine: error)
            outcome = RunEnd(.failure(OperationError(recording: error)))
        }
        // Whatever the handler made of it: a latched activation has no outcome.
        try activation.checkOpen()
        if case .success(let output) = outcome.result {
            outcome = try await context.finish(self, output)
        }
        // What ran again has failed, or something is not there: what follows stays for the next attempt.
        var mayEndEarly = false
        if case .failure = outcome.result {
            mayEndEarly =
                activation.replayLog.hasReopened || activation.state.withLock { $0.isLacking }
        }
        if !mayEndEarly { try activation.checkConsumed() }
        return outcome
    }
}
