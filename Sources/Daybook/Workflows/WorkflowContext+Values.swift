import DaybookFormat
import DaybookModel

extension WorkflowContext {
    // MARK: Drawn values

    /// A UUID that is the same whenever the handler comes by here, and nowhere else. Nothing is
    /// recorded for it.
    public func uuid() -> String {
        var bytes = Array(draw().prefix(16))
        // RFC 9562: version 8, for what is made by a rule of one's own.
        bytes[6] = bytes[6] & 0x0F | 0x80
        bytes[8] = bytes[8] & 0x3F | 0x80
        return Identifier(bytes)?.description ?? ""
    }

    /// A source of random numbers that gives the same ones whenever the handler comes by here.
    /// Nothing is recorded for it.
    public func random() -> ReplayableRandom {
        let seed = draw()
        return ReplayableRandom(
            state: seed.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
        )
    }

    // MARK: Versions

    /// Whether this code is run by an execution that began with it. In one whose history goes on
    /// without this call the code was older: then the answer is no, and the handler must do what it
    /// did before.
    public func version(
        _ name: String,
        file: String = #fileID,
        line: Int = #line
    ) async throws -> Bool {
        try checkOpen(for: "the version \(name)")
        let here = OperationPath(scope: scope, position: nextPosition)
        if let record = try activation.peek(in: scope) {
            let operation = record.operation
            if operation.kind != .version || operation.name != Name(name) { return false }
        } else if activation.unsettled(at: here) != nil {
            return false
        }
        // Older code has begun something else here.
        if try activation.hasBegun(at: here) { return false }
        let operation = try next(.version, name, at: CodeLocation(file, line))
        if try replay(operation, at: CodeLocation(file, line)) == nil {
            try await record(operation)
        }
        return true
    }

    /// Records an operation without a body.
    /// - Returns: the entry that holds what a look into the store finds; nil: there is none.
    @discardableResult
    func record(
        _ operation: Operation,
        _ value: [UInt8]? = nil,
        _ contentType: String? = nil
    ) async throws -> UInt64? {
        defer { activation.noteOperation() }
        let answer = try await activation.perform {
            RecordOperation(
                activation.lease,
                operation,
                payloads: try value.map { try activation.seal($0, as: contentType) },
                logs: try activation.takeLogs(in: scope)
            )
        }
        consumed(answer.sequence)
        if operation.kind == .storeSet || operation.kind == .storeDelete {
            activation.noteStoreChange(answer.sequence)
        }
        return answer.source
    }

    // MARK: Outputs

    /// Records a named output of the execution: it is in its record from now on, also while it
    /// runs. The last value of a name counts.
    public func output(
        _ name: String,
        _ value: some Encodable & Sendable,
        file: String = #fileID,
        line: Int = #line
    ) async throws {
        try await put(.output, name, value, at: CodeLocation(file, line))
    }

    /// Records an output of a known type. See ``output(_:_:file:line:)-(String,_,_,_)``.
    public func output<Value>(
        _ key: OutputKey<Value>,
        _ value: Value,
        file: String = #fileID,
        line: Int = #line
    ) async throws {
        try await put(.output, key.name, value, at: CodeLocation(file, line))
    }

    fileprivate func put(
        _ kind: Operation.Kind,
        _ name: String,
        _ value: some Encodable & Sendable,
        at location: CodeLocation
    ) async throws {
        let data = try activation.host.codec.encode(value)
        guard data.count <= activation.host.payloadLimit else {
            throw OperationError.tooLarge(data.count, activation.host.payloadLimit)
        }
        let operation = try next(kind, name, at: location)
        guard try replay(operation, at: location) == nil else { return }
        try await record(operation, data, activation.host.codec.contentType(of: type(of: value)))
    }

    // MARK: Tasks

    /// Says that a run of a task has found something new: the task comes again sooner. A run that completes
    /// without it was uneventful.
    ///
    /// It is recorded with the end of the run, and goes on with it when it continues as a new one. Code that
    /// runs again says it again; so what it depends on has to come from the context. It counts
    /// also where a branch says it that loses.
    public func eventful() { activation.noteEventful() }

    // MARK: The store

    /// Values under keys, kept with the execution: apart from checkpoints, and there for each of
    /// its attempts, whichever process runs it.
    public var store: ContextStore { ContextStore(context: self) }
}

/// Values under keys, kept with an execution.
public struct ContextStore {
    let context: WorkflowContext

    /// The value under a key; nil when there is none.
    /// - Throws: `CancellationError` when the activation is over, and when it is not a `Value`: then the
    ///   execution is parked.
    public func get<Value: Decodable & Sendable>(
        _ key: String,
        as type: Value.Type = Value.self,
        file: String = #fileID,
        line: Int = #line
    ) async throws -> Value? {
        let location = CodeLocation(file, line)
        let operation = try context.next(.storeGet, key, at: location)
        let source: UInt64?
        if let record = try context.replay(operation, at: location) {
            guard case .recorded(let recorded) = record.outcome else { return nil }
            source = recorded
        } else {
            source = try await context.record(operation)
        }
        guard let source else { return nil }
        let value = try context.activation.storedValue(operation.name, at: source)
        do {
            return try context.activation.decode(Value.self, from: value)
        } catch {
            throw context.undecodable(
                error,
                as: Value.self,
                operation,
                source,
                at: location
            )
        }
    }

    /// Puts a value under a key.
    public func set(
        _ key: String,
        _ value: some Encodable & Sendable,
        file: String = #fileID,
        line: Int = #line
    ) async throws {
        try await context.put(.storeSet, key, value, at: CodeLocation(file, line))
    }

    /// Removes the value under a key, if there is one.
    public func delete(
        _ key: String,
        file: String = #fileID,
        line: Int = #line
    ) async throws {
        let location = CodeLocation(file, line)
        let operation = try context.next(.storeDelete, key, at: location)
        guard try context.replay(operation, at: location) == nil else { return }
        try await context.record(operation)
    }
}

/// A source of random numbers that follows from its seed: SplitMix64 (Steele, Lea and Flood, 2014).
/// Not for secrets.
public struct ReplayableRandom: RandomNumberGenerator, Sendable {
    private var state: UInt64

    init(state: UInt64) { self.state = state }

    /// The next 64 bits.
    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
