extension WorkflowContext {
    /// Runs two workflows one after the other, as children: what the first one gives is given to the
    /// second.
    /// - Returns: what the last one gives.
    /// - Throws: as ``run(_:_:id:options:input:file:line:)`` does, of the first that fails.
    public func sequence<A: Workflow, B: Workflow>(
        _ first: A.Type,
        _ second: B.Type,
        input: A.Input,
        file: String = #fileID,
        line: Int = #line
    ) async throws -> B.Output where A.Output == B.Input {
        let between = try await run(first, input: input, file: file, line: line)
        return try await run(second, input: between, file: file, line: line)
    }

    /// Runs three workflows one after the other, as children: what each gives is given to the next.
    /// - Returns: what the last one gives.
    /// - Throws: as ``run(_:_:id:options:input:file:line:)`` does, of the first that fails.
    public func sequence<A: Workflow, B: Workflow, C: Workflow>(
        _ first: A.Type,
        _ second: B.Type,
        _ third: C.Type,
        input: A.Input,
        file: String = #fileID,
        line: Int = #line
    ) async throws -> C.Output where A.Output == B.Input, B.Output == C.Input {
        let between = try await sequence(first, second, input: input, file: file, line: line)
        return try await run(third, input: between, file: file, line: line)
    }
}
