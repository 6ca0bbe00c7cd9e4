public import DaybookFormat
import SwiftProtobuf

/// Ends an attempt well: the handler has returned.
public struct Complete: LeasedCommand {
    /// The lease under which it ran.
    public let lease: Lease
    /// The output, sealed.
    public let output: SealedPayloads
    /// Operations that the handler consumed.
    public let operations: UInt64
    /// Lines that were logged since the last operation.
    public let logs: [LogChunk]

    /// Puts the command together.
    public init(
        _ lease: Lease,
        output: SealedPayloads,
        operations: UInt64,
        logs: [LogChunk] = []
    ) {
        self.lease = lease
        self.output = output
        self.operations = operations
        self.logs = logs
    }

    /// The sequence of the entry.
    public typealias Answer = UInt64

    var name: String { "complete" }

    func decide(
        _ state: borrowing State,
        _ execution: ExecutionState,
        _ moment: Moment
    ) throws(Refusal) -> Decision<UInt64> {
        var builder = DraftBuilder(state, moment)
        builder.add(logs, of: nil, lease)
        let row = builder.closingRow(execution, .completed, payloads: output)
        let sequence = builder.add(
            .executionCompleted(
                .with {
                    $0.epoch = lease.epoch
                    $0.operations = operations
                    $0.closes = true
                }
            ),
            to: execution.number,
            payloads: output,
            row: row
        )
        return Decision(builder.drafts, sequence)
    }
}

/// Ends an attempt with an error: the handler has thrown.
public struct Fail: LeasedCommand {
    /// The lease under which it ran.
    public let lease: Lease
    /// The error without its free text.
    public let error: ErrorFacts
    /// Message and details, sealed.
    public let payloads: SealedPayloads
    /// Lines that were logged since the last operation.
    public let logs: [LogChunk]

    /// Puts the command together.
    public init(
        _ lease: Lease,
        _ error: ErrorFacts,
        payloads: SealedPayloads,
        logs: [LogChunk] = []
    ) {
        self.lease = lease
        self.error = error
        self.payloads = payloads
        self.logs = logs
    }

    /// The sequence of the entry.
    public typealias Answer = UInt64

    var name: String { "fail" }

    func decide(
        _ state: borrowing State,
        _ execution: ExecutionState,
        _ moment: Moment
    ) throws(Refusal) -> Decision<UInt64> {
        var builder = DraftBuilder(state, moment)
        builder.add(logs, of: nil, lease)
        let row = builder.closingRow(
            execution,
            .failed,
            payloads: payloads,
            errorCode: error.code
        )
        let sequence = builder.add(
            .executionFailed(
                .with {
                    $0.epoch = lease.epoch
                    $0.error = error.proto
                    $0.closes = true
                }
            ),
            to: execution.number,
            payloads: payloads,
            row: row
        )
        return Decision(builder.drafts, sequence)
    }
}

/// Gives a lease back: the engine shuts down in good order, and the execution is ready again.
public struct Release: LeasedCommand {
    /// The lease to give back.
    public let lease: Lease

    /// Puts the command together.
    public init(_ lease: Lease) { self.lease = lease }

    /// The sequence of the entry.
    public typealias Answer = UInt64

    var name: String { "release" }

    func decide(
        _ state: borrowing State,
        _ execution: ExecutionState,
        _ moment: Moment
    ) throws(Refusal) -> Decision<UInt64> {
        var builder = DraftBuilder(state, moment)
        let sequence = builder.add(
            .leaseReleased(.with { $0.epoch = lease.epoch }),
            to: execution.number
        )
        return Decision(builder.drafts, sequence)
    }
}

/// Parks an execution whose code asks for something else than what is recorded.
public struct Park: LeasedCommand {
    /// The lease under which it ran.
    public let lease: Lease
    /// What was asked for and what is recorded.
    public let divergence: Divergence
    /// One payload: the same in words.
    public let message: SealedPayloads

    /// Puts the command together.
    public init(_ lease: Lease, _ divergence: Divergence, message: SealedPayloads) {
        self.lease = lease
        self.divergence = divergence
        self.message = message
    }

    /// The sequence of the entry.
    public typealias Answer = UInt64

    var name: String { "park" }

    func decide(
        _ state: borrowing State,
        _ execution: ExecutionState,
        _ moment: Moment
    ) throws(Refusal) -> Decision<UInt64> {
        var builder = DraftBuilder(state, moment)
        let sequence = builder.add(
            .executionParked(
                .with {
                    $0.epoch = lease.epoch
                    $0.reason = .divergence
                    $0.divergence = divergence.proto
                }
            ),
            to: execution.number,
            payloads: message
        )
        return Decision(builder.drafts, sequence)
    }
}

/// A handler asked for something else than what its history holds.
public struct Divergence: Error, Hashable, Sendable, CustomStringConvertible {
    /// The entry that recorded the operation; nil: nothing is recorded there.
    public let sequence: UInt64?
    /// What is recorded; nil: nothing.
    public let recorded: Operation?
    /// What was asked for; nil: the handler ended.
    public let attempted: Operation?
    /// File and line of the call.
    public let location: String

    /// Puts a divergence together.
    public init(
        sequence: UInt64?,
        recorded: Operation?,
        attempted: Operation?,
        location: String
    ) {
        self.sequence = sequence
        self.recorded = recorded
        self.attempted = attempted
        self.location = location
    }

    /// The recorded form.
    public var proto: ProtoDivergence {
        .with {
            $0.sequence = sequence ?? 0
            if let recorded { $0.recorded = recorded.proto }
            if let attempted { $0.attempted = attempted.proto }
            $0.location = location
        }
    }

    /// What differs, in words.
    public var description: String {
        let asked =
            attempted.map {
                "the code asks for the \($0.kind.rawValue) \"\($0.name)\" at \(location)"
            }
            ?? "the handler ended at \(location)"
        guard let recorded else { return "\(asked), and nothing is recorded there" }
        var found =
            "entry \(sequence ?? 0) records the \(recorded.kind.rawValue) \"\(recorded.name)\""
        if let attempted, attempted.name == recorded.name, attempted.kind == recorded.kind {
            found += " with another input"
        }
        return "\(asked), but \(found)"
    }
}
