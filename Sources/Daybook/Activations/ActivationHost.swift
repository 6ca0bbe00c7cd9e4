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
    /// Has a command decided and carried out.
    func perform<C: Command>(_ command: () throws -> C) async throws -> C.Answer
    /// The same, for a command whose place in the queue the caller decides.
    /// - Parameter order: is given the command, and what puts it into the queue.
    func perform<C: SuspendingCommand>(
        _ command: () throws -> C,
        _ order: (C, @escaping (C) -> Void) -> Void
    ) async throws -> Suspension
    /// The entries that hold the values of an execution's store, by key; nil: it is being changed,
    /// and its history says.
    func storedEntries(of number: UInt64) -> [Name: UInt64]?
    /// The folder that an execution keeps files in.
    func workspace(of lease: Lease) throws -> String
    /// The status of an execution; nil: it is closed, or not known.
    func status(of number: UInt64) -> ExecutionStatus?
    /// Notes a process group that is to be ended should this process die.
    func note(_ group: ProcessGroup) throws
    /// All that an activation runs waits, or something of it runs again.
    func becameIdle(_ activation: Activation, _ isIdle: Bool)
}

extension ActivationHost {
    /// They are.
    var hasEffects: Bool { true }
    /// Nothing does.
    var interceptors: [any Interceptor] { [] }
    /// Its history says.
    func storedEntries(of number: UInt64) -> [Name: UInt64]? { nil }

    /// Seals what a body gave or threw.
    /// - Parameter isHandled: the handler takes a failure as a result.
    func seal(
        _ outcome: Result<(data: [UInt8], verified: Bool), OperationError>,
        isHandled: Bool
    ) throws -> RecordOutcome.Outcome {
        switch outcome {
        case .success(let value):
            return .success(try seal(value.data), verified: value.verified)
        case .failure(let error):
            return .failure(error.facts, try seal(error), handled: isHandled)
        }
    }

    /// Seals a value.
    func seal(_ data: [UInt8]) throws -> SealedPayloads {
        try SealedPayloads(Payload(data, contentType: codec.contentType), limit: payloadLimit)
    }

    /// Seals an error's message and details, as much as fits.
    func seal(_ error: OperationError) throws -> SealedPayloads {
        let error = error.fitting(payloadLimit)
        var payloads = [Payload.text(error.message)]
        if let details = error.details { payloads.append(.json(details)) }
        return try SealedPayloads(payloads, limit: payloadLimit)
    }
}
