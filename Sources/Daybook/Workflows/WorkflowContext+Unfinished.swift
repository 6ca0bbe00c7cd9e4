import DaybookModel

/// Something that a handler has registered for an end from outside:
/// ``WorkflowContext/onUnfinished(_:timeout:file:line:_:)``.
public struct Unfinished: Sendable {
    /// The name that it was registered under.
    public let name: String
    /// The entry that registers it.
    let sequence: UInt64
}

extension WorkflowContext {
    /// Says what is to be done should the execution be ended from outside, by a cancel or because the
    /// time of its last attempt is over, before ``finished(_:file:line:)`` is called.
    ///
    /// Register before the work begins that is to be undone. The registration is recorded. At such an
    /// end the execution has its final status at once; then what is registered runs, what was
    /// registered last first, also when the process dies meanwhile, or nobody ran the execution. A
    /// handler that ends by itself, well or with an error, sees to everything itself: nothing of this
    /// runs then. What is to be done at every bad end is the `compensate` of a checkpoint.
    ///
    /// `body` has a context whose checkpoints, branches and values are recorded and replayed as the
    /// handler's are; it cannot wait for timers or signals, and the delays of its retries are not kept
    /// over a crash. Whatever it needs to know must be in variables that the handler has at this call,
    /// or in what is recorded. An error of it is recorded, and keeps nothing else from running.
    /// - Parameters:
    ///   - name: names the operation; changing it makes old histories diverge.
    ///   - timeout: so long `body` may take; then it is told through task cancellation, and has failed
    ///     with the code `timed_out`. One that does not listen is waited for. Not recorded.
    /// - Returns: what to give to ``finished(_:file:line:)``.
    /// - Throws: `CancellationError` when the activation is over; ``OperationError`` with the code
    ///   `while-cleaning` when it is called by what cleans up, with `invalid-argument` for a timeout
    ///   that is not above zero.
    @discardableResult
    public func onUnfinished(
        _ name: String,
        timeout: Duration = .seconds(60),
        file: String = #fileID,
        line: Int = #line,
        _ body: @escaping @Sendable (WorkflowContext) async throws -> Void
    ) async throws -> Unfinished {
        try checkIsHandler("onUnfinished \(name)")
        guard timeout > .zero else {
            throw OperationError(
                code: "invalid-argument",
                message: "the timeout of \(name) is \(timeout); give one above zero",
                isRetryable: false
            )
        }
        let operation = try next(.onUnfinished, name, at: CodeLocation(file, line))
        let sequence: UInt64
        if let record = try replay(operation, at: CodeLocation(file, line)) {
            sequence = record.sequence
        } else {
            sequence = try await recordEntry(operation)
        }
        let work = CleaningWork(kind: .onUnfinished, timeout: timeout) { context, _ in
            try await body(context)
        }
        activation.note(work, registeredBy: operation)
        return Unfinished(name: name, sequence: sequence)
    }

    /// Withdraws what was registered for an end from outside: the work is done, or undone, and there is
    /// nothing left to do about it. Each registration is withdrawn once.
    /// - Throws: `CancellationError` when the activation is over; `Refusal` when it was withdrawn before;
    ///   ``OperationError`` with the code `while-cleaning` when it is called by what cleans up.
    public func finished(
        _ work: Unfinished,
        file: String = #fileID,
        line: Int = #line
    ) async throws {
        try checkIsHandler("finished \(work.name)")
        let operation = try next(.finished, work.name, at: CodeLocation(file, line))
        if try replay(operation, at: CodeLocation(file, line)) == nil {
            try await recordEntry(operation, withdrawing: work.sequence)
        }
    }

    /// - Throws: ``OperationError`` to what cleans up.
    func checkIsHandler(_ what: String) throws {
        guard activation.isCleaning else { return }
        throw OperationError(
            code: "while-cleaning",
            message:
                "\(what) is called by what cleans up after an end, which cannot wait, register or go on; use checkpoints there",
            isRetryable: false
        )
    }

    /// Records an operation without a body and without a value.
    /// - Returns: its entry.
    @discardableResult
    private func recordEntry(
        _ operation: Operation,
        withdrawing registration: UInt64 = 0
    ) async throws -> UInt64 {
        defer { activation.noteOperation() }
        let answer = try await activation.perform {
            RecordOperation(
                activation.lease,
                operation,
                registration: registration,
                logs: try activation.takeLogs(in: scope)
            )
        }
        consumed(answer.sequence)
        return answer.sequence
    }
}
