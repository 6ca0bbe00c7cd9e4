import DaybookFormat
import DaybookModel
import DaybookSystem

extension WorkflowContext {
    /// Runs `body` for each element, at once, each in a scope of its own.
    ///
    /// The first element that fails has the others stopped, and its error thrown.
    /// - Parameters:
    ///   - name: names the operation.
    ///   - maxConcurrent: so many run at once, at least 1.
    /// - Returns: what the bodies gave, in the order of the elements.
    /// - Throws: ``OperationError``: what the first body that failed threw, or with the code
    ///   `invalid-argument` when none may run; ``ContextClosed`` when the activation is over.
    @discardableResult
    public func map<Elements: Sequence, Value: Sendable>(
        _ name: String,
        _ elements: Elements,
        maxConcurrent: Int = .max,
        file: String = #fileID,
        line: Int = #line,
        _ body: @escaping @Sendable (WorkflowContext, Elements.Element) async throws -> Value
    ) async throws -> [Value] where Elements.Element: Sendable {
        try await map(name, elements, maxConcurrent: maxConcurrent, file: file, line: line) {
            scope,
            element,
            _ in
            try await body(scope, element)
        }
    }

    /// Runs `body` for each element, at once, each in a scope of its own, and gives it the element's
    /// index too: its place in the sequence, from 0. See ``map(_:_:maxConcurrent:file:line:_:)``.
    @discardableResult
    public func map<Elements: Sequence, Value: Sendable>(
        _ name: String,
        _ elements: Elements,
        maxConcurrent: Int = .max,
        file: String = #fileID,
        line: Int = #line,
        _ body: @escaping @Sendable (WorkflowContext, Elements.Element, Int) async throws -> Value
    ) async throws -> [Value] where Elements.Element: Sendable {
        let elements = Array(elements)
        return try await all(
            .map,
            name,
            count: elements.count,
            maxConcurrent: maxConcurrent,
            at: CodeLocation(file, line)
        ) { scope, index in
            try await body(scope, elements[index], index)
        }
    }

    /// Runs branches at once, each in a scope of its own, until the first has ended. See
    /// ``race(_:file:line:_:)``.
    @discardableResult
    public func race<Value: Sendable>(
        _ name: String,
        _ branches: (@Sendable (WorkflowContext) async throws -> Value)...,
        file: String = #fileID,
        line: Int = #line
    ) async throws -> Value {
        try await race(name, file: file, line: line, branches)
    }

    /// Runs branches at once, each in a scope of its own, until the first has ended: its value or
    /// error counts, and is recorded as the winner's; the others are stopped.
    /// - Parameter name: names the operation.
    @discardableResult
    public func race<Value: Sendable>(
        _ name: String,
        file: String = #fileID,
        line: Int = #line,
        _ branches: [@Sendable (WorkflowContext) async throws -> Value]
    ) async throws -> Value {
        guard !branches.isEmpty else {
            throw OperationError(
                code: "no-branches",
                message:
                    "the race \(name) has no branches, so that none can win; give it at least one",
                isRetryable: false
            )
        }
        let values = try await run(
            Branches(kind: .race, name: name, count: branches.count, limit: .max),
            at: CodeLocation(file, line)
        ) { scope, index in
            try await branches[index](scope)
        }
        guard let value = values.first(where: { $0 != nil }) ?? nil else {
            throw CancellationError()
        }
        return value
    }

    func all<Value: Sendable>(
        _ kind: Operation.Kind,
        _ name: String,
        count: Int,
        maxConcurrent: Int,
        at location: CodeLocation,
        _ body: @escaping @Sendable (WorkflowContext, Int) async throws -> Value
    ) async throws -> [Value] {
        guard maxConcurrent >= 1 else {
            throw OperationError(
                code: "invalid-argument",
                message:
                    "\(name) may run \(maxConcurrent) branches at once, so that none can; give at least 1",
                isRetryable: false
            )
        }
        return try await run(
            Branches(kind: kind, name: name, count: count, limit: maxConcurrent),
            at: location,
            body
        ).compactMap { $0 }
    }

    // MARK: Running

    private struct Branches: Sendable {
        let kind: Operation.Kind
        let name: String
        let count: Int
        let limit: Int
    }

    private func run<Value: Sendable>(
        _ branches: Branches,
        at location: CodeLocation,
        _ body: @escaping @Sendable (WorkflowContext, Int) async throws -> Value
    ) async throws -> [Value?] {
        let operation = try next(branches.kind, branches.name)
        guard let count = UInt32(exactly: branches.count) else {
            throw OperationError(
                code: "too-many-branches",
                message:
                    "\(branches.name) has \(branches.count) branches, and may have \(UInt32.max)",
                isRetryable: false
            )
        }
        var settled: Settled?
        if let record = try replay(operation, at: location) {
            guard case .branches(count) = record.outcome else {
                throw activation.diverge(
                    Divergence(
                        sequence: record.sequence,
                        recorded: record.operation,
                        attempted: operation,
                        location: "\(location) with \(count) branches",
                        cause: .branches
                    )
                )
            }
            if case .settled(let branch, let failed, let sequence, let time) =
                try activation.wake(of: operation)
            {
                activation.replayLog.decide(operation, by: branch)
                settled = Settled(branch: branch, failed: failed, sequence: sequence, time: time)
            }
        } else {
            activation.noteOperation()
            consumed(
                try await activation.perform {
                    StartBranches(
                        activation.lease,
                        operation,
                        count: count,
                        logs: try activation.takeLogs(in: scope)
                    )
                }
            )
        }
        let group = BranchGroup(group)
        let runner = BranchRunner(
            activation: activation,
            operation: operation,
            group: group,
            isRace: branches.kind == .race,
            time: now
        )
        if let settled {
            return try await replay(settled, runner, branches.count, location, body)
        }
        let ending = try await runner.run(branches.count, branches.limit, body)
        if let sequence = ending.sequence {
            consumed(sequence)
        } else {
            consumed(at: ending.time)
        }
        if let failure = ending.failure { throw Self.told(failure, operation) }
        return ending.values
    }

    /// What a handler is told of the error of a branch: the same whether it came from a body or
    /// from the branch itself. What says that the activation is over stays what it is.
    private static func told(_ error: any Error, _ operation: Operation) -> any Error {
        switch error {
        case is ContextClosed, is CancellationError, is PayloadErased, is RecordingFailed: error
        default: OperationError(recording: error).from(operation)
        }
    }

    /// The entry by which a branch decided an operation.
    private struct Settled {
        let branch: UInt32
        let failed: Bool
        let sequence: UInt64
        let time: Timestamp
    }

    /// Runs only the branch that decided the operation.
    private func replay<Value: Sendable>(
        _ settled: Settled,
        _ runner: BranchRunner,
        _ count: Int,
        _ location: CodeLocation,
        _ body: @escaping @Sendable (WorkflowContext, Int) async throws -> Value
    ) async throws -> [Value?] {
        var values = [Value?](repeating: nil, count: count)
        let branch = Int(settled.branch)
        let outcome = await runner.branch(branch, body)
        runner.endLogs(of: branch, counts: true)
        try activation.checkOpen()
        consumed(at: settled.time)
        if case .failure(let error) = outcome.result, settled.failed {
            throw Self.told(error, runner.operation)
        }
        guard case .success(let value) = outcome.result, !settled.failed, branch < count else {
            throw activation.diverge(
                Divergence(
                    sequence: settled.sequence,
                    recorded: runner.operation,
                    attempted: runner.operation,
                    location:
                        "\(location), where branch \(branch) ended \(settled.failed ? "well, and not with an error" : "with an error")",
                    cause: .ending
                )
            )
        }
        values[branch] = value
        return values
    }
}
