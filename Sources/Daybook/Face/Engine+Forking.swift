import DaybookFormat
import DaybookJournal
public import DaybookModel
import DaybookView

/// What a fork has of its own.
public struct ForkOptions: Sendable {
    /// Its id, 1 to 255 bytes; nil: a new UUID.
    public var id: String?
    /// Its input; nil: that of its origin. The code must make of it what was recorded before the fork.
    public var input: (any Encodable & Sendable)?
    /// What the operation gives, by hand: its body does not run. Only for a checkpoint. It is recorded
    /// with who gave it, and views say that a person did. Nil: the operation runs.
    public var result: (any Encodable & Sendable)?
    /// The same as JSON.
    package var encodedInput: [UInt8]?
    package var encodedResult: [UInt8]?

    /// - Parameters:
    ///   - id: 1 to 255 bytes; nil: a new UUID.
    ///   - input: nil: that of its origin.
    ///   - result: nil: the operation runs.
    public init(
        id: String? = nil,
        input: (any Encodable & Sendable)? = nil,
        result: (any Encodable & Sendable)? = nil
    ) {
        self.id = id
        self.input = input
        self.result = result
    }
}

/// What became of a fork.
public struct ForkAnswer: Sendable {
    /// The id of the fork.
    public let id: String
    /// The number of the fork.
    public let number: UInt64
    /// The operation that it does not take over.
    public let operation: Operation
    /// The first entry of the origin that it does not take over.
    public let before: UInt64
    /// Whether the fork was there already.
    public let existed: Bool
}

extension Engine {
    /// Begins a new execution that goes on as another one was before one of its operations, with the
    /// code that this engine has. The origin stays as it is recorded; if it is open, it is cancelled, and
    /// what it registered for an end does not run: the fork owes it from then on.
    ///
    /// What the origin recorded before the operation must agree with the code, and with the input. It is
    /// the fork's too: by reference, so that nothing of it runs again. Attempts, leases and time-outs are
    /// the fork's own.
    /// - Parameters:
    ///   - id: the execution to fork.
    ///   - operation: its name if only one has it, or its numbers as `daybook show` has them (`0/1/2`).
    ///   - options: what the fork has of its own.
    ///   - requester: who asks, and why.
    /// - Throws: ``Refusal`` with the code `not-found` when the execution, its workflow or the operation
    ///   is not known; `conflict` when the code disagrees with what is recorded before the operation,
    ///   when children were open there, and when another execution has the id; ``JournalError``;
    ///   what ``Workflow/validate(_:)`` throws.
    public func fork(
        _ id: String,
        at operation: String,
        _ options: ForkOptions = ForkOptions(),
        by requester: Requester = .session
    ) async throws -> ForkAnswer {
        let newID = options.id ?? self.newID()
        let plan = try await engine.planFork(of: id, at: operation, options)
        let answer = try await engine.perform(bytes: plan.input.data.count) {
            Fork(
                Name(id),
                plan.number,
                from: plan.source,
                at: plan.found.operation,
                before: plan.found.first,
                isOpen: plan.isOpen,
                as: Name(newID),
                input: try plan.sealedInput(limit: engine.payloadLimit),
                result: try plan.result.map {
                    try SealedPayloads($0, limit: engine.payloadLimit)
                },
                by: try engine.request(requester, of: Name(id))
            )
        }
        engine.claim(answer.number)
        return ForkAnswer(
            id: newID,
            number: answer.number,
            operation: plan.found.operation,
            before: plan.found.first,
            existed: answer.existed
        )
    }
}

/// What a fork begins with, as far as it is known before it is asked for.
struct ForkPlan {
    let number: UInt64
    let source: UInt64
    let found: FoundOperation
    let isOpen: Bool
    let input: Payload
    /// The salt of the origin's input: digests of declared inputs are made under it.
    let salt: Salt
    let result: Payload?

    func sealedInput(limit: Int) throws -> SealedPayloads {
        try SealedPayloads([input], limit: limit) { salt }
    }
}

extension EngineCore {
    /// Finds where an execution is to be forked, and has the code run over what comes before.
    func planFork(
        of id: String,
        at operation: String,
        _ options: ForkOptions
    ) async throws -> ForkPlan {
        guard let record = try record(of: id) else {
            throw Refusal(
                .notFound,
                "no execution has the id \(id); submit it first, or check the id"
            )
        }
        let type = Name(record.type)
        guard let workflow = workflows[type] else {
            throw Refusal(
                .notFound,
                "the workflow \(type) of \(id) is not known here, and what is recorded is compared with it; register it"
            )
        }
        let history = JournalHistory(journal: writer.journal, execution: record.number)
        let found = try history.operation(operation, of: record.number, id)
        guard let given = try history.payloads(of: record.number).first, let salt = given.salt
        else {
            throw Refusal(
                .conflict,
                "the input of \(id) is erased, and a fork would begin with it; submit a new execution"
            )
        }
        let codec = self.options.codec
        let input =
            try options.encoded(options.encodedInput, options.input, codec)
            ?? Payload(given.data, contentType: contentType(given.contentType) ?? codec.contentType)
        let result = try options.encoded(options.encodedResult, options.result, codec)
        for (payload, what) in [(input, "the input of the fork"), (result, "the given result")] {
            if let data = payload?.data,
                let refusal = secrets(of: Name(id))?.refusal(of: data, what)
            {
                throw SecretError(.exposed, refusal.message)
            }
        }
        try workflow.validate(input.data, codec)
        let source = try writer.journal.store.read { reader in
            try reader.historyParts(of: record.number).first { $0.end > found.first }?.number
                ?? record.number
        }
        let trial = ForkTrial(
            history: JournalHistory(journal: writer.journal, execution: source),
            number: source,
            before: found.first,
            input: StoredPayload(
                unrecorded: input.data,
                salt,
                contentType: input.data == given.data ? given.contentType : 0
            )
        )
        try checkStillDone(trial, found, of: record, as: options.id)
        try await check(trial, found, workflow, id)
        return ForkPlan(
            number: record.number,
            source: source,
            found: found,
            isOpen: !record.isClosed,
            input: input,
            salt: salt,
            result: result
        )
    }

    /// What has been undone since is not done any more, and what is registered for an end is owed by one
    /// execution only.
    /// - Throws: ``Refusal/Code/conflict``.
    private func checkStillDone(
        _ trial: ForkTrial,
        _ found: FoundOperation,
        of record: ExecutionRecord,
        as newID: String?
    ) throws {
        let past = try trial.history(of: trial.number)
        guard let registered = past.firstRegistration else { return }
        var undone: [Operation] = []
        let history = JournalHistory(journal: writer.journal, execution: record.number)
        try history.scan(from: found.first) { entry, _ in
            guard entry.event == EventKind.cleaningEnded.rawValue else { return true }
            let event = try ProtoCleaningEnded(decoding: entry)
            if !event.hasError { undone.append(try Operation(event.operation)) }
            return true
        }
        if let first = undone.last(where: { past.registers(OperationPath($0)) }) {
            throw Refusal(
                .conflict,
                "\(record.id) cannot be forked at \(found.operation.name): what it registered by \(first.name) (\(OperationPath(first))), before that, has run at its end; fork at \(first.name), or retry \(record.id)"
            )
        }
        guard let heir = try heir(of: trial.number, registered, except: [record.id, newID]) else {
            return
        }
        throw Refusal(
            .conflict,
            "\(record.id) cannot be forked at \(found.operation.name): its fork \(heir) owes what was registered for an end before that; fork \(heir), or at an operation before that"
        )
    }

    /// Makes sure that no fork goes on with what an execution has done, and owes what is registered for an
    /// end: both would undo the same work.
    /// - Throws: ``Refusal/Code/conflict``.
    func checkNotHandedOn(_ id: String) throws {
        guard let record = try record(of: id) else { return }
        var query = ExecutionQuery()
        query.forksOf = record.number
        let store = writer.journal.store
        for fork in try ExecutionReader.records(query, store) {
            let parts = try store.read { try $0.historyParts(of: fork.number) }
            guard let part = parts.first(where: { $0.number == record.number }) else { continue }
            let past = try JournalHistory(journal: writer.journal, execution: record.number)
                .history(of: record.number, upTo: part.end - 1)
            guard past.firstRegistration == nil else {
                throw Refusal(
                    .conflict,
                    "\(id) was forked as \(fork.id), which goes on with what it did and owes what was registered for its end; retry \(fork.id), or submit a new execution"
                )
            }
        }
    }

    /// The fork of an execution that owes what this one had registered by an entry; nil: none does.
    private func heir(
        of number: UInt64,
        _ registration: UInt64,
        except ids: [String?]
    ) throws -> String? {
        var query = ExecutionQuery()
        query.forksOf = number
        let store = writer.journal.store
        return try ExecutionReader.records(query, store).first { fork in
            guard !ids.contains(fork.id) else { return false }
            let parts = try store.read { try $0.historyParts(of: fork.number) }
            return parts.contains { $0.number == number && $0.end > registration }
        }?.id
    }

    /// Has the code run over what a fork takes over.
    /// - Throws: ``Refusal/Code/conflict`` when they disagree.
    private func check(
        _ trial: ForkTrial,
        _ found: FoundOperation,
        _ workflow: RegisteredWorkflow,
        _ id: String
    ) async throws {
        let report = try await Replayer(registered: [workflow], codec: options.codec).replay(
            trial,
            try trial.history(of: trial.number),
            workflow,
            journal: journalID,
            contentTypes: try contentTypes()
        ) { _ in .agreesSoFar }
        let place = "\(found.operation.name) (\(OperationPath(found.operation)))"
        switch report.outcome {
        case .agrees, .agreesSoFar, .endsOtherwise: return
        case .diverged(let divergence):
            throw Refusal(
                .conflict,
                "\(id) cannot be forked at \(place): before that, \(divergence); \(divergence.mend)"
            )
        case .erased(let sequence):
            throw Refusal(
                .conflict,
                "\(id) cannot be forked at \(place): the entry \(sequence), which comes before, is erased; fork at an operation before it"
            )
        }
    }

    private func contentTypes() throws -> [String] {
        try writer.journal.store.read { try JournalNames($0).contentTypes }
    }
}

extension ForkOptions {
    fileprivate func encoded(
        _ data: [UInt8]?,
        _ value: (any Encodable & Sendable)?,
        _ codec: any PayloadCodec
    ) throws -> Payload? {
        if let data { return Payload(data, contentType: codec.contentType) }
        guard let value else { return nil }
        try StableEncoding.check(value)
        return Payload(try codec.encode(value), contentType: codec.contentType(of: type(of: value)))
    }
}

/// What a fork takes over, with its input: to see whether the code agrees.
private struct ForkTrial: HistorySource {
    let history: JournalHistory
    let number: UInt64
    let before: UInt64
    let input: StoredPayload

    func beginning(of number: UInt64) throws -> UInt64 { try history.beginning(of: number) }

    func scan(
        from sequence: UInt64,
        _ body: (EntryView, () throws -> [StoredPayload]) throws -> Bool
    ) throws {
        try history.scan(from: sequence) { entry, _ in
            guard entry.header.sequence < before else { return false }
            return try body(entry) { try payloads(of: entry.header.sequence) }
        }
    }

    func payloads(of sequence: UInt64) throws -> [StoredPayload] {
        sequence == number ? [input] : try history.payloads(of: sequence)
    }

    func child(endedBy sequence: UInt64) throws -> EndedChildName {
        try history.child(endedBy: sequence)
    }
}
