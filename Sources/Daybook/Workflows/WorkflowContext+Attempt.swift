extension WorkflowContext {
    /// Runs `body` once, and gives what it gave or threw as a result.
    ///
    /// Like ``checkpoint(_:input:options:verify:compensate:file:line:_:)-(_,_,_,_,_,_,_,(OperationContext)->Value)``,
    /// but a failure counts as dealt with: it is recorded so, and kept like a success. A later
    /// attempt is given the same failure again, whatever became of this one, and also when the
    /// handler throws the error out. For a body that a later attempt is to run again use a
    /// checkpoint, and throw its error.
    /// - Returns: what the body gave or threw, now or then.
    /// - Throws: ``OperationError`` for what cannot be run at all; `CancellationError` when the
    ///   activation is over.
    public func attempt<Value: Codable & Sendable>(
        _ name: String,
        input: (any Encodable & Sendable)? = nil,
        options: CheckpointOptions = CheckpointOptions(),
        verify: ((OperationContext) async throws -> Verification<Value>)? = nil,
        compensate: (@Sendable (Value?, OperationContext) async throws -> Void)? = nil,
        file: String = #fileID,
        line: Int = #line,
        _ body: @escaping (OperationContext) async throws -> Value
    ) async throws -> Result<Value, OperationError> {
        var settings = CheckpointSettings(options: options, isHandled: true)
        if let compensate {
            settings.compensation = try undoing(name, options, CodeLocation(file, line), compensate)
        }
        return try await value(name, input, settings, verify, CodeLocation(file, line), body)
    }

    /// Runs `body` once, and gives that it ended, or what it threw, as a result. See
    /// ``attempt(_:input:options:verify:compensate:file:line:_:)-(_,_,_,_,_,_,_,(OperationContext)->Value)``.
    public func attempt(
        _ name: String,
        input: (any Encodable & Sendable)? = nil,
        options: CheckpointOptions = CheckpointOptions(),
        verify: ((OperationContext) async throws -> Verification<Void>)? = nil,
        compensate: (@Sendable (Void?, OperationContext) async throws -> Void)? = nil,
        file: String = #fileID,
        line: Int = #line,
        _ body: @escaping (OperationContext) async throws -> Void
    ) async throws -> Result<Void, OperationError> {
        var settings = CheckpointSettings(options: options, isHandled: true)
        if let compensate { settings.compensation = try undoing(name, options, compensate) }
        return try await done(name, input, settings, verify, CodeLocation(file, line), body)
    }
}
