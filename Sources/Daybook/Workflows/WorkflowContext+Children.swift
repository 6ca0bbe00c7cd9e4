import DaybookFormat
import DaybookModel

extension WorkflowContext {
    /// Runs another workflow as a child of this execution, and waits for its output.
    ///
    /// The child is an execution of its own, with an id, attempts and a record, and may run in another
    /// process. It is recorded and asked to run by the entry that begins this operation, and this
    /// execution is told of its end by the batch that closes it: neither is lost when a process dies.
    /// Waiting costs what waiting for a signal costs.
    ///
    /// When this execution ends, children that it still waits for are cancelled; it is closed after
    /// them. When an attempt fails with the failure of a child, the next attempt opens that child
    /// again under its id: what it has recorded is kept.
    /// - Parameters:
    ///   - workflow: what runs.
    ///   - name: names the operation; nil: the workflow's name.
    ///   - id: the child's id, 1 to 255 bytes. Nil, the best choice: one that follows from this
    ///     execution and the operation.
    ///   - options: what is not to be as the workflow says, and labels. Without a trace context the
    ///     child has that of this execution.
    ///   - input: its encoding is compared when this code runs again, as that of a checkpoint's is.
    /// - Returns: the child's output.
    /// - Throws: ``OperationError``: with the child's code, when it has failed, was cancelled or took
    ///   too long; `circular-family` when its id is that of an execution above it; `family-too-deep`
    ///   beyond 1,000 executions above it; `conflict` for an id that is taken; what
    ///   ``Workflow/validate(_:)`` throws. `CancellationError` when the activation is over.
    public func run<W: Workflow>(
        _ workflow: W.Type,
        _ name: String? = nil,
        id: String? = nil,
        options: ExecutionOptions = ExecutionOptions(),
        input: W.Input,
        file: String = #fileID,
        line: Int = #line
    ) async throws -> W.Output {
        let location = CodeLocation(file, line)
        let name = name ?? W.name
        try checkIsHandler("run \(name)")
        let declared = try activation.declare(input)
        let operation = try next(.child, name, at: location, declared?.digest ?? [])
        let end = try await childEnd(operation, at: location) {
            try options.checkHasNoSecrets()
            let terms = options.terms(over: RegisteredWorkflow.terms(of: workflow))
            try W.validate(input)
            return try self.child(
                W.self,
                id ?? self.activation.idempotencyKey(operation),
                terms,
                declared?.data ?? []
            )
        }
        return try output(W.self, of: end, operation, at: location)
    }

    /// What a child came to, that an operation begins unless it is recorded.
    func childEnd(
        _ operation: Operation,
        at location: CodeLocation,
        _ child: () throws -> Submit
    ) async throws -> Replay.ChildEnd {
        let end: Replay.ChildEnd
        if let record = try replay(operation, at: location) {
            if case .failure(let error) = try activation.outcome(of: record) {
                throw error.from(operation)
            }
            guard case .child(let ended) = try await recordedWait(operation) else {
                throw CancellationError()
            }
            end = ended
        } else {
            end = try await begin(operation, child)
        }
        consumed(at: end.time)
        return end
    }

    /// What a child is submitted as.
    /// - Parameter contentType: that of the input; nil: as the codec writes it.
    func child<W: Workflow>(
        _ workflow: W.Type,
        _ id: String,
        _ terms: Submit.Terms,
        _ input: [UInt8],
        as contentType: String? = nil
    ) throws -> Submit {
        var terms = terms
        if terms.traceContext == nil, let context = activation.traceContext {
            terms.traceContext = Name(context)
        }
        let codec = activation.host.codec
        return Submit(
            id: Name(id),
            type: Name(W.name),
            input: input,
            payloads: try activation.seal(
                input,
                as: contentType ?? codec.contentType(of: W.Input.self)
            ),
            terms: terms
        )
    }

    /// Begins a child, and waits for its end.
    /// - Throws: ``OperationError`` when there can be no such child: that is recorded.
    private func begin(
        _ operation: Operation,
        _ child: () throws -> Submit
    ) async throws -> Replay.ChildEnd {
        do {
            try activation.checkMayBegin()
            let child = try child()
            activation.noteOperation()
            let (recorded, wake) = try await activation.wait(operation, group) {
                StartChild(
                    activation.lease,
                    operation,
                    child,
                    suspended: nil,
                    logs: try activation.takeLogs(in: scope)
                )
            }
            if let end = recorded.signal {
                return Replay.ChildEnd(
                    sequence: end,
                    status: .completed,
                    failure: nil,
                    time: activation.time(of: recorded.sequence)
                )
            }
            guard case .child(let end) = wake else { throw CancellationError() }
            return end
        } catch let error as CancellationError {
            throw error
        } catch {
            throw try await refused(operation, error)
        }
    }

    /// Records that a child could not be begun.
    /// - Parameter amend: says more of the failure.
    func refused(
        _ operation: Operation,
        _ error: any Error,
        _ amend: (inout OperationError) -> Void = { _ in }
    ) async throws -> OperationError {
        var failure = try activation.failure(of: error, group)
        amend(&failure)
        failure = failure.fitting(activation.host.payloadLimit)
        // It would be refused again.
        failure.facts.isRetryable = false
        let recorded = try await activation.record(
            operation,
            .failure(failure),
            CheckpointSettings(options: CheckpointOptions()),
            activation.host.now()
        )
        consumed(recorded.sequence)
        return failure.from(operation)
    }

    /// What a child has given.
    /// - Throws: ``OperationError`` when it has failed.
    private func output<W: Workflow>(
        _ workflow: W.Type,
        of end: Replay.ChildEnd,
        _ operation: Operation,
        at location: CodeLocation
    ) throws -> W.Output {
        if let facts = end.failure {
            var error = try activation.error(facts, at: end.sequence)
            // That the child was cancelled, or took too long, is this execution's failure.
            error.facts.kind = .generic
            error.message =
                "the child \(operation.name) (\(W.name)) \(end.words)"
                + (error.message.isEmpty ? "" : ": \(error.message)")
            throw error.from(operation)
        }
        let value = try activation.value(at: end.output)
        do {
            return try activation.decode(W.Output.self, from: value)
        } catch {
            throw undecodable(error, as: W.Output.self, operation, end.sequence, at: location)
        }
    }
}

extension Replay.ChildEnd {
    /// What became of it, in words.
    var words: String {
        switch status {
        case .cancelled: "was cancelled"
        case .timedOut: "took too long"
        case .expired: "has expired"
        default: "failed"
        }
    }
}
