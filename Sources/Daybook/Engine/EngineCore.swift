import DaybookFormat
import DaybookJournal
import DaybookModel
import DaybookSystem
import Logging

/// The imperative shell around the model and the machines: it owns tasks and time, and carries out
/// what the machines answer.
final class EngineCore: Sendable {
    let writer: GroupWriter<EngineFold>
    let options: EngineOptions
    let board: NewsBoard
    let machines: EngineMachines
    /// Seals and opens secrets.
    let keeper: SecretKeeper
    /// What it has on the disk beside the journal; nil: nothing, as in a simulation.
    let premises: Premises?
    let sessionNumber: UInt64
    let journalID: Identifier
    let payloadLimit: Int
    /// What its session has said its code is of; empty: nothing.
    let revision: Name
    let workflows: [Name: RegisteredWorkflow]
    /// Dispatches tasks that are due; nil: others do that.
    let scheduler: TaskScheduler?
    /// Whether a workflow says which signals it takes.
    let takesKnownSignals: Bool
    /// The names of the workflows, sorted.
    let types: [Name]
    let tasks: TaskSet
    /// Where tasks run.
    let executor: any TaskExecutor
    let alarms: AlarmClock
    /// Tells when the process of another session ends; nil: this one takes nothing over.
    let processes: ProcessWatch?
    private let dispatcher = Locked<Task<Void, Never>?>(nil)
    /// What ends by itself while it is stopped; nil: nothing does, or does any more.
    private let draining = Locked<[Activation]?>(nil)
    /// Whether bodies are to be told at once, also where the draining has not begun yet.
    private let isHurried = Locked(false)
    /// Workflows that nobody runs, as far as the log has said so.
    let unserved = Locked<Set<Name>>([])
    /// Folders that executions keep files in, as far as this process has made them.
    let workspaces: Workspaces?

    init(
        _ writer: GroupWriter<EngineFold>,
        _ board: NewsBoard,
        _ machines: EngineMachines,
        _ keeper: SecretKeeper,
        _ premises: Premises?,
        session: UInt64,
        _ options: EngineOptions,
        _ workflows: [Name: RegisteredWorkflow],
        _ scheduler: TaskScheduler? = nil
    ) throws {
        self.writer = writer
        self.board = board
        self.machines = machines
        self.keeper = keeper
        self.premises = premises
        workspaces = premises.map {
            Workspaces(in: $0.workspaces, options, writer.journal.store)
        }
        sessionNumber = session
        self.options = options
        self.workflows = workflows
        self.scheduler = scheduler
        takesKnownSignals = workflows.values.contains { !$0.signals.isEmpty }
        types = workflows.keys.sorted()
        executor = options.executor ?? writer.loneThread ?? globalConcurrentExecutor
        tasks = TaskSet(executor)
        revision = writer.inspect { $0.state.revision(ofSession: session) }
        let facts = writer.inspect { $0.state.journal }
        guard let uuid = facts.uuid else {
            throw JournalError(.integrity, "entry 0 does not name the journal", sequence: 0)
        }
        journalID = uuid
        payloadLimit = facts.payloadLimit
        alarms = try AlarmClock(options.clock)
        if case .nothing = options.claims {
            processes = nil
        } else if premises?.isShared != true {
            processes = nil
        } else {
            do {
                processes = try ProcessWatch { board.announce(endOfSession: $0) }
            } catch {
                alarms.stop()
                throw error
            }
        }
        machines.open(session: session)
    }

    // MARK: Commands

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

    // MARK: Looking at the state

    /// Where an open execution stands, by what is on the disk.
    func published(_ number: UInt64) -> ExecutionStanding? {
        writer.inspect { $0.state.published(number) }
    }

    /// Sessions that are neither closed nor known to be lost.
    var openSessions: [State.Session] { writer.inspect { $0.state.publishedSessions } }

    /// What there is to claim by the state as this process knows it, without asking for a commit.
    func nextTarget() -> Claim.Target? {
        let claimant = Claimant(revision, opensSecrets: keeper.access.refusal == nil)
        switch options.claims {
        case .nothing: return nil
        case .registered:
            let isReady = writer.inspect { $0.state.hasReady(of: types, for: claimant) }
            return isReady ? .first(of: types) : nil
        case .named:
            while let number = machines.tell({ $0.dispatcher.candidate }) {
                let state = published(number)
                if state?.isClaimable(by: revision) == true, secretRefusal(of: number) == nil {
                    return .execution(number)
                }
                machines.tell { $0.dispatcher.dropCandidate(number, isClosed: state == nil) }
            }
            return nil
        }
    }

    /// Whether something runs here, or could be claimed.
    var hasWork: Bool {
        // What is claimed between the two looks is found by the second.
        if nextTarget() != nil || hasDueTask { return true }
        return machines.tell { $0.residency.isBusy || $0.dispatcher.isClaiming }
    }

    /// Why nothing is taken on at this moment, if that is because the journal failed.
    var halt: (any Error)? {
        guard case .journal(let error) = machines.tell({ $0.dispatcher.failure }) else {
            return nil
        }
        return error
    }

    /// Why an execution cannot go on in this process, if that is so.
    func failure(of number: UInt64) -> (any Error)? {
        machines.tell { $0.dispatcher.failure(of: number) } ?? secretRefusal(of: number)
    }

    var isStopped: Bool { machines.tell { $0.dispatcher.isStopping } }

    // MARK: Beginning and ending

    /// Starts to claim and run what is ready.
    func start() {
        let task = Task(executorPreference: executor) { [self] in
            // What is there already is news to nobody.
            attendSessions(areNew: true, ended: [])
            pump()
            for await _ in board.wakeups {
                if isStopped, !isDraining { break }
                pump()
            }
        }
        dispatcher.withLock { $0 = task }
    }

    /// Asks this process to run an execution, where it claims only what it is asked to.
    func claim(_ number: UInt64) {
        // What is claimed of its own accord was claimed by the batch that made it ready.
        guard case .named = options.claims else { return }
        lookForKeyAgain()
        let all = writer.inspect { fold in
            // A fork begins once its origin is closed, which this process has to see to as well.
            let first = [number] + (fold.state.awaitedOrigin(of: number).map { [$0] } ?? [])
            return first + first.flatMap { fold.state.openDescendants(of: $0) }
        }
        machines.tell { machines in
            for number in all { machines.dispatcher.ask(number) }
        }
        board.wakeDispatcher()
    }

    /// Whether bodies end by themselves while it is stopped.
    private var isDraining: Bool { draining.withLock { $0 != nil } }

    /// Lets bodies that run end by themselves, for a while. Handlers begin nothing more meanwhile, and
    /// those that only wait are let go of at once.
    private func drain(_ actions: [Residency<Activation>.Action], _ grace: Duration) async {
        let activations = actions.compactMap { action -> Activation? in
            if case .end(let activation, _) = action { activation } else { nil }
        }
        draining.withLock { $0 = activations }
        // Before anybody is let go of: what is let go of may have the time pass.
        let alarm = alarms.set(after: grace) { [self] in hurry() }
        for activation in activations { activation.latch(.stopping, tellsBodies: false) }
        if isHurried.withLock({ $0 }) { hurry() }
        await tasks.waitForAll()
        alarms.cancel(alarm)
        draining.withLock { $0 = nil }
    }

    /// Tells bodies that still run while the engine is stopped.
    func hurry() {
        isHurried.withLock { $0 = true }
        for activation in draining.withLock({ $0 }) ?? [] { activation.tellBodies() }
    }

    /// Stops claiming, latches what runs, and waits until it has unwound.
    /// - Parameter grace: so long bodies that run may go on before they are told.
    func stop(grace: Duration = .zero) async {
        if grace > .zero { draining.withLock { $0 = [] } }
        let actions = machines.tell { machines in
            machines.dispatcher.stop()
            return machines.residency.stop()
        }
        if grace > .zero {
            await drain(actions, grace)
        } else {
            carryOut(actions)
        }
        let task = dispatcher.withLock { dispatcher in
            defer { dispatcher = nil }
            return dispatcher
        }
        board.wakeDispatcher()
        await task?.value
        await tasks.waitForAll()
        // What nobody looked at any more.
        if let workspaces { removeWorkspaces(of: workspaces.executions) }
        await tasks.waitForAll()
        // Without threads there is nothing to wait for.
        guard processes != nil || alarms.hasThread else { return alarms.stop() }
        await SystemThread.runBlocking { [self] in
            processes?.stop()
            alarms.stop()
        }
    }
}

/// What an engine has on the disk beside its journal.
struct Premises: Sendable {
    let folder: JournalFolder
    /// Where executions keep files.
    let workspaces: String
    let session: SessionLock
    let snapshots: StateSnapshots
    /// Whether other processes may be there too, whose ends are watched.
    var isShared = true
}

extension SystemThread {
    /// Runs what blocks on a thread of its own, or on the caller's when there is none to be had.
    static func runBlocking(_ body: @escaping @Sendable () -> Void) async {
        do {
            try await run { body() }
        } catch {
            body()
        }
    }
}
