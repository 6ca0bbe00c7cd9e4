import DaybookFormat
import DaybookJournal
import DaybookModel
import DaybookSystem

extension Engine {
    /// Wipes secrets of an execution, whether it is open or closed: the keys that open them are
    /// overwritten, and what is sealed opens never again. Code that asks for one fails.
    /// - Parameters:
    ///   - names: which; nil: all.
    ///   - requester: who asks, and why.
    /// - Returns: the names of those that were kept, and are wiped now.
    /// - Throws: ``Refusal``: there is no such execution. ``SecretError`` with the code `secret-left`:
    ///   keys of wiped secrets, of these or of others, could not be overwritten. That is tried again
    ///   whenever secrets are wiped, and when the journal is opened.
    @discardableResult
    public func wipeSecrets(
        of id: String,
        names: [String]? = nil,
        by requester: Requester = .session
    ) async throws -> [String] {
        let wiped = try await engine.perform {
            WipeSecrets(
                Intervention(id: Name(id), by: try engine.request(requester, of: Name(id))),
                names: names?.map { Name($0) }
            )
        }
        try await engine.checkDestroyed(for: id)
        return wiped.map(\.text)
    }
}

extension Engine {
    /// Keys of wiped secrets that this process has to overwrite, and cannot; it is tried once more. They may
    /// be of other executions.
    /// - Parameter id: the execution for which it is asked.
    /// - Returns: why not; nil: nothing is owed.
    package func owedKeys(of id: String) async throws -> SecretError? {
        do {
            try await engine.checkDestroyed(for: id)
            return nil
        } catch let error as SecretError {
            return error
        }
    }

    /// The ids of executions that are ready and are left to others, because their secrets cannot be opened in
    /// this process, and why; nil: there are none.
    package func leftForSecrets() -> (ids: [String], refusal: SecretError)? {
        engine.leftForSecrets().map { ($0.ids.map(\.text), $0.refusal) }
    }

    /// Which of some secrets an execution does not keep with these values.
    /// - Throws: ``SecretError`` where what it keeps cannot be opened.
    package func unkept(_ given: [String: Secret], by id: String) throws -> [String] {
        let kept = engine.secrets(of: Name(id))?.values ?? [:]
        return try given.keys.sorted().filter { name in
            try kept[Name(name)]?.get().bytes != given[name]?.bytes
        }
    }
}

extension EngineCore {
    /// Makes sure that nothing is left of what entries say is destroyed.
    func checkDestroyed(for id: String) async throws {
        try await keeper.checkDestroyed(for: id, writer, session: sessionNumber)
    }

    /// Seals secrets, has a command decided that stores them, and destroys their keys again when it
    /// does not.
    /// - Parameter body: is given what was sealed; it answers whether that is stored.
    func storing<Answer>(
        _ secrets: [String: Secret],
        of id: String,
        _ body: (GivenSecrets?) async throws -> (answer: Answer, isStored: Bool)
    ) async throws -> Answer {
        if secrets.isEmpty { return try await body(nil).answer }
        let (keeper, limit) = (keeper, payloadLimit)
        let given = try await SystemThread.run {
            try keeper.seal(secrets, for: Name(id), limit: limit)
        }
        do {
            let (answer, isStored) = try await body(given)
            if !isStored { try await discard(given) }
            return answer
        } catch let error as JournalError where error.code == .outcomeUnknown {
            // They may be stored. The next opening knows.
            throw error
        } catch {
            try await discard(given)
            throw error
        }
    }

    private func discard(_ given: GivenSecrets) async throws {
        try await SystemThread.run { try given.reservation.discard() }
    }

    /// Secrets of an execution, to be kept out of what somebody else says of it; nil: it has none.
    func secrets(of id: Name) -> ExecutionSecrets? {
        let kept = writer.inspect { fold in
            fold.state.secrets.isEmpty ? nil : fold.state.secrets.of(id)
        }
        return kept.map { keeper.open($0, writer.journal.store) }
    }

    /// The same, and the journal key in any case: who has none cannot give it away.
    func secretsOrKey(of id: Name) -> ExecutionSecrets? { secrets(of: id) ?? keeper.keyAlone() }

    func keptSecrets(of number: UInt64) -> KeptSecrets.OfExecution? {
        writer.inspect { $0.state.secrets.isEmpty ? nil : $0.state.secrets[number] }
    }

    func secrets(of number: UInt64) throws -> ExecutionSecrets? {
        guard let kept = keptSecrets(of: number) else { return keeper.access.keyOnly }
        let secrets = keeper.open(kept, writer.journal.store)
        if let refusal = secrets.refusal { throw refusal }
        return secrets
    }
}
