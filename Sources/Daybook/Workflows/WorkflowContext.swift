public import DaybookFormat
import DaybookModel
package import DaybookSystem

/// What a handler does its effects through. Each call is recorded, in order, and answered from the
/// record when the handler runs again.
///
/// It is sequential, and not Sendable: the compiler refuses to share it between tasks, because the
/// order of its calls is what identifies them.
public final class WorkflowContext {
    let activation: Activation
    let scope: [UInt32]
    /// The branches that this scope is one of; nil for the handler itself.
    let group: BranchGroup?
    private var position: UInt32 = 0
    /// The same for loggers of this scope, which other tasks may use; nil: it has none.
    private var loggedPosition: Locked<UInt32>?
    /// The time of the last entry that this scope has consumed, as far as it has been looked up.
    private var time: Timestamp
    /// That entry, as long as its time has not been looked up.
    private var lastEntry: UInt64?
    /// How many values have been drawn since the last operation.
    private var draws: UInt64 = 0
    /// What runs that no other operation of this scope may be called in.
    private var running: Running?

    /// Code that an operation runs.
    enum Running {
        /// The body or the verification of an operation.
        case body(String)
        /// A scope within this one.
        case scope(String)
    }

    init(_ activation: Activation, startedAt time: Timestamp) {
        self.activation = activation
        scope = []
        group = nil
        self.time = time
    }

    /// The scope of something that was registered for an end from outside.
    init(_ activation: Activation, cleaning scope: [UInt32], startedAt time: Timestamp) {
        self.activation = activation
        self.scope = scope
        group = nil
        self.time = time
    }

    /// The scope of a branch.
    init(_ parent: Activation, scope: [UInt32], _ group: BranchGroup, _ time: Timestamp) {
        activation = parent
        self.scope = scope
        self.group = group
        self.time = time
    }

    /// The id of the execution.
    public var id: String { activation.lease.id.text }
    /// The execution's number: the sequence of its first entry.
    public var number: UInt64 { activation.lease.execution }
    /// Which attempt this is, from 1.
    public var attempt: UInt32 { activation.lease.attempt }
    /// Whether no other attempt follows this one by itself, whatever it fails with: the execution's retry
    /// policy, from the workflow or the submission, is used up. A person's retry begins the count anew.
    ///
    /// False does not say that another one follows: an error that is not to be retried ends the
    /// execution in any attempt, and so does a cancel. A time-out of the last attempt gives the handler
    /// no turn; for both see ``onUnfinished(_:timeout:file:line:_:)``. The answer may differ in the next
    /// attempt, so that code which branches on it records the answer first:
    ///
    ///     let isLast = context.isLastAttempt
    ///     if try await context.checkpoint("last attempt", { _ in isLast }) { … }
    public var isLastAttempt: Bool { activation.lease.isLastAttempt }
    /// What the attempt before this one failed with; nil: there was none, or it did not fail.
    /// - Throws: `CancellationError` when the journal cannot be read.
    public var previousError: OperationError? {
        get throws { try activation.previousError() }
    }
    /// Whether the code that runs was here before: the next operation is recorded or was tried, or
    /// this is the end of a branch, and the scope around it has gone on. What the handler does beside
    /// its operations, as ``logger`` and ``log(_:)`` do, it has done then.
    public var isReplaying: Bool {
        activation.hasBeen(at: OperationPath(scope: scope, position: position))
    }

    /// The time of the entry that decided the last call of this scope, also when the call threw:
    /// the same whenever the handler runs. For branches that is the entry by which one of them
    /// decided, or the last one of all of them.
    public var now: Timestamp {
        if let sequence = lastEntry {
            lastEntry = nil
            time = max(time, activation.time(of: sequence))
        }
        return time
    }

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
    ///   - options: retries, time-out, and whether its start is recorded.
    ///   - verify: looks, before every run of the body, whether the work is done already. It is given
    ///     what the body is given: the idempotency key among it.
    ///   - compensate: undoes the work, should the execution end badly: see <doc:ExecutionModel#Compensation>.
    ///     It is given the value, or nil where the start of the body is recorded, and not what became of it.
    ///   - body: does the work.
    /// - Returns: what the body gave, now or then.
    /// - Throws: ``OperationError`` for what the body threw, now or then; `CancellationError` when
    ///   the activation is over.
    public func checkpoint<Value: Codable & Sendable>(
        _ name: String,
        input: (any Encodable & Sendable)? = nil,
        options: CheckpointOptions = CheckpointOptions(),
        verify: ((OperationContext) async throws -> Verification<Value>)? = nil,
        compensate: (@Sendable (Value?, OperationContext) async throws -> Void)? = nil,
        file: String = #fileID,
        line: Int = #line,
        _ body: @escaping (OperationContext) async throws -> Value
    ) async throws -> Value {
        var settings = CheckpointSettings(options: options)
        if let compensate {
            settings.compensation = try undoing(name, options, CodeLocation(file, line), compensate)
        }
        return try await value(name, input, settings, verify, CodeLocation(file, line), body).get()
    }

    /// Runs `body` once, and records that it ended or what it threw. See
    /// ``checkpoint(_:input:options:verify:compensate:file:line:_:)-(_,_,_,_,_,_,_,(OperationContext)->Value)``.
    public func checkpoint(
        _ name: String,
        input: (any Encodable & Sendable)? = nil,
        options: CheckpointOptions = CheckpointOptions(),
        verify: ((OperationContext) async throws -> Verification<Void>)? = nil,
        compensate: (@Sendable (Void?, OperationContext) async throws -> Void)? = nil,
        file: String = #fileID,
        line: Int = #line,
        _ body: @escaping (OperationContext) async throws -> Void
    ) async throws {
        var settings = CheckpointSettings(options: options)
        if let compensate { settings.compensation = try undoing(name, options, compensate) }
        try await done(name, input, settings, verify, CodeLocation(file, line), body).get()
    }

    /// Logs a line. It belongs to the next operation of this scope, after the last one of a branch
    /// to the next of the scope around it; it is committed with that, and dropped when the handler
    /// runs again over what is recorded already. One that is larger than a payload may be becomes
    /// several.
    public func log(_ message: String) {
        if !isReplaying { activation.log(message, in: scope) }
    }

    /// The folder that this execution keeps files in between its operations; made if it is not
    /// there.
    ///
    /// It is saved in the journal with the outcome of each checkpoint, of a failed one too (not with a try that
    /// is to be repeated), when something
    /// in it has changed: folders, files and symbolic links, their permission bits and the second of their
    /// last change. On another instance, and after a crash of the machine, it is restored from there, byte
    /// for byte; a body that is run again in the same place finds what its first run left. One that cannot be saved, because it is larger than
    /// ``EngineOptions/workspaceLimit``, for example, or holds a secret, is recorded as that; the execution
    /// goes on, and fails with the code `workspace-not-saved` where it is needed elsewhere. What undoes its work
    /// at a bad end runs elsewhere all the same, with an empty folder: a `compensate` that needs files throws
    /// where they are not. That of a runbook's job does not run there.
    ///
    /// The folder is removed when the execution has completed, unless ``EngineOptions/keepsWorkspaces`` says
    /// otherwise. One that ended otherwise keeps it: a retry finds there what recorded operations left.
    /// - Returns: an absolute path.
    /// - Throws: `SystemError` when it cannot be made: nothing is recorded of that, and the execution goes on when
    ///   the machine is mended. ``OperationError`` with the code `no-workspace` for an engine that has no folder.
    public func workspace() async throws -> String { try await activation.workspace() }

    /// Notes a process group that a verification has started, before it begins. See
    /// ``OperationContext/note(_:)``.
    package func note(_ group: ProcessGroup) throws { try activation.host.note(group) }

    // MARK: Checkpoints

    /// Runs an operation that gives a value, or answers it from the record.
    /// - Parameter completing: makes a value that a person has given into what is recorded.
    func value<Value: Codable & Sendable>(
        _ name: String,
        _ input: (any Encodable & Sendable)?,
        _ settings: CheckpointSettings,
        _ verify: ((OperationContext) async throws -> Verification<Value>)?,
        _ location: CodeLocation,
        completing: ((Value) throws -> Value)? = nil,
        _ body: @escaping (OperationContext) async throws -> Value
    ) async throws -> Result<Value, OperationError> {
        let host = activation.host
        let codec = host.codec
        var settings = settings
        if Value.self is any VersionedValue.Type {
            settings.contentType = codec.contentType(of: Value.self)
        }
        if verify == nil { try settings.options.checkVerification() }
        let recorded = try await operation(
            name,
            input,
            settings,
            at: location,
            { data in
                let given = try self.activation.decode(Value.self, from: data)
                return try codec.encode(try completing?(given) ?? given)
            }
        ) { operation in
            if let verify, case .done(let value) = try await verify(operation.context) {
                return (try codec.encode(value), verified: true)
            }
            // A look that was cut short says nothing.
            try Task.checkCancellation()
            try await operation.announce(verify != nil)
            let value = try await self.activation.intercepted(operation, body)
            return (try codec.encode(value), verified: false)
        }
        switch recorded.outcome {
        case .failure(let error): return .failure(error)
        case .success(let data):
            do {
                return .success(
                    try codec.decode(Value.self, from: data) { host.contentType($0) }
                )
            } catch {
                throw undecodable(
                    error,
                    as: Value.self,
                    recorded.operation,
                    recorded.sequence,
                    at: location
                )
            }
        }
    }

    /// Runs an operation that gives nothing, or answers it from the record.
    func done(
        _ name: String,
        _ input: (any Encodable & Sendable)?,
        _ settings: CheckpointSettings,
        _ verify: ((OperationContext) async throws -> Verification<Void>)?,
        _ location: CodeLocation,
        _ body: @escaping (OperationContext) async throws -> Void
    ) async throws -> Result<Void, OperationError> {
        if verify == nil { try settings.options.checkVerification() }
        let nothing = Array("null".utf8)
        return try await operation(name, input, settings, at: location, { _ in nothing }) {
            operation in
            if let verify, case .done = try await verify(operation.context) {
                return (nothing, verified: true)
            }
            try Task.checkCancellation()
            try await operation.announce(verify != nil)
            try await self.activation.intercepted(operation, body)
            return (nothing, verified: false)
        }.outcome.map { _ in }
    }

    /// What is recorded is no value of the type that the code asks for.
    /// - Parameters:
    ///   - operation: the one that gives it.
    ///   - sequence: the entry that holds it.
    func undecodable(
        _ error: any Error,
        as type: Any.Type,
        _ operation: Operation,
        _ sequence: UInt64,
        at location: CodeLocation
    ) -> CancellationError {
        var divergence = Divergence(
            sequence: sequence,
            recorded: operation,
            attempted: operation,
            location: "\(location) as \(type)",
            cause: .value,
            detail: UndecodableValue.sentence(error)
        )
        divergence.origin = Divergence.Origin(error)
        return activation.diverge(divergence)
    }

    private struct Recorded {
        let operation: Operation
        let sequence: UInt64
        let outcome: Result<EncodedValue, OperationError>
    }

    /// - Parameter decodes: decodes a value that a person gives for it, and encodes it anew.
    private func operation(
        _ name: String,
        _ input: (any Encodable & Sendable)?,
        _ settings: CheckpointSettings,
        at location: CodeLocation,
        _ decodes: (EncodedValue) throws -> [UInt8],
        _ run: @escaping OperationBody
    ) async throws -> Recorded {
        do {
            try settings.options.retry?.check()
        } catch {
            throw OperationError(recording: error)
        }
        let declared = try activation.declare(input)
        let operation = try next(.checkpoint, name, at: location, declared?.digest ?? [])
        if let compensation = settings.compensation {
            activation.note(compensation, registeredBy: operation)
        }
        let sequence: UInt64
        let outcome: Result<EncodedValue, OperationError>
        if let record = try replay(operation, at: location) {
            (sequence, outcome) = (record.sequence, try activation.outcome(of: record))
        } else {
            enter(.body(name))
            defer { leave() }
            var settings = settings
            if settings.options.recordsInput ?? activation.recordsInputs {
                settings.input = declared?.data
            }
            let result = try await activation.run(operation, group, settings, decodes, run)
            (sequence, outcome) = (result.sequence, result.outcome.map { EncodedValue(data: $0) })
            consumed(sequence)
        }
        if settings.compensation != nil, case .success = outcome {
            activation.state.withLock { $0.compensates = true }
        }
        // What the handler takes as a result is its own from here on.
        let told = settings.isHandled ? outcome : outcome.mapError { $0.from(operation) }
        return Recorded(operation: operation, sequence: sequence, outcome: told)
    }

    // MARK: Operations

    /// - Throws: `CancellationError`; ``OperationError`` inside the body of an operation: what is
    ///   called there would be recorded before the operation that it is a part of.
    func checkOpen(for what: @autoclosure () -> String) throws {
        try activation.checkOpen()
        guard let running else { return }
        let message =
            switch running {
            case .body(let name):
                "\(what()) is called inside the body of \(name); call it before or after that"
            case .scope(let name):
                "\(what()) is called inside the scope \(name) through the context around it; call it through the one that the scope's code is given"
            }
        throw OperationError(code: "nested-operation", message: message, isRetryable: false)
    }

    /// Code of an operation begins.
    func enter(_ code: Running) { running = code }

    /// It has ended.
    func leave() { running = nil }

    /// The operation that comes next in this scope.
    func next(
        _ kind: Operation.Kind,
        _ name: String,
        at location: CodeLocation,
        _ inputDigest: [UInt8] = []
    ) throws -> Operation {
        try checkOpen(for: "the \(kind.rawValue) \(name)")
        try group?.checkOpen()
        // What cleans up, and has taken too long, begins nothing more.
        if activation.isForCleaning { try Task.checkCancellation() }
        try Names.check(name, "name of an operation")
        let operation = Operation(
            scope: scope,
            position: position,
            kind: kind,
            name: Name(name),
            inputDigest: inputDigest,
            source: location.source
        )
        position += 1
        if let loggedPosition { loggedPosition.withLock { $0 = position } }
        draws = 0
        return operation
    }

    /// The record of an operation, if there is one.
    func replay(_ operation: Operation, at location: CodeLocation) throws -> Replay.Record? {
        guard let record = try activation.replay(operation, at: location) else { return nil }
        consumed(at: record.time)
        return record
    }

    /// Operations are recorded that the code has not asked for one by one.
    func advance(by count: Int) {
        position += UInt32(count)
        if let loggedPosition { loggedPosition.withLock { $0 = position } }
    }

    /// The position of the next operation.
    var nextPosition: UInt32 { position }

    /// The position of the next operation, as it is whenever a logger of this scope looks.
    func positionForLoggers() -> Locked<UInt32> {
        if let loggedPosition { return loggedPosition }
        let shared = Locked(position)
        loggedPosition = shared
        return shared
    }

    /// The scope has consumed something of that time.
    func consumed(at time: Timestamp) {
        lastEntry = nil
        self.time = max(self.time, time)
    }

    /// The scope has consumed an entry that it wrote.
    func consumed(_ sequence: UInt64) { lastEntry = sequence }

    /// A number that is the same whenever the handler comes by here, and nowhere else.
    func draw() -> [UInt8] {
        draws += 1
        return activation.draw(scope, position, draws)
    }
}
