import DaybookFormat
import DaybookJournal
public import DaybookModel
import DaybookSystem
import Logging

/// Runs recorded histories through today's handlers, without effects: no body runs, nothing is
/// written, nobody waits. What a project's own tests call to see that code goes on agreeing with
/// what it did.
public struct Replayer: Sendable {
    let workflows: [Name: RegisteredWorkflow]
    let codec: any PayloadCodec

    /// - Parameters:
    ///   - workflows: today's handlers.
    ///   - codec: how their values become payloads.
    public init(workflows: [any Workflow], codec: any PayloadCodec = JSONPayloadCodec()) {
        self.codec = codec
        self.workflows = Dictionary(
            workflows.map { RegisteredWorkflow($0) }.map { ($0.name, $0) },
            uniquingKeysWith: { first, _ in first }
        )
    }

    init(registered workflows: [RegisteredWorkflow], codec: any PayloadCodec) {
        self.codec = codec
        self.workflows = Dictionary(
            workflows.map { ($0.name, $0) },
            uniquingKeysWith: { first, _ in first }
        )
    }

    /// What a replay came to.
    public struct Report: Sendable {
        /// The execution's id.
        public let id: String
        /// The execution's number.
        public let number: UInt64
        /// The name of its workflow.
        public let workflow: String
        /// Operations that were answered from the history.
        public let operations: UInt64
        /// Whether the code agrees with the history.
        public let outcome: Outcome
    }

    /// Whether code agrees with a history.
    @nonexhaustive
    public enum Outcome: Sendable {
        /// It ends as it did.
        case agrees
        /// It agrees as far as the history goes, which has no end yet.
        case agreesSoFar
        /// It asks for something else than what is recorded, or leaves out something.
        case diverged(Divergence)
        /// It ends with another output or error than the one that is recorded.
        case endsOtherwise(recorded: String, now: String)
        /// Payloads that it needs have been erased.
        case erased(sequence: UInt64)
    }

    /// Replays a history.
    /// - Throws: ``Refusal/Code/notFound`` when its workflow was not given; ``JournalError``.
    public func replay(_ history: RecordedHistory) async throws -> Report {
        let state = try history.state()
        guard let workflow = workflows[state.type] else {
            throw Refusal(
                .notFound,
                "the workflow \(state.type) of \(history.id) was not given; give it to the replayer"
            )
        }
        return try await replay(
            history,
            state,
            workflow,
            journal: history.journal,
            contentTypes: history.contentTypes
        ) {
            try compare($0, state, history)
        }
    }

    /// Replays a history that is read from anywhere.
    /// - Parameters:
    ///   - state: what the history comes to.
    ///   - judge: says what the end that the handler has come to by itself means.
    func replay(
        _ history: any HistorySource,
        _ state: ExecutionState,
        _ workflow: RegisteredWorkflow,
        journal: Identifier?,
        contentTypes: [String],
        _ judge: (Result<[UInt8], OperationError>) throws -> Outcome
    ) async throws -> Report {
        let host = ReplayHost(
            codec: codec,
            journalID: journal ?? .zero,
            contentTypes: contentTypes
        )
        let activation = try Activation(host, Lease(replaying: state), history, end: .max)
        let outcome: Outcome
        do {
            outcome = try judge(try await workflow.outcome(activation).result)
        } catch {
            outcome = try Self.outcome(of: error, activation)
        }
        return Report(
            id: state.id.text,
            number: state.number,
            workflow: state.type.text,
            operations: activation.operationCount,
            outcome: outcome
        )
    }

    /// Rehearses the undoing of an execution: runs the handler over its history as an end from outside would.
    /// - Parameters:
    ///   - due: what would be to be done.
    ///   - state: what the history comes to.
    /// - Returns: what of that the handler registers no more, what was registered last first.
    /// - Throws: ``Divergence`` when the handler disagrees with its record so that nothing could be undone.
    func missing(
        of due: [DueCleaning],
        _ history: any HistorySource,
        _ state: ExecutionState,
        _ workflow: RegisteredWorkflow,
        journal: Identifier?,
        contentTypes: [String]
    ) async throws -> [DueCleaning] {
        let host = ReplayHost(
            codec: codec,
            journalID: journal ?? .zero,
            contentTypes: contentTypes
        )
        let lease = Lease(replaying: state, cleaning: due)
        let activation = try Activation(host, lease, history, end: .max)
        do {
            return try await activation.collectMissing(workflow)
        } catch {
            if case .diverged(let divergence) = activation.latched { throw divergence }
            throw error
        }
    }

    private static func outcome(of error: any Error, _ activation: Activation) throws -> Outcome {
        switch activation.latched {
        case .diverged(let divergence): return .diverged(divergence)
        case .historyEnded, .continuing: return .agreesSoFar
        default:
            if let error = error as? PayloadErased { return .erased(sequence: error.sequence) }
            throw error
        }
    }

    private func compare(
        _ result: Result<[UInt8], OperationError>,
        _ state: ExecutionState,
        _ history: RecordedHistory
    ) throws -> Outcome {
        // Whatever follows an end has it go on: a claim of the next attempt, a person.
        let turns: [EventKind] = [
            .executionCompleted, .executionFailed, .attemptFailed, .executionTimedOut,
            .executionCancelled, .executionContinued, .executionClaimed, .executionReopened,
        ]
        guard let end = try history.last(of: turns), let payload = end.payloads.first,
            end.endsByItself
        else {
            // It was ended from outside, or goes on.
            return .agreesSoFar
        }
        guard !payload.isErased else { return .erased(sequence: end.sequence) }
        let recorded = String(decoding: payload.data, as: UTF8.self)
        let (now, isSame): (String, Bool)
        switch result {
        case .success(let output):
            now = String(decoding: output, as: UTF8.self)
            isSame = state.status == .completed && output == payload.data
        case .failure(let error):
            if error.code == "PayloadErased" { return .erased(sequence: end.sequence) }
            now = error.message
            isSame = state.status != .completed && now == recorded
        }
        // That time was up is nothing that code could agree with.
        if !isSame, end.isTimeout { return .agreesSoFar }
        return isSame ? .agrees : .endsOtherwise(recorded: recorded, now: now)
    }
}

/// Answers nothing: whatever is not recorded ends the replay.
private struct ReplayHost: ActivationHost {
    let codec: any PayloadCodec
    var payloadLimit: Int { .max }
    let journalID: Identifier
    let contentTypes: [String]
    var hasEffects: Bool { false }
    let logger = Logger(label: "daybook.replay") { _ in SwiftLogNoOpLogHandler() }

    func recordsInputs(of workflow: Name) -> Bool { false }
    func contentType(_ number: UInt32) -> String? {
        number > 0 && number <= contentTypes.count ? contentTypes[Int(number) - 1] : nil
    }
    func now() -> Timestamp { Timestamp(rawValue: 0) }
    func observe(_ event: EngineEvent) {}
    func setAlarm(after duration: Duration, _ ring: @escaping @Sendable () -> Void) -> UInt64 { 0 }
    func cancelAlarm(_ number: UInt64) {}

    func perform<C: Command>(_ command: () throws -> C) async throws -> C.Answer {
        throw HistoryEnded()
    }
    func perform<C: SuspendingCommand>(
        _ command: () throws -> C,
        _ order: (C, @escaping (C) -> Void) -> Void
    ) async throws -> Suspension {
        throw HistoryEnded()
    }

    func workspace(
        of lease: Lease,
        _ redactor: Redactor?,
        mayBeEmpty: Bool
    ) async throws -> WorkspaceKeeper {
        throw HistoryEnded()
    }
    func status(of number: UInt64) -> ExecutionStatus? { nil }
    func note(_ group: ProcessGroup) throws { throw HistoryEnded() }
    func becameIdle(_ activation: Activation, _ isIdle: Bool) {}
}
