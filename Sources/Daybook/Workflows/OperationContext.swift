import DaybookModel
public import DaybookSystem

/// What the body of an operation is given.
public struct OperationContext: Sendable {
    /// A UUID that is the same whenever this operation of this execution runs, and for no other:
    /// hand it to systems that drop duplicates.
    ///
    /// Derived when it is asked for: most bodies have no use for it.
    public var idempotencyKey: String { activation.idempotencyKey(operation) }
    /// The operation's name.
    public let name: String
    /// Which attempt of the execution this is, from 1.
    public let attempt: UInt32
    /// Which try of this operation it is, from 1.
    public let tries: UInt32
    private let activation: Activation
    private let operation: Operation

    init(_ activation: Activation, _ operation: Operation, tries: UInt32) {
        self.tries = tries
        name = operation.name.text
        self.operation = operation
        attempt = activation.lease.attempt
        self.activation = activation
    }

    /// Notes a process group that this body has started, before it begins: should this process die,
    /// whoever takes over ends the group before the body runs again.
    public func note(_ group: ProcessGroup) throws { try activation.host.note(group) }

    /// Logs a line. It is committed with the operation's outcome. One that is larger than a payload
    /// may be becomes several.
    public func log(_ message: String, _ stream: LogStream = .log) {
        activation.log(message, stream, in: operation.scope, isOfBody: true)
    }
}

/// An operation whose body may be about to run.
struct RunningOperation {
    let context: OperationContext
    /// Says that the body runs now.
    let announce: () async throws -> Void
}
