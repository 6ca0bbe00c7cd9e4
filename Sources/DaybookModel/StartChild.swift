import DaybookFormat
import SwiftProtobuf

/// Begins another execution as an operation of this one, which waits for its end.
///
/// The child is recorded and asked to run by the same batch. Under its id there may be what the same
/// operation began before: then that goes on. If it has ended badly, it is opened again; if it has
/// completed, that is the operation's end at once.
package struct StartChild: LeasedCommand, SuspendingCommand {
    /// The lease under which it runs.
    package let lease: Lease
    /// The operation.
    package let operation: Operation
    /// The child.
    package let child: Submit
    /// See ``SuspendingCommand``.
    package var suspended: Int?
    /// See ``SuspendingCommand``.
    package var ahead: [OperationPath] = []
    /// Lines that were logged since the last operation.
    package let logs: [LogChunk]

    /// Nothing is checked here: a command is checked when it is decided.
    package init(
        _ lease: Lease,
        _ operation: Operation,
        _ child: Submit,
        suspended: Int?,
        logs: [LogChunk] = []
    ) {
        self.lease = lease
        self.operation = operation
        self.child = child
        self.suspended = suspended
        self.logs = logs
    }

    var name: String { "start child" }

    func decideUnderLease(_ tx: inout Transaction) throws -> Suspension {
        try operation.check(tx[known: lease.execution])
        var beginning = ChildBeginning(lease: lease, operation: operation, child: child)
        beginning.ahead = ahead
        let existing = try beginning.check(tx)
        try tx.append(logs, of: nil, lease)
        return try beginning.carryOut(existing, suspended, &tx)
    }
}
