import DaybookModel
public import DaybookSystem

/// What a handler does its effects through. Each call is recorded, in order, and answered from the
/// record when the handler runs again.
///
/// It is sequential, and not Sendable: the compiler refuses to share it between tasks, because the
/// order of its calls is what identifies them.
public final class WorkflowContext {
    private let activation: Activation
    private let scope: [UInt32]
    private var position: UInt32 = 0

    init(_ activation: Activation, scope: [UInt32] = []) {
        self.activation = activation
        self.scope = scope
    }

    /// The id of the execution.
    public var id: String { activation.lease.id }
    /// The execution's number: the sequence of its first entry.
    public var number: UInt64 { activation.lease.execution }
    /// Which attempt this is, from 1.
    public var attempt: UInt32 { activation.lease.attempt }
    /// Whether the next operation will be answered from the journal.
    public var isReplaying: Bool { activation.isReplaying(scope) }

    /// What a look at the world says about work that may have been done already.
    public enum Verification<Value: Sendable>: Sendable {
        /// It is done, with this result: the body does not run.
        case done(Value)
        /// It is not done.
        case notDone
    }

    /// Runs `body` once, and records what it gives or throws.
    ///
    /// When the handler runs again the recorded value is returned, and a failure recorded in the
    /// same attempt is thrown again, without running `body`. A body that ran but whose outcome was
    /// not recorded before a crash runs again: that is what `verify` and the operation's
    /// idempotency key are for.
    /// - Parameters:
    ///   - name: names the operation; changing it makes old histories diverge.
    ///   - input: declares what the operation depends on: a digest of it is recorded and compared.
    ///   - recordsStart: writes an entry before the body runs.
    ///   - verify: looks, before every run of the body, whether the work is done already.
    ///   - body: does the work.
    /// - Returns: what the body gave, now or then.
    /// - Throws: ``OperationError`` for what the body threw, now or then; ``ContextClosed`` when
    ///   the activation is over.
    public func checkpoint<Value: Codable & Sendable>(
        _ name: String,
        input: (any Encodable & Sendable)? = nil,
        recordsStart: Bool = false,
        verify: (() async throws -> Verification<Value>)? = nil,
        file: String = #fileID,
        line: Int = #line,
        _ body: (OperationContext) async throws -> Value
    ) async throws -> Value {
        let codec = activation.engine.options.codec
        let recorded = try await operation(
            name,
            input: input,
            recordsStart: recordsStart,
            at: "\(file):\(line)"
        ) { operation in
            if let verify, case .done(let value) = try await verify() {
                return (try codec.encode(value), verified: true)
            }
            try await operation.announce()
            return (try codec.encode(try await body(operation.context)), verified: false)
        }
        do {
            return try codec.decode(Value.self, from: recorded.data)
        } catch {
            throw activation.diverge(
                Divergence(
                    sequence: recorded.sequence,
                    recorded: recorded.operation,
                    attempted: recorded.operation,
                    location: "\(file):\(line) as \(Value.self), which the recorded value is not"
                )
            )
        }
    }

    /// Runs `body` once, and records that it ended or what it threw. See
    /// ``checkpoint(_:input:recordsStart:verify:file:line:_:)-(_,_,_,_,_,_,(OperationContext)->Value)``.
    public func checkpoint(
        _ name: String,
        input: (any Encodable & Sendable)? = nil,
        recordsStart: Bool = false,
        verify: (() async throws -> Verification<Void>)? = nil,
        file: String = #fileID,
        line: Int = #line,
        _ body: (OperationContext) async throws -> Void
    ) async throws {
        _ = try await operation(
            name,
            input: input,
            recordsStart: recordsStart,
            at: "\(file):\(line)"
        ) { operation in
            let nothing = Array("null".utf8)
            if let verify, case .done = try await verify() { return (nothing, verified: true) }
            try await operation.announce()
            try await body(operation.context)
            return (nothing, verified: false)
        }
    }

    /// Logs a line. It belongs to the next operation, is committed with it, and is dropped when the
    /// handler runs again over what is recorded already. One that is larger than a payload may be
    /// becomes several.
    public func log(_ message: String) {
        if !isReplaying { activation.log(message) }
    }

    /// The folder that this execution keeps files in between its operations; made if it is not
    /// there. A body that is run again finds there what its first run left.
    /// - Returns: an absolute path.
    public func workspace() throws -> String { try activation.engine.workspace(of: number) }

    /// Notes a process group that a verification has started, before it begins. See
    /// ``OperationContext/note(_:)``.
    public func note(_ group: ProcessGroup) throws { try activation.engine.session.note(group) }

    private struct Recorded {
        let operation: Operation
        let sequence: UInt64
        let data: [UInt8]
    }

    private func operation(
        _ name: String,
        input: (any Encodable & Sendable)?,
        recordsStart: Bool,
        at location: String,
        _ run: (RunningOperation) async throws -> (data: [UInt8], verified: Bool)
    ) async throws -> Recorded {
        try activation.checkOpen()
        try Names.check(name, "name of an operation")
        let operation = Operation(
            scope: scope,
            position: position,
            kind: .checkpoint,
            name: name,
            inputDigest: try activation.digest(input)
        )
        position += 1
        if let record = try activation.replay(operation, at: location) {
            return Recorded(
                operation: operation,
                sequence: record.sequence,
                data: try activation.value(of: record)
            )
        }
        let (sequence, data) = try await activation.run(
            operation,
            recordsStart: recordsStart,
            run
        )
        return Recorded(operation: operation, sequence: sequence, data: data)
    }
}
