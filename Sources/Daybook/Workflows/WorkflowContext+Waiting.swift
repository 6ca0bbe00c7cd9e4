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
        try await sleep(name, until: .after(duration), at: "\(file):\(line)")
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
        try await sleep(name, until: .at(time), at: "\(file):\(line)")
    }

    private func sleep(
        _ name: String,
        until: StartTimer.Until,
        at location: String
    ) async throws {
        let operation = try next(.sleep, name)
        let wake: ReplayLog.Wake?
        if try replay(operation, at: location) != nil {
            wake = try await recordedWait(operation)
        } else {
            wake = try await activation.wait(operation, group) { [activation] suspended in
                defer { activation.noteOperation() }
                return try await activation.perform {
                    StartTimer(
                        activation.lease,
                        operation,
                        until: until,
                        suspended: suspended,
                        logs: try activation.takeLogs()
                    )
                }
            }
        }
        if case .fired(let time) = wake { consumed(at: time) }
    }

    /// What ended, or will end, a wait that is recorded.
    private func recordedWait(_ operation: Operation) async throws -> ReplayLog.Wake? {
        if let wake = try activation.wake(of: operation) { return wake }
        return try await activation.wait(operation, group)
    }

    /// Waits for a signal. Signals of one name are given out first in, first out; one that came
    /// before anybody asked is kept.
    /// - Parameters:
    ///   - name: the signal's name, and the operation's.
    ///   - type: what its value is decoded as.
    /// - Throws: ``OperationError`` with the code `undecodable-signal` when its value is not one.
    public func signal<Value: Decodable & Sendable>(
        _ name: String,
        as type: Value.Type = Value.self,
        file: String = #fileID,
        line: Int = #line
    ) async throws -> Value {
        guard let data = try await signal(name, timeout: nil, at: "\(file):\(line)") else {
            throw OperationError(
                code: "signal-timeout",
                message:
                    "the wait for the signal \(name) was recorded with a timeout, and has none now"
            )
        }
        return try decode(data, name)
    }

    /// Waits for a signal, but not for ever.
    /// - Parameter timeout: from the moment at which the wait is recorded.
    /// - Returns: nil when the time was over first; a signal that comes later is kept for the next
    ///   who asks.
    /// - Throws: ``OperationError`` with the code `undecodable-signal` when its value is not one.
    public func signal<Value: Decodable & Sendable>(
        _ name: String,
        as type: Value.Type = Value.self,
        timeout: Duration,
        file: String = #fileID,
        line: Int = #line
    ) async throws -> Value? {
        try await signal(name, timeout: timeout, at: "\(file):\(line)").map { try decode($0, name) }
    }

    private func decode<Value: Decodable>(_ data: [UInt8], _ name: String) throws -> Value {
        do {
            return try activation.host.codec.decode(Value.self, from: data)
        } catch {
            throw OperationError(
                code: "undecodable-signal",
                message: "the value of the signal \(name) is not a \(Value.self)",
                isRetryable: false
            )
        }
    }

    private func signal(
        _ name: String,
        timeout: Duration?,
        at location: String
    ) async throws -> [UInt8]? {
        let operation = try next(.signal, name)
        var wake: ReplayLog.Wake?
        if let record = try replay(operation, at: location) {
            if case .signal(let sequence) = record.outcome {
                return try activation.value(at: sequence)
            }
            wake = try await recordedWait(operation)
        } else {
            let found = FoundSignal()
            wake = try await activation.wait(operation, group) { [activation] suspended in
                defer { activation.noteOperation() }
                found.sequence = try await activation.perform {
                    AwaitSignal(
                        activation.lease,
                        operation,
                        timeout: timeout,
                        suspended: suspended,
                        logs: try activation.takeLogs()
                    )
                }
                return found.sequence == nil
            }
            if let sequence = found.sequence {
                consumed(sequence)
                return try activation.value(at: sequence)
            }
        }
        switch wake {
        case .signal(let sequence, let time):
            consumed(at: time)
            return try activation.value(at: sequence)
        case .fired(let time): consumed(at: time)
        default: break
        }
        return nil
    }

    /// Ends this run, and begins the next one under the same id: history and replay stay short,
    /// however long the work goes on. Write `throw try context.continueAsNew(...)`.
    /// - Parameter input: of the next run.
    /// - Returns: the error to end the handler with.
    public func continueAsNew<W: Workflow>(_ workflow: W.Type, input: W.Input) throws
        -> ContextClosed
    {
        try activation.checkOpen()
        let data = try activation.host.codec.encode(input)
        guard data.count <= activation.host.payloadLimit else {
            throw OperationError.tooLarge(data.count, activation.host.payloadLimit)
        }
        activation.latch(.continuing(data))
        return ContextClosed(reason: activation.latched ?? .continuing(data))
    }
}

/// Which signal a wait found there already. Used by one task at a time.
private final class FoundSignal {
    var sequence: UInt64?
}
