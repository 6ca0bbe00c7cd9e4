import DaybookFormat
import DaybookJournal
import DaybookModel
import DaybookView

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
        let past = try trial.history(of: trial.number)
        try checkStillDone(past, found, of: record)
        try await check(trial, past, found, workflow, id)
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

    /// What has been undone since is not done any more.
    /// - Throws: ``Refusal/Code/conflict``.
    private func checkStillDone(
        _ past: ExecutionState,
        _ found: FoundOperation,
        of record: ExecutionRecord
    ) throws {
        guard past.firstRegistration != nil else { return }
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
    }

    /// Has the code run over what a fork takes over.
    /// - Throws: ``Refusal/Code/conflict`` when they disagree.
    private func check(
        _ trial: ForkTrial,
        _ past: ExecutionState,
        _ found: FoundOperation,
        _ workflow: RegisteredWorkflow,
        _ id: String
    ) async throws {
        let report = try await Replayer(registered: [workflow], codec: options.codec).replay(
            trial,
            past,
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
                "\(id) cannot be forked at \(place): before that, \(divergence); \(workflow.correction(divergence, true)); then fork it again, or at an operation before that"
            )
        case .erased(let sequence):
            throw Refusal(
                .conflict,
                "\(id) cannot be forked at \(place): the entry \(sequence), which comes before, is erased; fork at an operation before it"
            )
        }
    }

    /// Makes sure that a fork which was there already is the one that is asked for: what it begins with is
    /// never changed.
    /// - Throws: ``Refusal/Code/conflict``.
    func check(_ plan: ForkPlan, isOf number: UInt64, _ id: String) throws {
        let history = JournalHistory(journal: writer.journal, execution: number)
        var given: [[UInt8]] = []
        try history.scan(from: number) { entry, payloads in
            let isInput = entry.header.sequence == number
            if isInput || entry.event == EventKind.operationResolved.rawValue {
                given.append(try payloads().first?.data ?? [])
            }
            // Its first operation comes after what it is given.
            return isInput || entry.event != EventKind.executionReadied.rawValue
        }
        guard given == [plan.input.data] + (plan.result.map { [$0.data] } ?? []) else {
            throw Refusal(
                .conflict,
                "\(id) is a fork at the same operation already, with another input or another result; fork under another id"
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
