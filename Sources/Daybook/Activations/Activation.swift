import DaybookFormat
import DaybookJournal
import DaybookModel
import DaybookSystem

/// One run of a handler's code, from claim, or from the end of a wait, to its end.
///
/// Once it is latched nothing more is begun by it, and the latch, not what the handler does with
/// the error, decides what becomes of it.
final class Activation: Sendable {
    let host: any ActivationHost
    let lease: Lease
    /// Code of this execution has run before.
    let isResumed: Bool
    /// What drawn values follow from: its number, or of a fork the first origin's. A fork draws at a place
    /// what its origin drew there.
    let drawsAs: UInt64
    let replayLog: ReplayLog
    let history: any HistorySource
    /// The salt of the execution's input: the key of its digests. Nil once erased.
    private let salt: Salt?
    /// When the execution was submitted.
    let submittedAt: Timestamp
    /// Where in a trace the execution was asked for, if anybody wants to know.
    let traceContext: String?
    /// Declared inputs are kept, unless an operation says otherwise.
    let recordsInputs: Bool
    /// Its secrets; nil: it has none.
    let secrets: ExecutionSecrets?
    let state: Locked<ActivationState>
    /// What the lease names as unsettled, by its place.
    let unsettled: [OperationPath: DueCleaning]

    struct ActivationState: Sendable {
        /// Bodies have been told that it is over; until then they may end by themselves.
        var isTold = false

        /// The input, until the handler has it.
        var input: StoredPayload?
        var latch: ActivationEnd?
        /// Where the handler has asked to go on as a new run.
        var continuesIn = ContinuingBranch()
        /// The folder that the execution keeps files in, once the handler has asked for it.
        var workspace: WorkspaceKeeper?
        /// Lines that are not in the journal, by the scope that they belong to.
        var logs: [[UInt32]: LogBuffer] = [:]
        var operations: UInt64 = 0
        /// What the handler has spawned, with the positions of the operations, in order.
        var spawned: [(position: UInt32, child: SpawnedChild)] = []
        /// The last entry by which the store has changed, as far as this activation knows.
        var storeChange: UInt64
        /// Branches that have something to do; the handler itself is one.
        var active = 1
        /// Operations that wait.
        var suspended = 0
        var isIdle = false
        var waiters: [OperationPath: CheckedContinuation<Void, Never>] = [:]
        var wakes: [OperationPath: Replay.Wake] = [:]
        /// What has come for operations to which the code has not come: it waits for them no less.
        var early: [OperationPath: Replay.Wake] = [:]
        /// Something has come early since the last command by which code went to wait.
        var cameEarly = false
        /// Places whose wait was given up: what comes for them is nobody's.
        var abandoned: Set<OperationPath> = []
        var canceller: TaskCanceller?
        var phase = ActivationPhase.handling
        /// What the handler registers for a bad end; only kept for that.
        var registered: [Registrar: CleaningWork] = [:]
        /// The code has come by a checkpoint that is to be undone should the execution end badly.
        var compensates = false
        /// The handler has asked for what it could not be given here: a secret, or its files.
        var isLacking = false
        /// The handler has said that it found something new.
        var isEventful = false

        /// Whether all that it runs waits, or is about to.
        var isSuspended: Bool { active == 0 }

        mutating func suspend() {
            active -= 1
            suspended += 1
        }

        /// - Returns: whether all of it waited.
        mutating func resume() -> Bool {
            active += 1
            suspended -= 1
            defer { isIdle = false }
            return isIdle
        }
    }

    /// - Parameter end: where it begins: entries of the execution from there on are its own.
    init(
        _ host: any ActivationHost,
        _ lease: Lease,
        _ history: any HistorySource,
        end: UInt64
    ) throws {
        self.host = host
        self.lease = lease
        // One that was let go of begins later than with its claim.
        let submission = try Submission(of: lease.execution, history)
        let isFork = submission.forkPoint != nil
        // A fork begins with what its origin has recorded.
        isResumed = lease.epoch > 1 || end > lease.claim || isFork
        drawsAs = isFork ? try history.beginning(of: lease.execution) : lease.execution
        self.history = history
        unsettled = Dictionary(lease.unsettled.map { ($0.path, $0) }) { $1 }
        recordsInputs = host.recordsInputs(of: lease.type)
        // The handler's time begins as that of its origin did.
        submittedAt = isFork ? try Submission(of: drawsAs, history).time : submission.time
        traceContext =
            host.interceptors.isEmpty
            ? nil : try Submission.traceContext(of: lease.execution, history)
        salt = submission.input?.salt
        secrets = try host.secrets(of: lease.execution)
        state = Locked(
            ActivationState(input: submission.input, storeChange: end == 0 ? 0 : end - 1)
        )
        replayLog = try ReplayLog(
            history,
            execution: lease.execution,
            beginning: drawsAs,
            end: end,
            // Before its first claim no code of it can have recorded anything.
            hasRecords: isResumed,
            isFirstAttempt: lease.attempt <= 1 && !isFork,
            keepsReopened: !lease.cleaning.isEmpty
        )
    }

    // MARK: The latch

    /// Ends the activation: bodies are told through task cancellation, and what waits goes on to
    /// find out. The first reason stays.
    /// - Parameter tellsBodies: those that run are told; otherwise they end by themselves, until
    ///   ``tellBodies()``.
    func latch(_ reason: ActivationEnd, tellsBodies: Bool = true) {
        let waiters = state.withLock { state in
            if state.latch == nil { state.latch = reason }
            defer { state.waiters = [:] }
            return state.waiters.sorted { $0.key < $1.key }.map(\.value)
        }
        for waiter in waiters { waiter.resume() }
        if tellsBodies, !reason.isEndOfHandler { tellBodies() }
    }

    /// Ends the activation because the handler goes on as a new run, unless it is over already.
    /// - Parameter branch: the one that says so.
    func goOn(with input: [UInt8], in branch: ContinuingBranch) {
        state.withLock { if $0.latch == nil { $0.continuesIn = branch } }
        latch(.continuing(input))
    }

    /// Tells bodies that run, through task cancellation, that it is over.
    func tellBodies() {
        let canceller = state.withLock { state in
            state.isTold = true
            return state.canceller
        }
        canceller?.cancel()
    }

    /// Whether it is over, and bodies may still end by themselves.
    var isDraining: Bool { state.withLock { $0.latch != nil && !$0.isTold } }

    /// Ends the activation because nothing of it runs, unless something does by now.
    /// - Returns: whether it is over.
    func evict() -> Bool {
        let isIdle = state.withLock { state in
            if state.isIdle, state.wakes.isEmpty, state.latch == nil { state.latch = .evicted }
            return state.latch != nil
        }
        if isIdle { latch(.evicted) }
        return isIdle
    }

    /// Whether all that it runs waits, and nothing has come for it: what has come will have it go on,
    /// and to let go of it now would fail as often as it is tried.
    var isIdle: Bool { state.withLock { $0.isIdle && $0.wakes.isEmpty } }

    /// Says what its task is cancelled by, once it is latched.
    func begin(_ canceller: TaskCanceller) {
        let isTold = state.withLock { state in
            state.canceller = canceller
            return state.isTold
        }
        if isTold { canceller.cancel() }
    }

    /// Why it is over; nil: it is not. What becomes of it goes by this, and never by an error.
    var latched: ActivationEnd? { state.withLock { $0.latch } }

    /// - Throws: `CancellationError` once it is over: what a handler that is let go of unwinds with.
    func checkOpen() throws(CancellationError) {
        if latched != nil { throw CancellationError() }
    }

    /// Latches because of a divergence.
    /// - Returns: the error to throw.
    func diverge(_ divergence: Divergence) -> CancellationError {
        var divergence = divergence
        // A value says by its type what is wrong; of anything else the code has the choice.
        if divergence.cause != .value, divergence.origin == .unknown,
            let sequence = divergence.sequence,
            host.isOfThisRevision(sequence)
        {
            divergence.origin = .sameRevision
        }
        latch(.diverged(divergence))
        return CancellationError()
    }

    /// Latches because the journal cannot be read.
    func reading<Value>(_ body: () throws -> Value) throws(CancellationError) -> Value {
        do {
            return try body()
        } catch {
            latch(.journalFailed(error))
            throw CancellationError()
        }
    }

    // MARK: Replay

    /// Whether code that has come to a place was there before: its log lines are recorded. A journal
    /// that cannot be read ends the activation at the next operation, not here.
    func hasBeen(at path: OperationPath) -> Bool {
        do {
            return try replayLog.hasBeen(at: path)
        } catch {
            latch(.journalFailed(error))
            return false
        }
    }

    /// The next record of a scope, which is not consumed.
    func peek(in scope: [UInt32]) throws(CancellationError) -> Replay.Record? {
        try reading { try replayLog.peek(in: scope) }
    }

    /// The record of an operation, if there is one.
    func replay(_ operation: Operation, at location: CodeLocation) throws -> Replay.Record? {
        let path = OperationPath(operation)
        guard let record = try reading({ try replayLog.next(at: path) }) else {
            // What began in its place must be it.
            if isResumed { _ = try past(of: operation) }
            try checkIsUndone(operation, at: location)
            try checkIsSettled(operation, at: location)
            return nil
        }
        guard record.operation == operation else {
            throw diverge(
                Divergence(
                    sequence: record.sequence,
                    recorded: record.operation,
                    attempted: operation,
                    location: location.description
                )
            )
        }
        noteOperation()
        var failed = false
        if case .failure = record.outcome { failed = true }
        host.observe(.replayed(lease, operation, sequence: record.sequence, failed: failed))
        return record
    }

    /// The value or the failure that a record holds.
    /// - Throws: ``PayloadErased``.
    func outcome(of record: Replay.Record) throws -> Result<EncodedValue, OperationError> {
        switch record.outcome {
        case .success(let payload):
            guard !payload.isErased else { throw PayloadErased(sequence: record.sequence) }
            return .success(payload.encoded)
        case .failure(let facts, let message, let details):
            if message?.isErased == true { throw PayloadErased(sequence: record.sequence) }
            return .failure(
                OperationError(
                    facts: facts,
                    message: message.map { String(decoding: $0.data, as: UTF8.self) } ?? "",
                    details: details?.data
                )
            )
        case .wait, .signal, .branches, .recorded: return .success(EncodedValue(data: []))
        }
    }

    /// The input, handed out once: later it is read.
    /// - Throws: ``PayloadErased``; `CancellationError` when the journal cannot be read.
    func input() throws -> EncodedValue {
        let input = state.withLock { exchange(&$0.input, with: nil) }
        guard let input else { return try value(at: lease.execution) }
        guard !input.isErased else { throw PayloadErased(sequence: lease.execution) }
        return input.encoded
    }

    /// The first payload of an entry.
    /// - Throws: ``PayloadErased``; `CancellationError` when the journal cannot be read.
    func value(at sequence: UInt64) throws -> EncodedValue {
        let payload = try reading {
            guard let payload = try history.payloads(of: sequence).first else {
                throw ExecutionReader.missingPayload(of: sequence)
            }
            return payload
        }
        guard !payload.isErased else { throw PayloadErased(sequence: sequence) }
        return payload.encoded
    }

    /// Decodes a value, also one that was recorded by an older version of its type.
    func decode<Value: Decodable>(_ type: Value.Type, from value: EncodedValue) throws -> Value {
        try host.codec.decode(type, from: value) { host.contentType($0) }
    }

    /// The error whose message, and details, an entry holds.
    /// - Throws: ``PayloadErased``; `CancellationError` when the journal cannot be read.
    func error(_ facts: ErrorFacts, at sequence: UInt64) throws -> OperationError {
        let payloads = try reading { try history.payloads(of: sequence) }
        if payloads.contains(where: \.isErased) { throw PayloadErased(sequence: sequence) }
        return OperationError(
            facts: facts,
            message: payloads.first.map { String(decoding: $0.data, as: UTF8.self) } ?? "",
            details: payloads.count > 1 && !payloads[1].data.isEmpty ? payloads[1].data : nil
        )
    }

    /// Who gave the signal that an entry records; empty: nobody is named, or it came in an earlier
    /// run.
    func giver(ofSignal sequence: UInt64) throws(CancellationError) -> String {
        try reading {
            var actor = ""
            try history.scan(from: sequence) { entry, _ in
                if entry.header.sequence == sequence {
                    actor = try entry.request()?.actor ?? ""
                }
                return false
            }
            return actor
        }
    }

    /// When an entry of the execution was written. A journal that cannot be read ends the activation.
    func time(of sequence: UInt64) -> Timestamp {
        var time = Timestamp(rawValue: 0)
        do {
            try history.scan(from: sequence) { entry, _ in
                time = entry.header.time
                return false
            }
        } catch {
            latch(.journalFailed(error))
        }
        return time
    }

    /// The error that the attempt before ended with.
    func previousError() throws -> OperationError? {
        guard let sequence = lease.previousFailure else { return nil }
        return try reading {
            var facts: ErrorFacts?
            var payloads: [StoredPayload] = []
            try history.scan(from: sequence) { entry, read in
                facts = try ExecutionReader.error(entry)
                payloads = try read()
                return false
            }
            return facts.map {
                OperationError(
                    facts: $0,
                    message: payloads.first.map { String(decoding: $0.data, as: UTF8.self) } ?? "",
                    details: payloads.count > 1 ? payloads[1].data : nil
                )
            }
        }
    }

    /// Whether the handler may end here: not while operations are recorded that it did not ask for.
    private func unconsumedRecord() throws(CancellationError) -> Replay.Record? {
        try reading { try replayLog.unconsumed() }
    }

    /// Makes sure that code which ends has asked for all that is recorded of it. A branch answers for
    /// itself and for what is around it: others that run beside it may not have come so far.
    /// - Parameter scope: of whoever ends; empty: the handler itself.
    /// - Throws: `CancellationError`: the code diverges, or the journal cannot be read.
    func checkConsumed(in scope: [UInt32] = []) throws(CancellationError) {
        var left: Replay.Record?
        if scope.isEmpty {
            left = try unconsumedRecord()
        } else {
            for end in stride(from: 0, through: scope.count, by: 2) where left == nil {
                left = try peek(in: Array(scope[..<end]))
            }
        }
        guard let left else { return }
        throw diverge(
            Divergence(
                sequence: left.sequence,
                recorded: left.operation,
                attempted: nil,
                location: lease.type.text
            )
        )
    }

    /// What a later entry says of an operation; it is consumed by this.
    func wake(of operation: Operation) throws(CancellationError) -> Replay.Wake? {
        try reading { try replayLog.wake(of: operation) }
    }

    /// How often the body of an operation was tried that is to be tried again; nil: it was not.
    func tries(of operation: Operation) throws(CancellationError) -> Replay.Tries? {
        try reading { try replayLog.tries(of: operation) }
    }

    // MARK: Commands

    /// Has a command of this lease carried out, and latches when that shows that the activation is
    /// over.
    func perform<C: Command>(_ command: () throws -> C) async throws -> C.Answer {
        try await latching { try await host.perform(command) }
    }

    /// The same, for one whose payloads weigh so many bytes in the queue.
    func perform<C: Command>(bytes: Int, _ command: () throws -> C) async throws -> C.Answer {
        try await latching { try await host.perform(bytes: bytes, command) }
    }

    /// Latches when what a command is answered shows that the activation is over.
    func latching<Answer>(_ body: () async throws -> Answer) async throws -> Answer {
        try checkMayBegin()
        do {
            return try await body()
        } catch let error as Refusal where error.code == .staleLease {
            latch(.leaseLost)
        } catch let error as Refusal where error.code == .ended {
            latch(.ended)
        } catch let error as JournalError {
            latch(.journalFailed(error))
        } catch is HistoryEnded {
            latch(.historyEnded)
        }
        throw CancellationError()
    }

    func noteOperation() { state.withLock { $0.operations += 1 } }

    // MARK: Digests, keys

    var operationCount: UInt64 { state.withLock { $0.operations } }

    /// A declared input, encoded, and the first 16 bytes of its HMAC under the execution's salt.
    /// - Returns: nil: none is declared.
    func declare(
        _ input: (any Encodable & Sendable)?
    ) throws -> (data: [UInt8], digest: [UInt8])? {
        guard let input else { return nil }
        try StableEncoding.check(input)
        guard let salt else { throw PayloadErased(sequence: lease.execution) }
        let data = try host.codec.encode(input)
        // Its digest would tell who guesses the secret, too.
        if let refusal = secrets?.refusal(of: data, "the declared input") { throw refusal }
        return (data, Array(salt.commit(to: data).prefix(16)))
    }
}

/// What the first entry of an execution says, in one look.
private struct Submission {
    /// - Throws: `WireError`.
    static func traceContext(of execution: UInt64, _ history: any HistorySource) throws -> String? {
        var text = ""
        try history.scan(from: execution) { entry, _ in
            if entry.header.sequence == execution {
                text = try ProtoExecutionSubmitted(decoding: entry).traceContext
            }
            return false
        }
        return text.isEmpty ? nil : text
    }

    let time: Timestamp
    /// Nil: it has none.
    let input: StoredPayload?
    /// Nil: it is no fork.
    let forkPoint: ForkPoint?

    /// - Throws: ``JournalError/Code/integrity`` when the entry is not there.
    init(of execution: UInt64, _ history: any HistorySource) throws {
        var found: (time: Timestamp, input: StoredPayload?, fork: ForkPoint?)?
        try history.scan(from: execution) { entry, payloads in
            if entry.header.sequence == execution {
                found = (
                    entry.header.time, try payloads().first, try ForkPoint(submittedBy: entry)
                )
            }
            return false
        }
        guard let found else {
            throw JournalError(
                .integrity,
                "entry \(execution): the execution that it begins has no history; run `daybook verify`",
                sequence: execution
            )
        }
        (time, input, forkPoint) = found
    }
}
