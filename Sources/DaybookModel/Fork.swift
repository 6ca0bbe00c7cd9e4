import DaybookFormat
import SwiftProtobuf

/// Begins a new execution that goes on as another one was before an operation, with corrected code or
/// another input. What the origin registered for an end before that the fork owes from then on, and the
/// origin does no more: an entry of its own says so. The origin, if it is open, is cancelled, and undoes
/// what it has begun since; the fork is readied once that is closed, so that what it does is not undone.
///
/// That the code agrees with what was recorded before the fork is the caller's to know: the model does
/// not run code.
package struct Fork: Command {
    /// The id of the execution to fork.
    package let origin: Name
    /// The run of it that was looked at: it ends with the fork.
    package let number: UInt64
    /// Whose entries the fork goes on from: those of this run, or, where it is a fork itself and the
    /// operation is of its origin, that.
    package let source: UInt64
    /// The operation that is not taken over, with all that follows it.
    package let operation: Operation
    /// The first entry of the origin that does not count: the first that is about the operation.
    package let before: UInt64
    /// Whether the origin was open when it was looked at.
    package let isOpen: Bool
    /// The id of the fork.
    package let id: Name
    /// The input, sealed under the origin's salt: declared inputs of recorded operations are compared
    /// under it.
    package let input: SealedPayloads
    /// What a person gives as the operation's result; nil: it runs.
    package let result: SealedPayloads?
    /// Its own secrets; nil: it has none.
    package let secrets: SealedSecrets?
    /// What the handler registered for an end and undoes nothing: each fork does it at its own end. Nil: there
    /// is none.
    package let spared: OperationPath?
    /// Who asks, and why.
    package let request: Request

    /// Nothing is checked here: a command is checked when it is decided.
    package init(
        _ origin: Name,
        _ number: UInt64,
        from source: UInt64,
        at operation: Operation,
        before: UInt64,
        isOpen: Bool,
        as id: Name,
        input: SealedPayloads,
        result: SealedPayloads? = nil,
        secrets: SealedSecrets? = nil,
        sparing spared: OperationPath? = nil,
        by request: Request = .session
    ) {
        self.origin = origin
        self.number = number
        self.source = source
        self.operation = operation
        self.before = before
        self.isOpen = isOpen
        self.id = id
        self.input = input
        self.result = result
        self.secrets = secrets
        self.spared = spared
        self.request = request
    }

    /// What is recorded under the fork's id.
    package typealias Answer = SubmitAnswer

    /// Granted where the origin's handler ran. Asking again for the same fork answers with it.
    package func decide(_ tx: inout Transaction) throws -> Answer {
        try Names.check(id, "execution id")
        try request.check()
        try secrets?.check()
        guard let row = try tx.row(of: origin), row.number == number else {
            throw Refusal(
                .conflict,
                "\(origin) has gone on as a new run meanwhile; look at it again, then fork it"
            )
        }
        if let existing = try tx.row(of: id) { return try self.existing(existing, tx) }
        try tx.checkNotArchived(row, origin, "be forked")
        try tx.checkNotErased(row, origin, "be forked")
        if let delay = tx[number]?.delayOfFork { throw delay }
        let past = try tx.past(of: source, before: before)
        try check(past)
        let debts = past.firstRegistration == nil ? nil : try tx.debts(of: number)
        if let debts, debts.heir(before: before, except: spared) != nil {
            throw try isOwed(tx)
        }
        if let debts, let undone = StandingDebts(debts).undone(since: past, except: spared) {
            throw Refusal(
                .conflict,
                "\(origin) cannot be forked at \(operation.name): \(undone.name) (\(undone.path)), before that, has been undone meanwhile; look at it again, then fork it"
            )
        }
        // It was closed meanwhile, and has undone something.
        if isOpen, !tx.isOpen(number) {
            throw Refusal(
                .conflict,
                "\(origin) has ended meanwhile; look at it again, then fork it"
            )
        }
        let begun = try tx.append(
            ProtoEntry.OneOf_Event.executionSubmitted(
                past.fork(id, before: before, after: tx.isOpen(number) ? number : 0)
            ).encoded(),
            to: nil,
            input,
            by: request
        )
        if let secrets { try tx.store(secrets, of: begun) }
        if let result {
            let event = ProtoEntry.OneOf_Event.operationResolved(
                .with {
                    $0.operation = operation.proto
                    $0.verdict = .done
                }
            )
            try tx.append(event.encoded(), to: .run(begun), result, by: request)
        }
        let given = result == nil ? nil : OperationPath(operation)
        if debts?.owes(before: before, or: given) == true { try handOn(to: begun, &tx) }
        if tx.isOpen(number) {
            try tx.cancel(number, causation: begun, succeededBy: begun)
        } else {
            try tx.ready(begun, by: .session)
        }
        return Answer(
            number: begun,
            existed: false,
            status: tx.isOpen(number) ? .submitted : .ready
        )
    }

    private func existing(_ row: ProtoExecutionRow, _ tx: borrowing Transaction) throws -> Answer {
        let number = row.number
        // Its first entry says it: what came after that is not folded.
        let point =
            tx.isOpen(number)
            ? tx[known: number].forkPoint : try tx.past(of: number, before: number + 1).forkPoint
        guard point == ForkPoint(origin: source, before: before) else {
            throw Refusal(
                .conflict,
                "the id \(id) is that of another execution already; fork \(origin) under another id"
            )
        }
        let status = try tx[number]?.status ?? .recorded(in: row, of: id.text)
        return Answer(number: number, existed: true, status: status)
    }

    private func check(_ past: borrowing ExecutionState) throws {
        if let objection = past.objectionToFork {
            throw Refusal(.conflict, "\(objection); fork at another operation")
        }
        let path = OperationPath(operation)
        guard past.hasComeTo(operation) else {
            throw Refusal(
                .conflict,
                "\(origin) had not come to the operation \(path) before the entry \(before); name an operation that is recorded"
            )
        }
        guard result == nil || operation.kind == .checkpoint else {
            throw Refusal(
                .invalidArgument,
                "the operation \(path) of \(origin) is a \(operation.kind.rawValue), and only a checkpoint can be given a result; fork without one"
            )
        }
    }

    /// Why it is refused: another fork goes on with what was done before, and both would undo it.
    private func isOwed(_ tx: borrowing Transaction) throws -> Refusal {
        let id = try tx.lastHeir(of: number, except: spared).map { try tx.id(of: $0) } ?? id
        return Refusal(
            .conflict,
            "\(origin) cannot be forked at \(operation.name): its fork \(id) owes what was registered for an end before that, and goes on with it; look at it again, then fork it"
        )
    }

    /// Has the fork owe what the origin registered for an end, as far as that was begun before.
    private func handOn(to begun: UInt64, _ tx: inout Transaction) throws {
        let event = ProtoEntry.OneOf_Event.cleaningSkipped(
            .with {
                $0.heir = begun
                $0.before = before
                if result != nil { $0.given = OperationPath(operation).proto }
            }
        )
        try tx.append(event.encoded(), to: .run(number), by: request.withoutReason)
    }
}

extension ExecutionState {
    /// What the first entry of a fork of it says.
    /// - Parameter other: what is closed before it begins; 0: it begins at once.
    fileprivate func fork(
        _ id: Name,
        before: UInt64,
        after other: UInt64
    ) -> ProtoExecutionSubmitted {
        .with {
            $0.id = id.text
            $0.type = type.text
            if retry != .none { $0.retry = retry.proto }
            $0.timeout = timeout?.wholeNanoseconds ?? 0
            $0.labels = labels.protos
            $0.traceContext = rare.lineage.traceContext
            $0.pinned = isPinned
            $0.forkedFrom = number
            $0.forkedBefore = before
            $0.beginsAfter = other
        }
    }
}
