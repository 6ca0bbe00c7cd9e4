import DaybookFormat
import DaybookModel
import DaybookSystem

extension WorkflowContext {
    /// Runs `body` for each element, at once, each in a scope of its own.
    ///
    /// The first element that fails has the others stopped, and its error thrown.
    /// - Parameters:
    ///   - name: names the operation.
    ///   - maxConcurrent: so many run at once.
    /// - Returns: what the bodies gave, in the order of the elements.
    public func map<Element: Sendable, Value: Sendable>(
        _ name: String,
        _ elements: [Element],
        maxConcurrent: Int = .max,
        file: String = #fileID,
        line: Int = #line,
        _ body: @escaping @Sendable (WorkflowContext, Element) async throws -> Value
    ) async throws -> [Value] {
        try await all(
            .map,
            name,
            count: elements.count,
            maxConcurrent: maxConcurrent,
            at: "\(file):\(line)"
        ) { scope, index in
            try await body(scope, elements[index])
        }
    }

    /// Runs branches at once, each in a scope of its own.
    ///
    /// The first that fails has the others stopped, and its error thrown.
    /// - Parameter name: names the operation.
    /// - Returns: what they gave.
    public func parallel<each Value: Sendable>(
        _ name: String,
        file: String = #fileID,
        line: Int = #line,
        _ branches: repeat @escaping @Sendable (WorkflowContext) async throws -> each Value
    ) async throws -> (repeat each Value) {
        var bodies: [@Sendable (WorkflowContext) async throws -> any Sendable] = []
        for branch in repeat each branches {
            bodies.append { try await branch($0) }
        }
        let all = bodies
        let values = try await self.all(
            .parallel,
            name,
            count: all.count,
            maxConcurrent: .max,
            at: "\(file):\(line)"
        ) { scope, index in
            try await all[index](scope)
        }
        var index = 0
        func value<V>(_ type: V.Type) -> V {
            defer { index += 1 }
            guard let value = values[index] as? V else {
                fatalError("branch \(index) gave something else than a \(V.self)")
            }
            return value
        }
        return (repeat value((each Value).self))
    }

    /// Runs branches at once, each in a scope of its own, until the first has ended. See
    /// ``race(_:file:line:_:)-(_,_,_,[@Sendable(WorkflowContext)->Value])``.
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
            at: "\(file):\(line)"
        ) { scope, index in
            try await branches[index](scope)
        }
        guard let value = values.first(where: { $0 != nil }) ?? nil else {
            throw CancellationError()
        }
        return value
    }

    private func all<Value: Sendable>(
        _ kind: Operation.Kind,
        _ name: String,
        count: Int,
        maxConcurrent: Int,
        at location: String,
        _ body: @escaping @Sendable (WorkflowContext, Int) async throws -> Value
    ) async throws -> [Value] {
        try await run(
            Branches(kind: kind, name: name, count: count, limit: max(maxConcurrent, 1)),
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
        at location: String,
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
        var settled: (branch: UInt32, failed: Bool, sequence: UInt64)?
        if let record = try replay(operation, at: location) {
            guard case .branches(count) = record.outcome else {
                throw activation.diverge(
                    Divergence(
                        sequence: record.sequence,
                        recorded: record.operation,
                        attempted: operation,
                        location: "\(location) with \(count) branches"
                    )
                )
            }
            if case .settled(let branch, let failed, let sequence) =
                try activation.wake(of: operation)
            {
                activation.replayLog.dismissBranches(of: operation, but: branch)
                settled = (branch, failed, sequence)
            }
        } else {
            activation.noteOperation()
            consumed(
                try await activation.perform {
                    StartBranches(
                        activation.lease,
                        operation,
                        count: count,
                        logs: try activation.takeLogs()
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
        let (values, time) = try await runner.run(branches.count, branches.limit, body)
        consumed(at: time)
        return values
    }

    /// Runs only the branch that decided the operation.
    private func replay<Value: Sendable>(
        _ settled: (branch: UInt32, failed: Bool, sequence: UInt64),
        _ runner: BranchRunner,
        _ count: Int,
        _ location: String,
        _ body: @escaping @Sendable (WorkflowContext, Int) async throws -> Value
    ) async throws -> [Value?] {
        var values = [Value?](repeating: nil, count: count)
        let branch = Int(settled.branch)
        let outcome = await runner.branch(branch, body)
        try activation.checkOpen()
        consumed(at: outcome.time)
        if case .failure(let error) = outcome.result, settled.failed { throw error }
        guard case .success(let value) = outcome.result, !settled.failed, branch < count else {
            throw activation.diverge(
                Divergence(
                    sequence: settled.sequence,
                    recorded: runner.operation,
                    attempted: runner.operation,
                    location:
                        "\(location), where branch \(branch) ended \(settled.failed ? "well, and not with an error" : "with an error")"
                )
            )
        }
        values[branch] = value
        return values
    }
}

/// The branches of one operation: whether they still count.
final class BranchGroup: Sendable {
    private let parent: BranchGroup?
    private let isClosed = Locked(false)

    init(_ parent: BranchGroup?) { self.parent = parent }

    /// One of them has decided: what the others do no longer counts.
    func close() { isClosed.withLock { $0 = true } }

    /// - Throws: `CancellationError` once another branch has decided.
    func checkOpen() throws(CancellationError) {
        if isClosed.withLock({ $0 }) { throw CancellationError() }
        try parent?.checkOpen()
    }
}

/// Runs the branches of one operation.
private struct BranchRunner: Sendable {
    let activation: Activation
    let operation: Operation
    let group: BranchGroup
    let isRace: Bool
    /// The time that the branches begin with.
    let time: Timestamp

    struct Outcome<Value: Sendable>: Sendable {
        let index: Int
        let result: Result<Value, any Error>
        let time: Timestamp
    }

    func branch<Value: Sendable>(
        _ index: Int,
        _ body: @Sendable (WorkflowContext, Int) async throws -> Value
    ) async -> Outcome<Value> {
        let scope = operation.scope + [operation.position, UInt32(index)]
        let context = WorkflowContext(activation, scope: scope, group, time)
        do {
            let value = try await body(context, index)
            return Outcome(index: index, result: .success(value), time: context.now)
        } catch {
            return Outcome(index: index, result: .failure(error), time: context.now)
        }
    }

    func run<Value: Sendable>(
        _ count: Int,
        _ limit: Int,
        _ body: @escaping @Sendable (WorkflowContext, Int) async throws -> Value
    ) async throws -> ([Value?], Timestamp) {
        var values = [Value?](repeating: nil, count: count)
        guard count > 0 else { return (values, time) }
        var latest = time
        try await withThrowingTaskGroup(of: Outcome<Value>.self) { tasks in
            var started = min(limit, count)
            var running = started
            // The first one takes the place of the scope around it, which waits for them all.
            activation.beginBranches(started - 1)
            for index in 0..<started { tasks.addTask { await branch(index, body) } }
            var decision: (any Error)?
            while let outcome = try await tasks.next() {
                latest = max(latest, outcome.time)
                running -= 1
                if decision == nil, case .success(let value) = outcome.result {
                    values[outcome.index] = value
                }
                if decision == nil, let end = try await decided(outcome) {
                    decision = end
                    group.close()
                    tasks.cancelAll()
                }
                if decision == nil, started < count {
                    let index = started
                    started += 1
                    running += 1
                    tasks.addTask { await branch(index, body) }
                } else if running > 0 {
                    try await activation.endBranch()
                }
            }
            if let decision, !(decision is Won) { throw decision }
        }
        return (values, latest)
    }

    /// A race was won by a value.
    private struct Won: Error {}

    /// Whether an outcome decides the operation, and with what error; recorded if so.
    private func decided<Value>(_ outcome: Outcome<Value>) async throws -> (any Error)? {
        var failure: (any Error)?
        if case .failure(let error) = outcome.result { failure = error }
        guard isRace || failure != nil else { return nil }
        // An activation that is over decides nothing.
        if let reason = activation.latched { return ContextClosed(reason: reason) }
        if failure is ContextClosed { return failure }
        do {
            _ = try await activation.perform {
                SettleBranches(
                    activation.lease,
                    operation,
                    branch: UInt32(outcome.index),
                    failed: failure != nil
                )
            }
        } catch {
            return error
        }
        return failure ?? Won()
    }
}
