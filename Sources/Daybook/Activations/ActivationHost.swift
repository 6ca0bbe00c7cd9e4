import DaybookFormat
import DaybookModel
import DaybookSystem
import Logging

/// What an activation runs in: an engine, or a replay without effects.
protocol ActivationHost: Sendable {
    /// How values become payloads.
    var codec: any PayloadCodec { get }
    /// Bytes that a payload may have.
    var payloadLimit: Int { get }
    /// The journal's UUID.
    var journalID: Identifier { get }

    /// Where the process logs.
    var logger: Logger { get }

    /// Whether bodies are run: not in a replay.
    var hasEffects: Bool { get }

    /// Whether a workflow's operations keep their declared inputs, unless they say otherwise.
    func recordsInputs(of workflow: Name) -> Bool

    /// The content type of a number.
    func contentType(_ number: UInt32) -> String?

    /// Whether code of this process's revision has recorded an entry; false where that is not known.
    func isOfThisRevision(_ sequence: UInt64) -> Bool

    /// The time of day.
    func now() -> Timestamp
    /// Has a body told that it takes too long.
    /// - Returns: what to cancel that by.
    func setAlarm(after duration: Duration, _ ring: @escaping @Sendable () -> Void) -> UInt64
    /// The body has ended.
    func cancelAlarm(_ number: UInt64)
    /// What runs around the code, the outermost first.
    var interceptors: [any Interceptor] { get }
    /// Told of everything that happens.
    func observe(_ event: EngineEvent)
    /// Whether somebody is told.
    var isObserved: Bool { get }
    /// Has a command decided and carried out.
    func perform<C: Command>(_ command: () throws -> C) async throws -> C.Answer
    /// The same, for one whose payloads weigh so many bytes in the queue.
    func perform<C: Command>(bytes: Int, _ command: () throws -> C) async throws -> C.Answer
    /// The same, for a command whose place in the queue the caller decides.
    /// - Parameter order: is given the command, and what puts it into the queue.
    func perform<C: SuspendingCommand>(
        _ command: () throws -> C,
        _ order: (C, @escaping (C) -> Void) -> Void
    ) async throws -> Suspension
    /// The entries that hold the values of an execution's store, by key; nil: it is being changed,
    /// and its history says.
    func storedEntries(of number: UInt64) -> [Name: UInt64]?
    /// The secrets of an execution, opened; nil: there is nothing to be kept out of its record.
    /// - Throws: ``SecretError``: none can be opened here.
    func secrets(of number: UInt64) throws -> ExecutionSecrets?
    /// Which secrets are kept of an execution; nil: none are.
    func keptSecrets(of number: UInt64) -> KeptSecrets.OfExecution?
    /// The folder that an execution keeps files in, as it is recorded.
    /// - Parameters:
    ///   - redactor: finds the execution's secrets; nil: it has none.
    ///   - mayBeEmpty: one that was not saved, and is not here, is not asked for in vain.
    func workspace(
        of lease: Lease,
        _ redactor: Redactor?,
        mayBeEmpty: Bool
    ) async throws -> WorkspaceKeeper
    /// The folder for files that are handed over to processes which bodies start.
    func exchangeFolder() throws -> String
    /// The status of an execution; nil: it is closed, or not known.
    func status(of number: UInt64) -> ExecutionStatus?
    /// Whether checkpoints of an execution are to be undone should it end badly.
    func hasToCompensate(_ number: UInt64) -> Bool
    /// Notes a process group that is to be ended should this process die.
    func note(_ group: ProcessGroup) throws
    /// All that an activation runs waits, or something of it runs again.
    func becameIdle(_ activation: Activation, _ isIdle: Bool)
}

extension ActivationHost {
    func hasToCompensate(_ number: UInt64) -> Bool { false }
    /// There is none.
    func exchangeFolder() throws -> String { throw OperationError.noFolder("a body") }
    /// They are.
    var hasEffects: Bool { true }
    /// Nobody is.
    var isObserved: Bool { false }
    /// It has none.
    func secrets(of number: UInt64) -> ExecutionSecrets? { nil }
    /// None are.
    func keptSecrets(of number: UInt64) -> KeptSecrets.OfExecution? { nil }
    /// Nothing does.
    var interceptors: [any Interceptor] { [] }
    /// There is no queue.
    func perform<C: Command>(bytes: Int, _ command: () throws -> C) async throws -> C.Answer {
        try await perform(command)
    }
    /// It is not known.
    func isOfThisRevision(_ sequence: UInt64) -> Bool { false }
    /// Its history says.
    func storedEntries(of number: UInt64) -> [Name: UInt64]? { nil }

    /// Seals what a body gave or threw.
    /// - Parameters:
    ///   - input: the declared input, if it is kept with the outcome.
    ///   - stored: what a success puts into the execution's store.
    func seal(
        _ outcome: Result<(data: [UInt8], verified: Bool), OperationError>,
        _ settings: CheckpointSettings,
        _ input: [UInt8]?,
        _ stored: StoredValues = .none
    ) throws -> RecordOutcome.Outcome {
        switch outcome {
        case .success(let value):
            guard !stored.isEmpty else {
                let sealed = try seal(value.data, as: settings.contentType, with: input)
                return .success(sealed, verified: value.verified)
            }
            let type = codec.contentType
            let values = stored.values.map { Payload($0.data, contentType: type) }
            let sealed = try SealedPayloads(
                [Payload(value.data, contentType: settings.contentType ?? type)] + values
                    + (input.map { [Payload($0, contentType: type)] } ?? []),
                limit: payloadLimit
            )
            return .success(sealed, verified: value.verified, stored.changes)
        case .failure(let error):
            return .failure(
                error.facts,
                try seal(error, with: input),
                handled: settings.isHandled
            )
        }
    }

    /// Seals a value.
    /// - Parameters:
    ///   - contentType: nil: that of the codec.
    ///   - input: the declared input, if it is kept with the value.
    func seal(
        _ data: [UInt8],
        as contentType: String? = nil,
        with input: [UInt8]? = nil
    ) throws -> SealedPayloads {
        let value = Payload(data, contentType: contentType ?? codec.contentType)
        guard let input else { return try SealedPayloads(value, limit: payloadLimit) }
        let declared = Payload(input, contentType: codec.contentType)
        return try SealedPayloads([value, declared], limit: payloadLimit)
    }

    /// Seals an error's message and details, as much as fits.
    /// - Parameter input: the declared input, if it is kept with the error.
    func seal(_ error: OperationError, with input: [UInt8]? = nil) throws -> SealedPayloads {
        let error = error.fitting(payloadLimit)
        var payloads = [Payload.text(error.message)]
        if let details = error.details { payloads.append(.json(details)) }
        if let input { payloads.append(Payload(input, contentType: codec.contentType)) }
        return try SealedPayloads(payloads, limit: payloadLimit)
    }
}
