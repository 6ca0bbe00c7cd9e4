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
    private let store: any JournalStore
    private let journal: Identifier?
    private let codec: any PayloadCodec
    private let workflows: [Name: RegisteredWorkflow]
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

    /// Before so many operations is looked for files that are saved: each is a walk through the history.
    private static let looked = 64

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
        if let number = try existing(id, as: plan) { try check(plan, isOf: number, id) }
        return try plan.command(record.id, as: id, limit: limit, by: .session)
    }

    /// The fork at the same place that has an id already; nil: there is none.
    private func existing(_ id: String, as plan: ForkPlan) throws -> UInt64? {
        try store.read { reader in
            guard let number = try ExecutionReader.row(of: id, reader)?.number else { return nil }
            let begun = try reader.withView(of: number) {
                try ProtoExecutionSubmitted(decoding: $0)
            }
            let isSame =
                begun?.forkedFrom == plan.source && begun?.forkedBefore == plan.found.first
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
        let id = record.id
        let type = Name(record.type)
        guard let workflow = workflows[type] else {
            throw Refusal(
                .notFound,
                "the workflow \(type) of \(id) is not known here, and what is recorded is compared with it; register it"
            )
        }
        let history = JournalHistory(store: store, execution: record.number)
        let found = try history.operation(operation, of: record.number, id)
        guard let given = try history.payloads(of: record.number).first, let salt = given.salt
        else {
            throw Refusal(
                .erased,
                "the input of \(id) is erased, and a fork would begin with it; submit a new execution"
            )
        }
        let names = try store.read { try JournalNames($0) }
        let input =
            try options.encoded(options.encodedInput, options.input, codec)
            ?? Payload(
                given.data,
                contentType: names.contentType(given.contentType) ?? codec.contentType
            )
        let result = try options.encoded(options.encodedResult, options.result, codec)
        for (payload, what) in [(input, "the input of the fork"), (result, "the given result")] {
            if let data = payload?.data { try checkSecrets(data, what) }
        }
        try workflow.validate(input.data, codec)
        let source = try source(of: found, record)
        let trial = ForkTrial(
            history: JournalHistory(store: store, execution: source),
            number: source,
            before: found.first,
            input: StoredPayload(
                unrecorded: input.data,
                salt,
                contentType: input.data == given.data ? given.contentType : 0
            )
        )
        let past = try trial.history(of: trial.number)
        let spared = options.harmless.flatMap { past.firstRegistration(named: Name($0)) }
        try checkStillDone(past, found, of: record, except: spared)
        try checkHasFiles(past, found, of: record)
        let code = ForkCode(
            workflow: workflow,
            recorded: given.data,
            given: input.data,
            contentTypes: names.contentTypes
        )
        try await check(trial, past, found, code, id)
        try await checkUndoing(trial, past, found, code, id)
        return ForkPlan(
            number: record.number,
            source: source,
            found: found,
            isOpen: !record.isClosed,
            input: input,
            salt: salt,
            result: result,
            spared: spared
        )
    }

    /// Whose entries go up to an operation: those of the execution, or, of a fork, those of its origin.
    private func source(of found: FoundOperation, _ record: ExecutionRecord) throws -> UInt64 {
        try store.read { reader in
            try reader.historyParts(of: record.number).first { $0.end > found.first }?.number
                ?? record.number
        }
    }

    /// What has been undone since is not done any more.
    /// - Parameter spared: what the handler registered and undoes nothing.
    /// - Throws: ``Refusal/Code/conflict``.
    private func checkStillDone(
        _ past: ExecutionState,
        _ found: FoundOperation,
        of record: ExecutionRecord,
        except spared: OperationPath?
    ) throws {
        guard past.firstRegistration != nil else { return }
        var undone: [(operation: Operation, since: UInt64)] = []
        let history = JournalHistory(store: store, execution: record.number)
        try history.scan(from: found.first) { entry, _ in
            guard entry.event == EventKind.cleaningEnded.rawValue else { return true }
            let event = try ProtoCleaningEnded(decoding: entry)
            let operation = try Operation(event.operation)
            let path = OperationPath(operation)
            if !event.hasError, path != spared, let since = past.registration(by: path) {
                undone.append((operation, since))
            }
            return true
        }
        // Before the first of them nothing is undone.
        if let (operation, _) = undone.min(by: { $0.since < $1.since }) {
            let path = OperationPath(operation)
            throw Refusal(
                .conflict,
                "\(record.id) cannot be forked at \(found.operation.name.quoted): what it registered by \(operation.name.quoted) (\(path)), before that, has run at its end; fork at \(path), which is \(operation.name.quoted), or retry \(record.id)"
            )
        }
    }

    /// Makes sure of the files that a fork begins with. Those that are saved nowhere lie in the folder of its
    /// origin, and are not in that of the fork.
    /// - Throws: ``Refusal/Code/conflict``.
    private func checkHasFiles(
        _ past: ExecutionState,
        _ found: FoundOperation,
        of record: ExecutionRecord
    ) throws {
        guard past.workspace.isUnsaved else { return }
        let other = try JournalHistory(store: store, execution: record.number)
            .operations(of: record.number) { _ in true }
            .filter { $0.first < found.first }
            .sorted { $0.first > $1.first }
            .prefix(Self.looked)
            .first { operation in
                let source = try source(of: operation, record)
                let past = try JournalHistory(store: store, execution: source)
                    .history(of: source, upTo: operation.first - 1)
                return !past.workspace.isUnsaved
            }
        let advice =
            other.map {
                "fork at \(OperationPath($0.operation)), which is \($0.operation.name.quoted)"
            }
            ?? "submit a new execution"
        throw Refusal(
            .conflict,
            "\(record.id) cannot be forked at \(found.place): the files that it had there could not be saved (entry \(past.workspace.entry)), and a fork would begin without them; \(advice)"
        )
    }

    /// Has the code run over what a fork takes over.
    /// - Throws: ``Refusal/Code/conflict`` when they disagree.
    private func check(
        _ trial: ForkTrial,
        _ past: ExecutionState,
        _ found: FoundOperation,
        _ code: ForkCode,
        _ id: String
    ) async throws {
        let report = try await Replayer(registered: [code.workflow], codec: codec).replay(
            trial,
            past,
            code.workflow,
            journal: journal,
            contentTypes: code.contentTypes
        ) { _ in .agreesSoFar }
        switch report.outcome {
        case .agrees, .agreesSoFar, .endsOtherwise: return
        case .diverged(let divergence): throw code.refusal(of: divergence, id, found)
        case .erased(let sequence):
            throw Refusal(
                .conflict,
                "\(id) cannot be forked at \(found.place): the entry \(sequence), which comes before, is erased; fork at an operation before it"
            )
        }
    }

    /// Rehearses the end of a fork: what it takes over it has to undo, and the code is to say how.
    /// - Throws: ``Refusal/Code/conflict`` when it does not.
    private func checkUndoing(
        _ trial: ForkTrial,
        _ past: ExecutionState,
        _ found: FoundOperation,
        _ code: ForkCode,
        _ id: String
    ) async throws {
        let due = past.standingCleaning
        if due.isEmpty { return }
        let missing: [DueCleaning]
        do {
            missing = try await Replayer(registered: [code.workflow], codec: codec).missing(
                of: due,
                trial,
                past,
                code.workflow,
                journal: journal,
                contentTypes: code.contentTypes
            )
        } catch let divergence as Divergence {
            throw code.refusal(of: divergence, id, found)
        }
        // Before the first of them nothing is to be undone that has no code.
        guard let first = missing.last else { return }
        let lack = code.workflow.lackOfUndoing(first.name.text, code.given)
        throw Refusal(
            .conflict,
            "\(id) cannot be forked at \(found.place): \(first.name.quoted) (\(first.path)), before that, is to be undone should the fork end badly, and \(lack); then fork it again, or at \(first.path), which is \(first.name.quoted)"
        )
    }
}

/// The code of a fork, and the inputs that it is compared by.
private struct ForkCode {
    let workflow: RegisteredWorkflow
    /// The input of what is forked.
    let recorded: [UInt8]
    /// The input of the fork.
    let given: [UInt8]
    let contentTypes: [String]

    func refusal(of divergence: Divergence, _ id: String, _ found: FoundOperation) -> Refusal {
        let difference = workflow.difference(divergence, recorded, given)
        return Refusal(
            .conflict,
            "\(id) cannot be forked at \(found.place): before that, \(difference); \(workflow.correction(divergence, true)); then fork it again, or at an operation before that"
        )
    }
}

extension FoundOperation {
    /// Its name and its numbers.
    fileprivate var place: String { "\(operation.name.quoted) (\(OperationPath(operation)))" }
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

extension Name {
    /// The name, in quotation marks where it would not stand out in a sentence.
    fileprivate var quoted: String {
        text.utf8.contains(UInt8(ascii: " ")) ? "\"\(text)\"" : text
    }
}
