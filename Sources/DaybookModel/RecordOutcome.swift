import DaybookFormat
import SwiftProtobuf

/// Records what an operation came to, and the log lines that belong to it.
package struct RecordOutcome: LeasedCommand {
    /// What the body came to.
    package enum Outcome: Sendable {
        /// A value. `verified`: the body did not run, because the work was found
        /// done, or a person has given the value. Behind the value come those that it puts into the
        /// execution's store, in the order of their keys.
        case success(SealedPayloads, verified: Bool, StoreChanges = StoreChanges())
        /// An error; its message and details are payloads. `handled`: the handler takes it as a
        /// result, and it is kept like a success.
        case failure(ErrorFacts, SealedPayloads, handled: Bool = false)
    }

    /// The lease under which it ran.
    package let lease: Lease
    /// The operation.
    package let operation: Operation
    /// What it came to.
    package let outcome: Outcome
    /// When the body began.
    package let startedAt: Timestamp
    /// The last payload is the declared input.
    package let hasInput: Bool
    /// It is to be undone should the execution end badly. Of a failure: nobody knows what it did before.
    package let compensates: Bool
    /// The entry by which a person has said what became of the operation; 0: nobody has.
    package let resolution: UInt64
    /// Lines that were logged meanwhile.
    package let logs: [LogChunk]
    /// The folder that the execution keeps files in, as the operation has left it; nil: it has not
    /// changed since it was recorded.
    package let workspace: WorkspaceTake?

    /// Nothing is checked here: a command is checked when it is decided.
    package init(
        _ lease: Lease,
        _ operation: Operation,
        _ outcome: Outcome,
        startedAt: Timestamp,
        hasInput: Bool = false,
        compensates: Bool = false,
        resolution: UInt64 = 0,
        logs: [LogChunk] = [],
        workspace: WorkspaceTake? = nil
    ) {
        self.lease = lease
        self.operation = operation
        self.outcome = outcome
        self.startedAt = startedAt
        self.hasInput = hasInput
        self.compensates = compensates
        self.resolution = resolution
        self.logs = logs
        self.workspace = workspace
    }

    /// The sequence of the outcome's entry.
    package typealias Answer = UInt64

    var name: String { "record outcome" }
    var scope: [UInt32]? { operation.scope }
    /// What was done is recorded, also after the attempt was ended from outside. A failure is not:
    /// it would become the next attempt's, which has not run the operation.
    var phase: LeasePhase {
        if case .success = outcome { .cleaning } else { .running }
    }

    func decideUnderLease(_ tx: inout Transaction) throws -> UInt64 {
        try operation.check(tx[known: lease.execution])
        if compensates { try operation.checkMayBeUndone(tx[known: lease.execution]) }
        try tx.append(logs, of: operation, lease)
        let sequence: UInt64
        switch outcome {
        case .success(let payloads, let verified, let changes):
            let event = FrequentEvents.succeeded(
                operation,
                epoch: lease.epoch,
                startedAt: startedAt,
                verified: verified,
                hasInput: hasInput,
                compensates: compensates,
                changes
            )
            sequence = try tx.append(event, to: .run(lease.execution), payloads, resolution)
        case .failure(let error, let payloads, let isHandled):
            sequence = try tx.append(
                .checkpointFailed(
                    .with {
                        $0.operation = operation.proto
                        $0.epoch = lease.epoch
                        $0.startedAt = startedAt.rawValue
                        $0.error = error.proto
                        $0.handled = isHandled
                        $0.input = hasInput
                        $0.compensates = compensates
                    }
                ),
                to: .run(lease.execution),
                payloads: payloads,
                causation: resolution
            )
        }
        // Behind the outcome: a fork at the operation begins with the files as they were before it.
        if let workspace { try tx.append(workspace, lease) }
        return sequence
    }
}

/// What the outcome of a checkpoint changes in the store of its execution: with it, and in its entry.
package struct StoreChanges: Equatable, Sendable {
    /// The keys that are given a value, ascending.
    package let stored: [Name]
    /// The keys that are removed, ascending.
    package let removed: [Name]

    /// The order of the keys is the caller's to see to.
    package init(stored: [Name] = [], removed: [Name] = []) {
        self.stored = stored
        self.removed = removed
    }

    /// Whether nothing is changed.
    package var isEmpty: Bool { stored.isEmpty && removed.isEmpty }
}

/// Lines of a log, sealed, for one entry.
package struct LogChunk: Sendable {
    /// How many lines there are.
    package let lines: UInt32
    /// One payload: `daybook.v1.LogBatch`.
    package let payloads: SealedPayloads

    /// - Parameter lines: how many the payload holds; the two are not compared.
    package init(lines: UInt32, payloads: SealedPayloads) {
        self.lines = lines
        self.payloads = payloads
    }
}

extension Transaction {
    /// Adds lines of a log, of an operation or of the handler between operations.
    mutating func append(
        _ logs: [LogChunk],
        of operation: Operation?,
        _ lease: Lease
    ) throws {
        for chunk in logs {
            try append(
                .logRecorded(
                    .with {
                        if let operation { $0.operation = operation.proto }
                        $0.epoch = lease.epoch
                        $0.lines = chunk.lines
                    }
                ),
                to: .run(lease.execution),
                payloads: chunk.payloads
            )
        }
    }
}

/// What is recorded of an error besides its free text.
public struct ErrorFacts: Hashable, Sendable {
    /// What kind of error it is.
    @nonexhaustive
    public enum Kind: String, Sendable {
        /// Thrown by a handler or a body.
        case generic
        /// It took too long.
        case timedOut = "timed_out"
        /// It was cancelled.
        case cancelled
        /// It was stopped.
        case stopped
    }

    /// What kind of error it is.
    public var kind: Kind
    /// A stable word for programs.
    public var code: String
    /// Whether trying again may help.
    public var isRetryable: Bool

    /// - Parameter code: 1 to 255 bytes. An error is retryable unless somebody knows better.
    public init(kind: Kind = .generic, code: String, isRetryable: Bool = true) {
        self.kind = kind
        self.code = code
        self.isRetryable = isRetryable
    }

    /// Reads the recorded form.
    /// - Throws: `WireError` for a kind that this version does not know.
    package init(_ proto: ProtoError) throws(WireError) {
        kind = try Kind(recorded: proto.kind.rawValue)
        code = proto.code
        isRetryable = proto.retryable
    }

    /// The recorded form.
    package var proto: ProtoError {
        .with {
            $0.kind =
                switch kind {
                case .generic: .generic
                case .timedOut: .timedOut
                case .cancelled: .cancelled
                case .stopped: .stopped
                }
            $0.code = code
            $0.retryable = isRetryable
        }
    }
}

extension ErrorFacts.Kind {
    /// - Throws: `WireError` for a number that this version does not know.
    init(recorded number: Int) throws(WireError) {
        switch ProtoError.Kind(rawValue: number) {
        case .generic: self = .generic
        case .timedOut: self = .timedOut
        case .cancelled: self = .cancelled
        case .stopped: self = .stopped
        case .UNRECOGNIZED, nil: throw .newer("kind of error", number)
        }
    }
}
