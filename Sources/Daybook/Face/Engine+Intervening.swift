import DaybookFormat
import DaybookJournal
public import DaybookModel

/// What a person does about an execution.
extension Engine {
    /// Gives an execution a signal. An operation that waits for one of its name goes on; otherwise
    /// it is kept until one asks.
    /// - Parameters:
    ///   - signalID: sending a signal of the same id again does nothing.
    ///   - requester: who sends it, and why.
    /// - Throws: ``Refusal``: there is no such execution, or it has ended.
    @discardableResult
    public func signal(
        _ id: String,
        _ name: String,
        _ value: some Encodable & Sendable,
        signalID: String? = nil,
        by requester: Requester = .session
    ) async throws -> SignalAnswer {
        let data = try engine.options.codec.encode(value)
        return try await signal(
            id,
            name,
            data: data,
            contentType: engine.options.codec.contentType(of: type(of: value)),
            signalID: signalID,
            by: requester
        )
    }

    /// Gives an execution a signal of a known type. See ``signal(_:_:_:signalID:by:)``.
    @discardableResult
    public func signal<Value>(
        _ id: String,
        _ key: SignalKey<Value>,
        _ value: Value,
        signalID: String? = nil,
        by requester: Requester = .session
    ) async throws -> SignalAnswer {
        try await signal(id, key.name, value, signalID: signalID, by: requester)
    }

    /// Gives an execution a signal with an encoded value.
    /// - Parameter version: of the value's type (``VersionedValue``); nil: it is read as version 1 and,
    ///   when it is no value of that, as the newest.
    /// - Throws: ``Refusal``; with the code `invalid-argument` when its workflow is known here and
    ///   says that the signal is of another type.
    @discardableResult
    public func signal(
        _ id: String,
        _ name: String,
        data: [UInt8],
        version: Int? = nil,
        signalID: String? = nil,
        by requester: Requester = .session
    ) async throws -> SignalAnswer {
        let codec = engine.options.codec
        return try await signal(
            id,
            name,
            data: data,
            contentType: version.map { codec.contentType + ContentVersion.parameter + "\($0)" },
            signalID: signalID,
            by: requester
        )
    }

    private func signal(
        _ id: String,
        _ name: String,
        data: [UInt8],
        contentType: String?,
        signalID: String?,
        by requester: Requester
    ) async throws -> SignalAnswer {
        try check(data, contentType, as: name, of: id)
        if let refusal = engine.secrets(of: Name(id))?.refusal(of: data, "the signal \(name)") {
            throw SecretError(.exposed, refusal.message)
        }
        return try await engine.perform(bytes: data.count) {
            Signal(
                id: Name(id),
                name: Name(name),
                signalID: signalID.map { Name($0) },
                payloads: try engine.seal(data, as: contentType),
                by: try engine.request(requester, of: Name(id))
            )
        }
    }

    /// Tells an execution that what it waits for by a signal has failed: the wait throws the error.
    /// It is given out like any other signal of that name; see `signal`.
    /// - Parameters:
    ///   - error: its message and details are cut to what a payload may have.
    ///   - signalID: sending a signal of the same id again does nothing.
    ///   - requester: who says so, and why.
    /// - Throws: ``Refusal``: there is no such execution, or it has ended.
    @discardableResult
    public func fail(
        _ id: String,
        signal name: String,
        with error: OperationError,
        signalID: String? = nil,
        by requester: Requester = .session
    ) async throws -> SignalAnswer {
        let limit = engine.payloadLimit
        let error = (engine.secrets(of: Name(id))?.redacted(error) ?? error).fitting(limit)
        let bytes = error.message.utf8.count + (error.details?.count ?? 0)
        return try await engine.perform(bytes: bytes) {
            Signal(
                id: Name(id),
                name: Name(name),
                signalID: signalID.map { Name($0) },
                error: error.facts,
                payloads: try SealedPayloads(
                    [.text(error.message), .json(error.details ?? [])],
                    limit: limit
                ),
                by: try engine.request(requester, of: Name(id))
            )
        }
    }

    /// Says what became of an operation for which an execution is parked, because it may have
    /// happened. Once nothing else of it is in doubt the execution goes on.
    /// - Parameters:
    ///   - operation: which one; see ``ExecutionRecord/doubts``.
    ///   - resolution: what became of it.
    ///   - requester: who says so, and why.
    /// - Throws: ``Refusal``: there is no such execution, it has ended, or the operation is not in
    ///   doubt, for example because somebody has resolved it before; ``PayloadTooLarge``.
    @discardableResult
    public func resolve(
        _ id: String,
        _ operation: OperationPath,
        _ resolution: Resolution,
        by requester: Requester = .session
    ) async throws -> ResolveAnswer {
        let (verdict, given) = try resolution.sealable(engine.options.codec)
        let payload = try engine.withoutSecrets(given, verdict, of: id, operation)
        let answer = try await engine.perform {
            ResolveOperation(
                id: Name(id),
                operation,
                verdict,
                payloads: try payload.map {
                    try SealedPayloads($0, limit: engine.payloadLimit)
                },
                by: try engine.request(requester, of: Name(id))
            )
        }
        if answer.left.isEmpty { engine.claim(answer.number) }
        return answer
    }

    /// Has a pinned execution run by processes of another revision, from its next claim on.
    /// - Parameters:
    ///   - revision: as those processes have in ``EngineOptions/revision``.
    ///   - requester: who wants it, and why.
    /// - Throws: ``Refusal``: there is no such execution, it has ended, or it is not pinned.
    @discardableResult
    public func repin(
        _ id: String,
        to revision: String,
        by requester: Requester = .session
    ) async throws -> InterventionAnswer {
        let answer = try await engine.perform {
            Repin(try intervention(id, requester), to: Name(revision))
        }
        engine.claim(answer.number)
        return answer
    }

    /// Ends an execution, whatever it does. Its code is told, what it registered by
    /// ``WorkflowContext/onUnfinished(_:timeout:file:line:_:)`` runs, and then it is closed.
    /// - Parameter force: what it registered does not run, also if it has ended and cleans up now.
    /// - Throws: ``Refusal``: there is no such execution, or it has ended otherwise.
    @discardableResult
    public func cancel(
        _ id: String,
        force: Bool = false,
        by requester: Requester = .session
    ) async throws -> InterventionAnswer {
        try await engine.perform { Cancel(try intervention(id, requester), force: force) }
    }

    /// Has nothing of an execution run until it is resumed. Timers go on, signals are kept.
    /// - Throws: ``Refusal``: there is no such execution, or it has ended.
    @discardableResult
    public func pause(_ id: String, by requester: Requester = .session) async throws
        -> InterventionAnswer
    {
        try await engine.perform { Pause(try intervention(id, requester)) }
    }

    /// Lets an execution that was paused run again.
    /// - Throws: ``Refusal``: there is no such execution, or it has ended.
    @discardableResult
    public func resume(_ id: String, by requester: Requester = .session) async throws
        -> InterventionAnswer
    {
        try await engine.perform { Resume(try intervention(id, requester)) }
    }

    /// Has an execution that failed, timed out, expired, was cancelled or is parked run again from what
    /// failed.
    /// - Parameter secrets: fresh ones, which take the place of those of the same names. Others that are
    ///   kept stay. Where the keys of old ones could not be overwritten the log says so, and it is tried
    ///   again whenever secrets are wiped, and when the journal is opened.
    /// - Throws: ``Refusal``: there is no such execution, it is under way, or it has ended well;
    ///   ``SecretError``.
    @discardableResult
    public func retry(
        _ id: String,
        secrets: [String: Secret] = [:],
        by requester: Requester = .session
    ) async throws -> InterventionAnswer {
        let answer = try await engine.storing(secrets, of: id) { given in
            let answer = try await engine.perform {
                let request = try engine.request(requester, of: Name(id), given?.redactor)
                return Retry(Intervention(id: Name(id), by: request), secrets: given?.sealed)
            }
            return (answer, true)
        }
        engine.claim(answer.number)
        return answer
    }

    /// A value that its receiver could not decode is not recorded, as far as its type is known.
    private func check(
        _ data: [UInt8],
        _ contentType: String?,
        as name: String,
        of id: String
    ) throws {
        guard engine.takesKnownSignals, let record = try engine.record(of: id),
            let declaration = engine.workflows[Name(record.type)]?.signals[Name(name)]
        else { return }
        do {
            let codec = engine.options.codec
            try declaration.check(data, of: contentType ?? codec.contentType, codec)
        } catch {
            throw Refusal(
                .invalidArgument,
                "the value is not what \(id) takes as the signal \(name): \(UndecodableValue.sentence(error))"
            )
        }
    }

    private func intervention(_ id: String, _ requester: Requester) throws -> Intervention {
        Intervention(id: Name(id), by: try engine.request(requester, of: Name(id)))
    }
}

extension EngineCore {
    /// What a person says of an operation: a message without the execution's secrets.
    /// - Throws: ``SecretError`` for a value with one of them.
    fileprivate func withoutSecrets(
        _ payload: Payload?,
        _ verdict: ResolveOperation.Verdict,
        of id: String,
        _ operation: OperationPath
    ) throws -> Payload? {
        guard var payload, let kept = secretsOrKey(of: Name(id)) else { return payload }
        if case .failed = verdict {
            payload.data = kept.redactor.redacted(payload.data)
        } else if let refusal = kept.refusal(of: payload.data, "the result of \(operation)") {
            throw SecretError(.exposed, refusal.message)
        }
        return payload
    }
}
