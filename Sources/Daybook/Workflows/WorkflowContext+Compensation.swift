import DaybookFormat
public import DaybookModel

/// How a checkpoint is undone.
public struct CompensationOptions: Sendable {
    /// Has it tried again when it throws. The delays are not kept over a crash: what undoes does not wait
    /// for timers. Nil: it is tried once.
    public var retry: RetryPolicy?
    /// So long a try may take; then it is told through task cancellation, and has failed with the code
    /// `timed_out`. One that does not listen is waited for.
    public var timeout: Duration

    /// By default it is tried once, and may take 60 seconds.
    public init(retry: RetryPolicy? = nil, timeout: Duration = .seconds(60)) {
        self.retry = retry
        self.timeout = timeout
    }

    /// - Throws: ``OperationError`` with the code `invalid-argument`.
    fileprivate func check(_ name: String) throws {
        do {
            try retry?.check()
        } catch {
            throw OperationError(recording: error)
        }
        guard timeout > .zero else {
            throw OperationError(
                code: "invalid-argument",
                message:
                    "the timeout of what undoes \(name) is \(timeout); give one above zero",
                isRetryable: false
            )
        }
    }

    fileprivate var checkpoint: CheckpointOptions {
        CheckpointOptions(retry: retry, timeout: timeout)
    }
}

extension WorkflowContext {
    /// How a checkpoint is undone that gives a value.
    /// - Throws: ``OperationError`` with the code `while-cleaning` to what cleans up, which is not undone;
    ///   with `invalid-argument` for options that make no sense.
    func undoing<Value: Codable & Sendable>(
        _ name: String,
        _ options: CheckpointOptions,
        _ location: CodeLocation,
        _ compensate: @escaping @Sendable (Value?, OperationContext) async throws -> Void
    ) throws -> CleaningWork {
        try checkIsHandler("checkpoint \(name) with compensate")
        let options = options.compensation
        try options.check(name)
        return CleaningWork(kind: .checkpoint, timeout: nil) { context, due in
            let value = try context.value(of: due, as: Value.self, at: location)
            try await context.checkpoint(due.undoingName, options: options.checkpoint) {
                operation in
                try await compensate(value, operation)
            }
        }
    }

    /// How a checkpoint is undone that gives nothing.
    func undoing(
        _ name: String,
        _ options: CheckpointOptions,
        _ compensate: @escaping @Sendable (Void?, OperationContext) async throws -> Void
    ) throws -> CleaningWork {
        try checkIsHandler("checkpoint \(name) with compensate")
        let options = options.compensation
        try options.check(name)
        return CleaningWork(kind: .checkpoint, timeout: nil) { context, due in
            let isDone = due.hasValue
            try await context.checkpoint(due.undoingName, options: options.checkpoint) {
                operation in
                try await compensate(isDone ? () : nil, operation)
            }
        }
    }

    /// Registers what runs whenever the execution ends badly, by itself or from outside: a checkpoint without
    /// work, which is undone by code that has operations.
    package func onBadEnd(
        _ name: String,
        file: String = #fileID,
        line: Int = #line,
        _ body: @escaping @Sendable (WorkflowContext) async throws -> Void
    ) async throws {
        var settings = CheckpointSettings()
        settings.compensation = CleaningWork(kind: .checkpoint, timeout: nil) { context, _ in
            try await body(context)
        }
        try await done(name, nil, settings, nil, CodeLocation(file, line)) { _ in }.get()
    }

    /// What the execution has ended as; nil: it has not.
    package var endedAs: ExecutionStatus? {
        let status = activation.host.status(of: number)
        return status?.isFinal == true ? status : nil
    }

    /// What the checkpoint gave that is to be undone; nil: nobody knows what became of it.
    private func value<Value: Decodable & Sendable>(
        of due: DueCleaning,
        as type: Value.Type,
        at location: CodeLocation
    ) throws -> Value? {
        guard due.hasValue else { return nil }
        let recorded = try activation.value(at: due.sequence)
        do {
            return try activation.decode(type, from: recorded)
        } catch {
            throw undecodable(error, as: type, due.operation, due.sequence, at: location)
        }
    }
}

extension DueCleaning {
    /// What the operation is called that undoes a checkpoint.
    fileprivate var undoingName: String {
        let text = "undo \(name)"
        return text.utf8.count <= Names.limit ? text : "undo"
    }
}

extension Activation {
    /// Whether a checkpoint is recorded that is to be undone should the execution end badly.
    var hasToCompensate: Bool {
        state.withLock { $0.compensates } || host.hasToCompensate(lease.execution)
    }

    /// A checkpoint that was undone is asked for again, and nothing else in its place: what followed it is
    /// recorded.
    func checkIsUndone(_ operation: Operation, at location: CodeLocation) throws {
        guard let undone = replayLog.reopened(at: OperationPath(operation)),
            undone.operation.kind != operation.kind || undone.operation.name != operation.name
        else { return }
        throw diverge(
            Divergence(
                sequence: undone.sequence,
                recorded: undone.operation,
                attempted: operation,
                location: location.description
            )
        )
    }

    /// The checkpoint at a place whose effect nobody knows, and that is to be undone; nil: none is there.
    func unsettled(at path: OperationPath) -> DueCleaning? {
        unsettled.isEmpty ? nil : unsettled[path]
    }

    /// - Throws: `CancellationError` when code asks for something else in the place of a checkpoint whose
    ///   effect nobody knows: what is recorded there would stand for it, and nobody would undo it.
    func checkIsSettled(_ operation: Operation, at location: CodeLocation) throws {
        guard let owed = unsettled(at: OperationPath(operation)),
            operation.kind != .checkpoint || operation.name != owed.name
        else { return }
        throw diverge(
            Divergence(
                sequence: owed.sequence,
                recorded: owed.operation,
                attempted: operation,
                location: location.description,
                detail: "it may have happened, and is to be undone"
            )
        )
    }

    /// The idempotency key of the checkpoint that an operation undoes; nil: it undoes none.
    func compensatedKey(by operation: Operation) -> String? {
        guard isForCleaning,
            let due = lease.cleaning.first(where: { $0.compensates && $0.scope == operation.scope })
        else { return nil }
        return idempotencyKey(due.operation, recordedBy: due.sequence)
    }
}
