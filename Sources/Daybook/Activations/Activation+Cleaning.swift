import DaybookFormat
import DaybookModel
import DaybookSystem

/// What is to be done should an execution end badly, as the handler's code says it.
struct CleaningWork: Sendable {
    /// The operation that registers it.
    let kind: Operation.Kind
    /// So long its code may take; nil: its operations have times of their own.
    let timeout: Duration?
    let body: @Sendable (WorkflowContext, DueCleaning) async throws -> Void
}

/// Who registers what is to be done at an end.
struct Registrar: Hashable, Sendable {
    let path: OperationPath
    let kind: Operation.Kind
    let name: Name
}

/// What an activation runs.
enum ActivationPhase: Sendable {
    /// The handler, or a replay of it.
    case handling
    /// The handler over its record and no further, to learn what it registered.
    case collecting
    /// What it registered.
    case cleaning
}

/// How an execution that has ended badly is cleaned up.
extension Activation {
    /// Whether it runs what was registered for an end, and not the handler.
    var isForCleaning: Bool { !lease.cleaning.isEmpty }

    /// Whether nothing may be asked for that is not recorded.
    var isCollecting: Bool {
        isForCleaning && state.withLock { if case .collecting = $0.phase { true } else { false } }
    }

    /// Whether what was registered runs by now.
    var isCleaning: Bool {
        isForCleaning && state.withLock { if case .cleaning = $0.phase { true } else { false } }
    }

    /// - Throws: `CancellationError` where the record ends, to a handler that is only run to learn what
    ///   it registered. Nothing is latched: branches beside it have records of their own.
    /// - Parameter condition: it does only then.
    func checkMayBegin(after condition: Bool = true) throws(CancellationError) {
        if condition, isCollecting { throw CancellationError() }
    }

    /// A handler has come by something that it registered.
    func note(_ work: CleaningWork, registeredBy operation: Operation) {
        guard isForCleaning else { return }
        let registrar = Registrar(
            path: OperationPath(operation),
            kind: work.kind,
            name: operation.name
        )
        state.withLock { $0.registered[registrar] = work }
    }

    /// Runs the handler over its record to learn what it registered, then what of that has not run:
    /// what was registered last comes first. The end of each is recorded; an error in one does not
    /// keep the others from running.
    /// - Throws: `CancellationError` when the activation is over, also because the code does not agree
    ///   with the record.
    func clean(_ workflow: RegisteredWorkflow) async throws {
        let missing = try await collectMissing(workflow)
        let registered = state.withLock { state in
            state.phase = .cleaning
            return state.registered
        }
        if let due = missing.first {
            throw diverge(
                Divergence(lostUndoingOf: due.operation, due.sequence, in: workflow.name.text)
            )
        }
        for due in lease.cleaning {
            guard let work = registered[due.registrar] else { continue }
            try checkOpen()
            let failure = try await run(work, due)
            _ = try await perform {
                EndCleaning(
                    lease,
                    due.operation,
                    try failure.map { ($0.facts, try seal($0)) },
                    logs: try takeLogs(in: due.scope)
                )
            }
        }
    }

    /// Runs the handler over its record, and no further.
    /// - Returns: what is to be done at the end, and the handler registers no more.
    func collectMissing(_ workflow: RegisteredWorkflow) async throws -> [DueCleaning] {
        try await collect(workflow)
        let registered = state.withLock { $0.registered }
        return lease.cleaning.filter { registered[$0.registrar] == nil }
    }

    /// Runs the handler over its record.
    private func collect(_ workflow: RegisteredWorkflow) async throws {
        state.withLock { $0.phase = .collecting }
        let context = WorkflowContext(self, startedAt: submittedAt)
        do {
            let output = try await workflow.run(try input(), context, host.codec)
            // What comes after the handler is recorded too.
            _ = try await context.finish(workflow, output)
        } catch {
            // However it ended: that is recorded. What the machine lacks is another matter.
            latch(ifOfTheMachine: error)
            if let erased = error as? PayloadErased { throw erased }
        }
        try checkOpen()
        if !replayLog.hasReopened { try checkConsumed() }
    }

    /// Runs what was registered, in a scope of its own and for as long as it may take.
    /// - Returns: what it failed with; nil: it ended well.
    private func run(_ work: CleaningWork, _ due: DueCleaning) async throws -> OperationError? {
        let context = WorkflowContext(self, cleaning: due.scope, startedAt: lease.endedAt)
        nonisolated(unsafe) let scope = context
        var failure: OperationError?
        do {
            if let timeout = work.timeout {
                try await timed(timeout) { try await work.body(scope, due) }
            } else {
                try await work.body(scope, due)
            }
        } catch {
            latch(ifOfTheMachine: error)
            failure = OperationError(recording: error).fitting(host.payloadLimit)
        }
        // What is done is recorded, also when it has been told to stop meanwhile.
        if failure != nil || latched?.keepsLease == false { try checkOpen() }
        if let record = try peek(in: due.scope) {
            throw diverge(
                Divergence(
                    sequence: record.sequence,
                    recorded: record.operation,
                    attempted: nil,
                    location:
                        "\(lease.type), \(due.compensates ? "undoing" : "on unfinished") \(due.name)"
                )
            )
        }
        return failure
    }

    /// Waits before another try, where nothing waits in the journal's sense: what cleans up is bounded
    /// by its time.
    func pause(for duration: Duration) async throws {
        let timer = BodyTimer()
        let alarm = host.setAlarm(after: duration) { timer.ring() }
        defer { host.cancelAlarm(alarm) }
        await timer.wait()
        try checkOpen()
        try Task.checkCancellation()
    }
}

extension DueCleaning {
    /// The operation that registered it.
    var operation: Operation {
        Operation(
            scope: path.scope,
            position: path.position,
            kind: registrar.kind,
            name: name,
            inputDigest: []
        )
    }

    /// Who registered it.
    var registrar: Registrar {
        Registrar(path: path, kind: compensates ? .checkpoint : .onUnfinished, name: name)
    }
}
