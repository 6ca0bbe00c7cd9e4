import DaybookFormat
import DaybookJournal
import DaybookModel

/// The secrets of an execution, opened for its code, and what keeps them out of its record.
final class ExecutionSecrets: Sendable {
    struct Value: Sendable {
        /// The id of its data key.
        let key: [UInt8]
        let bytes: [UInt8]
    }

    let values: [Name: Result<Value, SecretError>]
    /// Finds those that could be opened, and the journal key.
    let redactor: Redactor

    /// - Parameter key: what is no secret of the execution, and kept out of its record too.
    init(_ values: [Name: Result<Value, SecretError>], besides key: JournalKey? = nil) {
        self.values = values
        redactor = Redactor(
            values.values.compactMap { value in
                if case .success(let value) = value { value.bytes } else { nil }
            } + (key?.texts ?? [])
        )
    }

    /// The value of one that is kept.
    /// - Returns: nil: it is not the one that was opened.
    /// - Throws: ``SecretError``: why it could not be opened.
    func value(of secret: KeptSecrets.Secret) throws(SecretError) -> Secret? {
        guard let value = try values[secret.name]?.get(), value.key == secret.key else {
            return nil
        }
        return Secret(bytes: value.bytes)
    }

    /// An error without secrets. Details that contain one are left out: without it they would say
    /// something else.
    func redacted(_ error: OperationError) -> OperationError {
        var error = error
        error.message = redactor.redacted(error.message)
        let code = redactor.redacted(error.code)
        if code != error.code {
            error.facts = ErrorFacts(
                kind: error.facts.kind,
                code: code,
                isRetryable: error.facts.isRetryable
            )
        }
        if let details = error.details, redactor.finds(in: details) {
            error.details = nil
            error.message += " (its details are left out: they contain a secret)"
        }
        return error
    }

    /// What a value is refused with that contains a secret; nil: it does not.
    func refusal(of data: [UInt8], _ what: String) -> OperationError? {
        guard redactor.finds(in: data) else { return nil }
        return OperationError(
            code: SecretError.Code.exposed.rawValue,
            message:
                "\(what) contains a secret, and is recorded in clear; leave the secret out of it",
            isRetryable: false
        )
    }
}

extension Activation {
    /// A secret of the execution.
    /// - Throws: ``SecretError``.
    func secret(_ name: String) throws -> Secret {
        // A replay has none, and what depends on one is not recorded either.
        guard host.hasEffects else { return Secret(bytes: Redactor.mark) }
        if let kept = host.keptSecrets(of: lease.execution)?[Name(name)],
            let value = try secrets?.value(of: kept)
        {
            return value
        }
        guard try wasWiped(Name(name)) else {
            throw SecretError(
                .unknown,
                "the execution \(lease.id) was given no secret \(name); give it when it is submitted, or with a retry",
                name: name
            )
        }
        throw SecretError(
            .wiped,
            "the secret \(name) of the execution \(lease.id) has been wiped; give it again with a retry",
            name: name
        )
    }

    private func wasWiped(_ name: Name) throws -> Bool {
        try reading {
            var found = false
            try history.scan(from: lease.execution) { entry, _ in
                guard entry.event == EventKind.secretsWiped.rawValue else { return true }
                let event = try ProtoSecretsWiped(decoding: entry)
                if event.secrets.contains(where: { Name($0.name) == name }) { found = true }
                return !found
            }
            return found
        }
    }

    /// Seals a value, unless it contains a secret.
    /// - Throws: ``OperationError``, ``PayloadTooLarge``.
    func seal(_ data: [UInt8], as contentType: String? = nil) throws -> SealedPayloads {
        if let refusal = secrets?.refusal(of: data, "the value") { throw refusal }
        return try host.seal(data, as: contentType)
    }

    /// Seals an error's message and details without secrets, as much as fits.
    func seal(_ error: OperationError) throws -> SealedPayloads {
        try host.seal(secrets?.redacted(error) ?? error)
    }
}

extension WorkflowContext {
    /// A secret that was given with the submission, or with a person's retry.
    ///
    /// Nothing is recorded by it. Whatever is recorded of the execution is redacted of its secrets: in
    /// errors, reasons and log lines `***` stands in their place, and a value that contains one is
    /// refused. In a ``Replayer`` it is `***`: what a handler does must not depend on it. So it is where
    /// the handler is run once more to learn what it registered for an end, and there is no such secret any
    /// more: what undoes work asks for it itself, by ``OperationContext/secret(_:)``, and fails by its name.
    /// - Throws: ``SecretError``: none of that name was given, it has been wiped, or it cannot be opened
    ///   here.
    public func secret(_ name: String) throws -> Secret {
        do {
            return try activation.secret(name)
        } catch let error as SecretError {
            // What can do without is undone all the same.
            if activation.isCollecting { return Secret(bytes: Redactor.mark) }
            activation.state.withLock { $0.isLacking = true }
            throw error
        }
    }
}

extension OperationContext {
    /// Keeps the execution's secrets out of what a body writes elsewhere; nil: it has none.
    package var redactor: Redactor? { activation.secrets?.redactor }

    /// A secret of the execution. See ``WorkflowContext/secret(_:)``.
    /// - Throws: ``SecretError``.
    public func secret(_ name: String) throws -> Secret { try activation.secret(name) }
}
