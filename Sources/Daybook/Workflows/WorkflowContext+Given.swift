extension WorkflowContext {
    /// Like ``checkpoint(_:input:options:verify:compensate:file:line:_:)-(_,_,_,_,_,_,_,(OperationContext)->Value)``,
    /// for code whose values have parts that follow from others: those a person does not give.
    /// - Parameter completing: makes a value that a person has given into what the body would have given.
    ///   It is asked once, and what it gives is recorded.
    /// - Parameter storing: what of a value goes into the execution's store, encoded by the engine's codec. It is
    ///   recorded with the outcome.
    package func checkpoint<Value: Codable & Sendable>(
        _ name: String,
        input: (any Encodable & Sendable)?,
        options: CheckpointOptions,
        verify: ((OperationContext) async throws -> Verification<Value>)?,
        compensate: (@Sendable (Value?, OperationContext) async throws -> Void)?,
        completing: @escaping (Value) throws -> Value,
        storing: @escaping @Sendable (Value, any PayloadCodec) throws -> StoredValues,
        file: String = #fileID,
        line: Int = #line,
        _ body: @escaping (OperationContext) async throws -> Value
    ) async throws -> Value {
        let location = CodeLocation(file, line)
        var settings = CheckpointSettings(options: options)
        if let compensate {
            settings.compensation = try undoing(name, options, location, compensate)
        }
        let codec = activation.host.codec
        settings.storing = { data in
            try storing(try codec.decode(Value.self, from: data), codec)
        }
        return try await value(
            name,
            input,
            settings,
            verify,
            location,
            completing: completing,
            body
        ).get()
    }
}
