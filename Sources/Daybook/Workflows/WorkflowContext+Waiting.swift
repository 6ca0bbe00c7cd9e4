public import DaybookFormat
import DaybookModel

extension WorkflowContext {
    /// Waits. The end of the wait is recorded at the first call: it survives restarts, and costs
    /// nothing meanwhile.
    /// - Parameters:
    ///   - duration: from the moment at which the wait is recorded.
    ///   - name: names the operation.
    public func sleep(
        for duration: Duration,
        _ name: String = "sleep",
        file: String = #fileID,
        line: Int = #line
    ) async throws {
        try await sleep(name, until: .after(duration), at: CodeLocation(file, line))
    }

    /// Waits until a time. It survives restarts, and costs nothing meanwhile.
    /// - Parameters:
    ///   - time: a time that is over is no wait.
    ///   - name: names the operation.
    public func sleep(
        until time: Timestamp,
        _ name: String = "sleep",
        file: String = #fileID,
        line: Int = #line
    ) async throws {
        try await sleep(name, until: .at(time), at: CodeLocation(file, line))
    }

    private func sleep(
        _ name: String,
        until: StartTimer.Until,
        at location: CodeLocation
    ) async throws {
        try checkIsHandler("sleep \(name)")
        let operation = try next(.sleep, name, at: location)
        let wake: Replay.Wake?
        if try replay(operation, at: location) != nil {
            wake = try await recordedWait(operation)
        } else {
            activation.noteOperation()
            let waited = try await activation.wait(operation, group) {
                StartTimer(
                    activation.lease,
                    operation,
                    until: until,
                    suspended: nil,
                    logs: try activation.takeLogs(in: scope)
                )
            }
            if !waited.recorded.waits { consumed(waited.recorded.sequence) }
            wake = waited.wake
        }
        if case .fired(let time) = wake { consumed(at: time) }
    }

    /// What ended, or will end, a wait that is recorded.
    func recordedWait(_ operation: Operation) async throws -> Replay.Wake? {
        if let wake = try activation.wake(of: operation) {
            // Told when the handler goes on from here, and not whenever it comes by later.
            if activation.host.isObserved, !isReplaying {
                activation.tellOfWake(operation, wake)
            }
            return wake
        }
        return try await activation.wait(operation, group)
    }

    /// Waits for a signal. Signals of one name are given out first in, first out; one that came
    /// before anybody asked is kept.
    /// - Parameters:
    ///   - name: the signal's name, and the operation's.
    ///   - type: what its value is decoded as.
    /// - Throws: ``OperationError``: the signal says that what is waited for has failed (``Engine/fail(_:signal:with:signalID:by:)``);
    ///   when the handler lets that through, the next attempt waits for another signal.
    ///   `CancellationError` when the activation is over, and when its value is not one: then the
    ///   execution is parked, so that a mended program can go on with it.
    public func receive<Value: Decodable & Sendable>(
        _ name: String,
        as type: Value.Type = Value.self,
        file: String = #fileID,
        line: Int = #line
    ) async throws -> Value {
        let location = CodeLocation(file, line)
        guard let received = try await signal(name, timeout: nil, at: location) else {
            throw OperationError(
                code: "signal-timeout",
                message:
                    "the wait for the signal \(name) was recorded with a timeout, and has none now"
            )
        }
        return try decode(received, at: location)
    }

    /// Waits for a signal of a known type. See ``receive(_:as:file:line:)``.
    public func receive<Value>(
        _ key: SignalKey<Value>,
        file: String = #fileID,
        line: Int = #line
    ) async throws -> Value {
        try await receive(key.name, as: Value.self, file: file, line: line)
    }

    /// Waits for a signal of a known type, but not for ever. See
    /// ``receive(_:as:timeout:file:line:)``.
    public func receive<Value>(
        _ key: SignalKey<Value>,
        timeout: Duration,
        file: String = #fileID,
        line: Int = #line
    ) async throws -> TimedSignal<Value> {
        try await receive(key.name, as: Value.self, timeout: timeout, file: file, line: line)
    }

    /// Waits for a signal, but not for ever.
    /// - Parameter timeout: from the moment at which the wait is recorded; not above zero: it only
    ///   looks whether a signal is there.
    /// - Returns: the value, or that the time was over first; a signal that comes later is kept for
    ///   the next who asks.
    /// - Throws: as without a timeout.
    public func receive<Value: Decodable & Sendable>(
        _ name: String,
        as type: Value.Type = Value.self,
        timeout: Duration,
        file: String = #fileID,
        line: Int = #line
    ) async throws -> TimedSignal<Value> {
        let location = CodeLocation(file, line)
        guard let received = try await signal(name, timeout: timeout, at: location) else {
            return .timedOut
        }
        return .given(try decode(received, at: location))
    }

    /// The value of a signal, and who gave it.
    package struct GivenSignal<Value: Sendable>: Sendable {
        /// The value.
        package let value: Value
        /// Who gave it, as recorded; empty: nobody was named.
        package let actor: String
    }

    /// Waits for a signal, and learns who gave it.
    /// - Parameter timeout: as in ``receive(_:as:timeout:file:line:)``; nil: it waits for ever.
    /// - Returns: nil when the time was over first.
    /// - Throws: as ``receive(_:as:file:line:)`` does.
    package func receiveGiven<Value: Decodable & Sendable>(
        _ name: String,
        as type: Value.Type = Value.self,
        timeout: Duration?,
        file: String = #fileID,
        line: Int = #line
    ) async throws -> GivenSignal<Value>? {
        let location = CodeLocation(file, line)
        guard let received = try await signal(name, timeout: timeout, at: location) else {
            return nil
        }
        return GivenSignal(
            value: try decode(received, at: location),
            actor: try activation.giver(ofSignal: received.sequence)
        )
    }

    /// A signal that an operation was given.
    private struct Received {
        let operation: Operation
        /// The entry that holds its value, or the message of the error.
        let sequence: UInt64
        /// What its sender says has failed; nil: it has a value.
        let failure: ErrorFacts?
    }

    private func decode<Value: Decodable>(
        _ received: Received,
        at location: CodeLocation
    ) throws -> Value {
        if let failure = received.failure {
            throw try activation.error(failure, at: received.sequence).from(received.operation)
        }
        let value = try activation.value(at: received.sequence)
        do {
            return try activation.decode(Value.self, from: value)
        } catch {
            throw undecodable(
                error,
                as: Value.self,
                received.operation,
                received.sequence,
                at: location
            )
        }
    }

    private func signal(
        _ name: String,
        timeout: Duration?,
        at location: CodeLocation
    ) async throws -> Received? {
        try checkIsHandler("receive \(name)")
        let operation = try next(.signal, name, at: location)
        func received(_ sequence: UInt64, _ failure: ErrorFacts?) -> Received {
            Received(operation: operation, sequence: sequence, failure: failure)
        }
        var wake: Replay.Wake?
        if let record = try replay(operation, at: location) {
            if case .signal(let sequence, let failure) = record.outcome {
                return received(sequence, failure)
            }
            wake = try await recordedWait(operation)
        } else {
            activation.noteOperation()
            let (recorded, end) = try await activation.wait(operation, group) {
                AwaitSignal(
                    activation.lease,
                    operation,
                    timeout: timeout,
                    suspended: nil,
                    logs: try activation.takeLogs(in: scope)
                )
            }
            if !recorded.waits { consumed(recorded.sequence) }
            if let signal = recorded.signal { return received(signal, recorded.failure) }
            wake = end
        }
        switch wake {
        case .signal(let sequence, let failure, let time):
            consumed(at: time)
            return received(sequence, failure)
        case .fired(let time): consumed(at: time)
        default: break
        }
        return nil
    }

    /// Ends this run, and begins the next one under the same id: history and replay stay short,
    /// however long the work goes on. Write `throw try context.continueAsNew(...)`.
    ///
    /// Signals that nobody has asked for go over to the next run, in order, and so do the newest ids
    /// of signals. The store and the outputs begin empty. In a branch it ends the others too, and children
    /// that they wait for are cancelled.
    /// - Parameters:
    ///   - workflow: the one that runs: the next run is one of the same.
    ///   - input: of the next run.
    /// - Returns: the error to end the handler with.
    /// - Throws: ``OperationError`` with the code `wrong-workflow` for another workflow, and with
    ///   `continue-after-spawn` once the handler has spawned children: they are waited for when it
    ///   returns; and with `continue-with-compensations` once a checkpoint is recorded that is to be undone
    ///   should the execution fail: the next run could not. `CancellationError` when the activation is over, and in a
    ///   branch that has lost: another one has decided.
    public func continueAsNew<W: Workflow>(_ workflow: W.Type, input: W.Input) throws
        -> CancellationError
    {
        try checkOpen(for: "continueAsNew")
        try group?.checkOpen()
        try checkIsHandler("continueAsNew")
        guard Name(W.name) == activation.lease.type else {
            throw OperationError(
                code: "wrong-workflow",
                message:
                    "continueAsNew was asked for the workflow \(W.name), and \(id) is one of \(activation.lease.type); go on as that, or submit another execution",
                isRetryable: false
            )
        }
        guard activation.state.withLock({ $0.spawned.isEmpty }) else {
            throw OperationError(
                code: "continue-after-spawn",
                message:
                    "\(id) goes on as a new run after it has spawned children, which are waited for when its handler returns; return, or await children by run",
                isRetryable: false
            )
        }
        guard !activation.hasToCompensate else {
            throw OperationError(
                code: "continue-with-compensations",
                message:
                    "\(id) goes on as a new run, and has checkpoints that are to be undone should it fail, which the next run could not; do the work of a run in a child, which ends well first",
                isRetryable: false
            )
        }
        let data = try activation.host.codec.encode(input)
        guard data.count <= activation.host.payloadLimit else {
            throw OperationError.tooLarge(data.count, activation.host.payloadLimit)
        }
        if let refusal = activation.secrets?.refusal(of: data, "the next input") { throw refusal }
        try activation.checkMayBegin()
        // What an earlier attempt has begun, children too, is not left behind unasked.
        try activation.checkConsumed(in: scope)
        activation.goOn(
            with: data,
            in: ContinuingBranch(scope: scope, operations: group?.operations(around: scope) ?? [])
        )
        return CancellationError()
    }
}
