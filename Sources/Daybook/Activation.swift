import Crypto
import DaybookFormat
import DaybookJournal
import DaybookModel
import DaybookSystem

/// One run of a handler's code, from claim to end.
///
/// Once it is latched nothing more is recorded by it, and the latch, not what the handler does with
/// the error, decides what becomes of it.
final class Activation: Sendable {
    let engine: Engine
    let lease: Lease
    private let replayLog: ReplayLog
    /// The salt of the execution's input: the key of its digests. Nil once erased.
    private let salt: Salt?
    private let state = Locked(ActivationState())

    private struct ActivationState: Sendable {
        var latch: ContextClosed.Reason?
        var logs = LogBuffer()
        var operations: UInt64 = 0
    }

    init(_ engine: Engine, _ lease: Lease, salt: Salt?) {
        self.engine = engine
        self.lease = lease
        self.salt = salt
        replayLog = ReplayLog(engine.writer.journal, lease)
    }

    // MARK: The latch

    /// Ends the activation. The first reason stays.
    func latch(_ reason: ContextClosed.Reason) {
        state.withLock { if $0.latch == nil { $0.latch = reason } }
    }

    var latched: ContextClosed.Reason? { state.withLock { $0.latch } }

    func checkOpen() throws(ContextClosed) {
        if let reason = latched { throw ContextClosed(reason: reason) }
    }

    /// Latches because of a divergence.
    /// - Returns: the error to throw.
    func diverge(_ divergence: Divergence) -> ContextClosed {
        latch(.diverged(divergence))
        return ContextClosed(reason: latched ?? .diverged(divergence))
    }

    // MARK: Replay

    /// Whether the next operation of a scope is recorded. A journal that cannot be read ends the
    /// activation at that operation, not here.
    func isReplaying(_ scope: [UInt32]) -> Bool {
        do {
            return try replayLog.hasNext(in: scope)
        } catch {
            latch(.journalFailed(error))
            return false
        }
    }

    /// The record of an operation, if there is one.
    func replay(_ operation: Operation, at location: String) throws -> ReplayLog.Record? {
        let record: ReplayLog.Record?
        do {
            record = try replayLog.next(in: operation.scope)
        } catch {
            latch(.journalFailed(error))
            throw ContextClosed(reason: .journalFailed(error))
        }
        guard let record else { return nil }
        guard record.operation == operation else {
            throw diverge(
                Divergence(
                    sequence: record.sequence,
                    recorded: record.operation,
                    attempted: operation,
                    location: location
                )
            )
        }
        state.withLock { $0.operations += 1 }
        var failed = false
        if case .failure = record.outcome { failed = true }
        engine.observe(.replayed(lease, operation, sequence: record.sequence, failed: failed))
        return record
    }

    /// The value that a record holds.
    /// - Throws: the recorded failure; ``PayloadErased``.
    func value(of record: ReplayLog.Record) throws -> [UInt8] {
        switch record.outcome {
        case .success(let payload):
            guard !payload.isErased else { throw PayloadErased(sequence: record.sequence) }
            return payload.data
        case .failure(let facts, let message, let details):
            if message?.isErased == true { throw PayloadErased(sequence: record.sequence) }
            throw OperationError(
                facts: facts,
                message: message.map { String(decoding: $0.data, as: UTF8.self) } ?? "",
                details: details?.data
            )
        }
    }

    /// Whether the handler may end here: not while operations are recorded that it did not ask for.
    func unconsumedRecord() throws -> ReplayLog.Record? { try replayLog.unconsumed() }

    // MARK: Running

    /// Runs an operation that is not recorded, and records its outcome.
    func run(
        _ operation: Operation,
        recordsStart: Bool,
        _ body: (RunningOperation) async throws -> (data: [UInt8], verified: Bool)
    ) async throws -> (sequence: UInt64, data: [UInt8]) {
        let startedAt = engine.options.clock.now()
        let running = RunningOperation(context: OperationContext(self, operation)) {
            var sequence: UInt64?
            if recordsStart {
                sequence = try await self.perform { StartOperation(self.lease, operation) }
            }
            self.engine.observe(.started(self.lease, operation, sequence: sequence))
        }
        let outcome: Result<(data: [UInt8], verified: Bool), OperationError>
        do {
            outcome = .success(try await body(running))
        } catch let error as ContextClosed {
            throw error
        } catch {
            // A body that is told to stop throws: that is not the operation's failure.
            try checkOpen()
            outcome = .failure(OperationError(recording: error))
        }
        try checkOpen()
        return try await record(operation, outcome, startedAt)
    }

    private func record(
        _ operation: Operation,
        _ outcome: Result<(data: [UInt8], verified: Bool), OperationError>,
        _ startedAt: Timestamp
    ) async throws -> (sequence: UInt64, data: [UInt8]) {
        var outcome = outcome
        let limit = engine.payloadLimit
        if case .success(let value) = outcome, value.data.count > limit {
            let reason = PayloadTooLarge(size: value.data.count, limit: limit)
            outcome = .failure(
                OperationError(
                    code: "payload-too-large",
                    message: reason.description,
                    isRetryable: false
                )
            )
        }
        let failure: OperationError? = if case .failure(let error) = outcome { error } else { nil }
        let sequence: UInt64
        do {
            sequence = try await perform {
                RecordOutcome(
                    self.lease,
                    operation,
                    try self.engine.seal(outcome),
                    startedAt: startedAt,
                    logs: try self.takeLogs()
                )
            }
        } catch let error as ContextClosed {
            guard case .journalFailed(let cause) = error.reason, failure != nil else { throw error }
            throw RecordingFailed(bodyError: failure, recordingError: cause)
        }
        state.withLock { $0.operations += 1 }
        if case .success(let value) = outcome {
            engine.observe(
                .recorded(
                    lease,
                    operation,
                    sequence: sequence,
                    verified: value.verified,
                    failure: nil
                )
            )
            return (sequence, value.data)
        }
        engine.observe(
            .recorded(lease, operation, sequence: sequence, verified: false, failure: failure)
        )
        throw failure!
    }

    /// Has a command of this lease carried out, and latches when that shows that the activation is
    /// over.
    private func perform<C: Command>(_ command: () throws -> C) async throws -> C.Answer {
        do {
            return try await engine.perform(command)
        } catch let error as Refusal where error.code == .staleLease {
            latch(.leaseLost)
            throw ContextClosed(reason: .leaseLost)
        } catch let error as JournalError {
            latch(.journalFailed(error))
            throw ContextClosed(reason: .journalFailed(error))
        }
    }

    // MARK: Logs, digests, keys

    func log(_ text: String, _ stream: LogStream = .log) {
        let now = engine.options.clock.now()
        state.withLock { $0.logs.append(text, stream, at: now) }
    }

    func takeLogs() throws -> [LogChunk] {
        let limit = engine.payloadLimit
        return try state.withLock { try $0.logs.take(limit: limit) }
    }

    var operationCount: UInt64 { state.withLock { $0.operations } }

    /// The first 16 bytes of the input's HMAC under the execution's salt.
    func digest(_ input: (any Encodable & Sendable)?) throws -> [UInt8] {
        guard let input else { return [] }
        guard let salt else { throw PayloadErased(sequence: lease.execution) }
        return Array(salt.commit(to: try engine.options.codec.encode(input)).prefix(16))
    }

    func idempotencyKey(_ operation: Operation) -> String {
        operation.idempotencyKey(journal: engine.journalID, execution: lease.execution).description
    }
}

/// A payload that is needed has been erased.
public struct PayloadErased: Error, Hashable, Sendable, CustomStringConvertible {
    /// The entry that it belonged to.
    public let sequence: UInt64

    /// What is missing.
    public var description: String {
        "the payload of entry \(sequence) has been erased: what depends on it cannot be run or replayed"
    }
}
