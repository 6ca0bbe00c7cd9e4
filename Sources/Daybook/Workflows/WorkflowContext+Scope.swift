import DaybookModel

extension WorkflowContext {
    /// Runs code in a scope of its own: its operations stand below this one, and its position in the
    /// scope around it does not depend on how many there are.
    ///
    /// It is a `parallel` with one branch, and recorded as one.
    /// - Parameters:
    ///   - name: names the operation.
    ///   - body: is given the context of its scope. What is called through the one around it
    ///     meanwhile is refused, with the code `nested-operation`.
    /// - Returns: what the code gave.
    /// - Throws: ``OperationError`` for what the code threw; `CancellationError` when the activation is
    ///   over.
    public func scope<Value>(
        _ name: String,
        file: String = #fileID,
        line: Int = #line,
        _ body: (WorkflowContext) async throws -> Value
    ) async throws -> Value {
        let location = CodeLocation(file, line)
        let (runner, settled) = try await begin(
            Split(kind: .parallel, name: name, count: 1),
            at: location
        )
        let context = runner.context(of: 0)
        enter(.scope(name))
        do {
            let value = try await body(context)
            leave()
            runner.endLogs(of: 0, counts: true)
            if let settled { throw diverge(from: settled, runner.operation, location) }
            consumed(at: context.now)
            return value
        } catch {
            leave()
            runner.endLogs(of: 0, counts: true)
            try activation.checkOpen()
            throw try await end(with: error, of: context, runner, settled, location)
        }
    }

    /// The code of a scope has failed.
    /// - Returns: the error that the handler is told.
    private func end(
        with error: any Error,
        of context: WorkflowContext,
        _ runner: BranchRunner,
        _ settled: Replay.Settlement?,
        _ location: CodeLocation
    ) async throws -> any Error {
        guard let settled else {
            var tally = BranchTally(runner.rule, of: 1)
            let decision = try await runner.decided(0, error, &tally)
            consumed(decision, at: context.now)
            return Self.told(decision?.failure ?? error, runner.operation, branch: nil)
        }
        try runner.group.checkParentOpen()
        consumed(at: settled.time)
        guard settled.failed, settled.gathered == nil else {
            return diverge(from: settled, runner.operation, location)
        }
        return Self.told(error, runner.operation, branch: nil)
    }
}
