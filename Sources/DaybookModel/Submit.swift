import DaybookFormat
import SwiftProtobuf

/// Records an execution. Nothing runs until it is executed: the first step of the three-way
/// handshake.
///
/// Submitting again what is there already answers with it: same id, same type, same input. Who asked
/// first, and under which terms and labels, stays as it was recorded.
package struct Submit: Command {
    /// The execution's id.
    package let id: Name
    /// The name of its workflow.
    package let type: Name
    /// The encoded input, to compare with what is recorded.
    package let input: [UInt8]
    /// The input, sealed.
    package let payloads: SealedPayloads
    /// How it is run, and by what it is found.
    package let terms: Terms
    /// Who asks, and why: recorded if it is not there yet.
    package let request: Request
    /// What its code may know and the journal keeps sealed; stored if the execution is not there yet.
    package let secrets: SealedSecrets?

    /// How an execution is run, and by what it is found: decided when it is submitted.
    package struct Terms: Hashable, Sendable {
        /// How often and when it is tried again.
        package var retry = RetryPolicy.none
        /// How long an attempt may take, waits included; nil: as long as it likes.
        package var timeout: Duration?
        /// How long it is held back before its first attempt.
        package var delay = Duration.zero
        /// By what it is found.
        package var labels = Labels()
        /// Where in a trace it was asked for: a W3C traceparent of 1 to 255 bytes; nil: nobody said.
        package var traceContext: Name?
        /// After its first claim only sessions of the revision that claimed it may claim it.
        package var isPinned = false

        /// One attempt, at once, for as long as it likes.
        package init() {}
    }

    /// Nothing is checked here: a command is checked when it is decided.
    package init(
        id: Name,
        type: Name,
        input: [UInt8],
        payloads: SealedPayloads,
        terms: Terms = Terms(),
        secrets: SealedSecrets? = nil,
        by request: Request = .session
    ) {
        self.id = id
        self.type = type
        self.input = input
        self.payloads = payloads
        self.terms = terms
        self.secrets = secrets
        self.request = request
    }

    /// What is recorded under the id.
    package typealias Answer = SubmitAnswer

    /// Records the execution unless it is there.
    package func decide(_ tx: inout Transaction) throws -> Answer {
        try checkForm()
        if let row = try tx.row(of: id) { return try existing(row, tx) }
        let number = try record(&tx)
        return Answer(number: number, existed: false, status: .submitted)
    }

    /// Records what is not there.
    /// - Parameter task: the task that it is a run of; 0: of none.
    /// - Returns: its number.
    func record(_ tx: inout Transaction, runOf task: UInt64 = 0) throws -> UInt64 {
        let lifetime = tx.state.journal.submissionLifetime
        let expiresAt = lifetime == 0 ? Timestamp(rawValue: 0) : tx.now.adding(lifetime)
        let event = event(expiresAt: expiresAt, task: task)
        let number = try tx.append(event, to: nil, payloads, by: request)
        if let secrets { try tx.store(secrets, of: number) }
        return number
    }

    /// - Throws: ``Refusal/Code/invalidArgument``.
    func checkForm() throws(Refusal) {
        try Names.check(id, "execution id")
        try Names.check(type, "workflow name")
        try terms.check()
        try request.check()
        try secrets?.check()
    }

    /// The execution whose code begins this one.
    struct Parent {
        let number: UInt64
        let operation: OperationPath
        /// How many executions are above the one that is begun.
        let depth: UInt32
        /// The one that is begun is its finalizer.
        var isFinalizer = false
    }

    func event(expiresAt: Timestamp, parent: Parent? = nil, task: UInt64 = 0) -> [UInt8] {
        let timeout = terms.timeout?.wholeNanoseconds ?? 0
        let delay = terms.delay.wholeNanoseconds
        guard
            terms.retry != .none || !terms.labels.isEmpty || terms.traceContext != nil
                || terms.isPinned || parent != nil || task != 0
        else {
            return FrequentEvents.submitted(
                id: id.text,
                type: type.text,
                timeout: timeout,
                delay: delay,
                expiresAt: expiresAt
            )
        }
        return ProtoEntry.OneOf_Event.executionSubmitted(
            .with {
                $0.id = id.text
                $0.type = type.text
                if terms.retry != .none { $0.retry = terms.retry.proto }
                $0.pinned = terms.isPinned
                $0.timeout = timeout
                $0.delay = delay
                $0.expiresAt = expiresAt.rawValue
                $0.labels = terms.labels.protos
                $0.traceContext = terms.traceContext?.text ?? ""
                $0.task = task
                guard let parent else { return }
                $0.parent = parent.number
                $0.parentOperation = parent.operation.proto
                $0.depth = parent.depth
                $0.finalizer = parent.isFinalizer
            }
        ).encoded()
    }

    private func existing(
        _ row: ProtoExecutionRow,
        _ tx: borrowing Transaction
    ) throws -> Answer {
        let recordedType = tx[row.number]?.type ?? Name(row.closed.type)
        guard recordedType == type else {
            throw Refusal(
                .conflict,
                "the id \(id) was submitted for the workflow \(recordedType) before, and now for \(type); choose another id"
            )
        }
        guard row.closed.archived == 0 else {
            throw Refusal.isArchived(id, row.closed.archived, "be submitted again")
        }
        guard let input = try tx.input(of: row.number), let salt = input.salt else {
            throw Refusal(
                .erased,
                "the id \(id) exists, and its input has been erased, so that it cannot be compared; choose another id"
            )
        }
        guard salt.commit(to: self.input) == input.mac else {
            throw Refusal(
                .conflict,
                "the id \(id) was submitted with another input before; choose another id, or submit the same input"
            )
        }
        let status: ExecutionStatus =
            if let open = tx[row.number]?.status { open } else {
                try .recorded(in: row, of: id.text)
            }
        return Answer(number: row.number, existed: true, status: status)
    }
}

/// Records an execution and asks for it to run, in one decision: the handshake of a caller that
/// waits for the end itself. What it records is what ``Submit`` and ``Execute`` record.
package struct SubmitAndExecute: Command {
    /// What to record.
    package let submission: Submit

    /// Nothing is checked here: a command is checked when it is decided.
    package init(_ submission: Submit) { self.submission = submission }

    /// What is recorded under the id.
    package typealias Answer = Submit.Answer

    /// Records what is not there, and has it wait to be claimed unless it has been asked to run.
    package func decide(_ tx: inout Transaction) throws -> Answer {
        let answer = try submission.decide(&tx)
        if answer.status == .expired { throw Refusal.hasExpired(submission.id) }
        guard answer.status == .submitted else { return answer }
        // The reason stands in the submission, unless that was there before.
        let request = submission.request
        try tx.ready(answer.number, by: answer.existed ? request : request.withoutReason)
        return Answer(number: answer.number, existed: answer.existed, status: .ready)
    }
}

extension Submit.Terms {
    fileprivate func check() throws(Refusal) {
        try retry.check()
        try labels.check()
        if let traceContext { try Names.check(traceContext, "trace context") }
        if let timeout, timeout <= .zero {
            throw Refusal(
                .invalidArgument,
                "the timeout of an attempt is \(timeout); give one above zero, or none"
            )
        }
        guard delay >= .zero else {
            throw Refusal(.invalidArgument, "the delay is \(delay); give one that is not negative")
        }
    }
}
