public import DaybookModel

/// What one look of a poll says.
public enum Poll<State: Sendable, Value: Sendable>: Sendable {
    /// Look again later; the next look is given this.
    case again(State)
    /// What was waited for is there.
    case done(Value)
}

extension WorkflowContext {
    /// Looks, again and again, until what is waited for is there: one operation, however often it
    /// looks. What one look leaves for the next, and when that is, is kept in the journal, and
    /// survives a restart; nothing runs meanwhile.
    ///
    /// A new attempt that runs it again begins with the first state.
    /// - Parameters:
    ///   - name: names the operation.
    ///   - state: what the first look is given.
    ///   - policy: how often it looks at most, and how long it waits in between. The codes of a
    ///     policy mean nothing here.
    ///   - timeout: from the first look; when it is over it looks a last time. Nil: it has no end.
    ///   - body: looks.
    /// - Returns: what the last look gave, now or then.
    /// - Throws: ``OperationError``: what a look threw; `attempts-exhausted` or `timed_out`; for a
    ///   policy that makes no sense `invalid-argument`. `CancellationError` when the activation is
    ///   over.
    public func poll<State: Codable & Sendable, Value: Codable & Sendable>(
        _ name: String,
        from state: State,
        every policy: RetryPolicy,
        timeout: Duration? = nil,
        file: String = #fileID,
        line: Int = #line,
        _ body: (State, OperationContext) async throws -> Poll<State, Value>
    ) async throws -> Value {
        do {
            try policy.check()
        } catch {
            throw OperationError(recording: error)
        }
        let location = CodeLocation(file, line)
        try checkIsHandler("poll \(name)")
        let operation = try next(.poll, name, at: location)
        let sequence: UInt64
        let outcome: Result<EncodedValue, OperationError>
        if let record = try replay(operation, at: location) {
            sequence = record.sequence
            outcome = try activation.outcome(of: record)
        } else {
            enter(.body(name))
            defer { leave() }
            let done = try await look(operation, state, policy, timeout, location, body)
            (sequence, outcome) = (done.sequence, done.outcome.map { EncodedValue(data: $0) })
            consumed(sequence)
        }
        do {
            let data = try outcome.mapError { $0.from(operation) }.get()
            return try activation.decode(Value.self, from: data)
        } catch let error as OperationError {
            throw error
        } catch {
            throw undecodable(error, as: Value.self, operation, sequence, at: location)
        }
    }

    /// Looks at even intervals, as often as it takes. See
    /// ``poll(_:from:every:timeout:file:line:_:)-(_,_,RetryPolicy,_,_,_,_)``.
    public func poll<State: Codable & Sendable, Value: Codable & Sendable>(
        _ name: String,
        from state: State,
        every interval: Duration,
        timeout: Duration? = nil,
        file: String = #fileID,
        line: Int = #line,
        _ body: (State, OperationContext) async throws -> Poll<State, Value>
    ) async throws -> Value {
        let policy = RetryPolicy(maxAttempts: .max, baseDelay: interval, multiplier: 1)
        return try await poll(
            name,
            from: state,
            every: policy,
            timeout: timeout,
            file: file,
            line: line,
            body
        )
    }

    private func look<State: Codable & Sendable, Value: Codable & Sendable>(
        _ operation: Operation,
        _ first: State,
        _ policy: RetryPolicy,
        _ timeout: Duration?,
        _ location: CodeLocation,
        _ body: (State, OperationContext) async throws -> Poll<State, Value>
    ) async throws -> (sequence: UInt64, outcome: Result<[UInt8], OperationError>) {
        let codec = activation.host.codec
        let settings = PollSettings(
            policy: policy,
            timeout: timeout,
            stateType: codec.contentType(of: State.self),
            valueType: codec.contentType(of: Value.self)
        )
        return try await activation.poll(operation, group, settings) { running, left in
            var state = first
            if let left {
                do {
                    state = try activation.decode(State.self, from: left)
                } catch {
                    let sequence = try activation.tries(of: operation)?.sequence ?? 0
                    throw undecodable(error, as: State.self, operation, sequence, at: location)
                }
            }
            try await running.announce(false)
            let answer = try await activation.intercepted(running) { try await body(state, $0) }
            switch answer {
            case .again(let next): return .again(try codec.encode(next))
            case .done(let value): return .done(try codec.encode(value))
            }
        }
    }
}
