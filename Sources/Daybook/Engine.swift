import DaybookFormat
import DaybookJournal
import DaybookModel
import DaybookSystem
import Logging
import SwiftProtobuf

/// The imperative shell around the model: it owns tasks and time.
final class Engine: Sendable {
    let writer: GroupWriter<EngineFold>
    let options: DaybookOptions
    let board: NewsBoard
    let session: SessionLock
    let sessionNumber: UInt64
    let journalID: Identifier
    let payloadLimit: Int
    private let place: JournalFolder
    private let workflows: [String: RegisteredWorkflow]
    private let running = Locked(Running())
    private let dispatcher = Locked<Task<Void, Never>?>(nil)

    private struct Running: Sendable {
        var activations: [UInt64: Activation] = [:]
        /// A claim has been asked for and not yet answered.
        var isClaiming = false
        /// Executions that this process was asked to run, in order; used when it claims only those.
        var named: [UInt64] = []
        /// Leases whose end could not be recorded.
        var unreleased: [Lease] = []
        /// Why an execution cannot go on in this process.
        var failures: [UInt64: JournalFailure] = [:]
        var isStopping = false
        /// Why nothing is claimed any more: the journal could not be written. Trying again at once
        /// would run bodies again and again without recording them.
        var halt: JournalFailure?
    }

    /// An error of the journal that ended an activation.
    struct JournalFailure: Sendable {
        let error: any Error
    }

    init(
        _ writer: GroupWriter<EngineFold>,
        _ board: NewsBoard,
        _ session: SessionLock,
        number: UInt64,
        at place: JournalFolder,
        _ options: DaybookOptions,
        _ workflows: [String: RegisteredWorkflow]
    ) throws {
        self.writer = writer
        self.board = board
        self.session = session
        sessionNumber = number
        self.place = place
        self.options = options
        self.workflows = workflows
        let facts = writer.inspect { $0.state.journal }
        guard let uuid = facts.uuid else {
            throw JournalError(.integrity, "entry 0 does not name the journal", sequence: 0)
        }
        journalID = uuid
        payloadLimit = facts.payloadLimit
    }

    /// The folder that an execution keeps files in, made if it is not there.
    func workspace(of number: UInt64) throws -> String {
        try Folder.create(place.workspaces)
        let path = "\(place.workspaces)/\(number)"
        try Folder.create(path)
        return try Folder.resolved(path)
    }

    func observe(_ event: EngineEvent) { options.observer?(event) }

    // MARK: Commands

    /// Has a command decided and carried out for this session.
    func perform<C: Command>(bytes: Int = 0, _ command: () throws -> C) async throws -> C.Answer {
        try await Self.perform(writer, session: sessionNumber, bytes: bytes, command)
    }

    static func perform<C: Command>(
        _ writer: GroupWriter<EngineFold>,
        session: UInt64,
        bytes: Int = 0,
        _ make: () throws -> C
    ) async throws -> C.Answer {
        try await writer.perform(bytes: bytes) {
            let command = try make()
            return { fold, point in
                let moment = Moment(
                    now: point.now,
                    nextSequence: point.nextSequence,
                    session: session
                )
                let facts = try FactLookup.facts(for: command.subject, point.reader)
                let decision = try command.decide(fold.state, facts, moment)
                return Decided(decision.drafts, decision.outcome.mapError { $0 })
            }
        }
    }

    func seal(
        _ outcome: Result<(data: [UInt8], verified: Bool), OperationError>
    ) throws -> RecordOutcome.Outcome {
        switch outcome {
        case .success(let value):
            let payload = Payload(value.data, contentType: options.codec.contentType)
            return .success(
                try SealedPayloads([payload], limit: payloadLimit),
                verified: value.verified
            )
        case .failure(let error): return .failure(error.facts, try seal(error))
        }
    }

    func seal(_ error: OperationError) throws -> SealedPayloads {
        var payloads = [Payload.text(Self.shortened(error.message, payloadLimit))]
        if let details = error.details { payloads.append(.json(details)) }
        return try SealedPayloads(payloads, limit: payloadLimit)
    }

    /// A message is cut rather than lost, and says so.
    private static func shortened(_ message: String, _ limit: Int) -> String {
        let bytes = Array(message.utf8)
        if bytes.count <= limit { return message }
        let notice = " … (cut: it had \(bytes.count) bytes)"
        let suffix = notice.utf8.count < limit ? notice : ""
        let border = CharacterBorder.last(in: bytes[...], upTo: limit - suffix.utf8.count)
        return String(decoding: bytes[..<border], as: UTF8.self) + suffix
    }

    // MARK: Claiming

    /// Starts to claim and run what is ready.
    func start() {
        let executor = options.executor
        let task = Task(executorPreference: executor) { await self.dispatch() }
        dispatcher.withLock { $0 = task }
        board.wakeClaimer()
    }

    /// Asks this process to run an execution, where it claims only what it is asked to.
    func claim(_ number: UInt64) {
        running.withLock { $0.named.append(number) }
        board.wakeClaimer()
    }

    private func dispatch() async {
        await withDiscardingTaskGroup { group in
            for await _ in board.wakeups {
                if running.withLock({ $0.isStopping }) { break }
                await releaseLeftovers()
                while hasRoom, let lease = await claimNext() {
                    group.addTask(executorPreference: options.executor) { [self] in
                        await run(lease)
                        running.withLock { _ = $0.activations.removeValue(forKey: lease.execution) }
                        board.wakeClaimer()
                    }
                }
                board.publish(ended: [NewsBoard.idleness], readied: false)
            }
            group.cancelAll()
        }
    }

    private var hasRoom: Bool {
        running.withLock {
            $0.activations.count < options.maxConcurrent && !$0.isStopping && $0.halt == nil
        }
    }

    private func claimNext() async -> Lease? {
        running.withLock { $0.isClaiming = true }
        defer { running.withLock { $0.isClaiming = false } }
        guard let target = nextTarget() else { return nil }
        do {
            guard let lease = try await perform({ Claim(target) }) else { return nil }
            let activation = try activation(for: lease)
            let isStopping = running.withLock { running in
                running.activations[lease.execution] = activation
                running.named.removeAll { $0 == lease.execution }
                return running.isStopping
            }
            if isStopping { activation.latch(.stopping) }
            return lease
        } catch {
            options.logger.error("claiming failed", metadata: ["error": "\(error)"])
            if case .execution(let number) = target { fail(number, error) }
            return nil
        }
    }

    /// What there is to claim by the state as this process knows it, without asking for a commit.
    private func nextTarget() -> Claim.Target? {
        let named = running.withLock { $0.named }
        return writer.inspect { fold -> Claim.Target? in
            switch options.claims {
            case .registered:
                return fold.state.firstReady(of: workflows.keys.sorted())
                    .map { _ in .first(of: workflows.keys.sorted()) }
            case .nothing: return nil
            case .named:
                return named.first {
                    fold.state.execution($0).map { $0.status == .ready && !$0.isParked } ?? false
                }.map { .execution($0) }
            }
        }
    }

    private func activation(for lease: Lease) throws -> Activation {
        let payloads = try writer.journal.store.read { reader in
            try reader.withPayloads(of: lease.execution) { try StoredPayload.all($0) }
        }
        return Activation(self, lease, salt: payloads?.first?.salt)
    }

    // MARK: Running

    private func run(_ lease: Lease) async {
        guard let activation = running.withLock({ $0.activations[lease.execution] }) else { return }
        observe(.activated(lease, resumed: lease.epoch > 1))
        do {
            let (sequence, failure) = try await record(activation, ending(activation))
            observe(.ended(lease, sequence: sequence, failure: failure))
        } catch {
            await close(activation, error)
        }
    }

    /// Runs the handler to its end.
    private func ending(
        _ activation: Activation
    ) async throws -> Result<[UInt8], OperationError> {
        let lease = activation.lease
        guard let workflow = workflows[lease.type] else {
            return .failure(
                OperationError(
                    code: "unknown-workflow",
                    message: "this process has no workflow of the name \(lease.type)"
                )
            )
        }
        let input = try ExecutionReader.input(of: lease.execution, writer.journal)
        let outcome: Result<[UInt8], OperationError>
        do {
            outcome = .success(
                try await workflow.run(input, WorkflowContext(activation), options.codec)
            )
        } catch {
            outcome = .failure(OperationError(recording: error))
        }
        // Whatever the handler made of it: a latched activation has no outcome.
        try activation.checkOpen()
        if let record = try activation.unconsumedRecord() {
            throw activation.diverge(
                Divergence(
                    sequence: record.sequence,
                    recorded: record.operation,
                    attempted: nil,
                    location: workflow.name
                )
            )
        }
        return outcome
    }

    /// - Returns: the entry, and what the execution failed with, if it did.
    private func record(
        _ activation: Activation,
        _ outcome: Result<[UInt8], OperationError>
    ) async throws -> (sequence: UInt64, failure: OperationError?) {
        let lease = activation.lease
        switch outcome {
        case .failure(let failure):
            let sequence = try await perform {
                Fail(
                    lease,
                    failure.facts,
                    payloads: try seal(failure),
                    logs: try activation.takeLogs()
                )
            }
            return (sequence, failure)
        case .success(let output):
            guard output.count <= payloadLimit else {
                let reason = PayloadTooLarge(size: output.count, limit: payloadLimit)
                return try await record(
                    activation,
                    .failure(
                        OperationError(
                            code: "payload-too-large",
                            message: reason.description,
                            isRetryable: false
                        )
                    )
                )
            }
            let sequence = try await perform {
                Complete(
                    lease,
                    output: try SealedPayloads(
                        [Payload(output, contentType: options.codec.contentType)],
                        limit: payloadLimit
                    ),
                    operations: activation.operationCount,
                    logs: try activation.takeLogs()
                )
            }
            return (sequence, nil)
        }
    }

    /// Ends an activation that has no outcome.
    private func close(_ activation: Activation, _ error: any Error) async {
        let lease = activation.lease
        var reason =
            (error as? ContextClosed)?.reason ?? activation.latched
            ?? ContextClosed.Reason.journalFailed(error)
        if let refusal = error as? Refusal, refusal.code == .staleLease { reason = .leaseLost }
        activation.latch(reason)
        do {
            switch reason {
            case .diverged(let divergence):
                let message = try SealedPayloads(
                    [.text(divergence.description)],
                    limit: payloadLimit
                )
                _ = try await perform { Park(lease, divergence, message: message) }
                options.logger.error(
                    "execution parked",
                    metadata: ["id": "\(lease.id)", "divergence": "\(divergence)"]
                )
            case .stopping: _ = try await perform { Release(lease) }
            case .leaseLost: break
            case .journalFailed(let error):
                options.logger.error(
                    "the journal failed",
                    metadata: ["id": "\(lease.id)", "error": "\(error)"]
                )
                running.withLock { $0.halt = JournalFailure(error: error) }
                fail(lease.execution, error)
                _ = try await perform { Release(lease) }
            }
        } catch {
            running.withLock { $0.unreleased.append(lease) }
            fail(lease.execution, error)
        }
        observe(.closed(lease, reason))
    }

    private func fail(_ number: UInt64, _ error: any Error) {
        running.withLock { $0.failures[number] = JournalFailure(error: error) }
        board.publish(ended: [number], readied: false)
    }

    /// Why this process claims nothing any more, if that is so.
    var halt: (any Error)? { running.withLock { $0.halt?.error } }

    /// Why an execution cannot go on in this process, if that is so.
    func failure(of number: UInt64) -> (any Error)? {
        running.withLock { $0.failures[number]?.error }
    }

    var isStopped: Bool { running.withLock { $0.isStopping } }

    /// Whether something runs here, or could be claimed.
    var hasWork: Bool {
        // What is claimed between the two looks is found by the second.
        if nextTarget() != nil { return true }
        return running.withLock { !$0.activations.isEmpty || $0.isClaiming }
    }

    private func releaseLeftovers() async {
        let leftovers = running.withLock { running in
            defer { running.unreleased = [] }
            return running.unreleased
        }
        for lease in leftovers {
            do {
                _ = try await perform { Release(lease) }
            } catch let error as Refusal {
                options.logger.debug("lease is gone", metadata: ["reason": "\(error)"])
            } catch {
                running.withLock { $0.unreleased.append(lease) }
            }
        }
    }

    /// Stops claiming, latches what runs, and waits until it has unwound.
    func stop() async {
        let activations = running.withLock { running in
            running.isStopping = true
            return Array(running.activations.values)
        }
        for activation in activations { activation.latch(.stopping) }
        let task = dispatcher.withLock { dispatcher in
            defer { dispatcher = nil }
            return dispatcher
        }
        task?.cancel()
        board.wakeClaimer()
        await task?.value
    }
}
