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
    ///   `invalid-argument` when none may run; `CancellationError` when the activation is over.
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

    /// Runs branches at once, each in a scope of its own, until one has won. See
    /// ``race(_:by:file:line:_:)``.
    @discardableResult
    public func race<Value: Sendable>(
        _ name: String,
        by rule: RaceRule = .firstEnd,
        _ branches: Branch<Value>...,
        file: String = #fileID,
        line: Int = #line
    ) async throws -> Value {
        try await race(name, by: rule, file: file, line: line, branches)
    }

    /// Runs branches at once, each in a scope of its own, until one has won: its value or error
    /// counts, and is recorded as the winner's; the others are stopped.
    /// - Parameters:
    ///   - name: names the operation.
    ///   - rule: which branch wins.
    /// - Throws: ``OperationError``: that of the winner, or of the last branch when none has won;
    ///   with the code `no-branches` when there is none; `CancellationError` when the activation is
    ///   over.
    @discardableResult
    public func race<Value: Sendable>(
        _ name: String,
        by rule: RaceRule = .firstEnd,
        file: String = #fileID,
        line: Int = #line,
        _ branches: [Branch<Value>]
    ) async throws -> Value {
        guard !branches.isEmpty else {
            throw OperationError(
                code: "no-branches",
                message:
                    "the race \(name) has no branches, so that none can win; give it at least one",
                isRetryable: false
            )
        }
        var split = Split(kind: .race, name: name, count: branches.count)
        split.rule = rule.isOfSuccess ? .firstSuccess : .firstEnd
        let (_, ending) = try await run(split, at: CodeLocation(file, line)) { scope, index in
            try await branches[index](scope)
        }
        guard let winner = ending.decision?.branch,
            case .success(let value) = ending.results[winner]
        else { throw CancellationError() }
        return value
    }

    /// Runs branches, all of which must end well.
    func all<Value: Sendable>(
        _ kind: Operation.Kind,
        _ name: String,
        count: Int,
        maxConcurrent: Int,
        at location: CodeLocation,
        _ body: @escaping @Sendable (WorkflowContext, Int) async throws -> Value
    ) async throws -> [Value] {
        var split = Split(kind: kind, name: name, count: count)
        split.limit = maxConcurrent
        return try await run(split, at: location, body).1.results.compactMap {
            if case .success(let value) = $0 { value } else { nil }
        }
    }
}
