extension WorkflowContext {
    /// Runs branches at once, each in a scope of its own.
    ///
    /// The first that fails has the others stopped, and its error thrown. There is a form for up to
    /// six branches, so that none of them has to say its type, and one for any number of them.
    /// - Parameter name: names the operation.
    /// - Returns: what they gave.
    /// - Throws: ``OperationError``: what the first branch that failed threw; `CancellationError` when
    ///   the activation is over.
    @discardableResult
    public func parallel<A: Sendable>(
        _ name: String,
        file: String = #fileID,
        line: Int = #line,
        _ a: @escaping Branch<A>
    ) async throws -> A {
        try await branches(name, CodeLocation(file, line), a)
    }

    /// Runs two branches at once, each in a scope of its own. As with any number.
    @discardableResult
    public func parallel<A: Sendable, B: Sendable>(
        _ name: String,
        file: String = #fileID,
        line: Int = #line,
        _ a: @escaping Branch<A>,
        _ b: @escaping Branch<B>
    ) async throws -> (A, B) {
        try await branches(name, CodeLocation(file, line), a, b)
    }

    /// Runs three branches at once, each in a scope of its own. As with any number.
    @discardableResult
    public func parallel<A: Sendable, B: Sendable, C: Sendable>(
        _ name: String,
        file: String = #fileID,
        line: Int = #line,
        _ a: @escaping Branch<A>,
        _ b: @escaping Branch<B>,
        _ c: @escaping Branch<C>
    ) async throws -> (A, B, C) {
        try await branches(name, CodeLocation(file, line), a, b, c)
    }

    /// Runs four branches at once, each in a scope of its own. As with any number.
    @discardableResult
    public func parallel<A: Sendable, B: Sendable, C: Sendable, D: Sendable>(
        _ name: String,
        file: String = #fileID,
        line: Int = #line,
        _ a: @escaping Branch<A>,
        _ b: @escaping Branch<B>,
        _ c: @escaping Branch<C>,
        _ d: @escaping Branch<D>
    ) async throws -> (A, B, C, D) {
        try await branches(name, CodeLocation(file, line), a, b, c, d)
    }

    /// Runs five branches at once, each in a scope of its own. As with any number.
    @discardableResult
    public func parallel<A: Sendable, B: Sendable, C: Sendable, D: Sendable, E: Sendable>(
        _ name: String,
        file: String = #fileID,
        line: Int = #line,
        _ a: @escaping Branch<A>,
        _ b: @escaping Branch<B>,
        _ c: @escaping Branch<C>,
        _ d: @escaping Branch<D>,
        _ e: @escaping Branch<E>
    ) async throws -> (A, B, C, D, E) {
        try await branches(name, CodeLocation(file, line), a, b, c, d, e)
    }

    /// Runs six branches at once, each in a scope of its own. As with any number.
    @discardableResult
    public func parallel<
        A: Sendable,
        B: Sendable,
        C: Sendable,
        D: Sendable,
        E: Sendable,
        F: Sendable
    >(
        _ name: String,
        file: String = #fileID,
        line: Int = #line,
        _ a: @escaping Branch<A>,
        _ b: @escaping Branch<B>,
        _ c: @escaping Branch<C>,
        _ d: @escaping Branch<D>,
        _ e: @escaping Branch<E>,
        _ f: @escaping Branch<F>
    ) async throws -> (A, B, C, D, E, F) {
        try await branches(name, CodeLocation(file, line), a, b, c, d, e, f)
    }

    /// Runs any number of branches at once, each in a scope of its own. The first that fails has the
    /// others stopped, and its error thrown.
    @_disfavoredOverload
    @discardableResult
    public func parallel<each Value: Sendable>(
        _ name: String,
        file: String = #fileID,
        line: Int = #line,
        _ branches: repeat @escaping Branch<each Value>
    ) async throws -> (repeat each Value) {
        try await self.branches(name, CodeLocation(file, line), repeat each branches)
    }

    /// The code of a branch, which is given a scope of its own.
    public typealias Branch<Value> = @Sendable (WorkflowContext) async throws -> Value

    private func branches<each Value: Sendable>(
        _ name: String,
        _ location: CodeLocation,
        _ branches: repeat @escaping Branch<each Value>
    ) async throws -> (repeat each Value) {
        var bodies: [Branch<any Sendable>] = []
        for branch in repeat each branches {
            bodies.append { try await branch($0) }
        }
        let all = bodies
        let values = try await self.all(
            .parallel,
            name,
            count: all.count,
            maxConcurrent: .max,
            at: location
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
}
