import DaybookFormat
import DaybookJournal
public import DaybookModel

/// What a person does about an execution.
extension Engine {
    /// Gives an execution a signal. An operation that waits for one of its name goes on; otherwise
    /// it is kept until one asks.
    /// - Parameters:
    ///   - signalID: sending a signal of the same id again does nothing.
    /// - Throws: ``Refusal``: there is no such execution, or it has ended.
    @discardableResult
    public func signal(
        _ id: String,
        _ name: String,
        _ value: some Encodable & Sendable,
        signalID: String? = nil
    ) async throws -> Signal.Answer {
        let data = try engine.options.codec.encode(value)
        return try await signal(id, name, data: data, signalID: signalID)
    }

    /// Gives an execution a signal of a known type. See ``signal(_:_:_:signalID:)``.
    @discardableResult
    public func signal<Value>(
        _ id: String,
        _ key: SignalKey<Value>,
        _ value: Value,
        signalID: String? = nil
    ) async throws -> Signal.Answer {
        try await signal(id, key.name, value, signalID: signalID)
    }

    /// Gives an execution a signal with an encoded value.
    /// - Throws: ``Refusal``; with the code `invalid-argument` when its workflow is known here and
    ///   says that the signal is of another type.
    @discardableResult
    public func signal(
        _ id: String,
        _ name: String,
        data: [UInt8],
        signalID: String? = nil
    ) async throws -> Signal.Answer {
        try check(data, as: name, of: id)
        return try await engine.perform(bytes: data.count) {
            Signal(
                id: Name(id),
                name: Name(name),
                signalID: signalID.map { Name($0) },
                actor: actor,
                payloads: try engine.seal(data)
            )
        }
    }

    /// Ends an execution, whatever it does. Its code is told, and it is closed once that has ended.
    /// - Throws: ``Refusal``: there is no such execution, or it has ended otherwise.
    @discardableResult
    public func cancel(_ id: String, reason: String? = nil) async throws -> InterventionAnswer {
        try await engine.perform { Cancel(try intervention(id, reason)) }
    }

    /// Has nothing of an execution run until it is resumed. Timers go on, signals are kept.
    /// - Throws: ``Refusal``: there is no such execution, or it has ended.
    @discardableResult
    public func pause(_ id: String, reason: String? = nil) async throws -> InterventionAnswer {
        try await engine.perform { Pause(try intervention(id, reason)) }
    }

    /// Lets an execution that was paused run again.
    /// - Throws: ``Refusal``: there is no such execution, or it has ended.
    @discardableResult
    public func resume(_ id: String, reason: String? = nil) async throws -> InterventionAnswer {
        try await engine.perform { Resume(try intervention(id, reason)) }
    }

    /// Has an execution that failed, timed out, expired, was cancelled or is parked run again from what
    /// failed.
    /// - Throws: ``Refusal``: there is no such execution, it is under way, or it has ended well.
    @discardableResult
    public func retry(_ id: String, reason: String? = nil) async throws -> InterventionAnswer {
        let answer = try await engine.perform { Retry(try intervention(id, reason)) }
        engine.claim(answer.number)
        return answer
    }

    /// A value that its receiver could not decode is not recorded, as far as its type is known.
    private func check(_ data: [UInt8], as name: String, of id: String) throws {
        guard engine.takesKnownSignals, let record = try engine.record(of: id),
            let declaration = engine.workflows[Name(record.type)]?.signals[Name(name)]
        else { return }
        do {
            try declaration.check(data, engine.options.codec)
        } catch {
            throw Refusal(
                .invalidArgument,
                "the value is not what \(id) takes as the signal \(name): \(UndecodableValue.sentence(error))"
            )
        }
    }

    private var actor: String {
        let number = engine.sessionNumber
        return sessions.first { $0.number == number }?.actor ?? engine.options.actor ?? "unknown"
    }

    private func intervention(_ id: String, _ reason: String?) throws -> Intervention {
        let payloads = try reason.map {
            try SealedPayloads([.text($0)], limit: engine.payloadLimit)
        }
        return Intervention(id: Name(id), actor: actor, reason: payloads)
    }
}
