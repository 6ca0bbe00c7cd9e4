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
        let sequence = builder.end(
            execution,
            .completed,
            .executionCompleted(
                .with {
                    $0.epoch = lease.epoch
                    $0.operations = operations
                    $0.closes = true
                    $0.signalsLeft = execution.signalsLeft
                }
            ),
            payloads: output,
            closes: true
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

    /// What became of the execution.
    public struct Answer: Equatable, Sendable {
        /// The sequence of the entry.
        public let sequence: UInt64
        /// Another attempt follows, then at the earliest; nil: it has ended.
        public let retryAt: Timestamp?
    }

    var name: String { "fail" }

    func decide(
        _ state: borrowing State,
        _ execution: ExecutionState,
        _ moment: Moment
    ) throws(Refusal) -> Decision<Answer> {
        var builder = DraftBuilder(state, moment)
        builder.add(logs, of: nil, lease)
        let retryAt = builder.endAttempt(execution, error, payloads, moment, held: false)
        return Decision(builder.drafts, Answer(sequence: builder.next - 1, retryAt: retryAt))
    }
}

extension DraftBuilder {
    /// Ends an attempt with an error: another follows, or the execution ends.
    /// - Parameter held: its code may still be running.
    /// - Returns: when another attempt follows; nil: none does.
    @discardableResult
    mutating func endAttempt(
        _ execution: ExecutionState,
        _ error: ErrorFacts,
        _ payloads: SealedPayloads,
        _ moment: Moment,
        held: Bool
    ) -> Timestamp? {
        let tries = execution.attempt
        if execution.retry.retries(error, after: tries) {
            let seed = [execution.number]
            let delay = execution.retry.delay(after: tries, seed: seed)
            let retryAt = moment.now.adding(delay)
            add(
                .attemptFailed(
                    .with {
                        $0.epoch = execution.epoch
                        $0.error = error.proto
                        $0.retryAt = delay == 0 ? 0 : retryAt.rawValue
                        $0.held = held
                    }
                ),
                to: execution.number,
                payloads: payloads
            )
            return retryAt
        }
        guard error.kind == .timedOut else {
            end(
                execution,
                .failed,
                .executionFailed(
                    .with {
                        $0.epoch = execution.epoch
                        $0.error = error.proto
                        $0.closes = !held
                        $0.signalsLeft = execution.signalsLeft
                    }
                ),
                payloads: payloads,
                errorCode: error.code,
                closes: !held
            )
            return nil
        }
        end(
            execution,
            .timedOut,
            .executionTimedOut(
                .with {
                    $0.epoch = execution.epoch
                    $0.error = error.proto
                    $0.closes = !held
                    $0.signalsLeft = execution.signalsLeft
                }
            ),
            payloads: payloads,
            errorCode: error.code,
            closes: !held
        )
        return nil
    }
}

/// Gives a lease back: the code has ended without an outcome. What has not ended is ready again, or
/// goes on waiting; what was ended from outside is closed.
public struct Release: LeasedCommand {
    /// The lease to give back.
    public let lease: Lease
    /// Lines that were logged since the last operation.
    public let logs: [LogChunk]

    /// Puts the command together.
    public init(_ lease: Lease, logs: [LogChunk] = []) {
        self.lease = lease
        self.logs = logs
    }

    /// The sequence of the entry.
    public typealias Answer = UInt64

    var name: String { "release" }
    var phase: LeasePhase { .cleaning }

    func decide(
        _ state: borrowing State,
        _ execution: ExecutionState,
        _ moment: Moment
    ) throws(Refusal) -> Decision<UInt64> {
        var builder = DraftBuilder(state, moment)
        builder.add(logs, of: nil, lease)
        let sequence =
            execution.isCleaning
            ? builder.close(execution)
            : builder.add(
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
