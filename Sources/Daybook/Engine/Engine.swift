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
    let workflows: [String: RegisteredWorkflow]
    /// What runs here.
    let running = Locked(Running())
    let snapshots: StateSnapshots
    private let place: JournalFolder
    /// Tells when the process of another session ends; nil: this one takes nothing over.
    private let processes: ProcessWatch?
    private let alarms: AlarmClock
    private let watched = Locked<Set<UInt64>>([])
    /// How long it was before a session was looked at again that could not be taken over.
    private let delays = Locked<[UInt64: Duration]>([:])
    private let dispatcher = Locked<Task<Void, Never>?>(nil)

    struct Running: Sendable {
        var activations: [UInt64: Activation] = [:]
        /// Those of them that only wait.
        var idle: Set<UInt64> = []
        /// Leases of executions that wait and whose code is not kept in memory.
        var evicted: [UInt64: Lease] = [:]
        /// A claim has been asked for and not yet answered.
        var isClaiming = false
        /// Executions that this process was asked to run, in order; used when it claims only those.
        var named: [UInt64] = []
        /// Leases whose end could not be recorded.
        var unreleased: [Lease] = []
        /// Why an execution cannot go on in this process.
        var failures: [UInt64: JournalFailure] = [:]
        var isStopping = false
        /// A snapshot is being taken.
        var isSnapshotting = false
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
        snapshots = StateSnapshots(of: writer.journal, in: place.snapshots, options.logger)
        self.options = options
        alarms = try AlarmClock(options.clock)
        self.workflows = workflows
        if case .nothing = options.claims {
            processes = nil
        } else {
            processes = try ProcessWatch { board.announce(endOfSession: $0) }
        }
        let facts = writer.inspect { $0.state.journal }
        guard let uuid = facts.uuid else {
            throw JournalError(.integrity, "entry 0 does not name the journal", sequence: 0)
        }
        journalID = uuid
        payloadLimit = facts.payloadLimit
    }

    static func perform<C: Command>(
        _ writer: GroupWriter<EngineFold>,
        session: UInt64,
        bytes: Int = 0,
        _ make: () throws -> C
    ) async throws -> C.Answer {
        try await writer.perform(bytes: bytes) {
            let command = try make()
            return { fold, batch in try fold.decide(command, session: session, batch) }
        }
    }

    /// Has a command decided and carried out for this session.
    func perform<C: Command>(bytes: Int, _ command: () throws -> C) async throws -> C.Answer {
        try await Self.perform(writer, session: sessionNumber, bytes: bytes, command)
    }

    // MARK: Dispatching

    /// Starts to claim and run what is ready.
    func start() {
        let executor = options.executor
        let task = Task(executorPreference: executor) { await self.dispatch() }
        dispatcher.withLock { $0 = task }
        board.wakeDispatcher()
    }

    /// Asks this process to run an execution, where it claims only what it is asked to.
    func claim(_ number: UInt64) {
        // Where everything is claimed nobody takes them off the list again.
        if case .named = options.claims { running.withLock { $0.named.append(number) } }
        board.wakeDispatcher()
    }

    private func dispatch() async {
        await withDiscardingTaskGroup { group in
            for await _ in board.wakeups {
                if running.withLock({ $0.isStopping }) { break }
                await releaseLeftovers()
                await attendSessions()
                if board.takeSnapshotDue() { snapshot(in: &group) }
                for number in board.takeUnseen() {
                    guard let activation = await attend(number) else { continue }
                    run(activation, in: &group)
                }
                while hasRoom, let activation = await claimNext() { run(activation, in: &group) }
                board.fire(NewsBoard.idleness)
            }
        }
    }

    /// Takes a snapshot, unless one is being taken.
    private func snapshot(in group: inout DiscardingTaskGroup) {
        guard writer.inspect({ $0.needsSnapshot }) else { return }
        let isFree = running.withLock { running in
            defer { running.isSnapshotting = true }
            return !running.isSnapshotting
        }
        guard isFree else { return }
        group.addTask(executorPreference: options.executor) { [self] in
            await takeDueSnapshot()
            running.withLock { $0.isSnapshotting = false }
        }
    }

    private func run(_ activation: Activation, in group: inout DiscardingTaskGroup) {
        let executor = options.executor
        group.addTask(executorPreference: executor) { [self] in
            // A task of its own, so that it can be told to stop by itself.
            let task = Task(executorPreference: executor) { await self.run(activation) }
            activation.begin(task)
            // What came between the look at the state and this moment is in the journal by now.
            activation.follow()
            await task.value
            finish(activation)
        }
    }

    /// Takes an activation that has ended off the list.
    private func finish(_ activation: Activation) {
        let lease = activation.lease
        running.withLock { running in
            running.activations[lease.execution] = nil
            running.idle.remove(lease.execution)
            if case .evicted = activation.latched, !running.isStopping {
                running.evicted[lease.execution] = lease
            }
        }
        // What it waited for may have come while it was let go of.
        board.announce(lease.execution)
    }

    /// Looks at what has happened to an execution that this process holds.
    /// - Returns: an activation to run, if what it waited for has come.
    private func attend(_ number: UInt64) async -> Activation? {
        let (activation, evicted) = running.withLock {
            ($0.activations[number], $0.evicted[number])
        }
        guard let lease = activation?.lease ?? evicted else { return nil }
        let state = writer.inspect { $0.state.published(number) }
        guard let state, state.session == sessionNumber, state.epoch == lease.epoch else {
            activation?.latch(.leaseLost)
            running.withLock { $0.evicted[number] = nil }
            return nil
        }
        let isEnded = state.isCleaning || state.status == .ready
        if let activation {
            if isEnded {
                activation.latch(.ended)
            } else if state.isPaused {
                activation.latch(.paused)
            } else {
                activation.follow()
            }
            return nil
        }
        if isEnded || (state.isPaused && state.status == .running) {
            running.withLock { $0.evicted[number] = nil }
            await release(lease)
            return nil
        }
        guard state.status == .running else { return nil }
        running.withLock { $0.evicted[number] = nil }
        return await activate(lease, end: state.last + 1)
    }

    private var hasRoom: Bool {
        running.withLock {
            $0.activations.count - $0.idle.count < options.maxConcurrent && !$0.isStopping
                && $0.halt == nil
        }
    }

    private func claimNext() async -> Activation? {
        running.withLock { $0.isClaiming = true }
        defer { running.withLock { $0.isClaiming = false } }
        guard let target = nextTarget() else { return nil }
        do {
            guard let lease = try await perform({ Claim(target) }) else { return nil }
            running.withLock { $0.named.removeAll { $0 == lease.execution } }
            return await activate(lease, end: lease.claim)
        } catch {
            options.logger.error("claiming failed", metadata: ["error": "\(error)"])
            if case .execution(let number) = target { fail(number, error) }
            return nil
        }
    }

    /// Puts an activation on the list.
    /// - Returns: nil when the journal cannot be read; the lease is given back then.
    private func activate(_ lease: Lease, end: UInt64) async -> Activation? {
        do {
            let history = JournalHistory(journal: writer.journal, execution: lease.execution)
            let activation = try Activation(self, lease, history, end: end)
            let isStopping = running.withLock { running in
                running.activations[lease.execution] = activation
                return running.isStopping
            }
            if isStopping { activation.latch(.stopping) }
            return activation
        } catch {
            halt(lease, error)
            await release(lease)
            return nil
        }
    }

    /// What there is to claim by the state as this process knows it, without asking for a commit.
    private func nextTarget() -> Claim.Target? {
        let named = running.withLock { $0.named }
        switch options.claims {
        case .registered:
            let types = workflows.keys.sorted()
            return writer.inspect { $0.state.hasReady(of: types) } ? .first(of: types) : nil
        case .nothing: return nil
        case .named:
            return writer.inspect { fold in
                named.first { fold.state.published($0)?.isClaimable ?? false }
            }
            .map { .execution($0) }
        }
    }

    // MARK: Other sessions

    /// Watches the processes of other sessions, and takes over from those that have ended.
    private func attendSessions() async {
        guard let processes else { return }
        let (areNew, ended) = board.takeSessions()
        guard areNew || !ended.isEmpty else { return }
        let others = writer.inspect { $0.state.publishedSessions }.filter { $0.number != sessionNumber }
        for other in others {
            let isNew = watched.withLock { $0.insert(other.number).inserted }
            do {
                let lives =
                    isNew ? try processes.add(process: Int32(other.pid), tag: other.number) : true
                if lives, !ended.contains(other.number) { continue }
                let isDone = try await Takeover(
                    writer: writer,
                    folder: place,
                    session: sessionNumber,
                    options: options
                ).takeOver(other)
                if !isDone { lookAgain(at: other.number) }
            } catch {
                lookAgain(at: other.number)
                options.logger.error(
                    "taking over from a session failed",
                    metadata: ["session": "\(other.number)", "error": "\(error)"]
                )
            }
        }
    }

    /// Looks at a session again after a while, that of which could not be taken over now.
    private func lookAgain(at number: UInt64) {
        let delay = delays.withLock { delays in
            let delay = min((delays[number] ?? .milliseconds(500)) * 2, .seconds(60))
            delays[number] = delay
            return delay
        }
        _ = setAlarm(after: delay) { [board] in board.announce(endOfSession: number) }
    }

    // MARK: Ending

    /// Gives a lease back, or notes that it is to be given back.
    func release(_ lease: Lease, logs: [LogChunk] = []) async {
        do {
            _ = try await perform { Release(lease, logs: logs) }
        } catch let error as Refusal {
            options.logger.debug("lease is gone", metadata: ["reason": "\(error)"])
        } catch {
            running.withLock { $0.unreleased.append(lease) }
            fail(lease.execution, error)
        }
    }

    private func releaseLeftovers() async {
        let leftovers = running.withLock { running in
            defer { running.unreleased = [] }
            return running.unreleased
        }
        for lease in leftovers { await release(lease) }
    }

    /// Claims nothing any more, because the journal failed.
    func halt(_ lease: Lease, _ error: any Error) {
        options.logger.error(
            "the journal failed",
            metadata: ["id": "\(lease.id)", "error": "\(error)"]
        )
        running.withLock { $0.halt = JournalFailure(error: error) }
        fail(lease.execution, error)
    }

    func fail(_ number: UInt64, _ error: any Error) {
        running.withLock { $0.failures[number] = JournalFailure(error: error) }
        board.fire(number)
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
        return running.withLock {
            $0.activations.count > $0.idle.count || $0.isClaiming
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
        board.wakeDispatcher()
        await task?.value
        processes?.stop()
        alarms.stop()
    }
}

extension Engine: ActivationHost {
    var codec: any PayloadCodec { options.codec }

    func now() -> Timestamp { writer.journal.now() }

    func setAlarm(
        after duration: Duration,
        _ ring: @escaping @Sendable () -> Void
    ) -> UInt64 {
        // By the clock that the alarms look at.
        let time = options.clock.now().rawValue + duration.wholeNanoseconds
        return alarms.set(for: Timestamp(rawValue: time), ring)
    }

    func cancelAlarm(_ number: UInt64) { alarms.cancel(number) }

    func observe(_ event: EngineEvent) { options.observer?(event) }

    func perform<C: Command>(_ command: () throws -> C) async throws -> C.Answer {
        try await Self.perform(writer, session: sessionNumber, command)
    }

    /// The folder that an execution keeps files in, made if it is not there.
    func workspace(of number: UInt64) throws -> String {
        try Folder.create(place.workspaces)
        let path = "\(place.workspaces)/\(number)"
        try Folder.create(path)
        return try Folder.resolved(path)
    }

    func note(_ group: ProcessGroup) throws { try session.note(group) }

    func becameIdle(_ activation: Activation, _ isIdle: Bool) {
        let number = activation.lease.execution
        let isTooMany = running.withLock { running in
            guard running.activations[number] === activation else { return false }
            if isIdle {
                running.idle.insert(number)
            } else {
                running.idle.remove(number)
            }
            return isIdle && running.activations.count > options.maxResident
        }
        if isTooMany { activation.evict() }
        if isIdle { board.wakeDispatcher() }
    }
}
