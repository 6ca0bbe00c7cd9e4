import DaybookFormat
import DaybookModel
package import DaybookSystem

/// What the body of an operation is given.
public struct OperationContext: Sendable {
    /// A UUID that is the same whenever this operation of this execution runs, and for no other:
    /// hand it to systems that drop duplicates.
    ///
    /// Derived when it is asked for: most bodies have no use for it.
    public var idempotencyKey: String { activation.idempotencyKey(operation) }
    /// The idempotency key of the checkpoint that this body undoes: by it a system knows what it may have
    /// done. Nil: it undoes none.
    public var compensatedKey: String? { activation.compensatedKey(by: operation) }
    /// The operation's name.
    public let name: String
    /// Which attempt of the execution this is, from 1.
    public let attempt: UInt32
    /// Which try of this operation it is, from 1.
    public let tries: UInt32
    /// An earlier run of this body began, and no outcome of it is recorded: it may have done its work.
    /// Known only where the start is recorded.
    public let mayHaveHappened: Bool
    let activation: Activation
    let operation: Operation
    private let group: BranchGroup?
    let timer: BodyTimer?

    private let storeMark: UInt64?

    /// The execution's store, as it was when this run of the body began; a verification sees it too.
    /// It is changed by the handler, through ``WorkflowContext/store``.
    public var store: OperationStore { OperationStore(activation: activation, mark: storeMark) }

    init(
        _ activation: Activation,
        _ operation: Operation,
        tries: UInt32,
        mayHaveHappened: Bool = false,
        _ group: BranchGroup?,
        _ timer: BodyTimer?
    ) {
        storeMark = activation.storeMark(for: operation)
        self.group = group
        self.timer = timer
        self.tries = tries
        self.mayHaveHappened = mayHaveHappened
        name = operation.name.text
        self.operation = operation
        attempt = activation.lease.attempt
        self.activation = activation
    }

    /// Why the body is told, through task cancellation, to stop; nil: it is not told.
    ///
    /// A body whose work can be taken up again may end quickly for a shutdown, and see to more after
    /// a cancel. What it throws then is nobody's failure; what it gives is recorded.
    public var cancellation: CancellationReason? {
        switch activation.latched {
        case .ended:
            return activation.host.status(of: activation.lease.execution) == .cancelled
                ? .cancelled : .timedOut
        case .stopping: return activation.isDraining ? nil : .shuttingDown
        case .paused: return .paused
        case .leaseLost, .diverged, .inDoubt, .journalFailed, .shortage, .evicted, .continuing,
            .historyEnded:
            return .superseded
        case nil: break
        }
        if timer?.isOver == true { return .timedOut }
        return group?.isOver == true ? .superseded : nil
    }

    /// Notes a process group that this body has started, before it begins: should this process die,
    /// whoever takes over ends the group before the body runs again.
    package func note(_ group: ProcessGroup) throws { try activation.host.note(group) }

    /// A folder for files that this body hands over to processes which it starts. It goes with this
    /// process, also when that is killed: what is secret in it stays no longer.
    package func exchangeFolder() throws -> String { try activation.host.exchangeFolder() }

    /// Logs a line. It is committed with the operation's outcome. One that is larger than a payload
    /// may be becomes several.
    public func log(_ message: String, _ stream: LogStream = .log) {
        activation.log(message, stream, in: operation.scope, isOfBody: true)
    }
}

/// The store of an execution, as it was when a body began to run. Nothing is recorded by a look.
public struct OperationStore: Sendable {
    let activation: Activation
    let mark: UInt64?

    /// The value under a key; nil when there is none.
    /// - Throws: ``OperationError`` with the code `undecodable` when it is none of that type;
    ///   ``PayloadErased``; `CancellationError` when the journal cannot be read.
    public func get<Value: Decodable & Sendable>(
        _ key: String,
        as type: Value.Type = Value.self
    ) throws -> Value? {
        let name = Name(key)
        guard let sequence = try activation.storedEntries(upTo: mark)[name] else { return nil }
        let data = try activation.storedValue(name, at: sequence)
        do {
            return try activation.decode(Value.self, from: data)
        } catch {
            throw OperationError(
                code: "undecodable",
                message:
                    "the value under \(key) in the store is no \(Value.self): \(UndecodableValue.sentence(error))",
                isRetryable: false
            )
        }
    }

    /// All values, encoded, by key.
    package func all() throws -> [String: [UInt8]] {
        var keys: [UInt64: [Name]] = [:]
        for (key, sequence) in try activation.storedEntries(upTo: mark) {
            keys[sequence, default: []].append(key)
        }
        var all: [String: [UInt8]] = [:]
        for (sequence, keys) in keys {
            for (key, value) in zip(keys, try activation.storedValues(keys, at: sequence)) {
                all[key.text] = value.data
            }
        }
        return all
    }
}

/// Why a body is told to stop.
@nonexhaustive
public enum CancellationReason: String, Sendable {
    /// Somebody cancelled the execution.
    case cancelled
    /// The time of the body, or of the attempt, is over.
    case timedOut = "timed_out"
    /// The engine shuts down: the body runs again when one starts.
    case shuttingDown = "shutting_down"
    /// Somebody paused the execution: the body runs again when it is resumed.
    case paused
    /// What it does no longer counts here: another branch has decided, another session has taken the
    /// execution over, or its handler cannot go on.
    case superseded
}

/// An operation whose body may be about to run.
struct RunningOperation {
    let context: OperationContext
    /// Says that the body runs now, and whether it is known that its work is not done.
    let announce: (_ isKnownNotDone: Bool) async throws -> Void
}
