import DaybookModel

extension WorkflowContext {
    /// Runs `body` for each element, at once, each in a scope of its own, and gathers what they come
    /// to: an element that fails stops no other one, unless `completion` says so.
    ///
    /// A replay gives the same outcomes. Failures are results, as with
    /// ``attempt(_:input:options:verify:compensate:file:line:_:)-(_,_,_,_,_,_,_,(OperationContext)->Value)``; when
    /// nothing has been recorded after them, a new attempt runs the elements again that failed.
    /// - Parameters:
    ///   - name: names the operation.
    ///   - maxConcurrent: so many run at once, at least 1.
    ///   - completion: when the others need not be waited for. With one that can stop early there
    ///     may be 400,000 elements.
    /// - Returns: what each element came to, in their order.
    /// - Throws: ``OperationError`` with the code `invalid-argument` or `too-many-branches`;
    ///   `CancellationError` when the activation is over.
    public func map<Elements: Sequence, Value: Sendable>(
        _ name: String,
        _ elements: Elements,
        maxConcurrent: Int = .max,
        until completion: Completion,
        file: String = #fileID,
        line: Int = #line,
        _ body: @escaping @Sendable (WorkflowContext, Elements.Element) async throws -> Value
    ) async throws -> Outcomes<Value> where Elements.Element: Sendable {
        let elements = Array(elements)
        var split = Split(kind: .map, name: name, count: elements.count)
        split.limit = maxConcurrent
        split.rule = .gather(completion)
        return try await gather(split, at: CodeLocation(file, line)) { scope, index in
            try await body(scope, elements[index])
        }
    }

    /// Runs `body` for each element, and gives it the element's index too. See
    /// ``map(_:_:maxConcurrent:until:file:line:_:)``.
    public func map<Elements: Sequence, Value: Sendable>(
        _ name: String,
        _ elements: Elements,
        maxConcurrent: Int = .max,
        until completion: Completion,
        file: String = #fileID,
        line: Int = #line,
        _ body: @escaping @Sendable (WorkflowContext, Elements.Element, Int) async throws -> Value
    ) async throws -> Outcomes<Value> where Elements.Element: Sendable {
        let elements = Array(elements)
        var split = Split(kind: .map, name: name, count: elements.count)
        split.limit = maxConcurrent
        split.rule = .gather(completion)
        return try await gather(split, at: CodeLocation(file, line)) { scope, index in
            try await body(scope, elements[index], index)
        }
    }

    /// Runs branches at once, each in a scope of its own, and gathers what they come to. See
    /// `map`.
    public func parallel<Value: Sendable>(
        _ name: String,
        until completion: Completion,
        _ branches: Branch<Value>...,
        file: String = #fileID,
        line: Int = #line
    ) async throws -> Outcomes<Value> {
        try await parallel(name, until: completion, file: file, line: line, branches)
    }

    /// Runs branches at once, each in a scope of its own, and gathers what they come to. See
    /// `map`.
    public func parallel<Value: Sendable>(
        _ name: String,
        until completion: Completion,
        file: String = #fileID,
        line: Int = #line,
        _ branches: [Branch<Value>]
    ) async throws -> Outcomes<Value> {
        var split = Split(kind: .parallel, name: name, count: branches.count)
        split.rule = .gather(completion)
        return try await gather(split, at: CodeLocation(file, line)) { scope, index in
            try await branches[index](scope)
        }
    }

    private func gather<Value: Sendable>(
        _ split: Split,
        at location: CodeLocation,
        _ body: @escaping @Sendable (WorkflowContext, Int) async throws -> Value
    ) async throws -> Outcomes<Value> {
        let (runner, ending) = try await run(split, at: location, body)
        var results: [Result<Value, OperationError>?] = []
        results.reserveCapacity(split.count)
        for (index, result) in ending.results.enumerated() {
            switch result {
            case .success(let value): results.append(.success(value))
            case .failure(let error):
                let told = Self.told(error, runner.operation, branch: index)
                // What the handler takes as a result is its own from here on.
                results.append(.failure(OperationError(recording: told).handled))
            case nil: results.append(nil)
            }
        }
        return Outcomes(results: results, reason: ending.decision?.reason ?? .all)
    }
}
