import DaybookFormat
package import DaybookJournal
package import DaybookModel
package import DaybookView

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
    /// What the handler registered for an end and undoes nothing; nil: there is none.
    let spared: OperationPath?

    /// What is to be decided.
    func command(
        _ origin: String,
        as id: String,
        limit: Int,
        secrets: SealedSecrets? = nil,
        by request: Request
    ) throws -> Fork {
        Fork(
            Name(origin),
            number,
            from: source,
            at: found.operation,
            before: found.first,
            isOpen: isOpen,
            as: Name(id),
            input: try SealedPayloads([input], limit: limit) { salt },
            result: try result.map { try SealedPayloads($0, limit: limit) },
            secrets: secrets,
            sparing: spared,
            by: request
        )
    }
}

/// Looks at an execution that is to be forked, and writes nothing.
package struct ForkPlanner {
    let store: any JournalStore
    let journal: Identifier?
    let codec: any PayloadCodec
    let workflows: [Name: RegisteredWorkflow]
    /// Throws where something that is to be recorded contains a secret.
    private let checkSecrets: ([UInt8], String) throws -> Void

    init(
        store: any JournalStore,
        journal: Identifier?,
        codec: any PayloadCodec,
        workflows: [Name: RegisteredWorkflow],
        checkSecrets: @escaping ([UInt8], String) throws -> Void
    ) {
        self.store = store
        self.journal = journal
        self.codec = codec
        self.workflows = workflows
        self.checkSecrets = checkSecrets
    }

    /// For who only says what a fork would come to. Whether something contains a secret is not looked at:
    /// that needs the key.
    package init(looking store: any JournalStore, _ workflows: [any Workflow]) throws {
        self.init(
            store: store,
            journal: try store.read { try JournalNames($0).uuid },
            codec: JSONPayloadCodec(),
            workflows: Dictionary(
                workflows.map { RegisteredWorkflow($0) }.map { ($0.name, $0) },
                uniquingKeysWith: { first, _ in first }
            )
        ) { _, _ in }
    }

    static func unknown(_ id: String) -> Refusal {
        Refusal(.notFound, "no execution has the id \(id); submit it first, or check the id")
    }

    /// What ``Engine/fork(_:at:_:by:)`` would have decided.
    package func command(
        of record: ExecutionRecord,
        at operation: String,
        _ options: ForkOptions,
        limit: Int
    ) async throws -> Fork {
        let id = options.id ?? Identifier.zero.description
        let plan = try await plan(record, at: operation, options)
        // Another execution that has the id is the command's to refuse.
        if let number = try existing(id, plan.source, plan.found) {
            try check(plan, isOf: number, id)
        }
        return try plan.command(record.id, as: id, limit: limit, by: .session)
    }

    /// The fork at the same place that has an id already; nil: there is none.
    private func existing(
        _ id: String,
        _ source: UInt64,
        _ found: FoundOperation
    ) throws -> UInt64? {
        try store.read { reader in
            guard let number = try ExecutionReader.row(of: id, reader)?.number else { return nil }
            let begun = try reader.withView(of: number) {
                try ProtoExecutionSubmitted(decoding: $0)
            }
            let isSame = begun?.forkedFrom == source && begun?.forkedBefore == found.first
            return isSame ? number : nil
        }
    }

    /// Makes sure that a fork which was there already is the one that is asked for: what it begins with is
    /// never changed.
    /// - Throws: ``Refusal/Code/conflict``.
    func check(_ plan: ForkPlan, isOf number: UInt64, _ id: String) throws {
        var given: [[UInt8]] = []
        try JournalHistory(store: store, execution: number).scan(from: number) { entry, payloads in
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

    /// Finds where an execution is to be forked, and has the code run over what comes before.
    func plan(
        _ record: ExecutionRecord,
        at operation: String,
        _ options: ForkOptions
    ) async throws -> ForkPlan {
        do {
            return try await look(record, at: operation, options)
        } catch let error as PayloadErased {
            throw Refusal(
                .erased,
                "\(record.id) cannot be forked: it goes on by what entry \(error.sequence) says, and the payloads of that are erased; submit a new execution"
            )
        }
    }

    private func look(
        _ record: ExecutionRecord,
        at operation: String,
        _ options: ForkOptions
    ) async throws -> ForkPlan {
        let id = record.id
        let history = JournalHistory(store: store, execution: record.number)
        let found = try history.operation(operation, of: record.number, id)
        let subject = try subject(
            of: record,
            try options.encoded(options.encodedInput, options.input, codec),
            harmless: options.harmless.map { Name($0) },
            givesResult: options.encodedResult != nil || options.result != nil
        )
        let result = try options.encoded(options.encodedResult, options.result, codec)
        for (payload, what) in [
            (subject.input, "the input of the fork"), (result, "the given result"),
        ] {
            if let data = payload?.data { try checkSecrets(data, what) }
        }
        try subject.workflow.validate(subject.input.data, codec)
        let source = try source(of: found, record)
        let past = try JournalHistory(store: store, execution: source)
            .history(of: source, upTo: found.first - 1)
        // What is there already is answered with, whatever has happened since.
        if try options.id.flatMap({ try existing($0, source, found) }) == nil {
            let obstacles = try ForkObstacles(of: record.number, store, harmless: subject.harmless)
            if let obstacle = obstacles.obstacle(at: found, past) {
                if !record.isClosed, let delay = obstacles.now.delayOfFork { throw delay }
                try await refuse(obstacle, subject, at: found, obstacles)
            }
            if let disagreement = try await disagreement(subject, at: found, source, past) {
                try await refuse(disagreement, subject, at: found, obstacles)
            }
        }
        return ForkPlan(
            number: record.number,
            source: source,
            found: found,
            isOpen: !record.isClosed,
            input: subject.input,
            salt: subject.salt,
            result: result,
            spared: subject.harmless.flatMap { past.firstRegistration(named: $0) }
        )
    }

    /// What is to be forked, with the code that is registered here.
    /// - Parameters:
    ///   - input: that of the fork; nil: it is the recorded one.
    ///   - harmless: the name of what the handler registers and undoes nothing by.
    ///   - givesResult: the operation is given a result by hand.
    func subject(
        of record: ExecutionRecord,
        _ input: Payload?,
        harmless: Name?,
        givesResult: Bool
    ) throws -> ForkSubject {
        let (id, type) = (record.id, Name(record.type))
        guard let workflow = workflows[type] else {
            throw Refusal(
                .notFound,
                "the workflow \(type) of \(id) is not known here, and what is recorded is compared with it; register it"
            )
        }
        let history = JournalHistory(store: store, execution: record.number)
        guard let given = try history.payloads(of: record.number).first, let salt = given.salt
        else {
            throw Refusal(
                .erased,
                "the input of \(id) is erased, and a fork would begin with it; submit a new execution"
            )
        }
        let names = try store.read { try JournalNames($0) }
        let own = Payload(
            given.data,
            contentType: names.contentType(given.contentType) ?? codec.contentType
        )
        return ForkSubject(
            record: record,
            workflow: workflow,
            recorded: given.data,
            salt: salt,
            input: input ?? own,
            isInputGiven: input != nil,
            contentType: input.map { $0.data == given.data } ?? true ? given.contentType : 0,
            contentTypes: names.contentTypes,
            harmless: harmless,
            givesResult: givesResult
        )
    }

    /// Whose entries go up to an operation: those of the execution, or, of a fork, those of its origin.
    private func source(of found: FoundOperation, _ record: ExecutionRecord) throws -> UInt64 {
        try store.read { reader in
            try reader.historyParts(of: record.number).first { $0.end > found.first }?.number
                ?? record.number
        }
    }

    /// What is in the way of a fork by its code; nil: nothing.
    func disagreement(
        _ subject: ForkSubject,
        at found: FoundOperation
    ) async throws -> ForkDisagreement? {
        let source = try source(of: found, subject.record)
        let past = try JournalHistory(store: store, execution: source)
            .history(of: source, upTo: found.first - 1)
        return try await disagreement(subject, at: found, source, past)
    }

    /// Has the code run over what a fork takes over, and rehearses its end: what it takes over it has to
    /// undo, and the code is to say how.
    private func disagreement(
        _ subject: ForkSubject,
        at found: FoundOperation,
        _ source: UInt64,
        _ past: ExecutionState
    ) async throws -> ForkDisagreement? {
        let trial = ForkTrial(subject, from: source, before: found.first, store)
        let replayer = Replayer(registered: [subject.workflow], codec: codec)
        let report = try await replayer.replay(
            trial,
            past,
            subject.workflow,
            journal: journal,
            contentTypes: subject.contentTypes
        ) { _ in .agreesSoFar }
        switch report.outcome {
        case .agrees, .agreesSoFar, .endsOtherwise: break
        case .diverged(let divergence): return .diverged(divergence)
        case .erased(let sequence): return .erased(sequence)
        }
        let due = past.standingCleaning
        if due.isEmpty { return nil }
        do {
            let missing = try await replayer.missing(
                of: due,
                trial,
                past,
                subject.workflow,
                journal: journal,
                contentTypes: subject.contentTypes
            )
            // Before the first of them nothing is to be undone that has no code.
            return missing.last.map { .lacks($0) }
        } catch let divergence as Divergence {
            return .diverged(divergence)
        }
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
