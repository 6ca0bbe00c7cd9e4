import DaybookFormat
import SwiftProtobuf

/// An operation whose body began, and of which no outcome is recorded: it may have happened.
public struct Doubt: Hashable, Sendable, Codable {
    /// The operation.
    public let operation: Operation
    /// The entry by which its body began.
    public let started: UInt64

    /// That the entry is there is checked when the execution is parked for it.
    package init(operation: Operation, started: UInt64) {
        self.operation = operation
        self.started = started
    }
}

/// Parks an execution of which a person is to say what has happened.
package struct ParkInDoubt: LeasedCommand {
    /// The lease under which it ran.
    package let lease: Lease
    /// What may have happened: that for which it cannot go on comes first.
    package let doubts: [Doubt]
    /// One payload: the same in words.
    package let message: SealedPayloads

    /// So many fit into an entry, however long their names are and however deep they lie.
    package static let limit = 16

    /// Nothing is checked here: a command is checked when it is decided.
    package init(_ lease: Lease, _ doubts: [Doubt], message: SealedPayloads) {
        self.lease = lease
        self.doubts = doubts
        self.message = message
    }

    /// The sequence of the entry.
    package typealias Answer = UInt64

    var name: String { "park" }
    var scope: [UInt32]? { doubts.first?.operation.scope }

    /// Granted for an operation that is the next of its scope. Of the others those are left out of
    /// which no code can ask any more, and what is more than ``limit``.
    func decideUnderLease(_ tx: inout Transaction) throws -> UInt64 {
        guard let first = doubts.first else {
            throw Refusal(
                .invalidArgument,
                "\(lease.id) is to be parked in doubt, and nothing is in doubt; name an operation"
            )
        }
        try first.operation.check(tx[known: lease.execution])
        var places: Set = [OperationPath(first.operation)]
        let open = doubts.dropFirst().filter {
            tx[known: lease.execution].mayBeAsked($0.operation)
                && places.insert(OperationPath($0.operation)).inserted
        }
        return try tx.append(
            .executionParked(
                .with {
                    $0.epoch = lease.epoch
                    $0.reason = .doubt
                    $0.doubts = ([first] + open).prefix(Self.limit).map(\.proto)
                }
            ),
            to: .run(lease.execution),
            payloads: message
        )
    }
}

extension Doubt {
    fileprivate var proto: ProtoDoubt {
        .with {
            $0.operation = operation.proto
            $0.started = started
        }
    }
}

extension ExecutionState {
    /// Whether an operation is the next of its scope, and the scope still counts.
    fileprivate func mayBeAsked(_ operation: Operation) -> Bool {
        progress.due(in: operation.scope) == operation.position
            && !progress.isDismissed(
                operation.scope,
                in: cleaningScope(around: operation.scope) ?? []
            )
    }
}

/// Says what became of an operation that may have happened. Once nothing else is in doubt the
/// execution goes on.
package struct ResolveOperation: Command {
    /// What became of it.
    package enum Verdict: Hashable, Sendable {
        /// It happened, and gave the value.
        case done
        /// It did not happen: the body runs.
        case notDone
        /// It failed: that is a failed try, and the operation's retry policy decides on it.
        case failed(ErrorFacts)
    }

    /// The execution's id.
    package let id: Name
    /// The operation.
    package let path: OperationPath
    /// What became of it.
    package let verdict: Verdict
    /// The value, or the error's message, if there is either.
    package let payloads: SealedPayloads?
    /// Who says so, and why.
    package let request: Request

    /// Nothing is checked here: a command is checked when it is decided.
    package init(
        id: Name,
        _ path: OperationPath,
        _ verdict: Verdict,
        payloads: SealedPayloads?,
        by request: Request = .session
    ) {
        self.id = id
        self.request = request
        self.path = path
        self.verdict = verdict
        self.payloads = payloads
    }

    /// What is left to be said.
    package typealias Answer = ResolveAnswer

    /// Granted once for each operation for which the execution is parked.
    package func decide(_ tx: inout Transaction) throws -> Answer {
        try request.check()
        guard let row = try tx.row(of: id) else { throw Refusal.unknownExecution(id) }
        let number = row.number
        // Also what cleans up after its end may be parked.
        let isParked = tx[number]?.isParked ?? false
        if !isParked { _ = try tx.open(id, for: "have an operation resolved") }
        let doubts = isParked ? tx[known: number].doubts : []
        guard !doubts.isEmpty else {
            throw Refusal(
                .conflict,
                "\(id) has no operation to resolve: it is not parked because something may have happened; look why it waits"
            )
        }
        guard let doubt = doubts.first(where: { OperationPath($0.operation) == path }) else {
            let names = doubts.map { "\($0.operation.name) (\(OperationPath($0.operation)))" }
            throw Refusal(
                .conflict,
                "the operation \(path) of \(id) is not in doubt; these are: \(names.joined(separator: ", "))"
            )
        }
        let left = doubts.filter { $0 != doubt }
        let event = ProtoEntry.OneOf_Event.operationResolved(
            .with {
                $0.operation = doubt.operation.proto
                $0.verdict = verdict.proto
                if case .failed(let error) = verdict { $0.error = error.proto }
                $0.started = doubt.started
                $0.readies = left.isEmpty
            }
        )
        let sequence = try tx.append(event.encoded(), to: .run(number), payloads, by: request)
        return Answer(number: number, sequence: sequence, left: left)
    }
}

extension ResolveOperation.Verdict {
    /// Reads the recorded form.
    /// - Throws: `WireError` for one that this version does not know.
    init(_ event: ProtoOperationResolved) throws(WireError) {
        switch event.verdict {
        case .done: self = .done
        case .notDone: self = .notDone
        case .failed: self = .failed(try ErrorFacts(event.error))
        case .unspecified: throw WireError("it says nothing of the operation")
        case .UNRECOGNIZED(let number): throw .newer("verdict on an operation", number)
        }
    }

    fileprivate var proto: ProtoOperationResolved.Verdict {
        switch self {
        case .done: .done
        case .notDone: .notDone
        case .failed: .failed
        }
    }
}
